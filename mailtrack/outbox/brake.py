"""The last brake before the relay: the same letter twice, and a storm of letters.

Whatever went wrong before this point, a loop of machines or a mistake of ours: the same words
do not go to the same person again within ten minutes, and when too many letters leave, what
the desk writes to customers by itself waits. What a person wrote is never kept. The brake
remembers in memory: it is about minutes, and rules that are about days stand in the desk.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Final

from mailtrack.store.outgoing import Claimed

WINDOW: Final = timedelta(minutes=10)
LETTERS_IN_WINDOW_MAX: Final = 300
REMEMBERED_MAX: Final = 20_000  # more than leaves in ten minutes

# A reply address is new in each letter, and no reason to think it another letter.
_TOKEN: Final = re.compile(r"(?<![A-Za-z2-7])[rnbc][a-z2-7]{29}(?![A-Za-z2-7])")
# These answer somebody who asked twice, and are counted by the desk.
_ANSWERS: Final = frozenset({"answer", "error", "held"})

Key = tuple[str, str, int | None, bytes]


class Brake:
    """Knows what left in the last ten minutes, by the desk's clock.

    ``letters_max`` letters in the window are a storm; None: nothing is.
    """

    def __init__(self, letters_max: int | None = LETTERS_IN_WINDOW_MAX) -> None:
        self._letters_max = letters_max
        self._left = deque[datetime](maxlen=letters_max or 0)
        self._seen: OrderedDict[Key, tuple[str, datetime]] = OrderedDict()

    def left_before(self, letter: Claimed, now: datetime) -> datetime | None:
        """When the same words left for the same person in this window; None: they did not.

        A letter that is tried again is no repetition of itself.
        """
        if not letter.is_automatic or letter.brake in _ANSWERS:
            return None
        letter_id, at = self._seen.get(_key(letter), ("", now - WINDOW))
        return at if letter_id != letter.letter_id and now - at < WINDOW else None

    def note(self, letter: Claimed, now: datetime) -> None:
        """The letter has left."""
        self._left.append(now)
        if letter.is_automatic:
            self._seen[_key(letter)] = (letter.letter_id, now)
            self._seen.move_to_end(_key(letter))
            if len(self._seen) > REMEMBERED_MAX:
                self._seen.popitem(last=False)

    def storm_ends_at(self, now: datetime) -> datetime | None:
        """Until when only what is urgent may leave; None in quiet times."""
        if self._letters_max is None or len(self._left) < self._letters_max:
            return None
        ends_at = self._left[0] + WINDOW
        return ends_at if ends_at > now else None


def _key(letter: Claimed) -> Key:
    words = _TOKEN.sub("", letter.mail.text).encode("utf-8", "replace")
    digest = hashlib.sha256(words).digest()
    return (letter.mail.recipient.key, letter.name, letter.number, digest)
