"""Forwarded mail: the first mail inside, as programs of many languages pass it on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail.meaning import facts_of

from mailtrack.mail.forwarded import forwarded_from
from mailtrack.mail.parse import parse

# S60: the separators and header blocks of programs, with what was written above.
FORWARDS = (
    (
        "---------- Forwarded message ---------\nFrom: Cara Lane <cara@cust.example>\n"
        "Date: Mon, Mar 2, 2026 at 9:15 AM\nSubject: Printer\nTo: <ivan@help.example>\n\n\n"
    ),
    (
        "---------- Forwarded message ---------\nОт: Cara Lane <cara@cust.example>\n"
        "Date: пн, 2 мар. 2026 г. в 09:15\nSubject: Printer\nTo: <ivan@help.example>\n\n\n"
    ),
    (
        "Begin forwarded message:\n\nFrom: Cara Lane <cara@cust.example>\nSubject: Printer\n"
        "Date: 2 March 2026 at 09:15:00 EET\nTo: ivan@help.example\n\n"
    ),
    (
        "Начало переадресованного сообщения:\n\nОт: Cara Lane <cara@cust.example>\n"
        "Тема: Printer\nДата: 2 марта 2026 г., 09:15\nКому: ivan@help.example\n\n"
    ),
    (
        "Початок листа, що пересилається:\n\nВід: Cara Lane <cara@cust.example>\n"
        "Тема: Printer\nДата: 2 березня 2026 р.\nКому: ivan@help.example\n\n"
    ),
    (
        "-------- Forwarded Message --------\nSubject: \tPrinter\nDate: \tMon, 2 Mar 2026\n"
        "From: \tCara Lane <cara@cust.example>\nTo: \tivan@help.example\n\n\n"
    ),
    (
        "-------- Перенаправленное сообщение --------\nТема: \tPrinter\nДата: \t02.03.2026\n"
        "От: \tCara Lane <cara@cust.example>\nКому: \tivan@help.example\n\n\n"
    ),
    (
        "-------- Weitergeleitete Nachricht --------\nBetreff: \tPrinter\nDatum: \t02.03.2026\n"
        "Von: \tCara Lane <cara@cust.example>\nAn: \tivan@help.example\n\n\n"
    ),
    (
        "-------- Przekazana wiadomość --------\nTemat: \tPrinter\nData: \t2.03.2026\n"
        "Nadawca: \tCara Lane <cara@cust.example>\nAdresat: \tivan@help.example\n\n\n"
    ),
    (
        "-------- Пересылаемое сообщение --------\nОт кого: Cara Lane <cara@cust.example>\n"
        "Кому: ivan@help.example\nДата: Понедельник, 2 марта 2026\nТема: Printer\n\n"
    ),
)
OUTLOOK = (
    "From: Cara Lane <cara@cust.example>\nSent: Monday, March 2, 2026 9:15 AM\n"
    "To: ivan@help.example\nSubject: Printer\n\n",
    "От: Cara Lane [mailto:cara@cust.example]\nОтправлено: 2 марта 2026 г. 9:15\n"
    "Кому: ivan@help.example\nТема: Printer\n\n",
    "-----Original Message-----\n"
    "From: Cara Lane <cara@cust.example<mailto:cara@cust.example>>\n"
    "Sent: Monday\nTo: ivan@help.example\nSubject: Printer\n\n",
)
WORDS = "Hello,\n\nthe printer burns.\n\nCara"


@pytest.mark.parametrize("lead", FORWARDS)
@pytest.mark.parametrize("comment", ("", "Please look at this.\nFrom floor 3.\n\n"))
def test_s60_the_first_mail_inside_a_forward_is_found(lead: str, comment: str) -> None:
    found = forwarded_from(facts_of(comment + lead + WORDS, subject="Fwd: Printer"))
    assert found is not None
    assert str(found.sender) == "Cara Lane <cara@cust.example>"
    assert (found.subject, found.text) == ("Printer", WORDS)
    assert found.comment == comment.strip()


@pytest.mark.parametrize("lead", FORWARDS)
def test_a_separator_needs_no_word_in_the_subject(lead: str) -> None:
    assert forwarded_from(facts_of(lead + WORDS, subject="Printer")) is not None


@pytest.mark.parametrize("lead", OUTLOOK)
@pytest.mark.parametrize("subject", ("FW: Printer", "Fwd: Printer", "WG: Printer", "ПЕРЕСЛ: x"))
def test_s60_outlooks_block_is_a_forward_when_the_subject_says_so(
    lead: str, subject: str
) -> None:
    found = forwarded_from(facts_of(f"FYI\n\n{lead}{WORDS}", subject=subject))
    assert found is not None
    assert str(found.sender) == "Cara Lane <cara@cust.example>"
    assert (found.text, found.comment) == (WORDS, "FYI")


@pytest.mark.parametrize("lead", OUTLOOK)
@pytest.mark.parametrize("subject", ("RE: Printer", "Re: Fwd: Printer", "Printer"))
def test_outlooks_block_in_a_reply_is_no_forward(lead: str, subject: str) -> None:
    assert forwarded_from(facts_of(f"It works.\n\n{lead}{WORDS}", subject=subject)) is None


def test_yandex_names_the_writer_in_one_line() -> None:
    lead = (
        '---- Пересылаемое сообщение ----\n02.03.2026, 09:15, "Cara" <cara@cust.example>:\n\n'
    )
    end = "\n\n-------- Завершение пересылаемого сообщения --------"
    found = forwarded_from(facts_of(lead + WORDS + end, subject="Fwd: Printer"))
    assert found is not None
    assert str(found.sender) == "Cara <cara@cust.example>"
    assert found.text == WORDS


def test_a_forward_with_prefixes_loses_them() -> None:
    lead = "Begin forwarded message:\n\n> From: C <cara@cust.example>\n> Subject: Printer\n> \n"
    text = lead + "\n".join(f"> {line}" for line in WORDS.split("\n"))
    found = forwarded_from(facts_of(text, subject="Fwd: Printer"))
    assert found is not None
    assert (found.subject, found.text) == ("Printer", WORDS)


def test_the_first_of_two_forwards_counts() -> None:
    inner = "\n\n---- Forwarded message ----\nFrom: Bob <bob@cust.example>\nSubject: y\n\nz"
    found = forwarded_from(facts_of(FORWARDS[0] + WORDS + inner, subject="Fwd: Printer"))
    assert found is not None
    assert found.sender.name == "Cara Lane"


def test_s60_a_forward_without_an_address_is_none() -> None:
    text = "---------- Forwarded message ---------\nFrom: Cara Lane\nSubject: Printer\n\nwords"
    assert forwarded_from(facts_of(text, subject="Fwd: Printer")) is None


def test_a_forward_quoted_below_an_answer_is_none() -> None:
    answer = "It works.\n\nOn 2 Mar 2026, at 9:15, Ann <a@b.example> wrote:\n"
    text = answer + FORWARDS[0] + WORDS
    assert forwarded_from(facts_of(text, subject="Re: Printer")) is None


def test_an_attached_mail_is_read() -> None:
    raw = (
        b"From: ivan@help.example\nSubject: Fwd: Printer\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        b"See the attached mail.\n--b\nContent-Type: message/rfc822\n\n"
        b"From: =?utf-8?b?0JrQsNGA0LA=?= <cara@cust.example>\nSubject: =?utf-8?q?Drucker_?=\n"
        b"Content-Type: text/plain; charset=utf-8\n\n"
        b"\xd0\x93\xd0\xbe\xd1\x80\xd0\xb8\xd1\x82\n--b--\n"
    )
    found = parse(raw).forwarded
    assert found is not None
    assert str(found.sender) == "Кара <cara@cust.example>"
    assert (found.subject, found.text) == ("Drucker", "Горит")
    assert found.comment == "See the attached mail."


@given(st.text(max_size=1000), st.sampled_from(("Fwd: x", "Re: x", "")))
def test_any_text_has_an_answer(text: str, subject: str) -> None:
    forwarded_from(facts_of(text, subject=subject))
    forwarded_from(facts_of(FORWARDS[0] + text, subject=subject))
