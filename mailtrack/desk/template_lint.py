"""What is wrong in a template, found without running it: names and attributes by their types.

A template sees the fields of one view. So each ``ticket.nope`` is known to be wrong at load,
with its line, in branches that no sample takes. What only running can show (a phrase with too
few arguments) is found by writing each letter with its samples, in ``letters``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import is_dataclass
from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import Final, Union, get_args, get_origin, get_type_hints

from jinja2 import meta, nodes

from mailtrack.desk.phrases import Phrases
from mailtrack.desk.templates import Source, mistake_at
from mailtrack.errors import Mistake

_ALWAYS_THERE: Final[Mapping[str, object]] = {"say": None, "language": str, "marker": str}

# A type as ``typing`` gives it: a class, ``X | None``, ``tuple[X, ...]``; None if unknown.
Kind = object


def lint(
    source: Source, trees: Mapping[str, nodes.Template], view: type, say: Phrases
) -> tuple[Mistake, ...]:
    """All unknown names, attributes and phrases of a template, in the order of its lines.

    ``trees`` are all templates of its kind: what it extends may set names for it.
    """
    tree = trees[source.name]
    scope: dict[str, Kind] = {**kinds_of(view), **_ALWAYS_THERE}
    walk = _Walk(source, say)
    walk.undeclared(tree, {**dict.fromkeys(_set_for(tree, trees)), **scope})
    walk.visit(tree, scope)
    return tuple(sorted(walk.mistakes, key=lambda mistake: (mistake.line, mistake.column)))


class _Walk:
    """One walk down a syntax tree, with what each name in scope holds."""

    def __init__(self, source: Source, say: Phrases) -> None:
        self.mistakes: list[Mistake] = []
        self._source = source
        self._say = say

    def undeclared(self, tree: nodes.Template, scope: Mapping[str, Kind]) -> None:
        """Note every name that is neither the view's nor set by the template itself."""
        known = scope.keys() | tree.environment.globals.keys() if tree.environment else scope
        unknown = meta.find_undeclared_variables(tree) - set(known)
        for name in sorted(unknown):
            uses = (one for one in tree.find_all(nodes.Name) if one.name == name)
            line = min((use.lineno for use in uses), default=1)
            self._note(line, name, f"{name} is not known here", scope.keys())

    def visit(self, node: nodes.Node, scope: dict[str, Kind]) -> None:
        """Check the node and all below it."""
        match node:
            case nodes.For():
                self.visit(node.iter, scope)
                inner = dict(scope)
                if isinstance(node.target, nodes.Name):
                    inner[node.target.name] = _element_of(self._kind(node.iter, scope))
                for child in (*node.body, *node.else_):
                    self.visit(child, inner)
                return
            case nodes.Macro():
                inner = {**scope, **{argument.name: None for argument in node.args}}
                for child in node.body:
                    self.visit(child, inner)
                return
            case nodes.Assign(target=nodes.Name() as target):
                scope[target.name] = self._kind(node.node, scope)
            case nodes.Getattr():
                self._check(node, scope)
            case nodes.Mul() | nodes.Pow():
                self._note(node.lineno, node.operator, "templates may not multiply", ())
            case _:
                pass
        for child in node.iter_child_nodes():
            self.visit(child, scope)

    def _check(self, node: nodes.Getattr, scope: Mapping[str, Kind]) -> None:
        if isinstance(node.node, nodes.Name) and node.node.name == "say":
            if not hasattr(self._say, node.attr):
                self._note(node.lineno, node.attr, "no such phrase", vars(self._say))
            return
        kinds = kinds_of(_without_none(self._kind(node.node, scope)))
        if kinds and node.attr not in kinds:
            whole = _spelt(node)
            self._note(node.lineno, whole, f"{whole} does not exist", kinds)

    def _kind(self, node: nodes.Node, scope: Mapping[str, Kind]) -> Kind:
        match node:
            case nodes.Name():
                return scope.get(node.name)
            case nodes.Getattr():
                owner = _without_none(self._kind(node.node, scope))
                return kinds_of(owner).get(node.attr)
            case nodes.Filter(name="first" | "last") if node.node is not None:
                return _element_of(self._kind(node.node, scope))
            case _:
                return None

    def _note(self, line: int, word: str, found: str, known: object) -> None:
        names = [str(name) for name in known] if hasattr(known, "__iter__") else []
        near = get_close_matches(word.rpartition(".")[2], names, n=1)
        mend = f"Did you mean {near[0]}?" if near else ""
        if not near and names:
            mend = f"There are: {', '.join(sorted(names))}."
        self.mistakes.append(mistake_at(self._source, line, word, found, mend))


def _set_for(tree: nodes.Template, trees: Mapping[str, nodes.Template]) -> set[str]:
    """The names that a template and the one it extends set for all of their blocks."""
    layers: list[nodes.Template | None] = [tree]
    for one in tree.find_all(nodes.Extends):
        if isinstance(one.template, nodes.Const):
            layers.append(trees.get(one.template.value))
    names: set[str] = set()
    for layer in layers:
        for statement in layer.body if layer else ():
            if isinstance(statement, nodes.Import):
                names.add(statement.target)
            if isinstance(statement, nodes.Assign) and isinstance(statement.target, nodes.Name):
                names.add(statement.target.name)
    return names


def _spelt(node: nodes.Node) -> str:
    parts = []
    while isinstance(node, nodes.Getattr):
        parts.append(node.attr)
        node = node.node
    parts.append(node.name if isinstance(node, nodes.Name) else "…")
    return ".".join(reversed(parts))


def kinds_of(kind: Kind) -> Mapping[str, Kind]:
    """The fields and properties of a view with their types; nothing for any other type."""
    return _kinds_of_view(kind) if isinstance(kind, type) and is_dataclass(kind) else {}


@cache
def _kinds_of_view(kind: Hashable) -> Mapping[str, Kind]:
    assert isinstance(kind, type)
    getters = {
        name: one.fget
        for base in reversed(kind.__mro__)
        for name, one in vars(base).items()
        if isinstance(one, property)
    }
    properties = {name: get_type_hints(get).get("return") for name, get in getters.items()}
    return {**get_type_hints(kind), **properties}


def _without_none(kind: Kind) -> Kind:
    if get_origin(kind) not in (Union, UnionType):
        return kind
    members = [member for member in get_args(kind) if member is not NoneType]
    return members[0] if len(members) == 1 else None


def _element_of(kind: Kind) -> Kind:
    arguments = get_args(_without_none(kind))
    return arguments[0] if get_origin(_without_none(kind)) is tuple and arguments else None
