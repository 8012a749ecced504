"""What a mail asks of us: everything the one look-up needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mailtrack.tickets.token import TokenText


@dataclass(frozen=True, slots=True)
class Bracket:
    """A ``[word:argument]`` as it was typed, before anybody asks what it means.

    ``word`` and ``argument`` are stripped; ``raw`` is the text between and with the brackets.
    ``from_body`` tells a line at the top of the body from the subject.
    """

    word: str
    argument: str
    raw: str
    from_body: bool = False


class Verdict(StrEnum):
    """What is known of a mail's origin."""

    PASS = "pass"
    NONE = "none"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Record:
    """What the DNS says at one name: ``text`` None if there is no such record.

    ``trouble`` says in words why it could not be asked, ``""`` if it could.
    """

    name: str
    text: bytes | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whether the From address was proved, by which method, and what the method said.

    Asked of the world before the transaction, for exactly the domain of the From address.
    ``said`` is a sentence for ``[why]``. ``covers_ids``: the proof covers In-Reply-To and
    References too, so that they may say which ticket is meant. ``is_to_us``: as far as the
    proof tells, it was written to us and not handed on by who it was written to.
    """

    verdict: Verdict = Verdict.NONE
    method: str = ""
    said: str = ""
    covers_ids: bool = True
    is_to_us: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What the mail asks. One look-up answers it; see ``Context``.

    ``tokens`` stand in the order in which they count: envelope first, then To and Cc.
    ``known_ids`` are In-Reply-To, then References from last to first, then the mail's own id,
    which is one of ours if a letter of ours came back. ``numbers`` are the
    ``[#1042]`` of the subject. ``sender_key`` is the key of the one strict From address.
    ``agent`` is the name of the agent who has that address: a claim, not a proof. ``queue`` is
    where a new ticket would start: the queue of the first of our addresses in the envelope.
    ``wants`` are the questions of the brackets, filled only if an agent claims to ask:
    ``("find", "refund")``, ``("show", "1042")``, ``("queue", "support")``,
    ``("mine", "ivan")``. ``on_behalf_of`` is the key of the customer whose mail an agent claims
    to forward. ``peer`` is who handed the mail to the first server on our side, by IP address,
    or the domain of the envelope sender where nobody can tell. ``id_tokens`` stand in the ids
    that the mail answers, the nearest first: each id of ours begins with its letter's token.
    ``partner_tags`` are other desks' numbers in the subject, ``ACME-991``.
    ``waiting_ids`` are the ``H12`` and ``Q3`` that an admin's command names. ``has_words``:
    there is more than commands; ``typed_tokens`` stand in an agent's words, where none belongs.
    """

    spool_id: str
    raw_sha256: str
    content_hash: str
    message_id: str | None
    sender_key: str | None
    agent: str | None
    queue: str
    tokens: tuple[TokenText, ...] = ()
    known_ids: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    brackets: tuple[Bracket, ...] = ()
    wants: tuple[tuple[str, str], ...] = ()
    subject_key: str = ""
    rcpt_keys: tuple[str, ...] = field(default=())
    origin: Origin = field(default=Origin())
    on_behalf_of: str | None = None
    peer: str = ""
    id_tokens: tuple[TokenText, ...] = ()
    partner_tags: tuple[str, ...] = ()
    waiting_ids: tuple[str, ...] = ()
    has_words: bool = False
    typed_tokens: tuple[TokenText, ...] = ()

    @property
    def answered_id(self) -> str | None:
        """The id of the very mail that this one answers; None if it says none."""
        nearest = next(iter(self.known_ids), None)
        return nearest if nearest != self.message_id else None
