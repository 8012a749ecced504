"""HTML of strangers: nothing active, nothing remote, all words."""

from __future__ import annotations

import pytest
from html_inspector import foreign_in, foreign_in_tree

from mailtrack.mail.html import sanitised, text_from_html
from mailtrack.mail.limits import HTML_CHARS_MAX, HTML_DEPTH_MAX

ACTIVE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://evil.example/pixel.gif width=1>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=' &#106;avascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href=//evil.example>x</a>",
    "<a href=data:text/html,x>x</a>",
    "<svg><script>alert(1)</script></svg>",
    "<svg onload=alert(1)>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror=x>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<style>@import url(https://evil.example/x.css)</style>",
    "<div style='background:url(https://evil.example/x)'>x</div>",
    "<table background=https://evil.example/x><tr><td>x</table>",
    "<body background=https://evil.example/x onload=alert(1)>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example>",
    "<form action=https://evil.example><input name=password><button>x</button></form>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=x></object><embed src=x>",
    "<video src=https://evil.example/x autoplay></video>",
    "<template><script>alert(1)</script></template>",
    "<textarea><script>alert(1)</script></textarea>",
    "<xmp><script>alert(1)</script></xmp>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><x:script xmlns:x='x'>alert(1)</x:script>",
    "<a href=x ping=https://evil.example>x</a>",
    "<img srcset='https://evil.example/x 1x' src=cid:a>",
    "<p><a title='&lt;/a>&lt;img src=x onerror=alert(1)>'>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=CID:a onerror=x>",
    "<math><mi><table><mglyph><title><img src onerror=alert(1)></title></mglyph></table></mi>",
    "<svg><title><![CDATA[</title><img src onerror=alert(1)>]]></title></svg>",
    "<svg><desc><noscript><style></noscript><img src onerror=alert(1)></style></desc></svg>",
    "<math><annotation-xml encoding='text/html'><style><img src onerror=alert(1)></style>",
    "<select><style></select><img src=x onerror=alert(1)></style>",
    "<a href='https://x.example/' style='x:expression(alert(1))' target=_top>x</a>",
    "<dialog open><p popover onbeforetoggle=alert(1)>x</dialog>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
]


@pytest.mark.parametrize("html", ACTIVE)
def test_a90_nothing_active_or_remote_remains(html):
    assert foreign_in(sanitised(html)) == []
    # What a second reading of the result would make of it must be as harmless (mXSS).
    assert foreign_in(sanitised(sanitised(html))) == []


def test_a90_what_is_good_for_a_reader_is_kept():
    html = (
        '<table border="1"><tr><th>a</th><td colspan="2">b</td></tr></table>'
        '<ul><li>one</li></ul><a href="https://x.example/?q=1&amp;r=2">link</a>'
        '<img src="cid:logo@x" alt="logo"><blockquote type="cite">said</blockquote>'
    )
    kept = sanitised(html)
    for piece in ('colspan="2"', "<li>one</li>", 'href="https://x.example/?q=1&amp;r=2"',
                  'src="cid:logo@x"', '<blockquote type="cite">'):  # fmt: skip
        assert piece in kept


def test_the_inspector_of_these_tests_is_not_blind():
    assert foreign_in("<script>x</script>") == ["script"]
    assert foreign_in('<img src="https://x">') == ["img src=https://x"]
    assert foreign_in("<p onclick=x><!-- c -->") == ["p onclick", "comment  c "]
    assert foreign_in_tree("<svg><p onclick=x>") == ["svg", "p onclick"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>", "  * one\n  * two"),
        ("a&nbsp;&lt;b&gt; &amp; c", "a <b> & c"),
        ("<style>p{}</style><title>t</title><script>x()</script>words", "words"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a  b"),
        ("<div>Ж</div>", "Ж"),
        ("", ""),
        ("<br>", ""),
        ("no markup at all", "no markup at all"),
    ],
)
def test_words_of_html_are_what_a_reader_sees(html, text):
    assert text_from_html(html) == text


def test_deep_tables_lose_no_words():
    html = "<table><tr><td>x" * 60 + "deep words" + "</table>" * 60
    assert "deep words" in text_from_html(html)


@pytest.mark.parametrize("depth", [HTML_DEPTH_MAX, HTML_DEPTH_MAX + 1, 300, 3000])
def test_words_survive_on_both_sides_of_the_bound_of_nesting(depth):
    html = "<div>" * depth + "deep <b>words</b>" + "</div>" * depth
    assert "deep words" in " ".join(text_from_html(html).split())
    assert foreign_in(sanitised(html)) == []
    assert "words" in sanitised(html)


def test_a89_html_past_the_bound_of_size_is_cut():
    html = "<p>a</p>" + "x" * HTML_CHARS_MAX + "<script>alert(1)</script>"
    assert len(text_from_html(html)) <= HTML_CHARS_MAX
    assert foreign_in(sanitised(html)) == []


def test_the_stripped_text_of_bombs_has_no_code():
    html = "<div>" * 300 + "<!-- x --><style>p{}</style><script>x()</script>words<!-- open"
    assert text_from_html(html) == "words"
