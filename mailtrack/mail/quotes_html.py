"""Where the HTML of mail programs says that something is quoted.

Programs mark quotes in HTML better than in text: by element, class or id, in no language. The
tree is only asked where quotes begin and end; ``reply`` finds the same words in the readable
text. Besides ``html`` this is the one user of selectolax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailtrack.mail.echoes import bare

HTML_CHARS_LOOKED_AT: Final = 200_000
TAGS_LOOKED_AT: Final = 4000
MARKS_MAX: Final = 200

# Private-use characters stand in the tree where a quote or a lead begins and ends.
_QUOTE, _QUOTE_END, _LEAD, _LEAD_END, _REST = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
_MARKS: Final = re.compile(f"([{_QUOTE}-{_REST}])")

# Elements that hold a quoted mail.
_QUOTES: Final = (
    "blockquote, [class*=yahoo_quoted], [id*=yahoo_quoted], .protonmail_quote, "
    ".tutanota_quote, [data-marker=__QUOTED_TEXT__], #OLK_SRC_BODY_SECTION, "
    "#mail-editor-reference-message-container, .gmail_quote:not(:has(blockquote)), "
    ".front-blockquote, .freshdesk_quote, .zmail_extra, .rambler-quote, .e-quote, "
    "[name=quote], [name=messageReplySection]"
)
# Elements after which all is a quoted mail.
_RESTS: Final = (
    "#divRplyFwdMsg, #appendonsend, #stopSpelling, hr#zwchr, .OutlookMessageHeader, "
    "#ms-outlook-mobile-body-separator-line, .ms-outlook-mobile-reference-message, "
    "a[name=_MailOriginal], [id^=AOLMsgPart], #x_divRplyFwdMsg, #x_appendonsend"
)
# Elements that hold what a program puts above a quote.
_LEADS: Final = (
    ".moz-cite-prefix, .gmail_attr, .gmail_quote_attribution, #reply-intro, .airmail_on, "
    ".yahoo_quoted_header, .replyHeader"
)
# The line that Outlook draws above the header block of what it quotes; the rest of the style
# varies with the version and with what relays have made of it.
_OUTLOOK_LINE: Final = re.compile(
    r"border-top:(?:1(?:\.0)?pt )?solid (?:#e1e1e1|#b5c4df|rgb\(225, ?225, ?225\)|"
    r"rgb\(181, ?196, ?223\))[^;]{0,20};.{0,60}?padding: ?3(?:\.0)?pt"
)


@dataclass(frozen=True, slots=True)
class HtmlSpan:
    """A stretch of the bare words of the HTML, ``start`` bare characters into it.

    ``is_rest`` means that all from here on is quoted.
    """

    start: int
    words: str
    is_lead: bool
    is_rest: bool


def html_spans(html: str) -> tuple[HtmlSpan, ...]:
    """The quotes and leads that the HTML marks, in the order of the mail."""
    if "<" not in html:
        return ()
    tree = LexborHTMLParser(_bounded(html))
    for code in tree.css("script, style, head, title"):
        code.decompose()
    marked = _put_marks(tree)
    body = tree.body
    return _spans(body.text()) if marked and body is not None else ()


def _bounded(html: str) -> str:
    """The beginning of the HTML: enough to see where quotes begin, small enough for a tree."""
    html = _MARKS.sub("", html[:HTML_CHARS_LOOKED_AT])
    tag = next(islice(re.finditer("<", html), TAGS_LOOKED_AT, None), None)
    return html[: tag.start()] if tag else html


def _put_marks(tree: LexborHTMLParser) -> bool:
    count = 0
    for selector, opening, closing in (
        (_QUOTES, _QUOTE, _QUOTE_END),
        (_LEADS, _LEAD, _LEAD_END),
    ):
        for node in tree.css(selector)[:MARKS_MAX]:
            node.insert_before(opening)
            node.insert_after(closing)
            count += 1
    for node in [*tree.css(_RESTS)[:MARKS_MAX], *_outlook_lines(tree)]:
        node.insert_before(_REST)
        count += 1
    return count > 0


def _outlook_lines(tree: LexborHTMLParser) -> list[LexborNode]:
    found = []
    for node in tree.css("div[style*=border-top]")[:MARKS_MAX]:
        style = " ".join((node.attributes.get("style") or "")[:400].lower().split())
        if _OUTLOOK_LINE.search(style.replace(": ", ":")):
            found.append(node)
    return found


def _spans(text: str) -> tuple[HtmlSpan, ...]:
    """The outermost marked stretches; a rest ends the search."""
    spans: list[HtmlSpan] = []
    position, words, depth, opened = 0, "", 0, ""
    pieces = _MARKS.split(text)
    for index, piece in enumerate(pieces):
        if piece == _REST and depth == 0:
            rest = bare("".join(pieces[index + 1 :]))
            return (*spans, HtmlSpan(position, rest, is_lead=False, is_rest=True))
        if piece in (_QUOTE, _LEAD):
            opened = piece if depth == 0 else opened
            depth += 1
        elif piece in (_QUOTE_END, _LEAD_END):
            depth -= 1
            if depth == 0:
                spans.append(HtmlSpan(position, words, is_lead=opened == _LEAD, is_rest=False))
                position, words = position + len(words), ""
        elif depth:
            words += bare(piece)
        else:
            position += len(bare(piece))
    return tuple(spans)
