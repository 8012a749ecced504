"""Raw mails for the tests of this room, in as few words as a test wants to say."""

from __future__ import annotations

import struct

USUAL = (b"From: Dana <dana@client.example>", b"To: help@desk.example", b"Subject: hi")
HEADER = b"".join(line + b"\r\n" for line in USUAL)


def mail(body: bytes = b"", *fields: str | bytes) -> bytes:
    """A mail of the usual fields, as far as none of ``fields`` replaces them, and a body."""
    lines = [field.encode() if isinstance(field, str) else field for field in fields]
    given = {line.partition(b":")[0] for line in lines}
    kept = [line for line in USUAL if line.partition(b":")[0] not in given]
    return b"".join(line + b"\r\n" for line in (*kept, *lines)) + b"\r\n" + body


def text_mail(body: bytes, charset: str = "", **parameters: str) -> bytes:
    """A mail of one plain text."""
    extra = "".join(f"; {name}={value}" for name, value in parameters.items())
    label = f"; charset={charset}" if charset else ""
    return mail(body, f"Content-Type: text/plain{label}{extra}")


def html_mail(html: str) -> bytes:
    """A mail of one HTML text."""
    return mail(html.encode(), "Content-Type: text/html; charset=utf-8")


def part(content: bytes, *fields: str) -> bytes:
    """One part of a multipart, without its boundary."""
    return b"".join(field.encode() + b"\r\n" for field in fields) + b"\r\n" + content


def multipart(kind: str, *parts: bytes, boundary: str = "b", closed: bool = True) -> bytes:
    """A mail of several parts."""
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + content + b"\r\n" for content in parts)
    end = line + b"--\r\n" if closed else b""
    return mail(body + end, f'Content-Type: multipart/{kind}; boundary="{boundary}"')


def tnef_attribute(number: int, content: bytes, level: int = 2) -> bytes:
    """One attribute of a TNEF stream."""
    checksum = struct.pack("<H", sum(content) & 0xFFFF)
    return struct.pack("<BHHI", level, number, 6, len(content)) + content + checksum


def tnef(*attributes: bytes) -> bytes:
    """A TNEF stream."""
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def tnef_file(title: bytes, content: bytes, properties: bytes = b"") -> bytes:
    """The attributes of one file in a TNEF stream."""
    pieces = [tnef_attribute(0x9002, b"\0" * 14), tnef_attribute(0x8010, title + b"\0")]
    pieces.append(tnef_attribute(0x800F, content))
    if properties:
        pieces.append(tnef_attribute(0x9005, properties))
    return b"".join(pieces)
