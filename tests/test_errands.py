"""Private data over a real spool, archive and database: handed out, erased, redacted."""

import asyncio
import json
import secrets
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from bench import NOW, Bench, bench_policy
from sqlalchemy import select, true

from mailtrack.errands import Errands
from mailtrack.mail.address import address_from
from mailtrack.mail.envelope import Front
from mailtrack.mail.markers import REDACTED
from mailtrack.mail.message import OutgoingMail
from mailtrack.mail.parse import attachment_bytes, parse
from mailtrack.mail.redacting import holds, without_words
from mailtrack.store import audit, lookup
from mailtrack.store.codec import mail_from_json
from mailtrack.store.search import find
from mailtrack.store.tables import LETTER, LETTER_MAIL
from mailtrack.tickets.fresh import SEED_BYTES

CARA, BOB = "cara@cust.example", "bob@other.example"
ADA, IVAN = "ada@help.example", "ivan@help.example"
SUPPORT = "support@help.example"
SECRET = "xylophone-4711"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator["PrivateDesk"]:
    desk = PrivateDesk(tmp_path)
    yield desk
    asyncio.run(desk.bench.reader.close())
    desk.bench.database.close()


class PrivateDesk:
    """A desk that Cara and Bob have written to, with an admin who commands."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder)
        self.folder = folder
        self.mails = 0
        self.errands = Errands(
            self.bench.database,
            self.bench.archive,
            folder,
            policy=bench_policy,
            now=lambda: NOW,
            seed=lambda: secrets.token_bytes(SEED_BYTES),
        )

    async def mail(
        self, sender: str, subject: str, body: str, *, to: str = SUPPORT, message_id: str = ""
    ) -> bytes:
        self.mails += 1
        name = sender.partition("@")[0].title()
        body = "\r\n".join(body.splitlines())
        message_id = message_id or f"<m{self.mails}@{sender.partition('@')[2]}>"
        raw = (
            f"From: {name} Smith <{sender}>\r\nTo: {to}\r\nSubject: {subject}\r\n"
            f"Message-ID: {message_id}\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n"
            f"\r\n{body}\r\n"
        ).encode()
        await self.take(raw, sender, to)
        return raw

    async def take(self, raw: bytes, sender: str, to: str = SUPPORT) -> None:
        self.bench.spool.put_now(
            raw,
            mail_from=address_from(sender),
            rcpt_to=tuple(filter(None, (address_from(to),))),
            front=Front.PIPE,
            peer="",
            received_at=NOW,
        )
        await self.bench.work_off()

    async def confirmed(self, command: str) -> None:
        """The admin commands, is asked, and answers ok; then errands are run."""
        await self.mail(ADA, command, "")
        asked = self.last_letter(ADA, "held")
        assert asked is not None, "an admin is asked before anything is done"
        await self.mail(ADA, "Re: is this from you?", "ok", to=str(asked.reply_to.address))
        while self.errands.run_next():
            pass

    def last_letter(
        self, who: str, name: str, *, number: int | None = None
    ) -> OutgoingMail | None:
        of_ticket = LETTER.c.number == number if number else true()
        with self.bench.database.reading() as session:
            row = (
                session.connection()
                .execute(
                    select(LETTER_MAIL.c.mail)
                    .join(LETTER, LETTER.c.letter_id == LETTER_MAIL.c.letter_id)
                    .where(LETTER.c.recipient == who, LETTER.c.name == name, of_ticket)
                    .order_by(LETTER.c.id.desc())
                )
                .first()
            )
        return mail_from_json(row.mail) if row else None

    def files_with(self, words: str) -> list[str]:
        """Every file below the desk's folder in which the words stand, database and all."""
        wanted = words.encode()
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and path.suffix != ".yaml" and wanted in path.read_bytes()
        )

    def ticket(self, number: int):
        with self.bench.database.reading() as session:
            return lookup.ticket_of(session, number)

    def found(self, words: str) -> list[int]:
        with self.bench.database.reading() as session:
            return [line.number for line in find(session.connection(), words, now=NOW)]

    def problems(self) -> tuple[str, ...]:
        """What does not agree: rows with rows, receipts with the archive."""
        with self.bench.database.transaction() as session:
            books = audit.audit(session, now=NOW)
            index = audit.index_problem(session)
        lost = [
            one.spool_id
            for one in books.receipts
            if one.raw_sha256 and not self.bench.archive.is_whole(one.raw_sha256)
        ]
        return (*books.problems, *([index] if index else []), *lost)


async def test_a110_s83_what_is_erased_is_nowhere_and_does_not_come_back(desk) -> None:
    first = await desk.mail(CARA, f"Lost {SECRET}", f"My word is {SECRET} and I lost it.")
    await desk.mail(BOB, "Something else", "The printer burns.")
    await desk.confirmed(f"[erase:{CARA}]")

    assert desk.files_with(SECRET) == []
    assert desk.files_with(CARA) == [], "not even in the mails of the admin who asked"
    assert desk.found("lost") == [] and desk.found("printer") == [2]
    ticket = desk.ticket(1)
    assert ticket.requester.endswith("@invalid") and ticket.entries[0].text == "(erased)"
    assert desk.ticket(2).entries[0].text == "The printer burns."
    assert desk.problems() == ()
    told = desk.last_letter(ADA, "errand")
    assert told.subject.startswith("Erased") and "#1" in told.text
    assert CARA not in told.text and SECRET not in told.text

    before = desk.bench.mails()
    await desk.take(first, CARA)
    await desk.take(b"Received: from elsewhere\r\n" + first, CARA)
    assert desk.bench.mails() == {**before, "duplicate": 2}
    assert desk.files_with(SECRET) != [], "the copy lies in the archive as a duplicate"


async def test_a110_an_erased_customer_who_writes_again_is_somebody_new(desk) -> None:
    await desk.mail(CARA, "Lost", f"My word is {SECRET}.")
    reply_to = desk.last_letter(CARA, "acknowledged").reply_to
    await desk.confirmed(f"[erase:{CARA}]")
    await desk.mail(CARA, "Re: [#1] Lost", "Are you there?", to=str(reply_to.address))
    assert desk.ticket(1).entries[0].author.endswith("@invalid")
    again = desk.ticket(2)
    assert again.requester == CARA and again.entries[0].text.strip() == "Are you there?"
    assert len(desk.ticket(1).entries) == 1


async def test_what_others_quote_of_the_person_is_listed_to_be_read(desk) -> None:
    words = "the blue folder with nine hundred pages was left in the tram"
    await desk.mail(CARA, "Lost", words)
    notification = desk.last_letter(IVAN, "notification")
    note = f"[note]\n\nShe says: {words}. Cara Smith is right."
    await desk.mail(IVAN, "Re: [#1] Lost", note, to=str(notification.reply_to.address))
    await desk.confirmed(f"[erase:{CARA}]")
    told = desk.last_letter(ADA, "errand")
    assert "may still quote" in told.text
    assert words in desk.ticket(1).entries[1].text


async def test_a_legal_hold_is_left_as_it_is_and_told(desk) -> None:
    await desk.mail(CARA, "Lost", f"My word is {SECRET}.")
    await desk.mail(CARA, "Found", "Another thing.")
    notification = desk.last_letter(IVAN, "notification")
    hold = "[tag:legal-hold]"
    await desk.mail(IVAN, f"Re: [#2] Found {hold}", "", to=str(notification.reply_to.address))
    await desk.confirmed(f"[erase:{CARA}]")
    kept = desk.ticket(2)
    assert kept.requester == CARA and "Another thing." in kept.entries[0].text
    assert desk.ticket(1).requester != CARA
    assert "legal hold" in desk.last_letter(ADA, "errand").text
    assert desk.problems() == ()


async def test_only_an_admin_may_and_nobody_erases_an_agent(desk) -> None:
    await desk.mail(CARA, "Lost", f"My word is {SECRET}.")
    await desk.mail(IVAN, f"[erase:{CARA}]", "")
    assert desk.last_letter(IVAN, "refused") is not None
    await desk.mail(ADA, f"[erase:{IVAN}]", "")
    assert desk.last_letter(ADA, "refused") is not None
    assert not desk.errands.run_next()
    assert SECRET in desk.ticket(1).entries[0].text


async def test_the_asking_lists_what_it_reaches(desk) -> None:
    await desk.mail(CARA, "Lost", "One.")
    await desk.mail(CARA, "Found", "Two.")
    await desk.mail(ADA, f"[erase:{CARA}]", "")
    asked = desk.last_letter(ADA, "held")
    assert "#1" in asked.text and "#2" in asked.text
    assert not desk.errands.run_next(), "nothing is done before the answer"


async def test_what_is_for_good_says_so_before(desk) -> None:
    await desk.mail(CARA, "Lost", "One.")
    for command, is_for_good in ((f"[erase:{CARA}]", True), (f"[export:{CARA}]", False)):
        await desk.mail(ADA, command, "")
        asked = desk.last_letter(ADA, "held")
        assert ("This is for good" in asked.text) is is_for_good
        assert ("This is for good" in (asked.html or "")) is is_for_good


async def test_a_ticket_of_somebody_else_that_names_the_person_is_listed(desk) -> None:
    await desk.mail(CARA, "Lost", "One.")
    await desk.mail(BOB, "Mine", f"Ask {CARA.upper()}, too.")
    await desk.mail(BOB, "Other", "Ask nobody.")
    await desk.confirmed(f"[erase:{CARA}]")
    told = desk.last_letter(ADA, "errand")
    assert "please read them" in told.text.casefold()
    assert "#2" in told.text and "#3" not in told.text


async def test_an_export_holds_what_is_kept_of_a_person_and_nobody_else(desk) -> None:
    raw = await desk.mail(CARA, "Lost", f"My word is {SECRET}.")
    notification = desk.last_letter(IVAN, "notification")
    quote = "\r\n".join(f"> {line}" for line in notification.text.splitlines())
    to = str(notification.reply_to.address)
    answer = await desk.mail(IVAN, "Re: [#1] Lost", f"Here it is.\r\n\r\n{quote}", to=to)
    await desk.mail(BOB, "Mine", "My own business.")
    await desk.confirmed(f"[export:{CARA}]")
    told = desk.last_letter(ADA, "errand")
    (place,) = (desk.folder / "exports").glob("*.tar")
    assert str(place) in told.text and place.stat().st_mode & 0o077 == 0
    with tarfile.open(place) as tar:
        pages = {one.name: tar.extractfile(one).read() for one in tar.getmembers()}
    assert json.loads(pages["person.json"])["person"] == CARA
    assert SECRET in json.loads(pages["tickets/1.json"])["entries"][0]["text"]
    assert raw in pages.values() and any(name.startswith("letters/") for name in pages)
    assert "Entries: 2. Mails: 2. Letters: 2." in told.text
    secret = notification.reply_to.address.local.encode()
    shown = {name: page for name, page in pages.items() if not name.startswith("internal/")}
    assert answer in pages.values() and answer not in shown.values()
    assert not any(secret in page for page in shown.values()), "an agent's reply address"
    assert not any(b"own business" in page for page in pages.values())


async def test_s84_redacted_words_are_gone_from_every_copy(desk) -> None:
    await desk.mail(CARA, f"My password {SECRET}", f"It is {SECRET}, remember it.")
    await desk.mail(BOB, "Other", f"I say {SECRET} too.")
    notification = desk.last_letter(IVAN, "notification")
    assert notification is not None
    await desk.confirmed(f'[redact:#1 "{SECRET}"]')
    asked, told = desk.last_letter(ADA, "held"), desk.last_letter(ADA, "errand")
    assert SECRET not in asked.text + asked.subject, "it is not repeated in the asking"
    assert SECRET not in told.text + told.subject
    ticket = desk.ticket(1)
    assert ticket.subject == f"My password {REDACTED}"
    assert ticket.entries[0].text.strip() == f"It is {REDACTED}, remember it."
    raw = desk.bench.archive.raw(ticket.entries[0].raw_sha256)
    assert not holds(raw, SECRET) and parse(raw).message_id == "<m1@cust.example>"
    assert desk.problems() == ()
    assert SECRET in desk.ticket(2).entries[0].text, "another ticket is another matter"


async def test_an_errand_that_was_killed_half_way_goes_on(desk, monkeypatch) -> None:
    await desk.mail(CARA, "Lost", f"My word is {SECRET}.")
    remove = desk.bench.archive.remove

    def killed(_sha256: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.bench.archive, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        await desk.confirmed(f"[erase:{CARA}]")
    assert desk.files_with(SECRET) != []
    monkeypatch.setattr(desk.bench.archive, "remove", remove)
    assert desk.errands.run_next() and not desk.errands.run_next()
    assert desk.files_with(SECRET) == []
    assert desk.problems() == ()


def test_words_are_taken_out_of_every_encoding_and_files_stay() -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = CARA, f"Пароль {SECRET}"
    mail.set_content(f"Он {SECRET}.\n", cte="base64")
    mail.add_alternative(f"<p>Он <b>{SECRET}</b></p>", subtype="html", cte="quoted-printable")
    mail.add_attachment(b"\x89PNG\x00", maintype="image", subtype="png", filename="a.png")
    raw = mail.as_bytes()
    clean = without_words(raw, SECRET)
    assert clean is not None and holds(raw, SECRET) and not holds(clean, SECRET)
    before, after = parse(raw), parse(clean)
    assert after.text.strip() == f"Он {REDACTED}."
    assert after.subject == f"Пароль {REDACTED}"
    (old,), (new,) = before.attachments, after.attachments
    assert attachment_bytes(clean, new.index) == attachment_bytes(raw, old.index)


def test_a_mail_that_cannot_be_cleaned_goes_whole() -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (at, at)
        for at in range(400)
    )
    assert without_words(nested + SECRET.encode(), SECRET) is None


async def test_tickets_are_forgotten_when_their_time_is_over(desk) -> None:
    await desk.mail(CARA, f"Lost {SECRET}", f"My word is {SECRET}.")
    await desk.mail(BOB, "Open still", "The printer burns.")
    notification = desk.last_letter(IVAN, "notification", number=1)
    to = str(notification.reply_to.address)
    await desk.mail(IVAN, "Re: [#1] Lost [close]", "Found it.", to=to)
    assert not desk.errands.run_next(), "nothing is forgotten unless a time is given"
    late = replace(desk.errands, keep_closed=timedelta(days=30))
    assert not late.run_next(), "its time is not over"
    late = replace(late, now=lambda: NOW + timedelta(days=31))
    assert late.run_next() and not late.run_next()

    gone, kept = desk.ticket(1), desk.ticket(2)
    assert {entry.text for entry in gone.entries} == {"(erased)"}
    assert gone.requester.endswith("@invalid") and kept.requester == BOB
    assert kept.entries[0].text.strip() == "The printer burns."
    assert desk.found("word") == [] and desk.found("printer") == [2]
    assert not any("archive" in name for name in desk.files_with(SECRET))
    assert desk.problems() == ()
