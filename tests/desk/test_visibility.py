"""Who may read what: each kind of text, each kind of reader, each state; the whole rule."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from desk.cases import BOB, CARA, NOW, POLICY, TICKET, agent, entry, participant

from mailtrack.desk.showing import line_of
from mailtrack.desk.visibility import Reader, Text, as_agent, customers_on, on, visible_to
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.tickets.context import HeldMail
from mailtrack.tickets.ticket import EntryKind, Part, Visibility
from mailtrack.tickets.waiting import Quarantined

PACKAGE = Path(__file__).parent.parent.parent / "mailtrack"
DAN = "dan@else.example"
ON_IT = replace(
    TICKET,
    participants=(
        participant(CARA),
        participant(BOB, Part.CC),
        participant("@olga", Part.WATCHER),
        participant("@petr", Part.MUTED),
    ),
)
READERS = {
    "agent": as_agent(agent("ivan")),
    "light": as_agent(agent("lena")),
    "lead": as_agent(agent("olga")),
    "admin": as_agent(agent("ada")),
    "gone": as_agent(agent("petr")),  # an agent who was removed from the desk
    "gone, watched": on(ON_IT, "@petr"),
    "requester": on(ON_IT, CARA),
    "copied": on(ON_IT, BOB),
    "off": on(ON_IT, DAN),  # taken off, merged into it, or a stranger with a token
    "erased": on(ON_IT, "erased-1@invalid"),
}
DESK = ("agent", "light", "lead", "admin")
HELD = HeldMail(
    "H1", "s", "0", "unproved", "@ivan", 1, "x", "x", NOW, "held", "unproved",
    Envelope("s", None, (), NOW, Front.SMTP, "", 0, ""),
)  # fmt: skip


def internal(kind: EntryKind, author: str = CARA) -> Text:
    return replace(entry("x", kind=kind, author=author), visibility=Visibility.INTERNAL)


# What it is: who may read it as it is said, and who from the record, as in an export.
TEXTS: dict[str, tuple[Text, tuple[str, ...], tuple[str, ...]]] = {
    "ticket": (ON_IT, (*DESK, "requester", "copied"), (*DESK, "requester", "copied")),
    "line of a list": (line_of(ON_IT, POLICY), DESK, DESK),
    "mail": (entry("x"), (*DESK, "requester"), (*DESK, "requester")),
    "mail of the copied": (
        entry("x", author=BOB), (*DESK, "copied"), (*DESK, "copied")
    ),
    "mail of who is off": (
        entry("x", author=DAN), (*DESK, "off"), (*DESK, "off")
    ),
    "mail of the erased": (
        entry("x", author="erased-1@invalid"), (*DESK, "erased"), (*DESK, "erased")
    ),
    "answer": (
        entry("x", kind=EntryKind.ANSWER, author="@ivan"),
        (*DESK, "requester", "copied"), (*DESK, "requester"),
    ),
    "undone answer": (internal(EntryKind.NOTE, "@ivan"), DESK, DESK),
    "note": (entry("x", kind=EntryKind.NOTE, author="@ivan"), DESK, DESK),
    "note of another ticket, retold": (internal(EntryKind.NOTE, "@ada"), DESK, DESK),
    "third party": (entry("x", kind=EntryKind.THIRD_PARTY, author=DAN), DESK, DESK),
    "forged mail": (internal(EntryKind.MAIL), DESK, DESK),
    "machine": (entry("x", kind=EntryKind.MACHINE, author=""), DESK, DESK),
    "stub": (entry("x", kind=EntryKind.STUB, author=""), DESK, DESK),
    "held": (HELD, ("agent", "admin"), ("agent", "admin")),
    "held for admins": (replace(HELD, person=None), ("admin",), ("admin",)),
    "held, of who is gone": (replace(HELD, person="@petr"), ("admin",), ("admin",)),
    "held, of a customer": (replace(HELD, person=CARA), ("admin",), ("admin",)),
    "quarantined": (Quarantined("Q1", "s", NOW, "", 3, "", 0, 1), ("admin",), ("admin",)),
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_who_may_read_it(text: str) -> None:
    what, told, kept = TEXTS[text]
    assert {name for name, one in READERS.items() if visible_to(one, what)} == set(told)
    history = {name for name, one in READERS.items() if visible_to(one, what, is_history=True)}
    assert history == set(kept)


def test_the_table_has_a_row_for_each_kind_of_entry() -> None:
    rows = {what.kind for what, _, _ in TEXTS.values() if hasattr(what, "kind")}
    assert rows == set(EntryKind)


def test_who_is_sent_an_answer() -> None:
    assert [one.person for one in customers_on(ON_IT)] == [CARA, BOB]


def test_an_agent_who_asks_as_a_customer_reads_as_one() -> None:
    asked = replace(TICKET, requester="@ivan", participants=(participant("@ivan"),))
    assert visible_to(on(asked, "@ivan"), entry("x", kind=EntryKind.ANSWER, author="@olga"))
    assert not visible_to(on(asked, "@ivan"), entry("x", kind=EntryKind.NOTE, author="@olga"))
    assert not visible_to(Reader("@ivan"), TICKET)


# Where the fact is written and carried, and the one place where it is read.
MAY_READ_IT = {
    "desk/visibility.py": "decides",
    "store/cells.py": "writes the column",
    "store/rows.py": "reads the column",
    "store/writing.py": "moves an entry to another ticket",
    "operator/explain.py": "shows the operator what a decision says",
}


def test_nobody_else_decides_what_is_internal() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "visibility"
    }
    assert found - {"store/migrations/versions/0001_the_first_tables.py"} == set(MAY_READ_IT)


def test_nobody_else_lists_the_customers_of_a_ticket() -> None:
    both = {"REQUESTER", "CC"}
    found = [
        path.name
        for path in (PACKAGE / "desk").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call | ast.Tuple | ast.List | ast.Set)
        and both
        <= {
            one.attr
            for one in (node.args if isinstance(node, ast.Call) else node.elts)
            if isinstance(one, ast.Attribute)
        }
    ]
    assert set(found) <= {"visibility.py"}, "ask desk/visibility.py: customers_on, visible_to"
