"""Four machines that write to each other: two desks, a robot, and a help desk of another make.

Everybody in it does what is worst: the robot answers everything without a header that says so,
and the other desk acknowledges everything under a new number and a subject that grows. Every
other time they lose our reply address and our number as well, so that their mail is a new one.
Time is simulated; each letter that leaves is delivered in the next round.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from adversary.scene import Scene, desk_policy, new_scene, other_desk
from client import Left, date_header, mail_bytes

ROBOT, OTHER = "answers@robot.example", "desk@other.example"
ONE, TWO = "support@one.example", "support@two.example"
ROUND = timedelta(minutes=10)
POKED_EVERY = 100  # rounds: then everybody writes to everybody, unasked
ANSWERED_EVERY = 50  # rounds: then a person of each desk answers the last mail of each machine


@dataclass
class Desk:
    """One mailtrack with all its parts, and what has left it."""

    address: str
    scene: Scene
    seen: int = 0
    sent: Counter[str] = field(default_factory=Counter)  # (automatic) letters, by recipient
    answers: int = 0

    def new_letters(self) -> list[Left]:
        """The letters to the machines that left since this was asked last."""
        left = self.scene.stage.left[self.seen :]
        self.seen = len(self.scene.stage.left)
        return [letter for letter in left if not letter.person.startswith("@")]

    @property
    def tickets(self) -> int:
        stage, count = self.scene.stage, 0
        while stage.ticket(count + 1) is not None:
            count += 1
        return count

    @property
    def mails(self) -> int:
        return self.scene.stage._mails

    @property
    def to_agents(self) -> Counter[str]:
        left = self.scene.stage.left
        return Counter(one.name for one in left if one.person.startswith("@"))

    @property
    def held(self) -> int:
        return len(self.scene.stage.held_open())


class Ring:
    """The four of them; `play` is so many rounds."""

    def __init__(self, folder: Path) -> None:
        self.desks = [_desk(folder, ONE, "one"), _desk(folder, TWO, "two")]
        self._mails = 0
        self._number = 0
        self.delivered = 0

    def close(self) -> None:
        for desk in self.desks:
            desk.scene.stage.close()

    def play(self, rounds: int) -> None:
        for number in range(rounds):
            if number % POKED_EVERY == 0:
                self._poke(number)
            if number % ANSWERED_EVERY == ANSWERED_EVERY // 2:
                self._answer()
            self._round()

    def play_quietly(self, rounds: int) -> None:
        """Rounds in which nobody writes unasked: only what is on its way goes round."""
        for _ in range(rounds):
            self._round()

    def _round(self) -> None:
        letters = [(desk, letter) for desk in self.desks for letter in desk.new_letters()]
        for desk, letter in letters:
            self._deliver(desk, letter)
        for desk in self.desks:
            desk.scene.stage.move_to(desk.scene.stage.now + ROUND)

    def _poke(self, number: int) -> None:
        one, two = self.desks
        for desk, other in ((one, two), (two, one)):
            for sender in (ROBOT, OTHER, other.address):
                self._write(desk, sender, f"Something new {'x' * number}", "Good day.")

    def _answer(self) -> None:
        """A person at each desk answers what came last from each of the machines."""
        for desk in self.desks:
            stage = desk.scene.stage
            told = [one for one in stage.left if one.name == "notification"]
            for letter in {stage.ticket(one.number).requester: one for one in told}.values():
                desk.answers += 1
                desk.scene.answer(letter, f"This is answer {desk.answers} of a person.")

    def _deliver(self, desk: Desk, letter: Left) -> None:
        """A letter arrives: at the other desk as it is, at a machine to be answered."""
        self.delivered += 1
        desk.sent[letter.name] += 1
        other = next((one for one in self.desks if one.address == letter.recipient), None)
        if other is not None:
            path = letter.mail_from
            other.scene.send(letter.raw, mail_from=path, to=(letter.recipient,))
            return
        self._number += 1
        subject, to = letter.header("Subject"), letter.reply_address
        if self._number % 2:
            subject, to = subject.replace(f"[#{letter.number}]", ""), desk.address
        if letter.recipient == ROBOT:
            self._write(desk, ROBOT, subject, "I have read your mail.", to)
        else:
            subject = f"Ticket received - [OTHER-{self._number}] {subject}"
            words = f"We have opened ticket {self._number} for you."
            self._write(desk, OTHER, subject, words, to)

    def _write(
        self, desk: Desk, sender: str, subject: str, words: str, to: str | None = None
    ) -> None:
        subject = subject[:900]  # as they grow, somebody on the way cuts them
        self._mails += 1
        headers = {
            "From": sender, "To": to or desk.address, "Subject": subject,
            "Date": date_header(desk.scene.stage.now),
            "Message-ID": f"<{self._mails}@{sender.partition('@')[2]}>",
        }  # fmt: skip
        raw = mail_bytes(headers, words, attached=[])
        desk.scene.send(raw, mail_from=sender, to=(headers["To"],))


def _desk(folder: Path, address: str, name: str) -> Desk:
    yaml = {
        "mailtrack": (
            f"desk:\n  name: {name}\n  addresses: {{{address}: support}}\n"
            "  undo_delay: 0s\n  queues: {office: {}}\n"
        ),
        "people": (
            "agents:\n"
            f"  ivan: {{name: Ivan, email: [ivan@{name}.example], queues: [support]}}\n"
            f"  ada: {{name: Ada, email: [ada@{name}.example], role: admin, "
            "queues: [office]}\n"
        ),
    }
    place = folder / name
    place.mkdir()
    scene = new_scene(place, other_desk(desk_policy(**yaml), name), name=name)
    return Desk(address, scene)
