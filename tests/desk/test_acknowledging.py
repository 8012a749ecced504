"""The ten conditions of an acknowledgement (security section 4.1), each at its border.

A raw mail is parsed and decided on a small desk; what the store would know is handed in.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from desk.cases import CARA, NOW, POLICY, address, entry, numbered

from mailtrack.desk.case import Case
from mailtrack.desk.decide import decide
from mailtrack.desk.late import LISTED_MAX
from mailtrack.desk.policy import AutoAck, Policy
from mailtrack.desk.reading import read
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.machine_signs import ABSENCES
from mailtrack.mail.parse import parse
from mailtrack.tickets.context import Context, Grant, Receipt, RecentAutomatic
from mailtrack.tickets.decision import Decision, SetMark
from mailtrack.tickets.fresh import Fresh
from mailtrack.tickets.letter import Letter
from mailtrack.tickets.reading import Origin, Verdict
from mailtrack.tickets.storm import Mark, StormMark

ALIGNED = replace(POLICY, autoack=AutoAck.ALIGNED)
NEVER = replace(POLICY, autoack=AutoAck.NEVER)
PROVED = Origin(Verdict.PASS, "dkim")
NOBODY = "<>"


def decided(
    headers: Mapping[str, str] | None = None,
    *,
    body: str = "It burns.",
    mail_from: str = CARA,
    context: Context | None = None,
    policy: Policy = POLICY,
    origin: Origin | None = None,
    now: datetime = NOW,
    waiting_since: datetime | None = None,
    grant: Grant | None = None,
    full_size_bytes: int | None = None,
) -> Decision:
    """What becomes of a first mail of a customer; `headers` win, `""` leaves one out."""
    usual = {
        "From": f"Cara Smith <{CARA}>", "To": "support@help.example", "Subject": "Printer",
        "Message-ID": "<first@cust.example>", "Date": "Mon, 2 Mar 2026 09:00:00 +0000",
    }  # fmt: skip
    given = {name: text for name, text in {**usual, **(headers or {})}.items() if text}
    lines = [f"{name.split('#')[0]}: {text}\r\n" for name, text in given.items()]
    mail = parse("".join((*lines, "\r\n", body, "\r\n")).encode())
    envelope = Envelope(
        spool_id="s1",
        mail_from=None if mail_from == NOBODY else address(mail_from),
        rcpt_to=(address("support@help.example"),),
        received_at=NOW,
        front=Front.SMTP,
        peer="192.0.2.1",
        size_bytes=100,
        sha256="0" * 64,
        full_size_bytes=full_size_bytes,
        waiting_since=waiting_since,
    )
    reading = read(mail, envelope, policy=policy, origin=origin or Origin())
    fresh = Fresh(now, 2, 1, "s1", b"seed" * 8)
    return decide(Case(mail, envelope, reading, context or Context(), policy, fresh, grant))


def acks(decision: Decision) -> list[Letter]:
    return [letter for letter in decision.letters if letter.name == "acknowledged"]


def received(count: int) -> dict[str, str]:
    return {f"Received#{n}": f"from a by b; hop {n}" for n in range(count)}


@pytest.mark.parametrize(
    ("headers", "is_told"),
    [
        ({}, True),
        # 4: no sign of automation
        ({"Auto-Submitted": "no"}, True),
        ({"Auto-Submitted": "no (typed); by=hand"}, True),
        ({"Auto-Submitted": "auto-generated"}, False),
        ({"Precedence": "normal"}, True),
        *(({"Precedence": one}, False) for one in ("bulk", "Junk", "list", "auto_reply")),
        *(
            ({name: "<x.example>"}, False)
            for name in ("List-Id", "List-Post", "List-Unsubscribe", "List-Help")
        ),
        ({"X-Auto-Response-Suppress": "DR, NDR"}, True),
        *(({"X-Auto-Response-Suppress": o}, False) for o in ("All", "DR, AutoReply", "oof")),
        *(
            ({name: "yes"}, False)
            for name in ("X-Autoreply", "X-Autorespond", "X-AutoReply-From", "X-Loop",
                         "X-Failed-Recipients", "Feedback-ID")
        ),
        ({"Subject": "Out of office until Monday"}, False),
        ({"Subject": "Re: out of office"}, True),
        # 5: robots by their mailbox
        *(
            ({"From": f"{local}@cust.example"}, False)
            for local in ("MAILER-DAEMON", "postmaster", "daemon", "nobody", "root", "noreply",
                          "no-reply", "no_reply", "no.reply", "no-reply+7", "donotreply",
                          "do-not-reply", "donot-reply", "bounce", "bounces+x=y", "bounce-77",
                          "owner-list", "list-request", "list-bounces", "list-bounce",
                          "majordomo", "listserv", "listmaster", "notification",
                          "notifications")
        ),
        *(
            ({"From": f"{local}@cust.example"}, True)
            for local in ("noreen", "groot", "postmasterson", "owner", "requester", "norman")
        ),
        # 6: one of our addresses in To or Cc
        ({"To": "bob@cust.example"}, False),
        ({"To": "bob@cust.example", "Cc": "Billing <BILLING@help.example>"}, True),
        ({"To": "undisclosed-recipients:;"}, False),
        # 7: not ourselves, no loop, not a long way
        ({"From": "support@help.example"}, False),
        ({"From": "support+x@help.example"}, False),
        ({"From": "ivan@help.example"}, False),
        ({"X-Mailtrack-Loop": "another-desk"}, False),
        (received(25), True),
        (received(26), False),
        # 8: not called spam
        ({"X-Spam-Flag": "NO"}, True),
        ({"X-Spam-Status": "No, score=-1"}, True),
        ({"X-Spam-Flag": "YES"}, False),
        ({"X-Spam-Status": "Yes, score=9.1"}, False),
    ],
)  # fmt: skip
def test_a79_what_a_mail_must_be_to_be_acknowledged(
    headers: dict[str, str], is_told: bool
) -> None:
    assert bool(acks(decided(headers))) is is_told


@pytest.mark.parametrize("beginning", ABSENCES)
def test_a74_an_absence_in_any_language_is_not_acknowledged(beginning: str) -> None:
    assert acks(decided({"Subject": f"{beginning.capitalize()}: Printer"})) == []


def test_a70_the_null_path_is_not_acknowledged() -> None:
    assert acks(decided(mail_from=NOBODY)) == []
    assert acks(decided(mail_from="somebody-else@cust.example")) != []


def test_only_a_ticket_that_this_mail_opened_is_acknowledged() -> None:
    ticket = replace(numbered(1), entries=(entry("first"),))
    joined = decided({"Subject": "Re: [#1] Printer"}, context=Context(tickets=(ticket,)))
    again = decided(context=Context(seen=Receipt("s0", "ticket", 1, None, NOW)))
    assert joined.number == 1
    assert acks(joined) == []
    assert acks(again) == []


@pytest.mark.parametrize(
    ("policy", "verdict", "is_told"),
    [
        (ALIGNED, Verdict.PASS, True),
        (ALIGNED, Verdict.NONE, False),
        (ALIGNED, Verdict.FAIL, False),
        (POLICY, Verdict.NONE, True),
        (POLICY, Verdict.FAIL, False),
        (replace(POLICY, origin_methods=("dkim",)), Verdict.NONE, False),
        (replace(POLICY, agent_methods=("smtp_auth",)), Verdict.NONE, True),
        (replace(POLICY, agent_methods=("smtp_auth",)), Verdict.FAIL, False),
        (replace(ALIGNED, agent_methods=("smtp_auth",)), Verdict.NONE, False),
        (NEVER, Verdict.PASS, False),
    ],
)
def test_a65_proof_of_origin_where_it_is_asked_for(
    policy: Policy, verdict: Verdict, is_told: bool
) -> None:
    decision = decided(policy=policy, origin=Origin(verdict, "dkim"))
    assert decision.number == 2
    assert bool(acks(decision)) is is_told


@pytest.mark.parametrize(
    ("field", "most", "sender"),
    [
        ("to_sender_10_minutes", 1, CARA),
        ("to_sender_day", 3, CARA),
        ("to_sender_same_subject_week", 1, CARA),
        ("to_domain_hour", 30, CARA),
        ("to_domain_hour", 200, "cara@gmail.com"),
        ("acknowledgements_hour", 60, CARA),
    ],
)
def test_a67_each_limit_holds_at_its_number_and_not_below(
    field: str, most: int, sender: str
) -> None:
    def told(count: int) -> bool:
        lately = replace(RecentAutomatic(), **{field: count})
        return bool(acks(decided({"From": sender}, context=Context(automatic=lately))))

    assert (told(most - 1), told(most)) == (True, False)


@pytest.mark.parametrize(
    ("hour", "usual", "is_open"),
    [
        (59, 0.0, False), (60, 0.0, True),  # nothing is usual below sixty
        (60, 12.0, True), (60, 12.2, False), (61, 12.2, True), (999, None, False),
    ],
)  # fmt: skip
def test_a68_the_breaker_opens_at_five_times_the_usual(
    hour: int, usual: float | None, is_open: bool
) -> None:
    policy = replace(POLICY, brakes=replace(POLICY.brakes, acks_hour_max=1_000))
    lately = RecentAutomatic(acknowledgements_hour=hour, acknowledgements_usual=usual)
    decision = decided(context=Context(automatic=lately), policy=policy)
    opened = [e.mark for e in decision.effects if isinstance(e, SetMark)]
    assert bool(acks(decision)) is not is_open
    assert (Mark.BREAKER in {one.mark for one in opened}) is is_open
    assert (Mark.ALERT in {one.mark for one in opened}) is is_open


def test_an_open_breaker_counts_what_it_keeps_back_and_alerts_nobody_again() -> None:
    standing = StormMark(Mark.BREAKER, NOW + timedelta(seconds=1))
    decision = decided(context=Context(marks=(standing,)))
    assert decision.number == 2
    assert acks(decision) == []
    marks = [e.mark.mark for e in decision.effects if isinstance(e, SetMark)]
    assert marks == [Mark.UNSAID]
    passed = replace(standing, until=NOW)
    assert acks(decided(context=Context(marks=(passed,)))) != []


def test_a63_an_acknowledgement_says_nothing_that_the_mail_chose_but_a_short_subject() -> None:
    subject = "Win [close] https://evil.example/x " + "long " * 60
    decision = decided(
        {
            "Subject": subject,
            "From": '"Click https://evil.example now" <cara@cust.example>',
            "Reply-To": "victim@third.example",
            "Cc": "third@else.example",
            "Sender": "other@else.example",
        },
        body="Buy pills at https://pills.example today",
    )
    letter, *others = acks(decision)
    assert others == []
    mail = letter.mail
    assert mail.recipient.key == CARA
    assert [one.address.key for one in mail.to] == [CARA]
    assert (mail.cc, mail.mail_from, mail.attachments) == ((), None, ())
    shown = f"{mail.subject}\n{mail.to[0].name}\n{mail.text}\n{mail.html}"
    for theirs in ("pills", "evil.example", "://", "else.example", "third.example"):
        assert theirs not in shown
    assert len(mail.subject) <= 120 + len("[#2] ")
    assert "Click" not in mail.text


# Mail that is taken late (S10).

DAY = POLICY.autoack_not_after
RELEASED = Grant("H1", by="@ada", permits="")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "waiting_since", "is_told"),
    [
        (NOW + DAY, None, True),
        (NOW + DAY + SECOND, None, False),
        # What a mailbox says counts as well, and can make a mail only older.
        (NOW, NOW - DAY, True),
        (NOW, NOW - DAY - SECOND, False),
        (NOW, NOW + 9 * DAY, True),
        (NOW + DAY + SECOND, NOW + 9 * DAY, False),
    ],
)
def test_a_mail_taken_too_late_is_listed_instead_of_acknowledged(
    now: datetime, waiting_since: datetime | None, is_told: bool
) -> None:
    decision = decided(now=now, waiting_since=waiting_since)
    assert decision.number == 2
    assert bool(acks(decision)) is is_told
    assert [mark.number for mark in late_marks(decision)] == ([] if is_told else [0, 2])


def test_a_date_of_long_ago_is_only_a_claim() -> None:
    assert acks(decided({"Date": "Mon, 2 Mar 2015 09:00:00 +0000"}))


def test_what_somebody_released_is_acknowledged_however_late() -> None:
    assert acks(decided(now=NOW + 9 * DAY, grant=RELEASED))


def test_who_would_not_have_been_told_is_not_listed() -> None:
    assert not late_marks(decided({"Precedence": "bulk"}, now=NOW + 9 * DAY))


@pytest.mark.parametrize(("known", "listed"), [(LISTED_MAX - 1, [0, 2]), (LISTED_MAX, [0])])
def test_a_letter_lists_so_many_and_counts_the_rest(known: int, listed: list[int]) -> None:
    until = NOW + 9 * DAY + SECOND
    standing = StormMark(Mark.LATE, until, count=known)
    marks = late_marks(decided(now=NOW + 9 * DAY, context=Context(marks=(standing,))))
    assert [mark.number for mark in marks] == listed
    assert {mark.until for mark in marks} == {until}, "one hour, and so one letter"


def late_marks(decision: Decision) -> list[StormMark]:
    marks = [one.mark for one in decision.effects if isinstance(one, SetMark)]
    return [one for one in marks if one.mark is Mark.LATE]


def test_s12_who_sent_too_much_reads_how_much_and_what_to_do() -> None:
    (letter,) = (
        one for one in decided(full_size_bytes=62_900_000).letters if one.person == CARA
    )
    assert "(60.0 MB; our limit is 25.0 MB)" in letter.mail.text
    assert "send your words again" in letter.mail.text
    assert "We have your message" not in letter.mail.text
