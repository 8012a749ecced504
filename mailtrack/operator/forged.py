"""Trial: can a stranger write Authentication-Results that this desk believes?

A test mail claims to be an agent's and brings such fields, in the name that we believe and in
names that only look like it. How they come out at our end is judged by the desk's own rules.
Read ``probing`` next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from mailtrack.desk.origin import origin_of
from mailtrack.desk.policy import Agent, Policy
from mailtrack.desk.proofs import Relay
from mailtrack.mail.address import Address, Mailbox, ascii_lower
from mailtrack.mail.authentication import raw_fields, results_of
from mailtrack.mail.message import Stamp
from mailtrack.operator.counted import counted
from mailtrack.operator.findings import Finding, Grade, advice, bad, clean, good
from mailtrack.operator.probing import STRANGER, Came, Parcel, Trial
from mailtrack.outbox.delivery import Courier
from mailtrack.probes import HEADER, Probe
from mailtrack.tickets.reading import Verdict

TEST: Final = "forged Authentication-Results"
_FIELD: Final = "authentication-results"
_WORDS: Final = (
    "This is a test mail. `mailtrack check` sent it to see how mail reaches the desk.\r\n"
    "It asks nothing of anybody. If it lies in front of you, it was late: delete it.\r\n"
)
_RECIPE: Final = """\
Until this is mended believe nothing that this server says of an agent. Let it take such \
fields out of what comes in, before it writes its own; then run this again. In Postfix:
header_checks = regexp:/etc/postfix/header_checks      # in main.cf
/^Authentication-Results:/ IGNORE                      # in /etc/postfix/header_checks
# OpenDKIM besides: AuthservID {name}, RemoveARAll yes; OpenDMARC: AuthservID {name}"""


@dataclass(frozen=True, slots=True)
class Forgery:
    """One forged field. ``mark`` stands in it and nowhere else in the world."""

    form: str
    mark: str
    text: str


def trial(
    policy: Policy, probe: Probe, instead: Probe, *, courier: Courier, name: str, seconds: float
) -> Trial:
    """The trial. ``name`` stands in the fields if no server's are believed here."""
    victim = _victim(policy)
    forgeries = forgeries_of(policy, victim, probe, name=name)
    to = policy.queues[0].address

    def made(word: Probe, sender: Mailbox) -> Trial:
        return Trial(
            test=TEST,
            probe=word,
            parcel=Parcel(_mail(word, sender, to, forgeries), None, to),
            courier=courier,
            judge=lambda came: judged(came, forgeries, policy, victim),
            refused=lambda said: bad(
                TEST,
                f"the server takes no mail for {to}: “{said}”",
                "Give the server where mail from outside comes in, and let it know the address",
            ),
            lost=bad(
                TEST,
                f"the mail to {to} was taken and has not come to the desk in {seconds:g} s",
                "Look for it in the server's log: is mail to this address handed to the desk?",
            ),
        )

    return replace(
        made(probe, victim),
        refused=lambda said: good(
            "a forged From",
            f"the server refuses a mail that claims to be from {victim.address}: “{said}”. "
            "The next test mail claims less",
        ),
        instead=made(instead, Mailbox("", STRANGER)),
    )


def forgeries_of(
    policy: Policy, victim: Mailbox, probe: Probe, *, name: str
) -> tuple[Forgery, ...]:
    """What a forger would try, the plainest first."""
    relay = policy.relay
    name = relay.authserv_id if relay else name
    address, domain = victim.address, victim.address.domain
    passed = f"dmarc=pass header.from={domain}"
    rows = (
        ("as it is", f"{name}; {passed}"),
        ("with a login", f"{name}; auth=pass smtp.auth={_login(policy, address)}"),
        ("in capitals", f"{name.upper()}; {passed}"),
        ("with a version", f"{name} 1; {passed}"),
        ("folded", f"{name};\r\n\t{passed}"),
        ("behind a comment", f"(x) {name}; {passed}"),
        ("with a dot", f"{name}.; {passed}"),
    )
    return tuple(
        Forgery(form, mark, f"{text} policy.probe={mark}")
        for index, (form, text) in enumerate(rows)
        for mark in (f"{probe.id}-{index}",)
    )


def judged(
    came: Came, forgeries: tuple[Forgery, ...], policy: Policy, victim: Mailbox
) -> tuple[Finding, ...]:
    """What became of them, and of what the server writes itself."""
    forged = _about_forgeries(came, forgeries, policy, victim)
    found = [forged, _about_own(came, policy)]
    if forged.grade is not Grade.BAD:
        found += _about_verdict(came, policy, victim)
    return tuple(found)


def _about_verdict(came: Came, policy: Policy, victim: Mailbox) -> list[Finding]:
    """What the running desk made of the whole mail, if it still claims to be the agent's."""
    test, said = "the forged mail as a whole", clean(came.seen.said)
    if came.mail.sender is None or came.mail.sender.address.key != victim.address.key:
        return []
    if came.seen.verdict == Verdict.PASS:
        return [advice(test, f"the desk takes it for {victim.address}'s: {said}", _MACHINE)]
    signers = {one.domain for one in came.mail.provenance.signatures}
    wanted = policy.dkim.signers_of(victim.address.domain) if policy.dkim else ()
    if signers & set(wanted):
        found = f"it was signed by {wanted[0]} on its way, and not believed: {said}"
        return [advice(test, found, _MACHINE)]
    return [good(test, f"it proves nothing: {said}")]


_MACHINE: Final = (
    "Your server takes this machine for one of yours and vouches for what it sends. Make sure "
    "that it vouches for nothing that comes from outside"
)


def _about_forgeries(
    came: Came, forgeries: tuple[Forgery, ...], policy: Policy, victim: Mailbox
) -> Finding:
    stamps = came.mail.provenance.stamps
    kept = [one for one in forgeries if any(one.mark in stamp.text for stamp in stamps)]
    believed = [one.form for one in kept if _is_believed(came, one, policy, victim)]
    relay = policy.relay
    if relay is not None and believed:
        own = any(_is_own(stamp, relay) for stamp in stamps)
        today = (
            " Today the server's own field stands above it and hides it; a mail without one, "
            "as when its filter is down, would act"
            if own
            else ""
        )
        return bad(
            TEST,
            f"what a stranger writes in the name of {relay.authserv_id} comes through and is "
            f"believed ({', '.join(believed)}): anybody can write as {victim.address}.{today}",
            _RECIPE.format(name=relay.authserv_id),
        )
    return good(TEST, _fate(came, forgeries, kept, relay))


def _fate(
    came: Came, forgeries: tuple[Forgery, ...], kept: list[Forgery], relay: Relay | None
) -> str:
    renamed = _new_names(came.raw, forgeries)
    if len(kept) < len(forgeries):
        gone = "renamed to " + ", ".join(renamed) if renamed else "taken out"
        left = [one.form for one in kept]
        rest = f"; left, and not believed: {', '.join(left)}" if left else ""
        return f"{gone} by the server{rest}"
    if relay is None:
        return "kept by the server, and believed by nobody: trust names no such server"
    if not relay.hands_over(came.envelope):
        return "kept by the server, and not believed: nothing is that comes in by this way"
    return "kept by the server, and not believed: they stand below its own Received line"


def _is_believed(came: Came, forgery: Forgery, policy: Policy, victim: Mailbox) -> bool:
    """Whether this field, alone in a mail of the agent's, would prove it by our own rules."""
    provenance = came.mail.provenance
    stamps = tuple(one for one in provenance.stamps if forgery.mark in one.text)
    alone = replace(provenance, stamps=stamps, signatures=(), flaw="", smuggled="")
    mail = replace(came.mail, sender=victim, provenance=alone)
    origin = origin_of(mail, came.envelope, replace(policy, dkim=None))
    return origin.verdict is Verdict.PASS


def _about_own(came: Came, policy: Policy) -> Finding:
    """Whether the server writes a field itself, and where it stands."""
    test, relay = "the server's own Authentication-Results", policy.relay
    own = [one for one in came.mail.provenance.stamps if _is_new(one)]
    if relay is None:
        names = list(dict.fromkeys(_name_of(one) for one in own))
        if not own:
            return good(test, "it wrote none, and none are asked for (trust)")
        return advice(
            test,
            f"it writes them as {', '.join(names)}, and the desk does not believe them",
            f"To be strict by them: trust: {{authentication_results: {{authserv_id: {names[0]}"
            f", received_hops: {own[0].hops + 1}}}}}, and behind_mta: true where mail comes in",
        )
    if not relay.hands_over(came.envelope):
        whence = came.envelope.peer or came.envelope.front.value
        return bad(
            test,
            f"mail comes by {came.envelope.front.value} from {whence}, where none are believed",
            "Set behind_mta: true at that way in (imap and pipe: "
            "trust.authentication_results.also) and name the server in trust.trusted_peers",
        )
    named = [one for one in own if _is_own(one, relay)]
    if not named:
        others = ", ".join(dict.fromkeys(_name_of(one) for one in own))
        return advice(
            test,
            f"it wrote none as {relay.authserv_id}" + (f", but as {others}" if others else ""),
            "If it does not judge mail from this machine, that is as it should be: look at one "
            "mail from outside. Else no agent's mail is ever proved by it",
        )
    return _about_place(test, named[0], relay)


def _about_place(test: str, stamp: Stamp, relay: Relay) -> Finding:
    needed = stamp.hops + 1
    lines = counted(stamp.hops, "Received line")
    place = f"below {lines}" if stamp.hops else "above every Received line"
    if needed > relay.hops:
        return bad(
            test,
            f"its field stands {place}, and received_hops: {relay.hops} does not look there",
            f"Write received_hops: {needed}, and run this again",
        )
    if needed < relay.hops:
        return advice(
            test,
            f"its field stands {place}; received_hops: {relay.hops} believes more than that",
            f"Write received_hops: {needed}",
        )
    return good(test, f"its field stands {place}, where received_hops: {relay.hops} looks")


def _is_own(stamp: Stamp, relay: Relay) -> bool:
    return _is_new(stamp) and results_of(stamp.text, relay.authserv_id) is not None


def _is_new(stamp: Stamp) -> bool:
    """Whether it was written on the way: what we forged says so."""
    return "policy.probe=" not in stamp.text


def _name_of(stamp: Stamp) -> str:
    match = re.match(r"[^\s;]{1,100}", stamp.text.strip())
    return clean(match[0]) if match else "nobody"


def _new_names(raw: bytes, forgeries: tuple[Forgery, ...]) -> list[str]:
    """The fields that hold a forgery now, under another name."""
    fields = raw_fields(raw)
    if isinstance(fields, str):
        return []
    marks = [one.mark.encode("ascii") for one in forgeries]
    return [
        clean(one.name)
        for one in fields[0]
        if one.name != _FIELD and any(mark in one.value for mark in marks)
    ]


def _victim(policy: Policy) -> Mailbox:
    """Whom a forger would be: the agent who may most."""
    order = ("admin", "lead", "agent", "light")
    agents: list[Agent] = [one for one in policy.agents if one.is_active]
    first = min(agents, key=lambda one: order.index(one.role.value), default=None)
    if first is None:
        return Mailbox("", STRANGER)
    return Mailbox(first.shown, first.address)


def _login(policy: Policy, address: Address) -> str:
    """A login that would be believed to be the agent's."""
    agent = policy.agent_at(address.key)
    logins = policy.relay.logins if policy.relay else ()
    return next((login for login, name in logins if agent and name == agent.name), str(address))


def _mail(probe: Probe, sender: Mailbox, to: Address, forgeries: tuple[Forgery, ...]) -> bytes:
    fields = "".join(f"Authentication-Results: {one.text}\r\n" for one in forgeries)
    return (
        f"{HEADER}: {probe.word}\r\n{fields}"
        f"From: {sender.address}\r\nTo: {to}\r\n"
        "Subject: A test mail of mailtrack check\r\n"
        f"Date: {format_datetime(datetime.now(UTC))}\r\n"
        f"Message-ID: <{probe.id}@{ascii_lower(to.domain)}>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        f"{_WORDS}"
    ).encode()
