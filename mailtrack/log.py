"""The log: one event name per fact, in the past tense, and nothing private.

The home of structlog. Every line passes the redaction below, those of the libraries too: no
subject, body, password or token leaves here, addresses lose their local part, and nothing that
came by mail can begin a line or move a cursor. ``KEYS`` is the vocabulary; use its words.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Final, cast

# Where structlog finds rich it paints tracebacks with it, and shows the value of every local
# variable: half of the time of our start, for something that must not be in a log.
_RICH_WAS_THERE: Final = "rich" in sys.modules
if not _RICH_WAS_THERE:
    sys.modules["rich"] = None  # type: ignore[assignment]  # an import of it fails

import structlog  # noqa: E402
from structlog.typing import (  # noqa: E402
    EventDict,
    FilteringBoundLogger,
    Processor,
    WrappedLogger,
)

if not _RICH_WAS_THERE:
    del sys.modules["rich"]

VALUE_CHARS_MAX: Final = 500
TOKEN_CHARS: Final = 30  # no text shorter than this holds one
TRACEBACK_CHARS_MAX: Final = 20_000

KEYS: Final[Mapping[str, str]] = {
    "account": "an IMAP account, as user and host, redacted",
    "alarm": "the name of an alarm, as mailtrack status shows it",
    "attempts": "how often something has been tried, this time included",
    "code": "the SMTP answer that decided",
    "count": "how many",
    "error": "the class of an exception, and its text once redacted",
    "folder": "an IMAP folder",
    "front": "the way in: smtp, submission, lmtp, imap, pipe",
    "letter": "the id of an outgoing letter",
    "letter_name": "its row in LETTERS",
    "listen": "where a front listens",
    "not_before": "when something will be tried again, UTC",
    "path": "a file of ours",
    "peer": "the IP address of a client",
    "person": "a person id",
    "recipient": "an address, redacted",
    "reason": "why, in a few words of ours or of the other server",
    "relay": "host and port of the smarthost",
    "room": "the module that speaks",
    "seconds": "how long",
    "sender": "an address, or the login of who submits, redacted",
    "size_bytes": "of the raw mail",
    "spool_id": "of the mail; always, if there is one",
    "ticket": "the ticket's number, if it is known",
    "uid": "the UID of a mail in its IMAP folder",
}
"""What the keys of a log line mean. A new key is added here first."""

PRIVATE_KEYS: Final = frozenset(
    {"subject", "body", "text", "html", "raw", "password", "secret", "token", "name_shown"}
)

# The libraries: aiosmtpd logs each command with its addresses and warns of every port scanner,
# the others repeat what we say ourselves.
_LIBRARY_LEVELS: Final = {
    "mail.log": logging.ERROR,
    "flufl.bounce": logging.CRITICAL,  # it logs a traceback for each odd report
    "aioimaplib": logging.WARNING,
    "apscheduler": logging.WARNING,
    "asyncio": logging.WARNING,
    "sqlalchemy": logging.WARNING,
}

# Bounded on both sides, so that a long text without an @ costs no more than its length.
_LOCAL_CHAR: Final = r"[^\s@<>\"',;:()\[\]]"
_ADDRESS: Final = re.compile(rf"({_LOCAL_CHAR}){_LOCAL_CHAR}{{0,250}}@([\w.-]{{1,253}})")
_TOKEN: Final = re.compile(
    r"(?<![a-z0-9])([rnbc])[a-z2-7]([a-z2-7]{3})[a-z2-7]{25}(?![a-z0-9])", re.IGNORECASE
)
# Everything that can end a line or steer a terminal (C0, DEL, C1, U+2028 and U+2029).
_STEERING: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def set_up(*, level: str = "info", json: bool | None = None) -> None:
    """Send the log to standard error, from ``level`` up.

    ``json`` None writes for people at a terminal and for machines elsewhere.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer = _renderer(as_json=as_json)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # a reload may change the level
    )
    _adopt_libraries(shared, renderer)


def get(name: str) -> FilteringBoundLogger:
    """The logger of a room; ``name`` is the module's ``__name__``. Usable before ``set_up``."""
    return cast(
        "FilteringBoundLogger", structlog.get_logger(room=name.removeprefix("mailtrack."))
    )


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor that makes a line safe to keep; the last one before the renderer."""
    return {key: _safe_value(key, value) for key, value in event.items()}


def redacted(text: str) -> str:
    """``text`` without tokens, local parts of addresses and characters that steer."""
    if len(text) < TOKEN_CHARS and "@" not in text and text.isprintable():
        return text  # most values, and looking for what cannot be there costs half the line
    return _STEERING.sub(_escaped, _without_names(text[:VALUE_CHARS_MAX]))


def _safe_value(key: str, value: object) -> object:
    if key in PRIVATE_KEYS:
        return "(private)"
    if key == "exception":
        return _safe_traceback(str(value))
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseException):
        return redacted(f"{type(value).__name__}: {value}")
    if isinstance(value, tuple | list | set | frozenset):
        return [_safe_value("", item) for item in value]
    return redacted(str(value))


def _safe_traceback(text: str) -> str:
    """A traceback keeps its lines, indented so that none of them can pass for an event."""
    lines = _without_names(text[:TRACEBACK_CHARS_MAX]).split("\n")
    return "\n    ".join(_STEERING.sub(_escaped, line) for line in lines)


def _without_names(text: str) -> str:
    # Addresses first: a token is most often the local part of one.
    return _TOKEN.sub(r"\1…\2", _ADDRESS.sub(r"\1***@\2", text))


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _renderer(*, as_json: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        timestamp_key="at",
        exception_formatter=structlog.dev.plain_traceback,
    )


def _adopt_libraries(shared: list[Processor], renderer: Processor) -> None:
    """Let what the libraries say come out in the same shape, through the same redaction."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_with_room, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name, level in _LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(level)


def _with_room(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event["room"] = record.name
    return event
