"""``mailtrack.yaml`` as values: who the desk is, and how it runs."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from mailtrack.config.compile_dkim import dkim_of
from mailtrack.config.compile_imap import imap_accounts_of
from mailtrack.config.known import SHIPPED, Known
from mailtrack.config.models import (
    DeskSection,
    FrontSection,
    MailtrackFile,
    SubmissionSection,
    TlsSection,
)
from mailtrack.config.page import KeyPath, Page, did_you_mean, shown_text
from mailtrack.config.report import Report
from mailtrack.config.secret import Secrets, secret_file
from mailtrack.config.settings import (
    Config,
    Encryption,
    FrontLimits,
    Listener,
    Outgoing,
    ReaderLimits,
    Smarthost,
    Submission,
    Tls,
)
from mailtrack.desk.policy import Queue, ReplyMode
from mailtrack.mail.address import LOCAL_CHARS_MAX, Address, address_from, domain_from
from mailtrack.tickets.token import TOKEN_CHARS

LOCAL_WITH_TOKEN_MAX: Final = LOCAL_CHARS_MAX - TOKEN_CHARS - 1

PASSWORD_MEND: Final = "Make it: `mailtrack password LOGIN >> FILE`, readable by the desk alone"
_PORTS: Final = {"smtp": 587, "smtps": 465}
_SMARTHOST_MEND: Final = "Write smtp://user@relay.example:587 or smtps://user@relay.example:465"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Our addresses: ``queues`` in the order of the file, ``table`` of address keys."""

    table: tuple[tuple[str, str], ...]
    queues: tuple[Queue, ...]
    reply_domain: str


def addresses_of(desk: DeskSection, page: Page, *, report: Report) -> Addresses | None:
    """Our addresses and queues; None if there is no address at all."""
    table: dict[str, str] = {}
    first_of: dict[str, Address] = {}
    for text, queue in desk.addresses.items():
        path: KeyPath = ("desk", "addresses", text)
        address = address_from(text)
        if address is None:
            found = f"{shown_text(text)} is no mail address"
            report.wrong_key(page, path, found, "Write it plainly: support@help.example")
            continue
        if address.key in table:
            found = f"{address} is here already, in other capitals"
            report.wrong_key(page, path, found, "Keep one of them")
        _check_room(address, desk, page, path, report)
        table[address.key] = queue
        first_of.setdefault(queue, address)
    if not table:
        return None
    domain = _reply_domain(desk, next(iter(first_of.values())), page, report)
    queues = _queues_of(desk, first_of, page, report)
    return Addresses(tuple(table.items()), queues, domain)


def has_letters(folders: tuple[Path, ...], language: str) -> bool:
    """Whether there are templates in that language."""
    return language.isalnum() and any((one / "letters" / language).is_dir() for one in folders)


def check_languages(
    desk: DeskSection,
    page: Page,
    folders: tuple[Path, ...],
    *,
    known: Known,
    report: Report,
) -> None:
    """The languages of the desk: each needs its templates."""
    known.languages.expect(desk.language, page, ("desk", "language"), report)
    for index, language in enumerate(desk.languages):
        if not has_letters(folders, language):
            found = f"there are no letters in language {shown_text(language)}"
            mend = f"{', '.join(SHIPPED)} ship; others need letters/{language} in templates"
            report.wrong(page, ("desk", "languages", index), found, mend)


def config_of(
    file: MailtrackFile,
    page: Page,
    *,
    domain: str,
    environ: Mapping[str, str],
    templates: tuple[Path, ...],
    report: Report,
) -> Config:
    """How the daemon runs."""
    state = state_of(file.state, environ)
    secrets = Secrets(page, environ, report)
    stored = secrets.find("pg-dsn", file.storage, ("storage",))
    storage = stored or f"sqlite:///{state / 'mailtrack.db'}"
    _check_storage(storage, page, report)
    limits = file.intake.limits
    return Config(
        state=state,
        storage_url=storage,
        hostname=file.intake.hostname or domain,
        smtp=_listener_of(file.intake.smtp, page, "smtp", report),
        lmtp=_listener_of(file.intake.lmtp, page, "lmtp", report),
        imap=imap_accounts_of(
            file.intake.imap,
            page,
            ours=tuple(key.key for text in file.desk.addresses if (key := address_from(text))),
            is_loopback_host=frozenset(
                one.host for one in file.intake.imap if _is_loopback(one.host)
            ),
            secrets=secrets,
            report=report,
        ),
        submission=_submission_of(file.intake.submission, page, secrets, report),
        limits=FrontLimits(
            mail_bytes_max=limits.mail_size_max,
            recipients_max=limits.recipients_max,
            connections_max=limits.connections_max,
            connections_per_peer_max=limits.connections_per_peer_max,
            connection_time_max=limits.connection_time_max,
            free_disk_bytes_min=limits.free_disk_min,
        ),
        outgoing=_outgoing_of(file, page, state, secrets, report),
        reader=ReaderLimits(
            file.reader.workers, file.reader.seconds_max, file.reader.memory_max
        ),
        log_level=file.log.level,
        log_format=file.log.format,
        templates=templates,
        alarm_command=tuple(file.alarms.command),
        keep_closed=file.retention.closed_tickets,
    )


def state_of(written: str, environ: Mapping[str, str]) -> Path:
    """The state folder: ``MAILTRACK_STATE``, systemd's, or as the YAML says; absolute."""
    # systemd separates several state folders by colons; the first is ours.
    systemd = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(environ.get("MAILTRACK_STATE") or systemd or written).absolute()


def _check_room(
    address: Address, desk: DeskSection, page: Page, path: KeyPath, report: Report
) -> None:
    if desk.reply.mode is not ReplyMode.PLUS:
        return
    if len(address.local) > LOCAL_WITH_TOKEN_MAX:
        found = f"'{address.local}' leaves no room for a reply token before the @"
        mend = f"Use at most {LOCAL_WITH_TOKEN_MAX} characters, or reply: {{mode: subdomain}}"
        report.wrong_key(page, path, found, mend)
    if desk.reply.delimiter in address.local:
        found = (
            f"'{address.local}' holds '{desk.reply.delimiter}', the delimiter of reply tokens"
        )
        mend = "Set desk.reply.delimiter to another one, or rename the address"
        report.wrong_key(page, path, found, mend)


def _reply_domain(desk: DeskSection, first: Address, page: Page, report: Report) -> str:
    written = desk.reply.domain
    if written is None:
        if desk.reply.mode is ReplyMode.SUBDOMAIN:
            found = "mode subdomain needs a domain of its own"
            mend = f"Add domain: reply.{first.domain}, and an MX for it that leads here"
            report.wrong(page, ("desk", "reply", "mode"), found, mend)
        return first.domain
    domain = domain_from(written)
    path: KeyPath = ("desk", "reply", "domain")
    if domain is None:
        report.wrong(
            page, path, f"{shown_text(written)} is no domain", "Write reply.help.example"
        )
        return first.domain
    if desk.reply.mode is ReplyMode.SUBDOMAIN and any(
        text.casefold().endswith(f"@{domain}") for text in desk.addresses
    ):
        found = f"{domain} is also the domain of desk.addresses"
        mend = f"Use one where all mail is replies, such as reply.{domain}"
        report.wrong(page, path, found, mend)
    return domain


def _queues_of(
    desk: DeskSection, first_of: dict[str, Address], page: Page, report: Report
) -> tuple[Queue, ...]:
    fallback = next(iter(first_of.values()))
    queues = []
    for name in dict.fromkeys((*first_of, *desk.queues)):
        section = desk.queues.get(name)
        address = first_of.get(name, fallback)
        if section is not None and section.address is not None:
            address = section.address
            if address.key not in {text.casefold() for text in desk.addresses}:
                found = f"{address} is none of desk.addresses, so answers would not come back"
                mend = did_you_mean(str(address), desk.addresses)
                report.wrong(page, ("desk", "queues", name, "address"), found, mend)
        shown = (section.shown if section is not None else None) or desk.name
        queues.append(Queue(name, address, shown))
    return tuple(queues)


def _listener_of(
    front: FrontSection | None, page: Page, name: str, report: Report
) -> Listener | None:
    if front is None:
        return None
    if front.tls is None:
        return Listener(front.listen)
    return Listener(front.listen, _tls_of(front.tls, page, name, report))


def _tls_of(section: TlsSection, page: Page, name: str, report: Report) -> Tls:
    path: KeyPath = ("intake", name, "tls")
    folder = page.path.parent
    tls = Tls(
        (folder / section.certificate).absolute(),
        (folder / section.key).absolute(),
        section.implicit,
    )
    are_there = [
        page.is_whole((*path, key)) and report.expect_file(file, page, (*path, key))
        for key, file in (("certificate", tls.certificate), ("key", tls.key))
    ]
    if all(are_there):
        _check_pair(tls, page, path, report)
    return tls


def _check_pair(tls: Tls, page: Page, path: KeyPath, report: Report) -> None:
    """Whether they can be used; a start that fails of them could not say where they stand."""
    names = f"{tls.certificate} and {tls.key}"
    try:
        # A key with a password would ask for it, and nobody is there to answer.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            found, mend = f"{names} do not belong together", "Name the key of this certificate"
        else:
            found = f"{names} are no certificate and its key"
            mend = "Both are in PEM, and the key has no password"
        report.wrong(page, (*path, "key"), found, mend)
    except OSError as error:
        found = f"{names} cannot be read: {error.strerror}"
        report.wrong(page, path, found, "Let the user that mailtrack runs as read both")


def _submission_of(
    section: SubmissionSection | None, page: Page, secrets: Secrets, report: Report
) -> Submission | None:
    if section is None:
        return None
    path: KeyPath = ("intake", "submission")
    file = secret_file("submission-passwords", secrets.environ)
    if file is None and section.passwords is not None:
        path = (*path, "passwords")
        file = (page.path.parent / section.passwords).absolute()
    if file is None:
        found = "nobody could log in: there is no file of passwords"
        report.wrong(page, path, found, "Set passwords: /path/to/it")
        return None
    if report.expect_file(file, page, path, PASSWORD_MEND):
        secrets.warn_of_readers(file, path)
    tls = _tls_of(section.tls, page, "submission", report)
    return Submission(Listener(section.listen, tls), file)


def _outgoing_of(
    file: MailtrackFile, page: Page, state: Path, secrets: Secrets, report: Report
) -> Outgoing:
    section = file.outgoing
    smarthost = None
    if section.smarthost is not None:
        password = secrets.find("smtp-password", section.password, ("outgoing", "password"))
        ca = _authority_of(section.tls_ca, page, report)
        smarthost = _smarthost_of(section.smarthost, password, page, ca=ca, report=report)
        if smarthost and smarthost.user and not password and section.password is None:
            found = f"there is no password for the user '{smarthost.user}'"
            mend = "Set outgoing.password: {file: /path/to/it}"
            report.wrong(page, ("outgoing", "smarthost"), found, mend)
    return Outgoing(
        dkim=dkim_of(
            section.dkim, page, domain=_first_domain(file), secrets=secrets, report=report
        ),
        smarthost=smarthost,
        maildirs=state / "mail",
        connections_max=section.connections_max,
        letters_10_minutes_max=section.letters_10_minutes_max,
        give_up_after=section.give_up_after,
        warn_after=section.warn_after,
    )


def _first_domain(file: MailtrackFile) -> str:
    first = address_from(next(iter(file.desk.addresses), ""))
    return first.domain if first is not None else ""


def _authority_of(written: str | None, page: Page, report: Report) -> Path | None:
    """The authority to trust, relative to the page; it has to be there and be one."""
    if written is None:
        return None
    path: KeyPath = ("outgoing", "tls_ca")
    file = (page.path.parent / written).absolute()
    if not report.expect_file(file, page, path):
        return None
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        found = f"{file} is no certificate in PEM"
        report.wrong(page, path, found, "It begins with -----BEGIN CERTIFICATE-----")
        return None
    except OSError as error:
        found = f"{file} cannot be read: {error.strerror}"
        report.wrong(page, path, found, "Let the user that mailtrack runs as read it")
        return None
    return file


def _smarthost_of(
    url: str, password: str | None, page: Page, *, ca: Path | None, report: Report
) -> Smarthost | None:
    path: KeyPath = ("outgoing", "smarthost")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        report.wrong(page, path, "this is no address of a relay", _SMARTHOST_MEND)
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/"):
        report.wrong(page, path, "this is no address of a relay", _SMARTHOST_MEND)
        return None
    if parts.password:
        found, mend = "a password stands in the address", "Move it to outgoing.password"
        report.wrong(page, path, found, mend)
        return None
    user = unquote(parts.username) if parts.username else None
    encryption = Encryption.TLS if parts.scheme == "smtps" else Encryption.STARTTLS
    if encryption is Encryption.STARTTLS and _is_loopback(parts.hostname) and ca is None:
        encryption = Encryption.NONE
    return Smarthost(parts.hostname, port, encryption, user, password if user else None, ca)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_storage(url: str, page: Page, report: Report) -> None:
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme not in ("sqlite", "postgresql") or "://" not in url:
        mend = "Write sqlite:///path/to/file or postgresql://user@host/name"
        # The URL may hold a password, so it is not shown.
        report.wrong(page, ("storage",), "this is no database that we know", mend)
