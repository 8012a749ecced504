"""Mails made to break a reader, the desk, the store, or the letters that follow from them.

Each is handled to the end like any other mail, becomes a ticket, and its ticket can be worked.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from adversary.scene import ADA, CARA, IVAN, MALLORY, SUPPORT, Scene, new_scene
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrack.desk.policy import Policy
from mailtrack.mail.parse import parse
from mailtrack.tickets.decision import Disposition

USUAL = {
    "From": f"Cara <{CARA}>", "To": SUPPORT, "Subject": "Printer",
    "Message-ID": "<h@cust.example>", "Date": "Mon, 2 Mar 2026 09:00:00 +0200",
}  # fmt: skip


_SECONDS = itertools.count()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Scene]:
    """One desk for all bombs: each has to leave it as it was for the next."""
    scene = new_scene(tmp_path_factory.mktemp("bombs"), policy, name="bombs")
    yield scene
    scene.stage.close()


def raw(body: bytes = b"It burns.", **fields: bytes | None) -> bytes:
    """A mail of the usual fields; `subject=b"…"` replaces one, None leaves it out."""
    head = {name: value.encode() for name, value in USUAL.items()}
    # Each of another second: otherwise two bombs without an id would be one mail.
    head["Date"] = b"Mon, 2 Mar 2026 09:%02d:%02d +0200" % divmod(next(_SECONDS) % 3600, 60)
    for name, value in fields.items():
        key = next((k for k in head if k.lower() == name.replace("_", "-").lower()), name)
        head.pop(key, None)
        if value is not None:
            head[key.replace("_", "-")] = value
    return b"".join(k.encode() + b": " + v + b"\r\n" for k, v in head.items()) + b"\r\n" + body


def nested(depth: int) -> bytes:
    head = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(depth)
    )
    return b"From: a@b.example\r\nTo: support@help.example\r\n" + head + b"\r\nDeep.\r\n"


def messages(depth: int) -> bytes:
    return (
        b"From: a@b.example\r\nTo: support@help.example\r\n"
        + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nDeep.\r\n"
    )  # fmt: skip


def parts(count: int) -> bytes:
    return raw(
        b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n", content_type=b"multipart/mixed; boundary=b"
    )


def files(*names: bytes) -> bytes:
    heads = (b"Content-Disposition: attachment; " + name for name in names)
    return b"".join(b"--b\r\n" + head + b"\r\n\r\nx\r\n" for head in heads) + b"--b--\r\n"


BOMBS: dict[str, Callable[[], bytes]] = {
    "A81 injection in an encoded subject": lambda: raw(
        subject=b"=?utf-8?q?a=0D=0ABcc:_victim@third.example=0D=0A?="
    ),
    "A82 strange characters": lambda: raw(
        subject=b"=?utf-8?q?a=0B=1C=E2=80=A8=C2=85=00=E2=80=AE=1B[31m?=",
        **{"from": b"=?utf-8?q?Ca=0D=0ABcc=3A_x=E2=80=AEra?= <cara@cust.example>"},
    ),
    "A83 long name": lambda: raw(**{"from": b'"' + b"n" * 900 + b'" <cara@cust.example>'}),
    "A83 subject of 400 kB": lambda: raw(subject=b"long " * 80_000),
    "A83 encoded subject of 400 kB": lambda: raw(subject=b"=?utf-8?q?a?= " * 30_000),
    "A83 50 k headers": lambda: raw(**{"X-A": b"1\r\n" + b"X-B: 2\r\n" * 50_000 + b"X-C: 3"}),
    "A84 nested 1000": lambda: nested(1000),
    "A84 rfc822 2000": lambda: messages(2000),
    "A84 50 k parts": lambda: parts(50_000),
    "A85 open brackets": lambda: raw(content_type=b"(" * 3000),
    "A85 5000 parameters": lambda: raw(content_type=b"text/plain" + b"; a=b" * 5000),
    "A85 3000 segments": lambda: raw(
        content_type=b"text/plain" + b"".join(b"; name*%d*=x" % n for n in range(3000))
    ),
    "A85 huge segment number": lambda: raw(content_type=b"text/plain; name*99999999999*=x"),
    "A86 id <@>": lambda: raw(**{"Message-ID": b"<@>"}),
    "A86 empty id": lambda: raw(**{"Message-ID": b""}),
    "A86 id <[]@x>": lambda: raw(**{"Message-ID": b"<[]@x>"}),
    "A86 no id": lambda: raw(**{"Message-ID": None}),
    "A86 id of 2 MB": lambda: raw(**{"Message-ID": b"<" + b"i" * 2_000_000 + b"@x>"}),
    "A86 id with strange bytes": lambda: raw(**{"Message-ID": b"<\xff\x00\xed\xa0\x80@x>"}),
    "A87 date of a far year": lambda: raw(date=b"Mon, 1 Jan 10000000000000 00:00:00 +0000"),
    # Without a date that can be read, one id with the same words is one mail: each has its own.
    "A87 no date": lambda: raw(date=b"", message_id=b"<a87-1@cust.example>"),
    "A87 zone": lambda: raw(
        date=b"Mon, 2 Mar 2026 09:00:00 +9999999", message_id=b"<a87-2@cust.example>"
    ),
    "A87 year 1": lambda: raw(date=b"Mon, 1 Jan 0001 00:00:00 +1400"),
    "A87 year 9999": lambda: raw(
        date=b"Fri, 31 Dec 9999 23:59:59 -1400", message_id=b"<a87-3@cust.example>"
    ),
    **{
        f"A88 charset {name!r}": lambda name=name: raw(
            b"+ADw-script+AD4- \x00\xff", content_type=b"text/plain; charset=" + name
        )
        for name in (b"rot13", b"zlib", b"utf-7", b"\\0", b"idna", b"unicode_escape", b"x" * 99)
    },
    "A89 tags without end": lambda: raw(b"<a " * 20_000, content_type=b"text/html"),
    "A89 deep html": lambda: raw(b"<div>" * 20_000, content_type=b"text/html"),
    "A92 file names": lambda: raw(
        files(
            b"filename*=utf-8''..%2f..%2fetc%2fpasswd%00.txt",
            b"filename=CON; filename=b",
            b'filename="=?utf-8?q?a=0D=0ABcc:_x=E2=80=AEgpj.exe?="',
            b"filename=" + b"n" * 4000,
        ),
        content_type=b"multipart/mixed; boundary=b",
    ),
    "A93 quote runs": lambda: raw(b"> > > " * 17_000, **{"In-Reply-To": b"<a@b>"}),
    "A93 wrote runs": lambda: raw(
        b"On On On wrote: " * 6_000 + b"\r\n" * 20_000, subject=b"Re: x"
    ),
    "A93 brackets": lambda: raw(b"[" * 100_000, subject=b"[" * 900),
    "A94 template": lambda: raw(b"{{ 7*7 }} {% for x in y %}", subject=b"{{ 7*7 }} {% raw %}"),
    "A98 only a head": lambda: raw(b"").rstrip(),
    "A111 sql": lambda: raw(b"'; DROP TABLE ticket;--", subject=b"%_' OR \"1\"=\"1\" \\"),
    "surrogates": lambda: raw(
        b"\xed\xa0\x80\xed\xb0\x80", subject=b"\xed\xa0\x80 =?utf-8?q?=ED=A0=80?=",
        **{"from": b"\xed\xa0\x80 <cara@cust.example>"},
    ),
    "surrogates in utf-16": lambda: raw(
        b"\xd8\x00\xd8\x00", content_type=b"text/plain; charset=utf-16-be"
    ),
    "10 k recipients": lambda: raw(to=b", ".join(b"a%d@x.example" % n for n in range(10_000))),
    "many references": lambda: raw(references=b" ".join(b"<%d@x>" % n for n in range(20_000))),
    "partner tags": lambda: raw(subject=b"[ACME-991] " * 200),
    "numbers": lambda: raw(subject=b"[#999999999999] #0 #00 #99999 " * 30),
}  # fmt: skip
SECONDS_MAX = 8.0  # far above what any takes alone; the machine is shared


@pytest.mark.parametrize("make", BOMBS.values(), ids=list(BOMBS))
def test_a81_to_a98_a_mail_made_to_break_us_becomes_a_ticket_that_can_be_worked(
    desk: Scene, make: Callable[[], bytes]
) -> None:
    desk.stage.move_to(desk.stage.now + timedelta(hours=2))
    before = len(desk.stage.left)
    started = time.monotonic()
    handled = desk.send(make(), mail_from=CARA)
    assert time.monotonic() - started < SECONDS_MAX
    assert handled.disposition == Disposition.TICKET
    letter = desk.last(IVAN)
    desk.answer(letter, "Switch it off.")
    answer = desk.to_customers()[-1]
    assert answer.name == "answer"
    assert "Switch it off." in answer.text
    assert desk.mail(IVAN, f"[show:{letter.number}]", "").disposition == "command"
    assert desk.last(IVAN, "shown").number == letter.number
    for one in desk.stage.left[before:]:
        assert one.header("Bcc") == ""
        assert "49" not in one.header("Subject")


@pytest.mark.parametrize(
    "sender",
    [b'"' + b"n" * 5000 + b'" <cara@cust.example>', b"=?utf-8?q?x@y?= <cara@cust.example>"],
)
def test_a20_a83_a_from_that_nobody_can_be_sure_of_is_held_and_an_admin_told(
    scene: Scene, sender: bytes
) -> None:
    assert scene.send(raw(**{"from": sender}), mail_from=CARA).disposition == "held"
    scene.answer(scene.last(ADA), "ok")
    assert scene.stage.held_open() == ()


@pytest.mark.parametrize(
    "head",
    [b"", b"\r\n", b"\0", b"\xff" * 5000, b"From", b"\r\n\r\n\r\n", b":" * 999, b"\n.\n"],
)
def test_a98_bytes_that_are_no_mail_are_held_for_an_admin(scene: Scene, head: bytes) -> None:
    assert scene.send(head, mail_from=MALLORY).disposition in ("held", "ticket", "filed")
    assert scene.stage.held_open() or scene.stage.ticket(1)
    assert scene.left_to(ADA) or scene.left_to(IVAN)


def test_a97_one_id_under_different_bytes_is_two_mails(scene: Scene) -> None:
    scene.send(raw(b"One."), mail_from=CARA)
    scene.send(raw(b"Two."), mail_from=CARA)
    assert scene.stage.ticket(1) is not None
    texts = [
        e.text for n in (1, 2) if scene.stage.ticket(n) for e in scene.stage.ticket(n).entries
    ]
    assert texts == ["One.", "Two."]


ARGUMENTS = (
    "", " ", "0", "-1", "9" * 150, "1e9", "\u0663", "999999999999d", "99999w 99999w", "-99999w",
    "0001-01-01", "9999-12-31", "9999-12-31 23:59", "31.12.9999", "2026-02-30", "00:00",
    "99:99",
    "\u202e", "\x00", "\ud800", "'", '"', '" OR *', "*", "NEAR(", "a AND", "^", "{{7*7}}", "%s",
    "..", "../../etc", "ivan, olga", "@", "a@b", "<a@b.example>", "x" * 190,
    "\u0130", "ß", "😀",
    "support", "H1", "#1", "auto", "tag:tag", "from:", "from:x is:open", "cc:" * 20,
)  # fmt: skip
WORDS = (
    "close", "status", "assign", "pass", "queue", "cat", "priority", "tag", "untag", "due",
    "time",
    "tpl", "cc", "uncc", "show", "find", "mine", "why", "undo", "watch", "release",
    "note", "wait",
)  # fmt: skip


@pytest.mark.parametrize("word", ["due", "time", "find"])
def test_no_argument_of_a_command_breaks_the_desk(scene: Scene, word: str) -> None:
    try_arguments(scene, word, ARGUMENTS[::2])


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
def test_no_argument_of_any_command_breaks_the_desk(scene: Scene, word: str) -> None:
    try_arguments(scene, word, ARGUMENTS)


def try_arguments(scene: Scene, word: str, arguments: tuple[str, ...]) -> None:
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(IVAN)
    for argument in arguments:
        typed = argument.encode("utf-8", "replace").decode().replace("\x00", "")
        ended = scene.answer(letter, f"[{word}:{typed}]\nHello.")
        assert ended.disposition in ("entry", "command", "held", "duplicate")
    assert scene.stage.ticket(1) is not None


_junk = st.text(max_size=60)
_values = st.one_of(
    _junk.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=60)
)


@settings(max_examples=25)
@given(subject=_values, name=_values, body=_values, message_id=_values, in_reply_to=_values)
def test_what_a_reader_says_of_any_fields_can_be_stored_and_shown(
    subject: bytes, name: bytes, body: bytes, message_id: bytes, in_reply_to: bytes
) -> None:
    strip = bytes.maketrans(b"\r\n", b"  ")
    mail = parse(raw(
        body, subject=subject.translate(strip), **{"Message-ID": message_id.translate(strip)},
        in_reply_to=in_reply_to.translate(strip),
        **{"from": b'"' + name.translate(strip).replace(b'"', b"") + b'" <cara@cust.example>'},
    ))  # fmt: skip
    texts = [mail.subject, mail.sender_shown, mail.text, mail.reply, mail.message_id or ""]
    texts += [*mail.in_reply_to, *mail.references, *(value for _, value in mail.headers)]
    texts += [mail.sender.name if mail.sender else ""]
    for text in texts:
        text.encode("utf-8")  # raises for a lone surrogate
        assert "\0" not in text
