"""The way out: letters that were decided leave, at least once, each with its own Message-ID.

``sender`` takes them from the database and notes what became of them, ``courier`` speaks SMTP
to the relay, ``maildir`` puts letters into folders where there is no relay, and ``retry`` says
when to try again. Nothing here changes a letter. Read ``sender`` next.
"""
