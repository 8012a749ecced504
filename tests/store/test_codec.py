"""Values as text columns: what is written is what is read, and old texts stay readable."""

from hypothesis import given, settings
from hypothesis import strategies as st
from store.desk import DANA, NOON, mailbox, outgoing_mail
from store.values import attachments, envelopes, outgoing_mails, texts, tuples_of

from mailtrack.mail.envelope import Envelope
from mailtrack.mail.message import AttachmentRef, OutgoingMail
from mailtrack.store import codec
from mailtrack.tickets.ticket import Reason

# As the first version wrote it. It may be added to, but must be read for ever.
FIRST = (
    '{"mail_from":null,"recipient":["dana","client.example"],'
    '"sender":["Example Help","support","help.example"],"to":[["","dana","client.example"]],'
    '"cc":[],"reply_to":null,"subject":"[#1] Printer on fire","text":"The words of l1.",'
    '"html":null,"message_id":"<l1@help.example>","date":"2026-03-02T12:00:00+00:00",'
    '"in_reply_to":null,"references":[],"headers":[],"attachments":[],"files":[]}'
)


@settings(max_examples=50)
@given(outgoing_mails)
def test_a_mail_survives_its_text(mail: OutgoingMail) -> None:
    text = codec.json_from_mail(mail)
    assert codec.mail_from_json(text) == mail
    assert "\n" not in text


@settings(max_examples=50)
@given(envelopes)
def test_an_envelope_survives_its_text(envelope: Envelope) -> None:
    assert codec.envelope_from_json(codec.json_from_envelope(envelope)) == envelope


@given(tuples_of(attachments))
def test_attachments_survive_their_text(refs: tuple[AttachmentRef, ...]) -> None:
    assert codec.attachments_from_json(codec.json_from_attachments(refs)) == refs


@given(tuples_of(texts))
def test_texts_survive_their_text(many: tuple[str, ...]) -> None:
    assert codec.texts_from_json(codec.json_from_texts(many)) == many


@given(tuples_of(st.tuples(texts, texts)))
def test_pairs_survive_their_text(pairs: tuple[tuple[str, str], ...]) -> None:
    assert codec.pairs_from_json(codec.json_from_pairs(pairs)) == pairs


@given(tuples_of(st.builds(Reason, rule=texts, said=texts, where=texts)))
def test_a_trace_survives_its_text(trace: tuple[Reason, ...]) -> None:
    assert codec.trace_from_json(codec.json_from_trace(trace)) == trace


def test_what_the_first_version_wrote_is_still_read() -> None:
    mail = codec.mail_from_json(FIRST)
    assert mail == outgoing_mail()
    assert (mail.recipient, mail.date) == (mailbox(DANA).address, NOON)
