"""Trial: does an answer to a reply address reach the desk, with its token and its ids?

Read ``probing`` next.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from mailtrack.desk.policy import Policy, Queue, ReplyMode
from mailtrack.desk.writing import reply_address
from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.compose import letter_bytes
from mailtrack.mail.message import AttachmentRef, OutgoingMail
from mailtrack.operator.findings import Finding, advice, bad, good
from mailtrack.operator.probing import STRANGER, Came, Parcel, Trial
from mailtrack.outbox.delivery import Courier
from mailtrack.probes import HEADER, Probe
from mailtrack.tickets.token import TOKEN_CHARS

IDS: Final = "Message-IDs on the way in"
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_TEXT: Final = """\
This is a test mail. `mailtrack check` sent it to see how mail reaches the desk.
It asks nothing of anybody. If it lies in front of you, it was late: delete it.

Letters have long lines and letters of all kinds – привіт, ґедзю – which a relay may change.
"""


def trial(
    policy: Policy, queue: Queue, probe: Probe, *, courier: Courier, seconds: float
) -> Trial:
    """The trial of one queue's reply addresses."""
    address = reply_address(policy, queue, made_up_token("r"))
    shown = shown_address(policy, queue)
    answered = f"<{made_up_token('r')}.{probe.id}@{policy.reply_domain}>"
    mail = replace(
        test_letter(probe, sender=STRANGER, to=address, domain=policy.reply_domain),
        in_reply_to=answered,
        references=(answered,),
    )
    ids = (mail.message_id, answered)
    test = f"answers to {queue.address}"
    mend = _mend(policy, queue)
    return Trial(
        test=test,
        probe=probe,
        parcel=Parcel(probed(probe, letter_bytes(mail, no_attachment)), None, address),
        courier=courier,
        judge=partial(_judged, policy=policy, test=test, shown=shown, wanted=address, ids=ids),
        refused=lambda said: bad(test, f"{shown} is refused: “{said}”", mend),
        lost=bad(test, f"a mail to {shown} has not come to the desk in {seconds:g} s", mend),
    )


def shown_address(policy: Policy, queue: Queue) -> str:
    """The same, for people."""
    return str(reply_address(policy, queue, "TOKEN"))


def made_up_token(purpose: str) -> str:
    """Something of the shape of a token, which opens nothing."""
    rest = (secrets.choice(_ALPHABET) for _ in range(TOKEN_CHARS - 1))
    return purpose + "".join(rest)


def test_letter(probe: Probe, *, sender: Address, to: Address, domain: str) -> OutgoingMail:
    """A mail made as letters are; its Message-ID looks like theirs."""
    return OutgoingMail(
        mail_from=None,
        recipient=to,
        sender=Mailbox("", sender),
        to=(Mailbox("", to),),
        subject="A test mail of mailtrack check",
        text=_TEXT,
        message_id=f"<{made_up_token('r')}.{probe.id}@{domain}>",
        date=datetime.now(UTC),
        headers=(("Auto-Submitted", "auto-generated"),),
    )


def probed(probe: Probe, raw: bytes) -> bytes:
    """The mail with the word by which the desk knows it."""
    return f"{HEADER}: {probe.word}\r\n".encode("ascii") + raw


def no_attachment(wanted: AttachmentRef) -> bytes:
    """Test mails have none."""
    raise AssertionError(wanted)


def _judged(
    came: Came,
    *,
    policy: Policy,
    test: str,
    shown: str,
    wanted: Address,
    ids: tuple[str, str],
) -> tuple[Finding, ...]:
    return (
        _about_address(came, policy, test, shown, wanted),
        _about_ids(came, policy, *ids),
    )


def _about_address(
    came: Came, policy: Policy, test: str, shown: str, wanted: Address
) -> Finding:
    keys = {one.key for one in came.envelope.rcpt_to}
    if wanted.key in keys:
        how = "is delivered" if policy.reply_mode is ReplyMode.HEADERS else "keeps its token"
        return good(test, f"{shown} {how}")
    in_header = {box.address.key for box in (*came.mail.to, *came.mail.cc)}
    if wanted.key in in_header:
        return advice(
            test,
            f"{shown} arrives, but its token was cut from the envelope and stands in To alone",
            "Answers are recognised all the same; forwarded ones and bounces are not. Hand "
            "mail over with its whole recipient",
        )
    return bad(
        test,
        f"{shown} arrives without its token",
        "Hand mail over with its whole recipient, or set desk.reply.mode: headers",
    )


def _about_ids(came: Came, policy: Policy, sent_id: str, answered: str) -> Finding:
    is_answering = answered in (*came.mail.in_reply_to, *came.mail.references)
    if came.mail.message_id == sent_id and is_answering:
        return good(IDS, "kept, and so is what an answer refers to")
    said = "rewritten on the way, or the ids that an answer refers to are"
    if policy.reply_mode is ReplyMode.HEADERS:
        return bad(
            IDS,
            said,
            "In mode headers answers are known by these alone: use desk.reply.mode plus",
        )
    return advice(
        IDS, said, "Answers are known by their token. The same mail by two ways may count twice"
    )


def _mend(policy: Policy, queue: Queue) -> str:
    address = queue.address
    if policy.reply_mode is ReplyMode.SUBDOMAIN:
        domain = policy.reply_domain
        return (
            f"All mail for {domain} has to come to the desk. Postfix, in main.cf:\n"
            f"relay_domains = {domain} (beside what is there)\n"
            f"transport_maps with {domain} and the same transport as {address}\n"
            f"relay_recipient_maps with @{domain}"
        )
    if policy.reply_mode is ReplyMode.HEADERS:
        return f"Hand mail for {address} over to the desk (docs/operations.md, “Mail in”)"
    return (
        f"Let the server deliver {address.local}{policy.delimiter}anything@{address.domain} "
        f"like {address}, or set desk.reply: {{mode: subdomain, domain: "
        f"reply.{address.domain}}}. Postfix, in main.cf:\n"
        f"recipient_delimiter = {policy.delimiter}"
    )
