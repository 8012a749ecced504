"""Two more parsers over sanitised HTML, with an allow-list of their own.

One reads tag by tag, as a filter on the way might; the other builds the tree that a browser
builds, so that what only becomes active by being moved about in a tree (mXSS) is seen.
"""

from __future__ import annotations

from html.parser import HTMLParser

from selectolax.lexbor import LexborHTMLParser

TAGS = frozenset(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col "
    "colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 "
    "header hr i img ins kbd li main mark nav ol p pre q s samp section small span strike "
    "strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)
ATTRIBUTES = frozenset(
    "align alt bgcolor border cellpadding cellspacing color colspan dir face height href lang "
    "rel reversed rowspan scope size span src start title type valign value width".split()
)
BUILT = frozenset("html head body -text -comment".split())  # a tree has these in any case
LINKS = ("http://", "https://", "mailto:", "tel:", "cid:")


class Inspector(HTMLParser):
    """A second parser over sanitised HTML: collects whatever is not on the list."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.foreign: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.foreign += foreign_in_tag(tag, attrs)

    def handle_comment(self, data):
        self.foreign.append(f"comment {data}")

    def handle_decl(self, decl):
        self.foreign.append(f"declaration {decl}")

    def handle_pi(self, data):
        self.foreign.append(f"instruction {data}")


def foreign_in_tag(tag: str, attrs) -> list[str]:
    """What of one element is not on the list."""
    foreign = [] if tag in TAGS else [tag]
    for name, value in attrs:
        target = (value or "").lower().strip()
        if name not in ATTRIBUTES:
            foreign.append(f"{tag} {name}")
        if name == "src" and not target.startswith("cid:"):
            foreign.append(f"{tag} {name}={target}")
        if name == "href" and not target.startswith(LINKS):
            foreign.append(f"{tag} {name}={target}")
    return foreign


def foreign_in(html: str) -> list[str]:
    """Whatever in ``html`` is not on the list: empty for harmless HTML."""
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.foreign or foreign_in_tree(html)


def foreign_in_tree(html: str) -> list[str]:
    """The same for the tree a browser would build."""
    root = LexborHTMLParser(html).root
    nodes = root.traverse(include_text=False) if root is not None else ()
    return [
        found
        for node in nodes
        if node.tag not in BUILT or node.attributes
        for found in foreign_in_tag(node.tag, node.attributes.items())
    ]
