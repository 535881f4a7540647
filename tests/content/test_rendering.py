"""A document as HTML, as blocks and as text: the three say the same, and nothing in them does harm."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from content.rendering import (
    Heading,
    Picture,
    anchor,
    asset_ids,
    blockers,
    characters,
    first_words,
    host_allowed,
    link_targets,
    outline,
    to_blocks,
    to_html,
    to_text,
    validate,
)
from content.rendering.blocks import BLOCK_TYPES, RICH_TEXT_ATTRIBUTES, RICH_TEXT_TAGS
from tests.support.documents import (
    ARTICLE,
    ASSET,
    FILE,
    MISSING_ASSET,
    OTHER_ASSET,
    PICTURES,
    SMALLER,
    Made,
    bullets,
    callout,
    doc,
    documents,
    heading,
    image,
    link,
    paragraph,
    placeholder,
    said_by_blocks,
    said_by_html,
    squeezed,
    table,
    tags_of,
    text,
)

pytestmark = pytest.mark.once

GOLDEN = Path(__file__).parent / "golden"
PAGES = {f"article:{ARTICLE}": "/articles/1"}
# What the component's page says it accepts, of what could be of use to a text.
ACCEPTED_BY_WECHAT = {
    *("a", "abbr", "b", "blockquote", "br", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt", "em"),
    *("fieldset", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "label", "legend", "li", "ol"),
    *("p", "q", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
}
ATTRIBUTES_IN_HTML = {
    *("lang", "class", "id", "start", "href", "rel", "role", "aria-label", "tabindex", "scope", "colspan"),
    *("rowspan", "src", "srcset", "sizes", "alt", "width", "height", "loading", "decoding"),
}
BLOCK_KEYS: dict[str, set[str]] = {
    "text": {"type", "block", "nodes"},
    "table": {"type", "block", "nodes", "rows", "columns"},
    "image": {"type", "block", "src", "srcset", "alt", "caption", "width", "height"},
    "link": {"type", "block", "text", "href", "target"},
    "placeholder": {"type", "block", "origin", "caption"},
}


def check_html(html: str) -> None:
    """Nothing is in it that the renderer does not make, and what is in it leads nowhere it should not."""
    for tag, attributes in tags_of(html):
        assert tag in RICH_TEXT_TAGS | {"article", "a", "figure", "figcaption", "img"}
        assert attributes.keys() <= ATTRIBUTES_IN_HTML
        if tag == "img":
            assert re.fullmatch(r"/media/[0-9a-f]{32}\.jpg", attributes["src"] or "")
            assert attributes["alt"] is not None
            assert attributes["loading"] == "lazy"
        if tag == "a":
            assert re.match(r"https://[a-z0-9]|/articles/1$|$", attributes.get("href") or "")
            assert attributes["rel"] == "noopener noreferrer"


def check_blocks(blocks: list[Made], document: Made) -> None:
    """A mini-program can show every one of them."""
    json.dumps(blocks, allow_nan=False).encode()
    for block in blocks:
        assert block["type"] in BLOCK_TYPES
        assert block.keys() - {"id"} == BLOCK_KEYS[block["type"]]
        assert 0 <= block["block"] < len(document["content"])
        for node in block.get("nodes", ()):
            check_node(node)
    assert [block["block"] for block in blocks] == sorted(block["block"] for block in blocks)


def check_node(node: Made) -> None:
    if node.get("type") == "text":
        assert node.keys() == {"type", "text"}
        assert node["text"]
        assert not re.search(r"&(?!amp;)", node["text"])
        return
    assert node.keys() <= {"name", "attrs", "children"}
    assert node["name"] in RICH_TEXT_TAGS
    assert node.get("attrs", {}).keys() <= RICH_TEXT_ATTRIBUTES
    assert all(isinstance(value, str) and value for value in node.get("attrs", {}).values())
    for child in node.get("children", ()):
        check_node(child)


@given(documents)
def test_html_blocks_and_text_say_the_same(document: Made) -> None:
    said = squeezed(to_text(document))
    assert squeezed(said_by_html(to_html(document, PICTURES, PAGES))) == said
    assert squeezed(said_by_blocks(to_blocks(document, PICTURES))) == said


@given(documents)
def test_whatever_is_written_is_harmless_and_can_be_shown(document: Made) -> None:
    check_html(to_html(document, PICTURES, PAGES))
    check_html(to_html(document, {}))
    check_blocks(to_blocks(document, PICTURES), document)
    check_blocks(to_blocks(document, {}), document)


@given(documents)
def test_nothing_that_is_told_of_a_document_raises(document: Made) -> None:
    before = json.dumps(document)
    assert characters(document) <= len(to_text(document))
    assert len(first_words(document, 40)) <= 40
    assert all(heading.text.strip() for heading in outline(document))
    assert set(asset_ids(document)) <= {ASSET, OTHER_ASSET, MISSING_ASSET}
    links = [block for block in to_blocks(document, {}) if block["type"] == "link"]
    assert [(row["href"], row["text"]) for row in links] == [
        (link.href, link.text) for link in link_targets(document)
    ]
    blockers(document, {"gov.cn"})
    assert json.dumps(document) == before


def test_the_lists_of_tags_are_wechats() -> None:
    assert RICH_TEXT_TAGS <= ACCEPTED_BY_WECHAT


EVERYTHING = doc(
    heading("什么是“近零碳” & <零碳>"),
    paragraph(
        "先节能，",
        text("再替代", {"type": "bold"}),
        "，详见",
        text("国务院", link("https://www.gov.cn/a?b=1&c=2")),
        text("网站", {"type": "bold"}, link("https://www.gov.cn/a?b=1&c=2")),
        {"type": "hardBreak"},
        text("热泵", link(f"article:{ARTICLE}")),
        "和",
        text("中医药大学", {"type": "italic"}, link(f"site:{ARTICLE}")),
        "。",
    ),
    paragraph(),
    heading("怎么做", 3),
    bullets("少用", "用好"),
    {"type": "orderedList", "attrs": {"start": 3}, "content": bullets("三", "四")["content"]},
    {"type": "blockquote", "content": [paragraph("COP = 热量 ÷ 电量")]},
    callout("电热毯不要折叠。", "warning"),
    image(alt='屋顶"光伏"', caption="长春某校屋顶"),
    image(alt="", asset_id=MISSING_ASSET),
    placeholder(),
    table(["来源", "好处"], ["空气", "方便 & 便宜"]),
)


def test_the_example_is_as_it_was_looked_at() -> None:
    """A file that is not there is written, and the test fails: look at it, and commit it."""
    validate(EVERYTHING)
    made = {
        "everything.html": to_html(EVERYTHING, PICTURES, PAGES).replace("><", ">\n<") + "\n",
        "everything.txt": to_text(EVERYTHING) + "\n",
        "everything.blocks.json": json.dumps(to_blocks(EVERYTHING, PICTURES), ensure_ascii=False, indent=1)
        + "\n",
    }
    for name, content in made.items():
        path = GOLDEN / name
        if not path.exists():
            path.write_text(content)
            pytest.fail(f"{name} was written: look at it, and commit it")
        assert path.read_text() == content


def test_a_link_is_a_row_of_its_own_behind_what_it_stands_in() -> None:
    blocks = to_blocks(EVERYTHING, PICTURES)
    at = next(place for place, block in enumerate(blocks) if block["type"] == "link")
    assert blocks[at - 1]["block"] == 1
    assert blocks[at : at + 3] == [
        row | {"type": "link", "block": 1}
        for row in (
            {"text": "国务院网站", "href": "https://www.gov.cn/a?b=1&c=2", "target": "web"},
            {"text": "热泵", "href": f"article:{ARTICLE}", "target": "article", "id": ARTICLE},
            {"text": "中医药大学", "href": f"site:{ARTICLE}", "target": "site", "id": ARTICLE},
        )
    ]


def test_a_link_that_leads_to_no_page_of_ours_is_text_in_html() -> None:
    document = doc(paragraph(text("热泵", link(f"article:{ARTICLE}"))))
    assert "<p>热泵</p>" in to_html(document, {})
    assert '<a href="/articles/1" rel="noopener noreferrer">热泵</a>' in to_html(document, {}, PAGES)


def test_the_outline_leads_to_the_ids_of_the_html() -> None:
    assert outline(EVERYTHING) == [Heading(2, "什么是“近零碳” & <零碳>", 0), Heading(3, "怎么做", 3)]
    html = to_html(EVERYTHING, PICTURES)
    assert all(f'id="{anchor(found.block)}"' in html for found in outline(EVERYTHING))


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ("低碳，生活。", 4),
        ("CO2 减少 30%", 4),
        ("R&D、don't、2026-11-30", 4),
        ("低碳app好用", 5),
        ("𠀀〇", 2),
        ("……！？  ", 0),
        ("3.5kW", 1),
    ],
)
def test_the_length_is_counted_as_chinese_editors_count(said: str, length: int) -> None:
    assert characters(doc(paragraph(said))) == length


def test_the_first_words_are_those_of_paragraphs() -> None:
    document = doc(heading("标题"), image(caption="图"), paragraph("第一段，"), paragraph("第二段。"))
    assert first_words(document, 20) == "第一段，第二段。"
    assert first_words(document, 5) == "第一段…"
    assert first_words(document, 0) == "…"
    assert first_words(doc(), 0) == ""


def test_what_is_invisible_is_nowhere_shown() -> None:
    document = doc(paragraph("安全\u202e\u200b文\u2066档\ufeff"), image("甲\u202e乙", "丙\u200f丁"))
    shown = to_html(document, PICTURES) + json.dumps(to_blocks(document, PICTURES), ensure_ascii=False)
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", shown + to_text(document))
    assert "安全文档" in shown
    assert "甲乙" in shown


def test_paragraphs_without_a_word_leave_no_gap() -> None:
    document = doc(paragraph(), paragraph("\u200b "), paragraph({"type": "hardBreak"}), paragraph("一"))
    assert to_blocks(document, {}) == [
        {"type": "text", "block": 3, "nodes": [{"name": "p", "children": [{"type": "text", "text": "一"}]}]}
    ]
    assert to_text(document) == "一"


class TestHostile:
    """Texts that would be code if they were not texts."""

    WRITTEN = (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</p></article><iframe src='javascript:alert(1)'>",
        "{{constructor.constructor('alert(1)')()}}",
        "${alert(1)}",
        "&lt;script&gt;",
        "&#x3c;script&#x3e;",
        '" onmouseover="alert(1)',
        "<!--<script>-->",
        "<![CDATA[<script>]]>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "\u202e<script\u200b>",
    )

    @pytest.mark.parametrize("written", WRITTEN)
    def test_it_is_shown_as_it_was_written(self, written: str) -> None:
        document = doc(
            paragraph(written),
            heading(written),
            bullets(written),
            callout(written),
            table([written], [written]),
            image(alt=written[:100], caption=written[:100]),
            placeholder(written),
        )
        validate(document)
        html = to_html(document, PICTURES)
        check_html(html)
        check_blocks(to_blocks(document, PICTURES), document)
        said = squeezed(re.sub("[\u200b\u202e]", "", written))
        assert squeezed(said_by_html(html)).count(said) == 7
        assert squeezed(said_by_blocks(to_blocks(document, PICTURES))).count(said) == 7

    def test_the_second_line_holds_where_the_first_would_not(self) -> None:
        """Documents that were never checked, as if the schema had a hole."""
        document: Any = doc(
            paragraph(text("一", link("javascript:alert(1)")), text("二", link('https://a.cn" onclick="x'))),
            {
                "type": "heading",
                "attrs": {"level": "2><script>alert(1)</script><h2"},
                "content": [text("三")],
            },
            {"type": "callout", "attrs": {"tone": "info"}, "content": [paragraph("四")]},
        )
        html = to_html(document, {}, {f"article:{ARTICLE}": "//evil.example/"})
        check_html(html)
        assert squeezed(said_by_html(html)) == "一二三四"

    def test_a_page_that_is_not_ours_is_no_address(self) -> None:
        document = doc(paragraph(text("一", link(f"article:{ARTICLE}"))))
        for address in ("//evil.example/", "javascript:alert(1)", "/\\evil.example", '/x" onclick="y'):
            html = to_html(document, {}, {f"article:{ARTICLE}": address})
            assert all(not attributes.get("href") for tag, attributes in tags_of(html) if tag == "a")

    @pytest.mark.parametrize(
        "address",
        [
            *(
                "https://evil.example/a.jpg",
                "//evil.example/a.jpg",
                "/media/../a.jpg",
                "data:image/png;base64,x",
            ),
            *(f"/media/{'0a' * 16}.svg", f"{FILE}?x", f"{FILE}\n", f"x{FILE}"),
        ],
    )
    def test_only_pictures_of_our_own_store_are_shown(self, address: str) -> None:
        with pytest.raises(ValueError, match="not a picture of ours"):
            Picture(ASSET, address, (), 1, 1)
        with pytest.raises(ValueError, match="not a picture of ours"):
            Picture(ASSET, FILE, ((SMALLER, 1), (address, 2)), 1, 1)


class TestBlockers:
    def test_a_finished_text_has_none(self) -> None:
        finished = doc(paragraph("一", text("二", link("https://www.jl.gov.cn/x"))), image())
        assert blockers(finished, {"gov.cn"}) == []

    def test_each_is_named_with_its_place(self) -> None:
        document = doc(
            paragraph("一"),
            image(alt="  "),
            placeholder(),
            paragraph(text("百科", link("https://wiki.example/x"))),
        )
        found = [(blocker.code, blocker.block, blocker.params) for blocker in blockers(document, {"gov.cn"})]
        assert found == [
            ("content.alt_missing", 1, {"block": 2}),
            ("content.picture_missing", 2, {"block": 3}),
            ("content.link_host", 3, {"block": 4, "host": "wiki.example", "text": "百科"}),
        ]

    def test_a_table_without_a_word_is_named_and_one_with_a_word_is_not(self) -> None:
        document = doc(paragraph("一"), table(("", " \u200b"), ("", "")), table(("", ""), ("", "二")))
        found = [(blocker.code, blocker.block, blocker.params) for blocker in blockers(document, set())]
        assert found == [("content.table_empty", 1, {"block": 2})]

    @pytest.mark.parametrize(
        "document", [doc(), doc(paragraph()), doc(paragraph(" \u200b")), doc(image(), callout("\u200b"))]
    )
    def test_a_text_without_a_word_is_empty(self, document: Made) -> None:
        assert "content.body_empty" in [blocker.code for blocker in blockers(document, set())]

    @pytest.mark.parametrize(
        ("host", "allowed"),
        [
            ("gov.cn", True),
            ("www.Jl.GOV.cn", True),
            ("mygov.cn", False),
            ("gov.cn.evil.example", False),
            ("cn", False),
        ],
    )
    def test_a_host_and_those_below_it_are_allowed(self, host: str, allowed: bool) -> None:
        assert host_allowed(host, {"gov.cn"}) is allowed
