"""The kinds of values that keys may have: each a parser of ``words`` and its JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from mailtrack.config import words
from mailtrack.desk.promises import Window
from mailtrack.mail.address import Address

TEXT_CHARS_MAX: Final = 4000
NAME_CHARS_MAX: Final = 60
ITEMS_MAX: Final = 10_000  # words of one condition, agents, rules

T = TypeVar("T")


class Section(BaseModel):
    """A mapping of the YAML. An unknown key is refused, so that a misspelt one is noticed."""

    # Only whole files are validated: a validator of each section's own would delay the start.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def parsed(parser: Callable[[str], T]) -> PlainValidator:
    """Validation by ``parser``, which raises ``words.wrong`` for what it cannot take."""

    def validate(value: object) -> T:
        if isinstance(value, str):
            return parser(value)
        raise words.wrong(f"{kind_of(value)} stands where one value belongs", "Write one value")

    return PlainValidator(validate)


def spelt(text: str, parser: Callable[[str], T], description: str) -> T:
    """A key whose default is shown in the words of the YAML: ``60s``, ``25MB``."""
    field: T = Field(parser(text), description=description, json_schema_extra={"default": text})
    return field


def kind_of(value: object) -> str:
    """What stands in the YAML, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else f"'{value}'"


def _listed(value: object) -> object:
    """One value stands for a list of one."""
    return value if isinstance(value, (list, tuple)) else [value]


def one_or_many(json_item: Mapping[str, object]) -> WithJsonSchema:
    """The JSON Schema of a list for which one value may stand."""
    return WithJsonSchema(
        {"anyOf": [dict(json_item), {"type": "array", "items": dict(json_item)}]}
    )


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret is said to stand: in the YAML itself, or in a file."""

    text: str | None = field(default=None, repr=False)
    file: Path | None = None


def _secret_from(value: object) -> SecretSource:
    if isinstance(value, str) and value:
        return SecretSource(text=value)
    if isinstance(value, dict) and list(value) == ["file"] and isinstance(value["file"], str):
        return SecretSource(file=Path(value["file"]))
    raise words.wrong(
        f"{kind_of(value)} is no secret", "Write {file: /path/to/a/file/with/the/secret}"
    )


LISTED: Final = BeforeValidator(_listed)
_STRING: Final = {"type": "string"}
_WINDOW_SCHEMA: Final[Mapping[str, object]] = {"type": "string", "examples": ["09:00-18:00"]}

_FILE_SCHEMA: Final = {
    "type": "object",
    "properties": {"file": _STRING},
    "required": ["file"],
    "additionalProperties": False,
}

Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARS_MAX)]
Name: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=NAME_CHARS_MAX, strip_whitespace=True)
]
Texts: TypeAlias = Annotated[
    tuple[Text, ...], LISTED, Field(max_length=ITEMS_MAX), one_or_many(_STRING)
]
Duration: TypeAlias = Annotated[
    timedelta,
    parsed(words.duration_from),
    WithJsonSchema({"type": "string", "examples": ["30m", "4h", "1h 30m", "2d"]}),
]
Size: TypeAlias = Annotated[
    int,
    parsed(words.size_from),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["25MB", "500KB"]}),
]
Zone: TypeAlias = Annotated[
    ZoneInfo,
    parsed(words.zone_from),
    WithJsonSchema({"type": "string", "examples": ["Europe/Kyiv", "UTC"]}),
]
Day: TypeAlias = Annotated[
    date, parsed(words.date_from), WithJsonSchema({"type": "string", "format": "date"})
]
Hours: TypeAlias = Annotated[
    tuple[Annotated[Window, parsed(words.window_from)], ...],
    LISTED,
    one_or_many(_WINDOW_SCHEMA),
]
MailAddress: TypeAlias = Annotated[
    Address,
    parsed(words.mail_address_from),
    WithJsonSchema({"type": "string", "format": "email"}),
]
MailAddresses: TypeAlias = Annotated[
    tuple[MailAddress, ...], LISTED, one_or_many({"type": "string", "format": "email"})
]
ListenAt: TypeAlias = Annotated[
    words.Listen,
    parsed(words.listen_from),
    WithJsonSchema({"type": "string", "examples": ["127.0.0.1:2525", "unix:/run/lmtp.sock"]}),
]
Moment: TypeAlias = Annotated[
    tuple[int | None, timedelta | None],
    parsed(words.rung_from),
    WithJsonSchema({"type": "string", "examples": ["80%", "breach", "+4h"]}),
]
Count: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]
SecretText: TypeAlias = Annotated[
    SecretSource,
    PlainValidator(_secret_from),
    WithJsonSchema({"anyOf": [_STRING, _FILE_SCHEMA]}),
]
