"""The stdlib's message, built from our skeleton instead of being parsed a second time.

So everybody reads one structure and nobody recurses into hostile nesting. It has all headers
(bounded) and the bodies of texts and reports; the content of files is left out, which keeps a
mail of many megabytes small. Reports and returned mails inside are opened a few levels deep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final

from mailtrack.mail.charset import text_from
from mailtrack.mail.fields import Header, header_from
from mailtrack.mail.limits import (
    MESSAGE_NESTING_MAX,
    NESTED_BYTES_MAX,
    STDLIB_FIELD_BYTES_MAX,
    STDLIB_TEXT_BYTES_MAX,
)
from mailtrack.mail.prescan import Node, Skeleton, prescan
from mailtrack.mail.transfer import decoded

# Fields that the stdlib takes apart in more than linear time.
_PARAMETRIC: Final = frozenset(("content-type", "content-disposition"))
_STATUS_BLOCKS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class _Task:
    """A message to fill from a node. ``level`` counts the mails around it."""

    message: Message
    node: Node
    raw: bytes
    level: int


def stdlib_message(skeleton: Skeleton) -> Message:
    """The mail as an ``email.message.Message`` of bounded depth and size."""
    root = Message()
    waiting = [_Task(root, skeleton.root, skeleton.raw, 0)]
    while waiting:
        waiting.extend(_filled(waiting.pop()))
    return root


def _filled(task: _Task) -> Iterator[_Task]:
    """Fill one message; what is inside it comes out as further tasks."""
    message, node, raw = task.message, task.node, task.raw
    _put_headers(message, node.header)
    kind = node.content_type.value
    if node.children:
        for child in node.children:
            yield _Task(_attached(message), child, raw, task.level)
    elif kind == "message/rfc822" and task.level < MESSAGE_NESTING_MAX:
        inner = prescan(_content(node, raw, NESTED_BYTES_MAX))
        yield _Task(_attached(message), inner.root, inner.raw, task.level + 1)
    elif kind == "message/delivery-status":
        for block in _status_blocks(_content(node, raw, NESTED_BYTES_MAX)):
            message.attach(block)
    elif kind.startswith(("text/", "message/", "multipart/")):
        end = min(node.end, node.start + STDLIB_TEXT_BYTES_MAX)
        message.set_payload(_stored(raw[node.start : end], node.content_type.get("charset")))
    else:
        message.set_payload("")


def _attached(message: Message) -> Message:
    below = Message()
    message.attach(below)
    return below


def _put_headers(message: Message, header: Header) -> None:
    for field in header.fields:
        value = field.value
        if field.name in _PARAMETRIC:
            value = value[:STDLIB_FIELD_BYTES_MAX]
        # Text at once: the stdlib gives raw bytes back as an object that is no ``str``, and
        # fails on NUL in a charset.
        message.set_raw(field.name, value.decode("utf-8", "replace").replace("\0", ""))


def _content(node: Node, raw: bytes, size_max: int) -> bytes:
    encoding = (node.header.first("content-transfer-encoding") or b"").decode("latin-1")
    return decoded(raw[node.start : min(node.end, node.start + size_max)], encoding)[0]


def _status_blocks(content: bytes) -> list[Message]:
    """The header blocks of a delivery report (RFC 3464), each a message without a body."""
    blocks: list[Message] = []
    position = 0
    while position < len(content) and len(blocks) < _STATUS_BLOCKS_MAX:
        header = header_from(content, position, len(content))
        if header.fields:
            block = Message()
            _put_headers(block, header)
            block.set_payload("")
            blocks.append(block)
        elif header.body_start <= position:
            break
        position = max(header.body_start, position + 1)
    return blocks


def _stored(content: bytes, charset: str) -> str:
    # Text at once here too: the stdlib would hand a stranger's charset to any codec it names.
    return content.decode("ascii") if content.isascii() else text_from(content, charset).text
