"""The sentences of a trace in the languages of the desk."""

from __future__ import annotations

import pytest
from desk.cases import POLICY
from desk.stationery import SHIPPED

from mailtrack.desk.phrases import Phrase, Phrases, phrase_file_from, phrases_from
from mailtrack.desk.trace_words import SENTENCE_CHARS_MAX, retold, rule_retold, values_in


def phrases_of(language: str) -> Phrases:
    files = [
        phrase_file_from(name, (SHIPPED / "letters" / name / "phrases.txt").read_text())[0]
        for name in ("en", language)
    ]
    return phrases_from(files, files[0])[0]


EN, RU, UK = (phrases_of(language) for language in POLICY.languages)


@pytest.mark.parametrize(
    ("said", "ru", "uk"),
    [
        (
            "proved: DKIM: signed by help.example",
            "подтверждено: DKIM: подписано help.example",
            "підтверджено: DKIM: підписано help.example",
        ),
        (
            "not proved: there are no Authentication-Results of mx; DKIM: not signed by a.eu",
            "не подтверждено: нет Authentication-Results от mx; DKIM: нет подписи a.eu",
            "не підтверджено: немає Authentication-Results від mx; DKIM: немає підпису a.eu",
        ),
        (
            "not proved: DKIM: signed by a.example, but not what the mail answers",
            "не подтверждено: DKIM: подписано a.example, но не то, на что отвечает письмо",
            "не підтверджено: DKIM: підписано a.example, але не те, на що відповідає лист",
        ),
        (
            "none: nothing proves the sender's origin",
            "не отправлено: ничто не подтверждает отправителя",
            "не надіслано: ніщо не підтверджує відправника",
        ),
        (
            "reply token of {person} names #7",
            "адрес для ответа, выданный {person}, указывает на #7",
            "адреса для відповіді, видана {person}, вказує на #7",
        ),
        ("the weather", "the weather", "the weather"),
    ],
)
def test_what_a_rule_said_is_said_in_the_readers_language(said: str, ru: str, uk: str) -> None:
    assert (retold(said, EN), retold(said, RU), retold(said, UK)) == (said, ru, uk)


def test_words_of_ours_within_a_sentence_are_said_in_the_language_too() -> None:
    said = "step_up: none, asked to confirm"
    assert retold(said, EN) == "grave: not proved, asked to confirm"
    assert (
        retold(said, UK) == "серйозна дія: відправника не підтверджено, запитано підтвердження"
    )
    assert retold("H12: unproved", EN) == "H12: nothing proves who wrote it"


def test_every_sentence_is_found_again_by_its_own_words() -> None:
    for key, phrase in EN.sources.items():
        filled = phrase(**{place: f"<{place}>" for place in phrase.places})
        expected = RU.because[key](**{place: f"<{place}>" for place in phrase.places})
        assert retold(filled, RU) == expected, key


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a 1 b 2", {"x": "1", "y": "2"}),
        ("a  b ", {"x": "", "y": ""}),
        ("a 1 b 2 b 3", {"x": "1", "y": "2 b 3"}),
        ("a 1 c 2", None),
        ("1 b 2", None),
        ("a b", None),
    ],
)
def test_a_place_ends_where_the_next_words_begin(
    text: str, values: dict[str, str] | None
) -> None:
    assert values_in(text, Phrase("a {x} b {y}")) == values


@pytest.mark.parametrize(("extra", "is_told"), [(0, True), (1, False)])
def test_a_sentence_is_looked_at_up_to_a_length(extra: int, *, is_told: bool) -> None:
    name = "x" * (SENTENCE_CHARS_MAX - len("DKIM: signed by ") + extra)
    assert (retold(f"DKIM: signed by {name}", RU) == f"DKIM: подписано {name}") is is_told


def test_our_rules_have_names_in_the_language_and_the_admins_keep_theirs() -> None:
    assert rule_retold("thread", "", RU) == "какая заявка"
    assert rule_retold("thread", "rules.yaml:3", RU) == "thread"
    assert rule_retold("money", "", RU) == "money"
