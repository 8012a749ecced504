"""Delivery reports: RFC 3464, what flufl.bounce knows, and free text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail.meaning import facts_of, facts_of_report

from mailtrack.mail.bounce import RECIPIENTS_MAX, bounce_from
from mailtrack.mail.bounce_text import class_in, own_words, status_in
from mailtrack.mail.message import Bounce

HEAD = """From: MAILER-DAEMON@x.example
Subject: failure
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail came back.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; x.example

"""
RETURNED = """

--b
Content-Type: message/rfc822

From: help@desk.example
Message-ID: <17.1@desk.example>
Subject: x

words
--b--
"""

FAILED = "Final-Recipient: rfc822; a@b.example"


def report(fields: str) -> Bounce | None:
    return bounce_from(facts_of_report(HEAD + fields + RETURNED))


@pytest.mark.parametrize(
    ("fields", "recipients", "status", "permanent"),
    (
        (
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1",
            ("a@b.example",),
            "5.1.1",
            True,
        ),
        (
            "Final-Recipient: rfc822;A@B.example\nAction: delayed\nStatus: 4.4.7 (timed out)",
            ("a@b.example",),
            "4.4.7",
            False,
        ),
        # The address that was written to, not the alias behind it.
        (
            "Original-Recipient: rfc822; a@b.example\nFinal-Recipient: rfc822; x@in.example\n"
            "Action: failed\nStatus: 5.2.2",
            ("a@b.example",),
            "5.2.2",
            True,
        ),
        # A code that says nothing gives way to the one of the remote server.
        (
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-Code: smtp; 550-5.7.1 no",
            ("a@b.example",),
            "5.7.1",
            True,
        ),
        (
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 553 too big",
            ("a@b.example",),
            "5.0.0",
            True,
        ),
        # Several recipients, with and without the blank line between them, one delivered.
        (
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n"
            "Final-Recipient: rfc822; c@b.example\nAction: delivered\nStatus: 2.0.0\n\n"
            "Final-Recipient: rfc822; d@b.example\nAction: failed\nStatus: 5.1.1\n"
            "Final-Recipient: rfc822; e@b.example\nAction: failed\nStatus: 5.2.2",
            ("a@b.example", "d@b.example", "e@b.example"),
            "5.1.1",
            True,
        ),
        (f"{FAILED}\nAction: failed", ("a@b.example",), "5.0.0", True),
        (f"{FAILED}\nAction: delayed", ("a@b.example",), "4.0.0", False),
    ),
)
def test_s66_a_report_of_rfc_3464_is_read(
    fields: str, recipients: tuple[str, ...], status: str, permanent: bool
) -> None:
    found = report(fields)
    assert found is not None
    assert (found.recipients, found.status, found.permanent) == (recipients, status, permanent)
    assert found.original_message_id == "<17.1@desk.example>"


def test_the_diagnostic_is_kept_for_the_agent() -> None:
    found = report(
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.2.2\n"
        "Diagnostic-Code: smtp; 552 5.2.2 mailbox\n  full"
    )
    assert found is not None
    assert found.diagnostic == "smtp; 552 5.2.2 mailbox full"


def test_a_report_that_all_was_delivered_names_nobody() -> None:
    assert report(f"{FAILED}\nAction: delivered\nStatus: 2.0.0") is None


RETURNED_TEXT = (
    "\n\n--- Original message follows.\n\nReturn-Path: <help@desk.example>\n"
    "Message-ID: <17.1@desk.example>\nFrom: help@desk.example\nTo: q@r.example\n\nwords"
)
TEXTS = (
    (
        "Hi. This is the qmail-send program at x.example.\nI'm afraid I wasn't able to deliver "
        "your message to the following addresses.\n\n<a@b.example>:\n192.0.2.1 does not like "
        "recipient.\nRemote host said: 550 5.1.1 no such user",
        ("a@b.example",),
        "5.1.1",
    ),
    (
        "A message that you sent could not be delivered to one or more of its\nrecipients. The "
        "following address(es) failed:\n\n  a@b.example\n    (generated from z@b.example)\n    "
        "host mx.b.example [192.0.2.1]: 554 no\n  c@b.example\n    mailbox is full",
        ("a@b.example", "c@b.example"),
        "5.0.0",
    ),
    (
        "Your message\n\n  To: z@b.example\n  Subject: x\n\ndid not reach the following "
        "recipient(s):\n\na@b.example on Mon, 2 Mar 2026\n    The recipient name is not "
        "recognized",
        ("a@b.example",),
        "5.0.0",
    ),
    (
        "For further assistance, please contact <postmaster@x.example>\n\n<a@b.example>: host "
        "mx[192.0.2.1] said: 452 4.2.2 over quota",
        ("a@b.example",),
        "4.2.2",
    ),
    (
        "THIS IS A WARNING MESSAGE ONLY.\n\nThe following addresses had delivery problems:\n"
        "a@b.example\n\nMessage will be retried for 4 more days",
        ("a@b.example",),
        "4.0.0",
    ),
    (
        "There was an error delivering your mail to <a@b.example>.\n",
        ("a@b.example",),
        "5.0.0",
    ),
    (
        "メールを送信できませんでした。\n<a@b.example>",
        ("a@b.example",),
        "5.0.0",
    ),
    (
        "Не доставлено следующим получателям:\n\na@b.example",
        ("a@b.example",),
        "5.0.0",
    ),
    ("Message from x400\nc=US;a= ;dda:SMTP=a@b.example; unknown", ("a@b.example",), "5.0.0"),
)


@pytest.mark.parametrize(("text", "recipients", "status"), TEXTS)
def test_a_report_in_free_text_is_read(
    text: str, recipients: tuple[str, ...], status: str
) -> None:
    found = bounce_from(facts_of(text + RETURNED_TEXT, from_="MAILER-DAEMON@x.example"))
    assert found is not None
    assert (found.recipients, found.status) == (recipients, status)
    assert found.permanent is status.startswith("5")
    assert found.original_message_id == "<17.1@desk.example>"


def test_the_header_of_exim_and_google_names_who_failed() -> None:
    found = bounce_from(facts_of("Sorry.", x_failed_recipients="a@b.example, c@b.example"))
    assert found is not None
    assert found.recipients == ("a@b.example", "c@b.example")


def test_a_report_that_names_nobody_is_none() -> None:
    assert bounce_from(facts_of("Something was not delivered.")) is None


@pytest.mark.parametrize(
    ("text", "status"),
    (
        ("550 5.1.1 no", "5.1.1"),
        ("(#4.4.1)", "4.4.1"),
        ("5.1.0 - error 550-'5.7.1 no'", "5.7.1"),
        ("Exim 4.94", ""),
        ("192.5.1.1", ""),
        ("2.0.0 ok", ""),
        ("15.1.1", ""),
        ("5.1.1.1", ""),
    ),
)
def test_only_a_failures_code_is_a_status(text: str, status: str) -> None:
    assert status_in(text) == status


@pytest.mark.parametrize(
    ("text", "status"),
    (
        ("said: 550 no", "5.0.0"),
        ("421 later", "4.0.0"),
        ("room 550", "5.0.0"),
        ("$1.550 a", ""),
    ),
)
def test_a_reply_code_gives_the_class(text: str, status: str) -> None:
    assert class_in(text) == status


def test_the_returned_mail_is_not_the_reports_own_words() -> None:
    assert own_words("a@b.example failed\n\nReceived: from x\n\nz@y.example") == (
        "a@b.example failed\n"
    )


@pytest.mark.parametrize("count", (RECIPIENTS_MAX, RECIPIENTS_MAX + 1))
def test_recipients_are_bounded(count: int) -> None:
    fields = "\n\n".join(
        f"Final-Recipient: rfc822; a{number}@b.example\nAction: failed\nStatus: 5.1.1"
        for number in range(count)
    )
    found = report(fields)
    assert found is not None
    assert len(found.recipients) == RECIPIENTS_MAX


@given(st.text(max_size=1500), st.text(max_size=100))
def test_any_text_has_an_answer(text: str, header: str) -> None:
    found = bounce_from(facts_of(text, x_failed_recipients=header))
    assert found is None or found.recipients


@given(st.text(max_size=300))
def test_any_fields_have_an_answer(fields: str) -> None:
    found = report(fields)
    assert found is None or found.recipients


BY_LABEL = """This is the mail system.

For further assistance, please contact <support@provider.example>
If that does not help, write to <desk@provider.example>.

<a@b.example>: host mx.b.example[192.0.2.1] said: 550
    <a@b.example>: User unknown
"""
AFTER_MAIL_FROM = """While talking to mx.b.example:
>>> MAIL From:<me@c.example>
<<< 501 <me@c.example>... no access from mail server
554 <a@b.example>... Remote protocol error
"""
ONLY_RETURNED = """Message could not be delivered to mobile.
Error: No valid recipients for this MM

Original Message:
From: me@c.example
To: a@b.example
Subject: x
"""


@pytest.mark.parametrize("text", (BY_LABEL, AFTER_MAIL_FROM, ONLY_RETURNED))
def test_neither_helpers_nor_senders_are_taken_for_those_not_reached(text: str) -> None:
    found = bounce_from(facts_of(text, subject="Undelivered", from_="MAILER-DAEMON@x.example"))
    assert found is not None and found.recipients == ("a@b.example",)


def test_of_several_recipients_of_a_returned_mail_nobody_is_named() -> None:
    text = ONLY_RETURNED.replace("To: a@b.example", "To: a@b.example, d@e.example")
    assert bounce_from(facts_of(text, from_="MAILER-DAEMON@x.example")) is None
