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

from mailtrack.mail.facts import MailFacts
from mailtrack.mail.message import Bounce

PARTS_WALKED_MAX: Final = 200
BLOCKS_MAX: Final = 200
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
    text = _report_text(facts)
    failures = (
        _rfc3464_failures(parts) or _flufl_failures(facts.message) or _text_failures(text)
    )
    failures = _with_header_recipients(facts, failures)
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
            failure = _failure_from(block) if isinstance(block, Message) else None
            if failure is not None:
                found.append(failure)
    return tuple(found[:RECIPIENTS_MAX])


def _failure_from(block: Message) -> _Failure | None:
    recipient = ""
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        recipient = recipient or _address_in(_value(block, name).rpartition(";")[2])
    action = _value(block, "action").lower().split(" ")[0].strip(";.")
    if not recipient or action in _NOT_FAILED:
        return None
    diagnostic = _value(block, "diagnostic-code")[:DIAGNOSTIC_CHARS_MAX]
    return _Failure(recipient, _fuller(_value(block, "status"), diagnostic), action, diagnostic)


def _value(block: Message, name: str) -> str:
    return " ".join(str(block.get(name, ""))[:VALUE_CHARS_MAX].split())


_ADDRESS: Final = re.compile(
    r"[^\s<>()\[\]:;,\"']{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}[A-Za-z0-9]"
)


def _address_in(text: str) -> str:
    found = _ADDRESS.search(text[:VALUE_CHARS_MAX])
    return found.group().lower() if found else ""


_STATUS: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY_CODE: Final = re.compile(r"(?<![\d.-])([45])[0-7]\d(?=[ \t#-]{1,3}\S)")


def _status_in(text: str) -> str:
    found = _STATUS.search(text)
    return ".".join(found.groups()) if found else ""


def _fuller(status: str, diagnostic: str) -> str:
    """The more telling of the two codes: x.0.0 says nothing (RFC 3463 section 3.1)."""
    code, other = _status_in(status), _status_in(diagnostic)
    if other and (not code or code.endswith(".0.0")):
        return other
    return code


def _flufl_failures(message: Message) -> tuple[_Failure, ...]:
    try:
        temporary, permanent = all_failures(message)
    # The detectors meet hostile mail and raise what they please; such a mail has no report.
    except Exception:  # noqa: BLE001
        return ()
    found = [_Failure(name, "", "failed", "") for name in _texts(permanent)]
    found += [_Failure(name, "", "delayed", "") for name in _texts(temporary - permanent)]
    return tuple(failure for failure in found if failure.recipient)[:RECIPIENTS_MAX]


def _texts(addresses: frozenset[bytes]) -> list[str]:
    return sorted(_address_in(address.decode("utf-8", "replace")) for address in addresses)


def _report_text(facts: MailFacts) -> str:
    return facts.text[:TEXT_CHARS_LOOKED_AT]


_RETURNED: Final = re.compile(
    r"(?im)^[ \t>]{0,8}-{0,40} ?(?:received:|return-path:|this is a copy of|original message|"
    r"below this line is|returned message|message header follows|headers follow|"
    r"unsent message follows|message follows|undelivered message follows)"
)


def _text_failures(text: str) -> tuple[_Failure, ...]:
    """The first address of a report in free text, before the returned mail begins."""
    cut = _RETURNED.search(text)
    own = text[: cut.start()] if cut else text
    recipient = _address_in(own)
    return (_Failure(recipient, "", "", ""),) if recipient else ()


def _with_header_recipients(
    facts: MailFacts, failures: tuple[_Failure, ...]
) -> tuple[_Failure, ...]:
    if failures:
        return failures
    named = facts.header("x-failed-recipients") or ""
    names = [_address_in(name) for name in named[:VALUE_CHARS_MAX].split(",")]
    return tuple(_Failure(name, "", "failed", "") for name in names if name)


def _status(failures: tuple[_Failure, ...], text: str) -> str | None:
    for failure in failures:
        if failure.status:
            return failure.status
    found = _status_in(text)
    if found:
        return found
    code = _REPLY_CODE.search(text)
    if code:
        return f"{code.group(1)}.0.0"
    actions = {failure.action for failure in failures}
    if "delayed" in actions:
        return "4.0.0"
    return "5.0.0" if "failed" in actions else None


def _is_permanent(failures: tuple[_Failure, ...], status: str | None) -> bool | None:
    if {failure.action for failure in failures} == {"delayed"}:
        return False
    return None if status is None else status.startswith("5")


_MESSAGE_ID: Final = re.compile(r"(?im)^[ \t>]{0,8}message-id:[ \t\r\n]{0,8}(<[^<>\s]{1,500}>)")


def _original_message_id(parts: tuple[Message, ...], text: str) -> str | None:
    for part in parts:
        payload = part.get_payload()
        if (
            part.get_content_type() == "message/rfc822"
            and isinstance(payload, list)
            and payload
        ):
            found = _id_of(payload[0])
        elif part.get_content_type().startswith("text/rfc822-header") and isinstance(
            payload, str
        ):
            found = _id_in(payload)
        else:
            continue
        if found:
            return found
    return _id_in(text)


def _id_of(message: object) -> str | None:
    value = str(message.get("message-id", "")) if isinstance(message, Message) else ""
    return _id_in("message-id:" + value[:VALUE_CHARS_MAX])


def _id_in(text: str) -> str | None:
    found = _MESSAGE_ID.search(text[:TEXT_CHARS_LOOKED_AT])
    return found.group(1) if found else None
