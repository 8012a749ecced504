"""Whom this desk believes: its policy, what is proved by what for each agent, what is missing.

The last paragraph of ``mailtrack check``, made of this desk's own files; nothing is asked of
the world. The rules themselves stand in ``desk.origin`` and ``desk.identity``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mailtrack.config import Loaded
from mailtrack.desk.identity import needs_origin
from mailtrack.desk.policy import FREEMAIL, Agent, Policy, TrustPolicy
from mailtrack.desk.proofs import AUTH, DMARC
from mailtrack.intake.passwords import FILE_BYTES_MAX, logins_from
from mailtrack.mail.envelope import Front

LINE_CHARS_MAX: Final = 96
NAMES_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Proved:
    """Agents who write from one domain, and all that can prove it; ``()`` if nothing can."""

    agents: tuple[str, ...]
    domain: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a desk stands: in one sentence, by agent, and what is left to do, in order."""

    policy: str
    is_strict: bool
    now: str
    agents: tuple[Proved, ...]
    steps: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"Who is believed (trust.policy: {self.policy}): {self.now}"]
        lines += [f"  {_row(one)}" for one in self.agents]
        lines.append(_title(self.is_strict) if self.steps else "Nothing is missing.")
        lines += [f"  {number}. {step}" for number, step in enumerate(self.steps, 1)]
        return _wrapped(lines)


def standing_of(loaded: Loaded) -> Standing:
    """Where this desk stands."""
    policy = loaded.policy
    agents = _proved(loaded)
    unproved = tuple(one for one in agents if not one.by)
    is_required = needs_origin(policy)
    return Standing(
        policy=policy.trust.value,
        is_strict=is_required,
        now=_now(policy, is_required, can_prove=len(unproved) < len(agents)),
        agents=agents,
        steps=_steps(loaded, unproved, is_required),
    )


# What is proved.


def _proved(loaded: Loaded) -> tuple[Proved, ...]:
    logins = _submission_logins(loaded)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for agent in loaded.policy.agents:
        if agent.is_active:
            for domain in dict.fromkeys(key.rpartition("@")[2] for key in agent.emails):
                by = _proofs(loaded, agent, domain, logins)
                groups.setdefault((domain, by), []).append(agent.name)
    return tuple(Proved(tuple(names), *key) for key, names in groups.items())


def _proofs(
    loaded: Loaded, agent: Agent, domain: str, logins: frozenset[str]
) -> tuple[str, ...]:
    policy, relay = loaded.policy, loaded.policy.relay
    found = []
    if relay is not None and DMARC in relay.methods:
        found.append(f"{relay.authserv_id} vouching for {domain} (dmarc=pass)")
    if relay is not None and AUTH in relay.methods:
        login = next((one for one, name in relay.logins if name == agent.name), "the address")
        found.append(f"a login at {relay.authserv_id} as {login}")
    if policy.dkim is not None:
        signers = " or ".join(policy.dkim.signers_of(domain))
        found.append(f"the signature of {signers} (DKIM), which the desk checks")
    if logins & {agent.name, *agent.emails}:
        found.append("a login at the desk's own submission port")
    return tuple(found)


def _submission_logins(loaded: Loaded) -> frozenset[str]:
    submission = loaded.config.submission
    if submission is None:
        return frozenset()
    try:
        with submission.passwords.open("rb") as file:
            return frozenset(logins_from(file.read(FILE_BYTES_MAX)))
    except OSError:
        return frozenset()  # the way in itself complains of it


# In words.


def _now(policy: Policy, is_required: bool, *, can_prove: bool) -> str:
    if not is_required:
        why = (
            "whatever is configured"
            if policy.trust is TrustPolicy.CAPABILITY
            else "because no way to prove where mail comes from is configured"
        )
        return (
            "an agent is known by the secret reply address and the From address together, "
            f"{why}. Whoever gets hold of a notification can answer it as its agent."
        )
    if not can_prove:
        return (
            "proof of where mail comes from is required, and nothing can prove it: every mail "
            "of an agent that does more than ask is held until they answer ok."
        )
    return (
        "proof of where mail comes from is required; an agent's mail without it is held, and "
        "the agent is asked."
    )


def _row(one: Proved) -> str:
    names = _listed(one.agents)
    by = "; or ".join(one.by) if one.by else "nothing"
    return f"{names} ({one.domain}): proved by {by}."


def _title(is_strict: bool) -> str:
    return (
        "Worth doing:"
        if is_strict
        else "To become strict, so that a stolen notification opens nothing:"
    )


def _steps(loaded: Loaded, unproved: tuple[Proved, ...], is_required: bool) -> tuple[str, ...]:
    policy = loaded.policy
    steps: list[str] = []
    if policy.trust is TrustPolicy.CAPABILITY:
        steps.append("In mailtrack.yaml, take policy: capability out of trust.")
    steps += _by_login(loaded, unproved)
    if not policy.origin_methods:
        steps += [_by_dkim(unproved), *_by_server(loaded)]
    elif policy.relay is not None:
        steps += _ways_not_covered(loaded)
        steps.append(
            "See that nobody can forge what that server says: mailtrack check --through HOST, "
            "where mail from outside comes in."
        )
    if policy.trust is not TrustPolicy.STRICT:
        steps.append(
            "Then write trust: {policy: strict}: proof stays required even if somebody takes "
            "the ways to prove out of the file again."
        )
    return tuple(steps)


def _by_login(loaded: Loaded, unproved: tuple[Proved, ...]) -> list[str]:
    """Who cannot log in at the submission port that there is, and who is a slip in its file."""
    submission = loaded.config.submission
    if submission is None:
        return []
    steps = []
    file = submission.passwords
    known = {name for one in loaded.policy.agents for name in (one.name, *one.emails)}
    if strangers := sorted(_submission_logins(loaded) - known):
        steps.append(
            f"In {file}, {_listed(strangers)} is the login of no agent. A login is the name of "
            "people.yaml or an address."
        )
    if names := list(dict.fromkeys(name for one in unproved for name in one.agents)):
        steps.append(
            f"Let {_listed(names)} log in at the desk's own submission port: what "
            f"`mailtrack password {names[0]}` prints is a line for {file}."
        )
    return steps


def _by_dkim(unproved: tuple[Proved, ...]) -> str:
    """The shortest way, named for the domains of this desk."""
    domains = tuple(dict.fromkeys(one.domain for one in unproved))
    done = [one for one in domains if one in FREEMAIL]
    left = [one for one in domains if one not in FREEMAIL]
    text = (
        "The shortest way: trust: {dkim: {}}. The desk then checks the signature (DKIM) that a "
        "sender's server puts on each mail."
    )
    if left:
        text += (
            f" The server that sends for {_listed(left)} has to sign as {_listed(left)}: turn "
            "DKIM on there."
        )
    if done:
        text += f" Large providers ({_listed(done)}) sign already."
    return text


def _by_server(loaded: Loaded) -> tuple[str, ...]:
    """The other way, if mail comes through a server that can judge it."""
    config = loaded.config
    ways = [
        f"behind_mta: true at intake.{name}"
        for name, listener in (("lmtp", config.lmtp), ("smtp", config.smtp))
        if listener is not None
    ]
    if not ways and not config.imap:
        return ()
    where = ways[0] if ways else "also: [imap] beside it"
    return (
        "Or let your own mail server judge whether a mail comes from the domain in its From "
        "(DMARC; under Postfix OpenDKIM and OpenDMARC do it, or Rspamd). It writes that into "
        "the field Authentication-Results under a name of its own, and takes out what others "
        f"wrote there. Set trust.authentication_results.authserv_id to that name, and {where} "
        "(docs/operations.md, “How to become strict”).",
    )


def _ways_not_covered(loaded: Loaded) -> list[str]:
    relay, config = loaded.policy.relay, loaded.config
    assert relay is not None, "the caller asked"
    ways = (
        (Front.SMTP, config.smtp, "behind_mta: true at intake.smtp, or smtp: null"),
        (Front.LMTP, config.lmtp, "behind_mta: true at intake.lmtp, or lmtp: null"),
        (Front.IMAP, config.imap, "trust.authentication_results.also: [imap]"),
    )
    return [
        f"Mail that comes by {front.value} proves nothing by {relay.authserv_id}. If it came "
        f"through that server, write {mend}."
        for front, way, mend in ways
        if way and front not in relay.fronts
    ]


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - NAMES_MAX} more" if len(shown) > NAMES_MAX else ""
    return ", ".join(shown[:NAMES_MAX]) + more


def _wrapped(lines: list[str]) -> str:
    return "\n".join(
        piece
        for line in lines
        for piece in textwrap.wrap(
            line,
            LINE_CHARS_MAX,
            subsequent_indent=" " * (len(line) - len(line.lstrip()) + 3),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
