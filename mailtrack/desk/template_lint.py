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

from jinja2 import nodes

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
    functions = tree.environment.globals if tree.environment else {}
    walk = _Walk(source, say)
    walk.visit(tree, {**dict.fromkeys((*functions, *_set_for(tree, trees))), **scope})
    return tuple(sorted(walk.mistakes, key=lambda mistake: (mistake.line, mistake.column)))


class _Walk:
    """One walk down a syntax tree, with what each name in scope holds."""

    def __init__(self, source: Source, say: Phrases) -> None:
        self.mistakes: list[Mistake] = []
        self._source = source
        self._say = say

    def visit(self, node: nodes.Node, scope: dict[str, Kind]) -> None:
        """Check the node and all below it; what it sets is in ``scope`` from then on."""
        match node:
            case nodes.Name(ctx="load"):
                if node.name not in scope:
                    self._note(node.lineno, node.name, f"{node.name} is not known here", scope)
                    scope[node.name] = None  # once is enough
            case nodes.For():
                self._visit_loop(node, scope)
                return
            case nodes.Macro() | nodes.Block():
                names = [one.name for one in getattr(node, "args", ())]
                inner = {**scope, **dict.fromkeys(names)}
                for child in node.body:
                    self.visit(child, inner)
                return
            case nodes.FromImport():
                for name in node.names:
                    scope[name[1] if isinstance(name, tuple) else name] = None
            case nodes.Import():
                scope[node.target] = None
            case nodes.Getattr():
                self._check(node, scope)
            case nodes.Mul() | nodes.Pow():
                self._note(node.lineno, node.operator, "templates may not multiply", ())
            case _:
                pass
        for child in node.iter_child_nodes():
            self.visit(child, scope)
        if isinstance(node, nodes.Assign | nodes.AssignBlock):
            self._bind(node, scope)

    def _visit_loop(self, node: nodes.For, scope: dict[str, Kind]) -> None:
        self.visit(node.iter, scope)
        inner = {**scope, "loop": None}
        element = _element_of(self._kind(node.iter, scope))
        for name in node.target.find_all(nodes.Name):
            inner[name.name] = None
        if isinstance(node.target, nodes.Name):
            inner[node.target.name] = element
        for child in (*node.body, *node.else_, *([node.test] if node.test else ())):
            self.visit(child, inner)

    def _bind(self, node: nodes.Assign | nodes.AssignBlock, scope: dict[str, Kind]) -> None:
        if isinstance(node.target, nodes.Name):
            kind = self._kind(node.node, scope) if isinstance(node, nodes.Assign) else str
            scope[node.target.name] = kind

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
    parents = (one.template for one in tree.body if isinstance(one, nodes.Extends))
    named = [parent.value for parent in parents if isinstance(parent, nodes.Const)]
    layers = (tree, *(trees.get(name) for name in named))
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
