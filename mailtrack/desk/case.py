"""One mail on the desk's table: all inputs of a decision together, and what comes of them.

``Case`` never changes. ``Outcome`` is what one rule adds; outcomes are joined with ``+``.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailtrack.desk.policy import Policy
from mailtrack.mail.envelope import Envelope
from mailtrack.mail.message import ParsedMail
from mailtrack.tickets.context import Context, Grant
from mailtrack.tickets.decision import Effect, Reason
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.reading import Reading


@dataclass(frozen=True, slots=True)
class Case:
    """One mail and all that is known about it. ``grant`` is set when it was held before.

    ``is_probe``: it is the test mail that ``mailtrack check`` sent (``mailtrack.probes``).
    """

    mail: ParsedMail
    envelope: Envelope
    reading: Reading
    context: Context
    policy: Policy
    fresh: Fresh
    grant: Grant | None = None
    is_probe: bool = False

    def is_granted(self, reason: str) -> bool:
        """Whether somebody released the mail from being held for this reason."""
        return self.grant is not None and reason in self.grant.permits.split()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule adds to the decision."""

    effects: tuple[Effect, ...] = ()
    letters: tuple[Letter, ...] = ()
    trace: tuple[Reason, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        """Both, this one first."""
        return Outcome(
            self.effects + other.effects,
            self.letters + other.letters,
            self.trace + other.trace,
        )


def said(rule: str, text: str, where: str = "") -> Outcome:
    """An outcome that only says why."""
    return Outcome(trace=(Reason(rule, text, where),))
