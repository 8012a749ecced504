"""Private data, on an admin's word and after a confirmation: export, erase, redact.

Nothing is done here but to entrust an errand; what it comes to is told when it is done.
"""

from __future__ import annotations

import re
from typing import Final

from mailtrack.desk.commands.order import Asked, Done, Problem, Refusal
from mailtrack.desk.views import Caution
from mailtrack.mail.address import address_from
from mailtrack.tickets.decision import Entrust
from mailtrack.tickets.errand import Errand, ErrandKind

# A shorter word stands in too many others: the ticket would be full of holes.
REDACTED_CHARS_MIN: Final = 4
_NUMBER: Final = re.compile(r"#?(\d{1,12})\s+")
_QUOTES: Final = '"“”„«»'


def export(asked: Asked) -> Done | Refusal:
    """``[export:cara@cust.example]``: all that is kept of her, as files on the server."""
    return _of_person(asked, ErrandKind.EXPORT)


def erase(asked: Asked) -> Done | Refusal:
    """``[erase:cara@cust.example]``: all that is kept of her is gone, for good."""
    return _of_person(asked, ErrandKind.ERASE)


def redact(asked: Asked) -> Done | Refusal:
    """``[redact:#7 "hunter2"]``: these words are gone from all of the ticket, for good."""
    ticket = asked.about
    named = _NUMBER.match(asked.argument)
    if named and int(named[1]) != ticket.number:
        return asked.refuse(Problem.UNKNOWN_TICKET)
    words = words_to_redact(asked.argument)
    if len(words) < REDACTED_CHARS_MIN:
        return asked.refuse(Problem.UNKNOWN_VALUE)
    return _entrusted(asked, ErrandKind.REDACT, words, ticket.number)


def words_to_redact(argument: str) -> str:
    """The words of ``#7 "hunter2"``; a number is only one in front of something else."""
    named = _NUMBER.match(argument)
    return (argument[named.end() :] if named else argument).strip().strip(_QUOTES)


def _of_person(asked: Asked, kind: ErrandKind) -> Done | Refusal:
    address = address_from(asked.argument)
    if address is None:
        return asked.refuse(Problem.BAD_ADDRESS)
    if asked.policy.is_ours(address) or asked.policy.agent_at(address.key):
        return asked.refuse(Problem.NOT_ALLOWED)
    return _entrusted(asked, kind, address.key, 0)


def _entrusted(asked: Asked, kind: ErrandKind, about: str, number: int) -> Done:
    fresh = asked.fresh
    errand_id = f"errand.{fresh.id(f'errand/{kind.value}/{about}/{number}')}"
    errand = Errand(errand_id, kind, about, number, asked.actor.id, fresh.now)
    language = asked.actor.language
    for_good = asked.policy.stationery.label(language, "cautions", Caution.FOR_GOOD.value)
    warnings = () if kind is ErrandKind.EXPORT else (for_good,)
    return Done((Entrust(errand),), needs_confirmation=True, warnings=warnings)
