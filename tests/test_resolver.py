"""Keys from the DNS: a real server of our own on loopback that misbehaves on demand (F35)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailtrack.nameservers import Servers
from mailtrack.resolver import CACHE_MAX, Resolver
from mailtrack.tickets.reading import Record

KEY = b"v=DKIM1; p=AAAA"
SECONDS = 0.5  # of patience here; a desk has five


class NameServer(asyncio.DatagramProtocol):
    """Answers TXT by the first label of the name; what it says nothing to, it never answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text()
        self.asked.append(name)
        wire = answer_to(query, name)
        if wire is not None:
            self.transport.sendto(wire, peer)


def answer_to(query: dns.message.Message, name: str) -> bytes | None:
    answer = dns.message.make_response(query)
    kind = name.partition(".")[0]
    texts = {"good": [KEY], "split": [KEY], "two": [KEY, KEY + b"B"], "spf": [b"v=spf1", KEY],
             "long": [KEY + b"A" * 9000], "none": [b"v=spf1"]}  # fmt: skip
    if kind in texts:
        answer.answer = [rrset(name, "TXT", *(quoted(one) for one in texts[kind]))]
    elif kind == "loop":
        answer.answer = [rrset(name, "CNAME", "x.loop.example."),
                         rrset("x.loop.example.", "CNAME", name)]  # fmt: skip
    elif kind == "alias":
        answer.answer = [rrset(name, "CNAME", "k.example."),
                         rrset("k.example.", "TXT", quoted(KEY))]  # fmt: skip
    elif kind == "servfail":
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif kind == "nx":
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif kind == "huge":
        answer.flags |= dns.flags.TC  # 500 kB do not fit; the rest by TCP, where nobody listens
    elif kind == "garbage":
        return query.to_wire()[:2] + b"\xff" * 30
    else:
        return None
    return answer.to_wire(max_size=65_535)


def quoted(text: bytes) -> str:
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)]
    return " ".join(f'"{piece.decode()}"' for piece in pieces)


def rrset(name: str, kind: str, *values: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(name, 300, "IN", kind, *values)


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    yield protocol
    transport.close()


def resolver_of(server: NameServer) -> Resolver:
    port = server.transport.get_extra_info("sockname")[1]
    return Resolver(Servers(("127.0.0.1",), port=port).txt, seconds_max=SECONDS)


FOUND = {"good": KEY, "alias": KEY, "spf": KEY, "none": None, "nx": None}


@pytest.mark.parametrize(("kind", "text"), FOUND.items())
async def test_a_key_is_found_or_known_to_be_missing(
    server: NameServer, kind: str, text: bytes | None
) -> None:
    (found,) = await resolver_of(server).records([f"{kind}.example"])
    assert found == Record(f"{kind}.example", text)


@pytest.mark.parametrize("kind", ["servfail", "slow", "huge", "long", "loop", "two", "garbage"])
async def test_f35_a26_what_the_dns_cannot_say_in_time_is_no_answer(
    server: NameServer, kind: str
) -> None:
    (found,) = await resolver_of(server).records([f"{kind}.example"])
    assert found.text is None and found.trouble


async def test_f35_all_questions_of_a_mail_together_have_one_deadline(
    server: NameServer,
) -> None:
    names = [f"slow.{number}.example" for number in range(5)]
    started = time.monotonic()
    found = await resolver_of(server).records(["good.example", *names])
    assert time.monotonic() - started < 5 * SECONDS
    assert [bool(one.trouble) for one in found] == [False] + [True] * 5


async def test_a_slow_domain_holds_up_nobody_else(server: NameServer) -> None:
    resolver = resolver_of(server)
    slow = asyncio.create_task(resolver.records(["slow.example"]))
    (found,) = await resolver.records(["good.example"])
    assert found.text == KEY and not slow.done()
    await slow


async def test_an_answer_is_kept_and_trouble_is_not_asked_about_again_at_once(
    server: NameServer,
) -> None:
    resolver = resolver_of(server)
    for _ in range(3):
        await resolver.records(["good.example", "servfail.example"])
    assert server.asked.count("good.example.") == 1
    once = server.asked.count("servfail.example.")
    await resolver.records(["servfail.example"])
    assert server.asked.count("servfail.example.") == once


async def test_the_memory_of_answers_is_bounded() -> None:
    async def ask(_name: str) -> tuple[bytes | None, float]:
        return KEY, 60.0

    resolver = Resolver(ask)
    for start in range(0, CACHE_MAX + 200, 100):
        await resolver.records(f"k{number}.example" for number in range(start, start + 100))
    assert len(resolver._known) == CACHE_MAX
