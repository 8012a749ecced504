"""Who is writing, and how much of what they ask may be done: security section 2.2, SPEC 4.

``From:`` is a claim. A capability (our own token or issued id, used from the address it was
given to) and proof of origin are the two factors; ``trust`` is the whole table of what they
permit together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailtrack.desk.policy import Agent, Policy, TrustPolicy
from mailtrack.mail.address import Mailbox, address_from
from mailtrack.mail.envelope import Envelope
from mailtrack.mail.message import ParsedMail
from mailtrack.tickets.reading import Origin, Verdict
from mailtrack.tickets.ticket import PersonId


@dataclass(frozen=True, slots=True)
class Writer:
    """Who claims to write. ``agent`` is set for an active agent's address only."""

    person: PersonId
    mailbox: Mailbox
    agent: Agent | None
    origin: Origin


class Deed(StrEnum):
    """What a mail asks for, by how much harm a forger could do with it."""

    EVERYDAY = "everyday"  # an answer, a note, a field
    QUESTION = "question"  # an answer to the agent's registered address
    STEP_UP = "step_up"  # what must be confirmed even by the right person


class Trust(StrEnum):
    """What the table says."""

    DO = "do"
    CONFIRM = "confirm"


def writer_of(mail: ParsedMail, origin: Origin, policy: Policy) -> Writer | None:
    """Who claims to write; None when From is not one clean mailbox."""
    if mail.sender is None:
        return None
    agent = policy.agent_at(mail.sender.address.key)
    if agent is None or not agent.is_active:
        person = policy.person_at(mail.sender.address.key)
        return Writer(person, mail.sender, None, origin)
    return Writer(agent.id, Mailbox(agent.shown, mail.sender.address), agent, origin)


def origin_of(mail: ParsedMail, envelope: Envelope, policy: Policy) -> Origin:
    """What the transport itself proves: a login that belongs to the From address."""
    login = envelope.authenticated_as
    if login is None or mail.sender is None:
        return Origin()
    agent = policy.agent_at(mail.sender.address.key)
    as_address = address_from(login)
    is_theirs = as_address is not None and as_address.key == mail.sender.address.key
    if is_theirs or (agent is not None and login == agent.name):
        return Origin(Verdict.PASS, "smtp_auth", login)
    return Origin(Verdict.FAIL, "smtp_auth", f"{login} may not write as this address")


def needs_origin(policy: Policy) -> bool:
    """Whether proof of origin is required: ``strict``, or ``auto`` where it can be had."""
    if policy.trust is TrustPolicy.AUTO:
        return bool(policy.origin_methods)
    return policy.trust is TrustPolicy.STRICT


def trust(deed: Deed, *, has_capability: bool, origin: Verdict, policy: Policy) -> Trust:
    """Whether an agent's mail is carried out, or held until the agent confirms it.

    ``has_capability``: it came with a token or answers an id that we gave to this very agent.
    A failed proof is never carried out, and a step-up is always confirmed.
    """
    if deed is Deed.STEP_UP or origin is Verdict.FAIL:
        return Trust.CONFIRM
    if origin is Verdict.PASS:
        return Trust.DO
    if needs_origin(policy):
        is_harmless = deed is Deed.QUESTION and has_capability
        return Trust.DO if is_harmless else Trust.CONFIRM
    # Nothing could prove it: the capability must do. A question is answered to the registered
    # address, so that a forger gains nothing by asking.
    return Trust.DO if has_capability or deed is Deed.QUESTION else Trust.CONFIRM
