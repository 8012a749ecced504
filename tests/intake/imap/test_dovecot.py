"""IMAP against a real server."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from intake.doors import ALSO_OURS, NOON, OURS
from intake.imap.mailbox import (
    Desk,
    account_on,
    fetching,
    flags_of,
    mail,
    new_user,
    subject_of,
)
from servers.dovecot import Dovecot
from waiting import wait_until

from mailtrack.intake.imap import gate as gate_module
from mailtrack.intake.imap.account import FirstStart, Security, TokenSource
from mailtrack.intake.imap.front import probe
from mailtrack.intake.imap.names import folder_on_the_wire
from mailtrack.intake.limits import Limits
from mailtrack.intake.spool import Floor


async def taken(desk: Desk, count: int) -> None:
    await wait_until(
        lambda: len(desk.stored()) >= count, 20, what=f"{count} mails in the spool"
    )
    await wait_until(desk.is_idle, 20, what="idle")


async def test_what_waits_is_taken_oldest_first_byte_for_byte_read_or_not(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    """S9, S10."""
    account = account_on(dovecot)
    for number in range(3):
        dovecot.append(account.user, mail(f"No {number}"))
    with dovecot.connect(account.user) as session:
        session.select("INBOX")
        session.store("2", "+FLAGS", "\\Seen")
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 3)
        assert [raw for _, raw in desk.stored()] == [mail(f"No {n}") for n in range(3)]
        envelope, _ = desk.stored()[0]
        assert str(envelope.mail_from) == "dana@client.example"
        assert [str(one) for one in envelope.rcpt_to] == [OURS]
        assert envelope.front == "imap"
    assert all(
        "\\Seen" in one and "$MailtrackDone" in one for one in flags_of(dovecot, account.user)
    )


async def test_since_when_a_mail_lies_there_is_known(dovecot: Dovecot, tmp_path: Path) -> None:
    """S10: not what the mail claims, but what the server says."""
    account = account_on(dovecot)
    then = datetime(2026, 2, 20, 8, 30, tzinfo=UTC)
    dovecot.append(account.user, mail("Long ago"), at=then)
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 1)
        envelope, _ = desk.stored()[0]
        assert envelope.waiting_since == envelope.came_at == then
        assert envelope.received_at == NOON


async def test_a_push_brings_a_mail_at_once(dovecot: Dovecot, tmp_path: Path) -> None:
    account = account_on(dovecot)
    async with fetching(tmp_path, account) as desk:
        await wait_until(lambda: desk.statuses() and desk.is_idle(), what="idle")
        began = time.monotonic()
        dovecot.append(account.user, mail("Now"))
        await wait_until(desk.stored)
        assert time.monotonic() - began < 5


async def test_a_restart_takes_nothing_twice(dovecot: Dovecot, tmp_path: Path) -> None:
    account = replace(account_on(dovecot), is_flagged=False)  # leave
    dovecot.append(account.user, mail("Once"))
    for _ in range(2):
        async with fetching(tmp_path, account) as desk:
            await taken(desk, 1)
            assert desk.subjects() == ["Once"]
    assert "Mailtrack" not in flags_of(dovecot, account.user)[0]
    assert "Seen" not in flags_of(dovecot, account.user)[0]


async def test_mail_is_moved_into_a_folder_that_is_made(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    account = replace(account_on(dovecot), move_to='Готово & "done"')
    dovecot.append(account.user, mail("Moved"))
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 1)
    wire = folder_on_the_wire('Готово & "done"')
    assert dovecot.mails(account.user) == []
    assert [subject_of(raw) for raw in dovecot.mails(account.user, folder=wire)] == ["Moved"]


async def test_many_folders_make_the_one_they_move_into(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    folders = tuple(f"Box{number}" for number in range(6))
    account = replace(account_on(dovecot), folders=folders, move_to="Done")
    with dovecot.connect(account.user) as session:
        for folder in folders:
            assert session.create(folder)[0] == "OK"
    for folder in folders:
        dovecot.append(account.user, mail(f"In {folder}"), folder=folder)
    async with fetching(tmp_path, account) as desk:
        await taken(desk, len(folders))
        await wait_until(
            lambda: len(dovecot.mails(account.user, folder="Done")) == len(folders),
            20,
            what="all of them are in the folder",
        )


@pytest.mark.parametrize("name", ["Звернення", "Sales & Co", 'a "quoted" \\ name', "日本語/x"])
async def test_a_folder_may_have_any_name(dovecot: Dovecot, tmp_path: Path, name: str) -> None:
    account = replace(account_on(dovecot), folders=(name.replace("/", "."),))
    wire = folder_on_the_wire(name.replace("/", "."))
    with dovecot.connect(account.user) as session:
        answer, text = session.create(wire)
        assert answer == "OK", text
    dovecot.append(account.user, mail("Here"), folder=wire)
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 1)
        assert desk.subjects() == ["Here"]


async def test_a_good_token_lets_us_in_and_it_is_read_anew(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "LOOK_SECONDS", 0.1)
    token = tmp_path / "token"
    account = replace(account_on(dovecot), password=None, token=TokenSource(file=token))
    dovecot.append(account.user, mail("By token"))
    token.write_text(dovecot.access_token(account.user, expires_in_seconds=-60))
    async with fetching(tmp_path / "desk", account) as desk:
        await wait_until(lambda: "access token" in desk.errors(), 5, what="it is told at once")
        assert "expired" in desk.errors()
        token.write_text(dovecot.access_token(account.user) + "\n")
        await taken(desk, 1)


async def test_a_token_comes_from_a_command(dovecot: Dovecot) -> None:
    user = new_user()
    command = ("echo", dovecot.access_token(user))
    account = replace(
        account_on(dovecot, user), password=None, token=TokenSource(command=command)
    )
    assert (await probe(account)).folders == (("INBOX", 0),)
    failing = replace(account, token=TokenSource(command=("false",)))
    assert "exit code 1" in str((await probe(failing)).wrong)


async def test_a_probe_says_what_is_wrong(dovecot: Dovecot) -> None:
    good = account_on(dovecot)
    assert (await probe(good)).wrong is None
    wrong = {
        "is refused": replace(good, password='no "such" пароль'),
        "cannot be opened": replace(good, folders=("INBOX", "Nowhere")),
        "not to be trusted": replace(good, ca=None),
        "cannot be reached": replace(good, port=1),
        "no TLS here": replace(good, port=dovecot.port),
    }
    for words, account in wrong.items():
        said = str((await probe(account)).wrong)
        assert words in said, said
        assert "such" not in said and dovecot.password not in said


async def test_a_probe_names_each_folder_that_is_bad_and_counts_the_others(
    dovecot: Dovecot,
) -> None:
    account = account_on(dovecot, folders=("Nowhere", "INBOX", "Neither"))
    dovecot.append(account.user, mail("Here"))
    found = await probe(account)
    assert found.folders == (("INBOX", 1),)
    assert "'Nowhere'" in str(found.wrong) and "'Neither'" in str(found.wrong)


async def test_starttls_is_spoken_and_verified(dovecot: Dovecot) -> None:
    account = replace(account_on(dovecot), port=dovecot.port, security=Security.STARTTLS)
    assert (await probe(account)).folders == (("INBOX", 0),)
    assert "not to be trusted" in str((await probe(replace(account, ca=None))).wrong)


async def test_old_mail_is_left_alone_if_so_wished(dovecot: Dovecot, tmp_path: Path) -> None:
    account = replace(account_on(dovecot), first_start=FirstStart.NEW)
    dovecot.append(account.user, mail("Old"))
    async with fetching(tmp_path, account) as desk:
        await wait_until(lambda: desk.statuses() and desk.is_idle(), what="idle")
        dovecot.append(account.user, mail("New"))
        await taken(desk, 1)
        assert desk.subjects() == ["New"]


async def test_a_mail_too_big_is_a_stub_and_stays(dovecot: Dovecot, tmp_path: Path) -> None:
    """S12."""
    account = replace(account_on(dovecot), move_to="Done")
    big = mail("Huge plan", body="x" * 70 + "\r\n" + "y" * 8_000_000)
    dovecot.append(account.user, big)
    dovecot.append(account.user, mail("Small"))
    limits = Limits(size_bytes_max=5 * 1024 * 1024)
    for _ in range(2):
        async with fetching(tmp_path, account, limits=limits) as desk:
            await taken(desk, 2)
            (envelope, stub), (_, small) = desk.stored()
    assert envelope.full_size_bytes == len(big)
    assert b"Subject: Huge plan" in stub and b"7.6 MB" in stub and b"5.0 MB" in stub
    assert len(stub) < 2000
    assert small == mail("Small")
    (flags,) = flags_of(dovecot, account.user)
    assert "$MailtrackTooBig" in flags and "\\Seen" not in flags


async def test_a_large_mail_comes_in_pieces_whole(dovecot: Dovecot, tmp_path: Path) -> None:
    account = account_on(dovecot)
    large = mail("Large", body="\r\n".join("z" * 900 for _ in range(6000)))
    dovecot.append(account.user, large)
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 1)
        assert desk.stored()[0][1] == large


async def test_without_room_the_mail_is_left_untouched(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    """S11."""
    account = account_on(dovecot)
    dovecot.append(account.user, mail("Later"))
    async with fetching(tmp_path, account, floor=Floor(2**60, 0.0)) as desk:
        await wait_until(lambda: "no mail can be taken" in desk.errors())
        assert desk.stored() == []
    assert "Seen" not in flags_of(dovecot, account.user)[0]
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 1)


async def test_one_account_that_fails_does_not_stop_the_other(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    bad = replace(account_on(dovecot), password="wrong")
    good = account_on(dovecot)
    dovecot.append(good.user, mail("Good"))
    async with fetching(tmp_path, bad, good) as desk:
        await wait_until(desk.stored, what="the mail of the good account")
        await wait_until(lambda: "is refused" in desk.errors())


@pytest.mark.parametrize(
    ("header", "to", "expected"),
    [
        ("Delivered-To: billing@help.example", OURS, [ALSO_OURS]),
        ("Delivered-To: stranger@else.example", OURS, [OURS]),
        ("X-Other: 1", f"a@b.example, {ALSO_OURS}, {OURS}", [ALSO_OURS, OURS]),
        ("X-Other: 1", "undisclosed-recipients:;", [OURS]),
        ("X-Other: 1", "support+tok@help.example", ["support+tok@help.example"]),
    ],
)
async def test_whom_a_mail_is_for_is_found(
    dovecot: Dovecot, tmp_path: Path, header: str, to: str, expected: list[str]
) -> None:
    account = replace(account_on(dovecot), trusted_header="Delivered-To")
    forged = b"Delivered-To: billing@help.example\r\n"
    raw = header.encode() + b"\r\n" + forged * header.startswith("Del") + mail("To", to=to)
    dovecot.append(account.user, raw)
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 1)
        assert [str(one) for one in desk.stored()[0][0].rcpt_to] == expected


async def test_f29_other_uids_mean_a_whole_rescan(dovecot: Dovecot, tmp_path: Path) -> None:
    account = replace(account_on(dovecot), folders=("Desk",))
    with dovecot.connect(account.user) as session:
        session.create("Desk")
    dovecot.append(account.user, mail("Before"), folder="Desk")
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 1)
        with dovecot.connect(account.user) as session:
            session.delete("Desk")
            session.create("Desk")
        dovecot.append(account.user, mail("Before"), folder="Desk")
        dovecot.append(account.user, mail("After"), folder="Desk")
    async with fetching(tmp_path, account) as desk:
        await taken(desk, 3)
        # The desk knows the second for the first: see test_daemon_by_imap.
        assert sorted(desk.subjects()) == ["After", "Before", "Before"]
