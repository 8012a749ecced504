"""YAML text as a tree of plain nodes that know where they stand.

Built from parser events and not by a constructor, so that nothing in a file can make an object,
nest without end or grow by aliases, and every key and value keeps its line and column. Scalars
stay text: whether ``no`` is a word or a refusal is for the key's type to say (``models``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from mailtrack.config.syntax import Fault, Place, Unreadable, events_of, place_of, without_tab

DEPTH_MAX: Final = 32
NODES_MAX: Final = 200_000  # some 10,000 rules; aliases count as often as they are used
TABS_TOLD_MAX: Final = 20  # lines with a tab that are told in one run

_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))  # YAML 1.2 core schema
_STANDARD_TAG: Final = "tag:yaml.org,2002:"
_STANDARD_KINDS: Final = frozenset(("str", "int", "float", "bool", "null", "map", "seq"))


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written, quotes aside; None for an empty or ``null`` value without quotes."""

    text: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """The items of a list, in order. ``numbers`` are their indexes in the file, from 0."""

    items: tuple[Node, ...]
    place: Place
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys, their places, and values in the order of the file; no key stands twice."""

    items: tuple[tuple[str, Place, Node], ...]
    place: Place


Node: TypeAlias = Scalar | Sequence | Mapping


def nodes_from(text: str) -> tuple[Node | None, tuple[Fault, ...]]:
    """The tree of a file, None if it has none, and what was wrong with the writing.

    A tab in the indentation is told, replaced and read past, so that the rest of the file is
    looked at in the same run. Other broken syntax ends the reading.
    """
    tabs: list[Fault] = []
    written = text.split("\n")
    while True:
        builder = _Builder(_shifts(written, text.split("\n")) if tabs else {})
        try:
            builder.build(events_of(text))
        except Unreadable as unreadable:
            mended = without_tab(text, unreadable.fault)
            if mended is None or len(tabs) >= TABS_TOLD_MAX:
                return None, (*tabs, *builder.faults, unreadable.fault)
            tabs.append(unreadable.fault)
            text = mended
        else:
            return builder.root, (*tabs, *builder.faults)


def _shifts(written: list[str], mended: list[str]) -> dict[int, int]:
    """By line, from 1: how much further to the right its text stands in the file."""
    pairs = enumerate(zip(written, mended, strict=True), start=1)
    return {line: len(old) - len(new) for line, (old, new) in pairs if len(old) != len(new)}


def joined(path: str, key: str) -> str:
    """The key path of ``key`` below ``path``."""
    return f"{path}.{key}" if path else key


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A node that aliases may name, with how many nodes and levels it adds where it is used."""

    node: Node
    nodes: int
    height: int


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    event: MappingStartEvent | SequenceStartEvent
    path: str
    nodes_before: int
    height: int = 1
    values: list[Node] = field(default_factory=list)
    keys: dict[str, Place] = field(default_factory=dict)
    waiting_key: tuple[str, Place] | None = None

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.event, MappingStartEvent)


@dataclass(slots=True)
class _Builder:
    """Puts the events of one file together, without recursion."""

    shifts: dict[int, int]
    root: Node | None = None
    faults: list[Fault] = field(default_factory=list)
    _stack: list[_Open] = field(default_factory=list)
    _anchors: dict[str, _Anchored] = field(default_factory=dict)
    _nodes: int = 0
    _documents: int = 0

    def build(self, events: Iterator[Event]) -> None:
        """Read all events; afterwards ``root`` and ``faults`` stand."""
        for event in events:
            match event:
                case DocumentStartEvent():
                    self._start_document(event)
                case MappingStartEvent() | SequenceStartEvent():
                    self._start(event)
                case CollectionEndEvent():
                    self._end()
                case ScalarEvent():
                    self._scalar(event)
                case AliasEvent():
                    self._alias(event)
                case _:
                    pass  # the beginning and the end of the stream and of the document

    def _start_document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _unreadable(
                event, "a second document begins", "Keep one document in a file: delete the ---"
            )

    def _start(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        self._check_tag(event)
        if self._is_key_wanted():
            raise _unreadable(
                event,
                "a list or a mapping stands where a key belongs",
                "If this is text, write it in quotes",
            )
        self._check_depth(event, 1)
        path = self._path()
        self._stack.append(_Open(event, path, self._nodes))
        self._count(event, 1)

    def _end(self) -> None:
        done = self._stack.pop()
        place = self._place(done.event)
        node: Node = Sequence(tuple(done.values), place, tuple(range(len(done.values))))
        if done.is_mapping:
            pairs = zip(done.keys.items(), done.values, strict=True)
            node = Mapping(tuple((key, at, value) for (key, at), value in pairs), place)
        self._keep(node, done.height)
        if done.event.anchor is not None:
            nodes = self._nodes - done.nodes_before
            self._anchors[done.event.anchor] = _Anchored(node, nodes, done.height)

    def _scalar(self, event: ScalarEvent) -> None:
        self._check_tag(event)
        self._count(event, 1)
        text: str = event.value
        if self._is_key_wanted():
            self._stack[-1].waiting_key = (text, self._place(event))
            return
        is_null = event.style is None and text in _NULLS
        node = Scalar(None if is_null else text, self._place(event))
        self._keep(node, 0)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(node, 1, 0)

    def _alias(self, event: AliasEvent) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            known = self._text_with_a_star(event)
        self._count(event, known.nodes)
        self._check_depth(event, known.height)
        if not self._is_key_wanted():
            self._keep(known.node, known.height)
        elif isinstance(known.node, Scalar) and known.node.text is not None:
            self._stack[-1].waiting_key = (known.node.text, self._place(event))
        else:
            raise _unreadable(event, "a reference stands where a key belongs", "Write the key")

    def _text_with_a_star(self, event: AliasEvent) -> _Anchored:
        # `from: *@bank.example` without quotes is the most natural thing to write.
        place = self._place(event)
        found = f"*{event.anchor} is read as a reference to &{event.anchor}, which is not there"
        mend = f'A value that begins with * stands in quotes: "*{event.anchor}"'
        self.faults.append(Fault(place, found, mend, key=self._path()))
        return _Anchored(Scalar(f"*{event.anchor}", place), 1, 0)

    def _keep(self, node: Node, height: int) -> None:
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        parent.height = max(parent.height, height + 1)
        if not parent.is_mapping:
            parent.values.append(node)
            return
        assert parent.waiting_key is not None
        key, place = parent.waiting_key
        parent.waiting_key = None
        if key in parent.keys:
            self._tell_twice(key, place, parent)
            return
        parent.keys[key] = place
        parent.values.append(node)

    def _tell_twice(self, key: str, place: Place, parent: _Open) -> None:
        first = parent.keys[key].line
        found = f"'{key}' stands here a second time; the first is in line {first}"
        mend = "Keep one of them"
        self.faults.append(Fault(place, found, mend, key=joined(parent.path, key)))

    def _place(self, event: Event) -> Place:
        place = place_of(event.start_mark)
        return Place(place.line, place.column + self.shifts.get(place.line, 0))

    def _is_key_wanted(self) -> bool:
        if not self._stack:
            return False
        return self._stack[-1].is_mapping and self._stack[-1].waiting_key is None

    def _path(self) -> str:
        if not self._stack:
            return ""
        parent = self._stack[-1]
        if parent.waiting_key is not None:
            return joined(parent.path, parent.waiting_key[0])
        return parent.path if parent.is_mapping else f"{parent.path}[{len(parent.values)}]"

    def _count(self, event: Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > NODES_MAX:
            raise _unreadable(
                event,
                f"the file holds more than {NODES_MAX:,} values",
                "Make it smaller; references (*name) count each time they are used",
            )

    def _check_depth(self, event: Event, levels: int) -> None:
        if len(self._stack) + levels > DEPTH_MAX:
            raise _unreadable(
                event, f"more than {DEPTH_MAX} levels are nested", "Write it flatter"
            )

    def _check_tag(self, event: MappingStartEvent | SequenceStartEvent | ScalarEvent) -> None:
        tag: str | None = event.tag
        if tag is None:
            return
        kind = tag.removeprefix(_STANDARD_TAG)
        if kind != tag and kind in _STANDARD_KINDS:
            return
        shown = f"!!{kind}" if kind != tag else tag
        found = f"{shown} is a YAML tag, and tags are never followed here"
        mend = "Delete it, or write the value in quotes if it is text"
        self.faults.append(Fault(self._place(event), found, mend, key=self._path()))


def _unreadable(event: Event, found: str, mend: str) -> Unreadable:
    return Unreadable(Fault(place_of(event.start_mark), found, mend))
