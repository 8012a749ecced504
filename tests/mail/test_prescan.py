"""The skeleton of a mail: parts found in one pass, whatever their boundaries are."""

from __future__ import annotations

import pytest
from raw_mail import HEADER, mail, multipart, part

from mailtrack.mail.limits import FALSE_BOUNDARIES_MAX, MIME_DEPTH_MAX, PARTS_MAX
from mailtrack.mail.prescan import Node, prescan


def bodies(raw: bytes) -> list[bytes]:
    skeleton = prescan(raw)
    found, waiting = [], [skeleton.root]
    while waiting:
        node: Node = waiting.pop()
        waiting.extend(reversed(node.children))
        if not node.children:
            found.append(skeleton.raw[node.start : node.end])
    return found


MIXED = "Content-Type: multipart/mixed; boundary=b"
INNER = b"Content-Type: multipart/alternative; boundary=b2\n\n--b2\n\none\n--b2\n\ntwo\n"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (mail(b"--b\n\none\n--b\n\ntwo\n--b--\nepilogue", MIXED), [b"one", b"two"]),
        (mail(b"--b\r\n\r\none\r\n--b--", MIXED), [b"one"]),
        (mail(b"pre\n--b  \n\none\n--b--", MIXED), [b"one"]),
        (mail(b"--b\n\none\n--b\n\ntwo", MIXED), [b"one", b"two"]),
        (mail(b"--b\n\none\n--bc\ntwo\n--b--", MIXED), [b"one\n--bc\ntwo"]),
        (mail(b"--b\n\none\n--b-->\nepilogue", MIXED), [b"one"]),
        (mail(b"--b\n\n--b\n\ntwo\n--b--", MIXED), [b"", b"two"]),
        (mail(b"--b\n" + INNER + b"--b2--\n--b\n\nthree\n--b--", MIXED),
         [b"one", b"two", b"three"]),
        (mail(b"--b\n" + INNER + b"--b\n\nthree\n--b--", MIXED), [b"one", b"two", b"three"]),
        (mail(b"--x\nContent-Type: text/plain\n\none\n--x--", MIXED), [b"one"]),
        (mail(b"--x\nContent-Type: text/plain\n\none\n--x--", "Content-Type: multipart/mixed"),
         [b"one"]),
        (mail(b"just text", MIXED), [b"just text"]),
    ],
)  # fmt: skip
def test_parts_are_found(raw, found):
    assert bodies(raw) == found


def test_line_ends_of_carriage_returns_alone_are_understood():
    assert bodies(b"Subject: x\r\rbody\r") == [b"body\n"]


def test_parts_at_the_bound_are_read_and_one_more_makes_the_mail_deep():
    at_bound = multipart("mixed", *[part(b"x")] * (PARTS_MAX - 1))
    beyond = multipart("mixed", *[part(b"x")] * PARTS_MAX)
    assert (prescan(at_bound).deep, prescan(at_bound).parts) == ("", PARTS_MAX)
    assert prescan(beyond).deep == "parts"


def nested(depth: int) -> bytes:
    levels = (f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return HEADER + "".join(levels).encode() + b"\nhello"


def test_nesting_at_the_bound_is_read_and_one_more_makes_the_mail_deep():
    assert prescan(nested(MIME_DEPTH_MAX)).deep == ""
    assert prescan(nested(MIME_DEPTH_MAX + 1)).deep == "depth"


def test_lines_that_only_begin_like_a_boundary_are_counted():
    at_bound = mail(b"--bx\n" * FALSE_BOUNDARIES_MAX + b"--b\n\n--b--", MIXED)
    beyond = mail(b"--bx\n" * (FALSE_BOUNDARIES_MAX + 1) + b"--b\n\n--b--", MIXED)
    assert prescan(at_bound).deep == ""
    assert prescan(beyond).deep == "boundaries"
