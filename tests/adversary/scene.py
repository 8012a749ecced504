"""A desk to attack: raw mails in, and for each letter that leaves the laws of `laws.py`.

`Scene.mail` sends what anybody can type; `Scene.answer` answers a letter as a mail program
does, quoting in a style of `STYLES`. The scenarios' own desk, people and clock are used.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from client import Left, answer_headers, date_header, mail_bytes, quoted
from laws import check_letter, check_one_each
from player import DESK
from stage import Handled, Stage, policy_from

from mailtrack.desk.policy import Policy
from mailtrack.store.database import Database

SUPPORT = "support@help.example"
IVAN, OLGA, ADA = "ivan@help.example", "olga@help.example", "ada@help.example"
CARA, BOB, MALLORY = "cara@cust.example", "bob@cust.example", "mallory@evil.example"
NAMES = {
    IVAN: "Ivan Petrenko", OLGA: "Olga Kovalenko", ADA: "Ada Admin",
    CARA: "Cara Smith", BOB: "Bob Brown",
}  # fmt: skip

SIGNATURES = (*NAMES.values(), "Example Help")


def other_desk(policy: Policy, instance: str) -> Policy:
    """The policy as another installation has it: its tokens and its loop mark are its own."""
    return replace(policy, keys=replace(policy.keys, instance=instance))


def desk_policy(**yaml: str) -> Policy:
    """The desk of the scenarios, some of its files (`people="…"`) in other words."""
    files = {path.name: path.read_text(encoding="utf-8") for path in DESK.glob("*.yaml")}
    files |= {f"{name}.yaml": text for name, text in yaml.items()}
    return policy_from(tuple(sorted(files.items())))


@dataclass
class Scene:
    """One desk; every letter it writes must keep the laws, whoever wrote to it."""

    stage: Stage
    _mails: int = 0
    _row: int = 0
    written: list[Left] = field(default_factory=list)  # by the last mail

    def send(
        self,
        raw: bytes,
        *,
        mail_from: str,
        to: tuple[str, ...] = (SUPPORT,),
        login: str | None = None,
    ) -> Handled:
        """Any bytes come in."""
        handled = self.stage.take(raw, mail_from=mail_from, rcpt_to=to, login=login)
        self._look(is_mail="release" not in str(handled.trace))
        return handled

    def mail(
        self,
        sender: str,
        subject: str = "Printer",
        body: str = "It burns.",
        *,
        to: str = SUPPORT,
        mail_from: str | None = None,
        login: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Handled:
        """A mail as typed; `headers` win over the usual ones, `""` leaves one out."""
        self._mails += 1
        name = NAMES.get(sender)
        domain = sender.rpartition("@")[2] or "x.example"
        usual = {
            "From": f"{name} <{sender}>" if name else sender,
            "To": to,
            "Subject": subject,
            "Date": date_header(self.stage.now),
            "Message-ID": f"<adversary-{self._mails}@{domain}>",
            "MIME-Version": "1.0",
        }
        raw = mail_bytes(usual | dict(headers or {}), body, attached=[])
        envelope_from = sender if mail_from is None else mail_from
        rcpt = tuple(one.strip() for one in to.split(",")) if "<" not in to else (SUPPORT,)
        return self.send(raw, mail_from=envelope_from, to=rcpt, login=login)

    def answer(
        self,
        letter: Left,
        words: str,
        *,
        style: "Style | None" = None,
        sender: str | None = None,
        subject: str | None = None,
        headers: Mapping[str, str] | None = None,
        login: str | None = None,
    ) -> Handled:
        """`sender` (by default who got it) answers a letter; `style` quotes it."""
        given = answer_headers(letter)
        body, content_type = (style or plain_top)(words, letter)
        extra = {**given, "Content-Type": content_type, **(headers or {})}
        if subject is not None:
            extra["Subject"] = subject
        return self.mail(
            sender or letter.recipient,
            body=body,
            to=letter.reply_address,
            login=login,
            headers=extra,
        )

    def wait(self, hours: int) -> None:
        """The clock goes on, and what falls due is done."""
        self.stage.move_to(self.stage.now + timedelta(hours=hours))
        self._checked()

    def last(self, who: str, name: str | None = None) -> Left:
        """The last letter that left to that address."""
        for letter in reversed(self.stage.left):
            if letter.recipient == who and name in (None, letter.name):
                return letter
        raise AssertionError(f"nothing left to {who}: {[o.name for o in self.stage.left]}")

    def left_to(self, who: str) -> list[Left]:
        return [letter for letter in self.stage.left if letter.recipient == who]

    def to_customers(self) -> list[Left]:
        return [letter for letter in self.stage.left if not letter.person.startswith("@")]

    def text_to_customers(self) -> str:
        """All that ever left to people who are no agents, decoded and raw."""
        pieces = []
        for one in self.to_customers():
            raw = one.raw.decode("ascii", "replace").replace("=\r\n", "")
            pieces += [one.header("Subject"), one.text, one.html, raw]
        return "\n".join(pieces)

    def _check(self, letter: Left) -> None:
        try:
            check_letter(letter, self.stage)
        except AssertionError as otherwise:
            # Below a note may stand the same name as below an answer.
            if not str(otherwise).endswith(tuple(f": {name}" for name in SIGNATURES)):
                raise

    def _look(self, *, is_mail: bool = True) -> None:
        self.written = self._checked()
        if is_mail:
            check_one_each(self.written)
        self.stage.settle()
        self._checked()

    def _checked(self) -> list[Left]:
        """The letters written since the last look; each must keep the laws."""
        rows = self.stage.letters_after(self._row)
        self._row = max((row for row, _ in rows), default=self._row)
        for _, letter in rows:
            self._check(letter)
        return [letter for _, letter in rows]


# How mail programs quote what they answer: (words, letter) -> (body, Content-Type).

Style = Callable[[str, Left], tuple[str, str]]
_PLAIN = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"


def plain_top(words: str, letter: Left) -> tuple[str, str]:
    return f"{words}\n\n{quoted(letter)}", _PLAIN


def plain_bottom(words: str, letter: Left) -> tuple[str, str]:
    return f"{quoted(letter)}\n{words}", _PLAIN


def plain_unquoted(words: str, letter: Left) -> tuple[str, str]:
    """A phone that puts the letter below without a prefix, and says no word about it."""
    return f"{words}\n\n{letter.text}", _PLAIN


def plain_unquoted_above(words: str, letter: Left) -> tuple[str, str]:
    return f"{letter.text}\n\n{words}", _PLAIN


def plain_without_top(words: str, letter: Left) -> tuple[str, str]:
    """The same, our first lines (the marker among them) deleted by the writer."""
    kept = "\n".join(letter.text.split("\n")[4:])
    return f"{words}\n\n{kept}", _PLAIN


def outlook_plain(words: str, letter: Left) -> tuple[str, str]:
    head = (
        f"-----Original Message-----\nFrom: {letter.header('From')}\n"
        f"Sent: Monday, March 2, 2026 9:00 AM\nTo: {letter.header('To')}\n"
        f"Subject: {letter.header('Subject')}\n"
    )
    return f"{words}\n\n{head}\n{letter.text}", _PLAIN


def iphone_plain(words: str, letter: Left) -> tuple[str, str]:
    return f"{words}\n\nSent from my iPhone\n\n{quoted(letter)}", _PLAIN


def inline(words: str, letter: Left) -> tuple[str, str]:
    """An answer between the quoted lines, next to the words it answers."""
    lines = quoted(letter).rstrip("\n").split("\n")
    return "\n".join((*lines, "", words, "")), _PLAIN


def inline_everywhere(words: str, letter: Left) -> tuple[str, str]:
    """Words above, and words after every few quoted lines."""
    lines = quoted(letter).rstrip("\n").split("\n")
    body = [words, ""]
    for index, line in enumerate(lines):
        body.append(line)
        if index % 6 == 5:
            body += ["", f"{words} ({index})", ""]
    return "\n".join(body), _PLAIN


def gmail(words: str, letter: Left) -> tuple[str, str]:
    said = f"On Mon, Mar 2, 2026 at 9:00 AM {escape(letter.header('From'))} wrote:"
    return (
        f'<div dir="ltr">{escape(words)}</div><br><div class="gmail_quote">'
        f'<div dir="ltr" class="gmail_attr">{said}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{_inside(letter)}'
        "</blockquote></div>"
    ), _HTML


def outlook_html(words: str, letter: Left) -> tuple[str, str]:
    return (
        f'<html><body><div class="WordSection1"><p class="MsoNormal">{escape(words)}</p>'
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm">'
        f'<p class="MsoNormal"><b>From:</b> {escape(letter.header("From"))}<br>'
        "<b>Sent:</b> Monday, March 2, 2026 9:00 AM<br>"
        f"<b>To:</b> {escape(letter.header('To'))}<br>"
        f"<b>Subject:</b> {escape(letter.header('Subject'))}</p></div></div>"
        f"{_inside(letter)}</div></body></html>"
    ), _HTML


def apple(words: str, letter: Left) -> tuple[str, str]:
    return (
        f'<html><body>{escape(words)}<br><div><br><blockquote type="cite"><div>On 2 Mar 2026, '
        f"at 09:00, {escape(letter.header('From'))} wrote:</div><br><div>{_inside(letter)}"
        "</div></blockquote></div></body></html>"
    ), _HTML


def html_bare(words: str, letter: Left) -> tuple[str, str]:
    """A phone that writes above our HTML and marks nothing."""
    return f"<html><body><p>{escape(words)}</p>{_inside(letter)}</body></html>", _HTML


def html_bottom(words: str, letter: Left) -> tuple[str, str]:
    return f"<html><body>{_inside(letter)}<p>{escape(words)}</p></body></html>", _HTML


STYLES: tuple[Style, ...] = (
    plain_top, plain_bottom, plain_unquoted, plain_unquoted_above, plain_without_top,
    outlook_plain, iphone_plain, inline, inline_everywhere, gmail, outlook_html, apple,
    html_bare, html_bottom,
)  # fmt: skip


def _inside(letter: Left) -> str:
    return letter.html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]


def new_scene(folder: Path, policy: Policy, *, name: str) -> Scene:
    stage = Stage(folder, policy, name=name)
    stage.now = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)  # Monday 09:00 in Kyiv
    return Scene(stage)


def a_ticket(scene: Scene) -> Left:
    """Ticket 1 of Cara's; Ivan's notification of it, whose token the forgers have stolen."""
    scene.mail(CARA, "Printer", "It burns.")
    return scene.last(IVAN)


def scene_at(place: tuple[Path, Database], policy: Policy, *, name: str) -> Scene:
    """A desk that nobody has written to, where others were: a database compiles once."""
    folder, database = place
    database.close()
    for file in folder.glob("mailtrack.db*"):
        file.unlink()
    scene = new_scene(folder, policy, name=name)
    scene.stage._database = database
    return scene
