"""What goes through the socket between the daemon and the process that writes for it."""

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrack import __version__
from mailtrack.intake.spoolchild import (
    Report,
    line_from,
    packed,
    report_from,
    take_orders,
)
from mailtrack.intake.spooldisk import Order, Outcome
from mailtrack.intake.spooldraft import Draft

_orders = st.builds(
    Order,
    number=st.integers(0, 2**64 - 1),
    draft=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30).map(
        lambda name: Draft(Path("/spool/tmp", name))
    ),
    opening=st.binary(max_size=60),
    rest=st.binary(max_size=200),
    above=st.integers(0, 2**64 - 1),
)


@given(st.lists(_orders, max_size=5), st.integers(1, 400))
def test_orders_arrive_as_they_were_given_however_they_are_cut(
    orders: list[Order], piece_bytes: int
) -> None:
    sent = b"".join(map(packed, orders))
    received, arrived = bytearray(), []
    for at in range(0, len(sent), piece_bytes):
        received += sent[at : at + piece_bytes]
        arrived += take_orders(received)
    assert received == b""
    facts = [(one.number, one.draft.path, *one[2:]) for one in arrived]
    assert facts == [(one.number, one.draft.path, *one[2:]) for one in orders]


_outcomes = st.builds(
    Outcome,
    number=st.integers(0, 2**64),
    spool_id=st.text(),
    size_bytes=st.integers(0, 2**40),
    sha256=st.text(max_size=64),
    error=st.none(),
)


@given(st.lists(_outcomes, max_size=4).map(tuple), st.none() | st.text(min_size=1))
def test_reports_arrive_as_they_were_made(
    outcomes: tuple[Outcome, ...], broken_because: str | None
) -> None:
    report = Report(__version__, outcomes, broken_because)
    line = line_from(report)
    assert line.index(b"\n") == len(line) - 1
    assert report_from(line) == report


@pytest.mark.parametrize(
    ("error", "arrives"),
    [
        (OSError(errno.EIO, "Input/output error"), OSError(errno.EIO, "Input/output error")),
        (OSError("no number"), RuntimeError("OSError: no number")),
        (ValueError("bad\nnews"), RuntimeError("ValueError: bad\nnews")),
    ],
)
def test_failures_arrive_with_their_number_or_their_words(
    error: Exception, arrives: Exception
) -> None:
    line = line_from(Report(__version__, (Outcome(1, error=error),)))
    (outcome,) = report_from(line).outcomes
    assert type(outcome.error) is type(arrives)
    assert outcome.error.args == arrives.args


@pytest.mark.parametrize("line", [b"", b"HTTP/1.1 400 Bad Request\r", b"[1]", b'["1",[[1]],0]'])
def test_another_language_is_not_taken_for_a_report(line: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        report_from(line)
