"""Whether the customer is told "we have your message": security section 4.1, all conditions.

The first condition that speaks against it is the answer, and stands in the trace.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from mailtrack.desk.calendar import is_open, next_open
from mailtrack.desk.case import Case, Outcome, said
from mailtrack.desk.echoing import greeting_name, short_subject
from mailtrack.desk.hearing import customer_recipient
from mailtrack.desk.identity import Writer, needs_origin_of_customers
from mailtrack.desk.late import too_late
from mailtrack.desk.letter_views import AcknowledgedView, AnswerView, CannedAnswerView
from mailtrack.desk.policy import AutoAck, Policy
from mailtrack.desk.promises import Calendar
from mailtrack.desk.showing import desk_view, public_view
from mailtrack.desk.storms import breaker
from mailtrack.desk.views import PublicPersonView
from mailtrack.desk.web_forms import WEB_FORM
from mailtrack.desk.writing import Style, queue_for, write_letter
from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.machine_signs import is_flagged_as_spam, sign_of_machine
from mailtrack.mail.message import Kind
from mailtrack.tickets.reading import Verdict
from mailtrack.tickets.ticket import Part, Ticket

HOPS_MAX: Final = 25
# RFC 3834 section 2 and RFC 5230 section 4.6: mailboxes that no person reads.
_ROBOT: Final = re.compile(
    r"mailer-daemon|postmaster|daemon|nobody|root|no?[-_.]?reply.*|do[-_.]?not[-_.]?reply.*"
    r"|bounce.*|owner-.*|.*-request|.*-bounces?|majordomo|listserv|listmaster|notifications?"
    r"|alerts?|auto-?reply"
)


def acknowledge(
    case: Case, writer: Writer, ticket: Ticket, *, calendar: Calendar | None, canned: str | None
) -> Outcome:
    """The acknowledgement of a new ticket, or the reason why there is none."""
    against = reason_against(case, writer)
    if against:
        return said("acknowledgement", f"none: {against}")
    instead = too_late(case, ticket.number) or breaker(case, ticket.number)
    if instead is not None:
        return instead
    requester = next(iter(ticket.with_part(Part.REQUESTER)))
    to = customer_recipient(case.policy, ticket, requester)
    desk = desk_view(case.policy, queue_for(case.policy, ticket.queue).address)
    zone, now = case.policy.zone, case.fresh.now
    known_as = greeting_name(requester.mailbox.name)
    to = replace(to, mailbox=Mailbox(known_as, to.mailbox.address))
    name = PublicPersonView(known_as)
    shown = replace(public_view(ticket), subject=short_subject(ticket.subject))
    style = Style(is_automatic=True, why="acknowledged")
    full_size_bytes = case.envelope.full_size_bytes
    if canned is not None and full_size_bytes is None:
        words = case.policy.stationery.write_canned(
            canned,
            to.language,
            CannedAnswerView(
                desk=desk,
                zone=zone,
                now=now,
                ticket=shown,
                customer=name,
                agent=PublicPersonView(case.policy.desk_name),
            ),
        )
        answer = AnswerView(
            desk=desk,
            zone=zone,
            now=now,
            ticket=shown,
            agent=PublicPersonView(case.policy.desk_name),
            words=words,
            is_first=True,
        )
        letter = write_letter(case, "answer", to, view=answer, ticket=ticket, style=style)
    else:
        is_here = calendar is None or is_open(calendar, now)
        view = AcknowledgedView(
            desk=desk,
            zone=zone,
            now=now,
            ticket=shown,
            customer=name,
            open_at=None if is_here or calendar is None else next_open(calendar, now),
            size_bytes=full_size_bytes,
            size_bytes_max=case.policy.mail_bytes_max,
        )
        letter = write_letter(case, "acknowledged", to, view=view, ticket=ticket, style=style)
    return Outcome(letters=(letter,)) + said("acknowledgement", "the customer is told")


def is_robot(address: Address) -> bool:
    """Whether no person reads the mailbox of this address, by its name."""
    local, _, _ = address.key.rpartition("@")
    return _ROBOT.fullmatch(local) is not None


def reason_against(case: Case, writer: Writer) -> str | None:
    """Why this sender must not be answered automatically; None if they may.

    The breaker of the whole desk is not asked here: it is no matter of this sender.
    """
    if case.policy.autoack is AutoAck.NEVER:
        return "the admin wants none"
    return (
        _about_the_mail(case)
        or _about_the_sender(case, writer)
        or _about_the_brakes(case, writer.mailbox.address)
    )


def _about_the_mail(case: Case) -> str | None:
    mail = case.mail
    if mail.kind is not Kind.HUMAN:
        return f"the mail is {mail.kind} ({mail.kind_reason})"
    if case.envelope.mail_from is None:
        return "the envelope sender is empty"
    sign = sign_of_machine(mail.headers, mail.subject)
    if sign is not None:
        return sign
    if is_flagged_as_spam(mail.headers):
        return "a filter on the way called it spam"
    if sum(1 for name, _ in mail.headers if name == "received") > HOPS_MAX:
        return "the mail came a suspiciously long way"
    shown = (one.address for one in (*mail.to, *mail.cc))
    if not any(case.policy.is_ours(address) for address in shown):
        return "none of our addresses is in To or Cc"
    return None


def _about_the_sender(case: Case, writer: Writer) -> str | None:
    address = writer.mailbox.address
    if writer.origin.method == WEB_FORM:
        return "anybody can type any address into a web form"
    if writer.origin.verdict is Verdict.FAIL:
        return "the sender's origin was disproved"
    if writer.origin.verdict is not Verdict.PASS and _needs_proof(case.policy):
        return "nothing proves the sender's origin"
    if is_robot(address):
        return "the address is a robot's"
    if case.policy.is_ours(address):
        return "the sender is one of our own addresses"
    agent = case.policy.agent_at(address.key)
    if agent is not None and agent.is_active:
        return "the sender is an agent"
    return None


def _needs_proof(policy: Policy) -> bool:
    if policy.autoack is AutoAck.AUTO:
        return needs_origin_of_customers(policy)
    return policy.autoack is AutoAck.ALIGNED


def _about_the_brakes(case: Case, address: Address) -> str | None:
    lately, brakes = case.context.automatic, case.policy.brakes
    is_freemail = address.domain in brakes.freemail_domains
    of_domain = (
        brakes.acks_to_freemail_hour_max if is_freemail else brakes.acks_to_domain_hour_max
    )
    rows = (
        (lately.to_sender_10_minutes, brakes.acks_to_sender_10_minutes_max, "10 minutes"),
        (lately.to_sender_day, brakes.acks_to_sender_day_max, "a day"),
        (lately.to_sender_same_subject_week, brakes.acks_same_subject_week_max, "one subject"),
        (lately.to_domain_hour, of_domain, "one domain in an hour"),
    )
    for count, most, span in rows:
        if count >= most:
            return f"{count} were sent for {span}, the limit is {most}"
    return None
