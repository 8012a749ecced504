"""mailtrack: the help desk whose whole interface is e-mail.

The path of a mail: front -> reception -> spool (fsync, then 250) -> clerk: parse, read,
[look up, decide, apply] in one transaction -> outbox -> sender -> courier.

Our words: a *mail* comes in, a *letter* goes out, an *entry* stands in a ticket. A *queue* is a
team's list of tickets and never a mail queue: those are *spool* and *outbox*. A ticket's
*number* is public, a *token* is secret. An *effect* is what will change, a *journal row* is
what did. Imports only go down: ``mail`` knows no tickets, ``desk`` knows no world, ``store``
knows no rules, and only ``daemon`` and ``cli`` know everybody.

Read ``clerk`` next: its one long function is the architecture.
"""

__version__ = "0.1.0"
