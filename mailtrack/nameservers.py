"""The DNS servers of the system, or named ones; the home of dnspython.

Loading it takes a tenth of a second and it ships as an extra: only ``resolver`` imports it, and
only when it has something to ask.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.resolver

LIFETIME_SECONDS: Final = 5.0
NOTHING_SECONDS: Final = 30.0  # how long "there is no such record" holds


class Servers:
    """Servers to ask for TXT records: those of the system unless addresses are named."""

    def __init__(self, addresses: tuple[str, ...] = (), *, port: int = 53) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not addresses)
        if addresses:
            self._resolver.nameservers = list(addresses)
            self._resolver.port = port

    async def txt(self, name: str) -> tuple[bytes | None, float]:
        """The one TXT record that is a key, None if there is none; and its seconds to live.

        Raises ``OSError`` if nobody can tell: no answer in time, a loop of names, two keys.
        """
        try:
            answer = await self._resolver.resolve(
                f"{name}.", "TXT", lifetime=LIFETIME_SECONDS, search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None, NOTHING_SECONDS
        except (dns.exception.DNSException, ValueError) as error:
            raise OSError(type(error).__name__) from error
        texts = [b"".join(one.strings) for one in answer]
        keys = [text for text in texts if b"p=" in text]
        if len(keys) > 1:
            raise OSError("it has two keys")
        return (keys[0] if keys else None), float(answer.rrset.ttl if answer.rrset else 0)


@cache
def system() -> Servers:
    """The servers that the system names in ``/etc/resolv.conf``, read once.

    Raises ``OSError`` if it names none.
    """
    try:
        return Servers()
    except dns.exception.DNSException as error:
        raise OSError(type(error).__name__) from error
