"""Outgoing bytes: total for any value, read back as meant, blocked when not ours."""

from __future__ import annotations

import email
import email.policy
import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.compose import (
    BASE64_BLOCK_BYTES,
    HEADER_CHARS_MAX,
    ID_CHARS_MAX,
    LetterBlocked,
    header_text,
    letter_bytes,
    needs_smtputf8,
)
from mailtrack.mail.gate import BLOCK_BYTES, LINE_BYTES_MAX, let_through
from mailtrack.mail.message import AttachmentRef, InlineFile, OutgoingMail

CARA = Address("cara", "cust.example")
DESK = Address("support", "help.example")
PLAIN = OutgoingMail(
    mail_from=DESK,
    recipient=CARA,
    sender=Mailbox("Ivan (Example Help)", DESK),
    to=(Mailbox("Cara Smith", CARA),),
    subject="[#1] Printer on fire",
    text="Step back.\n",
    message_id="<r7@help.example>",
    date=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
)


def nothing(_: AttachmentRef) -> bytes:
    raise AssertionError("there is nothing to fetch")


def raw_of(mail: OutgoingMail, content: bytes = b"") -> bytes:
    return letter_bytes(mail, lambda _: content)


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part_types(raw: bytes) -> list[str]:
    return [part.get_content_type() for part in read(raw).walk()]


def test_a_plain_letter_reads_as_it_was_meant_to_the_byte() -> None:
    assert letter_bytes(PLAIN, nothing) == (
        b'From: "Ivan (Example Help)" <support@help.example>\r\n'
        b'To: "Cara Smith" <cara@cust.example>\r\n'
        b"Subject: [#1] Printer on fire\r\n"
        b"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n"
        b"Message-ID: <r7@help.example>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n"
        b"Step back.\r\n"
    )


def test_the_same_value_gives_the_same_bytes() -> None:
    mail = replace(
        PLAIN, html="<p>Step back.</p>", attachments=(AttachmentRef("a", 1, "x", "", 1),)
    )
    assert raw_of(mail, b"x") == raw_of(mail, b"x")


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?q?a=0D=0ABcc:_x@evil.example?=",
        "a\r\nBcc: x@evil.example",
        "a\nBcc: x@evil.example",
        "a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029Bcc: x@evil.example",
        "a\x00b",
        "\ud800 half a character",
        "\u202etxet sdrawkcab",
        "{ticket.token}%s\nBcc: x",
        "",
        " ",
        "x" * 5000,
        "щ" * 5000,
        "é " * 2000,
    ],
)
def test_a_hostile_subject_stays_one_header(subject: str) -> None:
    raw = raw_of(replace(PLAIN, subject=subject))
    message = read(raw)
    assert message.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    ]  # fmt: skip
    assert message["Subject"] == header_text(subject)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  two   blanks\t", "two blanks"),
        ("=?x?=", "= ?x?="),
        ("==??", "== ??"),
        ("zero\u200bwidth", "zero width"),
        ("e\u0301", "é"),
        ("x" * HEADER_CHARS_MAX, "x" * HEADER_CHARS_MAX),
        ("x" * (HEADER_CHARS_MAX + 1), "x" * HEADER_CHARS_MAX),
        ("[#1042] Принтер 🔥", "[#1042] Принтер 🔥"),
    ],
)
def test_header_text_leaves_one_fit_line(value: str, text: str) -> None:
    assert header_text(value) == text
    assert header_text(text) == text


def test_the_ascii_beginning_of_a_subject_stays_readable_on_the_wire() -> None:
    raw = raw_of(replace(PLAIN, subject="Re: [#1042] Принтер горит"))
    assert b"Subject: Re: [#1042] =?utf-8?B?" in raw or b"Subject: Re: [#1042]\r\n =?" in raw
    assert read(raw)["Subject"] == "Re: [#1042] Принтер горит"


def test_encoded_words_and_their_lines_stay_within_their_bounds() -> None:
    raw = raw_of(replace(PLAIN, subject="Щ" * 300, sender=Mailbox("Ж" * 100, DESK)))
    words = re.findall(rb"=\?utf-8\?B\?[^?]*\?=", raw)
    assert words
    assert max(map(len, words)) <= 75
    head = raw[: raw.index(b"\r\n\r\n")]
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_long_ids_stay_whole_in_references_and_in_reply_to() -> None:
    long = f"<{'a' * 200}@exchange.example>"
    raw = raw_of(replace(PLAIN, in_reply_to=long, references=("<first@x.example>", long)))
    assert f"In-Reply-To: {long}\r\n".encode() in raw
    assert f"References: <first@x.example>\r\n {long}\r\n".encode() in raw
    assert b"=?" not in raw


@pytest.mark.parametrize(
    ("chars", "is_kept"), [(ID_CHARS_MAX, True), (ID_CHARS_MAX + 1, False)]
)
def test_an_id_at_the_bound_is_kept_and_one_past_it_is_left_out(
    chars: int, is_kept: bool
) -> None:
    one = f"<{'a' * (chars - 4)}@x>"
    assert (one.encode() in raw_of(replace(PLAIN, references=(one,)))) is is_kept


@pytest.mark.parametrize(
    "evil", ["<a\r\nBcc: x@y>", "no brackets", "<a b@c>", "<я@x>", "<>", ""]
)
def test_a_foreign_id_that_is_none_is_not_echoed(evil: str) -> None:
    raw = raw_of(replace(PLAIN, in_reply_to=evil, references=(evil, "<good@x>")))
    assert b"In-Reply-To" not in raw
    assert b"References: <good@x>\r\n" in raw


def test_references_keep_the_first_and_the_last_nine() -> None:
    ids = tuple(f"<{number}@x>" for number in range(12))
    kept = read(raw_of(replace(PLAIN, references=ids)))["References"].split()
    assert kept == ["<0@x>", *(f"<{number}@x>" for number in range(3, 12))]


@pytest.mark.parametrize(
    "text",
    [
        "Привет,\nкак дела?\n",
        "From the start\n.\n..\n",
        "trailing blank \t\nnext",
        "x" * 3000,
        "щ" * 3000 + "\n",
        "= =3D =\n",
        "a\r\nb\rc\n",
        "--=_boundary\n--=_boundary--\n",
        "",
    ],
)
def test_text_comes_back_as_it_was_written(text: str) -> None:
    raw = raw_of(replace(PLAIN, text=text))
    body = read(raw).get_payload(decode=True)
    assert isinstance(body, bytes)
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    assert body.decode().replace("\r\n", "\n").rstrip("\n") == expected.rstrip("\n")
    assert b"\r\nFrom the" not in raw


def test_html_an_inline_picture_and_a_file_stand_where_readers_look_for_them() -> None:
    picture = InlineFile("chart.png", "image/png", b"png", "<chart@help.example>")
    mail = replace(
        PLAIN,
        html='<img src="cid:chart@help.example">',
        files=(picture,),
        attachments=(AttachmentRef("a", 1, "log.txt", "text/plain", 3),),
    )
    assert part_types(raw_of(mail, b"log")) == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related",
        "text/html", "image/png", "text/plain",
    ]  # fmt: skip


def test_a_picture_that_the_html_does_not_show_is_an_attachment() -> None:
    picture = InlineFile("logo.png", "image/png", b"png", "<logo@x>")
    raw = raw_of(replace(PLAIN, html="<p>no picture</p>", files=(picture,)))
    assert part_types(raw)[0] == "multipart/mixed"
    assert b"Content-Disposition: attachment" in raw


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("фото из отпуска.jpg", "фото из отпуска.jpg"),
        ('a"b;c\\d.txt', 'a"b;c_d.txt'),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a\r\nBcc: x.txt", "a Bcc: x.txt"),
        ("", "file"),
    ],
)
def test_a_file_name_is_a_name_and_never_a_header(name: str, shown: str) -> None:
    mail = replace(PLAIN, attachments=(AttachmentRef("a", 1, name, "image/jpeg", 3),))
    parts = list(read(raw_of(mail, b"abc")).iter_attachments())
    assert [part.get_filename() for part in parts] == [shown]
    assert parts[0].get_payload(decode=True) == b"abc"


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ("image/JPEG", "image/jpeg"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("text/plain\r\nBcc: x@y", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_declared_type_is_sent_only_if_it_can_be(declared: str, sent: str) -> None:
    mail = replace(PLAIN, attachments=(AttachmentRef("a", 1, "x", declared, 3),))
    assert part_types(raw_of(mail, b"abc"))[-1] == sent


def test_what_fetching_raises_is_passed_on() -> None:
    def gone(_: AttachmentRef) -> bytes:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        letter_bytes(replace(PLAIN, attachments=(AttachmentRef("a", 1, "x", "", 3),)), gone)


@pytest.mark.parametrize(
    "mail",
    [
        replace(PLAIN, recipient=Address("mallory", "evil.example")),
        replace(PLAIN, headers=(("Bcc", "x@evil.example"),)),
        replace(PLAIN, headers=(("Auto-Submitted", "a"), ("Auto-Submitted", "b"))),
        replace(PLAIN, headers=(("X-Mailtrack-Ticket\r\nBcc", "x"),)),
        replace(PLAIN, message_id="<a\r\nBcc: x@y>"),
        replace(PLAIN, message_id="none"),
        replace(
            PLAIN, to=(Mailbox("", CARA), Mailbox("", Address("a\r\nBcc: x", "y.example")))
        ),
        replace(PLAIN, sender=Mailbox("", Address("a b", "help.example"))),
        replace(PLAIN, to=(Mailbox("", Address("cara", "cust.example, x@evil.example")),)),
    ],
)
def test_what_is_not_ours_to_send_is_blocked(mail: OutgoingMail) -> None:
    with pytest.raises(LetterBlocked):
        letter_bytes(mail, nothing)


GOOD = letter_bytes(PLAIN, nothing)
MANY_LINES = GOOD + (b"y" * 76 + b"\r\n") * (BLOCK_BYTES // 78 + 1)


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.replace(b"Subject:", b"Bcc: x@evil.example\r\nSubject:"),
        GOOD.replace(b"Subject:", b"Subject: a\r\nSubject:"),
        GOOD.replace(b"Subject:", b"not a header\r\nSubject:"),
        GOOD.replace(b"Date: ", b"X-Date: "),
        GOOD.replace(b"\r\nTo: ", b"\r\nTo: mallory@evil.example, "),
        GOOD.replace(b"\r\nTo: ", b"\r\nCc: mallory@evil.example\r\nTo: "),
        GOOD.replace(b"cara@", b"mallory@"),
        GOOD.replace(b"\r\nTo: ", b"\r\nTo: mallory@evil.example,\r\n "),
        GOOD.replace(b"From: ", b"From: mallory@evil.example, ", 1),
        GOOD.replace(b"From: ", b"From: <a@b.example>", 1),
        GOOD.replace(b"Step", b"St\nep"),
        GOOD.replace(b"Step", b"St\rep"),
        GOOD.replace(b"Step", b"St\0ep"),
        GOOD.replace(b"Step", "Щep".encode()),
        GOOD + b"x" * (LINE_BYTES_MAX + 1),
        GOOD + b"--=_x\r\nX-Evil: 1\r\n\r\nwords\r\n",
        GOOD + b"--=_x\r\nContent-Type: text/plain\r\n",
        GOOD + b"--=_x",
        MANY_LINES + b"x" * (LINE_BYTES_MAX + 1) + b"\r\nx\r\n",
        MANY_LINES + b"--=_x\r\nX-Evil: 1\r\n\r\nwords\r\n",
        GOOD.replace(b"\r\n\r\n", b"\r\n \r\n\r\n"),
    ],
)
def test_the_gate_stops_bytes_that_compose_would_never_write(raw: bytes) -> None:
    with pytest.raises(LetterBlocked):
        let_through(raw, needs_utf8=False, readers=(CARA,))


def test_the_gate_lets_a_line_of_the_longest_length_through() -> None:
    let_through(GOOD + b"x" * LINE_BYTES_MAX, needs_utf8=False, readers=(CARA,))
    let_through(MANY_LINES + b"x" * LINE_BYTES_MAX, needs_utf8=False, readers=(CARA,))


@pytest.mark.parametrize("surplus_bytes", [-1, 0, 1])
@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_a_file_of_any_size_arrives_whole(blocks: int, surplus_bytes: int) -> None:
    content = bytes(range(256)) * ((blocks * BASE64_BLOCK_BYTES) // 256 + 1)
    content = content[: max(blocks * BASE64_BLOCK_BYTES + surplus_bytes, 0)]
    raw = raw_of(replace(PLAIN, files=(InlineFile("a.bin", "application/pdf", content),)))
    (part,) = read(raw).iter_attachments()
    assert part.get_content() == content


def test_smtputf8_is_asked_for_only_when_an_address_needs_it() -> None:
    ivan = Address("іван", "help.example")
    mail = replace(PLAIN, recipient=ivan, to=(Mailbox("Іван", ivan),))
    assert not needs_smtputf8(replace(PLAIN, subject="Принтер", text="горит"))
    assert needs_smtputf8(mail)
    assert "<іван@help.example>".encode() in raw_of(mail)


# --- properties -------------------------------------------------------------------------------

NASTY_PIECES = (
    "\r\n", "\n", "\r", "\0", "=?utf-8?q?=0D=0A?=", "?=", "=?", ",", ";", '"', "\\", "<", ">",
    "@", "(", ")", "\u202e", "\u2028", "\x85", "\ud800", "Bcc: x@evil.example", " ", "щ", "🔥",
    "x" * 90, "{{ 7*7 }}", "%s",
)  # fmt: skip
HOSTILE = st.lists(
    st.one_of(st.sampled_from(NASTY_PIECES), st.text(max_size=20)), max_size=12
).map("".join)


def hostile_values(count: int) -> list[str]:
    """The same values at each run: pieces that have broken builders of mail before."""
    dice = random.Random(20260302)
    return ["".join(dice.choices(NASTY_PIECES, k=dice.randrange(9))) for _ in range(count)]


def test_two_thousand_hostile_subjects_and_names_write_no_header_of_their_own() -> None:
    expected = [name.encode() for name in read(GOOD)]
    for value in hostile_values(2000):
        raw = raw_of(replace(PLAIN, subject=value, sender=Mailbox(value, DESK)))
        head = raw[: raw.index(b"\r\n\r\n")].split(b"\r\n")
        assert [line.split(b":")[0] for line in head if line[:1] != b" "] == expected, value


@settings(max_examples=80, deadline=None)
@given(subject=HOSTILE, name=HOSTILE, text=HOSTILE, filename=HOSTILE)
def test_no_value_raises_or_writes_a_foreign_header(
    subject: str, name: str, text: str, filename: str
) -> None:
    mail = replace(
        PLAIN,
        subject=subject,
        sender=Mailbox(name, DESK),
        to=(Mailbox(name, CARA),),
        text=text,
        references=(subject, name),
        attachments=(AttachmentRef("a", 1, filename, name, 1),),
        headers=(("X-Mailtrack-Queue", name),),
    )
    message = read(raw_of(mail, b"x"))
    assert message["Subject"] == header_text(subject)
    assert [address for _, address in getaddresses([str(message["To"])])] == [str(CARA)]
    assert [address for _, address in getaddresses([str(message["From"])])] == [str(DESK)]
    assert message["Bcc"] is None
    assert len(list(message.iter_attachments())) == 1


@settings(max_examples=80, deadline=None)
@given(
    value=HOSTILE,
    where=st.sampled_from(["message_id", "in_reply_to", "local", "domain", "header", "type"]),
)
def test_values_that_should_have_been_clean_are_blocked_or_harmless(
    value: str, where: str
) -> None:
    address = Address(
        value if where == "local" else "a", value if where == "domain" else "x.example"
    )
    mail = replace(
        PLAIN,
        recipient=address,
        to=(Mailbox("", address),),
        message_id=value if where == "message_id" else PLAIN.message_id,
        in_reply_to=value if where == "in_reply_to" else None,
        headers=((value, "x"),) if where == "header" else (),
    )
    try:
        raw = raw_of(mail)
    except LetterBlocked:
        return
    assert read(raw)["Bcc"] is None
    let_through(raw, needs_utf8=needs_smtputf8(mail), readers=(address,))


@settings(max_examples=80, deadline=None)
@given(HOSTILE)
def test_header_text_is_total_bounded_and_stable(value: str) -> None:
    text = header_text(value)
    assert len(text) <= HEADER_CHARS_MAX
    assert "=?" not in text
    assert len(text.splitlines()) <= 1
    assert header_text(text) == text
