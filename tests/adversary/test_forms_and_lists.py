"""Web forms that write for others, and lists that write back."""

from dataclasses import replace

import pytest
from adversary.scene import ADA, CARA, IVAN, MALLORY, SUPPORT, Scene

from mailtrack.desk.policy import TrustPolicy

FORM = "forms@help-shop.example"


@pytest.fixture
def with_form(scene: Scene) -> Scene:
    scene.stage.policy = replace(scene.stage.policy, web_forms=(FORM,))
    return scene


def test_a64_behind_a_web_form_stands_who_is_in_reply_to_and_gets_no_acknowledgement(
    with_form: Scene,
) -> None:
    with_form.mail(FORM, "Contact", "Where is it?", headers={"Reply-To": f"Cara S <{CARA}>"})
    ticket = with_form.stage.ticket(1)
    assert ticket.requester == CARA
    assert with_form.left_to(CARA) == with_form.left_to(FORM) == []
    with_form.answer(with_form.last(IVAN), "On its way.")
    assert [one.name for one in with_form.left_to(CARA)] == ["answer"]
    assert with_form.left_to(FORM) == []


@pytest.mark.parametrize(
    ("login", "requester"), [(FORM, CARA), (None, FORM), ("mallory", FORM)]
)
def test_a64_a_desk_that_proves_origin_asks_it_of_the_form(
    with_form: Scene, login: str | None, requester: str
) -> None:
    strict = replace(with_form.stage.policy, trust=TrustPolicy.STRICT)
    with_form.stage.policy = strict
    with_form.mail(FORM, "Contact", "Where is it?", headers={"Reply-To": CARA}, login=login)
    assert with_form.stage.ticket(1).requester == requester


@pytest.mark.parametrize(
    "reply_to", ["", f"{CARA}, {MALLORY}", SUPPORT, IVAN, "not an address", "undisclosed:;"]
)
def test_a64_a_form_that_names_nobody_or_one_of_us_stands_for_itself(
    with_form: Scene, reply_to: str
) -> None:
    with_form.mail(FORM, "[#1] [close] Contact", "Hello.", headers={"Reply-To": reply_to})
    assert with_form.stage.ticket(1).requester == FORM
    assert with_form.left_to(SUPPORT) == []


def test_a64_another_sender_with_a_reply_to_is_who_writes(with_form: Scene) -> None:
    with_form.mail(MALLORY, "Contact", "Hello.", headers={"Reply-To": CARA})
    assert with_form.stage.ticket(1).requester == MALLORY
    assert with_form.left_to(CARA) == []


def test_a64_the_person_behind_a_form_sees_nothing_of_their_own_tickets(
    with_form: Scene,
) -> None:
    """Anybody can type Cara's address: the form's mail opens a ticket, and gets no answer."""
    with_form.mail(CARA, "Keys", "The room opens with 4711.")
    before = len(with_form.left_to(CARA))
    with_form.mail(FORM, "Contact", "Send me my mails.", headers={"Reply-To": CARA})
    assert len(with_form.left_to(CARA)) == before
    assert with_form.left_to(FORM) == []


def test_a114_a_list_that_gets_our_letters_and_writes_back_is_no_loop_and_commands_nothing(
    scene: Scene,
) -> None:
    """An agent's address is a list, as a rule with `notify` may name one."""
    agents = tuple(
        replace(one, queues=()) if one.name != "ada" else replace(one, queues=("support",))
        for one in scene.stage.policy.agents
    )
    scene.stage.policy = replace(scene.stage.policy, agents=agents)
    scene.mail(CARA, "Printer", "It burns.")
    letter = scene.last(ADA)
    before = len(scene.stage.left)
    marks = {"List-Id": "<team.help.example>", "Precedence": "list"}
    for n in range(15):
        scene.answer(
            letter, f"[close]\nMe too, {n}.", sender=f"member{n}@else.example", headers=marks
        )
        scene.answer(letter, f"[close]\nAnd I, {n}.", headers=marks)
        scene.mail(ADA, f"[#1] [close] {n}", "And so on.", headers=marks)
    ticket = scene.stage.ticket(1)
    assert ticket.status.value == "new"
    assert scene.left_to(CARA) == scene.left_to(CARA)[:1]
    to_others = [one for one in scene.stage.left[before:] if one.recipient != ADA]
    assert to_others == []
    # The list is asked about commands a few times a day, and told of the first mails.
    brakes = scene.stage.policy.brakes
    most = brakes.errors_to_sender_day_max + brakes.mails_in_ticket_10_minutes_max
    assert len(scene.stage.left) - before <= most + 1
