"""Zammad #2923: a desk that writes to itself answers itself for ever."""

from pathlib import Path

import pytest
from player import DESK
from stage import policy_from
from store.desk import decided, letter

from mailtrack.desk.own_addresses import without_letters_to_us


@pytest.fixture(scope="module")
def policy():
    files = {path.name: path.read_text(encoding="utf-8") for path in Path(DESK).glob("*.yaml")}
    return policy_from(tuple(sorted(files.items())))


@pytest.mark.parametrize(
    ("recipient", "is_ours"),
    [
        ("support@help.example", True),
        ("SUPPORT@help.example", True),
        ("billing@help.example", True),
        ("support+anything@help.example", True),
        ("supporter@help.example", False),
        ("support@help.example.org", False),
        ("cara@cust.example", False),
    ],
)
def test_what_the_desk_writes_to_itself_is_refused_before_the_outbox(
    policy, recipient: str, is_ours: bool
) -> None:
    both = decided(letters=(letter("l1", recipient=recipient), letter("l2")))
    decision = without_letters_to_us(both, policy)
    assert [one.id for one in decision.letters] == (["l2"] if is_ours else ["l1", "l2"])
    assert ("come back" in str(decision.trace)) is is_ours


def test_an_agents_words_are_left_to_the_outbox_which_tells_the_agent(policy) -> None:
    words = letter("l1", recipient="billing@help.example", is_automatic=False)
    assert without_letters_to_us(decided(letters=(words,)), policy).letters == (words,)
