"""What a DKIM, SPF or DMARC record says: pure, total, from its text alone."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Final

from mailtrack.mail.signed import tags_from

SPF_BYTES_MAX: Final = 4096
SPF_LOOKUPS_MAX: Final = 10  # RFC 7208 section 4.6.4
_MODIFIER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*=\S*")
_MECHANISM: Final = re.compile(
    r"[+?~-]?(?:all|include:[^\s/]+|exists:\S+|ptr(?::\S+)?|ip[46]:\S+"
    r"|(?:a|mx)(?::[^\s/]+)?(?:/\d{1,2})?(?://\d{1,3})?)",
    re.IGNORECASE,
)
_ASKS: Final = ("include", "a", "mx", "ptr", "exists", "redirect")
_POLICIES: Final = ("none", "quarantine", "reject")


def dkim_flaw(record: bytes, wanted: bytes) -> str:
    """Why ``record`` does not prove what the key of ``wanted`` signs; ``""`` if it does."""
    tags, ours = tags_from(record), tags_from(wanted)
    assert ours is not None, "we made it"
    if tags is None or tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return "what stands there is no key"
    if not tags["p"]:
        return "the key there was withdrawn (p= is empty)"
    if tags.get("k", "rsa").lower() != "rsa":
        return "the key there is of another kind than the one that signs here, which is RSA"
    if "h" in tags and "sha256" not in _listed(tags["h"]):
        return "the key there is not for SHA-256 (h=), with which is signed here"
    if "s" in tags and not {"email", "*"} & set(_listed(tags["s"])):
        return "the key there is not for mail (s=)"
    if "".join(tags["p"].split()) != ours["p"]:
        return "the key there is another one than the one that signs here"
    return ""


def is_in_testing(record: bytes) -> bool:
    """Whether its owner says that the key is only tried out."""
    return "y" in _listed((tags_from(record) or {}).get("t", ""))


def spf_flaw(record: bytes) -> str:
    """Why an SPF record does not help; ``""`` if its grammar is right and it ends in a no."""
    if len(record) > SPF_BYTES_MAX or not record.isascii():
        return "it is no text that a server would read"
    version, *terms = record.decode("ascii").split()
    if version.lower() != "v=spf1":
        return f"{version} is not v=spf1"
    names = [re.split(r"[:/=]", term.lstrip("+?~-"), maxsplit=1)[0].lower() for term in terms]
    for term, name in zip(terms, names, strict=True):
        is_known = _MECHANISM.fullmatch(term) or _MODIFIER.fullmatch(term)
        if not is_known or (name in ("ip4", "ip6") and not _is_network(term, name)):
            return f"{term} is nothing that SPF knows, so the whole record counts for nothing"
    if sum(name in _ASKS for name in names) > SPF_LOOKUPS_MAX:
        return (
            f"it asks more than {SPF_LOOKUPS_MAX} further questions, so it counts for nothing"
        )
    if any(term.lower() in ("all", "+all") for term in terms):
        return "it lets everybody send for the domain (+all)"
    if not {"all", "redirect"} & set(names):
        return "it does not end in -all or ~all, so it refuses nobody"
    return ""


def dmarc_policy(record: bytes) -> str | None:
    """What a DMARC record asks for: none, quarantine or reject; None if it is no record."""
    tags = tags_from(record) or {}
    policy = tags.get("p", "").lower()
    return policy if policy in _POLICIES else None


def _is_network(term: str, name: str) -> bool:
    try:
        network = ip_network(term.partition(":")[2], strict=False)
    except ValueError:
        return False
    return f"ip{network.version}" == name


def _listed(text: str) -> list[str]:
    return "".join(text.split()).lower().split(":")
