"""Hypothesis strategies for the values that the store keeps."""

import string
from datetime import UTC, datetime

from hypothesis import strategies as st

from mailtrack.mail.address import Address, Mailbox
from mailtrack.mail.envelope import Envelope, Front
from mailtrack.mail.message import AttachmentRef, InlineFile, OutgoingMail

# What mail/ promises: any text but surrogates and NUL.
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
names = st.text(string.ascii_lowercase + "їєжґ'\"%_;", min_size=1, max_size=12)
instants = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
addresses = st.builds(Address, local=names, domain=names.map(lambda name: f"{name}.example"))
mailboxes = st.builds(Mailbox, name=texts, address=addresses)
attachments = st.builds(
    AttachmentRef,
    raw_sha256=names,
    index=st.integers(0, 99),
    name=texts,
    content_type=names,
    size_bytes=st.integers(0, 10**9),
    content_id=st.none() | texts,
)
files = st.builds(
    InlineFile,
    name=texts,
    content_type=names,
    content=st.binary(max_size=40),
    content_id=st.none() | texts,
)


def tuples_of(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


outgoing_mails = st.builds(
    OutgoingMail,
    mail_from=st.none() | addresses,
    recipient=addresses,
    sender=mailboxes,
    to=tuples_of(mailboxes),
    subject=texts,
    text=texts,
    message_id=texts,
    date=instants,
    html=st.none() | texts,
    cc=tuples_of(mailboxes),
    reply_to=st.none() | mailboxes,
    in_reply_to=st.none() | texts,
    references=tuples_of(texts),
    headers=tuples_of(st.tuples(names, texts)),
    attachments=tuples_of(attachments),
    files=tuples_of(files),
)
envelopes = st.builds(
    Envelope,
    spool_id=names,
    mail_from=st.none() | addresses,
    rcpt_to=tuples_of(addresses),
    received_at=instants,
    front=st.sampled_from(Front),
    peer=texts,
    size_bytes=st.integers(0, 10**9),
    sha256=names,
    authenticated_as=st.none() | texts,
    is_encrypted=st.booleans(),
    waiting_since=st.none() | instants,
)
