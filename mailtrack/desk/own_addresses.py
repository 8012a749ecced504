"""No letter goes to ourselves, whichever rule wrote it.

Such a letter would come back as a mail, and the desk would answer itself. Rules refuse our
addresses where they let people in; this is the last look before the outbox. An agent's words
are not dropped here: the outbox keeps them, and tells the agent.
"""

from __future__ import annotations

from dataclasses import replace

from mailtrack.desk.policy import Policy
from mailtrack.tickets.decision import Decision, Reason


def without_letters_to_us(decision: Decision, policy: Policy) -> Decision:
    """The decision less what would come back to us; its trace says so."""
    ours = tuple(
        one
        for one in decision.letters
        if one.is_automatic and policy.is_ours(one.mail.recipient)
    )
    if not ours:
        return decision
    names = ", ".join(f"{one.name} to {one.mail.recipient}" for one in ours)
    reason = Reason("loop", f"not sent, for it would come back to us: {names}")
    return replace(
        decision,
        letters=tuple(one for one in decision.letters if one not in ours),
        trace=(*decision.trace, reason),
    )
