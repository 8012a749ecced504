"""Mails made to hurt their reader, by the number of their case (security, A81 to A98)."""

from __future__ import annotations

import random

from raw_mail import html_mail, mail, multipart, part, text_mail


def nested(depth: int) -> bytes:
    levels = (
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(depth)
    )
    return b"From: a@b.example\r\n" + "".join(levels).encode() + b"\r\nhello"


def folded(name: str, pieces: int, piece: str) -> str:
    return f"{name}: " + "".join(f"{piece},\r\n ".replace("#", str(n)) for n in range(pieces))


HOSTILE = {
    "a81 header in an encoded word": mail(b"hi", "Subject: =?utf-8?q?a=0D=0ABcc:_x@y?="),
    "a83 name of 5 kB": b'From: "' + b"x" * 5000 + b'" <a@b.example>\r\n\r\nhi',
    "a83 subject of 400 kB": mail(b"hi", "Subject: " + "x" * 400_000),
    "a83 subject of 20,000 words": mail(b"hi", "Subject: " + "=?utf-8?q?a?= " * 20_000),
    "a83 subject of folded words": mail(b"hi", "Subject: " + "=?utf-8?q?a?=\r\n " * 30_000),
    "a83 50,000 fields": b"X-A: b\r\n" * 50_000 + mail(b"hi"),
    "a83 300,000 empty fields": b"a:\r\n" * 300_000,
    "a83 a header of garbage": b"From: a@b\r\n" + b"junk\r\n" * 300_000,
    "a83 a header of blanks": b"From: a@b\r\n" + b" \r\n" * 300_000,
    "a84 1,000 nested multiparts": nested(1000),
    "a84 2,000 nested mails": mail(b"Content-Type: message/rfc822\r\n\r\n" * 2000,
                                   "Content-Type: message/rfc822"),
    "a84 50,000 parts": multipart("mixed", *[part(b"x")] * 50_000),
    "a84 a million false boundaries": mail(b"--bx\r\n" * 1_000_000,
                                           "Content-Type: multipart/mixed; boundary=b"),
    "a84 dashes": mail(b"--\r\n" * 1_000_000, "Content-Type: multipart/mixed; boundary=b"),
    "a84 a line of dashes": mail(b"-" * 1_000_000, "Content-Type: multipart/mixed"),
    "a85 parentheses": mail(b"hi", "Content-Type: " + "(" * 3000),
    "a85 parentheses in From": b"From: " + b"(" * 3000 + b"\r\n\r\nhi",
    "a85 5,000 parameters": mail(b"hi", "Content-Type: text/plain"
                                 + "".join(f"; a{n}=b" for n in range(5000))),
    "a85 3,000 segments": mail(b"hi", "Content-Type: text/plain"
                               + "".join(f";\r\n name*{n}=b" for n in range(3000))),
    "a85 a segment with a huge number": mail(b"hi", "Content-Type: a/b; name*99999999999*=x"),
    "a85 quotes": mail(b"hi", 'Content-Type: text/plain; a=' + '"' * 16_000),
    "a86 id of 2 MB": mail(b"hi", "Message-ID: <" + "a" * 2_000_000 + "@x>"),
    "a86 100,000 references": mail(b"hi", "References: " + "<a@b> " * 100_000),
    "a86 open brackets": mail(b"hi", "References: " + "<" * 16_000),
    "a88 charset rot13": text_mail(b"\xff\xfehello", "rot13"),
    "a88 charset of NUL": text_mail(b"h\xe9", "\0"),
    "a88 script in UTF-7": mail(b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
                                "Content-Type: text/html; charset=utf-7"),
    "a89 20,000 open tags": html_mail("<a " * 20_000),
    "a89 50,000 nested divs": html_mail("<div>" * 50_000 + "words"),
    "a89 50,000 divs in paragraphs": html_mail("<p><div></p>" * 50_000 + "words"),
    "a89 20 MB of HTML": html_mail("<b>x</b>y " * 2_000_000),
    "a89 open comments": html_mail("<!--" * 50_000),
    "a89 open scripts": html_mail("<script>" * 50_000),
    "a89 100,000 attributes": html_mail("<p " + "a=b " * 100_000 + ">"),
    "a89 entities": html_mail("&amp;" * 100_000),
    "a89 brackets": html_mail("<" * 500_000),
    "a89 3,000 tables": html_mail("<table><tr><td>" * 3000),
    "a89 formatting that reopens": html_mail("<b><i><u>" * 80 + "<p>x" * 5000),
    "a89 fonts that reopen": html_mail("<font>" * 250 + "<p>" * 10_000),
    "a89 lists": html_mail("<ul><li>" * 5000),
    "a89 svg": html_mail("<svg><p><style>" * 5000),
    "a93 quotes": text_mail(b"> " * 50_000),
    "a93 attributions in one line": text_mail(b"On x wrote: " * 10_000),
    "a93 attributions": text_mail(b"On x wrote:\r\n" * 10_000),
    "a93 header blocks": text_mail(b"From: a\r\nTo: b\r\n" * 20_000),
    "a93 blanks": text_mail(b" " * 100_000),
    "a93 empty lines": text_mail(b"\r\n" * 100_000),
    "a93 a long word": text_mail(b"a" * 1_000_000),
    "a93 Re: Re: Re:": mail(b"hi", "Subject: " + "Re: " * 5000),
    "a93 begun uuencode": text_mail(b"begin 644 a\r\n" * 20_000),
    "a93 padding": mail(b"=" * 1_000_000, "Content-Transfer-Encoding: base64"),
    "a93 pieces of base64": mail(b"A=\n" * 300_000, "Content-Transfer-Encoding: base64"),
    "a93 soft lines": text_mail(b"a \r\n" * 200_000, "utf-8", format="flowed"),
    "a93 soft breaks": mail(b"=\r\n" * 200_000, "Content-Transfer-Encoding: quoted-printable"),
    "20,000 recipients": mail(b"hi", folded("Cc", 20_000, "a#@b.example")),
    "900 recipient fields": mail(b"hi", *["Cc: a@b.example"] * 900),
    "one line of 10 MB": b"x" * 10_000_000,
    "carriage returns alone": b"From: a@b\r" * 100_000,
    "a98 a million NULs": b"\0" * 1_000_000,
    "a98 noise": random.Random(98).randbytes(1_000_000),
    "a98 noise as text": text_mail(random.Random(99).randbytes(1_000_000)),
    "a98 nothing": b"",
    "a98 an empty line": b"\r\n",
    "a98 a header alone": b"From: a@b.example\r\n",
    "a98 a body alone": b"\r\nhello",
}  # fmt: skip
