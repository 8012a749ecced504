"""The leaves of a mail in their order, decoded, and which of them are the body.

A mail inside the mail is one leaf and never opened here. Files that a text carries inside
itself (uuencode, TNEF) become leaves behind the one that carried them, so that each file has
an index that is the same whenever the same bytes are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mailtrack.mail.charset import Rung, charset_in_html, text_from
from mailtrack.mail.charset_names import codec_from
from mailtrack.mail.facts import Part
from mailtrack.mail.flowed import unflowed
from mailtrack.mail.limits import DECODED_BYTES_MAX, HTML_CHARS_MAX, TEXT_BYTES_MAX
from mailtrack.mail.message import Defect
from mailtrack.mail.parameters import Parameters, parameters_from
from mailtrack.mail.prescan import Node, Skeleton
from mailtrack.mail.tnef import tnef_files
from mailtrack.mail.transfer import decoded
from mailtrack.mail.uuencode import without_files
from mailtrack.mail.words import header_text

_BODY_TYPES: Final = frozenset(("text/plain", "text/html"))
# Other renderings of the same words, of use to no person beside the plain one.
ENRICHED: Final = frozenset(("text/enriched", "text/richtext"))
_RENDERINGS: Final = ENRICHED | {"text/x-amp-html", "text/watch-html"}
_NO_HINTS: Final = frozenset((None, "us-ascii", "utf-8", "utf-7"))
_WORD_CHARSET: Final = re.compile(
    rb"=\?([A-Za-z0-9_.:-]{1,40})(?:\*[A-Za-z-]{0,10})?\?[bBqQ]\?"
)
_TNEF_TYPES: Final = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))


@dataclass(frozen=True, slots=True)
class Choice:
    """A place among alternatives: which multipart/alternative, and which branch of it."""

    alternative: int
    branch: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part with the alternatives it stands in, outermost first."""

    part: Part
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Leaves:
    """All leaves in the order of the mail, and what was wrong with them."""

    leaves: tuple[Leaf, ...]
    defects: tuple[Defect, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    node: Node
    choices: tuple[Choice, ...]
    is_related_file: bool
    hint: str | None = None


def leaves_of(
    skeleton: Skeleton, *, text_only: bool = False, only: int | None = None
) -> Leaves:
    """The decoded leaves of a mail, within the bounds of number and size.

    ``text_only`` stops behind the first text. ``only`` stops behind the leaf of that index.
    """
    leaves: list[Leaf] = []
    defects: list[Defect] = []
    budget = DECODED_BYTES_MAX
    hint = charset_hint(skeleton)
    for place in _places(skeleton.root, hint):
        for part in _parts_at(place, skeleton.raw, len(leaves), budget, defects):
            leaves.append(Leaf(part, place.choices))
            budget -= len(part.content)
            if text_only and part.is_body and part.text and part.text.strip():
                return Leaves((leaves[-1],), tuple(defects))
        if only is not None and len(leaves) > only:
            break
    return Leaves(tuple(leaves), tuple(defects))


def charset_hint(skeleton: Skeleton) -> str | None:
    """The first charset that this mail names anywhere, None if it names none but ASCII, UTF-8.

    Old programs leave 8-bit headers without a label, and write bodies in the charset that
    only their encoded words name.
    """
    for place in _places(skeleton.root):
        charset = place.node.content_type.get("charset")
        if charset and codec_from(charset) not in _NO_HINTS:
            return charset
    for field in skeleton.root.header.fields:
        found = _WORD_CHARSET.search(field.value) if b"=?" in field.value else None
        if found and codec_from(found[1].decode("ascii")) not in _NO_HINTS:
            return found[1].decode("ascii")
    return None


def _places(root: Node, hint: str | None = None) -> Iterator[_Place]:
    """The leaf nodes in order, without recursion."""
    waiting = [_Place(root, (), False, hint)]
    alternatives = 0
    while waiting:
        place = waiting.pop()
        if not place.node.children:
            yield place
            continue
        kind = place.node.content_type.value
        alternatives += kind == "multipart/alternative"
        below: list[_Place] = []
        for branch, child in enumerate(place.node.children):
            choices = place.choices
            if kind == "multipart/alternative":
                choices = (*choices, Choice(alternatives, branch))
            related = place.is_related_file or (kind == "multipart/related" and branch > 0)
            below.append(_Place(child, choices, related, hint))
        waiting.extend(reversed(below))


def _parts_at(
    place: _Place, raw: bytes, index: int, budget: int, defects: list[Defect]
) -> Iterator[Part]:
    """The leaf itself, and the files that were written into it."""
    node = place.node
    encoding = (node.header.first("content-transfer-encoding") or b"").decode("latin-1")
    body = raw[node.start : node.end]
    if len(body) > max(0, budget):
        defects.append(Defect("mime.too_large", f"part {index} was cut"))
        body = body[: max(0, budget)]
    is_file = b"attachment" in (node.header.first("content-disposition") or b"").lower()
    is_text = node.content_type.value in _BODY_TYPES and not is_file
    content, flaw = decoded(body, encoding, is_text=is_text)
    if flaw:
        defects.append(Defect(flaw, f"part {index}, {encoding.strip()[:40]}"))
    part = _part(place, content, index, defects)
    if not part.is_body or part.content_type != "text/plain":
        yield part
        if part.content_type in _TNEF_TYPES or part.filename.lower() == "winmail.dat":
            yield from _tnef_parts(part, defects)
        return
    rest, files = without_files(content)
    yield _part(place, rest, index, defects) if files else part
    for offset, file in enumerate(files):
        yield _file(index + 1 + offset, header_text(file.name)[0], file.content, node.depth)


def _part(place: _Place, content: bytes, index: int, defects: list[Defect]) -> Part:
    node = place.node
    kind = node.content_type
    disposition = parameters_from(node.header.first("content-disposition") or b"")
    filename = disposition.get("filename") or disposition.get("name") or kind.get("name")
    content_type = _type_of(kind, filename)
    content_id = header_text(node.header.first("content-id") or b"")[0].strip().strip("<>")
    is_body = _is_body(place, content_type, disposition, filename, index)
    text = _text(content, kind, content_type, place.hint, index, defects) if is_body else None
    return Part(
        index=index,
        content_type=content_type,
        disposition=disposition.value,
        filename=filename.strip(),
        content_id=content_id or None,
        charset=kind.get("charset") or None,
        content=content,
        text=text,
        is_body=is_body,
        depth=node.depth,
    )


def _type_of(kind: Parameters, filename: str) -> str:
    # A multipart that could not be taken apart is shown as the text that it is.
    if kind.value.startswith("multipart/"):
        return "text/plain"
    return "text/plain" if kind.value == "text" else kind.value


def _is_body(
    place: _Place, content_type: str, disposition: Parameters, filename: str, index: int
) -> bool:
    """Whether this is words to be read in place and not a file to be opened."""
    if content_type in _RENDERINGS and place.choices:
        return True
    if content_type not in _BODY_TYPES | ENRICHED or disposition.value == "attachment":
        return False
    if filename and (disposition.value or place.is_related_file):
        return False
    return not filename or index == 0 or bool(place.choices)


def _text(
    content: bytes,
    kind: Parameters,
    content_type: str,
    hint: str | None,
    index: int,
    defects: list[Defect],
) -> str:
    """The text of a body part, with line ends as ``\\n``."""
    is_html = content_type == "text/html"
    size_max = HTML_CHARS_MAX if is_html else TEXT_BYTES_MAX
    if len(content) > size_max:
        defects.append(Defect("text.too_long", f"part {index} was cut after {size_max} bytes"))
        content = content[:size_max]
    declared = kind.get("charset")
    if is_html and codec_from(declared) in (None, "us-ascii"):
        declared = charset_in_html(content) or declared
    found = text_from(content, declared or None, hint=hint)
    if found.rung is not Rung.DECLARED:
        label = declared[:40] or "no charset"
        defects.append(
            Defect(f"charset.{found.rung}", f"part {index}: {label}, read as {found.codec}")
        )
    text = found.text.replace("\r\n", "\n").replace("\r", "\n")
    if not is_html and kind.get("format").lower() == "flowed":
        text = unflowed(text, delete_space=kind.get("delsp").lower() == "yes")
    return text


def _tnef_parts(carrier: Part, defects: list[Defect]) -> Iterator[Part]:
    files = tnef_files(carrier.content)
    if files is None:
        defects.append(Defect("tnef.unreadable", f"part {carrier.index} is left as it is"))
        return
    for offset, file in enumerate(files):
        yield _file(carrier.index + 1 + offset, file.name, file.content, carrier.depth)


def _file(index: int, filename: str, content: bytes, depth: int) -> Part:
    return Part(
        index=index,
        content_type="application/octet-stream",
        disposition="attachment",
        filename=filename,
        content_id=None,
        charset=None,
        content=content,
        text=None,
        is_body=False,
        depth=depth,
    )
