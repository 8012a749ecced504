"""Finished letters: words from a template, addresses, tokens, ids and headers around them.

The one place where a ``Letter`` is made. Every recipient gets a copy of their own, with a reply
token and a Message-ID of their own (security section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mailtrack.desk.case import Case
from mailtrack.desk.letter_views import LetterView
from mailtrack.desk.policy import Agent, Policy, Queue, ReplyMode
from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.message import AttachmentRef, OutgoingMail
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.ticket import PersonId, Ticket
from mailtrack.tickets.token import Purpose, Token

REFERENCES_MAX: Final = 10  # the first and the last nine: security section 6.4
ID_CHARS: Final = 16  # 64 bits
NAME_CHARS_MAX: Final = 64
# Letters that answer the mail of the one they go to; all others tell of something.
ANSWERS_TO_CUSTOMERS: Final = frozenset({"acknowledged", "answer"})
ANSWERS_TO_AGENTS: Final = frozenset(
    "refused held collision found listed shown why help canned_list done".split()
)
SUPPRESSED: Final = "DR, RN, NRN, OOF, AutoReply"
_NAME_STRIPPED: Final = str.maketrans(dict.fromkeys('@<>",;:\\()[]', " "))


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom a letter goes, and what they are to the desk (it goes into the token's MAC)."""

    person: PersonId
    mailbox: Mailbox
    language: str
    is_agent: bool

    @property
    def role(self) -> str:
        """The role a token of theirs is bound to."""
        return "agent" if self.is_agent else "customer"


@dataclass(frozen=True, slots=True)
class Style:
    """What kind of letter it is, beyond its words.

    ``is_automatic``: nobody wrote it for this recipient. ``purpose`` is what a reply is good
    for. ``held_id`` makes the reply address a confirm token. ``delay`` is the undo window.
    """

    purpose: Purpose = Purpose.REPLY
    is_automatic: bool = True
    sender_name: str = ""
    delay: timedelta = timedelta(0)
    held_id: str | None = None
    entry_id: str | None = None
    attachments: tuple[AttachmentRef, ...] = ()
    why: str = ""


def recipient_of(agent: Agent) -> Recipient:
    """The agent at the registered address."""
    return Recipient(agent.id, Mailbox(agent.shown, agent.address), agent.language, True)


def write_letter(
    case: Case,
    name: str,
    to: Recipient,
    *,
    view: LetterView,
    ticket: Ticket | None,
    style: Style,
) -> Letter:
    """One finished letter of the template ``name`` to one recipient."""
    words = case.policy.stationery.write(name, to.language, view)
    number = ticket.number if ticket else 0
    letter_id = case.fresh.id(f"letter/{name}/{to.person}/{number}")
    reply = reply_token(case, to, ticket=ticket, style=style)
    bounce = _bounce_token(case, to, ticket=ticket, letter_id=letter_id)
    queue = queue_for(case.policy, ticket.queue if ticket else case.reading.queue)
    # What answers a mail by itself must not be answered in its turn (RFC 3834 section 3.3).
    is_bounceable = not style.is_automatic or (to.is_agent and name not in ANSWERS_TO_AGENTS)
    thread = _thread_of(ticket, to.person)
    mail = OutgoingMail(
        mail_from=_token_address(case.policy, queue, bounce) if is_bounceable else None,
        recipient=to.mailbox.address,
        sender=Mailbox(_sender_name(style.sender_name, queue), queue.address),
        to=(to.mailbox,),
        subject=words.subject,
        text=words.text,
        html=words.html,
        message_id=_message_id(case, reply, letter_id),
        date=case.fresh.now,
        reply_to=Mailbox(queue.shown, _token_address(case.policy, queue, reply)),
        in_reply_to=thread[-1] if thread else None,
        references=thread,
        headers=_headers(case, name, to, ticket=ticket, style=style),
        attachments=style.attachments,
    )
    return Letter(
        id=letter_id,
        name=name,
        person=to.person,
        number=ticket.number if ticket else None,
        mail=mail,
        not_before=case.fresh.now + style.delay,
        why=style.why,
        is_automatic=style.is_automatic,
        tokens=(reply, bounce) if is_bounceable else (reply,),
        entry_id=style.entry_id,
        subject_key=case.reading.subject_key,
    )


def _message_id(case: Case, token: Token, letter_id: str) -> str:
    """An id of its own that begins with the reply token: security section 3.2.

    So an answer that has lost its plus part is still known for what it answers, a note for one.
    """
    own = case.fresh.id(f"id/{letter_id}")[:ID_CHARS]
    return f"<{case.policy.keys.text_of(token)}.{own}@{case.policy.reply_domain}>"


def reply_token(case: Case, to: Recipient, *, ticket: Ticket | None, style: Style) -> Token:
    """The recipient's token for this purpose: the live one of the ticket, or a new one."""
    if style.held_id is not None:
        return _confirm_token(case, to, ticket=ticket, held_id=style.held_id)
    for token in ticket.tokens if ticket else ():
        is_theirs = token.person == to.person and token.purpose is style.purpose
        if is_theirs and token.role == to.role and _lasts(token, case):
            return token
    return Token(
        handle=case.fresh.handle(f"{style.purpose}/{to.person}/{_number(ticket)}"),
        purpose=style.purpose,
        number=_number(ticket),
        ticket_uuid=ticket.uuid if ticket else "",
        person=to.person,
        role=to.role,
        issued_at=case.fresh.now,
        expires_at=case.fresh.now + case.policy.agent_token_life if to.is_agent else None,
    )


def _lasts(token: Token, case: Case) -> bool:
    """Whether a token may stand in one more letter: it must outlive it by half its life."""
    if token.is_revoked:
        return False
    return token.expires_at is None or (
        token.expires_at - case.fresh.now >= case.policy.agent_token_life / 2
    )


def token_address(case: Case, ticket: Ticket | None, token: Token) -> Address:
    """The address that carries this token, at the ticket's queue."""
    queue = queue_for(case.policy, ticket.queue if ticket else case.reading.queue)
    return _token_address(case.policy, queue, token)


def reply_address(policy: Policy, queue: Queue, text: str) -> Address:
    """Where an answer to a letter of the queue goes, if ``text`` is the letter's token."""
    if policy.reply_mode is ReplyMode.SUBDOMAIN:
        return Address(text, policy.reply_domain)
    if policy.reply_mode is ReplyMode.HEADERS:
        return queue.address
    return Address(f"{queue.address.local}{policy.delimiter}{text}", queue.address.domain)


def queue_for(policy: Policy, name: str) -> Queue:
    """The queue of that name; the first one if an admin has taken it away since."""
    return policy.queue(name) or policy.queues[0]


def clean_name(name: str) -> str:
    """A display name that nobody can take for an address or an agent's own."""
    text = "".join(char for char in name.translate(_NAME_STRIPPED) if char.isprintable())
    return " ".join(text.split())[:NAME_CHARS_MAX].strip()


def fresh_uuid(fresh: Fresh) -> str:
    """The secret identity of the ticket that this decision opens."""
    return fresh.id("ticket")


def _sender_name(name: str, queue: Queue) -> str:
    cleaned = clean_name(name)
    return f"{cleaned} ({queue.shown})" if cleaned else queue.shown


def _token_address(policy: Policy, queue: Queue, token: Token) -> Address:
    return reply_address(policy, queue, policy.keys.text_of(token))


def _confirm_token(case: Case, to: Recipient, *, ticket: Ticket | None, held_id: str) -> Token:
    return Token(
        handle=case.fresh.handle(f"confirm/{held_id}/{to.person}"),
        purpose=Purpose.CONFIRM,
        number=_number(ticket),
        ticket_uuid=ticket.uuid if ticket else "",
        person=to.person,
        role=to.role,
        issued_at=case.fresh.now,
        expires_at=case.fresh.now + case.policy.waiting.confirm_within,
        held_id=held_id,
    )


def _bounce_token(case: Case, to: Recipient, *, ticket: Ticket | None, letter_id: str) -> Token:
    return Token(
        handle=case.fresh.handle(f"bounce/{letter_id}"),
        purpose=Purpose.BOUNCE,
        number=_number(ticket),
        ticket_uuid=ticket.uuid if ticket else "",
        person=to.person,
        role=to.role,
        issued_at=case.fresh.now,
        letter_id=letter_id,
    )


def _headers(
    case: Case, name: str, to: Recipient, *, ticket: Ticket | None, style: Style
) -> tuple[tuple[str, str], ...]:
    """Security section 6.5. An agent's words are a person's, and say only where they come from.

    To a customer the loop mark is all that is ours: two desks must not answer each other.
    """
    loop = ("X-Mailtrack-Loop", case.policy.keys.instance)
    if not (style.is_automatic or to.is_agent):
        return (loop,)
    is_answer = not to.is_agent and name in ANSWERS_TO_CUSTOMERS
    marks: tuple[tuple[str, str], ...] = (
        ("Auto-Submitted", "auto-replied" if is_answer else "auto-generated"),
        ("X-Auto-Response-Suppress", SUPPRESSED),
        loop,
    )
    if ticket is None or not to.is_agent:
        return marks
    return (
        *marks,
        ("List-Id", f"<{ticket.queue}.{case.policy.reply_domain}>"),
        ("X-Mailtrack-Ticket", str(ticket.number)),
        ("X-Mailtrack-Status", ticket.status.value),
        ("X-Mailtrack-Priority", ticket.priority.value),
        ("X-Mailtrack-Queue", ticket.queue),
    )


def _thread_of(ticket: Ticket | None, person: PersonId) -> tuple[str, ...]:
    if ticket is None:
        return ()
    ids = tuple(one.message_id for one in ticket.thread if one.person == person)
    return ids if len(ids) <= REFERENCES_MAX else (ids[0], *ids[1 - REFERENCES_MAX :])


def _number(ticket: Ticket | None) -> int:
    return ticket.number if ticket else 0
