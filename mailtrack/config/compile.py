"""The four pages as one desk: everything is checked against everything, then made into values.

The only place in this room that calls the desk's own compilers. Order: shapes, names, values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from mailtrack.config.compile_desk import (
    Addresses,
    addresses_of,
    check_languages,
    config_of,
    has_letters,
    state_of,
)
from mailtrack.config.compile_people import agents_of, aliases_of, customers_of
from mailtrack.config.compile_rules import rules_of
from mailtrack.config.compile_sla import calendars_of, ladder_of, policies_of
from mailtrack.config.compile_trust import Proofs, proofs_of, step_up_of
from mailtrack.config.example import shipped
from mailtrack.config.keys import key_ring
from mailtrack.config.known import SHIPPED, Known, Pages, known_from
from mailtrack.config.models import MailtrackFile
from mailtrack.config.models_people import PeopleFile
from mailtrack.config.models_rules import RulesFile, SlaFile
from mailtrack.config.page import Page
from mailtrack.config.press import recall_press
from mailtrack.config.report import Report
from mailtrack.config.settings import Config
from mailtrack.config.stamps import Stamp, files_below, stamps_of
from mailtrack.config.trust_warnings import warn_of_trust
from mailtrack.config.validate import validated
from mailtrack.desk.letters import Stationery, TemplateMistakes, load_stationery
from mailtrack.desk.policy import (
    Agent,
    AlarmPolicy,
    Brakes,
    CustomerRule,
    Policy,
    StepUp,
    WaitingPolicy,
)
from mailtrack.desk.promises import Rung, SlaPolicy
from mailtrack.desk.routing import compile_rules
from mailtrack.desk.rules import Rule
from mailtrack.errors import ConfigError
from mailtrack.tickets.token import KeyRing

M = TypeVar("M", bound=BaseModel)

COMPILED_MAX: Final = 2
_compiled: dict[tuple[object, ...], Stationery] = {}

# Signs nothing: a desk whose keys were not made yet. See ``keys.ensure_secrets``.
NO_KEYS: Final = KeyRing("", ())


def compiled(
    pages: Pages, *, environ: Mapping[str, str], report: Report
) -> tuple[Config, Policy] | None:
    """The desk that the pages describe; None if there are mistakes, which are in ``report``."""
    for page in pages.all():
        report.mistakes.extend(page.mistakes)
    desk, desk_page = _shape(pages.desk, MailtrackFile, report)
    folders = _template_folders(desk, desk_page, report)
    languages = SHIPPED if desk is None else (desk.desk.language, *desk.desk.languages)
    written = tuple(dict.fromkeys(one for one in languages if has_letters(folders, one)))
    state = None if desk is None else state_of(desk.state, environ)
    stationery = _stationery_of(folders, written, state, report)
    known = known_from(pages, stationery)
    behaviour = _behaviour_of(pages, desk, known=known, report=report)
    addresses = None
    if desk is not None:
        check_languages(desk.desk, desk_page, folders, known=known, report=report)
        addresses = addresses_of(desk.desk, desk_page, report=report)
    if desk is None or addresses is None or stationery is None:
        return None
    config = config_of(
        desk,
        desk_page,
        domain=addresses.reply_domain,
        environ=environ,
        templates=folders,
        report=report,
    )
    keys = _keys_of(config.state, environ, report)
    _check_ours(behaviour, addresses, pages, report)
    proofs = proofs_of(desk, desk_page, behaviour.agents, report=report)
    warn_of_trust(desk, desk_page, behaviour.agents, methods=proofs.of_anybody, report=report)
    step_up = step_up_of(desk, desk_page, proofs, report=report)
    policy = _policy_of(
        desk,
        behaviour,
        addresses,
        proofs=proofs,
        step_up=step_up,
        keys=keys,
        stationery=stationery,
    )
    aliases = aliases_of(
        policy.customers,
        policy.agents,
        dict(policy.addresses),
        page=pages.people,
        report=report,
    )
    return config, replace(policy, aliases=aliases)


@dataclass(frozen=True, slots=True)
class _Behaviour:
    """What people.yaml, rules.yaml and sla.yaml say."""

    agents: tuple[Agent, ...]
    customers: tuple[CustomerRule, ...]
    rules: tuple[Rule, ...]
    policies: tuple[SlaPolicy, ...]
    ladder: tuple[Rung, ...]


def _behaviour_of(
    pages: Pages, desk: MailtrackFile | None, *, known: Known, report: Report
) -> _Behaviour:
    language = SHIPPED[0] if desk is None else desk.desk.language
    zone = ZoneInfo("UTC") if desk is None else desk.desk.timezone
    people, people_page = _shape(pages.people, PeopleFile, report)
    rules, rules_page = _shape(pages.rules, RulesFile, report)
    sla, sla_page = _shape(pages.sla, SlaFile, report)
    people, rules, sla = people or PeopleFile(), rules or RulesFile(), sla or SlaFile()
    agents = agents_of(people, people_page, language=language, known=known, report=report)
    calendars = calendars_of(sla, sla_page, zone=zone, report=report)
    return _Behaviour(
        agents=agents,
        customers=customers_of(people, people_page, known=known, report=report),
        rules=rules_of(rules, rules_page, known=known, report=report),
        policies=policies_of(sla, sla_page, calendars, known=known, report=report),
        ladder=ladder_of(sla, sla_page, known=known, report=report),
    )


def _shape(page: Page, model: type[M], report: Report) -> tuple[M | None, Page]:
    if page.root is None and page.mistakes:
        return None, page
    if page.root is None and model is MailtrackFile:
        found = "the file is not there, or empty"
        mend = "'mailtrack init' writes a commented example"
        report.mistakes.append(page.mistake((), found, mend))
        return None, page
    value, rest, mistakes = validated(page, model)
    report.mistakes.extend(mistakes)
    return value, rest


def _template_folders(
    desk: MailtrackFile | None, page: Page, report: Report
) -> tuple[Path, ...]:
    ours = shipped("templates")
    if desk is None or desk.templates is None:
        return (ours,)
    own = (page.path.parent / desk.templates).absolute()
    is_there = report.expect_folder(own, page, ("templates",), "Make it, or delete this")
    return (own, ours) if is_there else (ours,)


def _stationery_of(
    folders: tuple[Path, ...], languages: tuple[str, ...], state: Path | None, report: Report
) -> Stationery | None:
    stamps = stamps_of(files_below(folders))
    try:
        return _compiled_stationery(folders, languages, state, stamps)
    except TemplateMistakes as error:
        report.mistakes.extend(error.mistakes)
        return None


def _compiled_stationery(
    folders: tuple[Path, ...],
    languages: tuple[str, ...],
    state: Path | None,
    stamps: tuple[Stamp, ...],
) -> Stationery:
    # Compiling all templates takes longer than all the rest of loading, and rules change far
    # more often than templates do. The stamps say when a template did.
    key = (folders, languages, stamps)
    if key not in _compiled:
        while len(_compiled) >= COMPILED_MAX:
            del _compiled[next(iter(_compiled))]
        recall = partial(recall_press, state)
        _compiled[key] = load_stationery(folders, languages, recall=recall)
    return _compiled[key]


def _keys_of(state: Path, environ: Mapping[str, str], report: Report) -> KeyRing:
    try:
        return key_ring(state, environ=environ) or NO_KEYS
    except ConfigError as error:
        report.mistakes.extend(error.mistakes)
        return NO_KEYS


def _check_ours(
    behaviour: _Behaviour, addresses: Addresses, pages: Pages, report: Report
) -> None:
    """An agent who is known by an address of the desk would answer himself for ever."""
    ours = dict(addresses.table)
    for agent in behaviour.agents:
        for index, key in enumerate(agent.emails):
            if key in ours:
                path = ("agents", agent.name, "email", index)
                found = f"{key} is an address of the desk itself"
                mend = "Give the agent's own address; letters to the desk would come back"
                report.wrong(pages.people, path, found, mend)
    if pages.people.root is not None and not any(one.is_active for one in behaviour.agents):
        found = "there is no active agent, so nobody hears of a mail"
        report.warn(pages.people, ("agents",), found, "Add one below agents:")


def _policy_of(
    file: MailtrackFile,
    behaviour: _Behaviour,
    addresses: Addresses,
    *,
    proofs: Proofs,
    step_up: StepUp,
    keys: KeyRing,
    stationery: Stationery,
) -> Policy:
    desk = file.desk
    return Policy(
        desk_name=desk.name,
        language=desk.language,
        languages=tuple(dict.fromkeys((desk.language, *desk.languages))),
        zone=desk.timezone,
        addresses=addresses.table,
        queues=addresses.queues,
        reply_mode=desk.reply.mode,
        reply_domain=addresses.reply_domain,
        delimiter=desk.reply.delimiter,
        agents=behaviour.agents,
        customers=behaviour.customers,
        routing=compile_rules(behaviour.rules),
        sla_policies=behaviour.policies,
        ladder=behaviour.ladder,
        trust=file.trust.policy,
        undo_delay=desk.undo_delay,
        reopen_within=desk.reopen_within,
        token_life_after_close=desk.reply.expire_after_close,
        agent_token_life=desk.reply.agent_token_ttl,
        thanks_chars_max=desk.thanks_chars_max,
        attachments_bytes_max=file.outgoing.attachments_max,
        brakes=Brakes(**file.brakes.model_dump()),
        keys=keys,
        stationery=stationery,
        origin_methods=proofs.of_anybody,
        agent_methods=proofs.of_agents,
        step_up=step_up,
        relay=proofs.relay,
        dkim=proofs.dkim,
        autoack=file.autoack.require,
        autoack_not_after=file.autoack.not_after,
        mail_bytes_max=file.intake.limits.mail_size_max,
        web_forms=tuple(one.key for one in file.trust.reply_to_from),
        status_letters=desk.status_letters,
        categories=desk.categories,
        tags=desk.tags,
        alarms=AlarmPolicy(
            silent_after=file.alarms.silent_after,
            mails_wait_max=file.alarms.mails_wait_max,
            letters_wait_max=file.alarms.letters_wait_max,
            quarantined_max=file.alarms.quarantined_max,
        ),
        waiting=WaitingPolicy(
            confirm_within=file.held.confirm_within,
            questions_hour_max=file.held.questions_hour_max,
            unanswered_day_max=file.held.unanswered_day_max,
            list_at=file.held.list_at,
            keep_for=file.held.keep_for,
        ),
    )
