"""The reference renderer of an article's blocks, in a page under the console's policy."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from content.rendering import to_blocks, to_text
from miniprogram_api.identity.permissions import Role
from tests.support.desk import PHONE, Desk
from tests.support.documents import (
    ARTICLE,
    PICTURES,
    bullets,
    callout,
    doc,
    heading,
    image,
    link,
    paragraph,
    placeholder,
    squeezed,
    table,
    text,
)
from tests.support.objections import picture

pytestmark = pytest.mark.once

DOCUMENT = doc(
    heading("什么是“近零碳” & <零碳>"),
    paragraph(
        "先", text("节能", {"type": "bold"}), "，见", text("国务院网站", link("https://www.gov.cn/a?b=1&c=2"))
    ),
    paragraph(text("热泵", link(f"article:{ARTICLE}")), " R&amp;D"),
    heading("怎么做", 3),
    bullets("少用", "用好"),
    {"type": "orderedList", "attrs": {"start": 3}, "content": bullets("三")["content"]},
    {"type": "blockquote", "content": [paragraph("COP = 热量 ÷ 电量")]},
    callout("电热毯不要折叠。", "warning"),
    image(caption="长春某校屋顶"),
    placeholder(),
    table([f"第 {number} 列的标题" for number in range(12)], [f"{number} 千瓦时" for number in range(12)]),
)
_SHOW = """async (written) => {
    const { renderBlocks } = await import("/console/static/blocks.js");
    const styles = document.createElement("link");
    styles.rel = "stylesheet";
    styles.href = "/console/static/blocks.css";
    const loaded = new Promise((done) => styles.addEventListener("load", done));
    document.head.append(styles);
    await loaded;
    const place = document.createElement("div");
    place.id = "phone";
    place.append(renderBlocks(JSON.parse(written), document));
    document.querySelector("main").replaceChildren(place);
    place.addEventListener("openlink", (event) => { window.opened = event.detail; });
}"""


@pytest.fixture
def page(desk: Desk) -> Page:
    desk.context.route("**/media/*", lambda route: route.fulfill(body=picture(), content_type="image/jpeg"))
    desk.sign_in(Role.EDITOR)
    desk.resize(PHONE)
    desk.visit("/console/")
    return desk.page


def show(page: Page, blocks: Any) -> None:
    page.evaluate(_SHOW, json.dumps(blocks))


_SAID = """place => {
    const copy = place.cloneNode(true);
    copy.querySelectorAll(".block-link, .block-missing, .callout-label").forEach((label) => label.remove());
    return copy.textContent;
}"""


def test_it_says_what_the_text_says(page: Page) -> None:
    show(page, to_blocks(DOCUMENT, PICTURES))
    assert squeezed(page.locator("#phone").evaluate(_SAID)) == squeezed(to_text(DOCUMENT))


def test_links_pictures_and_tables_can_be_reached(desk: Desk, page: Page) -> None:
    show(page, to_blocks(DOCUMENT, PICTURES))
    place = page.locator("#phone")
    outside = place.get_by_role("link", name="国务院网站")
    assert outside.get_attribute("href") == "https://www.gov.cn/a?b=1&c=2"
    assert outside.get_attribute("rel") == "noopener noreferrer"
    inside = place.get_by_role("button", name="热泵")
    desk.tab_to(inside)
    desk.press("Enter")
    assert page.evaluate("window.opened") == {"target": "article", "id": ARTICLE}
    wide = place.get_by_role("region", name="表格：2 行 12 列")
    desk.tab_to(wide)
    assert wide.evaluate("it => it.scrollWidth > it.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown = place.get_by_role("img", name="屋顶上的光伏板")
    assert shown.get_attribute("loading") == "lazy"
    assert [place.locator("[data-block]").nth(at).get_attribute("data-block") for at in (0, -1)] == [
        "0",
        "10",
    ]
    assert place.locator("[style]").count() == 0
    desk.watch.look_at(page)


HOSTILE: list[Any] = [
    {"type": "html", "html": "<script>hacked=1</script>"},
    {"type": "__proto__"},
    {"type": "constructor", "nodes": []},
    None,
    5,
    {"type": "text"},
    {"type": "text", "nodes": "<img src=x onerror=hacked=1>"},
    {
        "type": "text",
        "nodes": [
            {"name": "script", "children": [{"type": "text", "text": "hacked=1"}]},
            {"name": "iframe", "attrs": {"src": "javascript:hacked=1"}},
            {"name": "img", "attrs": {"src": "/x", "onerror": "hacked=1"}},
            {"name": "constructor", "children": []},
            {
                "name": "p",
                "attrs": {"onclick": "hacked=1", "style": "x", "id": "x", "class": "a<b", "start": "1e9"},
            },
            {"name": "p", "children": [{"type": "text", "text": "<b>&lt;&amp;&evil;&constructor;</b>"}]},
            {"name": "p", "children": [{"type": "text", "text": {"toString": "x"}}]},
        ],
    },
    {"type": "link", "target": "web", "href": "javascript:hacked=1", "text": "一"},
    {"type": "link", "target": "web", "href": "https:///x", "text": "二"},
    {"type": "link", "target": "elsewhere", "href": "https://a.cn", "text": "三"},
    {"type": "image", "src": "https://evil.example/x.jpg", "alt": "四", "caption": "五"},
    {
        "type": "image",
        "src": "/media/x.jpg",
        "srcset": [{"src": "//evil.example/x.jpg 1w", "width": 1}],
        "alt": 5,
    },
    {"type": "table", "nodes": [], "rows": "<b>", "columns": None},
]


def test_what_is_not_in_the_contract_is_left_out_with_all_that_is_in_it(page: Page) -> None:
    deep: dict[str, Any] = {"type": "text", "text": "底"}
    for _ in range(200):
        deep = {"name": "div", "children": [deep]}
    show(page, [*HOSTILE, {"type": "text", "nodes": [deep]}])
    place = page.locator("#phone")
    assert page.evaluate("window.hacked") is None
    tags = place.evaluate(
        "it => [...new Set([...it.querySelectorAll('*')].map(one => one.localName))].sort()"
    )
    assert tags == ["div", "figcaption", "figure", "img", "p"]
    assert place.evaluate("it => [...it.querySelectorAll('p')].flatMap(one => one.getAttributeNames())") == [
        "class"
    ]
    assert "<b><&&evil;&constructor;</b>" in place.inner_text()
    assert place.locator("img").get_attribute("srcset") is None
    assert place.get_by_role("region", name="表格：0 行 0 列").count() == 1
