"""A page against its model: everything that is wrong with its shape, and the rest as a value.

What is wrong is told and left out, or replaced by an example where something must stand, and
the rest is looked at again, so that one bad key hides neither its neighbours nor the mistakes
that ``compile`` finds in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from mailtrack.config.kinds import kind_of
from mailtrack.config.page import KeyPath, Page, did_you_mean, shown_text
from mailtrack.errors import Mistake

SHOWN_KEYS_MAX: Final = 12
ROUNDS_MAX: Final = 12  # each leaves out all that is wrong at its depth

M = TypeVar("M", bound=BaseModel)


def validated(page: Page, model: type[M]) -> tuple[M | None, Page, tuple[Mistake, ...]]:
    """The value of the page, the page less what was wrong, and what was wrong.

    None if not even the rest is enough for a value.
    """
    mistakes: list[Mistake] = []
    for _ in range(ROUNDS_MAX):
        try:
            return model.model_validate(page.plain()), page, tuple(mistakes)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            for one in errors:
                path = _path_of(page, one)
                # What lacks because it was left out as wrong was told before.
                if page.is_whole(path) and not _is_consequence(one, errors):
                    mistakes.append(_mistake_of(page, path, one, model))
        page = _without_wrong(page, errors, model)
        if page.root is None:
            break
    return None, page, tuple(mistakes)


def _without_wrong(page: Page, errors: list[ErrorDetails], model: type[BaseModel]) -> Page:
    """The page less what is wrong. What must not lack gets the example of its key instead."""
    stand_ins: dict[KeyPath, str] = {}
    bad: set[KeyPath] = set()
    for one in errors:
        path = _path_of(page, one)
        example = _example(model, path)
        if example is not None:
            stand_ins[path] = example
        elif one["type"] == "missing":
            bad.add(page.deepest(path[:-1]))
        else:
            bad.add(path)
    for path, example in stand_ins.items():
        page = page.filled(path, example)
    return page.without(frozenset(bad))


def _path_of(page: Page, error: ErrorDetails) -> KeyPath:
    """The key that the error is about, as deep as the file goes; a missing one is named."""
    path = tuple(error["loc"])
    there = page.deepest(path)
    return path[: len(there) + 1] if error["type"] == "missing" else there


def _is_consequence(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """Whether a list is only too short because one of its items is wrong."""
    loc = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in errors
    )


def _mistake_of(
    page: Page, path: KeyPath, error: ErrorDetails, model: type[BaseModel]
) -> Mistake:
    found, mend = _words_of(error, path, model)
    if error["type"] == "missing":
        place = page.key_place(path[:-1])
        return page.mistake_at(place, path, found, mend)
    if error["type"] == "extra_forbidden":
        return page.key_mistake(path, found, mend)
    return page.mistake(path, found, mend)


def _words_of(error: ErrorDetails, path: KeyPath, model: type[BaseModel]) -> tuple[str, str]:
    """What was found, and how to mend it."""
    kind, context, value = error["type"], error.get("ctx", {}), error.get("input")
    if kind == "wrong":
        return str(context["found"]), str(context["mend"])
    if kind == "missing":
        about = _description(model, path)
        return f"'{path[-1]}' is missing", f"Add it. {about}".strip()
    if kind == "extra_forbidden":
        known = _keys_of(_model_at(model, path[:-1]))
        return f"there is no key '{path[-1]}' here", did_you_mean(str(path[-1]), known)
    if kind == "enum":
        allowed = [word.strip("' ") for word in str(context["expected"]).split(",")]
        allowed = [part.strip("'") for word in allowed for part in word.split("' or '")]
        shown = shown_text(value) if isinstance(value, str) else kind_of(value)
        return f"{shown} is not known here", did_you_mean(str(value), allowed)
    if kind == "string_pattern_mismatch":
        return f"{shown_text(str(value))} cannot stand here", _description(model, path)
    mend = _EXPECTED.get(kind, error["msg"])
    if kind in _SECTIONS:
        mend += _about_section(_model_at(model, path))
    return _bounds(kind, context, value) or (_shown(value), mend)


_SECTIONS: Final = ("model_type", "model_attributes_type")


def _about_section(section: type[BaseModel] | None) -> str:
    """Which keys it has, and that it may go without any."""
    known = _keys_of(section)
    if section is None or not known:
        return ""
    is_optional = not any(info.is_required() for info in section.model_fields.values())
    few = ", ".join(known[:SHOWN_KEYS_MAX]) + (", ..." if len(known) > SHOWN_KEYS_MAX else "")
    return f". Known are: {few}" + ("; {} alone takes their defaults" if is_optional else "")


_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "One text belongs here",
    "int_type": "A whole number belongs here",
    "int_parsing": "A whole number belongs here, such as 10",
    "int_from_float": "A whole number belongs here, such as 10",
    "bool_type": "Write true or false",
    "bool_parsing": "Write true or false",
    "dict_type": "Keys with values belong here, such as 'key: value'",
    "model_type": "Keys with values belong here, such as 'key: value'",
    "model_attributes_type": "Keys with values belong here, such as 'key: value'",
    "tuple_type": "A list belongs here: [one, two], or lines that begin with '- '",
    "list_type": "A list belongs here: [one, two], or lines that begin with '- '",
}


def _shown(value: object) -> str:
    return f"{kind_of(value) if not isinstance(value, str) else shown_text(value)} stands here"


def _bounds(kind: str, context: Mapping[str, object], value: object) -> tuple[str, str] | None:
    match kind:
        case "greater_than_equal":
            return f"{value} is too small", f"Write {context['ge']} or more"
        case "less_than_equal":
            return f"{value} is too large", f"Write {context['le']} or less"
        case "string_too_short":
            return "an empty text stands here", "Write something, or delete the key"
        case "string_too_long":
            most = context["max_length"]
            return f"a text of more than {most} characters", f"Shorten it to {most}"
        case "too_short":
            return "nothing stands here", f"Write at least {context['min_length']}"
        case "too_long":
            return f"more than {context['max_length']} values", "Write fewer"
        case _:
            return None


def _description(model: type[BaseModel], path: KeyPath) -> str:
    parent = _model_at(model, path[:-1])
    found = None if parent is None else _field(parent, str(path[-1]))
    return found.description or "" if found else ""


def _example(model: type[BaseModel], path: KeyPath) -> str | None:
    """What may stand at ``path`` as far as its shape goes; None if it may as well lack."""
    parent = _model_at(model, path[:-1]) if path else None
    info = None if parent is None else _field(parent, str(path[-1]))
    if info is None or not info.is_required() or not info.examples:
        return None
    return str(info.examples[0])


def _keys_of(model: type[BaseModel] | None) -> tuple[str, ...]:
    if model is None:
        return ()
    return tuple(info.alias or name for name, info in model.model_fields.items())


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    fields = model.model_fields.items()
    return next((info for name, info in fields if (info.alias or name) == key), None)


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """The section that a key path leads to; indexes and the keys of free mappings lead on."""
    current: type[BaseModel] | None = model
    is_free = False  # the next key is a name the admin chose, not one of ours
    for step in path:
        if current is None:
            return None
        if isinstance(step, int) or is_free:
            is_free = False
            continue
        info = _field(current, step)
        if info is None:
            return None
        sections = tuple(sections_in(info.annotation))
        current = sections[0] if sections else None
        is_free = "dict" in str(info.annotation).partition("[")[0]
    return current


def sections_in(annotation: object) -> Iterable[type[BaseModel]]:
    """The sections that stand anywhere in a type: in lists, free mappings and options."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from sections_in(part)
