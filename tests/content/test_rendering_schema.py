"""What is a document and what is not: whatever comes in, it is taken or refused by name and place."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from content.rendering import DocumentRefused, normalised, to_blocks, to_html, to_text, validate
from content.rendering.schema import MOST_CHARACTERS, NODES
from miniprogram_api.web.messages import text as message
from tests.support.documents import (
    ARTICLE,
    ASSET,
    Made,
    bullets,
    callout,
    doc,
    documents,
    heading,
    image,
    json_values,
    link,
    paragraph,
    placeholder,
    table,
    text,
    words,
)

pytestmark = pytest.mark.once


def refused(document: object) -> list[tuple[str, str]]:
    """The places and codes of what is wrong, which must have texts that can be told."""
    with pytest.raises(DocumentRefused) as caught:
        validate(document)
    assert caught.value.fields
    for field in caught.value.fields:
        told = message(field.code, field.params, english=False)
        assert "…" not in told, told
        json.dumps([field.field, field.code, field.params, told], allow_nan=False).encode()
        told.encode()
    return [(field.field, field.code.removeprefix("content.document_")) for field in caught.value.fields]


@given(documents)
def test_every_document_of_the_schema_is_taken(document: Made) -> None:
    validate(document)


def test_the_smallest_documents_are_taken() -> None:
    validate({"type": "doc"})
    validate({"type": "doc", "content": []})
    validate(doc({"type": "paragraph"}))


@given(json_values)
def test_any_json_is_taken_or_refused(value: Any) -> None:
    try:
        validate(value)
    except DocumentRefused:
        return
    to_html(value, {}), to_blocks(value, {}), to_text(value)


@given(documents, st.data())
def test_a_document_with_one_foreign_thing_in_it_is_refused(document: Made, data: st.DataObject) -> None:
    document = json.loads(json.dumps(document))  # its own: what is drawn may be drawn again
    nodes = [node for node in _nodes(document) if node is not document]
    assume(nodes)
    node = data.draw(st.sampled_from(nodes))
    change: Callable[[Made], None] = data.draw(
        st.sampled_from(
            [
                lambda node: node.update(type="iframe"),
                lambda node: node.update(type=None),
                lambda node: node.update(type="doc"),
                lambda node: node.update(onclick="alert(1)"),
                lambda node: node.update(attrs=(node.get("attrs") or {}) | {"style": "color:red"}),
                lambda node: node.update(attrs=[1]),
                lambda node: node.update(marks=[{"type": "textStyle"}]),
                lambda node: node.update(content="text" if node["type"] != "text" else [1]),
            ]
        )
    )
    change(node)
    refused(document)


def _nodes(node: Made) -> list[Made]:
    return [node, *(found for child in node.get("content", ()) for found in _nodes(child))]


def _list_item(inside: Made) -> Made:
    return {"type": "bulletList", "content": [{"type": "listItem", "content": [paragraph("一"), inside]}]}


def _nested(times: int) -> Made:
    node = paragraph("底")
    for _ in range(times):
        node = _list_item(node)
    return doc(node)


def _linked(href: Any) -> Made:
    return doc(paragraph(text("这里", {"type": "link", "attrs": {"href": href}})))


def _table(rows: int, columns: int, **attrs: int) -> Made:
    cell = {"type": "tableCell", "attrs": attrs, "content": [paragraph()]}
    return doc({"type": "table", "content": [{"type": "tableRow", "content": [cell] * columns}] * rows})


def _one_cell(inside: Made) -> Made:
    row = {"type": "tableRow", "content": [{"type": "tableCell", "content": [inside]}]}
    return {"type": "table", "content": [row]}


WRONG = {
    "no mapping": ("doc", [("", "type")]),
    "nothing": (None, [("", "type")]),
    "a list": ([], [("", "type")]),
    "another type": ({"type": "paragraph"}, [("", "type")]),
    "an unknown node": (doc(paragraph("一"), {"type": "iframe"}), [("content[1]", "node")]),
    "a node of raw HTML": (doc({"type": "html", "html": "<script>"}), [("content[0]", "node")]),
    "a prototype": (
        doc({"type": "__proto__"}, {"type": "constructor"}),
        [("content[0]", "node"), ("content[1]", "node")],
    ),
    "an attribute named as a prototype": (
        doc(heading("一") | {"attrs": {"level": 2, "__proto__": {"x": 1}}}),
        [("content[0].attrs.__proto__", "attribute")],
    ),
    "an event handler": (
        doc(paragraph() | {"attrs": {"onclick": "x"}}),
        [("content[0].attrs.onclick", "attribute")],
    ),
    "a style": (
        doc(paragraph() | {"attrs": {"textAlign": None}}),
        [("content[0].attrs.textAlign", "attribute")],
    ),
    "a first heading": (doc(heading("一", 1)), [("content[0].attrs.level", "value")]),
    "a level of text": (
        doc(heading("一") | {"attrs": {"level": "2"}}),
        [("content[0].attrs.level", "value")],
    ),
    "a level that is true": (
        doc(heading("一") | {"attrs": {"level": True}}),
        [("content[0].attrs.level", "value")],
    ),
    "a level that is no number": (
        doc(heading("一") | {"attrs": {"level": math.nan}}),
        [("content[0].attrs.level", "value")],
    ),
    "a huge level": (
        doc(heading("一") | {"attrs": {"level": 10**5000}}),
        [("content[0].attrs.level", "value")],
    ),
    "no level": (doc({"type": "heading"}), [("content[0].attrs.level", "value")]),
    "a number for a text": (doc(paragraph(text(5))), [("content[0].content[0].text", "text")]),  # type: ignore[arg-type]
    "an empty text": (doc(paragraph("")), [("content[0].content[0].text", "text")]),
    "a text without text": (doc(paragraph({"type": "text"})), [("content[0].content[0].text", "text")]),
    "a null byte": (doc(paragraph("一\x00二")), [("content[0].content[0].text", "letters")]),
    "half a surrogate": (doc(paragraph("一\ud83d")), [("content[0].content[0].text", "letters")]),
    "a noncharacter": (doc(paragraph("\ufffe")), [("content[0].content[0].text", "letters")]),
    "a bell in an alt": (doc(image("\x07")), [("content[0].attrs.alt", "value")]),
    "half a surrogate as a name": (doc({"type": "\ud800"}), [("content[0]", "node")]),
    "text outside a paragraph": (doc(text("一")), [("content[0]", "nesting")]),
    "a paragraph in a paragraph": (doc(paragraph(paragraph("一"))), [("content[0].content[0]", "nesting")]),
    "a picture in a list": (doc(_list_item(image())), [("content[0].content[0].content[1]", "nesting")]),
    "a table in a table": (
        doc(_one_cell(table(["一"]))),
        [("content[0].content[0].content[0].content[0]", "nesting")],
    ),
    "a document in a document": (doc(doc()), [("content[0]", "nesting")]),
    "an item that begins with a list": (
        doc({"type": "bulletList", "content": [{"type": "listItem", "content": [bullets("一")]}]}),
        [("content[0].content[0].content[0]", "nesting")],
    ),
    "a list without items": (doc({"type": "bulletList"}), [("content[0]", "empty_node")]),
    "a table without rows": (doc({"type": "table", "content": []}), [("content[0]", "empty_node")]),
    "an unknown mark": (
        doc(paragraph(text("一", {"type": "textStyle"}))),
        [("content[0].content[0].marks[0]", "mark")],
    ),
    "a mark twice": (
        doc(paragraph(text("一", {"type": "bold"}, {"type": "bold"}))),
        [("content[0].content[0].marks[1]", "mark")],
    ),
    "marks that are none": (
        doc(paragraph(text("一") | {"marks": "bold"})),
        [("content[0].content[0].marks", "shape")],
    ),
    "a mark that is a text": (
        doc(paragraph(text("一") | {"marks": ["bold"]})),
        [("content[0].content[0].marks[0]", "mark")],
    ),
    "an attribute of a mark": (
        doc(paragraph(text("一", {"type": "link", "attrs": {"href": "https://a.cn", "target": "_blank"}}))),
        [("content[0].content[0].marks[0].attrs.target", "attribute")],
    ),
    "a marked paragraph": (doc(paragraph() | {"marks": []}), [("content[0]", "attribute")]),
    "content that is a mapping": (
        doc(paragraph() | {"content": {"0": 1}}),
        [("content[0].content", "shape")],
    ),
    "a node that is a list": (doc([paragraph()]), [("content[0]", "shape")]),  # type: ignore[arg-type]
    "a node that is nothing": (doc(None), [("content[0]", "shape")]),  # type: ignore[arg-type]
    "an asset that is an address": (
        doc(image(asset_id="https://a.cn/x.png")),
        [("content[0].attrs.assetId", "value")],
    ),
    "an asset in capitals": (doc(image(asset_id=ASSET.upper())), [("content[0].attrs.assetId", "value")]),
    "a picture without asset": (doc({"type": "image"}), [("content[0].attrs.assetId", "value")]),
    "a picture with an address": (
        doc(image() | {"attrs": {"assetId": ASSET, "src": "x"}}),
        [("content[0].attrs.src", "attribute")],
    ),
    "an alt too long": (doc(image("一" * 121)), [("content[0].attrs.alt", "value")]),
    "a tone that is none": (doc(callout("一", "danger")), [("content[0].attrs.tone", "value")]),
    "a tone that is a list": (
        doc(callout("一") | {"attrs": {"tone": []}}),
        [("content[0].attrs.tone", "value")],
    ),
    "a wide table": (_table(1, 13), [("content[0]", "table")]),
    "a table widened by one cell": (_table(1, 2, colspan=7), [("content[0]", "table")]),
    "a table widened by cells from above": (
        _table(2, 7, rowspan=2),
        [("content[0]", "table"), ("content[0].content[1]", "value")],
    ),
    "a long table": (_table(101, 1), [("content[0]", "table")]),
    "a cell that ends below the table": (_table(1, 1, rowspan=2), [("content[0].content[0]", "value")]),
    "a cell of no width": (
        _table(1, 1, colspan=0),
        [("content[0].content[0].content[0].attrs.colspan", "value")],
    ),
    "a list that begins below none": (
        doc({"type": "orderedList", "attrs": {"start": -1}, "content": bullets("一")["content"]}),
        [("content[0].attrs.start", "value")],
    ),
    "lists too deep": (_nested(6), [("", "depth")] * 2),
    "too many blocks": (doc(*[paragraph()] * 2_001), [("", "blocks")]),
    "too many letters": (doc(*[paragraph("一" * 1_001)] * (MOST_CHARACTERS // 1_000)), [("", "characters")]),
    "too many bytes": (
        doc(paragraph("一" * 50), placeholder("x" * 500), *[placeholder("一" * 500)] * 400),
        [("", "size")],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_document_is_refused_by_name_and_place(name: str) -> None:
    document, expected = WRONG[name]
    found = refused(document)
    assert [code for _, code in found] == [code for _, code in expected]
    if expected[0][1] != "depth":
        assert [place for place, _ in found] == [place for place, _ in expected]


HREFS_REFUSED = [
    "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
    "data:text/html,x", "vbscript:x", "http://www.gov.cn", "mailto:a@b.cn", "tel:10086", "//evil.example",
    "/console/", "", "#top", "www.gov.cn",
    "https://", "https:///x", "https:\\\\evil.example", "https://gov.cn@evil.example/", "https://gov.cn:pw@evil.example",
    "https://gov.cn\\@evil.example", "https://gov.cn/\u202egpj.exe", "https://gov.cn/a b", "https://gov.cn/\"onclick=x",
    "https://gov.cn/<script>", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://localhost/",
    "https://-a.cn/", "https://a..cn/", "https://gov.cn/\x00", "https://gov.cn/" + "a" * 500,
    f"article:{ARTICLE}x", "article:1", f"Article:{ARTICLE}", f"user:{ARTICLE}", f"article:{ARTICLE}\n",
    "weixin://dl/x", "https\u202e://gov.cn", None, 5, [], {},
]  # fmt: skip


@pytest.mark.parametrize("href", HREFS_REFUSED, ids=lambda href: ascii(href)[-50:])
def test_a_link_leads_to_the_web_an_article_or_a_site_and_nowhere_else(href: object) -> None:
    assert refused(_linked(href)) == [("content[0].content[0].marks[0].attrs.href", "link")]


@pytest.mark.parametrize(
    "href",
    [
        "https://www.gov.cn",
        "https://www.gov.cn/",
        "HTTPS://WWW.GOV.CN/x?y=1&z=%E7%A2%B3#q",
        "https://xn--fiqs8s.cn:443/中文",
        f"article:{ARTICLE}",
        f"site:{ARTICLE}",
    ],
)
def test_a_link_to_the_web_an_article_or_a_site_is_taken(href: str) -> None:
    validate(_linked(href))


def test_the_refusal_says_in_chinese_which_paragraph_holds_what() -> None:
    with pytest.raises(DocumentRefused) as caught:
        validate(doc(paragraph("一"), paragraph("二"), {"type": "iframe"}))
    (field,) = caught.value.fields
    assert (
        message(field.code, field.params, english=False)
        == "第 3 段里有不能使用的内容：iframe。请删除后再保存。"
    )


def test_a_hostile_name_is_told_short_and_harmless() -> None:
    with pytest.raises(DocumentRefused) as caught:
        validate(doc({"type": "\u202e\x00\ud800" + "x" * 1_000_00}))
    (field,) = caught.value.fields
    assert field.params["name"] == "???" + "x" * 37


def test_at_most_ten_places_are_told() -> None:
    assert len(refused(doc(*[{"type": "iframe"}] * 500))) == 10


def test_a_nesting_of_a_hundred_thousand_is_refused() -> None:
    node: Made = paragraph("底")
    for _ in range(100_000):
        node = {"type": "blockquote", "content": [node]}
    assert refused(doc(node)) == [("", "depth")]


def test_a_million_nodes_are_refused_unread() -> None:
    assert refused(doc(*[{"type": "iframe"}] * 1_000_000)) == [("", "size")]
    assert refused({"type": "doc", "attrs": dict.fromkeys(map(str, range(1_000_000)))}) == [("", "size")]


def test_a_document_that_holds_itself_is_refused() -> None:
    document = doc()
    document["content"].append({"type": "blockquote", "content": document["content"]})
    assert refused(document) == [("", "depth")]


def test_parts_that_stand_many_times_count_each_time() -> None:
    part: list[Any] = [text("一")]
    for _ in range(14):
        part = [part] * 10
    assert refused({"type": "doc", "content": part}) == [("", "size")]


@given(words)
def test_any_text_of_people_is_taken(said: str) -> None:
    validate(doc(paragraph(said)))


@given(documents)
def test_the_one_spelling_says_the_same_and_is_one(document: Made) -> None:
    once = normalised(document)
    validate(once)
    assert normalised(once) == once
    assert to_text(once) == to_text(document)


def test_what_an_editor_leaves_out_or_cuts_apart_makes_no_difference() -> None:
    bold, italic = {"type": "bold"}, {"type": "italic"}
    whole = doc(
        paragraph(text("低碳生活", bold, italic), "。"),
        {"type": "orderedList", "content": bullets("一")["content"]},
    )
    pieces = doc(
        {
            "type": "paragraph",
            "attrs": {},
            "content": [text("低碳", italic, bold), text("生活", bold, italic), text("。")],
        },
        {"type": "orderedList", "attrs": {"start": 1}, "content": bullets("一")["content"]},
    )
    pieces["content"][0]["content"][2]["marks"] = []
    assert json.dumps(normalised(whole), sort_keys=True) == json.dumps(normalised(pieces), sort_keys=True)
    assert normalised(doc(paragraph(text("一", link("https://a.cn")))))["content"][0]["content"][0][
        "marks"
    ] == [link("https://a.cn")]


def test_every_node_of_the_schema_is_in_the_manual() -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "content.md").read_text()
    assert [name for name in NODES if f"`{name}`" not in manual] == []
