"""HTML of strangers: made harmless for agents, and turned into text for everybody.

nh3, selectolax and inscriptis are used nowhere else. HTML is hostile: no reader here sees more
than the bounds allow, and what is nested or crowded past them loses its tags instead of its
reader's time. Nothing is ever fetched.
"""

from __future__ import annotations

import html as entities
import re
from typing import Final

import nh3
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from selectolax.lexbor import LexborHTMLParser

from mailtrack.mail.charset import clean
from mailtrack.mail.limits import HTML_CHARS_MAX, HTML_DEPTH_MAX, HTML_TAGS_MAX

# Each character is looked at once or twice: ``[^<>]`` stops where a new tag begins.
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,20})[^<>]*>?")
_TAG_NAME: Final = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9:-]{0,20})")
_CODE: Final = re.compile(r"<!--|<(script|style|title|template|noscript)\b")
_VOID: Final = frozenset(
    "area base br col embed hr img input link meta source track wbr "
    "p li td tr th option dt dd".split()  # these need no end tag, so they say nothing of depth
)
_BLOCK: Final = frozenset(
    "p div br tr li h1 h2 h3 h4 h5 h6 table blockquote pre ul ol hr dt dd".split()
)
_TAGS: Final = frozenset(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col "
    "colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 "
    "header hr i img ins kbd li main mark nav ol p pre q s samp section small span strike "
    "strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)
_ATTRIBUTES: Final = {
    "*": {"align", "dir", "lang", "title", "valign"},
    "a": {"href"},
    "blockquote": {"type"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "font": {"color", "face", "size"},
    "img": {"src", "alt", "width", "height"},
    "li": {"value"},
    "ol": {"start", "type", "reversed"},
    "table": {"bgcolor", "border", "cellpadding", "cellspacing", "width"},
    "td": {"bgcolor", "colspan", "rowspan", "width", "height"},
    "th": {"bgcolor", "colspan", "rowspan", "width", "height", "scope"},
    "tr": {"bgcolor"},
    "ul": {"type"},
}
_CODE_TAGS: Final = {"script", "style", "title", "template", "noscript"}
_INSCRIPTIS: Final = ParserConfig(css=CSS_PROFILES["strict"], display_links=False)


def sanitised(html: str) -> str:
    """``html`` with its words, tables, lists, links and inline images, and nothing active.

    Images stay only as ``cid:`` references into the same mail. HTML past the bounds becomes
    escaped text in paragraphs.
    """
    html = html[:HTML_CHARS_MAX]
    if _is_too_complex(html):
        return _paragraphs(_stripped(html))
    return clean(_CLEANER.clean(html))


def text_from_html(html: str) -> str:
    """The words of ``html`` as a reader would see them: lines, lists, tables as text."""
    html = html[:HTML_CHARS_MAX]
    if _is_too_complex(html):
        return _stripped(html)
    safe = _SHAPE.clean(html)
    text = _tidy(get_text(safe, _INSCRIPTIS)) if safe.strip() else ""
    seen = _seen_words(safe)
    # libxml2 drops deep or odd markup without a word; what another reader sees is the net.
    if len("".join(text.split())) * 10 < len("".join(seen.split())) * 8:
        return _tidy(seen)
    return text


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value if value.lower().startswith("cid:") else None
    return value


_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=_CODE_TAGS,
    attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
    attribute_filter=_keep_attribute,
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
)
# For reading as text only the shape counts.
_SHAPE: Final = nh3.Cleaner(
    tags=set(_TAGS), clean_content_tags=_CODE_TAGS, attributes={}, link_rel=None
)


def _is_too_complex(html: str) -> bool:
    """Whether a tree of it would be too deep or too crowded; one linear look at the tags."""
    if html.count("<") <= HTML_DEPTH_MAX:
        return False
    tags = _TAG_NAME.findall(html.lower())
    if len(tags) > HTML_TAGS_MAX:
        return True
    depth = 0
    for tag in tags:
        if tag[0] == "/":
            depth -= depth > 0 and tag[1:] not in _VOID
        elif tag not in _VOID:
            depth += 1
            if depth > HTML_DEPTH_MAX:
                return True
    return False


def _stripped(html: str) -> str:
    """The text between the tags, found by one scan that builds no tree."""
    html = _without_code(html)
    pieces: list[str] = []
    end = 0
    for match in _TAG.finditer(html):
        pieces.append(html[end : match.start()])
        pieces.append("\n" if match[2].lower() in _BLOCK else "")
        end = match.end()
    pieces.append(html[end:])
    return _tidy(clean(entities.unescape("".join(pieces))))


def _without_code(html: str) -> str:
    """``html`` without comments, scripts and styles. An unclosed one takes the rest along."""
    lowered = html.lower()
    if len(lowered) != len(html):  # a few letters grow when lowered, and places would shift
        lowered = html
    pieces: list[str] = []
    position = 0
    while opening := _CODE.search(lowered, position):
        pieces.append(html[position : opening.start()])
        closing = f"</{opening[1]}" if opening[1] else "--"
        end = lowered.find(closing, opening.end())
        position = lowered.find(">", end) + 1 if end >= 0 else 0
        if not position:
            return "".join(pieces)
    return "".join(pieces) + html[position:]


def _seen_words(html: str) -> str:
    body = LexborHTMLParser(html).body
    return body.text(separator="\n") if body else ""


def _paragraphs(text: str) -> str:
    return "".join(
        f"<p>{entities.escape(line)}</p>" for line in text.split("\n") if line.strip()
    )


def _tidy(text: str) -> str:
    """Lines without blanks at their ends, and never more than one empty line in a row."""
    lines = [line.rstrip() for line in clean(text).replace("\xa0", " ").split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


_EMPTY_LINES: Final = re.compile(r"\n{3,}")
