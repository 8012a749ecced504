"""``intake.imap`` as values, and what is wrong with it."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import Final

from mailtrack.config.models_imap import FOLDERS_MAX, ImapSection, ImapSecurity, OldMail
from mailtrack.config.page import KeyPath, Page, did_you_mean, shown_text
from mailtrack.config.report import Report
from mailtrack.config.secret import Secrets
from mailtrack.config.settings import Encryption, ImapAccount

IDLE_MAX: Final = timedelta(minutes=29)  # RFC 2177: a server may hang up after thirty
WAIT_MIN: Final = timedelta(seconds=5)
MOVE: Final = "move:"

_ENCRYPTION: Final = {
    ImapSecurity.TLS: Encryption.TLS,
    ImapSecurity.STARTTLS: Encryption.STARTTLS,
    ImapSecurity.NONE: Encryption.NONE,
}
_PORTS: Final = {ImapSecurity.TLS: 993, ImapSecurity.STARTTLS: 143, ImapSecurity.NONE: 143}


def imap_accounts_of(
    sections: tuple[ImapSection, ...],
    page: Page,
    *,
    ours: tuple[str, ...],
    is_loopback_host: frozenset[str],
    secrets: Secrets,
    report: Report,
) -> tuple[ImapAccount, ...]:
    """The accounts. ``ours`` are the address keys of the desk, ``is_loopback_host`` those of
    the hosts that are this machine."""
    _check_doubles(sections, page, report)
    return tuple(
        _account_of(section, index, page, ours, is_loopback_host, secrets, report)
        for index, section in enumerate(sections)
    )


def _account_of(
    section: ImapSection,
    index: int,
    page: Page,
    ours: tuple[str, ...],
    local_hosts: frozenset[str],
    secrets: Secrets,
    report: Report,
) -> ImapAccount:
    path: KeyPath = ("intake", "imap", index)
    if section.security is ImapSecurity.NONE and section.host not in local_hosts:
        found = f"the password would reach {section.host} in plain text"
        mend = "Use security: tls (port 993) or starttls; none is for this machine only"
        report.wrong(page, (*path, "security"), found, mend)
    _check_names(section, path, page, report)
    _check_times(section, path, page, report)
    folder = page.path.parent
    ca = (folder / section.ca).absolute() if section.ca else None
    if ca is not None:
        report.expect_file(ca, page, (*path, "ca"))
    name = "imap-password" if index == 0 else f"imap-password-{index + 1}"
    password = None
    if section.oauth is None:
        password = secrets.find(name, section.password, (*path, "password"))
        if password is None and section.password is None:
            found = f"there is no password for {shown_text(section.user)}"
            mend = "Add password: {file: /path/to/it}, or oauth: {command: ...}"
            report.wrong(page, (*path, "user"), found, mend)
    oauth, trusted = section.oauth, section.trusted_recipient_header
    return ImapAccount(
        host=section.host,
        port=section.port or _PORTS[section.security],
        user=section.user,
        encryption=_ENCRYPTION[section.security],
        fallback=_fallback(section, path, page, ours, report),
        password=password,
        token_file=(folder / oauth.file).absolute() if oauth and oauth.file else None,
        token_command=_command(section, path, page, report),
        ca=ca,
        folders=tuple(dict.fromkeys(section.folders)),
        is_flagged=section.after == "flag",
        move_to=section.after.removeprefix(MOVE) if section.after.startswith(MOVE) else None,
        trusted_header=trusted.value if trusted else None,
        idle_seconds=section.idle_max.total_seconds(),
        poll_seconds=section.poll.total_seconds(),
        takes_old_mail=section.first_start is OldMail.ALL,
    )


def _check_doubles(sections: tuple[ImapSection, ...], page: Page, report: Report) -> None:
    seen: set[tuple[str, str]] = set()
    for index, section in enumerate(sections):
        key = (section.user, section.host)
        if key in seen:
            found = f"{shown_text(section.user)} at {section.host} is here already"
            report.wrong(
                page, ("intake", "imap", index, "user"), found, "Put all folders into one"
            )
        seen.add(key)


def _check_names(section: ImapSection, path: KeyPath, page: Page, report: Report) -> None:
    if len(section.folders) > FOLDERS_MAX:
        found = f"{len(section.folders)} folders; {FOLDERS_MAX} at most, each is a connection"
        report.wrong(page, (*path, "folders"), found, "Let the server sort them into fewer")
    target = section.after.removeprefix(MOVE)
    for key, text in (
        *((("folders", index), name) for index, name in enumerate(section.folders)),
        (("after",), target),
        (("user",), section.user),
    ):
        if not text.isprintable():
            found = f"{shown_text(text)} holds a line end or another control character"
            report.wrong(page, (*path, *key), found, "Write it without")
    if section.after.startswith(MOVE) and target in section.folders:
        found = f"mail would be moved into {shown_text(target)}, which is fetched from"
        report.wrong(page, (*path, "after"), found, "Name another folder")


def _check_times(section: ImapSection, path: KeyPath, page: Page, report: Report) -> None:
    if not WAIT_MIN <= section.idle_max <= IDLE_MAX:
        found = "one IDLE lasts from 5 seconds to 29 minutes"
        report.wrong(page, (*path, "idle_max"), found, "9m suits all servers that we know")
    if not section.poll >= WAIT_MIN:
        found = "a server is not to be asked more often than every 5 seconds"
        report.wrong(page, (*path, "poll"), found, "1m is the default")


def _command(
    section: ImapSection, path: KeyPath, page: Page, report: Report
) -> tuple[str, ...]:
    oauth = section.oauth
    if oauth is None:
        return ()
    if (oauth.file is None) == (oauth.command is None):
        found = "a token comes from a file or from a command"
        report.wrong(page, (*path, "oauth"), found, "Write one of {file: ...}, {command: ...}")
        return ()
    try:
        words = tuple(shlex.split(oauth.command or ""))
    except ValueError:
        words = ()
    if oauth.command is not None and not words:
        found = "this is no command: a quote is not closed, or there is no word"
        report.wrong(page, (*path, "oauth", "command"), found, "Write it as in a shell")
    return words


def _fallback(
    section: ImapSection, path: KeyPath, page: Page, ours: tuple[str, ...], report: Report
) -> str:
    if section.address is not None:
        if section.address.key not in ours:
            found = f"{section.address} is none of desk.addresses"
            mend = did_you_mean(str(section.address), ours)
            report.wrong(page, (*path, "address"), found, mend)
        return section.address.key
    user = section.user.casefold()
    return user if user in ours else next(iter(ours), user)
