"""Whom a customer copies: they get the answers from then on, never what was before (S58).

Only on the word of somebody whose origin is proved and who is on the ticket; a From line alone
adds nobody. Agents are told who came, with the command that takes them off again.
"""

from __future__ import annotations

from mailtrack.desk.acknowledging import is_robot
from mailtrack.desk.case import Case
from mailtrack.desk.commands.people import CC_MAX
from mailtrack.desk.identity import Writer
from mailtrack.desk.views import Caution, CautionView
from mailtrack.mail.address import Address, Mailbox
from mailtrack.tickets.decision import Join
from mailtrack.tickets.reading import Verdict
from mailtrack.tickets.ticket import Part, Participant, Ticket


def copied(case: Case, writer: Writer, ticket: Ticket) -> tuple[Join, ...]:
    """The people in Cc who join the ticket, as many as there is room for."""
    if writer.origin.verdict is not Verdict.PASS or ticket.participant(writer.person) is None:
        return ()
    room = CC_MAX - len(ticket.with_part(Part.CC))
    new: dict[str, Mailbox] = {}
    for one in case.mail.cc:
        person = case.policy.person_at(one.address.key)
        if _may_join(case, one.address) and ticket.participant(person) is None:
            new.setdefault(person, one)
    parts = (Participant(person, mailbox, Part.CC) for person, mailbox in new.items())
    joins = tuple(Join(ticket.number, part, writer.person) for part in parts)
    return joins[: max(0, room)]


def told_of(joins: tuple[Join, ...]) -> tuple[CautionView, ...]:
    """What agents are told of those who joined."""
    people = (one.participant.person for one in joins)
    shown = ", ".join(f"{person} [uncc:{person}]" for person in people)
    return (CautionView(Caution.CC_ADDED, shown),) if shown else ()


def _may_join(case: Case, address: Address) -> bool:
    is_colleague = case.policy.agent_at(address.key) is not None
    return not (is_colleague or case.policy.is_ours(address) or is_robot(address))
