"""``mailtrack check --dns``: the records in the DNS that mail of this desk needs.

``nameservers`` does the asking, within a deadline; what a record says is judged from its text
in ``record_texts``. Without an answer nothing is known, and nothing is called wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from mailtrack.config import Loaded
from mailtrack.config.settings import Dkim
from mailtrack.desk.policy import Policy, ReplyMode
from mailtrack.mail.signing import Signer, record_of, record_strings
from mailtrack.nameservers import Servers, system
from mailtrack.operator.findings import Finding, advice, bad, clean, good, unknown
from mailtrack.operator.record_texts import dkim_flaw, dmarc_policy, is_in_testing, spf_flaw

DOMAINS_MAX: Final = 20
HOSTS_MAX: Final = 5  # of one domain that are looked up
QUESTION_SECONDS_MAX: Final = 20.0

Question = Callable[[Servers], Awaitable[Finding]]


def dns_findings(loaded: Loaded, server: tuple[str, int] | None) -> tuple[Finding, ...]:
    """What the DNS says of this desk. ``server`` is asked, None: those of the system."""
    questions = _questions(loaded)

    async def all_at_once() -> list[Finding]:
        try:
            servers = Servers((server[0],), port=server[1]) if server else system()
        except (OSError, ValueError) as error:
            mend = "Name one by its IP address: --nameserver 192.0.2.53"
            return [bad("DNS", f"there is no server to ask: {clean(str(error))}", mend)]
        return list(
            await asyncio.gather(*(_answer(test, one, servers) for test, one in questions))
        )

    return tuple(asyncio.run(all_at_once()))


async def _answer(test: str, question: Question, servers: Servers) -> Finding:
    try:
        async with asyncio.timeout(QUESTION_SECONDS_MAX):
            return await question(servers)
    except TimeoutError:
        return unknown(test, f"the DNS gave no answer in {QUESTION_SECONDS_MAX:g} s")
    except OSError as error:
        return unknown(test, f"the DNS gave no answer ({clean(str(error))})")


def _questions(loaded: Loaded) -> list[tuple[str, Question]]:
    policy, dkim = loaded.policy, loaded.config.outgoing.dkim
    from_domains = list(dict.fromkeys(one.address.domain for one in policy.queues))
    found: list[tuple[str, Question]] = [
        (f"MX of {domain}", partial(_mail_comes_to, domain))
        for domain in _mail_domains(policy)[:DOMAINS_MAX]
    ]
    if dkim is not None:
        found.append((_dkim_test(dkim), partial(_key_is_published, dkim, from_domains)))
    for domain in from_domains[:DOMAINS_MAX]:
        found.append((f"SPF of {domain}", partial(_spf, domain)))
        found.append((f"DMARC of {domain}", partial(_dmarc, domain)))
    return found


def _mail_domains(policy: Policy) -> list[str]:
    """The domains whose mail has to come here."""
    domains = [key.rpartition("@")[2] for key, _ in policy.addresses]
    if policy.reply_mode is ReplyMode.SUBDOMAIN:
        domains.append(policy.reply_domain)
    return list(dict.fromkeys(domains))


async def _mail_comes_to(domain: str, servers: Servers) -> Finding:
    test = f"MX of {domain}"
    mend = f"Publish an MX record of {domain} that names the server where its mail comes in"
    hosts = await servers.exchangers(domain)
    if hosts == ("",):
        return bad(test, "it says that the domain takes no mail at all (null MX)", mend)
    if not hosts:
        if await servers.has_address(domain):
            said = "there is none, so mail goes to the address of the domain itself"
            return advice(test, said, mend)
        return bad(test, "there is none, and the domain has no address either", mend)
    for host in hosts[:HOSTS_MAX]:
        if not await servers.has_address(host):
            return bad(
                test,
                f"it names {clean(host) or 'nothing'}, which has no address",
                "Publish an A or AAAA record of that name, or name another server",
            )
    return good(test, f"mail goes to {', '.join(clean(one) for one in hosts[:HOSTS_MAX])}")


def _dkim_test(dkim: Dkim) -> str:
    return f"DKIM key {dkim.selector}._domainkey.{dkim.domain}"


async def _key_is_published(dkim: Dkim, from_domains: list[str], servers: Servers) -> Finding:
    test, name = _dkim_test(dkim), f"{dkim.selector}._domainkey.{dkim.domain}"
    wanted = record_of(dkim.key)
    strings = " ".join(f'"{one}"' for one in record_strings(wanted))
    mend = f"Publish this record:\n{name}. IN TXT ( {strings} )"
    records = await servers.texts(name)
    if not records:
        return bad(test, "there is none: nobody can check what this desk signs", mend)
    if len(records) > 1:
        return bad(test, "there are two records, so nobody knows which counts", mend)
    flaw = dkim_flaw(records[0], wanted.encode("ascii"))
    if flaw:
        return bad(test, flaw, mend)
    if is_in_testing(records[0]):
        said = "it is ours, but marked as a test (t=y): many treat such mail as unsigned"
        return advice(test, said, "Take t=y out of the record")
    signer = Signer(dkim.domain, dkim.selector, dkim.key)
    left = [one for one in from_domains if not signer.covers(one)]
    if left:
        return advice(
            test,
            f"it is there and ours; letters from {', '.join(left)} are not signed by it",
            "Let the relay sign those",
        )
    return good(test, "it is there, and belongs to the key that signs here")


async def _spf(domain: str, servers: Servers) -> Finding:
    test = f"SPF of {domain}"
    records = [one for one in await servers.texts(domain) if one.lower().startswith(b"v=spf1")]
    mend = (
        "It is one TXT record of the domain that names who may send for it, such as\n"
        '"v=spf1 include:what-your-provider-names -all", or "v=spf1 ip4:ADDRESS-OF-RELAY -all"'
    )
    if not records:
        return bad(test, "there is none: many servers will not believe these letters", mend)
    if len(records) > 1:
        return bad(test, "there are two, which is as good as none", mend)
    flaw = spf_flaw(records[0])
    if flaw:
        return bad(test, clean(flaw), mend)
    return good(test, clean(records[0].decode("latin-1")))


async def _dmarc(domain: str, servers: Servers) -> Finding:
    """Of the domain, or of the next one above that has one (RFC 7489 section 6.6.3)."""
    test = f"DMARC of {domain}"
    labels = domain.split(".")
    for count in range(len(labels) - 1):
        name = ".".join(("_dmarc", *labels[count:]))
        records = [one for one in await servers.texts(name) if one.startswith(b"v=DMARC1")]
        if records:
            policy = dmarc_policy(records[0]) if len(records) == 1 else None
            if policy is None:
                return advice(test, f"what stands at {name} cannot be read", _DMARC_MEND)
            return good(test, f"p={policy}, at {name}")
    said = "there is none, so nobody is asked to refuse mail that forges this domain"
    return advice(test, said, _DMARC_MEND)


_DMARC_MEND: Final = 'Begin with a TXT record at _dmarc.DOMAIN:\n"v=DMARC1; p=none"'
