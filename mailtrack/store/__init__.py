"""What is remembered: tickets, tokens, letters and receipts. The one home of SQL.

Values of ``tickets`` come in and go out; row objects never leave. Writes stand only in
``ledger`` (by the hand of ``writing``) and ``outgoing``, and only ``search`` and ``database`` know which database it is.

Read ``ledger`` for what is written, ``lookup`` for what is asked.
"""
