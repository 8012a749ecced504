"""Decisions become rows: the receipt, the effects, the letters, all in one transaction.

What is written here is either committed whole or was never there. The receipt comes first and
its spool id is unique, so a decision cannot be applied twice, whatever crashed in between.
Read ``writing`` for the rows of each effect, ``outgoing`` for what becomes of the letters.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, assert_never

from sqlalchemy import Connection, bindparam, insert, select, update

from mailtrack.errors import MailtrackError
from mailtrack.store import alarms, errands, guesses, rows, storms, waiting, writing
from mailtrack.store.brakes import brake_of
from mailtrack.store.cells import (
    Cells,
    cells_from_held,
    cells_from_journal_row,
    cells_from_known_id,
    cells_from_letter,
    cells_from_letter_mail,
)
from mailtrack.store.codec import json_from_trace
from mailtrack.store.database import Session
from mailtrack.store.tables import (
    HELD,
    JOURNAL,
    KNOWN_ID,
    LETTER,
    LETTER_MAIL,
    RECEIPT,
    HeldState,
)
from mailtrack.tickets.context import KnownId
from mailtrack.tickets.decision import (
    AddEntry,
    BrakePeer,
    Change,
    CountGuesses,
    Decision,
    Disposition,
    Effect,
    EndHold,
    EndMark,
    EndQuarantine,
    Entrust,
    Hold,
    IssueToken,
    Join,
    KnowCustomer,
    LastDone,
    Leave,
    LetterBounced,
    LinkTickets,
    MoveEntry,
    NoteHeld,
    OpenTicket,
    Quarantine,
    QuarantineAgain,
    ReleaseGrouped,
    RevokeToken,
    SetAlarm,
    SetAway,
    SetClocks,
    SetMark,
    StopLetter,
    TakeTurn,
    TellQuarantine,
    UseToken,
    WithdrawEntry,
)
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.ticket import (
    JOINED,
    LEFT,
    SPLIT_FROM,
    SPLIT_OFF,
    JournalRow,
    PersonId,
)
from mailtrack.tickets.waiting import QuarantineState

_END_OF: Final = select(RECEIPT.c.disposition).where(RECEIPT.c.spool_id == bindparam("of"))
_RECEIPT: Final = insert(RECEIPT)
_RECEIPT_ANEW: Final = update(RECEIPT).where(RECEIPT.c.spool_id == bindparam("of"))
_HOLD: Final = insert(HELD)
_JOURNAL: Final = insert(JOURNAL)
_KNOWN_ID: Final = insert(KNOWN_ID)
_LETTER: Final = insert(LETTER)
_LETTER_MAIL: Final = insert(LETTER_MAIL)
_END_RELEASE: Final = (
    update(HELD)
    .where(HELD.c.serial == bindparam("of"), HELD.c.state == HeldState.RELEASED.value)
    .values(state=HeldState.DONE.value)
)
_HOLD_AGAIN: Final = (
    update(HELD)
    .where(HELD.c.serial == bindparam("of"), HELD.c.state == HeldState.RELEASED.value)
    .values(state=HeldState.HELD.value)
)


class AlreadyApplied(MailtrackError):
    """There is a receipt for this spool id: nothing was written, and nothing is to be done."""


def apply(
    session: Session,
    decision: Decision,
    *,
    spool_id: str,
    at: datetime,
    raw_sha256: str | None,
    content_hash: str,
    sender_key: str | None,
    message_id: str | None,
) -> None:
    """Write all that was decided about one mail. ``at`` is aware UTC, the decision's own now.

    ``spool_id`` is the id of the decision (``Fresh.decision_id``): a held mail that was
    released is decided again under an id of its own. Raises ``AlreadyApplied``, having written
    nothing, if the id has a receipt; that of a quarantined mail gives way to a better one.
    """
    connection = session.connection()
    receipt: Cells = {
        "spool_id": spool_id,
        "disposition": decision.disposition.value,
        "number": decision.number,
        "held_serial": _held_serial(decision.effects),
        "at": at,
        "is_tick": raw_sha256 is None,
        "raw_sha256": raw_sha256,
        "content_hash": content_hash,
        "sender_key": sender_key,
        "message_id": message_id,
        "person": decision.person,
        "trace": json_from_trace(decision.trace),
    }
    is_again = any(isinstance(one, QuarantineAgain) for one in decision.effects)
    _write_receipt(connection, receipt, is_again=is_again)
    for effect in decision.effects:
        _write(connection, effect, at=at)
    _write_journal(connection, decision.effects, decision_id=spool_id, at=at)
    _write_letters(connection, decision.letters, at=at)
    _write_known_ids(connection, decision)
    writing.touch_tickets(connection, decision.effects, at=at)
    writing.count_open_tickets(connection, decision.effects)


def record_tick(session: Session, decision: Decision, *, tick_id: str, at: datetime) -> None:
    """Write all that was decided when the clock struck. Raises as ``apply`` does."""
    apply(
        session,
        decision,
        spool_id=tick_id,
        at=at,
        raw_sha256=None,
        content_hash="",
        sender_key=None,
        message_id=None,
    )


def end_release(session: Session, held_id: str) -> None:
    """A released mail was decided again: it is out of the way of ``held_to_decide``."""
    session.connection().execute(_END_RELEASE, {"of": rows.serial_from(held_id)})


def hold_again(session: Session, held_id: str) -> None:
    """A released mail could not be decided: it waits for somebody's word as before."""
    session.connection().execute(_HOLD_AGAIN, {"of": rows.serial_from(held_id)})


def try_again(session: Session, quarantine_id: str) -> None:
    """The file of a mail in quarantine is back in the spool."""
    trying = EndQuarantine(quarantine_id, QuarantineState.TRYING, None)
    waiting.end_quarantine(session.connection(), trying, only_from=QuarantineState.RETRY)


def _write_receipt(connection: Connection, receipt: Cells, *, is_again: bool) -> None:
    spool_id = receipt["spool_id"]
    end = connection.execute(_END_OF, {"of": spool_id}).scalar()
    if end is None:
        connection.execute(_RECEIPT, receipt)
    elif end == Disposition.QUARANTINED and (is_again or receipt["disposition"] != end):
        # It could not be read, somebody had it tried again, and now it could, or again not.
        connection.execute(_RECEIPT_ANEW, {"of": spool_id, **receipt})
        if not is_again:
            waiting.has_been_read(connection, str(spool_id))
    else:
        raise AlreadyApplied(f"{spool_id} has a receipt")


def _held_serial(effects: tuple[Effect, ...]) -> int | None:
    held = (effect.held for effect in effects if isinstance(effect, Hold))
    return next((rows.serial_from(one.held_id) for one in held), None)


def _write(connection: Connection, effect: Effect, *, at: datetime) -> None:
    match effect:
        case OpenTicket(ticket):
            writing.open_ticket(connection, ticket)
        case AddEntry(entry):
            writing.add_entry(connection, entry)
        case MoveEntry(number, entry):
            writing.move_entry(connection, number, entry)
        case WithdrawEntry(number, entry_id):
            writing.withdraw_entry(connection, number, entry_id)
        case Change():
            writing.change_field(connection, effect, at=at)
        case Join(number, participant):
            writing.join(connection, number, participant)
        case Leave(number, person):
            writing.leave(connection, number, person)
        case LinkTickets(number, other):
            writing.link(connection, number, other)
        case IssueToken(token):
            writing.issue_tokens(connection, (token,))
        case RevokeToken(handle):
            writing.revoke_token(connection, handle)
        case UseToken(handle, strangers):
            writing.use_token(connection, handle, strangers=strangers, at=at)
        case CountGuesses(peer, count):
            guesses.count(connection, peer, count, at=at)
        case BrakePeer(peer, until):
            guesses.brake(connection, peer, until)
        case SetClocks(number, clocks):
            writing.set_clocks(connection, number, clocks)
        case Hold(held):
            connection.execute(_HOLD, cells_from_held(held))
        case EndHold():
            writing.end_hold(connection, effect)
        case SetAlarm(alarm):
            alarms.set_alarm(connection, alarm)
        case NoteHeld() | LastDone():
            waiting.write(connection, effect, at=at)
        case Quarantine() | QuarantineAgain() | EndQuarantine() | TellQuarantine():
            waiting.write(connection, effect, at=at)
        case StopLetter(letter_id, by):
            writing.stop_letter(connection, letter_id, by=by)
        case TakeTurn(group, agent):
            writing.take_turn(connection, group, agent)
        case KnowCustomer(mailbox, language):
            writing.know_customer(connection, mailbox, language=language, at=at)
        case SetAway(agent, until):
            writing.set_away(connection, agent, until)
        case LetterBounced():
            writing.note_bounce(connection, effect, at=at)
        case SetMark(mark):
            storms.set_mark(connection, mark, at=at)
        case EndMark(mark):
            storms.end_mark(connection, mark)
        case ReleaseGrouped(number, by):
            storms.release_grouped(connection, number, by=by)
        case Entrust(errand):
            errands.entrust(connection, errand)
        case _:
            assert_never(effect)


def _write_journal(
    connection: Connection, effects: tuple[Effect, ...], *, decision_id: str, at: datetime
) -> None:
    changes: list[Cells] = []
    for effect in effects:
        for number, actor, field, old, new in _journalled(effect):
            row = JournalRow(decision_id, number, at, actor, field, old, new)
            changes.append(cells_from_journal_row(row))
    if changes:
        connection.execute(_JOURNAL, changes)


def _journalled(effect: Effect) -> tuple[tuple[int, PersonId, str, str, str], ...]:
    """The journal's rows of an effect: ticket, actor, field, old and new."""
    match effect:
        case Change(number, field, old, new, actor):
            return ((number, actor, field.value, old, new),)
        case Join(number, participant, actor):
            new = f"{participant.part.value} {participant.person}"
            return ((number, actor, JOINED, "", new),)
        case Leave(number, person, actor):
            return ((number, actor, LEFT, person, ""),)
        case MoveEntry(number, entry, actor):
            there = (entry.number, actor, SPLIT_FROM, entry.id, str(number))
            return ((number, actor, SPLIT_OFF, entry.id, str(entry.number)), there)
        case _:
            return ()


def _write_letters(
    connection: Connection, letters: tuple[Letter, ...], *, at: datetime
) -> None:
    if not letters:
        return
    writing.issue_tokens(connection, tuple(t for letter in letters for t in letter.tokens))
    cells = [
        cells_from_letter(letter, brake=brake_of(letter), written_at=at) for letter in letters
    ]
    connection.execute(_LETTER, cells)
    connection.execute(_LETTER_MAIL, list(map(cells_from_letter_mail, letters)))
    storms.count_notifications(connection, letters, at=at)


def _write_known_ids(connection: Connection, decision: Decision) -> None:
    """What came in, then what goes out: the order in which people see them."""
    entries = (e.entry for e in decision.effects if isinstance(e, AddEntry))
    known = [
        KnownId(entry.message_id, entry.number, entry.author, is_ours=False)
        for entry in entries
        if entry.message_id is not None
    ]
    known += (
        KnownId(letter.mail.message_id, letter.number, letter.person, is_ours=True)
        for letter in decision.letters
        if letter.number is not None
    )
    if known:
        connection.execute(_KNOWN_ID, list(map(cells_from_known_id, known)))
