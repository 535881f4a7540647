"""The shell in a browser: signing in by mouse and by keyboard, the menu on three sizes, no scripts."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.staff import PASSWORD, code_now, make_staff, signed_in
from tests.support.desk import OFFICE, PHONE, TABLET, Desk
from tests.support.served import served

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]


def _account() -> None:
    with atomic() as session:
        make_staff(session, "li.hua", role=Role.AUDITOR)


def test_signing_in_with_the_mouse(desk: Desk) -> None:
    _account()
    desk.visit("/console/")
    page = desk.page
    page.get_by_label("用户名").fill("li.hua")
    # Pasting is how password managers and people with long passwords type.
    page.get_by_label("密码").evaluate(
        "(input, text) => { input.focus(); document.execCommand('insertText', false, text); }", PASSWORD
    )
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("动态验证码").fill(code_now())
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("李华，您好")


def test_signing_in_with_the_keyboard(desk: Desk) -> None:
    _account()
    desk.visit("/console/sign-in")
    page = desk.page
    desk.tab_to(page.get_by_label("用户名"))
    page.keyboard.type("li.hua")
    desk.press("Tab")
    page.keyboard.type(PASSWORD)
    desk.press("Enter")
    desk.tab_to(page.get_by_label("动态验证码"))
    page.keyboard.type(code_now())
    desk.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("您好")
    desk.tab_to(page.get_by_role("button", name="退出"))
    desk.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("您已退出登录")


def test_a_mistake_moves_to_the_summary_whose_link_leads_to_the_field(desk: Desk) -> None:
    desk.visit("/console/sign-in")
    page = desk.page
    page.get_by_label("用户名").fill("li.hua")
    desk.expects(422)
    page.get_by_role("button", name="下一步").click()
    expect(page).to_have_title("错误：登录 · 长春低碳示范区工作台")
    expect(page.get_by_role("alert")).to_be_focused()
    desk.tab_to(page.get_by_role("link", name="请填写密码。"))
    desk.press("Enter")
    expect(page.get_by_label("密码")).to_be_focused()
    expect(page.get_by_label("用户名")).to_have_value("li.hua")


def test_a_locked_name_says_until_when(desk: Desk, clock: Clock) -> None:
    _account()
    desk.visit("/console/sign-in")
    desk.expects(422, 429)
    for _ in range(6):
        desk.page.get_by_label("用户名").fill("li.hua")
        desk.page.get_by_label("密码").fill("not the password")
        desk.page.get_by_role("button", name="下一步").click()
        expect(desk.page.get_by_role("alert")).to_be_visible()
    expect(desk.page.get_by_role("alert")).to_contain_text("10:15")


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE], ids=["office", "tablet", "phone"])
def test_the_menu_fits_every_window(desk: Desk, size: tuple[int, int]) -> None:
    desk.resize(size)
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/")
    menu = desk.page.get_by_role("navigation", name="主导航")
    if size != OFFICE:
        expect(menu).to_be_hidden()
        desk.tab_to(desk.page.locator("#sidebar summary"))
        desk.press("Enter")
    expect(menu.get_by_role("link", name="工作台")).to_have_attribute("aria-current", "page")
    desk.page.get_by_role("link", name="我的账号").click()
    expect(desk.page.get_by_role("heading", name="登录的设备")).to_be_visible()


def test_the_first_tab_skips_the_menu(desk: Desk) -> None:
    desk.sign_in(Role.AUDITOR)
    desk.visit("/console/")
    desk.press("Tab")
    expect(desk.page.get_by_role("link", name="跳到正文")).to_be_focused()
    desk.press("Enter")
    expect(desk.page.locator("main")).to_be_focused()


def test_help_opens_the_guide_of_the_page(desk: Desk) -> None:
    desk.sign_in(Role.AUDITOR)
    desk.visit("/console/account/password")
    desk.page.get_by_role("link", name="帮助").click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("管理我的账号")


def test_an_address_that_leads_nowhere_is_told_plainly(desk: Desk) -> None:
    desk.sign_in(Role.AUDITOR)
    desk.visit("/console/none", status=404)
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("没有找到")
    desk.page.get_by_role("link", name="回到工作台").click()
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("您好")


def test_pages_work_without_scripts(browser: Browser, app: Flask) -> None:
    _account()
    with served(app) as origin:
        page = browser.new_context(java_script_enabled=False, locale="zh-CN").new_page()
        page.goto(f"{origin}/console/")
        page.get_by_label("用户名").fill("li.hua")
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="下一步").click()
        page.get_by_label("动态验证码").fill(code_now())
        page.get_by_role("button", name="登录").click()
        page.get_by_role("link", name="我的账号").click()
        page.get_by_role("button", name="在所有设备上退出").click()
        expect(page.get_by_role("status")).to_contain_text("已在全部 1 台设备上退出登录")
        page.context.close()


@pytest.mark.parametrize("trouble", ["no network", "busy"])
def test_a_list_stays_when_its_next_part_does_not_come(desk: Desk, trouble: str) -> None:
    with atomic() as session:
        for number in range(25):
            make_site(session, name=f"示范点 {number}")
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/sites")
    rows, alert = desk.page.locator("#list tbody tr"), desk.page.get_by_role("alert")
    expect(rows).to_have_count(20)
    onward = desk.page.get_by_role("link", name="下一页")
    if trouble == "busy":
        desk.page.route("**/console/sites?**", lambda route: route.fulfill(status=503, body="busy"))
        desk.expects(503)
        onward.click()
        expect(alert).to_contain_text("没有取到新内容")
        desk.page.unroute_all()
    else:
        with desk.offline():
            onward.click()
            expect(alert).to_contain_text("没有连上服务器")
    expect(rows).to_have_count(20)
    desk.page.get_by_role("button", name="重试").click()
    expect(rows).to_have_count(5)
    expect(alert).to_have_count(0)
    expect(desk.page.locator("#said")).to_have_text("本页 5 条")


def test_lists_and_forms_work_without_scripts(browser: Browser, app: Flask) -> None:
    with atomic() as session:
        site = make_site(session, name="南湖低碳示范点")
        make_site(session, name="净月低碳示范点")
    token = signed_in(Role.SITE_MANAGER, site_id=site.id)
    with served(app) as origin:
        context = browser.new_context(java_script_enabled=False, locale="zh-CN")
        context.add_cookies([{"name": "sid", "value": token, "url": origin}])
        page = context.new_page()
        page.goto(f"{origin}/console/sites")
        page.get_by_label("名称、地址或技术").fill("南湖")
        page.get_by_role("button", name="查找").click()
        page.get_by_role("link", name="南湖低碳示范点").click()
        page.get_by_role("link", name="公告").first.click()
        page.get_by_role("link", name="写公告").first.click()
        page.get_by_role("button", name="发布").click()
        expect(page.get_by_role("alert")).to_contain_text("请")
        page.get_by_label("标题").fill("东门暂停使用")
        page.get_by_label("内容").fill("12月1日起请从西门进出。")
        page.get_by_role("button", name="发布").click()
        expect(page.get_by_role("status")).to_contain_text("公告")
        page.get_by_role("button", name="撤下公告：东门暂停使用").click()
        page.get_by_role("button", name="恢复公告：东门暂停使用").click()
        expect(page.get_by_text("显示中")).to_be_visible()
        context.close()
