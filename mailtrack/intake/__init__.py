"""The ways in: a mail is on disk, synced, before anybody hears that it was accepted.

``spool`` keeps what was accepted and ``archive`` what was worked through. ``spoolwriter``
brings it to disk, by ``spoolprocess`` and by threads, who both take the steps of ``spooldisk``.
``reception`` is the gate that every front asks; ``smtp``, ``lmtp`` and ``pipe`` are fronts,
``fronts`` lists them. Nothing here knows tickets or needs the database. Read ``spool`` next.
"""
