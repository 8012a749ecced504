"""Who or what wrote a mail: a person, a list, a mailing machine, or an answering machine.

Headers decide first, because machines that keep the rules say what they are (RFC 3834, 3464,
8098, 5965, 2919). Words of many languages come second and need company: a person taken for a
machine is lost mail, a machine taken for a person is a loop. ``phrases/machines.py`` is next.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mailtrack.mail.facts import MailFacts
from mailtrack.mail.message import Kind
from mailtrack.mail.phrases import machines
from mailtrack.mail.subjects import is_reply_subject

BODY_CHARS_LOOKED_AT: Final = 4000
SUBJECT_CHARS_LOOKED_AT: Final = 200
OPENING_CHARS_LOOKED_AT: Final = 240
REPORT_CHARS_LOOKED_AT: Final = 20_000

Verdict = tuple[Kind, str]


def kind_of(facts: MailFacts) -> Verdict:
    """The kind of a mail, and the sign that decided it.

    A delay notice is a ``BOUNCE`` as well; ``bounce_from`` tells that it is not permanent.
    """
    for check in _CHECKS:
        verdict = check(facts)
        if verdict is not None:
            return verdict
    return Kind.HUMAN, "nothing says otherwise"


def _report_kind(facts: MailFacts) -> Verdict | None:
    """What an RFC 6522 report is; a person may attach one, so the mail itself must be it."""
    types = _leaf_types(facts)
    is_report = facts.message.get_content_type() == "multipart/report"
    if not is_report and _machine_signs(facts) == 0:
        return None
    if "message/feedback-report" in types:
        return Kind.FEEDBACK, "message/feedback-report"
    if "message/delivery-status" in types:
        return _delivery_kind(facts)
    if "message/disposition-notification" in types:
        failed = _is_daemon(facts) and _starts_with(_subject(facts), machines.BOUNCE_SUBJECTS)
        kind = Kind.BOUNCE if failed else Kind.RECEIPT
        return kind, "message/disposition-notification"
    return None


_ACTION: Final = re.compile(r"(?im)^action:[ \t]{0,20}([a-z]{1,20})")


def _delivery_kind(facts: MailFacts) -> Verdict:
    text = "".join(
        part.content[:REPORT_CHARS_LOOKED_AT].decode("latin-1")
        for part in facts.parts
        if part.content_type == "message/delivery-status"
    )
    actions = {action.lower() for action in _ACTION.findall(text)}
    if actions and actions <= {"delivered", "relayed", "expanded"}:
        return Kind.DELIVERY_REPORT, "action: " + ", ".join(sorted(actions))
    return Kind.BOUNCE, "message/delivery-status"


def _leaf_types(facts: MailFacts) -> frozenset[str]:
    return frozenset(part.content_type for part in facts.parts)


def _machine_signs(facts: MailFacts) -> int:
    """How many things say that a mail system wrote this; one is enough beside a report."""
    return (
        int(_is_daemon(facts))
        + int(_has_null_path(facts))
        + int(_auto_submitted(facts) not in ("", "no"))
        + int(facts.header("x-failed-recipients") is not None)
    )


def _is_daemon(facts: MailFacts) -> bool:
    local = facts.sender_email_shown.partition("@")[0].lower().strip(" \"'<")
    if local in machines.DAEMON_LOCALS or _is_mailer_daemon(facts):
        return True
    shown = (facts.header("from") or "")[:SUBJECT_CHARS_LOOKED_AT].lower()
    return any(word in shown for word in machines.DAEMON_NAMES)


def _is_mailer_daemon(facts: MailFacts) -> bool:
    """Whether the sender can be nobody but a mail system: MAILER-DAEMON, or ``From: <>``."""
    shown = (facts.header("from") or "")[:SUBJECT_CHARS_LOOKED_AT].lower()
    return "mailer-daemon" in shown or "<>" in shown


def _has_null_path(facts: MailFacts) -> bool:
    path = (facts.header("return-path") or "").strip().lower()
    return path == "<>" or path.lstrip("<").startswith("mailer-daemon")


def _auto_submitted(facts: MailFacts) -> str:
    """The value of Auto-Submitted without comments and parameters (RFC 3834 section 5)."""
    value = facts.header("auto-submitted") or ""
    return value.partition(";")[0].partition("(")[0].strip().lower()


def _subject(facts: MailFacts) -> str:
    return " ".join(facts.subject[:SUBJECT_CHARS_LOOKED_AT].lower().split())


def _starts_with(text: str, beginnings: tuple[str, ...]) -> bool:
    return text.startswith(beginnings)


def _bounce_without_report(facts: MailFacts) -> Verdict | None:
    """Delivery reports in a form of their own: sender, subject, words and the returned mail.

    Customers write of failed deliveries too, of parcels and of mail, and they attach the report
    they got. So the less a sender looks like a mail system, the more has to come together.
    """
    if facts.header("x-failed-recipients") is not None:
        return Kind.BOUNCE, "x-failed-recipients"
    subject = _starts_with(_subject(facts), machines.BOUNCE_SUBJECTS)
    if not subject and not _machine_signs(facts):
        return None
    words = _has_words(facts, machines.BOUNCE_BODIES)
    opening = _opens_with(facts, machines.BOUNCE_OPENINGS)
    returned = _returns_a_mail(facts)
    if _is_mailer_daemon(facts) and (subject or words or returned):
        return Kind.BOUNCE, "from a mail system"
    if _is_daemon(facts) and (subject or opening or (words and returned)):
        return Kind.BOUNCE, "from a mail system that reports a failure"
    if _machine_signs(facts) and opening and (subject or returned):
        return Kind.BOUNCE, "a machine reports a failure"
    if subject and _opens_thread(facts) and (opening or (words and returned)):
        return Kind.BOUNCE, "subject and words of a delivery report"
    return None


def _opens_thread(facts: MailFacts) -> bool:
    return facts.header("in-reply-to") is None and facts.header("references") is None


def _opens_with(facts: MailFacts, phrases: tuple[str, ...]) -> bool:
    """Whether one of the phrases stands at the very beginning: a machine has no greeting."""
    text = " ".join(facts.text[:OPENING_CHARS_LOOKED_AT].lower().split())
    return any(phrase in text for phrase in phrases)


def _has_words(facts: MailFacts, phrases: tuple[str, ...]) -> bool:
    text = " ".join(facts.text[:BODY_CHARS_LOOKED_AT].lower().split())
    return any(phrase in text for phrase in phrases)


_RETURNED_HEADER: Final = re.compile(r"(?im)^[> \t]{0,8}(received|message-id|return-path):")


def _returns_a_mail(facts: MailFacts) -> bool:
    if _leaf_types(facts) & {"message/rfc822", "text/rfc822-headers", "text/rfc822-header"}:
        return True
    return _RETURNED_HEADER.search(facts.text[:REPORT_CHARS_LOOKED_AT]) is not None


def _challenge(facts: MailFacts) -> Verdict | None:
    subject, words = _subject(facts), _has_words(facts, machines.CHALLENGE_BODIES)
    if words and _starts_with(subject, machines.CHALLENGE_SUBJECTS):
        return Kind.CHALLENGE, "asks the sender to prove to be a person"
    return None


def _auto_reply_header(facts: MailFacts) -> Verdict | None:
    submitted = _auto_submitted(facts)
    # Some vacation programs say "generated" of what is plainly an answer.
    if submitted == "auto-replied" or (submitted == "auto-generated" and _answers(facts)):
        return Kind.AUTO_REPLY, f"auto-submitted: {submitted}"
    for name in machines.AUTO_REPLY_HEADERS:
        if (facts.header(name) or "no").strip().lower() not in _FALSE:
            return Kind.AUTO_REPLY, name
    for field in machines.AUTO_REPLY_VALUES:
        name, _, word = field.partition(": ")
        if (facts.header(name) or "").rpartition(";")[2].strip().lower() == word:
            return Kind.AUTO_REPLY, field
    if _precedence(facts) in ("auto_reply", "auto-reply"):
        return Kind.AUTO_REPLY, "precedence: auto_reply"
    return None


_FALSE: Final = frozenset({"no", "false", "0", ""})


def _answers(facts: MailFacts) -> bool:
    """Whether a mail by its headers and subject answers one mail of ours."""
    has_parent = facts.header("in-reply-to") is not None
    return has_parent and (is_reply_subject(facts.subject) or _has_null_path(facts))


def _precedence(facts: MailFacts) -> str:
    return (facts.header("precedence") or "").partition("(")[0].strip().lower()


def _auto_reply_subject(facts: MailFacts) -> Verdict | None:
    subject = _subject(facts).lstrip("[(* ")
    found = _title_of(subject, machines.AUTO_REPLY_SUBJECTS)
    if found and subject[len(found) :].lstrip(" )]*").startswith((":", "：", "re:")):
        return Kind.AUTO_REPLY, f"subject: {found}"
    found = found or _title_of(subject, machines.ABSENCE_SUBJECTS)
    if found and _keeps_machine_company(facts):
        return Kind.AUTO_REPLY, f"subject: {found}, and another sign"
    return None


def _auto_reply_words(facts: MailFacts) -> Verdict | None:
    """An absence note under our own subject, known by a machine's path and its first words."""
    if _has_null_path(facts) and _answers(facts):
        if facts.header("x-auto-response-suppress") is not None:
            return Kind.AUTO_REPLY, "x-auto-response-suppress of a null sender"
    elif _precedence(facts) not in ("bulk", "junk"):
        return None
    if _opens_with(facts, machines.AUTO_REPLY_BODIES):
        return Kind.AUTO_REPLY, "words of an absence note, from a machine"
    return None


def _keeps_machine_company(facts: MailFacts) -> bool:
    """Whether something besides the subject speaks for an absence note."""
    return (
        facts.header("x-auto-response-suppress") is not None
        or _auto_submitted(facts) not in ("", "no")
        or _machine_signs(facts) > 0
        or _precedence(facts) in ("bulk", "junk")
        or _has_words(facts, machines.AUTO_REPLY_BODIES)
    )


def _title_of(subject: str, titles: tuple[str, ...]) -> str:
    """The longest of the titles that the subject begins with, ``""`` if it is none."""
    if not subject.startswith(titles):
        return ""
    return max((title for title in titles if _is_title(subject, title)), key=len, default="")


def _is_title(subject: str, word: str) -> bool:
    """Whether the subject is the word, or the word and then a mark or a Re."""
    if not subject.startswith(word):
        return False
    rest = subject[len(word) :].lstrip(")] ")
    return rest == "" or rest[0] in ":-–—!.,(/：|" or rest.startswith(("re:", "re ", "aw:"))


def _mailing_list(facts: MailFacts) -> Verdict | None:
    for name in ("list-id", "list-post", "mailing-list", "x-mailing-list", "x-beenthere"):
        if facts.header(name) is not None:
            return Kind.LIST, name
    if _precedence(facts) == "list":
        return Kind.LIST, "precedence: list"
    for name in ("x-mailman-version", "x-list", "x-listname", "list-help", "x-ml-name"):
        if facts.header(name) is not None:
            return Kind.LIST, name
    return None


def _bulk(facts: MailFacts) -> Verdict | None:
    if _precedence(facts) in ("bulk", "junk"):
        return Kind.BULK, f"precedence: {_precedence(facts)}"
    for name in ("list-unsubscribe", "feedback-id", "x-campaign-id"):
        if facts.header(name) is not None:
            return Kind.BULK, name
    if _auto_submitted(facts).startswith("auto-"):
        return Kind.BULK, f"auto-submitted: {_auto_submitted(facts)}"
    return None


_CHECKS: Final[tuple[Callable[[MailFacts], Verdict | None], ...]] = (
    _report_kind,
    _bounce_without_report,
    _challenge,
    _auto_reply_header,
    _auto_reply_subject,
    _mailing_list,
    _auto_reply_words,
    _bulk,
)
