"""Fetching mail by IMAP: a supervised session for each folder, and a ledger of our own.

A push is only a bell; what is to be fetched is what the server lists and ``ledger`` does not
hold. A mail is flagged or moved after the spool has it on disk, never before, and never passed
over because somebody has read it. Any doubt about a connection ends it: the next one begins
with the whole folder. Read ``session`` next; ``wire`` is why aioimaplib can be trusted.
"""
