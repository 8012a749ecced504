"""One YAML file as it was read: its tree, and the way from a key path to line and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import Final, TypeAlias

from mailtrack.config.nodes import Mapping, Node, Scalar, Sequence, joined, nodes_from
from mailtrack.config.syntax import Fault, Place
from mailtrack.errors import Mistake

FILE_BYTES_MAX: Final = 1024 * 1024  # some 5,000 rules
LISTED_MAX: Final = 12  # known words that a mistake lists at most
FOUND_CHARS_MAX: Final = 80  # of the operator's own text in a mistake

KeyPath: TypeAlias = tuple[str | int, ...]
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

_UTF8_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the desk. ``root`` is None if the file is not there, empty or unreadable.

    ``left_out`` are the key paths, as shown, of branches that were wrong and are gone.
    """

    path: Path
    root: Node | None
    mistakes: tuple[Mistake, ...] = ()
    left_out: frozenset[str] = frozenset()

    def plain(self) -> Plain:
        """The tree as dicts, lists and texts."""
        return {} if self.root is None else _plain(self.root)

    def without(self, paths: frozenset[KeyPath]) -> Page:
        """The page less the branches at those paths; what stays knows its place as before."""
        left_out = self.left_out | {self.shown(path) for path in paths}
        root = None
        if self.root is not None and () not in paths:
            root = _pruned(self.root, (), paths)
        return Page(self.path, root, self.mistakes, left_out)

    def is_whole(self, path: KeyPath) -> bool:
        """Whether nothing at or below ``path`` was left out: what lacks there is not there."""
        shown = self.shown(path)
        below = (f"{shown}.", f"{shown}[") if shown else ("",)
        return not any(out == shown or out.startswith(below) for out in self.left_out)

    def filled(self, path: KeyPath, text: str) -> Page:
        """The page with ``text`` at ``path``, in place of what is wrong or missing there."""
        left_out = self.left_out | {self.shown(path)}
        if self.root is None:
            return Page(self.path, None, self.mistakes, left_out)
        return Page(self.path, _filled(self.root, path, text), self.mistakes, left_out)

    def deepest(self, path: KeyPath) -> KeyPath:
        """As much of ``path`` as the file has."""
        return path[: sum(1 for _ in _walk(self.root, path))]

    def place(self, path: KeyPath) -> Place:
        """Where the value at ``path`` stands, or the deepest value above it."""
        place = Place(1, 1) if self.root is None or not path else self.root.place
        for node in _walk(self.root, path):
            place = node.place
        return place

    def key_place(self, path: KeyPath) -> Place:
        """Where the last key of ``path`` stands; for an item of a list, the item."""
        node = self._node(path[:-1]) if path else None
        if isinstance(node, Mapping):
            return next((at for key, at, _ in node.items if key == path[-1]), self.place(path))
        return self.place(path)

    def keys(self, path: KeyPath) -> tuple[str, ...]:
        """The keys of the mapping at ``path``, in order; none if it is no mapping."""
        node = self._node(path)
        return tuple(key for key, _, _ in node.items) if isinstance(node, Mapping) else ()

    def texts(self, path: KeyPath) -> tuple[str, ...]:
        """The texts of the list at ``path``, or the one text that stands in its place."""
        node = self._node(path)
        items = node.items if isinstance(node, Sequence) else (node,)
        return tuple(
            one.text for one in items if isinstance(one, Scalar) and one.text is not None
        )

    def length(self, path: KeyPath) -> int:
        """How many items the list at ``path`` has; 0 if it is no list."""
        node = self._node(path)
        return len(node.items) if isinstance(node, Sequence) else 0

    def where(self, path: KeyPath) -> str:
        """``rules.yaml:12``, for traces."""
        return f"{self.path.name}:{self.key_place(path).line}"

    def mistake(self, path: KeyPath, found: str, mend: str) -> Mistake:
        """A mistake in the value at ``path``."""
        return self.mistake_at(self.place(path), path, found, mend)

    def key_mistake(self, path: KeyPath, found: str, mend: str) -> Mistake:
        """A mistake in the last key of ``path``."""
        return self.mistake_at(self.key_place(path), path, found, mend)

    def mistake_at(self, place: Place, path: KeyPath, found: str, mend: str) -> Mistake:
        """A mistake at a place that is known already."""
        shown = self.shown(path)
        return Mistake(str(self.path), place.line, place.column, shown, found, mend)

    def _node(self, path: KeyPath) -> Node | None:
        nodes = (self.root, *_walk(self.root, path))
        return nodes[-1] if len(nodes) == len(path) + 1 else None

    def shown(self, path: KeyPath) -> str:
        """The key path as people write it, ``rules[2].then.queue``, with the file's indexes."""
        shown = ""
        parents = (self.root, *_walk(self.root, path))
        for step, parent in zip_longest(path, parents[: len(path)]):
            if isinstance(step, str):
                shown = joined(shown, step)
            elif isinstance(parent, Sequence) and step < len(parent.numbers):
                shown += f"[{parent.numbers[step]}]"
        return shown


def page_from(path: Path) -> Page:
    """Read a file; one that is not there is an empty page. Never raises for what it holds."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return Page(path, None)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        return _bad_page(path, Place(1, 1), reason, "Let the user of mailtrack read the file")
    if len(content) > FILE_BYTES_MAX:
        shown = f"the file is larger than {FILE_BYTES_MAX // 1024} KiB"
        return _bad_page(path, Place(1, 1), shown, "Split or shorten it")
    return page_from_bytes(path, content)


def page_from_bytes(path: Path, content: bytes) -> Page:
    """The page of a file that holds ``content``."""
    content = content.removeprefix(_UTF8_BOM)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        return _bad_page(path, place, "this is not UTF-8 text", "Save the file as UTF-8")
    root, faults = nodes_from(text.replace("\r\n", "\n"))
    return Page(path, root, tuple(_mistake_of(path, fault) for fault in faults))


def shown_text(text: str) -> str:
    """The operator's own words in quotes, on one line and not too long."""
    flat = " ".join(text.split())
    cut = flat if len(flat) <= FOUND_CHARS_MAX else flat[: FOUND_CHARS_MAX - 3] + "..."
    return f"'{cut}'"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was likely meant."""
    folded = {one.casefold(): one for one in known}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str], *, empty: str = "") -> str:
    """How to mend an unknown word: the nearest one, or all of them if they are few.

    ``empty`` is said if there is none at all.
    """
    words = tuple(dict.fromkeys(known))
    if not words:
        return empty
    near = closest(word, words)
    listed = ", ".join(words[:LISTED_MAX]) + (", ..." if len(words) > LISTED_MAX else "")
    if near is None:
        return f"Known are: {listed}"
    return f"Did you mean '{near}'?" + (f" Known are: {listed}" if len(words) > 1 else "")


def _plain(node: Node) -> Plain:
    # Recursion is safe here and below: nodes are never deeper than DEPTH_MAX.
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return {key: _plain(item) for key, _, item in node.items}


def _pruned(node: Node, path: KeyPath, paths: frozenset[KeyPath]) -> Node:
    if isinstance(node, Scalar):
        return node
    if isinstance(node, Sequence):
        kept = tuple(
            (number, _pruned(item, (*path, index), paths))
            for index, (number, item) in enumerate(zip(node.numbers, node.items, strict=True))
            if (*path, index) not in paths
        )
        numbers = tuple(number for number, _ in kept)
        return Sequence(tuple(item for _, item in kept), node.place, numbers)
    items = (
        (key, place, _pruned(item, (*path, key), paths))
        for key, place, item in node.items
        if (*path, key) not in paths
    )
    return Mapping(tuple(items), node.place)


def _filled(node: Node, path: KeyPath, text: str) -> Node:
    if not path:
        return Scalar(text, node.place)
    step, rest = path[0], path[1:]
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        item = _filled(node.items[step], rest, text)
        return replace(node, items=(*node.items[:step], item, *node.items[step + 1 :]))
    if not isinstance(node, Mapping) or not isinstance(step, str):
        return node
    if not rest and all(key != step for key, _, _ in node.items):
        return replace(node, items=(*node.items, (step, node.place, Scalar(text, node.place))))
    items = (
        (key, at, _filled(item, rest, text) if key == step else item)
        for key, at, item in node.items
    )
    return replace(node, items=tuple(items))


def _walk(root: Node | None, path: KeyPath) -> Iterator[Node]:
    """The nodes below ``root`` along ``path``, as far as they are there."""
    node = root
    for step in path:
        node = None if node is None else _child(node, step)
        if node is None:
            return
        yield node


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node, Mapping):
        return next((value for key, _, value in node.items if key == step), None)
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def _bad_page(path: Path, place: Place, found: str, mend: str) -> Page:
    return Page(path, None, (_mistake_of(path, Fault(place, found, mend)),))


def _mistake_of(path: Path, fault: Fault) -> Mistake:
    place = fault.place
    return Mistake(str(path), place.line, place.column, fault.key, fault.found, fault.mend)
