"""The DNS servers of the system, or named ones; the home of dnspython.

The clerk asks for keys of signatures (``txt``), ``mailtrack check`` for the other records that
mail needs.

Loading it takes a tenth of a second and it ships as an extra: whoever has something to ask
imports it then.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.resolver

LIFETIME_SECONDS: Final = 5.0
RECORDS_MAX: Final = 100  # of one name that are looked at
NOTHING_SECONDS: Final = 30.0  # how long "there is no such record" holds


class Servers:
    """Servers to ask: those of the system unless addresses are named."""

    def __init__(self, addresses: tuple[str, ...] = (), *, port: int = 53) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not addresses)
        if addresses:
            self._resolver.nameservers = list(addresses)
            self._resolver.port = port

    async def txt(self, name: str) -> tuple[bytes | None, float]:
        """The one TXT record that is a key, None if there is none; and its seconds to live.

        Raises ``OSError`` if nobody can tell: no answer in time, a loop of names, two keys.
        """
        answer = await self._asked(name, "TXT")
        if answer is None:
            return None, NOTHING_SECONDS
        keys = [text for text in _texts(answer) if b"p=" in text]
        if len(keys) > 1:
            raise OSError("it has two keys")
        return (keys[0] if keys else None), float(answer.rrset.ttl if answer.rrset else 0)

    async def texts(self, name: str) -> tuple[bytes, ...]:
        """All TXT records of a name; none if there are none. Raises ``OSError``."""
        answer = await self._asked(name, "TXT")
        return _texts(answer)[:RECORDS_MAX] if answer else ()

    async def exchangers(self, name: str) -> tuple[str, ...]:
        """The hosts that take mail for a domain, the first choice first; ``""`` is the null MX
        (RFC 7505: it takes none). Raises ``OSError``.
        """
        answer = await self._asked(name, "MX")
        records = sorted(answer or (), key=lambda one: int(one.preference))[:RECORDS_MAX]
        names = (one.exchange.to_text(omit_final_dot=True) for one in records)
        return tuple("" if name == "." else name for name in names)

    async def has_address(self, name: str) -> bool:
        """Whether a name has an IP address, of either kind. Raises ``OSError``."""
        return any([await self._asked(name, kind) for kind in ("A", "AAAA")])

    async def _asked(self, name: str, kind: str) -> dns.resolver.Answer | None:
        """The answer, None if there is no such record. Raises ``OSError``."""
        try:
            return await self._resolver.resolve(
                f"{name}.", kind, lifetime=LIFETIME_SECONDS, search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except (dns.exception.DNSException, ValueError) as error:
            raise OSError(type(error).__name__) from error


def _texts(answer: dns.resolver.Answer) -> tuple[bytes, ...]:
    return tuple(b"".join(one.strings) for one in answer)


@cache
def system() -> Servers:
    """The servers that the system names in ``/etc/resolv.conf``, read once.

    Raises ``OSError`` if it names none.
    """
    try:
        return Servers()
    except dns.exception.DNSException as error:
        raise OSError(type(error).__name__) from error
