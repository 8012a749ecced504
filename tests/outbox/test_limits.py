"""One destination does not stop the others, and the last brake before the relay."""

from datetime import timedelta

import pytest
from outbox.faulty_relay import HANG, FaultyRelay
from outbox.test_sender import NOON, Post, courier_to, post, subjects
from store.desk import outgoing_mail
from waiting import wait_until

from mailtrack.outbox.brake import LETTERS_IN_WINDOW_MAX, REMEMBERED_MAX, WINDOW, Brake
from mailtrack.outbox.breaker import PAUSE_SECONDS_FIRST
from mailtrack.outbox.destinations import IN_TROUBLE_MAX, Destinations
from mailtrack.outbox.overdue import GRACE, TROUBLE_MIN
from mailtrack.outbox.retry import GIVE_UP_AFTER, LATE_AFTER
from mailtrack.outbox.sender import CLAIMED_MAX, FailureKind
from mailtrack.store import outgoing
from mailtrack.store.outgoing import Claimed, LetterCounts

__all__ = ["post"]

DANA = "dana@client.example"
PLACES = 3


# Destinations.


async def test_a_destination_that_hangs_does_not_stop_the_others(post: Post) -> None:
    count = 2 * CLAIMED_MAX  # more than all claims could hold
    async with FaultyRelay(recipients={"@slow.example": HANG}) as relay:
        for number in range(count):
            post.write(f"s{number}", number=None, recipient=f"p{number}@slow.example")
        sender = post.sender(courier_to(relay), hand_overs_max=PLACES)
        await sender.start()
        await wait_until(lambda: len(_asked_for("@slow.example", relay)) == PLACES - 1)
        for number in range(10):
            post.write(f"q{number}", number=None, recipient=f"p{number}@quick.example")
        sender.ring()
        await wait_until(lambda: len(relay.taken) == 10, what="the others are through")
        assert len(_asked_for("@slow.example", relay)) == PLACES - 1
        # It hung: it is left alone, and nobody's letters are blamed for it.
        await wait_until(lambda: post.counts() == LetterCounts(waiting=count, sent=10))
        asked = len(_asked_for("@slow.example", relay))
        assert asked == PLACES - 1
        relay.recipients = {}
        sender._destinations._breakers.clear()
        post.clock.at += timedelta(minutes=10)
        sender.ring()
        await post.until(sent=count + 10)
        await sender.stop()


def _asked_for(domain: str, relay: FaultyRelay) -> list[str]:
    return [one for one in relay.commands if one.startswith("RCPT") and domain in one]


async def test_after_a_hang_one_letter_goes_ahead_to_that_destination(post: Post) -> None:
    async with FaultyRelay(recipients={"@slow.example": HANG}) as relay:
        for number in range(4):
            post.write(f"s{number}", number=None, recipient=f"p{number}@slow.example")
        sender = post.sender(courier_to(relay), hand_overs_max=2)
        await sender.start()
        await wait_until(lambda: sender._destinations._breakers)
        await post.until(waiting=4)
        sender._destinations._breakers["slow.example"]._open_until = 0.0
        post.clock.at += timedelta(minutes=10)
        sender.ring()
        await wait_until(lambda: len(_asked_for("@slow.example", relay)) == 2)
        await post.until(waiting=4)
        assert len(_asked_for("@slow.example", relay)) == 2
        await sender.stop()


def test_a_refusal_says_nothing_against_a_destination_and_an_answer_clears_it() -> None:
    destinations = Destinations(claims_max=16, hand_overs_max=2)
    assert destinations.room(0.0, is_storm=False).left == {}
    assert destinations.trip("slow.example", 0.0)
    assert destinations.pause_left("slow.example", 0.0) == PAUSE_SECONDS_FIRST
    assert destinations.room(0.0, is_storm=False).closed == ("slow.example",)
    assert destinations.next_try(0.0) == PAUSE_SECONDS_FIRST
    assert destinations.room(PAUSE_SECONDS_FIRST, is_storm=False).left == {"slow.example": 1}
    destinations.take("slow.example")
    assert destinations.room(PAUSE_SECONDS_FIRST, is_storm=False).closed == ("slow.example",)
    destinations.let_go("slow.example")
    destinations.reset("slow.example")
    assert destinations.room(0.0, is_storm=False).left == {}


@pytest.mark.parametrize(
    ("count", "is_known"), [(IN_TROUBLE_MAX, True), (IN_TROUBLE_MAX + 1, False)]
)
def test_so_many_destinations_in_trouble_are_remembered(count: int, is_known: bool) -> None:
    destinations = Destinations(claims_max=16, hand_overs_max=2)
    for number in range(count):
        destinations.trip(f"d{number}.example", 0.0)
    assert (destinations.pause_left("d0.example", 0.0) > 0) is is_known


# The brake.


async def test_the_same_words_do_not_leave_twice_within_ten_minutes(post: Post) -> None:
    async with FaultyRelay() as relay:
        post.write("l1", text="We closed it.", name="closed", is_automatic=True)
        sender = post.sender(courier_to(relay))
        await sender.start()
        await post.until(sent=1)
        post.clock.at += WINDOW - timedelta(seconds=1)
        post.write("l2", text="We closed it.", name="closed", is_automatic=True)
        sender.ring()
        await post.until(sent=1, stopped=1)
        post.clock.at += timedelta(seconds=1)
        post.write("l3", text="We closed it.", name="closed", is_automatic=True)
        sender.ring()
        await post.until(sent=2, stopped=1)
        assert len(relay.taken) == 2
        assert post.told == []
        await sender.stop()


async def test_s10_an_acknowledgement_that_would_come_days_late_is_stopped(post: Post) -> None:
    day, moment = timedelta(days=1), timedelta(seconds=1)
    async with FaultyRelay() as relay:
        post.write("l1", why="acknowledged", name="acknowledged", is_automatic=True)
        post.write("l2", is_automatic=False)
        post.clock.at += day
        sender = post.sender(courier_to(relay))
        post.write("l3", why="acknowledged", number=None, not_before=post.clock.at - day)
        post.write(
            "l4", why="acknowledged", number=None, not_before=post.clock.at - day - moment
        )
        await sender.start()
        await post.until(sent=3, stopped=1)
        assert [(one.letter.letter_id, one.kind) for one in post.told] == [
            ("l4", FailureKind.STALE)
        ]
        await sender.stop()


@pytest.mark.parametrize(
    "other",
    [
        {"is_automatic": False},  # a person's words, as often as they like
        {"name": "resolved"},
        {"recipient": "eve@client.example"},
        {"text": "We closed it again."},
        {"number": None},
    ],
)
async def test_what_differs_in_anything_leaves(post: Post, other: dict[str, object]) -> None:
    first: dict[str, object] = {"text": "We closed it.", "name": "closed"}
    async with FaultyRelay() as relay:
        post.write("l1", **first)
        sender = post.sender(courier_to(relay))
        await sender.start()
        await post.until(sent=1)
        post.write("l2", **{**first, **other})
        sender.ring()
        await post.until(sent=2)
        await sender.stop()


def claimed(letter_id: str, text: str, *, brake: str | None = None) -> Claimed:
    return Claimed(
        letter_id,
        outgoing_mail(letter_id, text=text),
        1,
        1,
        NOON,
        "closed",
        DANA,
        ready_at=NOON,
        brake=brake,
    )


TOKEN = "ra" + "q" * 28


@pytest.mark.parametrize(
    ("second", "is_same"),
    [
        (claimed("l1", f"Hi. <support+{TOKEN}@help.example>"), False),  # itself, tried again
        (claimed("l2", f"Hi. <support+{TOKEN}@help.example>"), True),
        (claimed("l2", f"Hi. <support+{TOKEN[:-1]}a@help.example>"), True),
        (claimed("l2", f"Ho. <support+{TOKEN}@help.example>"), False),
        (claimed("l2", f"Hi. <support+{TOKEN}@help.example>", brake="error"), False),
    ],
)
def test_another_reply_address_makes_no_other_letter(second: Claimed, is_same: bool) -> None:
    brake = Brake()
    brake.note(claimed("l1", f"Hi. <support+{TOKEN}@help.example>"), NOON)
    assert (brake.left_before(second, NOON) is not None) is is_same


def test_a_storm_begins_with_so_many_letters_and_ends_by_itself() -> None:
    brake = Brake()
    for number in range(LETTERS_IN_WINDOW_MAX):
        assert brake.storm_ends_at(NOON) is None
        brake.note(claimed(f"l{number}", f"{number}"), NOON)
    assert brake.storm_ends_at(NOON) == NOON + WINDOW
    assert brake.storm_ends_at(NOON + WINDOW) is None
    quiet = Brake(letters_max=None)
    quiet.note(claimed("l1", "1"), NOON)
    assert quiet.storm_ends_at(NOON) is None


def test_so_many_letters_are_remembered() -> None:
    brake = Brake(letters_max=REMEMBERED_MAX + 2)
    for number in range(REMEMBERED_MAX + 1):
        brake.note(claimed(f"l{number}", f"{number}"), NOON)
    assert brake.left_before(claimed("x", "0"), NOON) is None
    assert brake.left_before(claimed("x", "1"), NOON) is not None


async def test_in_a_storm_a_persons_words_go_on_and_the_desks_wait(post: Post) -> None:
    async with FaultyRelay() as relay:
        post.write("l1", "l2", "l3", is_automatic=True)
        sender = post.sender(courier_to(relay), brake=Brake(letters_max=3))
        await sender.start()
        await post.until(sent=3)
        # All in one line: of one ticket, to one person.
        post.write("l4", is_automatic=True)
        post.write("l5", is_automatic=False)
        post.write("l6", person="@ivan", recipient="ivan@help.example", is_automatic=True)
        sender.ring()
        await post.until(waiting=1, sent=5)
        assert sorted(subjects(relay)[3:]) == ["l5", "l6"]
        assert sender.paused_until == post.clock.at + WINDOW, "the watch asks this"
        post.clock.at += WINDOW
        assert sender.paused_until is None
        sender.ring()
        await post.until(sent=6)
        await sender.stop()


# Late, and given up, while the relay is down.


def attempts(post: Post) -> list[int]:
    with post.database.reading() as session:
        found = outgoing.overdue(session, before=NOON + timedelta(days=30), limit=100)
    return [one.attempts for one in found]


async def test_while_the_relay_is_down_authors_hear_of_it_once_and_no_try_is_counted(
    post: Post,
) -> None:
    async with FaultyRelay({"GREETING": "421 not now"}) as relay:
        post.write("l1", is_automatic=False)
        post.write("l2", is_automatic=False)
        post.write("l3", is_automatic=True, recipient="eve@client.example")
        sender = post.sender(courier_to(relay))
        await sender.start()
        await wait_until(lambda: sender.is_relay_down)
        await post.until(waiting=3)
        for _ in range(3):
            post.clock.at += LATE_AFTER
            sender.ring()
            await wait_until(lambda: len(post.told) == 2, what="both answers are late")
        assert {one.kind for one in post.told} == {FailureKind.LATE}
        assert sorted(one.letter.letter_id for one in post.told) == ["l1", "l2"]
        assert attempts(post) == [0, 0, 0]
        relay.faults = {}
        sender._breaker._open_until = 0.0
        post.clock.at += timedelta(minutes=10)
        sender.ring()
        await post.until(sent=3)
        assert len(post.told) == 2
        await sender.stop()


async def test_what_lay_in_a_stopped_desk_is_not_called_late_before_it_had_its_chance(
    post: Post,
) -> None:
    async with FaultyRelay() as relay:
        post.write("l1", is_automatic=False)
        post.clock.at += timedelta(days=10)
        sender = post.sender(courier_to(relay))
        await sender.start()
        await post.until(sent=1)
        assert post.told == []
        await sender.stop()


async def test_after_days_of_a_dead_relay_letters_are_given_up_untried(post: Post) -> None:
    async with FaultyRelay({"GREETING": "421 not now"}) as relay:
        post.write("l1", is_automatic=False)
        post.write("l2", is_automatic=True, recipient="eve@client.example")
        sender = post.sender(courier_to(relay))
        await sender.start()
        await wait_until(lambda: sender.is_relay_down)
        await post.until(waiting=2)
        post.clock.at += max(GIVE_UP_AFTER, TROUBLE_MIN, GRACE)
        sender.ring()
        await post.until(failed=2)
        (told,) = post.told
        assert (told.letter.letter_id, told.kind) == ("l1", FailureKind.GIVEN_UP)
        await sender.stop()
