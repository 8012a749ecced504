"""Who judges the torture run: reads what lies in its folder, and nothing of ours.

`accepted.N` is what each sender got its 250 for, or what lies in the IMAP folder; `letters` is
the relay's book; `kills` has a line for each. The desk's own books are read from its database
by SQL, its mails from its archive. All are files, so that a run that broke off can be judged,
too: `python tests/torture_oracle.py FOLDER`.
"""

import sqlite3
import sys
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path


@dataclass
class Verdict:
    """What was found. `problems` are sentences; none if nothing was lost or doubled."""

    accepted: int = 0
    kills: int = 0
    set_apart: int = 0
    letters: int = 0
    extra: int = 0
    ends_unknown: int = 0
    problems: list[str] = field(default_factory=list)

    def must_be_none(self, found: list[str], what: str) -> None:
        """A problem, if there are any."""
        if found:
            self.problems.append(f"{len(found)} {what}: {', '.join(sorted(found)[:10])}")


def judge(folder: Path) -> Verdict:
    """All of it, once the desk has come to rest."""
    verdict = Verdict(kills=len(lines_of(folder / "kills")))
    accepted = [one for file in folder.glob("accepted.*") for one in lines_of(file)]
    verdict.accepted = len(accepted)
    with closing(sqlite3.connect(folder / "state" / "mailtrack.db")) as books:
        mails_are_in_once(verdict, books, accepted, folder / "state")
        letters_left_once(verdict, books, lines_of(folder / "letters"))
        each_person_was_told_once(verdict, accepted, lines_of(folder / "letters"))
    return verdict


def lines_of(file: Path) -> list[str]:
    """Whole lines only: the last may have been cut off."""
    return [one.strip() for one in file.read_text().splitlines(keepends=True) if "\n" in one]


def mails_are_in_once(
    verdict: Verdict, books: sqlite3.Connection, accepted: list[str], state: Path
) -> None:
    """Each is one entry, or set apart; the second of a conversation follows the first."""
    entries = books.execute(
        "SELECT message_id, number FROM entry WHERE message_id LIKE '%@t>' ORDER BY id"
    ).fetchall()
    apart = [message_id_of(file) for file in files_apart(books, state)]
    verdict.set_apart = len(apart)
    places = Counter([*(message_id for message_id, _ in entries), *apart])
    verdict.must_be_none([one for one in accepted if one not in places], "lost")
    verdict.must_be_none([one for one, count in places.items() if count > 1], "doubled")
    verdict.must_be_none([*(places.keys() - set(accepted))], "taken though nobody sent them")
    tickets: dict[str, int] = {}
    strayed: list[str] = []
    for message_id, number in entries:
        part, _, name = message_id.partition(".")
        if part == "<more" and tickets.get(name) != number:
            strayed.append(message_id)
        elif part == "<question":
            tickets[name] = number
    verdict.must_be_none(strayed, "not behind their question in its ticket")
    shared = [name for name, count in Counter(tickets.values()).items() if count > 1]
    verdict.must_be_none([f"#{number}" for number in shared], "tickets of two conversations")


def files_apart(books: sqlite3.Connection, state: Path) -> list[Path]:
    """Where the mails lie that wait for somebody's word."""
    held = [one for (one,) in books.execute("SELECT raw_sha256 FROM held")]
    unread = [one for (one,) in books.execute("SELECT spool_id FROM quarantine")]
    return [
        *(state / "archive" / one[:2] / f"{one}.eml" for one in held),
        *(state / "spool" / "quarantine" / f"{one}.eml" for one in unread),
    ]


def message_id_of(file: Path) -> str:
    """As its header says."""
    return str(message_from_bytes(file.read_bytes())["message-id"]).strip()


def letters_left_once(verdict: Verdict, books: sqlite3.Connection, book: list[str]) -> None:
    """Each letter the desk wrote was taken, or refused for good; once more after a kill."""
    states = dict(books.execute("SELECT message_id, state FROM letter").fetchall())
    taken = Counter(line.split()[2] for line in book if not line.startswith("REFUSED"))
    verdict.letters = len(taken)
    verdict.extra = taken.total() - len(taken)
    verdict.ends_unknown = sum(line.startswith("UNKNOWN") for line in book)
    verdict.must_be_none([*(taken.keys() - states.keys())], "letters that nobody wrote")
    restless = [one for one, is_ in states.items() if is_ not in ("sent", "failed", "stopped")]
    verdict.must_be_none(restless, "letters that wait yet")
    absent = [one for one, is_ in states.items() if is_ == "sent" and one not in taken]
    verdict.must_be_none(absent, "letters that never left and are called sent")
    if verdict.extra > verdict.kills + verdict.ends_unknown:
        verdict.problems.append(f"{verdict.extra} letters left once more than they should")


def each_person_was_told_once(verdict: Verdict, accepted: list[str], book: list[str]) -> None:
    """Who wrote has one letter of thanks, unless the relay would not have it for good."""
    told: dict[str, set[str]] = defaultdict(set)
    refused: set[str] = set()
    for line in book:
        what, recipient, *message_id = line.split()
        name = recipient.partition("@")[0]
        if what == "REFUSED":
            refused.add(name)
        else:
            told[name].update(message_id)
    people = {one[len("<question.") : -len("@t>")] for one in accepted if "question" in one}
    untold = [one for one in people if not told[f"p{one}"] and f"p{one}" not in refused]
    verdict.must_be_none(untold, "people whom nobody answered")
    verdict.must_be_none(
        [one for one in people if len(told[f"p{one}"]) > 1], "people with two letters"
    )


if __name__ == "__main__":
    found = judge(Path(sys.argv[1]))
    print(found)
    sys.exit(bool(found.problems))
