"""Whom the admin lets prove where a mail comes from: the relay's stamps, and signatures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address

from mailtrack.mail.envelope import Envelope, Front

Network = IPv4Network | IPv6Network

DMARC = "dmarc"
AUTH = "auth"


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server of ours whose Authentication-Results are believed.

    Only what stands above the ``hops``-th Received field was written by it, only on ``fronts``
    that mail reaches through it, only from ``peers``. ``logins`` maps its logins to agents'
    names; a login that is the From address itself needs no row.
    """

    authserv_id: str
    hops: int
    methods: tuple[str, ...]
    fronts: frozenset[Front]
    peers: tuple[Network, ...]
    logins: tuple[tuple[str, str], ...] = ()

    def hands_over(self, envelope: Envelope) -> bool:
        """Whether a mail came in by it: by a way that only it uses."""
        if envelope.front not in self.fronts:
            return False
        if not envelope.peer:  # a Unix socket, a mailbox, a pipe: no network in between
            return True
        try:
            peer = ip_address(envelope.peer.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None) or peer
        return any(mapped in network for network in self.peers)


@dataclass(frozen=True, slots=True)
class DkimTrust:
    """Whose DKIM signatures prove a From address, and how old a signed mail may be.

    ``signers`` names, for a From domain, all domains whose signature counts; a domain that is
    not named is proved by its own alone. Exact names: no domain speaks for those below it.
    """

    signers: tuple[tuple[str, tuple[str, ...]], ...]
    age_max: timedelta
    skew_max: timedelta

    def signers_of(self, domain: str) -> tuple[str, ...]:
        """The domains whose signature proves a From address of ``domain``."""
        return dict(self.signers).get(domain, (domain,))
