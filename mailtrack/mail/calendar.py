"""The words of an invitation (RFC 5545), for a mail that says nothing but ``text/calendar``."""

from __future__ import annotations

import re
from typing import Final

from mailtrack.mail.limits import CALENDAR_LINES_MAX

_SHOWN: Final = {
    "SUMMARY": "",
    "DTSTART": "Begins: ",
    "DTEND": "Ends: ",
    "LOCATION": "Where: ",
    "DESCRIPTION": "",
}
_LINE: Final = re.compile(r"([A-Z-]{1,40})((?:;[^:\n]{0,200})?):(.*)")
_ZONE: Final = re.compile(r'TZID="?([^";:]{1,60})')
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?\Z")
_ESCAPES: Final = (("\\n", "\n"), ("\\N", "\n"), ("\\,", ","), ("\\;", ";"), ("\\\\", "\\"))


def invitation_text(calendar: str) -> str:
    """What the first event is called, when and where it is; ``""`` if there is no event."""
    unfolded = calendar.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    _, begin, event = unfolded.partition("BEGIN:VEVENT")
    if not begin:
        return ""
    found: dict[str, str] = {}
    for line in event.split("\n", CALENDAR_LINES_MAX)[:CALENDAR_LINES_MAX]:
        match = _LINE.match(line)
        if line.startswith("END:VEVENT"):
            break
        if match and match[1] in _SHOWN and match[3].strip():
            found.setdefault(match[1], _shown(match[1], match[2], match[3].strip()))
    return "\n".join(label + found[name] for name, label in _SHOWN.items() if name in found)


def _shown(name: str, parameters: str, value: str) -> str:
    if name not in ("DTSTART", "DTEND"):
        for escaped, plain in _ESCAPES:
            value = value.replace(escaped, plain)
        return value
    time = _TIME.match(value)
    if not time:
        return value
    year, month, day, hour, minute, utc = time.groups()
    zone = _ZONE.search(parameters)
    clock = f" {hour}:{minute}" if hour else ""
    place = " UTC" if utc else f" {zone[1]}" if zone else ""
    return f"{year}-{month}-{day}{clock}{place}"
