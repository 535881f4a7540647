"""Documents for tests: builders, strategies over the schema, and what HTML and blocks say."""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

from hypothesis import strategies as st

from content.rendering import Picture
from content.rendering.schema import MOST_CAPTION, TONES

Made = dict[str, Any]

ASSET = "0190a000-0000-7000-8000-00000000000a"
OTHER_ASSET = "0190a000-0000-7000-8000-00000000000b"
MISSING_ASSET = "0190a000-0000-7000-8000-00000000000c"
ARTICLE = "0190a000-0000-7000-8000-000000000001"
FILE = f"/media/{'0a' * 16}.jpg"
SMALLER = f"/media/{'0b' * 16}.jpg"
PICTURES = {
    ASSET: Picture(ASSET, FILE, ((SMALLER, 480), (FILE, 1600)), 1600, 900),
    OTHER_ASSET: Picture(OTHER_ASSET, SMALLER, (), 480, 270),
}
# What the renderers put in of their own.
_LABELS = frozenset({"callout-label", "picture-missing-label"})
_VOID = frozenset({"br", "img"})


def doc(*blocks: Made) -> Made:
    return {"type": "doc", "content": list(blocks)}


def text(words: str, *marks: Made) -> Made:
    return {"type": "text", "text": words} | ({"marks": list(marks)} if marks else {})


def link(href: str) -> Made:
    return {"type": "link", "attrs": {"href": href}}


def paragraph(*inside: Made | str) -> Made:
    content = [text(one) if isinstance(one, str) else one for one in inside]
    return {"type": "paragraph", "content": content} if content else {"type": "paragraph"}


def heading(words: str, level: int = 2) -> Made:
    return {"type": "heading", "attrs": {"level": level}, "content": [text(words)]}


def bullets(*items: str) -> Made:
    inside = [{"type": "listItem", "content": [paragraph(item)]} for item in items]
    return {"type": "bulletList", "content": inside}


def image(alt: str = "屋顶上的光伏板", caption: str = "", asset_id: str = ASSET) -> Made:
    return {"type": "image", "attrs": {"assetId": asset_id, "alt": alt, "caption": caption}}


def placeholder(origin: str = "https://mmbiz.example/a.png") -> Made:
    return {"type": "imagePlaceholder", "attrs": {"origin": origin, "alt": ""}}


def callout(words: str, tone: str = "tip") -> Made:
    return {"type": "callout", "attrs": {"tone": tone}, "content": [paragraph(words)]}


def table(*rows: Sequence[str]) -> Made:
    """A table whose first row is of headers."""
    made = [
        {"type": "tableRow", "content": [_cell("tableCell" if at else "tableHeader", cell) for cell in row]}
        for at, row in enumerate(rows)
    ]
    return {"type": "table", "content": made}


def _cell(kind: str, words: str) -> Made:
    return {"type": kind, "attrs": {"colspan": 1, "rowspan": 1}, "content": [paragraph(words)]}


class _Said(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[bool] = []  # whether what is open, and all around it, says something of the document

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            ours = _LABELS.isdisjoint((dict(attrs).get("class") or "").split())
            self._open.append(ours and (not self._open or self._open[-1]))
        elif tag == "br":
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1]:
            self.said.append(data)


def said_by_html(html: str) -> str:
    """The words of HTML, without the labels that the renderer puts in."""
    reader = _Said()
    reader.feed(html)
    reader.close()
    return "".join(reader.said)


def tags_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """Each element of HTML with its attributes."""
    reader = _Said()
    reader.feed(html)
    reader.close()
    return reader.tags


def said_by_blocks(blocks: Sequence[Made]) -> str:
    """The words of blocks, without labels, and without the rows of links, which say again what is above."""
    said: list[str] = []
    for block in blocks:
        if block["type"] in ("text", "table"):
            said += [_said_by_node(node) for node in block["nodes"]]
        elif block["type"] != "link":
            said.append(block["caption"])
    return "\n".join(said)


def _said_by_node(node: Made) -> str:
    if node.get("type") == "text":
        return str(node["text"]).replace("&amp;", "&")
    if not _LABELS.isdisjoint(node.get("attrs", {}).get("class", "").split()):
        return ""
    return "\n" if node["name"] == "br" else "".join(map(_said_by_node, node["children"]))


def squeezed(said: str) -> str:
    """A text without any of its spaces."""
    return "".join(said.split())


# Letters that break careless renderers, beside Chinese, and any that JSON and a database can hold.
_TRICKY = st.sampled_from(
    [
        *(
            "<script>",
            "</p>",
            "&amp;",
            "&",
            "<",
            ">",
            '"',
            "'",
            "&lt;b&gt;",
            "&#60;",
            "]]>",
            "<!--",
            "javascript:",
        ),
        *("\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u2028", "\u00a0", "\u3000", "\x85", "\n", "\t"),
        *("\U0001f600", "\U0001f468\u200d\U0001f469", "e\u0301", "\U00020000"),
    ]
)
_LETTERS = st.characters(
    exclude_categories=("Cs",),
    exclude_characters="".join(map(chr, [*range(9), 11, 12, *range(14, 32), 127])) + "\ufffe\uffff",
)
words = st.lists(
    st.one_of(
        st.text("低碳示范区热泵光伏，。；！？、“”（）的在是了一二三abc 123", min_size=1, max_size=12),
        _TRICKY,
        st.text(_LETTERS, min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=5,
).map("".join)
hrefs = st.sampled_from(
    [
        "https://www.gov.cn/zhengce?a=1&b=2#c",
        "https://xn--fsqu00a.xn--fiqs8s/",
        "https://a.example:8443/x",
        f"article:{ARTICLE}",
        f"site:{ARTICLE}",
    ]
)
marks = st.lists(
    st.one_of(st.just({"type": "bold"}), st.just({"type": "italic"}), hrefs.map(link)),
    max_size=3,
    unique_by=lambda mark: mark["type"],
)


def _optional(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Made]:
    """An attribute, or nothing."""
    return st.one_of(st.just({}), values.map(lambda value: {"attrs": {name: value}}))


_texts = st.builds(lambda said, with_marks: text(said, *with_marks), words, marks)
_breaks = st.one_of(
    st.just({"type": "hardBreak"}), st.just({"type": "hardBreak", "marks": [{"type": "bold"}]})
)
_inline = st.lists(st.one_of(_texts, _texts, _texts, _breaks), max_size=4)
paragraphs = _inline.map(lambda inside: paragraph(*inside))
headings = st.builds(
    lambda level, inside: {"type": "heading", "attrs": {"level": level}, "content": inside},
    st.integers(2, 3),
    _inline,
)


def _lists(flow: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    items = st.lists(
        st.builds(
            lambda first, rest: {"type": "listItem", "content": [first, *rest]},
            paragraphs,
            st.lists(flow, max_size=2),
        ),
        min_size=1,
        max_size=3,
    )
    numbered = st.builds(
        lambda inside, start: {"type": "orderedList", "content": inside} | start,
        items,
        _optional("start", st.integers(0, 9_999)),
    )
    return st.one_of(items.map(lambda inside: {"type": "bulletList", "content": inside}), numbered)


# Twice nested lists end well above the greatest depth.
flow = st.one_of(paragraphs, _lists(st.one_of(paragraphs, _lists(paragraphs))))
_flows = st.lists(flow, min_size=1, max_size=3)
quotes = _flows.map(lambda inside: {"type": "blockquote", "content": inside})
callouts = st.builds(
    lambda inside, tone: {"type": "callout", "content": inside} | tone,
    _flows,
    _optional("tone", st.sampled_from(TONES)),
)
images = st.builds(
    image,
    alt=words.map(lambda said: said[:60]),
    caption=st.one_of(st.just(""), words.map(lambda said: said[:MOST_CAPTION])),
    asset_id=st.sampled_from([ASSET, OTHER_ASSET, MISSING_ASSET]),
)
placeholders = st.sampled_from([placeholder(), placeholder(""), placeholder("javascript:alert(1)")])


@st.composite
def tables(draw: st.DrawFn) -> Made:
    """A table of at most 4 × 4, with cells over several columns or rows."""
    rows = draw(st.integers(1, 4))
    made = []
    for row in range(rows):
        cells = []
        for _ in range(draw(st.integers(0 if row else 1, 3))):
            attrs = draw(
                st.sampled_from([{}, {"colspan": 2}, {"rowspan": rows - row}, {"colspan": 1, "rowspan": 1}])
            )
            kind = draw(st.sampled_from(["tableHeader", "tableCell"]))
            cells.append({"type": kind, "content": draw(_flows)} | ({"attrs": attrs} if attrs else {}))
        made.append({"type": "tableRow", "content": cells})
    return {"type": "table", "content": made}


blocks = st.one_of(paragraphs, paragraphs, headings, flow, quotes, callouts, images, placeholders, tables())
documents = st.lists(blocks, max_size=6).map(lambda inside: doc(*inside))
# Any JSON, to be refused or found to be a document.
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["type", "attrs", "content", "marks", "text", "level", "href", "__proto__"]),
            st.one_of(inner, st.sampled_from(["doc", "paragraph", "text", "image", "table", "iframe"])),
            max_size=4,
        ),
    ),
    max_leaves=20,
)
