"""The skeleton of a mail: which bytes are which part, found in one pass over the bytes.

It stands before every other reader. Nothing is decoded and nothing recurses; nested parts,
their number and the size of headers are bounded here, so that what comes after may be simple.
A mail past a bound of structure is *deep*: it is then read only shallowly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from mailtrack.mail.fields import Header, header_from
from mailtrack.mail.limits import (
    BOUNDARY_BYTES_MAX,
    FALSE_BOUNDARIES_MAX,
    MIME_DEPTH_MAX,
    PARTS_MAX,
    SNIFFED_BYTES_MAX,
)
from mailtrack.mail.parameters import Parameters, parameters_from

_SNIFFED: Final = re.compile(
    rb"\n--([^\s-][^\r\n]{0,199}?|-+[^\r\n]{1,190})\r?\n(?i:content-[a-z-]{1,30}:)"
)


@dataclass(slots=True)
class Node:
    """One part: its header and the range of its body in the raw mail.

    ``end`` and ``children`` are filled while the scan goes on and are final afterwards.
    """

    header: Header
    content_type: Parameters
    start: int
    end: int
    depth: int
    children: list[Node] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        return bool(self.children)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The tree of parts. ``deep`` says which bound was passed, ``""`` if none."""

    raw: bytes
    root: Node
    parts: int
    deep: str
    flaws: frozenset[str]


def prescan(raw: bytes) -> Skeleton:
    """The skeleton of any bytes, in time linear in their number."""
    if b"\r" in raw and b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    return _Scan(raw).run()


@dataclass(slots=True)
class _Open:
    """A multipart whose closing boundary has not been seen. ``next_at`` is a find, cached."""

    boundary: bytes
    node: Node
    next_at: int


class _Scan:
    """One pass over one mail. The stack of open multiparts stands where recursion would."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.open: list[_Open] = []
        self.parts = 0
        self.deep = ""
        self.flaws: set[str] = set()
        self.false_hits = 0

    def run(self) -> Skeleton:
        root = self._part(_first_line(self.raw), depth=0, default="text/plain")
        position = root.start
        while self.open and not self.deep and (hit := self._next_boundary(position)):
            at, level, closes = hit
            line_end = self.raw.find(b"\n", at + 1)
            position = len(self.raw) if line_end < 0 else line_end + 1
            self._end_children(level, at)
            if closes:
                self.open[level].node.end = position
                del self.open[level:]
            else:
                self._child(self.open[level].node, position)
        if self.open:
            self.flaws.add("mime.unclosed")
        return Skeleton(self.raw, root, self.parts, self.deep, frozenset(self.flaws))

    def _next_boundary(self, position: int) -> tuple[int, int, bool] | None:
        """Where the next boundary line of an open multipart is, whose, and if it closes."""
        while not self.deep:
            level, nearest = self._nearest(position)
            if nearest is None or nearest.next_at < 0:
                return None
            at = nearest.next_at
            stop = at + 3 + len(nearest.boundary) + BOUNDARY_BYTES_MAX
            line = self.raw[at + 3 : stop].partition(b"\n")[0].rstrip()
            if line == nearest.boundary:
                return at, level, False
            if self._closes(line, nearest.boundary):
                return at, level, True
            nearest.next_at = self._find(nearest.boundary, at + 1)
            self.false_hits += 1
            if self.false_hits > FALSE_BOUNDARIES_MAX:
                self.deep = "boundaries"
        return None

    def _closes(self, line: bytes, boundary: bytes) -> bool:
        """Whether a line that is not exactly a boundary still closes it.

        RFC 2046 section 5.1.1 wants the beginning compared only; blanks before the dashes and
        garbage behind them are seen in real mail.
        """
        tail = line[len(boundary) :].strip()
        if not line.startswith(boundary) or not tail.startswith(b"--") or tail[2:3].isalnum():
            return False
        return all(line != opened.boundary for opened in self.open)

    def _nearest(self, position: int) -> tuple[int, _Open | None]:
        """The open multipart whose boundary text comes next; the innermost of equals."""
        best: tuple[int, _Open | None] = (0, None)
        for level, candidate in enumerate(self.open):
            if 0 <= candidate.next_at < position - 1:
                candidate.next_at = self._find(candidate.boundary, position - 1)
            known = best[1]
            if candidate.next_at >= 0 and (known is None or candidate.next_at <= known.next_at):
                if known and candidate.next_at == known.next_at and not self._fits(candidate):
                    continue
                best = (level, candidate)
        return best

    def _fits(self, candidate: _Open) -> bool:
        """Whether the line is this boundary and not one that merely begins alike."""
        at = candidate.next_at + 3 + len(candidate.boundary)
        return self.raw[at : at + 1] in (b"", b"\r", b"\n", b" ", b"\t", b"-")

    def _find(self, boundary: bytes, position: int) -> int:
        return self.raw.find(b"\n--" + boundary, position)

    def _end_children(self, level: int, at: int) -> None:
        """A boundary of ``level`` ends what stands below it, at the line end before it."""
        end = at - 1 if self.raw[at - 1 : at] == b"\r" else at
        for opened in self.open[level:]:
            if opened is not self.open[level]:
                opened.node.end = max(opened.node.start, end)
            if opened.node.children:
                child = opened.node.children[-1]
                child.end = min(child.end, max(child.start, end))
        del self.open[level + 1 :]

    def _child(self, parent: Node, position: int) -> None:
        if self.parts >= PARTS_MAX:
            self.deep = "parts"
            return
        digest = parent.content_type.value == "multipart/digest"
        default = "message/rfc822" if digest else "text/plain"
        child = self._part(position, depth=parent.depth + 1, default=default)
        parent.children.append(child)

    def _part(self, position: int, *, depth: int, default: str) -> Node:
        """The part whose header starts at ``position``; a multipart is put on the stack."""
        self.parts += 1
        header = header_from(self.raw, position, len(self.raw))
        self.flaws |= header.flaws
        field_value = header.first("content-type")
        content_type = parameters_from(field_value or b"")
        if "/" not in content_type.value:
            content_type = Parameters(default, content_type.by_name)
        node = Node(header, content_type, header.body_start, len(self.raw), depth)
        if content_type.value.startswith("multipart/"):
            self._open(node)
        return node

    def _open(self, node: Node) -> None:
        if len(self.open) >= MIME_DEPTH_MAX:
            self.deep = "depth"
            return
        boundary = node.content_type.get("boundary").encode("latin-1", "replace").strip()
        boundary = boundary[:BOUNDARY_BYTES_MAX]
        at = self._find(boundary, max(0, node.start - 1)) if boundary else -1
        if at < 0:
            boundary = self._sniffed(node.start)
            self.flaws.add("mime.boundary_guessed" if boundary else "mime.boundary_missing")
            at = self._find(boundary, max(0, node.start - 1)) if boundary else -1
        if at >= 0:
            self.open.append(_Open(boundary, node, at))

    def _sniffed(self, position: int) -> bytes:
        """A line that looks like a boundary because a part's header follows it."""
        window = self.raw[max(0, position - 1) : position + SNIFFED_BYTES_MAX]
        found = _SNIFFED.search(window)
        return found[1].rstrip() if found else b""


def _first_line(raw: bytes) -> int:
    """Where the header starts: behind a byte order mark and empty lines."""
    position = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    while raw[position : position + 1] in (b"\r", b"\n"):
        position += 1
    return position
