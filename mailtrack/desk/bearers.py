"""Who used a reply token, and what becomes of it: the columns of security section 3.4.

A customer's token in strange hands is heard and counted; after ``STRANGERS_MAX`` of them it is
replaced. An agent's in anybody else's hands opens nothing any more. The holder loses nothing:
answers to older letters are known by their Message-IDs, and the next letter brings a new token.
"""

from __future__ import annotations

from mailtrack.desk.identity import Writer
from mailtrack.desk.threads import Thread
from mailtrack.desk.views import Caution, CautionView
from mailtrack.tickets.decision import Effect, RevokeToken, UseToken
from mailtrack.tickets.ticket import agent_id
from mailtrack.tickets.token import STRANGERS_MAX, Token


def used(thread: Thread, writer: Writer) -> tuple[Effect, ...]:
    """What the use of the mail's token changes in its row; nothing if it brought none."""
    token = thread.token
    if token is None:
        return ()
    use = UseToken(token.handle, _strangers(token, thread, writer))
    is_dead = is_leaked(thread, writer) or is_worn(thread, writer)
    return (use, RevokeToken(token.handle)) if is_dead else (use,)


def is_leaked(thread: Thread, writer: Writer) -> bool:
    """Whether somebody who is no agent has an agent's token (A5)."""
    token = thread.token
    return (
        token is not None
        and token.role == "agent"
        and writer.agent is None
        and (token.person != writer.person)
    )


def is_worn(thread: Thread, writer: Writer) -> bool:
    """Whether so many strangers have used the token that it is no secret any more (A47)."""
    token = thread.token
    if token is None or not thread.is_stranger:
        return False
    return len(_strangers(token, thread, writer)) >= STRANGERS_MAX


def told_of_token(thread: Thread, writer: Writer, *, shown: str) -> CautionView:
    """What agents are told of a stranger's token; ``shown`` is whose it was."""
    if is_leaked(thread, writer):
        return CautionView(Caution.LEAKED_TOKEN, shown)
    if is_worn(thread, writer):
        return CautionView(Caution.RENEWED_TOKEN, shown)
    return CautionView(Caution.THIRD_PARTY, shown)


def _strangers(token: Token, thread: Thread, writer: Writer) -> tuple[str, ...]:
    if not thread.is_stranger and not is_leaked(thread, writer):
        return token.strangers
    people = dict.fromkeys((*token.strangers, writer.person))
    return tuple(people)[:STRANGERS_MAX]


def holder_of(thread: Thread) -> str | None:
    """The name of the agent whose token it is; None for a customer's, or without a token."""
    holder = thread.token.person if thread.token else ""
    return holder[1:] if holder.startswith(agent_id("")) else None
