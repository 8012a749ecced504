"""Real mails made wrong: each mutation is one that networks, gateways and enemies make.

The same seed and the same mails give the same mutants, so that a red run can be repeated.
"""

import base64
import quopri
import random
from collections.abc import Callable, Iterator, Sequence

SIZE_BYTES_MAX = 60_000
NOISE = (
    b"\0", b"\r", b"\n", b"\r\n\r\n", b"\x80", b"\xff\xfe", b"--", b"<", b'"', b"(", b"=?",
    b"?=", b"=", b";", b"Content-Type: multipart/mixed; boundary=b\r\n", b"\x1b$B",
    b"\xe2\x80\xae", b"From: ", b"\t", b" " * 300,
)  # fmt: skip
CHARSETS = (b"utf-7", b"koi8-r", b"gb2312", b"iso-2022-jp", b"rot13", b"utf-16", b"x-unknown")

Mutation = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def cut(raw: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """A stretch is missing, often the end: a connection broke."""
    start = chance.randrange(len(raw) + 1)
    end = len(raw) if chance.random() < 0.5 else chance.randrange(start, len(raw) + 1)
    return raw[:start] + raw[end:]


def splice(raw: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """The beginning of one mail and the end of another."""
    other = chance.choice(others)
    return raw[: chance.randrange(len(raw) + 1)] + other[chance.randrange(len(other) + 1) :]


def cross(raw: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """The header of one mail above the body of another."""
    head, _, _ = raw.partition(b"\n\n" if b"\r\n\r\n" not in raw else b"\r\n\r\n")
    return head + b"\r\n\r\n" + chance.choice(others)[-SIZE_BYTES_MAX // 2 :]


def nest(raw: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Mails inside mails, attached or bare, a few deep."""
    for level in range(chance.randrange(1, 8)):
        bound = f"n{level}".encode()
        head = b"From: a@b.example\r\nSubject: nested\r\nContent-Type: "
        if chance.random() < 0.5:
            raw = head + b"message/rfc822\r\n\r\n" + raw
        else:
            parts = (b"\r\n--%b\r\nContent-Type: message/rfc822\r\n\r\n%b" % (bound, one)
                     for one in (raw, chance.choice(others)[:2000]))  # fmt: skip
            raw = head + b"multipart/digest; boundary=" + bound + b"\r\n" + b"".join(parts)
    return raw


def encode(raw: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """The whole body in another transfer encoding, under a right or a wrong label."""
    head, blank, body = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")
    coded = base64.encodebytes(body) if chance.random() < 0.5 else quopri.encodestring(body)
    label = chance.choice((b"base64", b"quoted-printable", b"8bit", b"x-uuencode", b"binary"))
    return b"Content-Transfer-Encoding: " + label + b"\r\n" + head + blank + coded


def relabel(raw: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Another charset's name over the same bytes."""
    for known in (b"utf-8", b"UTF-8", b"us-ascii", b"iso-8859-1", b"ISO-8859-1"):
        raw = raw.replace(known, chance.choice(CHARSETS))
    return raw


def flip(raw: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Bits change in a few bytes."""
    changed = bytearray(raw)
    for _ in range(chance.randrange(1, 40)):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def insert(raw: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Bytes that mean something somewhere, where they do not belong; most in the header."""
    for _ in range(chance.randrange(1, 12)):
        place = chance.randrange(min(len(raw), 2000 if chance.random() < 0.7 else len(raw)) + 1)
        raw = raw[:place] + chance.choice(NOISE) * chance.choice((1, 1, 1, 50)) + raw[place:]
    return raw


def shuffle(raw: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Lines change their places within a window."""
    lines = raw.split(b"\n")
    start = chance.randrange(len(lines))
    window = lines[start : start + 30]
    chance.shuffle(window)
    return b"\n".join(lines[:start] + window + lines[start + 30 :])


def repeat(raw: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """A stretch stands there many times."""
    start = chance.randrange(len(raw) + 1)
    piece = raw[start : start + chance.randrange(1, 200)]
    return raw[:start] + piece * chance.randrange(2, 100) + raw[start:]


MUTATIONS: tuple[Mutation, ...] = (
    cut, splice, cross, nest, encode, relabel, flip, insert, shuffle, repeat,
)  # fmt: skip


def mutants(mails: Sequence[bytes], count: int, *, seed: int) -> Iterator[bytes]:
    """So many mutants of the mails, each after one to four mutations."""
    chance = random.Random(seed)
    for _ in range(count):
        raw = chance.choice(mails)
        for mutation in chance.choices(MUTATIONS, k=chance.randrange(1, 5)):
            raw = mutation(raw, chance, mails)[:SIZE_BYTES_MAX]
        yield raw
