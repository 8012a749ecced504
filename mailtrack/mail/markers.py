"""Our own words in mails: what a reply is cut at, what stands where words were taken out."""

from __future__ import annotations

from typing import Final

# Our letters may carry this line above what they quote; a reply is cut there first of all.
MARKERS: Final = {
    "en": "## Please write your reply above this line ##",
    "ru": "## Пожалуйста, пишите ответ выше этой строки ##",
    "uk": "## Будь ласка, пишіть відповідь вище цього рядка ##",
}

REDACTED: Final = "[redacted]"
