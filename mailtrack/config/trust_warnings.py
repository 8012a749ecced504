"""``trust`` of ``mailtrack.yaml`` that loads, and is likely not what its admin meant.

A key that does nothing is worse here than elsewhere: its admin believes to be safe.
"""

from __future__ import annotations

from typing import Final

from mailtrack.config.models import FrontSection, MailtrackFile
from mailtrack.config.models_trust import OtherWay
from mailtrack.config.page import KeyPath, Page
from mailtrack.config.report import Report
from mailtrack.desk.policy import Agent, AutoAck, TrustPolicy

WAYS: Final = "trust.authentication_results or trust.dkim"


def warn_of_trust(
    file: MailtrackFile,
    page: Page,
    agents: tuple[Agent, ...],
    *,
    methods: tuple[str, ...],
    report: Report,
) -> None:
    """Everything of the kind. ``methods`` are the ways of proof that are configured."""
    _about_nothing(file, page, report)
    _about_no_proof(file, page, methods, report)
    _about_listeners(file, page, report)
    for index, form in enumerate(file.trust.reply_to_from):
        owner = next((one for one in agents if form.key in one.emails), None)
        if owner is not None:
            report.warn(
                page,
                ("trust", "reply_to_from", index),
                f"{form} is an address of the agent '{owner.name}', whose mails would count as "
                "those of whoever stands in their Reply-To",
                "Give the form an address of its own",
            )


def _about_nothing(file: MailtrackFile, page: Page, report: Report) -> None:
    """``dkim:`` with nothing behind it reads as if it were on."""
    ways = (
        ("dkim", file.trust.dkim),
        ("authentication_results", file.trust.authentication_results),
    )
    for name, section in ways:
        if section is None and name in page.keys(("trust",)):
            mend = "Write dkim: {}" if name == "dkim" else "Write authserv_id below it"
            found = "nothing stands here, so it is off"
            report.warn(page, ("trust", name), found, f"{mend}, or delete the key")


def _about_no_proof(
    file: MailtrackFile, page: Page, methods: tuple[str, ...], report: Report
) -> None:
    if methods or not page.is_whole(("trust",)):
        return
    if file.trust.policy is TrustPolicy.STRICT and file.intake.submission is None:
        found = (
            "nothing can prove any agent's mail, so each one that does more than ask is held "
            "until its agent answers ok"
        )
        report.warn(page, ("trust", "policy"), found, f"Set {WAYS}, or policy: auto until then")
    if file.autoack.require is AutoAck.ALIGNED:
        found = "no sender's origin can be proved, so nobody gets an acknowledgement"
        report.warn(page, ("autoack", "require"), found, f"Set {WAYS}, or require: auto")


def _about_listeners(file: MailtrackFile, page: Page, report: Report) -> None:
    results, peers = file.trust.authentication_results, file.trust.trusted_peers
    fronts: tuple[tuple[str, FrontSection | None], ...] = (
        ("smtp", file.intake.smtp),
        ("lmtp", file.intake.lmtp),
    )
    if results is None and page.is_whole(("trust",)):
        useless: list[KeyPath] = [
            ("intake", name, "behind_mta") for name, one in fronts if one and one.behind_mta
        ]
        useless += [("trust", "trusted_peers")] if peers else []
        for path in useless:
            found = "it does nothing, for no server's Authentication-Results are believed"
            mend = "Set trust.authentication_results.authserv_id, or delete this"
            report.warn(page, path, found, mend)
        return
    for name, one in fronts:
        if one and one.behind_mta and not peers and not _is_near(one):
            found = "other machines may connect here, and none of them is believed"
            mend = "Name your mail server in trust.trusted_peers, or listen on 127.0.0.1"
            report.warn(page, ("intake", name, "listen"), found, mend)
    if results is not None and OtherWay.IMAP in results.also and not file.intake.imap:
        path = ("trust", "authentication_results", "also", results.also.index(OtherWay.IMAP))
        report.warn(page, path, "no mailbox is fetched from", "Set intake.imap, or delete it")


def _is_near(front: FrontSection) -> bool:
    """Whether only this machine can connect."""
    listen = front.listen
    return listen.path is not None or listen.host in ("127.0.0.1", "::1", "localhost")
