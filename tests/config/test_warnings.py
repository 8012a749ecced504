"""What loads and is likely not meant: each is a warning that says how to mend it."""

import pytest
from config.conftest import DESK, Load


@pytest.mark.parametrize(
    ("key", "text", "found"),
    [
        ("sla", "calendars: {o: {hours: {mon: '9:00-17:00'}}}\n"
         "policies: [{name: g, calendar: o, first_reply: 2d}]\n", "a day in '2d' is 24 hours"),
        ("sla", "policies: [{name: g, first_reply: {high: 4h, low: 1h}}]\n", "longer than for"),
        ("rules", "rules: [{name: r, when: {customer_type: vpi}, stop: true}]\n",
         "no customer type 'vpi'"),
        ("people", "agents: {ivan: {email: i@help.example, active: false}}\n", "nobody hears"),
    ],
)  # fmt: skip
def test_what_works_and_is_likely_not_meant_is_a_warning(
    loaded: Load, key: str, text: str, found: str
) -> None:
    (warning,) = loaded(**{key: text}).warnings
    assert found in warning.found
    assert warning.mend


BEHIND = "intake: {lmtp: {listen: 'unix:/x', behind_mta: true}}\n"
RESULTS = "authentication_results: {authserv_id: mx.help.example"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("trust: {policy: strict}\n", "nothing can prove any agent's mail"),
        ("trust: {dkim: }\n", "nothing stands here, so it is off"),
        ("trust: {authentication_results: null}\n", "nothing stands here, so it is off"),
        ("autoack: {require: aligned}\n", "nobody gets an acknowledgement"),
        (BEHIND, "it does nothing"),
        ("trust: {trusted_peers: [10.0.0.1]}\n", "it does nothing"),
        (BEHIND.replace("unix:/x", "*:24") + f"trust: {{{RESULTS}}}}}\n", "none of them is"),
        (f"{BEHIND}trust: {{{RESULTS}, also: [imap]}}}}\n", "no mailbox is fetched from"),
        ("trust: {dkim: {domains: {no.example: [x.example]}}}\n", "no agent has an address"),
        ("trust: {reply_to_from: [ivan@help.example]}\n", "whoever stands in their Reply-To"),
    ],
)
def test_trust_that_loads_and_does_not_what_it_seems_to_do_is_a_warning(
    loaded: Load, text: str, found: str
) -> None:
    (warning,) = loaded(mailtrack=DESK + text).warnings
    assert found in warning.found and warning.mend


@pytest.mark.parametrize(
    "text",
    [
        "trust: {dkim: {}}\n",
        "trust: {policy: strict, dkim: {}}\nautoack: {require: aligned}\n",
        f"{BEHIND}trust: {{policy: strict, {RESULTS}}}}}\n",
        BEHIND.replace("unix:/x", "127.0.0.1:24") + f"trust: {{{RESULTS}}}}}\n",
        BEHIND.replace("unix:/x", "*:24")
        + f"trust: {{{RESULTS}}}, trusted_peers: [10.0.0.1]}}\n",
    ],
)
def test_trust_that_does_what_it_seems_to_do_is_taken_without_a_word(
    loaded: Load, text: str
) -> None:
    assert loaded(mailtrack=DESK + text).warnings == ()
