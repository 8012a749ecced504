"""Files inside ``winmail.dat`` (TNEF, [MS-OXTNEF]), which only Outlook can open.

Only whole attachments that stand uncompressed in the stream are taken out; compressed RTF and
everything else stays closed, so that nothing can grow. What cannot be read is left alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mailtrack.mail.charset import text_from
from mailtrack.mail.limits import TNEF_FILES_MAX

_SIGNATURE: Final = 0x223E9F78
_ATTACHMENT_LEVEL: Final = 2
_REND_DATA: Final = 0x9002  # begins each attachment
_TITLE: Final = 0x8010
_DATA: Final = 0x800F
_PROPERTIES: Final = 0x9005
_LONG_FILENAME: Final = 0x3707
_DATA_OBJECT: Final = 0x3701
_PROPERTIES_MAX: Final = 200
_FIXED_SIZES: Final = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_STRINGS: Final = frozenset((0x1E, 0x1F, 0x0D, 0x102))


@dataclass(slots=True)
class TnefFile:
    """One attached file: its name as Outlook shows it, and its bytes."""

    name: str = ""
    content: bytes = b""


def tnef_files(stream: bytes) -> tuple[TnefFile, ...] | None:
    """The files in a stream, None if it is no TNEF or is broken before its first file."""
    if len(stream) < 6 or struct.unpack_from("<I", stream)[0] != _SIGNATURE:
        return None
    files: list[TnefFile] = []
    for attribute, content in _attributes(stream):
        if attribute == _REND_DATA:
            if len(files) >= TNEF_FILES_MAX:
                break
            files.append(TnefFile())
        elif files:
            _put(files[-1], attribute, content)
    return tuple(file for file in files if file.content)


def _attributes(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of the attributes of attachments, up to the first broken one."""
    position = 6
    while position + 9 <= len(stream):
        level, attribute, _, length = struct.unpack_from("<BHHI", stream, position)
        start = position + 9
        if start + length > len(stream):
            return
        if level == _ATTACHMENT_LEVEL:
            yield attribute, stream[start : start + length]
        position = start + length + 2  # a checksum follows


def _put(file: TnefFile, attribute: int, content: bytes) -> None:
    if attribute == _TITLE and not file.name:
        file.name = text_from(content.rstrip(b"\0")).text
    elif attribute == _DATA:
        file.content = content
    elif attribute == _PROPERTIES:
        for identity, kind, value in _properties(content):
            if identity == _LONG_FILENAME:
                codec = "utf-16-le" if kind == 0x1F else None
                file.name = text_from(value, codec).text.rstrip("\0") or file.name
            elif identity == _DATA_OBJECT and not file.content and kind == 0x102:
                file.content = value


def _properties(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """MAPI properties as (identity, type, bytes), up to the first that is not understood."""
    position = 4
    for _ in range(_PROPERTIES_MAX):
        if position + 4 > len(content):
            return
        kind, identity = struct.unpack_from("<HH", content, position)
        position += 4
        if identity >= 0x8000:
            position = _after_name(content, position)
        if kind in _FIXED_SIZES:
            position += _FIXED_SIZES[kind]
            continue
        if kind not in _STRINGS or position + 8 > len(content):
            return
        count, length = struct.unpack_from("<II", content, position)
        start = position + 8
        if count != 1 or start + length > len(content):
            return
        yield identity, kind, content[start : start + length]
        position = start + (length + 3) // 4 * 4


def _after_name(content: bytes, position: int) -> int:
    """Where a named property's value begins: behind a GUID and a number or a name."""
    if position + 24 > len(content):
        return len(content)
    by_name, length = struct.unpack_from("<II", content, position + 16)
    return position + 24 + ((length + 3) // 4 * 4 if by_name else 0)
