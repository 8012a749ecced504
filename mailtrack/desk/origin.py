"""Whether the From address of a mail is proved: security section 2.3, with the reason in words.

``names_to_ask`` says which records of the DNS could prove it, ``origin_of`` what they prove.
Both are pure; the clerk asks the DNS in between, before the transaction. A login decides
alone; of the others the first success counts, and a failure only if there was none. What
cannot be found out is no proof, and never a failure.
"""

from __future__ import annotations

import importlib

from mailtrack.desk.policy import Policy
from mailtrack.desk.proofs import AUTH, DMARC, DkimTrust, Relay
from mailtrack.mail.address import Mailbox, address_from, ascii_lower
from mailtrack.mail.authentication import Result, results_of
from mailtrack.mail.envelope import Envelope
from mailtrack.mail.message import ParsedMail, Signature
from mailtrack.tickets.reading import Origin, Record, Verdict


def origin_of(
    mail: ParsedMail, envelope: Envelope, policy: Policy, records: tuple[Record, ...] = ()
) -> Origin:
    """What is proved of the From address. ``records`` answer ``names_to_ask``."""
    if mail.sender is None:
        return Origin(said="From is not one clean address")
    if envelope.authenticated_as is not None:
        return _by_login(envelope.authenticated_as, mail.sender, policy)
    if policy.relay is None and policy.dkim is None:
        is_login = bool(policy.agent_methods)
        none = "no way to prove where mail comes from is configured"
        return Origin(said="it was not handed over by a login" if is_login else none)
    flaw = mail.provenance.flaw or mail.provenance.smuggled
    if flaw:
        return Origin(said=f"the mail cannot prove anything: {flaw}")
    found = (_by_relay(mail, envelope, policy), _by_signature(mail, envelope, policy, records))
    said = "; ".join(one.said for one in found if one.said)
    for verdict in (Verdict.PASS, Verdict.FAIL):
        for one in found:
            if one.verdict is verdict:
                return one
    return Origin(said=said)


def names_to_ask(mail: ParsedMail, envelope: Envelope, policy: Policy) -> tuple[str, ...]:
    """The names in the DNS whose records could prove the From address; mostly none.

    Nothing is asked for a signature that would prove nothing: a stranger's servers are not
    waited for.
    """
    is_settled = mail.sender is None or envelope.authenticated_as is not None
    if is_settled or mail.is_machine or policy.dkim is None:
        return ()
    if _by_relay(mail, envelope, policy).verdict is Verdict.PASS:
        return ()
    good = (
        one for one in _signatures(mail, policy) if not _objection(one, mail, envelope, policy)
    )
    return tuple(dict.fromkeys(map(key_name, good)))


def key_name(signature: Signature) -> str:
    """Where in the DNS the key of a signature stands."""
    return f"{signature.selector}._domainkey.{signature.domain}"


def _by_login(login: str, sender: Mailbox, policy: Policy) -> Origin:
    agent = policy.agent_at(sender.address.key)
    as_address = address_from(login)
    is_theirs = as_address is not None and as_address.key == sender.address.key
    if is_theirs or (agent is not None and login == agent.name):
        return Origin(Verdict.PASS, "smtp_auth", f"logged in as {login}")
    return Origin(Verdict.FAIL, "smtp_auth", f"{login} may not write as {sender.address}")


# The relay's word.


def _by_relay(mail: ParsedMail, envelope: Envelope, policy: Policy) -> Origin:
    relay = policy.relay
    if relay is None or mail.sender is None or mail.provenance.flaw:
        return Origin()
    if not relay.hands_over(envelope):
        from_where = envelope.peer or envelope.front.value
        return Origin(said=f"Authentication-Results are not believed from {from_where}")
    results = _results(mail, relay)
    name = f"Authentication-Results of {relay.authserv_id}"
    if results is None:
        return Origin(said=f"there are no {name}")
    if AUTH in relay.methods:
        login = _login(results)
        if login is not None and _is_login_of(login, mail.sender, relay, policy):
            return Origin(Verdict.PASS, "authentication_results", f"{name}: auth=pass {login}")
    if DMARC in relay.methods:
        verdict, said = _dmarc(results, mail.sender.address.domain)
        said = f"{name}: {said}"
        is_to_us = _is_handed_to_us(mail, mail.sender.address.domain, policy)
        return Origin(verdict, "authentication_results", said, is_to_us=is_to_us)
    return Origin(said=f"{name}: no login of this address")


def _results(mail: ParsedMail, relay: Relay) -> tuple[Result, ...] | None:
    """What the relay wrote; None if it wrote nothing. Its first field alone counts."""
    for stamp in mail.provenance.stamps:
        if stamp.hops < relay.hops:
            results = results_of(stamp.text, relay.authserv_id)
            if results is not None:
                return results
    return None


def _is_handed_to_us(mail: ParsedMail, domain: str, policy: Policy) -> bool:
    """Whether each signature by which the relay may have believed it was made for us.

    Without any, it believed the server that the mail came from: nobody else can send it so. One
    that we do not see may be the one that counted.
    """
    there = sum(1 for name, _ in mail.headers if name == "dkim-signature")
    theirs = (one for one in mail.provenance.signatures if _is_near(one.domain, domain))
    is_all = there == len(mail.provenance.signatures)
    return is_all and all(_is_to_us(mail, one, policy) for one in theirs)


def _is_near(signer: str, domain: str) -> bool:
    """Whether DMARC may take these for one: a domain, and those below it."""
    return f".{signer}".endswith(f".{domain}") or f".{domain}".endswith(f".{signer}")


def _dmarc(results: tuple[Result, ...], domain: str) -> tuple[Verdict, str]:
    ours = [one for one in results if one.method == DMARC]
    named = [one for one in ours if ascii_lower(one.said("header.from") or "") == domain]
    said = ", ".join(f"dmarc={one.verdict} {one.said('header.from')}" for one in ours)
    if any(one.verdict == "fail" for one in named):
        return Verdict.FAIL, said
    # A second result would be somebody else's words in the relay's mouth.
    is_proved = len(ours) == 1 and len(named) == 1 and named[0].verdict == "pass"
    return (Verdict.PASS if is_proved else Verdict.NONE), said or "nothing about DMARC"


def _login(results: tuple[Result, ...]) -> str | None:
    passed = [one for one in results if one.method == AUTH]
    if len(passed) != 1 or passed[0].verdict != "pass":
        return None
    names = {name for name, _ in passed[0].properties}
    return passed[0].said("smtp.auth" if "smtp.auth" in names else "smtp.mailfrom")


def _is_login_of(login: str, sender: Mailbox, relay: Relay, policy: Policy) -> bool:
    agent = policy.agent_at(sender.address.key)
    if agent is None:
        return False
    as_address = address_from(login)
    is_theirs = as_address is not None and as_address.key == sender.address.key
    return is_theirs or dict(relay.logins).get(login) == agent.name


# Our own check of signatures.


def _by_signature(
    mail: ParsedMail, envelope: Envelope, policy: Policy, records: tuple[Record, ...]
) -> Origin:
    if policy.dkim is None or mail.sender is None:
        return Origin()
    domain = mail.sender.address.domain
    wanted = policy.dkim.signers_of(domain)
    if not mail.provenance.signatures:
        return Origin(said=f"DKIM: not signed by {' or '.join(wanted)}")
    theirs = _signatures(mail, policy)
    if not theirs:
        signers = dict.fromkeys(one.domain or "nobody" for one in mail.provenance.signatures)
        return Origin(
            said=f"DKIM: signed by {', '.join(signers)}, not by {' or '.join(wanted)}"
        )
    by_name = {one.name: one for one in records}
    against = ""
    for signature in theirs:
        against = _objection(signature, mail, envelope, policy) or _key_objection(
            signature, by_name.get(key_name(signature))
        )
        if not against:
            said = f"DKIM: signed by {signature.domain}"
            covers_ids = _covers_ids(mail, signature)
            is_to_us = _is_to_us(mail, signature, policy)
            return Origin(Verdict.PASS, "dkim", said, covers_ids, is_to_us)
    return Origin(said=f"DKIM: {against}")


def _signatures(mail: ParsedMail, policy: Policy) -> tuple[Signature, ...]:
    """The signatures of the domains whose signature counts for this From address."""
    if policy.dkim is None or mail.sender is None or mail.provenance.smuggled:
        return ()
    wanted = policy.dkim.signers_of(mail.sender.address.domain)
    return tuple(one for one in mail.provenance.signatures if one.domain in wanted)


def _objection(
    signature: Signature, mail: ParsedMail, envelope: Envelope, policy: Policy
) -> str:
    """Why a signature proves nothing whatever its key, in words; ``""`` if it may."""
    assert policy.dkim is not None, "the callers asked"
    if signature.flaw:
        return signature.flaw
    if signature.expires_at is not None and signature.expires_at < envelope.received_at:
        return f"the signature of {signature.domain} has expired"
    return _age_objection(mail, envelope, policy.dkim)


def _age_objection(mail: ParsedMail, envelope: Envelope, dkim: DkimTrust) -> str:
    """A signed mail that is kept can be sent again for ever, so it must be of today."""
    if mail.date is None:
        return "the signed mail has no date"
    age = envelope.received_at - mail.date
    if age > dkim.age_max:
        return f"the signed mail was written {age.days} days before it came"
    return "the signed mail is dated in the future" if -age > dkim.skew_max else ""


def _key_objection(signature: Signature, record: Record | None) -> str:
    by = f"the signature of {signature.domain}"
    if record is None or record.trouble:
        why = record.trouble if record else "nobody asked"
        return f"{by} could not be checked: {why}"
    if record.text is None:
        return f"{by}: there is no key at {record.name}"
    # Loading the library takes a while and most desks never need it.
    against = importlib.import_module("mailtrack.mail.signature_key").objection(
        signature, record.text
    )
    return f"{by}: {against}" if against else ""


def _is_to_us(mail: ParsedMail, signature: Signature, policy: Policy) -> bool:
    """Whether the signer's To or Cc names us; if To is not signed (Microsoft), nobody knows."""
    if "to" not in signature.signed:
        return True
    copied = mail.cc if "cc" in signature.signed else ()
    return any(policy.is_ours(one.address) for one in (*mail.to, *copied))


def _covers_ids(mail: ParsedMail, signature: Signature) -> bool:
    """Whether the fields that say what the mail answers, if it has any, are signed too."""
    is_open = (mail.in_reply_to and "in-reply-to" not in signature.signed) or (
        mail.references and "references" not in signature.signed
    )
    return not is_open
