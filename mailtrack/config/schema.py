"""The keys of the four files for editors and for people, both from the same models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mailtrack.config.models import MailtrackFile
from mailtrack.config.models_people import PeopleFile
from mailtrack.config.models_rules import RulesFile, SlaFile, WhenSection
from mailtrack.config.validate import sections_in

MODELS: Final[dict[str, type[BaseModel]]] = {
    "mailtrack.yaml": MailtrackFile,
    "people.yaml": PeopleFile,
    "rules.yaml": RulesFile,
    "sla.yaml": SlaFile,
}
_DEPTH_MAX: Final = 8


def schema(name: str) -> dict[str, object]:
    """The JSON Schema of the file of that name, such as ``rules.yaml``."""
    made = MODELS[name].model_json_schema(by_alias=True)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return made


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``path`` as in ``desk.reply.mode``; ``default`` as YAML, None if required."""

    path: str
    default: str | None
    description: str


def keys_of(name: str) -> tuple[Key, ...]:
    """All keys of the file of that name, in the order in which it explains them."""
    # Conditions are explained with the rules, once.
    seen = (WhenSection,) if name == "sla.yaml" else ()
    return tuple(_keys(MODELS[name], "", seen=seen))


def manual() -> str:
    """All keys of all files as tables in Markdown, for ``docs/admins.md``."""
    parts: list[str] = []
    for name, model in MODELS.items():
        about = (model.__doc__ or "").partition(": ")[2]
        parts.append(f"### {name}\n\n{about[:1].upper()}{about[1:]}\n")
        parts.append("| key | default | what it is |\n| --- | --- | --- |")
        parts.extend(_row(key) for key in keys_of(name))
        parts.append("")
    return "\n".join(parts)


def _row(key: Key) -> str:
    default = "*required*" if key.default is None else f"`{key.default}`" if key.default else ""
    return f"| `{key.path}` | {default} | {key.description.replace('|', chr(92) + '|')} |"


def _keys(
    model: type[BaseModel], prefix: str, *, seen: tuple[type[BaseModel], ...]
) -> Iterator[Key]:
    if model in seen or len(seen) > _DEPTH_MAX:
        return  # conditions hold conditions; they are explained once
    for name, info in model.model_fields.items():
        path = f"{prefix}{info.alias or name}"
        yield Key(path, _default_of(info), info.description or "")
        for section in sections_in(info.annotation):
            below = f"{path}{_step(info)}."
            yield from _keys(section, below, seen=(*seen, model))


def _step(info: FieldInfo) -> str:
    """What stands between a key and the keys below it: a name, an item of a list, nothing."""
    outer = str(info.annotation).partition("[")[0]
    return ".<name>" if "dict" in outer else "[]" if "tuple" in outer else ""


def _default_of(info: FieldInfo) -> str | None:
    extra = info.json_schema_extra
    if isinstance(extra, dict) and "default" in extra:
        return str(extra["default"])
    if info.is_required():
        return None
    value = info.default if info.default is not PydanticUndefined else {}
    if isinstance(value, BaseModel) or value is None or value == () or value == {}:
        return ""
    if isinstance(value, tuple):
        return f"[{', '.join(str(one) for one in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
