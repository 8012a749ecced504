"""``outgoing.dkim`` as a value: a key that can sign, and in whose name."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from mailtrack.config.models_outgoing import DkimSection, DkimSign
from mailtrack.config.page import KeyPath, Page, shown_text
from mailtrack.config.report import Report
from mailtrack.config.secret import Secrets
from mailtrack.config.settings import Dkim
from mailtrack.mail.address import domain_from
from mailtrack.mail.signing import BadKey, key_bits

CREDENTIAL: Final = "dkim-key"
_PATH: Final[KeyPath] = ("outgoing", "dkim")


def dkim_of(
    section: DkimSection, page: Page, *, domain: str, secrets: Secrets, report: Report
) -> Dkim | None:
    """How letters are signed; None if they are not. ``domain`` is that of the desk."""
    if section.sign is DkimSign.NEVER:
        return None
    key = secrets.find(CREDENTIAL, section.key, (*_PATH, "key"))
    if key is None:
        if section.sign is DkimSign.ALWAYS and section.key is None:
            found = "letters are to be signed, and there is no key"
            mend = "Make one by `mailtrack dkim-key`, and set outgoing.dkim.key: {file: ...}"
            report.wrong(page, (*_PATH, "sign"), found, mend)
        return None
    name = domain_from(section.domain) if section.domain is not None else domain
    if name is None:
        found = f"{shown_text(section.domain or '')} is no domain"
        report.wrong(page, (*_PATH, "domain"), found, "Write help.example")
        return None
    if find_spec("dkim") is None:
        found = "the library that signs is not installed"
        report.wrong(page, _PATH, found, "Install it: pip install 'mailtrack[auth]'")
        return None
    wrong = _what_is_wrong_with(key)
    if wrong is not None:
        mend = "Make one by `mailtrack dkim-key`"
        report.wrong(page, (*_PATH, "key"), wrong, mend)
        return None
    return Dkim(name, section.selector, key)


def _what_is_wrong_with(key: str) -> str | None:
    try:
        key_bits(key)
    except BadKey as error:
        return str(error)
    return None
