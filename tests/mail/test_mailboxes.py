"""Who a mail is from: strict for identity, tolerant for people."""

from __future__ import annotations

import pytest

from mailtrack.mail.limits import FROM_BYTES_MAX
from mailtrack.mail.mailboxes import (
    claimed_sender,
    mailboxes_from,
    readable_list,
    sender_from,
    shown_name,
)


@pytest.mark.parametrize(
    ("field", "name", "address"),
    [
        (b"ivan@corp.example", "", "ivan@corp.example"),
        (b" <ivan@corp.example> ", "", "ivan@corp.example"),
        (b"Ivan Petrenko <ivan@corp.example>", "Ivan Petrenko", "ivan@corp.example"),
        (b'"Petrenko, Ivan" <Ivan@Corp.Example>', "Petrenko, Ivan", "Ivan@corp.example"),
        (b"John Q. Public <j@x.example>", "John Q. Public", "j@x.example"),
        (b"=?utf-8?b?0IbQstCw0L0=?= <ivan@corp.example>", "Іван", "ivan@corp.example"),
        ("Іван <ivan@corp.example>".encode(), "Іван", "ivan@corp.example"),
        (b'"ivan@corp.example" <x@evil.example>', "ivan@corp.example", "x@evil.example"),
        (b'"a \\" b" <x@y.example>', 'a " b', "x@y.example"),
        (b"x@localhost", "", "x@localhost"),
    ],
)
def test_a_clean_from_is_one_mailbox(field, name, address):
    mailbox = sender_from(field)
    assert mailbox is not None
    assert (mailbox.name, str(mailbox.address)) == (name, address)


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"ivan@corp.example <x@evil.example>",
        b"<ivan@corp.example>@evil.example",
        b"<ivan@corp.example> <x@evil.example>",
        b"ivan@corp.example)x@evil.example",
        b"group: ivan@corp.example;",
        b"ivan@corp.example, x@evil.example",
        b"<ivan@corp.example >",
        b"< ivan@corp.example>",
        b"<ivan@corp.example\t>",
        b"<(c)ivan@corp.example>",
        b"ivan@corp.example (Ivan)",
        b"<ivan@corp.example\0>",
        b"<@route.example:ivan@corp.example>",
        b'"ivan"@corp.example',
        b"ivan@[192.0.2.1]",
        b"ivan@corp.example.",
        b"ivan@@corp.example",
        b"=?utf-8?q?<ivan@corp.example>?= <x@evil.example>",
        b"a@b =?utf-8?q?x?= <x@evil.example>",
        b'"unclosed <ivan@corp.example>',
        b"Ivan \x1b[2J <ivan@corp.example>",
        "іван@corp.example".encode("cp1251"),
        b"undisclosed-recipients:;",
        b"x" * 64 + b"y@corp.example",
    ],
)
def test_a16_a17_a19_a20_what_reads_in_two_ways_is_nobody(field):
    assert sender_from(field) is None


def test_a21_letters_that_only_look_alike_are_other_addresses():
    kelvin = sender_from("mar\u212a@corp.example".encode())
    assert kelvin is not None and kelvin.address.key != "mark@corp.example"
    capitals = sender_from(b"IVAN@CORP.EXAMPLE")
    assert capitals is not None and capitals.address.key == "ivan@corp.example"


def test_a22_a_domain_of_other_letters_is_shown_as_an_a_label():
    mailbox = sender_from("ivan@\u0441\u043erp.example".encode())
    assert mailbox is not None and mailbox.address.domain.startswith("xn--")


def test_a_from_at_the_bound_is_read_and_one_byte_longer_is_not():
    tail = b" <a@b.example>"
    assert sender_from(b"x" * (FROM_BYTES_MAX - len(tail)) + tail) is not None
    assert sender_from(b"x" * (FROM_BYTES_MAX - len(tail) + 1) + tail) is None


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"a@b, c@d", "a@b, c@d"),
        (b"=?utf-8?q?A=2C_B?= <a@b>", '"A, B" <a@b>'),
        (b'"=?utf-8?q?A=22B?=" <a@b>', '"A\\"B" <a@b>'),
        (b"=?utf-8?b?0J8=?=\r\n =?utf-8?b?0YA=?= <a@b>", '"Пр" <a@b>'),
        (b"=?utf-8?q?=D0?= =?utf-8?q?=9F?= <a@b>", '"П" <a@b>'),
        ("П <a@b>".encode("koi8-r"), "П <a@b>"),
    ],
)
def test_words_are_decoded_where_they_cannot_become_syntax(field, text):
    assert readable_list(field, "koi8-r") == text


def test_mailboxes_are_clean_and_each_once():
    pairs = [("A", "a@b.example"), ("", "A@B.example"), ("x", "no address"), ("", "")]
    assert [str(mailbox) for mailbox in mailboxes_from(pairs)] == ["A <a@b.example>"]


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Ivan <ivan at corp>", ("ivan at corp", "Ivan")),
        ("mail from ivan@corp.example today", ("ivan@corp.example", "")),
        ("nobody", ("nobody", "")),
        ("", ("", "")),
    ],
)
def test_an_unclear_from_still_shows_something_to_people(text, claim):
    assert claimed_sender(text, []) == claim


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('"Ivan"', "Ivan"),
        ("'Ivan'", "Ivan"),
        (" a \t b ", "a b"),
        ("a\u202eb", "ab"),
        ('"', '"'),
    ],
)
def test_names_are_shown_without_their_clothes(name, shown):
    assert shown_name(name) == shown
