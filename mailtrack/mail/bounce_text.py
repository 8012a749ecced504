"""Delivery reports in free text: who was not reached, as mail systems put it in words.

Before RFC 3464 each system wrote reports of its own, and many still do. What they share is an
order: words about the report, the addresses that failed, the reason, the returned mail. So only
the part above the returned mail counts, and there the lines below an opening such as "The
following addresses failed" come first.
"""

from __future__ import annotations

import re
from typing import Final

from mailtrack.mail.phrases import machines

TEXT_CHARS_LOOKED_AT: Final = 20_000
LINES_LOOKED_AT: Final = 400
LINE_CHARS_LOOKED_AT: Final = 500
RECIPIENTS_MAX: Final = 100

_ADDRESS: Final = re.compile(
    r"(?<![\w.+-])[\w.+=!#$%&*/?^{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}[A-Za-z0-9]"
)
# Where the returned mail begins.
_RETURNED: Final = re.compile(
    r"^[ \t>*]{0,8}(?:received ?:|return-path:|x-originating-ip:)"
    r"|^[ \t>*-]{0,60}(?:this is a copy of|here is a copy|original message|returned message|"
    r"message headers? follow|headers? follow|unsent message|undelivered message follow|"
    r"below is a copy|message follows|start of returned|a copy of (?:the|your) |"
    r"below this line is|returned mail follow|returned content|text of (?:the )?message)"
)
_STATUS: Final = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![.\d])")
_STATUS_BEHIND_CODE: Final = re.compile(
    r"[45]\d\d[ -]{1,2}['\"(]?#?([45])\.(\d{1,3})\.(\d{1,3})"
)
_REPLY_CODE: Final = re.compile(
    r"(?<![\w.:-])([45])[0-7]\d(?=[ \t#,;<-]{1,3}\S|$)", re.MULTILINE
)


def address_in(text: str) -> str:
    """The first address of a text in small letters, ``""`` if there is none."""
    found = _ADDRESS.search(text[:TEXT_CHARS_LOOKED_AT])
    # X.400 gateways write the address as an attribute of theirs.
    return found.group().lower().strip("'*/").removeprefix("smtp=") if found else ""


def status_in(text: str) -> str:
    """The enhanced status code (RFC 3463) of a failure, ``""`` if there is none.

    One behind a reply code, as in ``550-5.7.1``, is the remote server's own and goes first.
    """
    found = _STATUS_BEHIND_CODE.search(text) or _STATUS.search(text)
    return ".".join(found.groups()) if found else ""


def class_in(text: str) -> str:
    """``5.0.0`` or ``4.0.0`` for an SMTP reply code in a text, ``""`` if there is none."""
    found = _REPLY_CODE.search(text)
    return f"{found.group(1)}.0.0" if found else ""


def own_words(text: str) -> str:
    """The words of the report, up to the returned mail."""
    lines = []
    for line in text[:TEXT_CHARS_LOOKED_AT].split("\n", LINES_LOOKED_AT)[:LINES_LOOKED_AT]:
        if _RETURNED.match(line[:LINE_CHARS_LOOKED_AT].lower()):
            break
        lines.append(line[:LINE_CHARS_LOOKED_AT])
    return "\n".join(lines)


def says_temporary(text: str) -> bool:
    """Whether a report says that delivery goes on being tried."""
    words = " ".join(text.lower().split())
    return any(phrase in words for phrase in machines.TEMPORARY)


_LABEL: Final = re.compile(r"^[ \t]{0,8}<([^<>@\s]{1,64}@[^<>\s]{1,250})>: ?(?:\S|$)")


def listed_recipients(text: str) -> tuple[str, ...]:
    """The addresses below an opening such as "The following addresses failed".

    Where lines begin as Postfix and qmail write them, ``<user@host>: reason``, those say it.
    """
    lines = _lines_of(text)
    labels = [address_in(label[1]) for line in lines if (label := _LABEL.match(line))]
    if any(labels):
        return tuple(dict.fromkeys(filter(None, labels)))[:RECIPIENTS_MAX]
    found = _below_opening([line for line in lines if not _names_sender(line)])
    return tuple(dict.fromkeys(found or _below_opening(lines)))[:RECIPIENTS_MAX]


def named_recipients(text: str) -> tuple[str, ...]:
    """Where nothing opens a list: addresses beside reply codes, or the first address."""
    lines = _lines_of(text)
    found = _beside_codes(lines)
    found = found or [address for line in lines if (address := _failed_in(line))][:1]
    return tuple(dict.fromkeys(found))[:RECIPIENTS_MAX]


def recipients_of_returned(text: str) -> tuple[str, ...]:
    """The addresses in the To of the returned mail, if its headers stand in the text."""
    lines = text[:TEXT_CHARS_LOOKED_AT].split("\n", LINES_LOOKED_AT)
    field = next((line for line in reversed(lines) if _TO.match(line)), "")
    found = _ADDRESS.findall(field[:LINE_CHARS_LOOKED_AT])
    return tuple(dict.fromkeys(address.lower().strip("'*/") for address in found))


_TO: Final = re.compile(r"(?i)[ \t>]{0,8}to:")


def possible_recipients(text: str) -> frozenset[str]:
    """All addresses in lines that may speak of a failure, and not of sender or help desk."""
    lines = [line.lower() for line in _lines_of(text) if _failed_in(line)]
    return frozenset(found.strip("'*/") for line in lines for found in _ADDRESS.findall(line))


_MAIL_FROM: Final = re.compile(r"(?i)mail from:? ?<([^<>@\s]{1,64}@[^<>\s]{1,250})>")


def _lines_of(text: str) -> list[str]:
    """The lines of a report without those that speak of the sender a transcript names."""
    lines = text.split("\n")
    senders = frozenset(address_in(sender) for sender in _MAIL_FROM.findall(text)) - {""}
    return [line for line in lines if not senders or address_in(line) not in senders]


def _names_sender(line: str) -> bool:
    """A few headers of the mail may stand inside the report; its To is no list of failures."""
    return line.lstrip().lower().startswith(("to:", "from:", "cc:"))


def _below_opening(lines: list[str]) -> list[str]:
    found: list[str] = []
    opened = False
    for line in lines:
        address = _failed_in(line)
        if not opened:
            words = line.lower()
            opened = any(opening in words for opening in machines.RECIPIENT_OPENINGS)
            if opened and address:
                return [address]
        elif address and (not found or _is_listed(line, address)):
            found.append(address)
        elif found and not line.strip():
            break
    return found


def _is_listed(line: str, address: str) -> bool:
    """Whether a line is one more entry of a list, and not words about the entry above."""
    return line.lower().lstrip("<'\"*[>(-\t ").startswith(address)


def _beside_codes(lines: list[str]) -> list[str]:
    return [
        address for line in lines if _REPLY_CODE.search(line) and (address := _failed_in(line))
    ]


def _failed_in(line: str) -> str:
    """The first address of a line, unless the line speaks of somebody else."""
    if "@" not in line:
        return ""
    words = " ".join(line.lower().split())
    if any(phrase in words for phrase in machines.NOT_RECIPIENTS):
        return ""
    return address_in(line)
