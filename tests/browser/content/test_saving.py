"""What is written is never lost: it saves itself, survives the page and the line, and two people's texts."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, Dialog, expect

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from tests.browser.content.conftest import Writer
from tests.browser.content.test_writing import texts
from tests.factories.staff import make_staff
from tests.support.desk import IN_CHANGCHUN, Desk

pytestmark = pytest.mark.once


def test_it_saves_itself_a_moment_after_the_last_key(writer: Writer) -> None:
    before = writer.latest().number
    writer.type("今天写到这里。")
    expect(writer.state).to_contain_text("有新的修改")
    expect(writer.state).to_contain_text("已保存", timeout=10_000)
    latest = writer.latest()
    assert (latest.number, latest.autosaved) == (before + 1, True)
    assert texts(latest.body["content"][-1]).endswith("今天写到这里。")


def test_fields_save_themselves_too(desk: Desk, writer: Writer) -> None:
    page = writer.page
    page.get_by_label("栏目").select_option("技术")
    page.get_by_text("署名和来源").click()
    page.get_by_label("署名").fill("编辑部")
    page.get_by_text("专题、示范点和技术").click()
    page.get_by_label("相关技术").fill("光伏、热泵，光伏")
    desk.press("Control+s")
    writer.saved()
    latest = writer.latest()
    assert (latest.kind.value, latest.byline, latest.autosaved) == ("technology", "编辑部", False)
    assert latest.technologies == ["光伏", "热泵"]


def test_questions_are_written_with_the_keyboard(desk: Desk, writer: Writer) -> None:
    page = writer.page
    desk.tab_to(page.get_by_role("button", name="添加一道题"), within=60)
    desk.press("Enter")
    expect(page.get_by_label("题目")).to_be_focused()
    page.keyboard.type("光伏板怕冷吗？")
    page.get_by_label("第 1 题选项 1", exact=True).fill("怕")
    page.get_by_label("第 1 题选项 2", exact=True).fill("不怕")
    page.get_by_label("第 1 题选项 2是正确答案").check()
    page.get_by_label("答案解析").fill("低温时效率更高。")
    writer.saved()
    assert writer.latest().quiz == [
        {
            "id": "q1",
            "text": "光伏板怕冷吗？",
            "options": [{"id": "a", "text": "怕"}, {"id": "b", "text": "不怕"}],
            "right": ["b"],
            "explanation": "低温时效率更高。",
        }
    ]


def test_without_a_line_the_text_stays_here_and_goes_when_it_is_back(desk: Desk, writer: Writer) -> None:
    before = writer.latest().number
    with desk.offline():
        writer.type("断网时写的。")
        expect(writer.state).to_contain_text("连接中断，文字保存在本机")
        assert writer.latest().number == before
    expect(writer.state).to_have_attribute("data-state", "saved", timeout=15_000)
    assert texts(writer.blocks[-1]).endswith("断网时写的。")


def test_a_page_that_is_killed_gives_the_text_back(desk: Desk, writer: Writer) -> None:
    with desk.offline():
        writer.type("还没来得及保存的话。")
        expect(writer.state).to_contain_text("连接中断")
        writer.page.close(run_before_unload=False)
    assert "还没来得及" not in str(writer.blocks)
    writer.page = desk.open()
    writer.open()
    note = writer.page.get_by_role("status").filter(has_text="没来得及保存的文字")
    expect(note).to_be_visible()
    writer.page.get_by_role("button", name="恢复这份文字").click()
    expect(writer.text).to_contain_text("还没来得及保存的话。")
    expect(writer.state).to_have_attribute("data-state", "saved", timeout=10_000)
    assert texts(writer.blocks[-1]).endswith("还没来得及保存的话。")


def test_a_text_that_was_left_is_offered_to_nobody_else(desk: Desk, writer: Writer) -> None:
    with desk.offline():
        writer.type("我的话。")
        expect(writer.state).to_contain_text("连接中断")
        writer.page.close(run_before_unload=False)
    desk.sign_in(Role.EDITOR)
    writer.page = desk.open()
    writer.open()
    expect(writer.page.get_by_text("没来得及保存的文字")).to_be_hidden()


def test_leaving_with_unsaved_text_warns(desk: Desk, writer: Writer) -> None:
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    writer.page.on("dialog", answer)
    with desk.offline():
        writer.type("没保存。")
        expect(writer.state).to_contain_text("连接中断")
        writer.page.evaluate("location.assign('about:blank')")
        writer.page.wait_for_url("about:blank")
    assert asked == ["beforeunload"]


def test_who_signed_in_again_elsewhere_goes_on_writing(desk: Desk, writer: Writer) -> None:
    desk.context.clear_cookies(name="console")
    desk.expects(400)
    writer.type("接着写。")
    writer.saved()
    assert texts(writer.blocks[-1]).endswith("接着写。")


def test_a_lost_session_keeps_the_text_and_says_so(desk: Desk, writer: Writer) -> None:
    desk.context.clear_cookies(name="sid")
    desk.expects(401)
    writer.type("还在。")
    expect(writer.state).to_contain_text("登录已失效，文字保存在本机")
    expect(writer.state.get_by_role("link", name="重新登录")).to_be_visible()
    with atomic() as session:
        other = make_staff(session, role=Role.EDITOR).id
    desk.sign_in_as(other)
    expect(writer.state).to_have_attribute("data-state", "saved", timeout=20_000)


def test_two_editors_see_each_other_and_both_texts(
    app: Flask, browser: Browser, desk: Desk, writer: Writer
) -> None:
    with atomic() as session:
        colleague = make_staff(session, role=Role.EDITOR)
        colleague.display_name, colleague_id = "李明", colleague.id
    context = browser.new_context(**IN_CHANGCHUN, viewport={"width": 1366, "height": 768})
    context.set_default_timeout(30_000)
    other_desk = Desk(context, desk.origin)
    other_desk.sign_in_as(colleague_id)
    other = Writer(other_desk, writer.article_id)
    other.open()
    expect(other.page.get_by_text("正在编辑这篇文章")).to_be_visible()

    other.page.get_by_role("textbox", name="标题").fill("雪天的屋顶电站")
    other.type("李明加的一句。")
    other.saved()
    desk.expects(409)
    writer.type("我加的一句。")
    window = writer.page.get_by_role("dialog", name="这篇文章有两份不同的文字")
    expect(window).to_be_visible(timeout=10_000)
    expect(window).to_contain_text("李明加的一句。")
    expect(window).to_contain_text("我加的一句。")
    # The title is theirs alone; of the paragraph that both changed both stay.
    title = window.get_by_role("group", name="标题")
    expect(title.get_by_label("用对方的")).to_be_checked()
    expect(window.get_by_role("group", name="正文").get_by_label("两份都留")).to_be_checked()
    window.get_by_role("button", name="保存选择的文字").click()
    writer.saved()
    latest = writer.latest()
    assert latest.title == "雪天的屋顶电站"
    assert [texts(block) for block in latest.body["content"]] == [
        "低温让光伏板效率更高。",
        "积雪要及时清理。我加的一句。",
        "积雪要及时清理。李明加的一句。",
    ]
    assert other_desk.watch.verdict() == []
    context.close()


def test_taking_the_other_text_keeps_the_own_one_among_the_versions(desk: Desk, writer: Writer) -> None:
    second = Writer(desk, writer.article_id, desk.open())
    second.open()
    expect(second.page.get_by_text("您在另一个窗口也打开了这篇文章")).to_be_visible()
    second.type("另一个窗口的话。")
    second.saved()
    desk.expects(409)
    writer.page.bring_to_front()
    writer.type("这个窗口的话。")
    window = writer.page.get_by_role("dialog", name="这篇文章有两份不同的文字")
    expect(window).to_contain_text("您写的时候，另一个窗口保存了另一份文字")
    expect(writer.state).to_contain_text("另一个窗口保存了另一份文字")
    window.get_by_role("button", name="全部用对方的").click()
    window.get_by_role("button", name="保存选择的文字").click()
    writer.saved()
    expect(writer.text).to_contain_text("另一个窗口的话。")
    latest = writer.latest()
    assert "另一个窗口的话。" in texts(latest.body["content"][-1])
    assert latest.number == 4  # the first text, the other window's, this window's, and the other one again


def test_a_text_that_was_left_stays_until_somebody_decides_about_it(desk: Desk, writer: Writer) -> None:
    with desk.offline():
        writer.type("头一份。")
        expect(writer.state).to_contain_text("连接中断")
        writer.page.close(run_before_unload=False)
    writer.page = desk.open()
    writer.open()
    writer.type("没理会提示，接着写。")
    writer.saved()
    writer.page.reload()
    expect(writer.page.get_by_text("没来得及保存的文字")).to_be_visible()
    writer.page.get_by_role("button", name="不要了").click()
    expect(writer.page.get_by_text("没来得及保存的文字")).to_be_hidden()
    writer.page.reload()
    writer.page.locator("#editor[data-ready]").wait_for()
    expect(writer.page.get_by_text("没来得及保存的文字")).to_be_hidden()
    assert "头一份" not in str(writer.blocks)
