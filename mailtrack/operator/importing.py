"""``mailtrack import``: mail of the past goes through the spool like any other, silently.

It works beside a running desk and without one. What is in the archive or waits in the spool is
not taken again, so a run that was broken off is simply started again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

from mailtrack.config import Loaded
from mailtrack.desk.policy import Policy, Queue
from mailtrack.errors import MailtrackError
from mailtrack.intake.archive import Archive
from mailtrack.intake.boxes import Boxed, boxed_mails
from mailtrack.intake.reception import Reception
from mailtrack.intake.spool import Floor, Spool, SpoolDamaged
from mailtrack.mail.envelope import Front
from mailtrack.operator.counted import counted
from mailtrack.operator.place import loaded_desk
from mailtrack.operator.progress import bar
from mailtrack.places import Places
from mailtrack.ways import acceptance_of, limits_of

# A running desk is never this far behind with mail of the past, so that mail of today passes.
WAITING_MAX: Final = 100
PAUSE_SECONDS: Final = 0.1

TAKEN, THERE, REFUSED = "taken", "there already", "refused"


class NoQueue(MailtrackError):
    """There is no such queue."""


def run(arguments: Namespace) -> int:
    """Take the mails, the oldest first, and say how many."""
    loaded = loaded_desk(arguments)
    queue = _queue(loaded.policy, arguments.queue)
    now = datetime.now(UTC)
    spool = Spool(
        Places(loaded.config.state).spool, floor=Floor(loaded.config.limits.free_disk_bytes_min)
    )
    import_ = Import(loaded, spool, queue, is_dry=arguments.dry_run)
    with ExitStack() as boxes:
        opened = [
            boxes.enter_context(boxed_mails(Path(one), now=now)) for one in arguments.sources
        ]
        mails = sorted(chain.from_iterable(opened), key=lambda mail: mail.sent_at)
        taken = bar(map(import_.take, mails), of=len(mails), what="import")
        counts: Counter[str] = Counter()
        try:
            counts.update(taken)
        except KeyboardInterrupt:
            print(
                "Broken off. Start it again to go on: nothing is taken twice.", file=sys.stderr
            )
            raise
    verb = "would be taken" if arguments.dry_run else "taken"
    there = "is" if counts[THERE] == 1 else "are"
    print(f"{counted(counts[TAKEN], 'mail')} {verb}, {counts[THERE]} {there} there already.")
    for text in import_.refusals:
        print(text, file=sys.stderr)
    if counts[TAKEN] and not arguments.dry_run and not spool.is_at_work:
        print("They wait in the spool; the desk works through them when it starts.")
    return os.EX_DATAERR if import_.refusals else os.EX_OK


class Import:
    """One run: what is there already, and where mail goes."""

    def __init__(
        self, loaded: Loaded, spool: Spool, queue: Queue | None, *, is_dry: bool
    ) -> None:
        self._policy, self._spool, self._is_dry = loaded.policy, spool, is_dry
        self._archive = Archive(Places(loaded.config.state).archive)
        self._reception = Reception(acceptance_of(loaded.policy), limits_of(loaded.config))
        self._to = () if queue is None else (queue.address,)
        self._is_paced = spool.is_at_work
        self._known = set(_waiting_hashes(spool))
        self.refusals: list[str] = []

    def take(self, mail: Boxed) -> str:
        """What became of one mail."""
        raw = mail.raw()
        sha256 = hashlib.sha256(raw).hexdigest()
        if sha256 in self._known or self._archive.has(sha256):
            return THERE
        if refusal := self._reception.content(raw):
            self.refusals.append(f"{mail.path}, mail {mail.key}: {refusal}")
            return REFUSED
        self._known.add(sha256)
        if not self._is_dry:
            self._let_others_pass()
            self._spool.put_now(
                raw,
                mail_from=None,
                rcpt_to=self._to,
                front=Front.IMPORT,
                peer="",
                received_at=mail.sent_at,
            )
        return TAKEN

    def _let_others_pass(self) -> None:
        while self._is_paced and len(self._spool.waiting(WAITING_MAX)) == WAITING_MAX:
            threading.Event().wait(PAUSE_SECONDS)


def _queue(policy: Policy, name: str | None) -> Queue | None:
    if name is None:
        return None
    queue = policy.queue(name)
    if queue is None:
        known = ", ".join(one.name for one in policy.queues)
        raise NoQueue(f"there is no queue {name}; there are {known}")
    return queue


def _waiting_hashes(spool: Spool) -> Iterator[str]:
    for spool_id in spool.waiting(sys.maxsize):
        try:
            yield spool.peek(spool_id, 0)[0].sha256
        except SpoolDamaged:
            continue
