"""What people and programs are shown of a mail."""

from __future__ import annotations

import json

from raw_mail import mail, multipart, part

from mailtrack.mail.inspect import as_json, page

REPLY = mail(
    b"New words.\r\n\r\nOn Mon, 2 Mar 2026 at 10:00, Help <help@desk.example> wrote:\r\n"
    b"> Old words.\r\n",
    "Message-ID: <a@b>",
    "References: <c@d>",
)


def test_the_object_has_the_keys_of_the_public_score():
    shown = as_json(REPLY)
    assert shown["from"] == {"email": "dana@client.example", "name": "Dana"}
    assert shown["to"] == ["help@desk.example"]
    assert shown["reply"] == "New words."
    assert shown["references"] == ["<c@d>"]
    assert set(shown) >= {
        "subject", "text", "attachments", "kind", "bounce", "message_id", "in_reply_to",
        "language", "defects",
    }  # fmt: skip
    json.dumps(shown)


def test_an_address_is_shown_as_it_was_written_even_where_it_names_nobody():
    shown = as_json(
        "From: Jö <jö@mächine.example>\r\nTo: a@under_score.example\r\n\r\n".encode()
    )
    assert shown["from"] == {"email": "jö@mächine.example", "name": "Jö"}
    assert shown["to"] == ["a@under_score.example"]


def test_the_page_says_what_is_new_and_what_was_cut():
    shown = page(REPLY)
    assert "Dana <dana@client.example>" in shown
    assert "New words\n  New words.\n" in shown
    assert "Cut as somebody else's words, by the rule" in shown
    assert "  | > Old words." in shown


def test_the_page_names_files_and_what_is_broken():
    raw = multipart(
        "mixed", part(b"words"), part(b"x", "Content-Type: image/png"), closed=False
    )
    shown = page(raw.replace(b"From: Dana <", b"From: <a@b> <"))
    assert "1. attachment-2.png (image/png, 3 bytes)" in shown
    assert "(not one clear address: it proves nothing)" in shown
    assert "mime.unclosed" in shown


def test_the_page_folds_a_signature_also_where_nothing_is_quoted():
    shown = page(mail(b"It burns.\r\n\r\nBest regards,\r\nDana\r\n"))
    assert "All words are the writer's\n  It burns.\n" in shown
    assert "Folded as a signature\n  | Best regards,\n  | Dana\n" in shown


def test_only_an_answer_is_said_to_show_no_quote():
    assert "shows no quote" in page(mail(b"It burns.", "In-Reply-To: <a@b>"))
    assert "shows no quote" not in page(mail(b"It burns."))


def test_the_page_of_a_report_says_first_who_was_not_reached():
    report = (
        b"Your message could not be delivered.\r\n\r\n<dana@client.example>: 550 5.1.1 unknown"
        b"\r\n\r\nReceived: from a by b\r\nMessage-ID: <17@desk.example>\r\n"
    )
    shown = page(
        mail(report, "From: MAILER-DAEMON@x.example", "Subject: Undelivered Mail Returned")
    )
    assert "Not delivered for good to dana@client.example: 5.1.1" in shown
    assert shown.index("Not delivered") < shown.index("What the machine says")


def test_the_page_cannot_steer_a_terminal():
    shown = page(b"From: a@b.example\r\nSubject: \x1b[2Jx\r\n\r\n\x1b]0;title\x07\x9b words")
    assert not any(char < " " and char != "\n" for char in shown)
    assert "\x9b" not in shown


def test_the_page_of_nothing_is_a_page():
    assert "No words" in page(b"")
