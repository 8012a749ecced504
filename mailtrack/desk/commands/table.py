"""All commands: the place to look one up, and to add one.

Synonyms are English, Russian and Ukrainian; they are compared without case, blanks and
punctuation, ё as е. The help letter and ``docs/agents.md`` are made from this table.
"""

from __future__ import annotations

import re
from typing import Final

from mailtrack.desk.brackets import folded
from mailtrack.desk.commands import (
    admins,
    fields,
    joining,
    people,
    privacy,
    splitting,
    status,
    words,
)
from mailtrack.desk.commands.order import Argument, Command, Group, Question
from mailtrack.desk.commands.undo import undo
from mailtrack.desk.policy import Role
from mailtrack.tickets.reading import Bracket
from mailtrack.tickets.ticket import Status

NONE, OPTIONAL, NEEDED = Argument.NONE, Argument.OPTIONAL, Argument.NEEDED
LIGHT, AGENT, ADMIN = Role.LIGHT, Role.AGENT, Role.ADMIN


def _help(en: str, ru: str, uk: str) -> tuple[tuple[str, str], ...]:
    return (("en", en), ("ru", ru), ("uk", uk))


COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "close", ("closed", "закрыть", "закрыто", "закрити", "закрито"), Group.STATUS, NONE,
        AGENT, status.to_status(Status.CLOSED), "[close]",
        _help("close the ticket", "закрыть заявку", "закрити заявку"), is_last=True,
    ),
    Command(
        "resolve", ("resolved", "solved", "solve", "fixed", "решено", "решить", "вирішено",
                    "вирішити"), Group.STATUS, NONE,
        AGENT, status.to_status(Status.RESOLVED), "[resolve]",
        _help("mark it solved", "отметить решённой", "позначити вирішеною"), is_last=True,
    ),
    Command(
        "reopen", ("open", "открыть", "переоткрыть", "відкрити", "перевідкрити"),
        Group.STATUS, NONE, AGENT, status.to_status(Status.OPEN), "[reopen]",
        _help("open it again", "открыть снова", "відкрити знову"), is_last=True,
    ),
    Command(
        "wait", ("waiting", "pending", "ждать", "жду", "ожидание", "чекати", "чекаю",
                 "очікування"), Group.STATUS, NONE,
        AGENT, status.to_status(Status.WAITING), "[wait]",
        _help("wait for the customer; the clock rests", "ждать ответа клиента; часы стоят",
              "чекати на відповідь клієнта; годинник стоїть"), is_last=True,
    ),
    Command(
        "hold", ("onhold", "отложить", "отложено", "відкласти", "відкладено"),
        Group.STATUS, NONE, AGENT, status.to_status(Status.HOLD), "[hold]",
        _help("put on hold for a third party", "отложить: ждём третью сторону",
              "відкласти: чекаємо на третю сторону"), is_last=True,
    ),
    Command(
        "status", ("state", "статус", "стан"), Group.STATUS, NEEDED,
        AGENT, status.any_status, "[status:waiting]",
        _help("set any status", "поставить любой статус", "поставити будь-який статус"),
        is_last=True,
    ),
    Command(
        "take", ("беру", "взять", "взяти", "моё", "моє"), Group.OWNER, NONE,
        AGENT, status.take, "[take]",
        _help("it is mine", "беру себе", "беру собі"),
    ),
    Command(
        "assign", ("owner", "назначить", "назначь", "призначити", "признач"), Group.OWNER,
        NEEDED, AGENT, status.assign, "[assign:olga]",
        _help("give it to a colleague", "назначить коллеге", "призначити колезі"),
    ),
    Command(
        "pass", ("handover", "передать", "передай", "передати"), Group.OWNER, NEEDED,
        AGENT, status.assign, "[pass:olga]",
        _help("hand it over; write why", "передать; напишите почему",
              "передати; напишіть чому"),
    ),
    Command(
        "unassign", ("drop owner", "снять", "зняти", "никому", "нікому"), Group.OWNER, NONE,
        AGENT, status.unassign, "[unassign]",
        _help("back to the queue", "вернуть в очередь", "повернути в чергу"),
    ),
    Command(
        "queue", ("team", "очередь", "черга"), Group.FIELDS, OPTIONAL,
        LIGHT, fields.queue, "[queue:billing]",
        _help("move it; alone: list the queue", "перенести; без слова: показать очередь",
              "перенести; без слова: показати чергу"), needs_ticket=False,
    ),
    Command(
        "cat", ("category", "категория", "категорія"), Group.FIELDS, NEEDED,
        AGENT, fields.category, "[cat:refunds]",
        _help("set the category", "указать категорию", "вказати категорію"),
    ),
    Command(
        "priority", ("prio", "приоритет", "пріоритет"), Group.FIELDS, NEEDED,
        AGENT, fields.priority, "[priority:high]",
        _help("low, normal, high, urgent", "low, normal, high, urgent или по-русски",
              "low, normal, high, urgent або українською"),
    ),
    Command(
        "tag", ("tags", "метка", "тег", "мітка"), Group.FIELDS, NEEDED,
        AGENT, fields.tag, "[tag:vip, refund]",
        _help("add tags", "добавить метки", "додати мітки"),
    ),
    Command(
        "untag", ("убрать метку", "снять метку", "зняти мітку"), Group.FIELDS, NEEDED,
        AGENT, fields.untag, "[untag:vip]",
        _help("take tags away", "убрать метки", "прибрати мітки"),
    ),
    Command(
        "due", ("deadline", "срок", "термін", "до"), Group.FIELDS, NEEDED,
        AGENT, fields.due, "[due:fri 15:00]",
        _help("pin the date; [due:auto] frees it", "закрепить срок; [due:auto] снимает",
              "закріпити термін; [due:auto] знімає"),
    ),
    Command(
        "time", ("spent", "время", "час"), Group.FIELDS, NEEDED,
        AGENT, fields.time_spent, "[time:25m]",
        _help("add time spent", "добавить потраченное время", "додати витрачений час"),
    ),
    Command(
        "note", ("internal", "comment", "заметка", "внутренняя", "нотатка", "примітка"),
        Group.TEXT, NONE, LIGHT, words.note, "[note]",
        _help("my words are for colleagues only", "мой текст только для коллег",
              "мій текст лише для колег"),
    ),
    Command(
        "tpl", ("template", "canned", "шаблон"), Group.TEXT, NEEDED,
        AGENT, words.canned, "[tpl:refund-sent]",
        _help("put a canned answer above my words", "вставить готовый ответ",
              "вставити готову відповідь"),
    ),
    Command(
        "watch", ("follow", "следить", "стежити"), Group.PEOPLE, NONE,
        LIGHT, people.watch, "[watch]",
        _help("tell me everything about it", "сообщать мне обо всём",
              "повідомляти мене про все"),
    ),
    Command(
        "mute", ("unwatch", "тихо", "не следить", "не стежити"), Group.PEOPLE, NONE,
        LIGHT, people.mute, "[mute]",
        _help("tell me nothing about it", "ничего мне не сообщать",
              "нічого мені не повідомляти"),
    ),
    Command(
        "cc", ("copy", "копия", "копія"), Group.PEOPLE, NEEDED,
        AGENT, people.cc, "[cc:anna@acme.example]",
        _help("they get the answers from now on", "с этого момента получает ответы",
              "відтепер отримує відповіді"),
    ),
    Command(
        "uncc", ("uncopy", "без копии", "без копії"), Group.PEOPLE, NEEDED,
        AGENT, people.uncc, "[uncc:anna@acme.example]",
        _help("they get nothing any more", "больше ничего не получает",
              "більше нічого не отримує"),
    ),
    Command(
        "ungroup", ("ungroup flood", "разгруппировать", "розгрупувати"), Group.FIELDS, NONE,
        AGENT, fields.ungroup, "[ungroup]",
        _help("make a ticket of each mail of a flood",
              "сделать из каждого письма потока заявку",
              "зробити з кожного листа потоку заявку"),
    ),
    Command(
        "allow", ("let in", "впустить", "допустить", "впустити", "допустити"), Group.PEOPLE,
        NEEDED, AGENT, joining.allow, "[allow:bob@acme.example]",
        _help("a stranger who wrote here gets the answers from now on",
              "посторонний, который сюда написал, получает ответы",
              "сторонній, який сюди написав, отримує відповіді"),
    ),
    Command(
        "merge", ("join", "duplicate of", "объединить", "слить", "об'єднати", "злити"),
        Group.OWNER, NEEDED, AGENT, joining.merge, "[merge:1040]",
        _help("it becomes part of 1040; [undo] within half an hour",
              "становится частью 1040; [отменить] в течение получаса",
              "стає частиною 1040; [скасувати] протягом пів години"), is_last=True,
    ),
    Command(
        "split", ("split off", "own ticket", "отделить", "разделить", "выделить", "відокремити",
                  "розділити", "виділити"), Group.OWNER, OPTIONAL, AGENT, splitting.split,
        "[split:3]",
        _help("a ticket of its own for the mail you answer, or for mail 3 as [show] counts",
              "отдельная заявка из письма, на которое вы отвечаете, или из письма 3 ([show])",
              "окрема заявка з листа, на який ви відповідаєте, або з листа 3 ([show])"),
        is_last=True,
    ),
    Command(
        "link", ("related", "связать", "пов'язати"), Group.FIELDS, NEEDED,
        AGENT, joining.link, "[link:900]",
        _help("the two belong together", "заявки связаны", "заявки пов'язані"),
    ),
    Command(
        "show", ("open ticket", "history", "показать", "показати"), Group.QUESTIONS, OPTIONAL,
        LIGHT, words.show, "[show:1042]",
        _help("mail me the whole ticket", "прислать всю заявку", "надіслати всю заявку"),
        needs_ticket=False,
    ),
    Command(
        "find", ("search", "найти", "поиск", "знайти", "пошук"), Group.QUESTIONS, NEEDED,
        LIGHT, words.ask(Question.FIND), "[find: refund from:acme.example]",
        _help("search all tickets", "искать по заявкам", "шукати в заявках"),
        needs_ticket=False,
    ),
    Command(
        "mine", ("my", "мои", "мої"), Group.QUESTIONS, NONE,
        LIGHT, words.ask(Question.MINE), "[mine]",
        _help("list my tickets", "мои заявки", "мої заявки"), needs_ticket=False,
    ),
    Command(
        "why", ("explain", "почему", "чому"), Group.QUESTIONS, OPTIONAL,
        LIGHT, words.ask(Question.WHY), "[why]",
        _help("why it is where it is", "почему всё так", "чому все саме так"),
    ),
    Command(
        "templates", ("canned answers", "шаблоны", "шаблони"), Group.QUESTIONS, NONE,
        LIGHT, words.ask(Question.TEMPLATES), "[templates]",
        _help("list the canned answers", "список готовых ответов",
              "список готових відповідей"), needs_ticket=False,
    ),
    Command(
        "help", ("помощь", "справка", "допомога", "довідка"), Group.QUESTIONS, OPTIONAL,
        LIGHT, words.ask(Question.HELP), "[help]",
        _help("this list", "этот список", "цей список"), needs_ticket=False,
    ),
    Command(
        "undo", ("cancel", "отменить", "отмена", "скасувати", "відміна"), Group.QUESTIONS, NONE,
        AGENT, undo, "[undo]",
        _help("stop what has not left, take back my last change",
              "остановить неотправленное, вернуть последнее изменение",
              "зупинити невідправлене, повернути останню зміну"),
    ),
    Command(
        "release", ("requeue", "let through", "выпустить", "пропустить", "випустити",
                    "пропустити"), Group.ADMIN, NEEDED,
        ADMIN, admins.end_waiting("release"), "[release:H12]",
        _help("let held mail through, try unreadable mail again; several: H12, Q3",
              "пропустить задержанное письмо, прочитать непрочитанное ещё раз; можно H12, Q3",
              "пропустити затриманий лист, прочитати непрочитаний ще раз; можна H12, Q3"),
        needs_ticket=False,
    ),
    Command(
        "reject", ("discard", "drop", "отклонить", "відхилити"), Group.ADMIN, NEEDED,
        ADMIN, admins.end_waiting("reject"), "[reject:H12]",
        _help("put held or unreadable mail by; it is kept",
              "отклонить задержанное или непрочитанное письмо; оно сохраняется",
              "відхилити затриманий або непрочитаний лист; він зберігається"),
        needs_ticket=False,
    ),
    Command(
        "export", ("экспорт", "выгрузить", "експорт", "вивантажити"), Group.PRIVACY, NEEDED,
        ADMIN, privacy.export, "[export:cara@cust.example]",
        _help("write all that is kept of a person into files",
              "выгрузить в файлы всё, что хранится о человеке",
              "вивантажити у файли все, що зберігається про людину"), needs_ticket=False,
    ),
    Command(
        "erase", ("forget", "стереть", "забыть", "стерти", "забути"), Group.PRIVACY, NEEDED,
        ADMIN, privacy.erase, "[erase:cara@cust.example]",
        _help("erase all that is kept of a person, for good",
              "стереть всё, что хранится о человеке, навсегда",
              "стерти все, що зберігається про людину, назавжди"), needs_ticket=False,
    ),
    Command(
        "redact", ("вымарать", "вычеркнуть", "викреслити", "приховати"), Group.PRIVACY, NEEDED,
        ADMIN, privacy.redact, '[redact:#1042 "secret words"]',
        _help("take words out of a ticket, everywhere and for good",
              "убрать слова из заявки, везде и навсегда",
              "прибрати слова із заявки, скрізь і назавжди"),
    ),
)  # fmt: skip


def word_key(word: str) -> str:
    """A word as it is looked up; one of punctuation alone, such as ``?``, is itself."""
    return folded(word) or word.strip()


BY_WORD: Final = {
    word_key(word): command
    for command in COMMANDS
    for word in (command.word, *command.synonyms)
}

# The words whose answer needs a search or a list: the look-up must know them beforehand.
LOOKED_UP: Final = frozenset(
    {"find", "show", "queue", "mine", "merge", "link", "export", "erase"}
)
ENDS_WAITING: Final = frozenset({"release", "reject"})
_FIRST_WORD: Final = re.compile(r"\s*([^\s:=]+)\s*[:=]?\s*(.*)", re.DOTALL)


def understood(bracket: Bracket) -> tuple[Command, str] | None:
    """The command that a bracket names, with its argument; None if it names none.

    The longest name wins: ``[on hold]``, ``[снять метку: vip]``.
    """
    word, argument = bracket.word, bracket.argument
    readings = [(f"{word} {argument}", ""), (word, argument)]
    if more := _FIRST_WORD.fullmatch(argument):
        readings.insert(1, (f"{word} {more[1]}", more[2].strip()))
    for name, rest in readings:
        command = BY_WORD.get(word_key(name))
        if command is not None:
            return command, rest
    return None
