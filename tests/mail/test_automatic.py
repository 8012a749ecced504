"""The kind of a mail: machines that keep the rules, machines that do not, and people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail.meaning import facts_of, facts_of_report

from mailtrack.mail.automatic import kind_of
from mailtrack.mail.message import Kind
from mailtrack.mail.phrases import machines

HEADERS = (
    (Kind.AUTO_REPLY, {"auto_submitted": "auto-replied"}),
    (Kind.AUTO_REPLY, {"auto_submitted": "Auto-Replied (vacation)"}),
    (Kind.AUTO_REPLY, {"auto_submitted": "auto-replied; owner-email=a@b.example"}),
    (
        Kind.AUTO_REPLY,
        {"auto_submitted": "auto-generated", "in_reply_to": "<1@x>", "subject": "Re: y"},
    ),
    (Kind.AUTO_REPLY, {"x_autoreply": "yes"}),
    (Kind.AUTO_REPLY, {"x_autorespond": "Re: printer"}),
    (Kind.AUTO_REPLY, {"precedence": "auto_reply"}),
    (Kind.AUTO_REPLY, {"x_apple_action": "VACATION", "subject": "Re: y"}),
    (Kind.BULK, {"precedence": "bulk"}),
    (Kind.BULK, {"precedence": "junk"}),
    (Kind.BULK, {"list_unsubscribe": "<https://x.example/u>"}),
    (Kind.BULK, {"feedback_id": "1:2:3"}),
    (Kind.BULK, {"auto_submitted": "auto-generated", "subject": "Disk 91% full on db1"}),
    (Kind.LIST, {"list_id": "<printers.x.example>"}),
    (Kind.LIST, {"list_id": "<printers.x.example>", "precedence": "bulk"}),
    (Kind.LIST, {"list_post": "<mailto:printers@x.example>"}),
    (Kind.LIST, {"precedence": "list"}),
    (Kind.LIST, {"mailing_list": "contact x-help@y.example; run by ezmlm"}),
    (Kind.BOUNCE, {"x_failed_recipients": "a@b.example", "from_": "x@y.example"}),
    (Kind.HUMAN, {}),
    (Kind.HUMAN, {"auto_submitted": "no"}),
    (Kind.HUMAN, {"auto_submitted": "no (a person)"}),
    (Kind.HUMAN, {"x_autoreply": "no"}),
    (Kind.HUMAN, {"x_loop": "somebody"}),
)


@pytest.mark.parametrize(("kind", "headers"), HEADERS)
def test_headers_say_what_a_mail_is(kind: Kind, headers: dict[str, str]) -> None:
    assert kind_of(facts_of("It burns.", **headers))[0] is kind


# S62: absence notes without a header of their own, in many languages.
ABSENCES = (
    ("Automatic reply: Printer", "I am out of the office until Monday."),
    ("Out of Office: Printer", "I'm away."),
    ("Out of office Re: Printer", "I am on vacation."),
    ("Auto: Printer", "I am out of the office."),
    ("Abwesenheitsnotiz: Drucker", "Ich bin bis Montag nicht im Büro."),
    ("Automatische Antwort: Drucker", "Ich bin im Urlaub."),
    ("Réponse automatique : Imprimante", "Je suis absent."),
    ("Respuesta automática: Impresora", "Estoy fuera."),
    ("Risposta automatica: Stampante", "Sono fuori ufficio."),
    ("Resposta automática: Impressora", "Estou ausente."),
    ("Automatisch antwoord: Printer", "Ik ben afwezig."),
    ("Automatyczna odpowiedź: Drukarka", "Jestem na urlopie."),
    ("Automatická odpověď: Tiskárna", "Jsem na dovolené."),
    ("Автоматический ответ: Принтер", "Я в отпуске до понедельника."),
    ("Автоответ: Принтер", "Меня нет на рабочем месте."),
    ("Автоматична відповідь: Принтер", "Я у відпустці."),
    ("Автовідповідь: Принтер", "Мене немає на місці."),
    ("Autosvar: Skrivare", "Jag är ledig."),
    ("Automatisk svar: Printer", "Jeg er på ferie."),
    ("Automaattinen vastaus: Tulostin", "Olen poissa."),
    ("Otomatik yanıt: Yazıcı", "İzindeyim."),
    ("Automatikus válasz: Nyomtató", "Szabadságon vagyok."),
    ("Răspuns automat: Imprimantă", "Sunt plecat."),
    ("Αυτόματη απάντηση: Εκτυπωτής", "Λείπω."),
    ("自動応答: プリンター", "不在です。"),
    ("自动回复：打印机", "我不在。"),
    ("자동 회신: 프린터", "부재중입니다."),
)


@pytest.mark.parametrize(("subject", "text"), ABSENCES)
def test_s62_an_absence_note_is_known_by_its_subject(subject: str, text: str) -> None:
    assert kind_of(facts_of(text, subject=subject))[0] is Kind.AUTO_REPLY


def test_s62_an_absence_note_with_a_suppressing_header() -> None:
    facts = facts_of("Bin weg.", subject="Abwesend", x_auto_response_suppress="All")
    assert kind_of(facts)[0] is Kind.AUTO_REPLY


# What people write although it looks a little like a machine.
PEOPLE = (
    ("Re: Automatic reply: Printer", "I got your absence note twice.", {}),
    ("AW: Abwesenheitsnotiz: Drucker", "Danke, ich warte.", {}),
    ("Automatic reply does not work", "How do I set one?", {}),
    ("В отпуске: кто за меня?", "Передайте заявки Анне.", {}),
    ("On vacation: who stands in?", "Please tell Ann.", {}),
    ("Out of office hours support?", "Do you answer at night?", {}),
    ("Out of office", "How do I set this up in Outlook?", {}),
    ("Absence", "Who stands in for Ann?", {}),
    ("Delivery failed", "My parcel was not delivered. It was returned to sender.", {}),
    ("Delivery problem", "The parcel could not be delivered, the address does not exist.", {}),
    ("Undelivered mail", "Hello, my letters to you come back. What shall I do?", {}),
    (
        "Fwd: Undeliverable: x",
        "Help: your message could not be delivered to the following",
        {},
    ),
    ("Re: Returned mail", "It says: the following recipients were not reached", {}),
    ("Warning: the printer burns", "It was returned twice.", {}),
    ("Your message to me", "I do not understand it.", {}),
    ("bounce", "a ball that does not", {}),
    ("Error sending the form", "It says that the mailbox is full.", {}),
    ("Please confirm your message", "Did you really mean Monday?", {}),
    ("Printer", "It burns.", {"x_auto_response_suppress": "All"}),
    ("Printer", "It burns.", {"precedence": "normal"}),
    ("Printer", "It burns.", {"precedence": "first-class"}),
    ("Re: [#17] Printer", "It burns.", {"return_path": "<>"}),
    ("Delivery failed", "My parcel was not delivered.", {"return_path": "<>"}),
    ("Re: Printer", "I am out of the office now, but it burns.", {}),
    ("Server", "Mail system down?", {"from_": "System Administrator <admin@client.example>"}),
    (
        "Re: mail",
        "It was rejected, sorry.",
        {"from_": "Postmaster <postmaster@client.example>"},
    ),
)


@pytest.mark.parametrize(("subject", "text", "headers"), PEOPLE)
def test_people_are_not_taken_for_machines(
    subject: str, text: str, headers: dict[str, str]
) -> None:
    assert kind_of(facts_of(text, subject=subject, **headers))[0] is Kind.HUMAN


def test_s63_a_suppressing_header_or_precedence_normal_alone_is_a_person() -> None:
    facts = facts_of("It burns.", x_auto_response_suppress="All", precedence="normal")
    assert kind_of(facts)[0] is Kind.HUMAN


def test_s67_a_null_sender_alone_is_no_bounce() -> None:
    facts = facts_of("It still burns, see below.", subject="Re: [#17] x", return_path="<>")
    assert kind_of(facts)[0] is Kind.HUMAN


# Reports in forms of their own.
REPORTS = (
    (
        "MAILER-DAEMON@x.example",
        "failure notice",
        "This is qmail. <a@b.example>: no mailbox",
    ),
    ("Postmaster <postmaster@x.example>", "Undeliverable: Printer", "Nobody here."),
    ("Mail Delivery System <x@y.example>", "Mail delivery failed", "a@b.example"),
    ("Mail Delivery Subsystem <mailer-daemon@google.example>", "Недоставленное письмо", "Увы."),
    ("<>", "Delivery Status", "No such user"),
    (
        "gateway@x.example",
        "Delivery failure notification",
        "Your message could not be delivered to the following recipients: a@b.example",
    ),
)


@pytest.mark.parametrize(("sender", "subject", "text"), REPORTS)
def test_a_report_in_free_text_is_a_bounce(sender: str, subject: str, text: str) -> None:
    assert kind_of(facts_of(text, from_=sender, subject=subject))[0] is Kind.BOUNCE


REPORT = """From: {sender}
Subject: report
Content-Type: multipart/{subtype}; report-type=x; boundary="b"

--b
Content-Type: text/plain

words
--b
Content-Type: {content_type}

{fields}

--b--
"""
DSN = "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.example\nAction: {}\nStatus: {}"


@pytest.mark.parametrize(
    ("kind", "content_type", "fields"),
    (
        (Kind.BOUNCE, "message/delivery-status", DSN.format("failed", "5.1.1")),
        (Kind.BOUNCE, "message/delivery-status", DSN.format("delayed", "4.4.7")),
        (Kind.DELIVERY_REPORT, "message/delivery-status", DSN.format("delivered", "2.0.0")),
        (Kind.DELIVERY_REPORT, "message/delivery-status", DSN.format("Relayed", "2.0.0")),
        (Kind.RECEIPT, "message/disposition-notification", "Disposition: manual; displayed"),
        (Kind.FEEDBACK, "message/feedback-report", "Feedback-Type: abuse\nVersion: 1"),
    ),
)
def test_s88_a_report_says_by_its_parts_what_it_is(
    kind: Kind, content_type: str, fields: str
) -> None:
    raw = REPORT.format(
        sender="x@y.example", subtype="report", content_type=content_type, fields=fields
    )
    assert kind_of(facts_of_report(raw))[0] is kind


def test_a_person_who_attaches_a_report_stays_a_person() -> None:
    raw = REPORT.format(
        sender="Dana <dana@client.example>",
        subtype="mixed",
        content_type="message/delivery-status",
        fields=DSN.format("failed", "5.1.1"),
    )
    assert kind_of(facts_of_report(raw))[0] is Kind.HUMAN


def test_a_challenge_asks_the_sender_to_prove_something() -> None:
    facts = facts_of(
        "Click the link below to confirm, and prove that you are human.",
        subject="Please confirm your message to bob@x.example",
    )
    assert kind_of(facts)[0] is Kind.CHALLENGE


@pytest.mark.parametrize("name", [name for name in dir(machines) if name.isupper()])
def test_phrases_are_in_the_form_they_are_compared_in(name: str) -> None:
    for phrase in getattr(machines, name):
        assert phrase == " ".join(phrase.lower().split())


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=60), st.text(max_size=60))
def test_any_mail_has_a_kind(subject: str, text: str, sender: str, precedence: str) -> None:
    facts = facts_of(
        text, subject=subject, from_=sender, precedence=precedence, auto_submitted=precedence
    )
    kind, reason = kind_of(facts)
    assert kind in Kind
    assert reason
