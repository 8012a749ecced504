"""The language of a text: sure of English, Russian and Ukrainian, silent when unsure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.mail.language import LOOKED_AT_CHARS_MAX, language_of

TEXTS = (
    ("en", "Hello, the printer on the second floor is on fire again."),
    ("en", "Can you please tell me when this will be fixed?"),
    ("en", "It does not work. I have tried another cable and another computer."),
    ("ru", "Здравствуйте, не работает почта."),
    ("ru", "Спасибо, всё получилось!"),
    ("ru", "Привет! Когда будет готово? Очень нужно."),
    ("ru", "Мне не приходят письма от коллег, помогите пожалуйста"),
    ("uk", "Доброго дня, не працює пошта."),
    ("uk", "Дякую, все вийшло!"),
    ("uk", "Вітаю! Чи можна змінити пароль? Мені дуже потрібно."),
    ("uk", "Прошу відновити доступ до облікового запису"),
    ("de", "Guten Tag, ich kann mich nicht anmelden, bitte helfen Sie mir."),
    ("pl", "Dzień dobry, nie mogę się zalogować do mojego konta."),
    ("fr", "Bonjour, je ne peux pas ouvrir la pièce jointe dans votre message."),
    ("es", "Hola, no puedo entrar en mi cuenta y necesito ayuda por favor."),
)
UNSURE = (
    "",
    "ok",
    "12345 67890",
    "+1",
    "https://example.com/the/and/is/are",
    "the.and@is.example",
    "printer",
    "Файл: log.txt",
    "你好，打印机坏了",
    "Благодаря, това ще стане утре, нали? Аз съм тук.",
)


@pytest.mark.parametrize(("language", "text"), TEXTS)
def test_a_language_is_known_by_its_letters_and_small_words(language: str, text: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", UNSURE)
def test_a_text_that_says_too_little_has_no_language(text: str) -> None:
    assert language_of(text) is None


def test_only_the_beginning_is_looked_at() -> None:
    english = "the and is are was " * (LOOKED_AT_CHARS_MAX // 10)
    assert language_of(english + "в не на я что с по это как " * 10_000) == "en"


@given(st.text(max_size=3000))
def test_any_text_is_answered(text: str) -> None:
    assert language_of(text) in (None, "en", "de", "fr", "es", "pl", "ru", "uk")
