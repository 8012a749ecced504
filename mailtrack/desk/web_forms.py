"""A web form of ours writes for somebody else: who asks is the person in its Reply-To.

Only for addresses that the admin named, and only while nothing speaks against the form's own
origin. The person themself is proved by nothing: the form lets anybody type any address, so
they get no acknowledgement, and act as no agent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mailtrack.desk.identity import needs_origin_of_customers
from mailtrack.desk.policy import Policy
from mailtrack.mail.address import Mailbox
from mailtrack.mail.message import ParsedMail
from mailtrack.tickets.reading import Origin, Verdict

WEB_FORM: Final = "web_form"  # the method of an origin that a form stands for


def through_form(mail: ParsedMail, origin: Origin, policy: Policy) -> tuple[ParsedMail, Origin]:
    """The mail as the person behind a web form wrote it, or as it is if it is no form's."""
    person = _behind(mail, origin, policy)
    if person is None or mail.sender is None:
        return mail, origin
    shown = f"{mail.sender.address} wrote for the address in its Reply-To"
    return replace(mail, sender=person), Origin(Verdict.NONE, WEB_FORM, shown)


def _behind(mail: ParsedMail, origin: Origin, policy: Policy) -> Mailbox | None:
    if mail.sender is None or mail.sender.address.key not in policy.web_forms:
        return None
    is_proved = origin.verdict is Verdict.PASS
    if not is_proved and (origin.verdict is Verdict.FAIL or needs_origin_of_customers(policy)):
        return None
    if len(mail.reply_to) != 1:
        return None
    (person,) = mail.reply_to
    is_colleague = policy.agent_at(person.address.key) is not None
    return None if is_colleague or policy.is_ours(person.address) else person
