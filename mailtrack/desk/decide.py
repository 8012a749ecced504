"""The order of the rules, and only the order: what becomes of one mail.

Pure and total. Each rule lives in a file of its own; the first one that applies decides. Time
and chance come in by ``Fresh`` alone, so that the same inputs are the same decision, to the
byte of every letter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mailtrack.desk.after import after
from mailtrack.desk.agent_mail import work_on_tickets
from mailtrack.desk.agent_opening import open_by_agent, opens_ticket
from mailtrack.desk.bearers import used
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.confirming import decide_answer
from mailtrack.desk.customer_mail import decide_customer
from mailtrack.desk.guesses import look_at_guesses
from mailtrack.desk.holding import HoldReason, hold, tell_admins
from mailtrack.desk.identity import Writer, doubted, proof_in_words, writer_of
from mailtrack.desk.importing import decide_import
from mailtrack.desk.machines import decide_machine
from mailtrack.desk.own_addresses import without_letters_to_us
from mailtrack.desk.policy import Agent
from mailtrack.desk.storms import loop_seen
from mailtrack.desk.threads import Thread, Via, match_thread
from mailtrack.mail.envelope import Front
from mailtrack.tickets.decision import Decision, Disposition, Reason
from mailtrack.tickets.token import Token

HOPS_MAX: Final = 50  # as the fronts have it; IMAP cannot refuse (security A80)


def decide(case: Case) -> Decision:
    """What becomes of this mail: its end state, every effect, every letter, and why."""
    return without_letters_to_us(_decide(case), case.policy)


def _decide(case: Case) -> Decision:
    if case.is_probe:
        reason = Reason("probe", "a test mail of `mailtrack check`: it does nothing")
        return Decision(Disposition.FILED, trace=(reason,))
    if case.context.seen is not None and case.grant is None:
        return _duplicate(case)
    if case.envelope.front is Front.IMPORT:
        return decide_import(case)
    return _with(_decided(case), look_at_guesses(case))


def _decided(case: Case) -> Decision:
    if _is_our_own(case):
        reason = Reason("loop", "one of our own letters came back")
        return Decision(Disposition.FILED, loop_seen(case), trace=(reason,))
    if _hops(case) > HOPS_MAX:
        return _for_admins(case, HoldReason.LOOP)
    if case.mail.is_machine:
        return decide_machine(case)
    writer = writer_of(case.mail, case.reading.origin, case.policy)
    if writer is None:
        return _for_admins(case, HoldReason.NO_SENDER)
    if case.envelope.full_size_bytes is not None and writer.agent is not None:
        # What stands in it is ours: it must not leave as an agent's words.
        return _for_admins(case, HoldReason.TOO_BIG)
    answer = decide_answer(case, writer)
    if answer is not None:
        return answer
    thread = match_thread(case, writer)
    by_ids = thread.via in (Via.ISSUED_ID, Via.OWN_ID)
    writer = doubted(writer, case.mail, by_ids=by_ids, has_token=thread.has_capability)
    # What letters say of the proof is what counted.
    case = replace(case, reading=replace(case.reading, origin=writer.origin))
    tokens = used(thread, writer)
    if thread.ticket is not None:
        # Letters are written from it: none may bring a token that has just died.
        thread = replace(thread, ticket=after(thread.ticket, tokens))
    proof = said("origin", proof_in_words(writer.origin))
    return _with(_by_writer(case, writer, thread), Outcome(tokens) + proof)


def _by_writer(case: Case, writer: Writer, thread: Thread) -> Decision:
    agent = _acting_agent(writer, thread.token)
    if agent is None:
        return decide_customer(case, writer, thread)
    if opens_ticket(case, thread):
        return open_by_agent(case, writer, thread, agent)
    return work_on_tickets(case, writer, thread, agent)


def _with(decision: Decision, more: Outcome) -> Decision:
    """The decision and what the tokens of the mail come to besides, whatever became of it."""
    told = {letter.person for letter in decision.letters}
    return replace(
        decision,
        effects=decision.effects + more.effects,
        letters=decision.letters + tuple(one for one in more.letters if one.person not in told),
        trace=decision.trace + more.trace,
    )


def _duplicate(case: Case) -> Decision:
    seen = case.context.seen
    assert seen is not None, "decide asked"
    reason = Reason("duplicate", f"handled before as {seen.spool_id}: {seen.disposition}")
    return Decision(Disposition.DUPLICATE, trace=(reason,), number=seen.number)


def _is_our_own(case: Case) -> bool:
    """Whether a letter that we sent came back to us as a new mail (S65)."""
    known = case.context.known_ids
    is_issued = any(one.is_ours and one.message_id == case.mail.message_id for one in known)
    loop = case.mail.header("x-mailtrack-loop")
    return is_issued or loop == case.policy.keys.instance


def _hops(case: Case) -> int:
    return sum(1 for name, _ in case.mail.headers if name == "received")


def _for_admins(case: Case, reason: HoldReason) -> Decision:
    """Nobody could be answered, or must be: an admin looks at it, and may file it."""
    if case.is_granted(reason):
        return Decision(Disposition.FILED, trace=said("held", "filed by an admin").trace)
    held, outcome = hold(case, reason, agent=None, ticket=None)
    outcome += tell_admins(case, held)
    return Decision(Disposition.HELD, outcome.effects, outcome.letters, outcome.trace)


def _acting_agent(writer: Writer, token: Token | None) -> Agent | None:
    """The agent who acts; an agent who answers as the requester of a ticket acts as such."""
    is_asking = token is not None and token.role == "customer" and token.person == writer.person
    return None if is_asking else writer.agent
