"""``trust`` of ``mailtrack.yaml`` as values: whose stamps and signatures prove an origin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Final

from mailtrack.config.models import MailtrackFile
from mailtrack.config.models_trust import DkimSection, ResultMethod, ResultsSection
from mailtrack.config.page import KeyPath, Page, did_you_mean, shown_text
from mailtrack.config.report import Report
from mailtrack.desk.commands.order import Group
from mailtrack.desk.commands.table import COMMANDS
from mailtrack.desk.policy import BULK, NEVER_UNASKED, Agent, StepUp, TrustPolicy
from mailtrack.desk.proofs import AUTH, DMARC, DkimTrust, Network, Relay
from mailtrack.mail.address import domain_from
from mailtrack.mail.envelope import Front

AUTHENTICATION_RESULTS: Final = "authentication_results"
DKIM: Final = "dkim"
SMTP_AUTH: Final = "smtp_auth"
THIS_MACHINE: Final = (ip_network("127.0.0.0/8"), ip_network("::1"))
AGE_MIN: Final = timedelta(minutes=10)  # mail waits in queues, and clocks differ
_ASK_ONLY: Final = (Group.QUESTIONS, Group.ADMIN)
_CONFIRMABLE: Final = (
    BULK,
    "undo",
    *(one.word for one in COMMANDS if one.group not in _ASK_ONLY),
)
_LIBRARIES: Final = ("dkim", "dns")
_AUTHSERV_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")


@dataclass(frozen=True, slots=True)
class Proofs:
    """The ways of proof that are configured, and their names for the policy."""

    relay: Relay | None
    dkim: DkimTrust | None
    has_submission: bool = False

    @property
    def of_anybody(self) -> tuple[str, ...]:
        """The names of the ways that can prove a customer's address as well."""
        is_told_domains = self.relay is not None and DMARC in self.relay.methods
        rows = ((AUTHENTICATION_RESULTS, is_told_domains), (DKIM, self.dkim is not None))
        return tuple(name for name, is_there in rows if is_there)

    @property
    def of_agents(self) -> tuple[str, ...]:
        """The names of the ways that prove agents alone: by logins, which customers lack."""
        is_told_logins = self.relay is not None and AUTH in self.relay.methods
        rows = ((AUTHENTICATION_RESULTS, is_told_logins), (SMTP_AUTH, self.has_submission))
        named = (name for name, is_there in rows if is_there)
        return tuple(name for name in named if name not in self.of_anybody)


def proofs_of(
    file: MailtrackFile, page: Page, agents: tuple[Agent, ...], *, report: Report
) -> Proofs:
    """What ``trust`` says of proof, with every mistake in it reported."""
    trust = file.trust
    peers = _peers(trust.trusted_peers, page, report)
    relay = dkim = None
    if trust.authentication_results is not None:
        fronts = _fronts(file, trust.authentication_results)
        relay = _relay_of(trust.authentication_results, fronts, peers, page, agents, report)
    if trust.dkim is not None:
        dkim = _dkim_of(trust.dkim, page, agents, report)
    return Proofs(relay, dkim, file.intake.submission is not None)


def step_up_of(file: MailtrackFile, page: Page, proofs: Proofs, *, report: Report) -> StepUp:
    """What is confirmed by a reply, with every mistake in the list reported."""
    trust = file.trust
    at: KeyPath = ("trust", "step_up")
    for index, word in enumerate(trust.step_up):
        if word not in _CONFIRMABLE:
            found = f"{shown_text(word)} is no command that changes something"
            report.wrong(page, (*at, index), found, did_you_mean(word, _CONFIRMABLE))
    missing = [word for word in NEVER_UNASKED if word not in trust.step_up]
    is_proved = bool(proofs.of_anybody or proofs.of_agents)
    if missing and (trust.policy is TrustPolicy.CAPABILITY or not is_proved):
        why = "policy is capability" if is_proved else "nothing proves who writes"
        verb = "is" if len(missing) == 1 else "are"
        found = f"{', '.join(missing)} {verb} missing, and cannot go unasked where {why}"
        mend = "Add them" if len(missing) > 1 else "Add it"
        if not is_proved:
            mend += ", or configure a way to prove origin first: authentication_results, dkim"
        report.wrong(page, at, found, mend)
    return StepUp(trust.step_up, trust.bulk_above)


def _fronts(file: MailtrackFile, section: ResultsSection) -> frozenset[Front]:
    listeners = ((Front.SMTP, file.intake.smtp), (Front.LMTP, file.intake.lmtp))
    behind = {kind for kind, one in listeners if one is not None and one.behind_mta}
    return frozenset(behind | {Front(one.value) for one in section.also})


def _relay_of(
    section: ResultsSection,
    fronts: frozenset[Front],
    peers: tuple[Network, ...],
    page: Page,
    agents: tuple[Agent, ...],
    report: Report,
) -> Relay:
    at: KeyPath = ("trust", AUTHENTICATION_RESULTS)
    if not _AUTHSERV_ID.fullmatch(section.authserv_id):
        found = f"{shown_text(section.authserv_id)} is not the name of a server"
        mend = "Write the first word of its Authentication-Results, such as mx.help.example"
        report.wrong(page, (*at, "authserv_id"), found, mend)
    if not fronts and page.is_whole(("intake",)):
        found = "no way in is declared to be behind that server, so nothing is believed"
        mend = "Set behind_mta: true at intake.lmtp or intake.smtp, where only it can connect"
        report.wrong(page, at, found, mend)
    names = {one.name for one in agents}
    for login, agent in section.logins.items():
        if ResultMethod.AUTH not in section.methods:
            found = "logins are listed, and the method auth is not"
            report.wrong(page, (*at, "logins"), found, "Add auth to methods, or delete them")
            break
        if agents and agent not in names:
            found = f"there is no agent {shown_text(agent)}"
            report.wrong(page, (*at, "logins", login), found, did_you_mean(agent, names))
    return Relay(
        authserv_id=section.authserv_id,
        hops=section.received_hops,
        methods=tuple(one.value for one in section.methods),
        fronts=fronts,
        peers=peers,
        logins=tuple(section.logins.items()),
    )


def _peers(texts: tuple[str, ...], page: Page, report: Report) -> tuple[Network, ...]:
    found: list[Network] = list(THIS_MACHINE)
    for index, text in enumerate(texts):
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError:
            mend = "Write an address or a network: 192.0.2.25, 10.0.0.0/8, ::1"
            path: KeyPath = ("trust", "trusted_peers", index)
            report.wrong(page, path, f"{shown_text(text)} is no IP address", mend)
            continue
        if network.prefixlen == 0:
            mend = "Name your mail server alone: whoever can connect could write its results"
            path = ("trust", "trusted_peers", index)
            report.wrong(page, path, f"{shown_text(text)} is everybody", mend)
        found.append(network)
    return tuple(found)


def _dkim_of(
    section: DkimSection, page: Page, agents: tuple[Agent, ...], report: Report
) -> DkimTrust:
    at: KeyPath = ("trust", DKIM)
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        mend = "Install them: pip install 'mailtrack[auth]'"
        report.wrong(page, at, "the libraries for it are not installed", mend)
    theirs = {key.rpartition("@")[2] for agent in agents for key in agent.emails}
    signers: list[tuple[str, tuple[str, ...]]] = []
    for text, by in section.domains.items():
        path: KeyPath = (*at, "domains", text)
        domain = _domain(text, page, path, report, is_key=True)
        names = [_domain(name, page, (*path, index), report) for index, name in enumerate(by)]
        if domain is None or None in names:
            continue
        if theirs and domain not in theirs:
            found = f"no agent has an address at {domain}"
            report.warn(page, path, found, did_you_mean(domain, theirs))
        signers.append((domain, tuple(name for name in names if name)))
    if section.max_age < AGE_MIN:
        found = "so short that a signed mail proves nothing any more when it comes"
        report.wrong(page, (*at, "max_age"), found, "Write 72h, or at least 10m")
    return DkimTrust(tuple(signers), section.max_age, section.max_skew)


def _domain(
    text: str, page: Page, path: KeyPath, report: Report, *, is_key: bool = False
) -> str | None:
    domain = domain_from(text)
    if domain is None or "." not in domain:
        tell = report.wrong_key if is_key else report.wrong
        tell(page, path, f"{shown_text(text)} is no domain", "Write it plainly: help.example")
        return None
    return domain
