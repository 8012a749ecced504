"""The gate: tables of who is let in, and the reader of mails off the wire."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake.doors import wire_form

from mailtrack.intake.limits import Limits
from mailtrack.intake.maildata import Budget, Share, read_mail
from mailtrack.intake.reception import (
    LOOPING,
    MALFORMED,
    NO_ROOM,
    NO_SUCH_USER,
    NOT_OURS,
    SENDER_UNREADABLE,
    TOO_BIG,
    Answer,
    Reception,
    accept_own,
    hops_of,
)
from mailtrack.mail.address import Address

RECEPTION = Reception(
    accept_own(frozenset({"support@help.example"}), reply_domain="reply.help.example"),
    Limits(size_bytes_max=10_000, hops_max=2),
)
NO_REPLY_DOMAIN = Reception(accept_own(frozenset({"support@help.example"})), Limits())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("<>", None),
        ("", None),
        ("dana@client.example", Address("dana", "client.example")),
        ("Dana@CLIENT.example", Address("Dana", "client.example")),
        ("a..b.@docomo.example", Address("a..b.", "docomo.example")),
        ("x" * 65 + "@y.example", Address("x" * 65, "y.example")),
        ("x" * 244 + "@y.example", Address("x" * 244, "y.example")),
        ("x" * 245 + "@y.example", SENDER_UNREADABLE),
        ("dana", SENDER_UNREADABLE),
        ("@client.example", SENDER_UNREADABLE),
        ("da na@client.example", SENDER_UNREADABLE),
        ('"dana"@client.example', SENDER_UNREADABLE),
        ("dana@[192.0.2.1]", SENDER_UNREADABLE),
        ("a@b@client.example", SENDER_UNREADABLE),
        ("dana\udcff@client.example", SENDER_UNREADABLE),
        ("da\x00na@client.example", MALFORMED),
        ("da\x7fna@client.example", MALFORMED),
        ("da\rna@client.example", MALFORMED),
    ],
)
def test_a_sender_is_read(path: str, expected: Address | Answer | None) -> None:
    assert RECEPTION.sender(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("support@help.example", Address("support", "help.example")),
        ("Support@HELP.EXAMPLE", Address("Support", "help.example")),
        ("support+x@help.example", Address("support+x", "help.example")),
        ("support+@help.example", Address("support+", "help.example")),
        ("nobody@help.example", NO_SUCH_USER),
        ("nobody+support@help.example", NO_SUCH_USER),
        ("x@reply.help.example", Address("x", "reply.help.example")),
        ("x@sub.reply.help.example", NOT_OURS),
        ("support@client.example", NOT_OURS),
        ("support", NOT_OURS),
        ("sup\x00port@help.example", MALFORMED),
    ],
)
def test_a_recipient_is_judged(path: str, expected: Address | Answer) -> None:
    assert RECEPTION.recipient(path) == expected


def test_without_a_reply_domain_it_is_nobodys() -> None:
    assert NO_REPLY_DOMAIN.recipient("x@reply.help.example") == NOT_OURS


@given(st.text(max_size=300))
def test_whatever_is_said_there_is_an_answer(path: str) -> None:
    assert isinstance(RECEPTION.recipient(path), Address | Answer)
    assert isinstance(RECEPTION.sender(path), Address | Answer | None)


@pytest.mark.parametrize(
    ("raw", "hops"),
    [
        (b"", 0),
        (b"Received: a\r\n\r\n", 1),
        (b"RECEIVED: a\nreceived : b\n\nReceived: body\n", 2),
        (b"X: a\r\n Received: folded\r\n\r\n", 0),
        (b"Received-SPF: pass\r\n\r\n", 0),
        (b"Received: a\r\nReceived: b", 2),
    ],
)
def test_hops_are_counted_in_the_head(raw: bytes, hops: int) -> None:
    assert hops_of(raw) == hops


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"x" * 10_000, None),
        (b"x" * 10_001, TOO_BIG),
        (b"Received: x\r\n" * 2, None),
        (b"Received: x\r\n" * 3, LOOPING),
    ],
)
def test_a_mail_is_judged(raw: bytes, expected: Answer | None) -> None:
    assert RECEPTION.content(raw) == expected


def read(
    content: bytes,
    *,
    limit: int = 1000,
    size_bytes_max: int = 10**6,
    budget: int = 10**6,
    pass_on_bytes: int = 10**6,
) -> tuple[bytes | Answer, bytes]:
    """What is read off the wire, and what is left on it."""

    async def run() -> tuple[bytes | Answer, bytes]:
        reader = asyncio.StreamReader(limit=limit)
        reader.feed_data(content)
        reader.feed_eof()
        shared = Budget(budget)
        held = Share(shared)
        kept: list[bytes] = []

        async def keep(piece: bytes) -> None:
            kept.append(piece)

        refusal = await read_mail(
            reader,
            keep=keep,
            held=held,
            size_bytes_max=size_bytes_max,
            step_bytes=100,
            on_step=lambda: None,
            pass_on_bytes=pass_on_bytes,
        )
        held.give_back()
        assert shared.take(budget), "memory was not given back"
        return refusal or b"".join(kept), await reader.read()

    return asyncio.run(run())


# Mails made of the pieces that matter, and always ended by a line end as on the wire.
_mails = st.lists(
    st.sampled_from([b".", b"..", b"\r\n", b"\n", b"\r", b"a", b".\r\n", b"\r\n.", b"x" * 40])
).map(lambda pieces: b"".join(pieces) + b"\r\n")


@given(_mails, st.integers(8, 60))
def test_a_mail_is_read_as_it_was_before_it_was_stuffed(mail: bytes, limit: int) -> None:
    assert read(wire_form(mail) + b"QUIT\r\n", limit=limit) == (mail, b"QUIT\r\n")


@given(_mails, st.integers(8, 60), st.integers(6, 40))
def test_a_large_mail_is_the_same_in_whatever_pieces_it_is_passed_on(
    mail: bytes, limit: int, pass_on_bytes: int
) -> None:
    content = wire_form(mail) + b"QUIT\r\n"
    assert read(content, limit=limit, pass_on_bytes=pass_on_bytes) == (mail, b"QUIT\r\n")


@given(_mails, st.integers(8, 60), st.integers(0, 30))
def test_a_mail_that_is_too_big_is_read_to_its_end(
    mail: bytes, limit: int, size_bytes_max: int
) -> None:
    stuffed_bytes = len(wire_form(mail)) - 3
    result, rest = read(
        wire_form(mail) + b"QUIT\r\n", limit=limit, size_bytes_max=size_bytes_max
    )
    assert rest == b"QUIT\r\n"
    if stuffed_bytes > size_bytes_max:
        assert result == TOO_BIG
    else:
        assert result == mail


@given(_mails, st.integers(0, 30))
def test_a_mail_that_finds_no_memory_is_read_to_its_end(mail: bytes, budget: int) -> None:
    result, rest = read(wire_form(mail) + b"QUIT\r\n", budget=budget)
    assert rest == b"QUIT\r\n"
    assert result == (mail if len(wire_form(mail)) <= budget else NO_ROOM)
