"""Enhanced status codes for what aiosmtpd answers without one (RFC 2034, RFC 3463)."""

from __future__ import annotations

import re
from typing import Final

# What a code of RFC 5321 means when nothing more is known. A good answer is looked up whole:
# the greeting and the answer to a hello begin with the same digits, and carry no such code.
_BY_CODE: Final = {
    "421": "4.7.0",
    "451": "4.3.0",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "504": "5.5.4",
    "530": "5.7.0",
    "535": "5.7.8",
    "538": "5.7.11",
    "550": "5.0.0",
    "552": "5.3.4",
    "553": "5.1.3",
    "554": "5.7.0",
    "555": "5.5.4",
}
_GOOD: Final = {
    "220 Ready to start TLS": "220 2.0.0 Ready to start TLS",
    "221 Bye": "221 2.0.0 Bye",
    "250 OK": "250 2.0.0 OK",
}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_IS_ENHANCED: Final = re.compile(r"[245]\d\d[ -][245]\.\d{1,3}\.\d{1,3} ")


def enhanced(answer: str) -> str:
    """The answer with an enhanced status code, unless it has one or is not to have one.

    aiosmtpd repeats the command that it does not know, carriage returns and all.
    """
    if _IS_ENHANCED.match(answer):
        return answer
    code, _, text = answer.partition(" ")
    if code in _BY_CODE:
        return f"{code} {_BY_CODE[code]} {_CONTROL.sub('?', text)}"
    return _GOOD.get(answer, answer)
