"""The letter drop: each letter once, in a folder nobody can steer."""

import mailbox
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.mail.address import Address
from mailtrack.outbox.delivery import Deferred, Delivered, Delivery
from mailtrack.outbox.maildir import FOLDER_CHARS_MAX, MaildirCourier, folder_name

LETTER = b"From: support@help.example\r\nSubject: [#1] Printer\r\n\r\nHello.\r\n"
DANA = Address("Dana", "client.example")


async def deliver(root: Path, letter_id: str = "l1", raw: bytes = LETTER) -> Delivery:
    return await MaildirCourier(root).deliver(
        raw, letter_id=letter_id, mail_from=None, recipient=DANA, needs_smtputf8=False
    )


async def test_a_letter_lies_in_its_readers_maildir(tmp_path: Path) -> None:
    assert isinstance(await deliver(tmp_path), Delivered)
    folder = mailbox.Maildir(tmp_path / "dana@client.example", create=False)
    (letter,) = folder
    assert letter["Subject"] == "[#1] Printer"
    assert b"\r" not in next((tmp_path / "dana@client.example" / "new").iterdir()).read_bytes()


async def test_a_second_try_does_not_double_it(tmp_path: Path) -> None:
    await deliver(tmp_path)
    await deliver(tmp_path)
    await deliver(tmp_path, letter_id="l2")
    folder = tmp_path / "dana@client.example"
    assert len(list((folder / "new").iterdir())) == 2
    assert list((folder / "tmp").iterdir()) == []


async def test_a_letter_that_was_read_is_not_doubled_either(tmp_path: Path) -> None:
    await deliver(tmp_path)
    folder = tmp_path / "dana@client.example"
    (new,) = (folder / "new").iterdir()
    new.rename(folder / "cur" / f"{new.name}:2,S")
    await deliver(tmp_path)
    assert list((folder / "new").iterdir()) == []


async def test_what_a_crash_left_in_tmp_is_written_again(tmp_path: Path) -> None:
    await deliver(tmp_path)
    folder = tmp_path / "dana@client.example"
    (new,) = (folder / "new").iterdir()
    new.rename(folder / "tmp" / new.name)
    (folder / "tmp" / new.name).write_bytes(
        b"From: half a letter, and then some more of it" * 9
    )
    await deliver(tmp_path)
    assert (folder / "new" / new.name).read_bytes() == LETTER.replace(b"\r\n", b"\n")


@pytest.mark.parametrize(
    "letter_id", ["../../etc/passwd", "", "a/b", ".hidden", "x" * 300, "*"]
)
async def test_a_letters_id_cannot_leave_the_folder(tmp_path: Path, letter_id: str) -> None:
    await deliver(tmp_path, letter_id=letter_id)
    await deliver(tmp_path, letter_id=letter_id)
    assert len(list((tmp_path / "dana@client.example" / "new").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["dana@client.example"]


async def test_a_full_disk_is_the_relays_trouble(tmp_path: Path) -> None:
    (tmp_path / "root").write_bytes(b"a file where the folder should be")
    delivery = await deliver(tmp_path / "root")
    assert isinstance(delivery, Deferred)
    assert delivery.is_relay


@pytest.mark.parametrize(
    ("local", "name"),
    [
        ("dana", "dana@x.example"),
        ("a+b=c_d-e", "a+b=c_d-e@x.example"),
        ("..", "%2E.@x.example"),
        ("../up", "%2E.%2Fup@x.example"),
        ("a/b", "a%2Fb@x.example"),
        ("a%2Fb", "a%252fb@x.example"),
        ("дана", "%D0%B4%D0%B0%D0%BD%D0%B0@x.example"),
        ("'`|{}!#$&*?^", "%27%60%7C%7B%7D%21%23%24%26%2A%3F%5E@x.example"),
    ],
)
def test_a_folder_name_is_readable_and_harmless(local: str, name: str) -> None:
    assert folder_name(Address(local, "x.example")) == name


_addresses = st.builds(
    Address, st.text(st.characters(codec="utf-8"), min_size=1), st.just("x.example")
)


@given(_addresses)
def test_no_address_makes_a_name_that_steers(address: Address) -> None:
    name = folder_name(address)
    assert 0 < len(name) <= FOLDER_CHARS_MAX
    assert name.isascii()
    assert name.isprintable()
    assert "/" not in name
    assert not name.startswith(".")


@given(_addresses, _addresses)
def test_two_readers_never_share_a_folder(one: Address, other: Address) -> None:
    assert (folder_name(one) == folder_name(other)) == (one.key == other.key)


def test_two_long_addresses_keep_apart() -> None:
    names = {folder_name(Address("д" * 60 + end, "x.example")) for end in "ab"}
    assert len(names) == 2
