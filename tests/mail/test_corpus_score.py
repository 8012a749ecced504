"""The figures that real mails of others must not fall below.

The corpus is no part of this repository (its families keep licences of their own); where it
stands beside the checkout, its score is taken. The floors are per cent, as measured when they
were last raised. Each gain raises them; a sentence must say why one is ever lowered.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
SCORE = CORPUS / "score.py"

ADAPTER = """
from mailtrack.mail.inspect import as_json as adapt
"""

# Where a standard or a reader's good speaks against the expected value, we differ on purpose:
# - A text without the empty line behind its header is kept whole (mime4j nocrlfcrlf,
#   bad-header-separator; cpython msg_19): the majority drops its first paragraph.
# - A boundary that is missing in the header is guessed, and a multipart without any is shown
#   as text (cpython msg_25; stalwart malformed-017; mime4j missing-inner-boundary).
# - Files in uuencode are attachments and no words (mime4j uu-*).
# - A mail inside a mail is one attachment, never opened (mimetorture, stalwart rfc-002).
# - ``Content-Type: text`` is text (cpython msg_14).
# task/family/figure and its floor. ALL means: every value of a mail that is known is right.
FLOORS = """
parse/cpython/ALL 93.1
parse/ddeboer-imap/ALL 100.0
parse/django-helpdesk/ALL 100.0
parse/enmime/ALL 100.0
parse/mikel-mail/ALL 100.0
parse/mime4j/ALL 89.4
parse/nodemailer/ALL 100.0
parse/notmuch/ALL 100.0
parse/php-imap/ALL 98.0
parse/php-mime-mail-parser/ALL 100.0
parse/postal-mime/ALL 66.6
parse/public-inbox/ALL 100.0
parse/roundup/ALL 100.0
parse/rspamd/ALL 100.0
parse/rt/ALL 100.0
parse/sa-nice/ALL 100.0
parse/spamassassin-ham/ALL 100.0
parse/spamassassin-spam/ALL 100.0
parse/spamscope/ALL 100.0
parse/stalwart/ALL 96.0
parse/talon/ALL 100.0
reply/github-reply/ALL 95.4
reply/mail-parser-reply/ALL 92.5
reply/talon/ALL 96.1
reply/zapier-reply/ALL 95.8
kind/flufl-bounce/ALL 99.0
kind/sisimai/ALL 100.0
kind/spamassassin-ham/ALL 100.0
kind/spamassassin-spam/ALL 100.0
kind/talon/ALL 100.0
bounce/flufl-bounce/ALL 96.0
bounce/sisimai/ALL 96.3
thread/notmuch/ALL 100.0
thread/spamassassin-ham/ALL 100.0
parse/TOTAL/subject 100.0
parse/TOTAL/from 100.0
parse/TOTAL/to 100.0
parse/TOTAL/text 98.7
parse/TOTAL/attachment_count 99.2
parse/TOTAL/ALL 98.3
parse/TOTAL/from_name 100.0
parse/TOTAL/attachments 98.1
parse/TOTAL/html_text 97.5
parse/TOTAL/charset 100.0
reply/TOTAL/exact 94.9
reply/TOTAL/close 95.9
reply/TOTAL/f1 94.3
reply/TOTAL/ALL 94.9
kind/TOTAL/kind 99.8
kind/TOTAL/ALL 99.8
bounce/TOTAL/recipient 97.7
bounce/TOTAL/status_class 96.6
bounce/TOTAL/ALL 96.2
bounce/TOTAL/status 99.5
thread/TOTAL/message_id 100.0
thread/TOTAL/ALL 100.0
thread/TOTAL/refs 100.0
thread/TOTAL/pair_f1 99.1
"""
# How many machines may be taken for people (a mail loop), and people for machines (lost mail).
MACHINES_TAKEN_FOR_PEOPLE_MAX = 1
PEOPLE_TAKEN_FOR_MACHINES_MAX = 0


@pytest.fixture(scope="module")
def score(tmp_path_factory) -> dict:
    if not SCORE.is_file():
        pytest.skip(f"there is no corpus of real mails at {CORPUS}")
    folder = tmp_path_factory.mktemp("score")
    adapter, answer = folder / "adapter.py", folder / "score.json"
    adapter.write_text(ADAPTER)
    command = [sys.executable, SCORE, "--py", adapter, "--root", CORPUS, "--json", answer]
    subprocess.run(command, check=True, capture_output=True)
    return json.loads(answer.read_text())


def test_no_real_mail_breaks_the_reader(score):
    assert score["crashes"] == []


def test_no_figure_falls_below_its_floor(score):
    floors = dict(line.rsplit(" ", 1) for line in FLOORS.strip().split("\n"))
    fallen = {
        name: (score["scores"].get(name), floor)
        for name, floor in floors.items()
        if score["scores"].get(name, 0.0) < float(floor)
    }
    assert fallen == {}


def test_every_figure_has_a_floor(score):
    floors = {line.rsplit(" ", 1)[0] for line in FLOORS.strip().split("\n")}
    measured = {name for name in score["scores"] if name.endswith("/ALL")}
    assert measured <= floors


def test_machines_and_people_are_not_mistaken_for_each_other(score):
    safety = score["safety"]
    loops = safety.get("machine mail taken for a person (loop risk)", 0)
    lost = safety.get("people or lists taken for machine mail (lost mail)", 0)
    assert loops <= MACHINES_TAKEN_FOR_PEOPLE_MAX
    assert lost <= PEOPLE_TAKEN_FOR_MACHINES_MAX
