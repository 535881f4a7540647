"""Writing: the input method, formats by mouse and keyboard, and what is pasted from other programs."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from miniprogram_api.kernel.db import atomic
from tests.browser.content.conftest import Writer
from tests.factories.content import heading, make_article, make_draft, paragraph
from tests.support.desk import OFFICE, PHONE, TABLET, Desk

pytestmark = pytest.mark.once
SIZES = pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE], ids=["office", "tablet", "phone"])
_SAMPLES = Path(__file__).with_name("samples")


def compose(writer: Writer, *steps: str, chosen: str) -> None:
    """Type letters into the input method, as they appear one after the other, and choose a word."""
    session = writer.page.context.new_cdp_session(writer.page)
    for step in steps:
        asked = {"text": step, "selectionStart": len(step), "selectionEnd": len(step)}
        session.send("Input.imeSetComposition", asked)
    session.send("Input.insertText", {"text": chosen})


def texts(block: Any) -> str:
    """What a block says."""
    if block["type"] == "text":
        return str(block["text"])
    return "".join(map(texts, block.get("content", ())))


@SIZES
def test_words_of_the_input_method_are_exactly_those_chosen(
    desk: Desk, writer: Writer, size: tuple[int, int]
) -> None:
    desk.resize(size)
    writer.type("")
    writer.page.keyboard.press("Enter")
    compose(writer, "z", "zh", "zhong", "zhongg", "zhongguo", chosen="中国")
    compose(writer, "d", "dit", "ditan", chosen="低碳")
    expect(writer.text).to_contain_text("中国低碳")
    writer.saved()
    assert writer.blocks[-1] == paragraph("中国低碳")


def test_words_are_composed_in_headings_lists_and_tables(writer: Writer) -> None:
    writer.type("")
    writer.page.keyboard.press("Enter")
    writer.page.keyboard.press("Control+Alt+2")
    compose(writer, "b", "biao", "biaoti", chosen="标题")
    writer.page.keyboard.press("Enter")
    writer.page.keyboard.press("Control+Shift+8")
    compose(writer, "l", "lie", "liebiao", chosen="列表")
    writer.page.keyboard.press("Enter")
    writer.page.keyboard.press("Enter")
    writer.page.get_by_role("button", name="表格").click()
    compose(writer, "b", "biaoge", chosen="表格")
    writer.saved()
    at = {block["type"]: texts(block) for block in writer.blocks}
    assert (at["heading"], at["bulletList"], at["table"]) == ("标题", "列表", "表格")


def test_nothing_is_saved_in_the_middle_of_a_word(writer: Writer) -> None:
    before = writer.latest().number
    writer.type("")
    session = writer.page.context.new_cdp_session(writer.page)
    for step in ("d", "di", "ditan"):
        session.send("Input.imeSetComposition", {"text": step, "selectionStart": 0, "selectionEnd": 0})
    writer.page.wait_for_timeout(4500)
    assert writer.latest().number == before
    session.send("Input.insertText", {"text": "低碳"})
    writer.saved()
    assert texts(writer.blocks[-1]).endswith("低碳")


def test_the_buttons_show_what_holds_and_the_keys_do_the_same(desk: Desk, writer: Writer) -> None:
    page = writer.page
    writer.type("")
    desk.press("Enter", "Control+Alt+3")
    expect(page.get_by_role("button", name="小标题")).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("怎么清雪")
    desk.press("Enter")
    expect(page.get_by_role("button", name="小标题")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="加粗").click()
    page.keyboard.type("先断电")
    desk.press("Control+B")
    page.keyboard.type("再清扫")
    writer.saved()
    bold = {"type": "text", "marks": [{"type": "bold"}], "text": "先断电"}
    assert writer.blocks[-2] == heading("怎么清雪", 3)
    assert writer.blocks[-1] == {"type": "paragraph", "content": [bold, {"type": "text", "text": "再清扫"}]}


def test_the_format_buttons_are_one_stop_of_the_tab_key(desk: Desk, writer: Writer) -> None:
    page = writer.page
    writer.type("")
    desk.press("Alt+F10")
    expect(page.get_by_role("button", name="标题", exact=True)).to_be_focused()
    desk.press("ArrowRight", "ArrowRight", "ArrowRight")
    expect(page.get_by_role("button", name="斜体")).to_be_focused()
    desk.press("Enter")
    page.keyboard.type("轻声")
    writer.saved()
    assert {"type": "italic"} in writer.blocks[-1]["content"][-1]["marks"]
    desk.press("Alt+F10", "End")
    expect(page.get_by_role("button", name="重做")).to_be_focused()


def test_a_box_and_a_table_offer_what_can_be_done_with_them(writer: Writer) -> None:
    page = writer.page
    writer.type("")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="提示框").click()
    page.keyboard.type("小心结冰")
    page.get_by_role("button", name="注意", exact=True).click()
    writer.saved()
    assert writer.blocks[-1] == {
        "type": "callout",
        "attrs": {"tone": "warning"},
        "content": [paragraph("小心结冰")],
    }
    page.keyboard.press("Enter")
    page.get_by_role("button", name="提示框").click()
    page.get_by_role("button", name="表格").click()
    page.get_by_role("button", name="下方加行").click()
    page.get_by_role("button", name="删除列").click()
    writer.saved()
    table = next(block for block in writer.blocks if block["type"] == "table")
    assert [len(row["content"]) for row in table["content"]] == [2, 2, 2, 2]
    assert table["content"][0]["content"][0]["type"] == "tableHeader"


def test_a_text_from_word_keeps_its_structure_only(empty: Writer) -> None:
    empty.paste((_SAMPLES / "word.html").read_text())
    empty.saved()
    blocks = empty.blocks
    assert [block["type"] for block in blocks] == [
        "heading", "paragraph", "heading", "orderedList", "table", "imagePlaceholder",
    ]  # fmt: skip
    assert blocks[0] == heading("冬季用能观察", 2)
    assert blocks[1]["content"][1] == {"type": "text", "marks": [{"type": "bold"}], "text": "热泵"}
    assert texts(blocks[1]) == "去年十二月，热泵机组平均能效比为2.8。"
    assert texts(blocks[2]).strip() == "怎么测的"
    first, second = blocks[3]["content"]
    assert texts(first) == "记录电表读数"
    assert second["content"][1]["type"] == "orderedList"
    assert texts(second["content"][1]) == "每小时一次"
    assert [[texts(cell) for cell in row["content"]] for row in blocks[4]["content"]] == [
        ["月份", "能效比"],
        ["十二月", "2.8"],
    ]
    assert blocks[5]["attrs"] == {"origin": "本机文档", "alt": "机房照片"}


def test_a_text_of_an_official_account_keeps_its_structure_only(desk: Desk, empty: Writer) -> None:
    empty.paste((_SAMPLES / "official.html").read_text())
    expect(empty.text.get_by_text("请上传图片")).to_be_visible()
    empty.saved()
    blocks = empty.blocks
    assert [block["type"] for block in blocks] == [
        "heading", "paragraph", "imagePlaceholder", "blockquote", "bulletList", "paragraph", "paragraph",
    ]  # fmt: skip
    assert texts(blocks[0]) == "绿色出行 从我做起"
    bold = {"type": "text", "marks": [{"type": "bold"}], "text": "每人每次约少排 1.2 千克"}
    assert bold in blocks[1]["content"]
    assert blocks[2]["attrs"] == {"origin": "mmbiz.qpic.cn", "alt": "电车进站"}
    assert texts(blocks[3]) == "低碳不是少用，是用得聪明。"
    assert [texts(item) for item in blocks[4]["content"]] == ["带上自己的水杯", "拼车更省"]
    assert texts(blocks[5]) == "只是排版用的盒子"
    link = [part for part in blocks[6]["content"] if "marks" in part]
    assert [(part["text"], part["marks"]) for part in link] == [
        ("上期文章", [{"type": "link", "attrs": {"href": "https://mp.weixin.qq.com/s/xyz"}}])
    ]
    assert desk.page.title() != "偷走"


def test_plain_text_is_pasted_as_paragraphs(empty: Writer) -> None:
    empty.text.click()
    empty.page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.getElementById("body-text").dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        "第一段\n\n第二段",
    )
    empty.saved()
    assert [texts(block) for block in empty.blocks if texts(block)] == ["第一段", "第二段"]


def test_a_link_leads_to_an_article_that_is_found_by_its_name(desk: Desk, writer: Writer) -> None:
    page = writer.page
    with atomic() as session:
        other = make_article(session, make_draft(title="热泵在冬天的电费"))
    writer.type("详见")
    desk.press("Control+K")
    window = page.get_by_role("dialog", name="链接")
    window.get_by_label("查找").fill("冬天的")
    expect(window.get_by_role("button", name="热泵在冬天的电费")).to_be_visible()
    # What needs an address is not offered, nor is the article that one is writing.
    expect(window.get_by_role("button", name="使用网址")).to_be_hidden()
    expect(window.get_by_role("button", name="长春冬天的光伏能发多少电")).to_be_hidden()
    window.get_by_role("button", name="热泵在冬天的电费").click()
    writer.saved()
    link = writer.blocks[-1]["content"][-1]
    assert link["marks"] == [{"type": "link", "attrs": {"href": f"article:{other.id}"}}]
    expect(page.get_by_role("heading", name="链接检查")).to_be_visible()


def test_a_link_to_a_strange_host_is_told_at_once(desk: Desk, writer: Writer) -> None:
    page = writer.page
    writer.type("")
    desk.press("Control+K")
    window = page.get_by_role("dialog", name="链接")
    window.get_by_label("网址", exact=True).first.check()
    address = window.get_by_role("textbox", name="网址")
    address.fill("http://example.com")
    window.get_by_role("button", name="使用网址").click()
    expect(window.get_by_role("alert")).to_contain_text("https://")
    address.fill("https://shop.example.com/a")
    window.get_by_label("显示的文字").fill("小店")
    window.get_by_role("button", name="使用网址").click()
    expect(page.get_by_text("shop.example.com 不在可用网站名单里")).to_be_visible()
    writer.saved()
    expect(page.locator("#checklist")).to_contain_text("shop.example.com")


def test_outline_count_and_checklist_follow_the_text(desk: Desk, empty: Writer) -> None:
    page = empty.page
    expect(page.get_by_role("heading", name="送审前还有")).to_be_visible()
    page.get_by_role("textbox", name="标题").fill("冬天怎么省电")
    empty.text.click()
    page.keyboard.type("## ")
    page.keyboard.type("先看账单")
    desk.press("Enter")
    page.keyboard.type("每月 300 度。")
    expect(page.locator("#outline").get_by_role("button", name="先看账单")).to_be_visible()
    expect(page.locator("#count")).to_have_text("8 字，约 1 分钟读完")
    empty.saved()
    expect(page.locator("#checklist")).not_to_contain_text("标题")
    page.locator("#checklist").get_by_role("button", name="摘要").click()
    expect(page.get_by_label("摘要")).to_be_focused()
