"""Trial: does a letter leave through the relay as we made it, and come back as such?

A letter goes from a queue's address to the same address: out by the relay, in by whatever way
mail takes. Read ``probing`` next.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import partial
from typing import Final

from mailtrack.config.settings import Dkim
from mailtrack.desk.policy import Policy, Queue, ReplyMode
from mailtrack.desk.writing import reply_address
from mailtrack.mail.address import Address
from mailtrack.mail.compose import letter_bytes
from mailtrack.mail.signing import Signer, record_of
from mailtrack.operator.findings import Finding, advice, bad, clean, good
from mailtrack.operator.probing import Came, Parcel, Trial
from mailtrack.operator.replies import (
    made_up_token,
    no_attachment,
    probed,
    test_letter,
)
from mailtrack.outbox.delivery import Courier
from mailtrack.probes import Probe

TEST: Final = "out by the relay and back"
IDS: Final = "Message-IDs on the way out"
SIGNATURE: Final = "DKIM signature"
BOUNCES: Final = "envelope sender"


def trial(
    policy: Policy, dkim: Dkim | None, probe: Probe, *, courier: Courier, seconds: float
) -> Trial:
    """The trial, from and to the first queue's address."""
    queue = policy.queues[0]
    mail_from = _envelope_sender(policy, queue)
    mail = test_letter(
        probe, sender=queue.address, to=queue.address, domain=policy.reply_domain
    )
    raw = probed(probe, letter_bytes(replace(mail, mail_from=mail_from), no_attachment))
    if dkim is not None and _covers(dkim, queue):
        raw = _signer(dkim).signed(raw)
    return Trial(
        test=TEST,
        probe=probe,
        parcel=Parcel(raw, mail_from, queue.address),
        courier=courier,
        judge=partial(
            _judged, policy=policy, dkim=dkim, sent_id=mail.message_id, mail_from=mail_from
        ),
        refused=lambda said: advice(
            TEST,
            f"the relay does not take a letter from {mail_from} to {queue.address}: “{said}”",
            "If it objects to the sender, bounces cannot find their letter: let it send with "
            "any address of yours. If to the recipient, nothing is known of other letters",
        ),
        lost=advice(
            TEST,
            f"the relay took it, and it has not come to the desk in {seconds:g} s",
            f"See in the relay's log what became of it; mail to {queue.address} may go "
            "elsewhere from there",
        ),
    )


def _envelope_sender(policy: Policy, queue: Queue) -> Address:
    """As letters have it: bounces come back to a token of their own."""
    if policy.reply_mode is ReplyMode.HEADERS:
        return queue.address
    return reply_address(policy, queue, made_up_token("b"))


def _signer(dkim: Dkim) -> Signer:
    return Signer(dkim.domain, dkim.selector, dkim.key)


def _covers(dkim: Dkim, queue: Queue) -> bool:
    return _signer(dkim).covers(queue.address.domain)


def _judged(
    came: Came, *, policy: Policy, dkim: Dkim | None, sent_id: str, mail_from: Address
) -> tuple[Finding, ...]:
    return (
        _about_id(came, policy, sent_id),
        _about_sender(came, mail_from),
        _about_signature(came, policy, dkim),
    )


def _about_id(came: Came, policy: Policy, sent_id: str) -> Finding:
    if came.mail.message_id == sent_id:
        return good(IDS, "kept by the relay")
    said = f"the relay makes new ones ({clean(came.mail.message_id or 'none')})"
    if policy.reply_mode is ReplyMode.HEADERS:
        mend = "In mode headers answers are known by these alone: use desk.reply.mode plus"
        return bad(IDS, said, mend)
    mend = "Answers are known by their token alone. Tell the relay to keep them if you can"
    return advice(IDS, said, mend)


def _about_sender(came: Came, mail_from: Address) -> Finding:
    if came.envelope.mail_from is not None and came.envelope.mail_from.key == mail_from.key:
        return good(BOUNCES, "kept by the relay, so bounces find their letter")
    return advice(
        BOUNCES,
        f"the relay made it {clean(came.seen.mail_from) or 'empty'}",
        "Bounces go there and not to the desk: agents do not hear that an answer failed. Let "
        "the relay send with any address of yours",
    )


def _about_signature(came: Came, policy: Policy, dkim: Dkim | None) -> Finding:
    domain = policy.queues[0].address.domain
    signatures = came.mail.provenance.signatures
    signers = list(dict.fromkeys(clean(one.domain) for one in signatures if one.domain))
    if dkim is None or not _covers(dkim, policy.queues[0]):
        if domain in signers:
            return good(SIGNATURE, f"the relay signs as {domain}")
        by = f"signed by {', '.join(signers)} only" if signers else "nobody signs letters"
        return advice(
            SIGNATURE, by, f"Let the relay sign as {domain}, or sign here: mailtrack dkim-key"
        )
    # Of one that is broken beyond doubt nothing but the domain was read.
    ours = [
        one
        for one in signatures
        if one.domain == dkim.domain and one.selector in (dkim.selector, "")
    ]
    if not ours:
        return bad(SIGNATURE, "our signature is gone when the letter comes back", _SIGN_MEND)
    flaws = came.mail.provenance.flaw or ours[0].flaw
    against = flaws or importlib.import_module("mailtrack.mail.signature_key").objection(
        ours[0], record_of(dkim.key).encode("ascii")
    )
    if against:
        said = f"our signature no longer holds when the letter comes back: {clean(against)}"
        return bad(SIGNATURE, said, _SIGN_MEND)
    return good(SIGNATURE, f"ours by {dkim.domain} is whole when the letter comes back")


_SIGN_MEND: Final = (
    "Something on the way changes letters after they were signed: take that out, or let the "
    "last server sign instead of the desk"
)
