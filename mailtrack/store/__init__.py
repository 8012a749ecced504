"""What is remembered: tickets, tokens, letters and receipts. The one home of SQL.

Values of ``tickets`` come in and go out; row objects never leave. Only ``ledger``, by the hand
of ``writing``, and ``outgoing`` write; only ``search``, ``schema`` and ``database`` know which
database it is.

Read ``ledger`` for what is written, ``lookup`` for what is asked.
"""
