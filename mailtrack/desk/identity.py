"""Who is writing, and how much of what they ask may be done: security section 2.2, SPEC 4.

``From:`` is a claim. A capability (our own token or issued id, used from the address it was
given to) and proof of origin are the two factors; ``trust`` is the whole table of what they
permit together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from mailtrack.desk.policy import Agent, Policy, TrustPolicy
from mailtrack.mail.address import Mailbox
from mailtrack.mail.message import ParsedMail
from mailtrack.tickets.reading import Origin, Verdict
from mailtrack.tickets.ticket import PersonId


@dataclass(frozen=True, slots=True)
class Writer:
    """Who claims to write. ``agent`` is set for an active agent's address only."""

    person: PersonId
    mailbox: Mailbox
    agent: Agent | None
    origin: Origin


class Deed(StrEnum):
    """What a mail asks for, by how much harm a forger could do with it."""

    EVERYDAY = "everyday"  # an answer, a note, a field
    QUESTION = "question"  # an answer to the agent's registered address
    STEP_UP = "step_up"  # what must be confirmed even by the right person


class Trust(StrEnum):
    """What the table says."""

    DO = "do"
    CONFIRM = "confirm"


def writer_of(mail: ParsedMail, origin: Origin, policy: Policy) -> Writer | None:
    """Who claims to write; None when From is not one clean mailbox."""
    if mail.sender is None:
        return None
    agent = policy.agent_at(mail.sender.address.key)
    if agent is None or not agent.is_active:
        person = policy.person_at(mail.sender.address.key)
        return Writer(person, mail.sender, None, origin)
    return Writer(agent.id, Mailbox(agent.shown, mail.sender.address), agent, origin)


def doubted(
    writer: Writer, mail: ParsedMail, *, by_ids: bool, has_token: bool = True
) -> Writer:
    """The writer, without what their proof does not cover.

    ``by_ids``: only the ids that the mail answers say which ticket is meant. A proof that does
    not cover them proves nothing there. Without a token of ours (``has_token``) an agent's mail
    that was signed for somebody else may have been handed on by them. What hides commands is
    nobody's hand (A99).
    """
    if mail.provenance.smuggled and writer.agent is not None:
        said = f"the mail holds {mail.provenance.smuggled}, as no mail program writes it"
        return replace(writer, origin=Origin(Verdict.FAIL, writer.origin.method, said))
    if by_ids and not writer.origin.covers_ids and writer.origin.verdict is Verdict.PASS:
        said = f"{writer.origin.said}, but not what the mail answers"
        return replace(writer, origin=Origin(Verdict.NONE, writer.origin.method, said))
    is_for_others = writer.agent is not None and not (has_token or writer.origin.is_to_us)
    if is_for_others and writer.origin.verdict is Verdict.PASS:
        said = f"{writer.origin.said}, but not for us"
        return replace(writer, origin=Origin(Verdict.NONE, writer.origin.method, said))
    return writer


def proof_in_words(origin: Origin) -> str:
    """What was proved, by what, and what was not: a line of the trace."""
    heads = {Verdict.PASS: "proved", Verdict.FAIL: "disproved", Verdict.NONE: "not proved"}
    return f"{heads[origin.verdict]}: {origin.said}" if origin.said else heads[origin.verdict]


def needs_origin(policy: Policy) -> bool:
    """Whether agents must prove it: ``strict``, or ``auto`` where they can."""
    if policy.trust is TrustPolicy.AUTO:
        return can_prove_agents(policy)
    return policy.trust is TrustPolicy.STRICT


def needs_origin_of_customers(policy: Policy) -> bool:
    """The same of everybody else. What proves agents alone asks nothing of customers."""
    if policy.trust is TrustPolicy.AUTO:
        return bool(policy.origin_methods)
    return policy.trust is TrustPolicy.STRICT


def can_prove_agents(policy: Policy) -> bool:
    """Whether a way is configured by which an agent's mail can be proved to be theirs."""
    return bool(policy.origin_methods or policy.agent_methods)


def trust(deed: Deed, *, has_capability: bool, origin: Verdict, policy: Policy) -> Trust:
    """Whether an agent's mail is carried out, or held until the agent confirms it.

    ``has_capability``: it came with a token or answers an id that we gave to this very agent.
    A failed proof is never carried out, and a step-up is always confirmed.
    """
    if deed is Deed.STEP_UP or origin is Verdict.FAIL:
        return Trust.CONFIRM
    if origin is Verdict.PASS:
        return Trust.DO
    if needs_origin(policy):
        is_harmless = deed is Deed.QUESTION and has_capability
        return Trust.DO if is_harmless else Trust.CONFIRM
    # Nothing could prove it: the capability must do. A question is answered to the registered
    # address, so that a forger gains nothing by asking.
    return Trust.DO if has_capability or deed is Deed.QUESTION else Trust.CONFIRM
