"""``format=flowed`` (RFC 3676): lines that were broken for the way are joined again."""

from __future__ import annotations


def unflowed(text: str, *, delete_space: bool = False) -> str:
    """``text`` with its soft line breaks joined; quoting and signatures keep their lines.

    ``delete_space`` is the parameter ``delsp=yes``: the blank at the end of a soft line was
    added by the sender's program and goes.
    """
    joined: list[str] = []
    soft = False
    depth_before = 0
    for line in text.split("\n"):
        depth, content = _unquoted(line)
        if soft and depth == depth_before and content != "-- ":
            joined[-1] += content
        else:
            joined.append(">" * depth + (" " if depth and content else "") + content)
        soft = content.endswith(" ") and content != "-- "
        if soft and delete_space:
            joined[-1] = joined[-1][:-1]
        depth_before = depth
    return "\n".join(joined)


def _unquoted(line: str) -> tuple[int, str]:
    content = line.lstrip(">")
    # One leading blank is stuffing (section 4.4) and no part of the text.
    return len(line) - len(content), content.removeprefix(" ")
