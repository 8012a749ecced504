"""What a mail asks of us: its tokens, known ids, ticket numbers and brackets.

Pure syntax over a ``ParsedMail``. Whether a token is good, an id ours or a bracket a command is
decided later, from what the one look-up finds.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from mailtrack.desk.brackets import (
    brackets_in_front,
    brackets_in_subject,
    brackets_on_top,
    folded,
    numbers_in,
    partner_tags_in,
    without_prefixes,
)
from mailtrack.desk.commands.admins import WAITING_IDS_MAX, waiting_ids_in
from mailtrack.desk.commands.names import one_of
from mailtrack.desk.commands.table import ENDS_WAITING, LOOKED_UP, understood
from mailtrack.desk.peers import peer_of
from mailtrack.desk.policy import Agent, Policy, ReplyMode
from mailtrack.mail.address import Address
from mailtrack.mail.envelope import Envelope
from mailtrack.mail.message import ParsedMail
from mailtrack.tickets.reading import Bracket, Origin, Reading
from mailtrack.tickets.token import TokenText, token_text_from

TOKENS_MAX: Final = 10
LINES_MAX: Final = 2_000
# An at sign or a plus may be escaped, as they are in the links of our own letters.
# A Message-ID of ours goes on between the token and it.
_BEFORE_AT: Final = re.compile(
    r"(?:(?<![A-Za-z2-7])|%2[Bb])([A-Za-z2-7]{30})(?:\.[0-9a-f]{1,32})?(?:@|%40)"
)
KNOWN_IDS_MAX: Final = 21  # In-Reply-To and the last 20 of References (security section 3.3)


UNPROVED: Final = Origin()


def read(
    mail: ParsedMail,
    envelope: Envelope,
    *,
    policy: Policy,
    origin: Origin = UNPROVED,
    granted: tuple[Bracket, ...] | None = None,
) -> Reading:
    """What this mail asks. ``origin`` is what the world said of its From address.

    ``granted`` are corrected commands that take the place of those it came with.
    """
    sender_key = mail.sender.address.key if mail.sender else None
    agent = policy.agent_at(sender_key) if sender_key else None
    on_top, text = commands_on_top(mail.reply)
    brackets = brackets_in_subject(mail.subject) + on_top
    asked = brackets if granted is None else granted
    return Reading(
        spool_id=envelope.spool_id,
        raw_sha256=envelope.sha256,
        content_hash=mail.content_hash,
        message_id=mail.message_id,
        sender_key=sender_key,
        agent=agent.name if agent else None,
        queue=_queue(mail, envelope, policy),
        tokens=_tokens(mail, envelope, policy),
        known_ids=_known_ids(mail),
        numbers=numbers_in(mail.subject),
        brackets=brackets,
        wants=_wants(asked, agent, policy) if agent else (),
        waiting_ids=_waiting_ids(asked) if agent else (),
        subject_key=subject_key(mail.subject),
        rcpt_keys=tuple(address.key for address in envelope.rcpt_to),
        origin=origin,
        peer=peer_of(mail, envelope),
        id_tokens=_id_tokens(mail, policy),
        partner_tags=partner_tags_in(mail.subject),
        has_words=bool(text.strip()),
        typed_tokens=tokens_in_text(text) if agent else (),
        on_behalf_of=mail.forwarded.sender.address.key if agent and mail.forwarded else None,
    )


def commands_on_top(body: str) -> tuple[tuple[Bracket, ...], str]:
    """The brackets above the words, and the words.

    A command may share the first line with them: ``[note] do not tell her`` must not go to her
    as words, and programs that write HTML join lines.
    """
    found, text = brackets_on_top(body)
    first, _, rest = text.lstrip("\n").partition("\n")
    for bracket, behind in brackets_in_front(first):
        if understood(bracket) is None:
            break
        found, text = (*found, bracket), f"{behind.strip()}\n{rest}"
    return found, text.strip("\n") if found else text


def commands_below(text: str) -> tuple[Bracket, ...]:
    """The commands that stand on lines of their own among or below the words."""
    lines = (brackets_on_top(line) for line in text.split("\n")[:LINES_MAX] if "[" in line)
    alone = (one for found, rest in lines if not rest.strip() for one in found)
    return tuple(one for one in alone if understood(one) is not None)


def subject_key(subject: str) -> str:
    """A short key that is the same for subjects that differ in prefixes, blanks and numbers."""
    letters = "".join(char for char in folded(without_prefixes(subject)) if not char.isdigit())
    return hashlib.sha256(letters.encode()).hexdigest()[:16]


def queues_asked(argument: str, agent: Agent, policy: Policy) -> tuple[str, ...]:
    """The queues that ``[queue]`` is about: the one named, or those the agent works."""
    if not argument:
        return agent.queues
    name = one_of(argument, (queue.name for queue in policy.queues))
    return (name,) if name else ()


def token_in(address: Address, policy: Policy) -> TokenText | None:
    """The token that one of our reply addresses carries; None for any other address."""
    if policy.reply_mode is ReplyMode.SUBDOMAIN and address.domain == policy.reply_domain:
        return token_text_from(address.local)
    head, tail = address.tag(policy.delimiter)
    is_ours = policy.queue_of(Address(head, address.domain)) is not None
    return token_text_from(tail) if is_ours and tail else None


def tokens_in_text(text: str) -> tuple[TokenText, ...]:
    """The tokens of reply addresses that stand in a text, as an address or in a link."""
    found = map(token_text_from, dict.fromkeys(_BEFORE_AT.findall(text)))
    return tuple(token for token in found if token is not None)[:TOKENS_MAX]


def _queue(mail: ParsedMail, envelope: Envelope, policy: Policy) -> str:
    shown = tuple(mailbox.address for mailbox in (*mail.to, *mail.cc))
    for address in (*envelope.rcpt_to, *shown):
        queue = policy.queue_of(address)
        if queue is not None:
            return queue
    return policy.queues[0].name


def _tokens(mail: ParsedMail, envelope: Envelope, policy: Policy) -> tuple[TokenText, ...]:
    shown = tuple(mailbox.address for mailbox in (*mail.to, *mail.cc))
    found = (token_in(address, policy) for address in (*envelope.rcpt_to, *shown))
    return tuple(dict.fromkeys(token for token in found if token is not None))[:TOKENS_MAX]


def _id_tokens(mail: ParsedMail, policy: Policy) -> tuple[TokenText, ...]:
    """The tokens in the ids of ours that it answers: what is left where no address has one."""
    suffix = f"@{policy.reply_domain}>"
    ids = (*mail.in_reply_to, *reversed(mail.references))[:KNOWN_IDS_MAX]
    ours = (one.removesuffix(suffix).lstrip("<") for one in ids if one.endswith(suffix))
    found = (token_text_from(one.partition(".")[0]) for one in ours)
    return tuple(dict.fromkeys(token for token in found if token is not None))[:TOKENS_MAX]


def _known_ids(mail: ParsedMail) -> tuple[str, ...]:
    """What it answers, and last its own id: a letter of ours may have come back (S65)."""
    ids = tuple(dict.fromkeys((*mail.in_reply_to, *reversed(mail.references))))
    own = (mail.message_id,) if mail.message_id else ()
    return (*ids[:KNOWN_IDS_MAX], *own)


def _waiting_ids(brackets: tuple[Bracket, ...]) -> tuple[str, ...]:
    understood_ones = (understood(bracket) for bracket in brackets)
    arguments = (one[1] for one in understood_ones if one and one[0].word in ENDS_WAITING)
    ids = (one for argument in arguments for one in waiting_ids_in(argument))
    return tuple(dict.fromkeys(ids))[:WAITING_IDS_MAX]


def _wants(
    brackets: tuple[Bracket, ...], agent: Agent, policy: Policy
) -> tuple[tuple[str, str], ...]:
    asked: list[tuple[str, str]] = []
    for bracket in brackets:
        found = understood(bracket)
        if found is None or found[0].word not in LOOKED_UP:
            continue
        word, argument = found[0].word, found[1]
        if word == "mine":
            asked.append((word, agent.name))
        elif word == "queue":
            asked += ((word, name) for name in queues_asked(argument, agent, policy))
        else:
            asked.append((word, argument))
    return tuple(asked)
