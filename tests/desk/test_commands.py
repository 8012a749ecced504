"""Commands: what each word does to a ticket, and why it cannot be done."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk.cases import CARA, NOW, POLICY, TICKET, agent, entry, numbered, participant

from mailtrack.desk.brackets import brackets_in_subject
from mailtrack.desk.commands.fields import MINUTES_MAX, TAGS_MAX
from mailtrack.desk.commands.obey import (
    BULK_MAX,
    Obeyed,
    Scene,
    obey,
)
from mailtrack.desk.commands.order import Argument, Problem, Refusal
from mailtrack.desk.commands.people import CC_MAX
from mailtrack.desk.commands.table import COMMANDS, understood, word_key
from mailtrack.desk.policy import Policy, Role
from mailtrack.tickets.context import Context
from mailtrack.tickets.decision import (
    Change,
    Field,
    Join,
    Leave,
    StopLetter,
    WithdrawEntry,
)
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.letter import SentLetter
from mailtrack.tickets.ticket import EntryKind, JournalRow, Part, Status, Ticket


def obeyed(
    typed: str,
    *tickets: Ticket,
    by: str = "ivan",
    context: Context | None = None,
    policy: Policy = POLICY,
) -> Obeyed | tuple[Refusal, ...]:
    context = context or Context(tickets=tickets)
    scene = Scene(agent(by), policy, context, Fresh(NOW, 9, 9, "d1", b"s" * 32))
    return obey(brackets_in_subject(typed), tickets, scene=scene)


def done(
    typed: str, *tickets: Ticket, by: str = "ivan", context: Context | None = None
) -> Obeyed:
    found = obeyed(typed, *(tickets or (TICKET,)), by=by, context=context)
    assert isinstance(found, Obeyed), found
    return found


def refused(
    typed: str,
    *tickets: Ticket,
    by: str = "ivan",
    context: Context | None = None,
    policy: Policy = POLICY,
) -> tuple[Refusal, ...]:
    found = obeyed(typed, *tickets, by=by, context=context, policy=policy)
    assert not isinstance(found, Obeyed), found
    return found


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ("[close]", "status=closed"),
        ("[CLOSE]", "status=closed"),
        ("[resolve]", "status=resolved"),
        ("[reopen]", "status=open"),
        ("[wait]", "status=waiting"),
        ("[hold]", "status=hold"),
        ("[on hold]", "status=hold"),
        ("[status:waiting]", "status=waiting"),
        ("[status: on hold]", "status=hold"),
        ("[status:res]", "status=resolved"),
        ("[статус: закрыт]", "status=closed"),
        ("[закрыть]", "status=closed"),
        ("[вирішено]", "status=resolved"),
        ("[status:new]", ""),
        ("[take]", "owner=ivan"),
        ("[беру]", "owner=ivan"),
        ("[assign:olga]", "owner=olga"),
        ("[assign:ol]", "owner=olga"),
        ("[assign:Kovalenko]", "owner=olga"),
        ("[assign:OLGA@help.example]", "owner=olga"),
        ("[assign:me]", "owner=ivan"),
        ("[назначить: мне]", "owner=ivan"),
        ("[assign:ivan]", "owner=ivan"),
        ("[pass:olga]", "owner=olga"),
        ("[unassign]", ""),
        ("[queue:billing]", "queue=billing"),
        ("[queue:bil]", "queue=billing"),
        ("[queue:support]", ""),
        ("[cat:refunds]", "category=refunds"),
        ("[priority:high]", "priority=high"),
        ("[prio:urg]", "priority=urgent"),
        ("[приоритет: срочно]", "priority=urgent"),
        ("[пріоритет: низький]", "priority=low"),
        ("[priority:normal]", ""),
        ("[tag:vip]", "tags=vip"),
        ("[tag: VIP, #Late Payer]", "tags=late-payer vip"),
        ("[time:25m]", "minutes_spent=25"),
        ("[time: 1h 5m]", "minutes_spent=65"),
        ("[time:-5m]", ""),
        ("[time:\u22125m]", ""),
        ("[due:2d]", "due_at=2026-03-04T09:00:00+00:00"),
        ("[due:auto]", ""),
        ("[close][priority:high]", "priority=high status=closed"),
        ("[close][reopen]", "status=closed status=open"),
    ],
)
def test_a_command_changes_this(typed: str, changes: str) -> None:
    effects = done(typed).effects
    assert all(isinstance(one, Change) and one.actor == "@ivan" for one in effects)
    shown = " ".join(
        f"{one.field.value}={one.new}" for one in effects if isinstance(one, Change)
    )
    assert shown == changes


@pytest.mark.parametrize(
    ("typed", "ticket", "changes"),
    [
        ("[unassign]", replace(TICKET, owner="olga"), [("owner", "olga", "")]),
        ("[untag:vip]", replace(TICKET, tags=("late", "vip")), [("tags", "late vip", "late")]),
        ("[снять метку: vip]", replace(TICKET, tags=("vip",)), [("tags", "vip", "")]),
        ("[зняти мітку vip]", replace(TICKET, tags=("vip",)), [("tags", "vip", "")]),
        ("[drop owner]", replace(TICKET, owner="olga"), [("owner", "olga", "")]),
        ("[tag:vip]", replace(TICKET, tags=("vip",)), []),
        ("[time:-5m]", replace(TICKET, minutes_spent=3), [("minutes_spent", "3", "0")]),
        (
            "[time:9999h]",
            replace(TICKET, minutes_spent=5),
            [("minutes_spent", "5", str(MINUTES_MAX))],
        ),
        ("[due:auto]", replace(TICKET, due_at=NOW), [("due_at", NOW.isoformat(), "")]),
        (
            "[tag:a] [tag:b]",
            TICKET,
            [("tags", "", "a"), ("tags", "a", "a b")],
        ),
    ],
)
def test_a_command_sees_what_was_before(
    typed: str, ticket: Ticket, changes: list[tuple[str, str, str]]
) -> None:
    effects = done(typed, ticket).effects
    shown = [(e.field.value, e.old, e.new) for e in effects if isinstance(e, Change)]
    assert shown == changes


@pytest.mark.parametrize(
    ("typed", "problem", "suggestions"),
    [
        ("[clsoe]", Problem.UNKNOWN_WORD, {"[close]"}),
        ("[asign:olga]", Problem.UNKNOWN_WORD, {"[assign:olga]"}),
        ("[3rd floor]", Problem.UNKNOWN_WORD, set()),
        ("[assign:iv]", Problem.AMBIGUOUS_PERSON, {"[assign:ivan]", "[assign:ivanna]"}),
        ("[assign:ivna]", Problem.UNKNOWN_PERSON, {"[assign:ivan]"}),
        ("[assign:novak]", Problem.UNKNOWN_PERSON, set()),
        ("[assign]", Problem.MISSING_ARGUMENT, {"[assign:olga]"}),
        ("[assign:]", Problem.MISSING_ARGUMENT, {"[assign:olga]"}),
        ("[queue:suport]", Problem.UNKNOWN_QUEUE, {"[queue:support]"}),
        ("[priority:hihg]", Problem.UNKNOWN_VALUE, {"[priority:high]"}),
        ("[status:clsed]", Problem.UNKNOWN_VALUE, {"[status:closed]"}),
        ("[untag:vip]", Problem.UNKNOWN_VALUE, set()),
        ("[due:someday]", Problem.BAD_DATE, {"[due:2d]"}),
        ("[due:2020-01-01]", Problem.BAD_DATE, {"[due:2d]"}),
        ("[time:soon]", Problem.BAD_DURATION, {"[time:25m]"}),
        ("[tpl:no-such-answer]", Problem.UNKNOWN_CANNED, set()),
        ("[cc:nonsense]", Problem.BAD_ADDRESS, set()),
        ("[cc:support@help.example]", Problem.NOT_ALLOWED, set()),
        ("[uncc:bob@cust.example]", Problem.BAD_ADDRESS, set()),
        ("[show:abc]", Problem.UNKNOWN_TICKET, set()),
        ("[show:999]", Problem.UNKNOWN_TICKET, set()),
        ("[undo]", Problem.NOTHING_TO_UNDO, set()),
        ("[close:#101,#102]", Problem.UNKNOWN_VALUE, {"[close]"}),
        ("[take it easy]", Problem.UNKNOWN_VALUE, {"[take]"}),
        ("[note: call her]", Problem.UNKNOWN_VALUE, {"[note]"}),
        ("[...]", Problem.UNKNOWN_WORD, set()),
    ],
)
def test_a_command_is_refused_and_what_was_meant_is_offered(
    typed: str, problem: Problem, suggestions: set[str]
) -> None:
    (one,) = refused(typed, TICKET)
    assert one.problem is problem
    assert one.bracket == typed
    assert suggestions <= set(one.suggestions)


def test_all_refusals_are_told_and_nothing_is_done() -> None:
    found = refused("[close] [frobnicate] [asign:x] [take]", TICKET)
    assert [one.bracket for one in found] == ["[frobnicate]", "[asign:x]"]
    found = refused("[priority:x] [take] [due:never]", TICKET)
    assert [one.problem for one in found] == [Problem.UNKNOWN_VALUE, Problem.BAD_DATE]


def test_status_goes_last_whatever_was_typed_first() -> None:
    fields = [e.field for e in done("[close][take][tag:a]").effects if isinstance(e, Change)]
    assert fields == [Field.OWNER, Field.TAGS, Field.STATUS]


@pytest.mark.parametrize(
    "typed", ["[close]", "[take]", "[why]", "[watch]", "[note]", "[tag:a]"]
)
def test_without_a_ticket_only_questions_are_answered(typed: str) -> None:
    assert [one.problem for one in refused(typed)] == [Problem.NEEDS_TICKET]


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("[mine]", ("mine", "")),
        ("[мои]", ("mine", "")),
        ("[help]", ("help", "")),
        ("[help: assign]", ("help", "assign")),
        ("[find: refund from:a.example]", ("find", "refund from:a.example")),
        ("[queue]", ("queue", "")),
        ("[queue:billing]", ("queue", "billing")),
        ("[templates]", ("templates", "")),
    ],
)
def test_questions_need_no_ticket(typed: str, question: tuple[str, str]) -> None:
    found = obeyed(typed)
    assert isinstance(found, Obeyed)
    assert found.questions == (question,)
    assert found.effects == ()


@pytest.mark.parametrize(
    ("typed", "about"), [("[show]", "1"), ("[show:2]", "2"), ("[show #2]", "2")]
)
def test_show_is_about_the_ticket_or_the_one_it_names(typed: str, about: str) -> None:
    context = Context(tickets=(TICKET, numbered(2)))
    assert done(typed, context=context).questions == (("show", about),)


def test_a_mail_asks_one_question() -> None:
    assert done("[why] [why]").questions == (("why", ""),)
    found = refused("[mine] [close] [queue:billing] [help]", TICKET)
    assert {one.problem for one in refused("[mine] [why]", TICKET)} == {Problem.TOO_MANY}
    assert [one.bracket for one in found] == ["[mine]", "[help]"]
    assert refused("[show]", TICKET, numbered(2))


@pytest.mark.parametrize(
    ("typed", "by", "allowed"),
    [
        ("[note]", "lena", True),
        ("[watch]", "lena", True),
        ("[show]", "lena", True),
        ("[close]", "lena", False),
        ("[assign:ivan]", "lena", False),
        ("[undo]", "lena", False),
        ("[close]", "olga", True),
        ("[close]", "ada", True),
    ],
)
def test_each_role_may_what_the_ones_before_it_may(
    typed: str, by: str, *, allowed: bool
) -> None:
    found = obeyed(typed, TICKET, by=by)
    if allowed or typed == "[undo]":
        problems = [] if isinstance(found, Obeyed) else [one.problem for one in found]
        assert (Problem.NOT_ALLOWED in problems) is (not allowed)
    else:
        assert not isinstance(found, Obeyed)
        assert [one.problem for one in found] == [Problem.NOT_ALLOWED]


def test_a_note_and_a_canned_answer_are_only_said() -> None:
    assert done("[note]").is_note
    names = POLICY.stationery.canned_names
    assert names, "the desk ships canned answers"
    assert done(f"[tpl:{names[0]}]").canned == names[0]
    assert done(f"[tpl:{names[0]}]").effects == ()


@pytest.mark.parametrize(
    ("typed", "part"),
    [("[watch]", Part.WATCHER), ("[mute]", Part.MUTED), ("[стежити]", Part.WATCHER)],
)
def test_watch_and_mute_are_for_oneself(typed: str, part: Part) -> None:
    (effect,) = done(typed).effects
    assert isinstance(effect, Join)
    assert (effect.participant.person, effect.participant.part) == ("@ivan", part)
    there = replace(TICKET, participants=(*TICKET.participants, effect.participant))
    assert done(typed, there).effects == ()


@pytest.mark.parametrize(
    ("typed", "joins", "confirmed"),
    [
        ("[cc:bob@cust.example]", [("bob@cust.example", Part.CC)], False),
        ("[cc:a@other.example]", [("a@other.example", Part.CC)], True),
        ("[cc: bob@cust.example, a@other.example]", None, True),
        ("[cc:olga@help.example]", [("@olga", Part.WATCHER)], True),
    ],
)
def test_cc_adds_people_and_strangers_are_confirmed(
    typed: str, joins: list[tuple[str, Part]] | None, *, confirmed: bool
) -> None:
    found = done(typed)
    added = [
        (e.participant.person, e.participant.part) for e in found.effects if isinstance(e, Join)
    ]
    assert joins is None or added == joins
    assert found.needs_confirmation is confirmed


def test_cc_leaves_who_gets_the_answers_already_as_they_are() -> None:
    copied = participant("bob@cust.example", Part.CC)
    there = replace(TICKET, participants=(*TICKET.participants, copied))
    assert done(f"[cc:{CARA}, bob@cust.example]", there).effects == ()


@pytest.mark.parametrize("typed", ["[watch]", "[mute]"])
def test_an_agent_who_asks_stays_the_one_who_is_answered(typed: str) -> None:
    asks = replace(TICKET, requester="@ivan", participants=(participant("@ivan"),))
    assert done(typed, asks).effects == ()


def test_a_ticket_has_so_many_copies() -> None:
    def with_copies(count: int) -> Ticket:
        copied = tuple(participant(f"p{n}@cust.example", Part.CC) for n in range(count))
        return replace(TICKET, participants=(*TICKET.participants, *copied))

    assert done("[cc:bob@cust.example]", with_copies(CC_MAX - 1)).effects
    (one,) = refused("[cc:bob@cust.example]", with_copies(CC_MAX))
    assert one.problem is Problem.TOO_MANY


def test_uncc_takes_a_copy_away_and_nobody_else() -> None:
    copied = replace(
        TICKET, participants=(*TICKET.participants, participant("bob@cust.example", Part.CC))
    )
    assert done("[uncc:Bob@cust.example]", copied).effects == (
        Leave(1, "bob@cust.example", "@ivan"),
    )
    (one,) = refused(f"[uncc:{CARA}]", copied)
    assert one.suggestions == ("[uncc:bob@cust.example]",)


def test_a_ticket_has_so_many_tags() -> None:
    full = replace(TICKET, tags=tuple(f"t{n:02}" for n in range(TAGS_MAX - 1)))
    assert done("[tag:last]", full).effects
    assert [one.problem for one in refused("[tag:a, b]", full)] == [Problem.TOO_MANY]


def test_the_admins_categories_are_all_there_are() -> None:
    policy = replace(POLICY, categories=("refunds", "hardware"))
    (one,) = refused("[cat:refnds]", TICKET, policy=policy)
    assert one.suggestions == ("[cat:refunds]",)
    found = obeyed("[cat:hard]", TICKET, policy=policy)
    assert isinstance(found, Obeyed)
    assert [e.new for e in found.effects if isinstance(e, Change)] == ["hardware"]


def test_many_tickets_are_confirmed_and_too_many_refused() -> None:
    def tickets(count: int) -> tuple[Ticket, ...]:
        return tuple(numbered(number) for number in range(1, count + 1))

    most = POLICY.step_up.bulk_above
    assert not done("[close]", *tickets(most)).needs_confirmation
    assert done("[close]", *tickets(most + 1)).needs_confirmation
    assert len(done("[close]", *tickets(BULK_MAX)).effects) == BULK_MAX
    found = refused("[close]", *tickets(BULK_MAX + 1))
    assert [one.problem for one in found] == [Problem.TOO_MANY]
    assert [one.problem for one in refused("", *tickets(BULK_MAX + 1))] == [Problem.TOO_MANY]


def row(field: str, old: str, new: str, *, decision: str = "d0") -> JournalRow:
    return JournalRow(decision, 1, NOW, "@ivan", field, old, new)


def waiting(entry_id: str, name: str = "answer") -> SentLetter:
    return SentLetter(
        f"l-{name}", name, CARA, 1, CARA, "<m>", "s", "text", "waiting", NOW, None, entry_id
    )


def test_undo_stops_letters_and_takes_back_the_last_changes() -> None:
    answer = entry("You are an idiot.", kind=EntryKind.ANSWER, author="@ivan")
    rows = (row("status", "new", "open"), row("owner", "", "ivan"))
    ticket = replace(TICKET, status=Status.OPEN, owner="ivan", entries=(answer,), journal=rows)
    context = Context(tickets=(ticket,), unsent=(waiting(answer.id),), undoable=rows)
    found = done("[undo]", ticket, context=context)
    assert found.effects == (
        StopLetter("l-answer", "@ivan"),
        WithdrawEntry(1, answer.id),
        Change(1, Field.OWNER, "ivan", "", "@ivan (undo)"),
        Change(1, Field.STATUS, "open", "new", "@ivan (undo)"),
    )
    assert found.questions == (("undo", "You are an idiot."),)


def test_undo_leaves_alone_what_is_somebody_elses() -> None:
    theirs = entry("Theirs.", kind=EntryKind.ANSWER, author="@olga")
    since = JournalRow("d2", 1, NOW, "@olga", "status", "open", "closed")
    mine = row("status", "new", "open")
    ticket = replace(TICKET, status=Status.CLOSED, entries=(theirs,), journal=(mine, since))
    context = Context(tickets=(ticket,), unsent=(waiting(theirs.id),), undoable=(mine,))
    (one,) = refused("[undo]", ticket, context=context)
    assert one.problem is Problem.NOTHING_TO_UNDO


def test_undo_knows_that_joining_is_no_field() -> None:
    joined = row("join", "", "watcher @ivan")
    ticket = replace(TICKET, journal=(joined,))
    (one,) = refused("[undo]", ticket, context=Context(tickets=(ticket,), undoable=(joined,)))
    assert one.problem is Problem.NOTHING_TO_UNDO


# The table itself.


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.word)
def test_a_row_of_the_table_is_whole(command) -> None:  # type: ignore[no-untyped-def]
    assert [language for language, _ in command.help] == ["en", "ru", "uk"]
    assert all(line for _, line in command.help)
    (example,) = brackets_in_subject(command.example)
    found = understood(example)
    assert found is not None
    assert found[0] is command
    assert bool(found[1]) or command.argument is not Argument.NEEDED
    assert command.role in Role


def test_no_two_commands_share_a_word() -> None:
    words = [word_key(word) for one in COMMANDS for word in (one.word, *one.synonyms)]
    assert len(set(words)) == len(words)


def test_every_synonym_reaches_its_command() -> None:
    for command in COMMANDS:
        for word in (command.word, *command.synonyms):
            typed = f"[{word}]" if command.argument is Argument.NONE else f"[{word}:x]"
            found = obeyed(typed, TICKET)
            problems = () if isinstance(found, Obeyed) else found
            assert all(one.problem is not Problem.UNKNOWN_WORD for one in problems), word
