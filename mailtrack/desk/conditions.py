"""What a routing condition looks at, and whether a mail fits it.

``CONDITIONS`` is the table of what can be looked at; a new condition is a row and two lines of
test. ``compiled`` makes a tree of tests of a ``When`` once, ``evidence`` asks it of one mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from mailtrack.desk.keywords import Keywords, folded, keywords_from
from mailtrack.desk.patterns import (
    PATTERN_CHARS_MAX,
    Pattern,
    check_regex,
    glob_from,
    regex_from,
)
from mailtrack.desk.rules import Condition, Match, When
from mailtrack.desk.spans import Hours, Sizes, hours_from, sizes_from

TEXT_CHARS_MAX: Final = 65_536  # of one text that is looked at; what follows decides nothing
VALUES_MAX: Final = 200  # texts of one mail that one condition looks at: recipients, headers
DEPTH_MAX: Final = 20  # of all/any/not within each other; what is deeper fits nothing
SHOWN_CHARS_MAX: Final = 60

Look = tuple[str, str]  # a key of CONDITIONS, and the header's name for "header"


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """What rules may look at. Keys of addresses, so that nobody else folds them.

    ``body`` is the new words only. ``attachments`` are ``(name, type)``. ``at`` is now by the
    clock of the desk's zone; None fits no hours.
    """

    subject: str = ""
    body: str = ""
    sender: str | None = None
    to: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    list_id: str | None = None
    attachments: tuple[tuple[str, str], ...] = ()
    language: str | None = None
    customer_type: str | None = None
    organisation: str | None = None
    queue: str = ""
    tags: tuple[str, ...] = ()
    size_bytes: int = 0
    is_reply: bool = False
    at: datetime | None = None


_REPLY: Final = ("reply", "yes", "true")
_NEW: Final = ("new", "no", "false")

Texts = Callable[[RoutingFacts, str], tuple[str, ...]]

# What each condition looks at. One of the texts has to fit one of the values.
CONDITIONS: Final[dict[str, Texts]] = {
    "subject": lambda facts, _: (facts.subject,),
    "body": lambda facts, _: (facts.body,),
    "from": lambda facts, _: _address_texts(_some(facts.sender)),
    "to": lambda facts, _: _address_texts(facts.to),
    "header": lambda facts, name: tuple(v for k, v in facts.headers if k.lower() == name),
    "list": lambda facts, _: _list_texts(facts.list_id or ""),
    "attachment": lambda facts, _: tuple(text for pair in facts.attachments for text in pair),
    "language": lambda facts, _: _some(facts.language),
    "customer_type": lambda facts, _: _some(facts.customer_type),
    "organisation": lambda facts, _: _some(facts.organisation),
    "queue": lambda facts, _: _some(facts.queue),
    "tag": lambda facts, _: facts.tags,
    "size": lambda facts, _: (),
    "reply": lambda facts, _: _REPLY if facts.is_reply else _NEW,
    "time": lambda facts, _: (),
}


def _some(text: str | None) -> tuple[str, ...]:
    return (text,) if text else ()


def _address_texts(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Each address, and its domain alone, so that ``acme.example`` means everybody there."""
    domains = (key[key.rfind("@") + 1 :] for key in keys if "@" in key)
    return (*keys, *dict.fromkeys(domains))


def _list_texts(list_id: str) -> tuple[str, ...]:
    """A List-Id as it stands, and the id between its angle brackets alone (RFC 2919)."""
    inner = list_id[list_id.rfind("<") + 1 :].partition(">")[0].strip()
    return tuple(dict.fromkeys(filter(None, (list_id, inner))))


def check_condition(condition: Condition) -> str | None:
    """None if the condition can be asked; otherwise what is wrong and how to mend it."""
    if condition.subject not in CONDITIONS:
        return f"there is no condition {condition.subject!r}; there are {', '.join(CONDITIONS)}"
    if condition.subject == "header" and not condition.name:
        return "a header condition needs the name of the header"
    complaints = (_complaint(condition.subject, how, text) for how, text in condition.values)
    return next((complaint for complaint in complaints if complaint), None)


def _complaint(subject: str, how: Match, text: str) -> str | None:
    if subject == "size" and sizes_from(text) is None:
        return f"{text!r} is no size; write >10MB, <500kB or 1MB-5MB"
    if subject == "time" and hours_from(text) is None:
        return f"{text!r} are no hours; write mon-fri 18:00-09:00"
    if subject in ("size", "time"):
        return None
    if how is Match.REGEX:
        return check_regex(text)
    if not folded(text):
        return "an empty text fits nothing"
    return f"{text[:20]!r}… is too long" if len(text) > PATTERN_CHARS_MAX else None


@dataclass(frozen=True, slots=True)
class Test:
    """One compiled condition. ``words`` keep the order in which they were written."""

    look: Look
    where: str
    words: tuple[str, ...] = ()
    words_set: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()
    globs: tuple[tuple[str, Pattern], ...] = ()
    regexes: tuple[Pattern, ...] = ()
    measures: tuple[tuple[str, Sizes | Hours], ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """A compiled ``When``."""

    all: tuple[Test | Tree, ...] = ()
    any: tuple[Test | Tree, ...] = ()
    none: tuple[Test | Tree, ...] = ()


# Fits nothing: at least one of nothing but a test without values.
_NOTHING: Final = Tree(any=(Test(("subject", ""), ""),))


def compiled(when: When, *, depth: int = 0) -> Tree:
    """The tree of tests of a ``When``."""
    if depth >= DEPTH_MAX:
        return _NOTHING
    return Tree(
        tuple(_node(each, depth=depth) for each in when.all),
        tuple(_node(each, depth=depth) for each in when.any),
        tuple(_node(each, depth=depth) for each in when.none),
    )


def _node(node: Condition | When, *, depth: int) -> Test | Tree:
    return compiled(node, depth=depth + 1) if isinstance(node, When) else _test(node)


def _test(condition: Condition) -> Test:
    look = (condition.subject, condition.name.lower() if condition.subject == "header" else "")
    if condition.subject in ("size", "time"):
        return Test(look, condition.where, measures=tuple(_measures(condition)))
    words = tuple(filter(None, map(folded, _of(condition, Match.WORDS))))
    globs = ((glob, glob_from(folded(glob))) for glob in _of(condition, Match.GLOB))
    return Test(
        look,
        condition.where,
        words=words,
        words_set=frozenset(words),
        exact=frozenset(map(folded, _of(condition, Match.EXACT))) - {""},
        globs=tuple((glob, pattern) for glob, pattern in globs if pattern),
        regexes=tuple(filter(None, map(regex_from, _of(condition, Match.REGEX)))),
    )


def _of(condition: Condition, how: Match) -> Iterator[str]:
    return (text for match, text in condition.values if match is how)


def _measures(condition: Condition) -> Iterator[tuple[str, Sizes | Hours]]:
    read = sizes_from if condition.subject == "size" else hours_from
    for _, text in condition.values:
        if (span := read(text)) is not None:
            yield text, span


def _is_within(span: Sizes | Hours, facts: RoutingFacts) -> bool:
    if isinstance(span, Sizes):
        return span.holds(facts.size_bytes)
    return facts.at is not None and span.holds(facts.at)


def tests_of(tree: Tree) -> Iterator[Test]:
    """All tests of a tree."""
    for node in (*tree.all, *tree.any, *tree.none):
        if isinstance(node, Tree):
            yield from tests_of(node)
        else:
            yield node


Book = dict[Look, Keywords]


def book_of(trees: Iterable[Tree]) -> Book:
    """One automaton for each text that is looked at, with the words of all rules."""
    words: dict[Look, set[str]] = {}
    for tree in trees:
        for test in tests_of(tree):
            words.setdefault(test.look, set()).update(test.words)
    return {look: keywords_from(some) for look, some in words.items() if some}


@dataclass(slots=True)
class Sight:
    """One mail as the tests see it. It remembers what was folded and found, and no more."""

    facts: RoutingFacts
    book: Book
    _folded: dict[Look, tuple[str, ...]] = field(default_factory=dict)
    _utf8: dict[Look, tuple[bytes, ...]] = field(default_factory=dict)
    _found: dict[Look, frozenset[str]] = field(default_factory=dict)

    def change(self, *, queue: str, tags: tuple[str, ...]) -> None:
        """A rule set queue or tags; what was remembered of them is forgotten."""
        self.facts = replace(self.facts, queue=queue, tags=tags)
        for memory in (self._folded, self._utf8, self._found):
            memory.pop(("queue", ""), None)
            memory.pop(("tag", ""), None)

    def texts(self, look: Look) -> tuple[str, ...]:
        """The texts to look at, as they came but bounded."""
        texts_of = CONDITIONS.get(look[0])
        texts = texts_of(self.facts, look[1]) if texts_of else ()
        return tuple(text[:TEXT_CHARS_MAX] for text in texts[:VALUES_MAX])

    def folded(self, look: Look) -> tuple[str, ...]:
        """The texts as words, globs and exact values are compared with them."""
        if look not in self._folded:
            self._folded[look] = tuple(map(folded, self.texts(look)))
        return self._folded[look]

    def utf8(self, look: Look, *, is_folded: bool) -> tuple[bytes, ...]:
        """The texts as a pattern is run over them."""
        if is_folded:
            return tuple(text.encode("utf-8", "replace") for text in self.folded(look))
        if look not in self._utf8:
            texts = self.texts(look)
            self._utf8[look] = tuple(text.encode("utf-8", "replace") for text in texts)
        return self._utf8[look]

    def found(self, look: Look) -> frozenset[str]:
        """The keywords of all rules that stand in these texts."""
        if look not in self._found:
            keywords = self.book.get(look)
            found = (keywords.found_in(text) for text in self.folded(look)) if keywords else ()
            self._found[look] = frozenset().union(*found)
        return self._found[look]


def evidence(tree: Tree, sight: Sight) -> tuple[str, ...] | None:
    """What in the mail made it fit, in words; None if it does not. Empty: no condition."""
    said: list[str] = []
    for node in tree.all:
        found = _evidence(node, sight)
        if found is None:
            return None
        said.extend(found)
    if any(_evidence(node, sight) is not None for node in tree.none):
        return None
    if tree.any:
        answers = (_evidence(node, sight) for node in tree.any)
        found = next((answer for answer in answers if answer is not None), None)
        if found is None:
            return None
        said.extend(found)
    return tuple(said)


def _evidence(node: Test | Tree, sight: Sight) -> tuple[str, ...] | None:
    if isinstance(node, Tree):
        return evidence(node, sight)
    matched = _matched(node, sight)
    if matched is None:
        return None
    subject, name = node.look
    shown = " ".join(matched.split())
    shown = shown if len(shown) <= SHOWN_CHARS_MAX else f"{shown[: SHOWN_CHARS_MAX - 1]}…"
    return (f'{f"header {name}" if name else subject} "{shown}"',)


def _matched(test: Test, sight: Sight) -> str | None:
    """The value or the text that fits, None if nothing does."""
    for text, span in test.measures:
        if _is_within(span, sight.facts):
            return text
    if test.words and not test.words_set.isdisjoint(sight.found(test.look)):
        return next(word for word in test.words if word in sight.found(test.look))
    if test.exact:
        hit = next((text for text in sight.folded(test.look) if text in test.exact), None)
        if hit is not None:
            return hit
    for glob, pattern in test.globs:
        if any(pattern.search(t) is not None for t in sight.utf8(test.look, is_folded=True)):
            return glob
    for pattern in test.regexes:
        for raw in sight.utf8(test.look, is_folded=False):
            if (matched := pattern.search(raw)) is not None:
                return matched
    return None
