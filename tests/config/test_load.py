"""What a good desk becomes: the policy and the way it runs, key by key."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from config.conftest import DESK, PEOPLE, Load, Mistakes, Write
from intake.certificates import Certificate

from mailtrack.config import Encryption, example_folder, load
from mailtrack.config.compile_rules import rules_of
from mailtrack.config.known import FILES, Pages, known_from
from mailtrack.config.models_rules import RulesFile
from mailtrack.config.page import page_from
from mailtrack.config.report import Report
from mailtrack.desk.identity import needs_origin, needs_origin_of_customers
from mailtrack.desk.policy import AutoAck, Brakes, ReplyMode, Role, StepUp, TrustPolicy
from mailtrack.desk.promises import Window
from mailtrack.desk.rules import Assign, Condition, Match, Then, When
from mailtrack.mail.address import Address, address_from
from mailtrack.tickets.clock import Metric
from mailtrack.tickets.ticket import Priority, Status


def test_three_lines_are_a_desk(loaded: Load, tmp_path: Path) -> None:
    desk = loaded(people="")
    assert desk.policy.addresses == (("support@help.example", "support"),)
    assert [(one.name, str(one.address), one.shown) for one in desk.policy.queues] == [
        ("support", "support@help.example", "Help")
    ]
    assert desk.policy.languages == ("en", "ru", "uk")
    assert desk.policy.reply_mode is ReplyMode.PLUS
    assert desk.policy.reply_domain == "help.example"
    assert desk.policy.undo_delay == timedelta(seconds=60)
    assert desk.policy.brakes == Brakes()
    assert desk.policy.trust is TrustPolicy.AUTO
    assert desk.policy.autoack is AutoAck.AUTO
    assert desk.config.state == tmp_path / "state"
    assert desk.config.storage_url == f"sqlite:///{tmp_path / 'state' / 'mailtrack.db'}"
    assert str(desk.config.smtp.listen) == "127.0.0.1:2525" if desk.config.smtp else False
    assert desk.config.lmtp is None
    assert desk.config.outgoing.smarthost is None
    assert desk.config.outgoing.maildirs == tmp_path / "state" / "mail"
    assert desk.files == (tmp_path / "config" / "mailtrack.yaml",)


def test_an_agent_of_the_company_is_not_mail_to_ourselves(loaded: Load) -> None:
    policy = loaded().policy
    assert policy.is_ours(Address("support+x", "help.example"))
    assert not policy.is_ours(Address("ivan", "help.example"))


def test_in_mode_subdomain_all_mail_of_the_reply_domain_is_ours(loaded: Load) -> None:
    reply = "  reply: {mode: subdomain, domain: Reply.Help.example}\n"
    policy = loaded(mailtrack=DESK + reply).policy
    assert policy.is_ours(Address("anything", "reply.help.example"))
    assert not policy.is_ours(Address("ivan", "help.example"))


def test_agents_have_what_their_entry_says_and_defaults_for_the_rest(loaded: Load) -> None:
    people = """\
agents:
  ivan: {name: Ivan P, email: [Ivan@Help.example, i@help.example], language: uk, tickets_max: 5}
  lena: {email: lena@help.example, role: light}
  petr: {email: petr@help.example, role: lead, queues: [], active: no}
"""
    ivan, lena, petr = loaded(people=people).policy.agents
    assert (ivan.name, ivan.shown, str(ivan.address)) == ("ivan", "Ivan P", "Ivan@help.example")
    assert ivan.emails == ("ivan@help.example", "i@help.example")
    assert (ivan.language, ivan.tickets_max, ivan.where) == ("uk", 5, "people.yaml:2")
    assert ivan.queues == ("support",), "an agent who hears of nothing would be a trap"
    assert (lena.shown, lena.role, lena.queues, lena.language) == ("Lena", Role.LIGHT, (), "en")
    assert (petr.queues, petr.is_active) == ((), False)


def test_customers_keep_their_order_and_place(loaded: Load) -> None:
    people = (
        PEOPLE
        + "customers:\n  - {match: ACME.example, type: vip}\n  - {match: '*@b.example'}\n"
    )
    first, second = loaded(people=people).policy.customers
    assert (first.glob, first.type, first.where) == ("acme.example", "vip", "people.yaml:4")
    assert (second.glob, second.type, second.where) == ("*@b.example", None, "people.yaml:5")


RULES = """\
rules:
  - name: refunds
    when:
      subject: [refund, "re:money.?back"]
      from: bank.example
      header: {X-Flag: "*", X-Kind: order}
      is: new
      any:
        - {language: [uk, ru]}
        - {size: ">1MB", attachment: "*.pdf"}
      not: {queue: support}
    then: {queue: billing, priority: high, tag: money, assign: {least_busy: billing}, note: 1}
  - name: all others
    then: {assign: {round_robin: [ivan]}, notify: ivan}
    stop: yes
"""
TWO_QUEUES = DESK.replace("support}", "support, billing@help.example: billing}")


def test_rules_become_values_that_know_their_lines(write: Write) -> None:
    # Compiled rules cannot be looked into, so this looks one step before.
    folder = write(mailtrack=TWO_QUEUES, rules=RULES)
    pages = Pages(*(page_from(folder / name) for name in FILES))
    report = Report()
    first, second = rules_of(
        RulesFile.model_validate(pages.rules.plain()),
        pages.rules,
        known=known_from(pages, None),
        report=report,
    )
    assert not report.mistakes
    assert first.when == When(
        all=(
            Condition(
                "subject",
                ((Match.WORDS, "refund"), (Match.REGEX, "money.?back")),
                "rules.yaml:4",
            ),
            Condition("from", ((Match.GLOB, "bank.example"),), "rules.yaml:5"),
            Condition("reply", ((Match.EXACT, "new"),), "rules.yaml:7"),
            Condition("header", ((Match.GLOB, "*"),), "rules.yaml:6", "X-Flag"),
            Condition("header", ((Match.WORDS, "order"),), "rules.yaml:6", "X-Kind"),
        ),
        any=(
            Condition("language", ((Match.EXACT, "uk"), (Match.EXACT, "ru")), "rules.yaml:9"),
            When(
                all=(
                    Condition("attachment", ((Match.GLOB, "*.pdf"),), "rules.yaml:10"),
                    Condition("size", ((Match.EXACT, ">1MB"),), "rules.yaml:10"),
                )
            ),
        ),
        none=(Condition("queue", ((Match.EXACT, "support"),), "rules.yaml:11"),),
    )
    assert first.then == Then(
        queue="billing",
        priority=Priority.HIGH,
        tags=("money",),
        assign=Assign("least_busy", "billing", "rules.yaml:12"),
        note="1",
    )
    assert (first.where, first.stop) == ("rules.yaml:2", False)
    assert (second.when, second.stop) == (When(), True)
    assert second.then.assign == Assign("round_robin", "", "rules.yaml:14", among=("ivan",))


SLA = """\
calendars:
  office:
    timezone: Europe/Berlin
    hours: {mon-fri: ["14:00-18:00", "09:00-13:00"], sat: "22:00-02:00"}
    holidays: [2026-12-25]
    overrides: {2026-12-24: "09:00-13:00"}
policies:
  - {name: gold, when: {customer_type: vip}, first_reply: {high: 1h, normal: 4h}, rebase: false}
  - {name: rest, calendar: office, resolution: 40h, pause_on_hold: true}
escalation:
  - {at: +4h, tell: ivan@help.example}
  - {at: breach, tell: [owner, lead]}
  - {at: 80%, tell: owner}
"""


def test_a_calendar_has_its_windows_by_day_and_date(loaded: Load) -> None:
    _, rest = loaded(sla=SLA).policy.sla_policies
    calendar = rest.calendar
    assert calendar is not None
    day = (Window(time(9), time(13)), Window(time(14), time(18)))
    assert calendar.week == (day, day, day, day, day, (Window(time(22), time(2)),), ())
    assert calendar.zone.key == "Europe/Berlin"
    assert calendar.overrides == (
        (date(2026, 12, 24), (Window(time(9), time(13)),)),
        (date(2026, 12, 25), ()),
    )


def test_a_priority_without_a_target_takes_that_of_the_next_lower_one(loaded: Load) -> None:
    gold, rest = loaded(sla=SLA).policy.sla_policies
    assert {p: gold.target(Metric.FIRST_REPLY, p) for p in Priority} == {
        Priority.LOW: None,
        Priority.NORMAL: 14_400,
        Priority.HIGH: 3600,
        Priority.URGENT: 3600,
    }
    assert {rest.target(Metric.RESOLUTION, p) for p in Priority} == {144_000}
    assert gold.target(Metric.RESOLUTION, Priority.NORMAL) is None
    assert (gold.calendar, gold.rebase, gold.pause_on_hold) == (None, False, False)
    assert (rest.rebase, rest.pause_on_hold, rest.where) == (True, True, "sla.yaml:9")


def test_the_ladder_stands_in_the_order_of_time(loaded: Load) -> None:
    ladder = loaded(sla=SLA).policy.ladder
    assert [(rung.name, rung.tell, rung.where) for rung in ladder] == [
        ("80%", ("owner",), "sla.yaml:13"),
        ("breach", ("owner", "lead"), "sla.yaml:12"),
        ("+14400s", ("ivan@help.example",), "sla.yaml:11"),
    ]


@pytest.mark.parametrize(
    ("hours", "is_good"),
    [
        ('{mon: ["09:00-13:00", "13:00-18:00"]}', True),
        ('{mon: ["09:00-13:01", "13:00-18:00"]}', False),
        ('{mon: "22:00-06:00", tue: "06:00-08:00"}', True),
        ('{mon: "22:00-06:01", tue: "06:00-08:00"}', False),
        ('{sun: "22:00-06:00", mon: "06:00-08:00"}', True),
        ('{sun: "22:00-06:01", mon: "06:00-08:00"}', False),
        ('{daily: "00:00-24:00"}', True),
        ('{daily: "09:00-09:30", "mon, mon": "12:00-13:00"}', False),
    ],
)
def test_hours_may_touch_and_must_not_overlap(
    mistakes: Mistakes, hours: str, is_good: bool
) -> None:
    told = mistakes(sla=f"calendars: {{office: {{hours: {hours}}}}}\n")
    assert (told == ()) is is_good
    assert all("overlaps with" in one.found for one in told)


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption"),
    [
        ("smtp://relay.example", "relay.example", 587, Encryption.STARTTLS),
        ("smtp://relay.example:2587/", "relay.example", 2587, Encryption.STARTTLS),
        ("smtps://relay.example", "relay.example", 465, Encryption.TLS),
        ("smtp://127.0.0.1:25", "127.0.0.1", 25, Encryption.NONE),
        ("smtp://[::1]:25", "::1", 25, Encryption.NONE),
        ("smtp://localhost:25", "localhost", 25, Encryption.NONE),
        ("smtp://128.0.0.1:25", "128.0.0.1", 25, Encryption.STARTTLS),
    ],
)
def test_the_relay_is_reached_in_clear_text_on_this_machine_only(
    loaded: Load, url: str, host: str, port: int, encryption: Encryption
) -> None:
    desk = loaded(mailtrack=DESK + f"outgoing: {{smarthost: '{url}'}}\n")
    relay = desk.config.outgoing.smarthost
    assert relay is not None
    assert (relay.host, relay.port, relay.encryption) == (host, port, encryption)
    assert (relay.user, relay.password) == (None, None)


def test_the_keys_of_how_it_runs(loaded: Load) -> None:
    text = """\
  status_letters: [closed]
  reply: {delimiter: "-"}
storage: postgresql://db.example/mailtrack
intake:
  hostname: mx.help.example
  smtp: null
  lmtp: {listen: "unix:/run/lmtp.sock"}
  limits: {mail_size_max: 10MB, connection_time_max: 1m}
outgoing: {attachments_max: 1MB, give_up_after: 2d}
reader: {workers: 4}
log: {level: debug, format: json}
brakes: {acks_hour_max: 7}
trust: {policy: strict}
autoack: {require: never}
"""
    desk = loaded(mailtrack=DESK + text)
    config, policy = desk.config, desk.policy
    assert policy.status_letters == (Status.CLOSED,)
    assert policy.delimiter == "-"
    assert config.storage_url == "postgresql://db.example/mailtrack"
    assert (config.hostname, config.smtp) == ("mx.help.example", None)
    assert config.lmtp is not None
    assert config.lmtp.listen.path == Path("/run/lmtp.sock")
    assert config.limits.mail_bytes_max == 10 * 1024 * 1024
    assert config.limits.connection_time_max == timedelta(minutes=1)
    assert config.limits.recipients_max == 100
    assert policy.attachments_bytes_max == 1024 * 1024
    assert config.outgoing.give_up_after == timedelta(days=2)
    assert (config.reader.workers, config.log_level, config.log_format) == (4, "debug", "json")
    assert policy.brakes.acks_hour_max == 7
    assert (policy.trust, policy.autoack) == (TrustPolicy.STRICT, AutoAck.NEVER)


@pytest.mark.parametrize(
    ("environ", "state"),
    [
        ({}, Path.cwd() / "there"),
        ({"STATE_DIRECTORY": "/var/lib/mailtrack:/var/lib/other"}, Path("/var/lib/mailtrack")),
        (
            {"STATE_DIRECTORY": "/var/lib/mailtrack", "MAILTRACK_STATE": "/srv/m"},
            Path("/srv/m"),
        ),
    ],
)
def test_the_surroundings_may_say_where_the_state_is(
    write: Write, environ: dict[str, str], state: Path
) -> None:
    assert load(write(mailtrack=DESK + "state: there\n"), environ=environ).config.state == state


def test_the_example_is_the_desk_that_the_readme_speaks_of(tmp_path: Path) -> None:
    desk = load(example_folder(), environ={"MAILTRACK_STATE": str(tmp_path)})
    assert desk.warnings == ()
    assert [(one.name, one.role) for one in desk.policy.agents] == [
        ("ivan", Role.AGENT),
        ("olga", Role.LEAD),
        ("ada", Role.ADMIN),
    ]
    assert dict(desk.policy.addresses) == {
        "support@help.example": "support",
        "billing@help.example": "billing",
    }
    assert desk.policy.undo_delay == timedelta(seconds=10)
    assert [one.name for one in desk.policy.sla_policies] == ["gold", "standard"]
    assert len(desk.files) == 4
    assert not list(tmp_path.iterdir()), "loading writes nothing"
    assert address_from("support@help.example") == desk.policy.queues[0].address


RESULTS = "authentication_results: {authserv_id: mx, also: [pipe], methods: [%s]}"
SUBMISSION = """
intake:
  submission:
    listen: 127.0.0.1:2587
    tls: {certificate: cert.pem, key: key.pem}
    passwords: passwords
"""


@pytest.mark.parametrize(
    ("trust", "submits", "agents_prove", "customers_prove"),
    [
        ("", False, False, False),
        (RESULTS % "dmarc", False, True, True),
        (RESULTS % "auth", False, True, False),
        ("dkim: {}", False, True, True),
        ("", True, True, False),
        (RESULTS % "auth", True, True, False),
        ("dkim: {}", True, True, True),
        (f"dkim: {{}}, {RESULTS % 'dmarc, auth'}", True, True, True),
        ("policy: strict", False, True, True),
        ("policy: strict", True, True, True),
        ("policy: capability, dkim: {}", True, False, False),
    ],
)
def test_a_login_is_asked_of_agents_and_nothing_of_customers(
    trust: str,
    tmp_path: Path,
    loaded: Load,
    *,
    submits: bool,
    agents_prove: bool,
    customers_prove: bool,
) -> None:
    text = f"{DESK}trust: {{{trust}}}\n"
    if submits:
        folder = tmp_path / "config"
        folder.mkdir()
        Certificate(folder, "localhost")
        (folder / "passwords").touch(mode=0o600)
        text += SUBMISSION
    policy = loaded(mailtrack=text).policy
    assert needs_origin(policy) is agents_prove
    assert needs_origin_of_customers(policy) is customers_prove


def test_what_is_confirmed_may_be_less_where_agents_are_proved(loaded: Load) -> None:
    text = f"{DESK}trust: {{dkim: {{}}, step_up: [close, bulk], bulk_above: 3}}\n"
    assert loaded(mailtrack=text).policy.step_up == StepUp(("close", "bulk"), 3)
    assert loaded().policy.step_up == StepUp()
