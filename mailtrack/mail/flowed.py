"""``format=flowed`` (RFC 3676): lines that were broken for the way are joined again."""

from __future__ import annotations


def unflowed(text: str, *, delete_space: bool = False) -> str:
    """``text`` with its soft line breaks joined; quoting and signatures keep their lines.

    ``delete_space`` is the parameter ``delsp=yes``: the blank at the end of a soft line was
    added by the sender's program and goes.
    """
    pieces: list[str] = []
    soft = False
    depth_before = 0
    for line in text.split("\n"):
        depth, content = _unquoted(line)
        if not (soft and depth == depth_before and content != "-- "):
            quote = ">" * depth + " " if depth and content else ">" * depth
            pieces += ("\n", quote) if pieces else (quote,)
        soft = content.endswith(" ") and content != "-- "
        pieces.append(content[:-1] if soft and delete_space else content)
        depth_before = depth
    return "".join(pieces)


def _unquoted(line: str) -> tuple[int, str]:
    content = line.lstrip(">")
    # One leading blank is stuffing (section 4.4) and no part of the text.
    return len(line) - len(content), content.removeprefix(" ")
