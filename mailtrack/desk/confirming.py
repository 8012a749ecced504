"""Answers to the question about a held mail: who may answer, with which word, and how long.

Security section 2.4: one word of a person's own, within a day, once, by the one who was asked
or by an admin. An answer that is none changes nothing; its writer is told what would be one.
"""

from __future__ import annotations

import re
from typing import Final

from mailtrack.desk.brackets import folded
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.commands.admins import end_of
from mailtrack.desk.ended import tell_asked
from mailtrack.desk.holding import DROP, RELEASE, SEND, HoldReason, desk_address, taps
from mailtrack.desk.identity import Writer
from mailtrack.desk.letter_views import DoneView
from mailtrack.desk.policy import Agent, Role
from mailtrack.desk.showing import desk_view
from mailtrack.desk.tokens import is_braked, row_of
from mailtrack.desk.views import Done, Goes, RouteView
from mailtrack.desk.visibility import as_agent, visible_to
from mailtrack.desk.writing import (
    Style,
    recipient_of,
    reply_token,
    token_address,
    write_letter,
)
from mailtrack.mail.message import Kind
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.decision import (
    Decision,
    Disposition,
    EndHold,
    NoteHeld,
    Reason,
)
from mailtrack.tickets.reading import Verdict
from mailtrack.tickets.token import Purpose, Token
from mailtrack.tickets.waiting import HeldNote, Quarantined, QuarantineState

ANSWER_CHARS_MAX: Final = 2_000

# The first word of a confirming reply, in the languages of the desk and of its neighbours.
OK_WORDS: Final = frozenset(
    "ok okay yes confirm confirmed да так ок добре хорошо подтверждаю підтверджую ja oui si sí "
    "sim".split()
)
NO_WORDS: Final = frozenset(
    "no drop discard reject нет ні удалить видалити отмена скасувати отклонить відхилити "
    "nein non".split()
)
_POLITE: Final = frozenset("please thanks thank you спасибо пожалуйста дякую danke".split())
_RELEASES: Final = frozenset(
    "release requeue send accept confirm ok отправить надіслати пропустить пропустити".split()
)
_DROPS: Final = frozenset("drop reject discard отклонить відхилити удалить видалити".split())
_WAITING_ID: Final = re.compile(r"[hq]\d{1,9}", re.IGNORECASE)


def decide_answer(case: Case, writer: Writer) -> Decision | None:
    """What an answer to a question about held mail comes to; None if this mail is none.

    A forged one, and one from somebody who is no agent, is no answer but a mail of its own.
    """
    token, agent = _token(case, writer), writer.agent
    if token is None or agent is None or writer.origin.verdict is Verdict.FAIL:
        return None
    held = next((one for one in case.context.waiting if _id_of(one) == token.held_id), None)
    if held is None or _names_another(case, _id_of(held)):
        return None
    if case.mail.kind is not Kind.HUMAN:
        outcome = said("held", f"{_id_of(held)}: what came by a list confirms nothing")
    elif not _may_answer(token, held, writer, agent):
        outcome = _told(case, held, agent, Done.NOT_YOURS)
    elif token.expires_at is not None and case.fresh.now >= token.expires_at:
        outcome = _told(case, held, agent, Done.EXPIRED)
    elif isinstance(held, Quarantined):
        outcome = _end_quarantine(case, held, agent)
    else:
        outcome = end_hold(case, held, agent=agent)
        outcome += tell_asked(case, outcome.effects)
    return Decision(
        Disposition.COMMAND,
        outcome.effects,
        outcome.letters,
        outcome.trace,
        held.number,
        agent.id,
    )


def end_hold(case: Case, held: HeldMail, *, agent: Agent) -> Outcome:
    """What an agent's answer to the question does: release, drop, or release corrected."""
    if held.state != "held":
        return _told(case, held, agent, Done.ALREADY)
    brackets = case.reading.brackets
    words = {folded(bracket.word) for bracket in brackets}
    first = _first_line(case)
    if words & _DROPS or (not brackets and _is_plain(first, NO_WORDS)):
        return _ended(held, "dropped", agent)
    others = tuple((b.word, b.argument) for b in brackets if folded(b.word) not in _RELEASES)
    if words & _RELEASES or (not brackets and _is_plain(first, OK_WORDS)):
        is_plain = held.reason == HoldReason.COMMANDS and not others
        return _ended(held, "released", agent, () if is_plain else others or None)
    if others and held.reason == HoldReason.COMMANDS:
        return _ended(held, "released", agent, others)
    return _explained(case, held, agent)


def may_end(held: HeldMail | Quarantined, agent: Agent) -> bool:
    """Whether this agent may release or drop it: the one who was asked, or an admin."""
    return visible_to(as_agent(agent), held)


def _end_quarantine(case: Case, item: Quarantined, agent: Agent) -> Outcome:
    """An admin's answer about a mail that could not be read: once more, or put by (S8)."""
    words = {folded(bracket.word) for bracket in case.reading.brackets}
    first = _first_line(case)
    is_release = bool(words & _RELEASES) or (not words and _is_plain(first, OK_WORDS))
    is_reject = bool(words & _DROPS) or (not words and _is_plain(first, NO_WORDS))
    if is_release is is_reject:
        return _told(case, item, agent, Done.UNCLEAR)
    effect = end_of(item, "release" if is_release else "reject", agent.id)
    if effect is None:
        return _told(case, item, agent, Done.ALREADY)
    ended = "is tried again" if is_release else "is rejected"
    return Outcome((effect,)) + said("quarantine", f"{item.quarantine_id} {ended}")


def _token(case: Case, writer: Writer) -> Token | None:
    """The confirm token of this mail, be it run out: what is late is told so.

    Where the address has none, that of the letter it answers counts, in its own hands.
    """
    in_address = case.reading.tokens
    for seen in () if is_braked(case) else in_address or case.reading.id_tokens[:1]:
        row = row_of(case, seen)
        if row is None or row.purpose is not Purpose.CONFIRM or row.is_revoked:
            continue
        if case.policy.keys.proves(seen, row) and (in_address or row.person == writer.person):
            return row
    return None


def _may_answer(
    token: Token, held: HeldMail | Quarantined, writer: Writer, agent: Agent
) -> bool:
    """The token was given to this very agent; an admin who is proved may use another's."""
    is_own = token.person == agent.id
    origin = writer.origin
    is_proved = origin.verdict is Verdict.PASS and origin.is_to_us
    return (is_own or (agent.role is Role.ADMIN and is_proved)) and may_end(held, agent)


def _names_another(case: Case, waiting_id: str) -> bool:
    """Whether the brackets name mails by id, and others than the one that was asked about."""
    named = {
        found.upper()
        for one in case.reading.brackets
        if folded(one.word) in _RELEASES | _DROPS
        for found in _WAITING_ID.findall(one.argument)
    }
    return bool(named - {waiting_id})


def _first_line(case: Case) -> str:
    """The first line of the agent's own: a quoted "ok" is the question's (A32)."""
    lines = (line for line in case.mail.reply.split("\n") if line.strip())
    return next((line for line in lines if not line.lstrip().startswith((">", "|"))), "")


def _is_plain(line: str, answers: frozenset[str]) -> bool:
    """Whether a line is nothing but that answer: "ok, but who wrote this?" is none."""
    first, *others = [word for word in map(folded, line.split()) if word] or [""]
    return "?" not in line and first in answers and _POLITE.issuperset(others)


def _ended(
    held: HeldMail,
    state: str,
    agent: Agent,
    brackets: tuple[tuple[str, str], ...] | None = None,
) -> Outcome:
    effect = EndHold(held.held_id, state, agent.id, brackets)
    return Outcome((effect,), (), (Reason("held", f"{held.held_id} {state} by {agent.name}"),))


def _explained(case: Case, held: HeldMail, agent: Agent) -> Outcome:
    """Neither yes nor no: said once, lest a machine without manners be answered for ever."""
    trace = said("held", f"{held.held_id}: the answer says neither")
    if held.is_explained:
        return trace
    told = _told(case, held, agent, Done.UNCLEAR)
    return trace + Outcome((NoteHeld((held.held_id,), HeldNote.EXPLAINED),)) + told


_ASKED_ANEW: Final = frozenset({Done.EXPIRED, Done.UNCLEAR})
_WHY: Final = {
    Done.ALREADY: "is decided",
    Done.NOT_YOURS: "is somebody else's to decide",
    Done.EXPIRED: "the question had run out",
    Done.UNCLEAR: "explained once more",
}


def _told(case: Case, held: HeldMail | Quarantined, agent: Agent, done: Done) -> Outcome:
    """A letter that nothing was done, and why; with the question anew where that helps."""
    waiting_id = _id_of(held)
    trace = said("held", f"{waiting_id} {_WHY[done]}")
    most = case.policy.brakes.questions_hour_max
    if case.context.automatic.answers_to_sender_hour >= most:
        return trace + said("brake", f"{agent.name} had {most} such letters this hour")
    if done is Done.EXPIRED and held.state not in ("held", QuarantineState.KEPT):
        done = Done.ALREADY
    to, is_anew = recipient_of(agent), done in _ASKED_ANEW
    style = Style(held_id=waiting_id if is_anew else None, why=done.value)
    address = token_address(case, None, reply_token(case, to, ticket=None, style=style))
    is_slip = isinstance(held, HeldMail) and held.reason == HoldReason.COMMANDS
    first = SEND if is_slip else RELEASE
    view = DoneView(
        desk=desk_view(case.policy, desk_address(case, None)),
        zone=case.policy.zone,
        now=case.fresh.now,
        route=RouteView(Goes.CONFIRM if is_anew else Goes.COMMANDS),
        actions=taps(case.policy, agent, address, words=(first, DROP)) if is_anew else (),
        done=done,
        words=case.mail.reply[:ANSWER_CHARS_MAX] if done is Done.UNCLEAR else "",
        held_id=waiting_id,
    )
    letter = write_letter(case, "done", to, view=view, ticket=None, style=style)
    return trace + Outcome(letters=(letter,))


def _id_of(one: HeldMail | Quarantined) -> str:
    return one.quarantine_id if isinstance(one, Quarantined) else one.held_id
