"""Signs that a mail may be automatic: enough to answer nothing by itself, too little to judge.

``automatic`` says what a mail is, and must never take a person for a machine. Here a mistake
costs an acknowledgement and nothing else, so that every sign of security section 4.2 counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mailtrack.mail.phrases import entries

SUBJECT_CHARS_LOOKED_AT: Final = 200

_HEADERS: Final = frozenset(
    entries("""
    list-id | list-post | list-unsubscribe | list-help | x-autoreply | x-autorespond |
    x-autoreply-from | x-failed-recipients | x-loop | feedback-id | x-mailtrack-loop
""")
)
_PRECEDENCES: Final = frozenset(entries("bulk | junk | list | auto_reply"))
_SUPPRESSED: Final = frozenset(entries("all | autoreply | oof"))
_REPORTS: Final = entries("""
    multipart/report | message/delivery-status | message/disposition-notification |
    message/feedback-report
""")
_SPAM_HEADERS: Final = entries("x-spam-flag | x-spam-status | x-spam")

# How the subjects of answering machines begin, of security section 4.2.
ABSENCES: Final = entries("""
    out of office | automatic reply | automatic response | auto reply | auto-reply | autoreply |
    auto response | auto-response | away from | automatische antwort | abwesenheits | abwesend |
    nicht im büro | réponse automatique | absence du bureau | absent | respuesta automática |
    fuera de la oficina | ausente | risposta automatica | fuori ufficio | fuori sede |
    resposta automática | fora do escritório | ausência | automatisch antwoord | afwezig |
    automatyczna odpowiedź | poza biurem | nieobecn | automatická odpověď | mimo kancelář |
    автоматический ответ | автоответ | вне офиса | отсутств | автоматична відповідь | autosvar |
    frånvar | automatisk sv | fravær | ikke til stede | automaattinen vastaus | poissa |
    otomatik yanıt | ofis dışında | automatikus válasz | răspuns automat | αυτόματη απάντηση |
    自動応答 | 自動返信 | 不在 | 自动回复 | 自動回覆 | 外出 |
    자동 회신 | 자동 응답 | 부재중 | رد تلقائي
""")


def sign_of_machine(headers: Iterable[tuple[str, str]], subject: str) -> str | None:
    """What speaks for a mail written by a machine, None if nothing does.

    ``headers`` are the decoded fields, their names in lower case.
    """
    for name, value in headers:
        if name in _HEADERS:
            return name
        word = bare_value(value)
        if name == "auto-submitted" and word != "no":
            return f"auto-submitted: {word}"
        if name in ("precedence", "x-precedence") and word in _PRECEDENCES:
            return f"precedence: {word}"
        if name == "x-auto-response-suppress" and not _SUPPRESSED.isdisjoint(_words(value)):
            return "the sender asks for no automatic answers"
        if name == "content-type" and value.strip().lower().startswith(_REPORTS):
            return f"content-type: {word}"
    return "the subject of an absence note" if is_absence_subject(subject) else None


def is_absence_subject(subject: str) -> bool:
    """Whether a subject begins as answering machines begin theirs."""
    return " ".join(subject[:SUBJECT_CHARS_LOOKED_AT].lower().split()).startswith(ABSENCES)


def is_flagged_as_spam(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a filter on the way said that it is spam.

    Anybody can write such a header, and gains nothing by it but silence.
    """
    return any(
        name in _SPAM_HEADERS and value.strip().lower().startswith("yes")
        for name, value in headers
    )


def bare_value(value: str) -> str:
    """A header's word without comments and parameters (RFC 3834 section 5), in lower case."""
    return value.partition(";")[0].partition("(")[0].strip().lower()


def _words(value: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in value.split(","))
