"""YAML text to nodes: every place is right, and nothing in a file can do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack.config.nodes import (
    DEPTH_MAX,
    NODES_MAX,
    TABS_TOLD_MAX,
    Mapping,
    Node,
    Scalar,
    Sequence,
    nodes_from,
)
from mailtrack.config.syntax import Place


def plain(node: Node | None) -> object:
    """The tree without places."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, _, value in node.items}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return None if node is None else node.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("a: 1\nb: yes\nc: no\n", {"a": "1", "b": "yes", "c": "no"}),
        ("a: 09:30\nb: 1.10\nc: 0x1F\n", {"a": "09:30", "b": "1.10", "c": "0x1F"}),
        ("a:\nb: ~\nc: null\n", {"a": None, "b": None, "c": None}),
        ("a: ''\nb: 'null'\nc: \"~\"\n", {"a": "", "b": "null", "c": "~"}),
        ("a: [x, {y: z}]\n", {"a": ["x", {"y": "z"}]}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a: !!str 5\n", {"a": "5"}),
        ("a: &x [1]\nb: *x\n", {"a": ["1"], "b": ["1"]}),
        ("a: &x word\n*x : y\n", {"a": "word", "word": "y"}),
        ("привіт: світ\n", {"привіт": "світ"}),
    ],
)
def test_scalars_stay_text_and_only_bare_null_is_nothing(text: str, expected: object) -> None:
    root, faults = nodes_from(text)
    assert plain(root) == expected
    assert faults == ()


def test_keys_and_values_know_line_and_column() -> None:
    root, _ = nodes_from("a: 1\nlist:\n  - x\n  - {k: v}\n")
    assert isinstance(root, Mapping)
    (_, at_a, a), (_, _, items) = root.items
    assert (at_a, a.place) == (Place(1, 1), Place(1, 4))
    assert isinstance(items, Sequence)
    first, second = items.items
    assert isinstance(second, Mapping)
    assert first.place == Place(3, 5)
    assert (second.items[0][1], second.items[0][2].place) == (Place(4, 6), Place(4, 9))


@pytest.mark.parametrize(
    ("text", "line", "column", "found", "mend"),
    [
        ("a: [1, 2\nb: 3\n", 2, 2, "not closed", "closing bracket"),
        ("a: @x\n", 1, 4, "cannot begin", "in quotes"),
        ("a: b: c\n", 1, 5, "a second ': '", "in quotes"),
        ("a: \x00\n", 1, 4, "control character", "Delete"),
        ("a: 1\nb: 'x\n", 2, 4, "never closed", "Close it"),
        ("- a\nb: c\n", 2, 1, "among the items of a list", "Indent"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "not aligned", "same indentation"),
        ("a: {{ x }}\n", 1, 5, "where a key belongs", "in quotes"),
        ("? [a]\n: b\n", 1, 3, "where a key belongs", "in quotes"),
        ("a: &x [1]\n*x : 2\n", 2, 1, "where a key belongs", "Write the key"),
        ("a: !e!x y\n", 1, 4, "begin with '!'", "in quotes"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document", "delete the ---"),
        ('k: "\\d"\n', 1, 6, "backslash", "single quotes"),
    ],
)
def test_broken_syntax_is_told_in_words_that_help(
    text: str, line: int, column: int, found: str, mend: str
) -> None:
    root, faults = nodes_from(text)
    assert root is None
    (fault,) = faults
    assert (fault.place.line, fault.place.column) == (line, column)
    assert found in fault.found
    assert mend in fault.mend


@pytest.mark.parametrize(
    ("text", "key", "found"),
    [
        ("a: 1\nb: {c: 1, c: 2}\n", "b.c", "a second time; the first is in line 2"),
        (
            "a: [!!python/object:os.system x]\n",
            "a[0]",
            "!!python/object:os.system is a YAML tag",
        ),
        ("a: !secret {x: 1}\n", "a", "!secret is a YAML tag"),
        ("a: *nobody\n", "a", "*nobody is read as a reference"),
        ("a: &x [*x]\n", "a[0]", "*x is read as a reference"),
    ],
)
def test_what_can_be_read_past_is_told_and_the_rest_is_read(
    text: str, key: str, found: str
) -> None:
    root, faults = nodes_from(text + "last: here\n")
    (fault,) = faults
    assert fault.key == key
    assert fault.found.startswith(f"'{key[-1]}' stands here {found}") or found in fault.found
    assert isinstance(root, Mapping)
    assert root.items[-1][0] == "last"


def test_tabs_are_told_one_by_one_and_read_past() -> None:
    root, faults = nodes_from("a:\n\tb: 1\n\tc: {\n\td: 2}\ne:\tf\n")
    assert plain(root) == {"a": {"b": "1", "c": {"d": "2"}}, "e": "f"}
    assert [(fault.place.line, fault.place.column) for fault in faults] == [
        (2, 1),
        (3, 1),
        (5, 3),
    ]


def test_columns_are_those_of_the_file_in_a_line_with_tabs() -> None:
    root, _ = nodes_from("a:\n    x:\n\t\ty: 1\n")
    assert isinstance(root, Mapping)
    (_, _, x), *_ = root.items[0][2].items  # type: ignore[union-attr]
    assert x.place == Place(3, 3)


@pytest.mark.parametrize(
    ("tabs", "is_read"), [(TABS_TOLD_MAX, True), (TABS_TOLD_MAX + 1, False)]
)
def test_no_more_tabs_are_told_than_anybody_wants_to_read(tabs: int, is_read: bool) -> None:
    root, faults = nodes_from("a:\n" + "".join(f"\tk{n}: v\n" for n in range(tabs)))
    assert (root is not None) is is_read
    assert len(faults) == tabs


@pytest.mark.parametrize(("depth", "is_read"), [(DEPTH_MAX, True), (DEPTH_MAX + 1, False)])
def test_nesting_has_a_bound(depth: int, is_read: bool) -> None:
    root, _ = nodes_from("[" * depth + "]" * depth)
    assert (root is not None) is is_read


@pytest.mark.parametrize(("depth", "is_read"), [(DEPTH_MAX - 3, True), (DEPTH_MAX - 2, False)])
def test_nesting_through_references_has_the_same_bound(depth: int, is_read: bool) -> None:
    below = depth // 2
    rest = depth - below
    text = f"a: &a {'[' * below}{']' * below}\nb: [[{'[' * rest}*a{']' * rest}]]\n"
    root, _ = nodes_from(text)
    assert (root is not None) is is_read


def test_a_bomb_of_references_ends_at_the_bound_of_nodes() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    root, (fault,) = nodes_from("\n".join(lines))
    assert root is None
    assert f"{NODES_MAX:,}" in fault.found


@given(
    st.text(
        alphabet=st.sampled_from("ab:-[]{}*&!|>'\"#%@`,? \n\t0~\u0416\x85\u2028\ufeff"),
        max_size=80,
    )
)
def test_any_text_is_read_or_told_and_never_raises(text: str) -> None:
    root, faults = nodes_from(text)
    lines = text.split("\n")
    for fault in faults:
        assert fault.found
        assert 1 <= fault.place.line <= len(lines) + 1
    assert root is None or isinstance(root, (Scalar, Sequence, Mapping))
