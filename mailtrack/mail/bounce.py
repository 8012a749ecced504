"""What a delivery report says: who was not reached, why, and which mail it was about.

RFC 3464 is read first, then what flufl.bounce knows, then the free text of older systems.
This is the one home of flufl.bounce. It is only called for mails that ``automatic`` takes for
delivery reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final

from flufl.bounce import all_failures

from mailtrack.mail.bounce_text import (
    address_in,
    class_in,
    listed_recipients,
    named_recipients,
    own_words,
    possible_recipients,
    recipients_of_returned,
    says_temporary,
    status_in,
)
from mailtrack.mail.facts import MailFacts
from mailtrack.mail.message import Bounce

PARTS_WALKED_MAX: Final = 200
BLOCKS_MAX: Final = 200
FIELDS_MAX: Final = 500
RECIPIENTS_MAX: Final = 100
TEXT_CHARS_LOOKED_AT: Final = 20_000
DIAGNOSTIC_CHARS_MAX: Final = 500
VALUE_CHARS_MAX: Final = 2000


_NOT_FAILED: Final = frozenset({"delivered", "relayed", "expanded"})


@dataclass(frozen=True, slots=True)
class _Failure:
    """One recipient of a report. ``status`` is ``""`` if the report gives none."""

    recipient: str
    status: str
    action: str
    diagnostic: str


def bounce_from(facts: MailFacts) -> Bounce | None:
    """What a delivery report says, or None if nobody can be named as not reached."""
    parts = _walk(facts.message)
    text = own_words(facts.text)
    failures = _rfc3464_failures(parts) or _failures_in_words(facts, text)
    failures = failures or _only_recipient(parts, facts.text)
    if not failures:
        return None
    status = _status(failures, text)
    return Bounce(
        recipients=tuple(dict.fromkeys(failure.recipient for failure in failures)),
        status=status,
        permanent=_is_permanent(failures, status),
        original_message_id=_original_message_id(parts, facts.text),
        diagnostic=next((f.diagnostic for f in failures if f.diagnostic), ""),
    )


def _walk(message: Message) -> tuple[Message, ...]:
    """The parts of the report itself; a returned mail is listed but not entered."""
    found: list[Message] = []
    waiting = [message]
    while waiting and len(found) < PARTS_WALKED_MAX:
        part = waiting.pop()
        found.append(part)
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_type() != "message/rfc822":
            waiting += [child for child in reversed(payload) if isinstance(child, Message)]
    return tuple(found)


def _rfc3464_failures(parts: tuple[Message, ...]) -> tuple[_Failure, ...]:
    found = []
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        payload = part.get_payload()
        blocks = payload if isinstance(payload, list) else []
        for block in blocks[:BLOCKS_MAX]:
            if isinstance(block, Message):
                found += [_failure_from(fields) for fields in _recipients(block)]
    return tuple(failure for failure in found if failure is not None)[:RECIPIENTS_MAX]


def _recipients(block: Message) -> list[dict[str, str]]:
    """The fields of each recipient; some systems forget the blank line between two of them."""
    recipients: list[dict[str, str]] = [{}]
    for field, value in block.items()[:FIELDS_MAX]:
        name = field.lower()
        if name in _PER_RECIPIENT and name in recipients[-1]:
            recipients.append({})
        recipients[-1].setdefault(name, " ".join(str(value)[:VALUE_CHARS_MAX].split()))
    return recipients


_PER_RECIPIENT: Final = frozenset({"final-recipient", "original-recipient", "action", "status"})


def _failure_from(fields: dict[str, str]) -> _Failure | None:
    """The failure that the fields tell; the address that was written to goes before aliases."""
    recipient = ""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        recipient = recipient or address_in(fields.get(name, "").rpartition(";")[2])
    action = fields.get("action", "").lower().split(" ")[0].strip(";.")
    if not recipient or action in _NOT_FAILED:
        return None
    diagnostic = fields.get("diagnostic-code", "")[:DIAGNOSTIC_CHARS_MAX]
    return _Failure(
        recipient, _fuller(fields.get("status", ""), diagnostic), action, diagnostic
    )


def _fuller(status: str, diagnostic: str) -> str:
    """The more telling of the two codes: x.0.0 says nothing (RFC 3463 section 3.1)."""
    code, other = status_in(status), status_in(diagnostic)
    if other and (not code or code.endswith(".0.0")):
        return other
    return code or class_in(status) or class_in(diagnostic)


def _failures_in_words(facts: MailFacts, text: str) -> tuple[_Failure, ...]:
    """The failures of a report without RFC 3464 parts.

    flufl.bounce knows the long lists of many systems, but its last detectors take any address
    they see. So it is believed where it finds all that a list in the words says.
    """
    listed = listed_recipients(text)
    known = _flufl_failures(facts.message, possible_recipients(text))
    if known and {failure.recipient for failure in known}.issuperset(listed):
        return known
    if listed:
        return tuple(_Failure(name, "", "", "") for name in listed)
    header = facts.header("x-failed-recipients") or ""
    named = [address_in(name) for name in header[:VALUE_CHARS_MAX].split(",")]
    failures = tuple(_Failure(name, "", "failed", "") for name in named if name)
    return failures or tuple(_Failure(name, "", "", "") for name in named_recipients(text))


def _only_recipient(parts: tuple[Message, ...], text: str) -> tuple[_Failure, ...]:
    """Where a report names nobody: whom the returned mail was for, if that was one person."""
    headers = "\n".join(_returned_headers(parts))
    found = recipients_of_returned(headers) or recipients_of_returned(text)
    return (_Failure(found[0], "", "", ""),) if len(found) == 1 else ()


def _flufl_failures(message: Message, possible: frozenset[str]) -> tuple[_Failure, ...]:
    """What flufl.bounce finds, among what is possible if anything is."""
    try:
        temporary, permanent = all_failures(message)
    # The detectors meet hostile mail and raise what they please; such a mail has no report.
    except Exception:  # noqa: BLE001
        return ()
    found = [_Failure(name, "", "failed", "") for name in _texts(permanent)]
    found += [_Failure(name, "", "delayed", "") for name in _texts(temporary - permanent)]
    known = [f for f in found if f.recipient and (not possible or f.recipient in possible)]
    return tuple(known)[:RECIPIENTS_MAX]


def _texts(addresses: frozenset[bytes]) -> list[str]:
    return sorted(address_in(address.decode("utf-8", "replace")) for address in addresses)


def _status(failures: tuple[_Failure, ...], text: str) -> str | None:
    """The code of the report; where it gives none, the class that its words speak of."""
    code = next((failure.status for failure in failures if failure.status), "")
    code = code or status_in(text) or class_in(text)
    if code:
        return code
    is_delayed = {failure.action for failure in failures} == {"delayed"}
    return "4.0.0" if is_delayed or says_temporary(text) else "5.0.0"


def _is_permanent(failures: tuple[_Failure, ...], status: str | None) -> bool | None:
    if {failure.action for failure in failures} == {"delayed"}:
        return False
    return None if status is None else status.startswith("5")


_MESSAGE_ID: Final = re.compile(r"(?im)^[ \t>]{0,8}message-id:[ \t\r\n]{0,8}(<[^<>\s]{1,500}>)")


def _original_message_id(parts: tuple[Message, ...], text: str) -> str | None:
    for header in (*_returned_headers(parts), text):
        found = _MESSAGE_ID.search(header[:TEXT_CHARS_LOOKED_AT])
        if found:
            return found.group(1)
    return None


def _returned_headers(parts: tuple[Message, ...]) -> list[str]:
    """What the headers of the returned mail say of its id and its recipients, as lines."""
    found = []
    for part in parts:
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        if part.get_content_type() == "message/rfc822" and isinstance(inner, Message):
            values = ((name, str(inner.get(name, ""))) for name in ("message-id", "to"))
            lines = (f"{name}: {' '.join(v[:VALUE_CHARS_MAX].split())}" for name, v in values)
            found.append("\n".join(lines))
        elif part.get_content_type().startswith("text/rfc822-header"):
            found.append(str(payload))
    return found
