"""People at the desk of administration: invited by a link, given roles, disabled (B8, B23)."""

import re
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import roles
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic
from tests.factories.sites import make_site
from tests.factories.staff import PASSWORD, make_staff
from tests.support.desk import OFFICE, PHONE, TABLET, Desk, seated

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]


def _person(username: str, name: str, role: Role | None = None) -> UUID:
    with atomic() as session:
        account = make_staff(session, username, role=role)
        account.display_name = name
        return account.id


def _code(page: Page) -> str:
    secret = page.locator("code.secret").text_content() or ""
    return pyotp.TOTP(secret).at(int(kernel_clock.now().timestamp()))


def test_somebody_is_invited_and_begins(desk: Desk, browser: Browser, app: Flask) -> None:
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/staff")
    page = desk.page
    page.get_by_role("link", name="新建账号").click()
    page.get_by_label("姓名").fill("王芳")
    page.get_by_label("用户名").fill("wang.fang")
    page.get_by_role("button", name="新建账号并生成链接").click()
    link = page.get_by_label("链接", exact=True).input_value()
    expect(page.get_by_role("img", name="链接的二维码")).to_be_visible()
    page.get_by_role("link", name="已发给王芳，查看账号").click()
    expect(page.get_by_text("待启用")).to_be_visible()
    with seated(browser, app, PHONE) as newcomer:
        newcomer.visit(re.sub(r"^https?://[^/]+", "", link))
        theirs = newcomer.page
        expect(theirs.get_by_role("heading", level=1)).to_have_text("王芳，请设置密码")
        theirs.get_by_label("新密码").fill(PASSWORD)
        theirs.get_by_label("再输入一次").fill(PASSWORD)
        theirs.get_by_role("button", name="设置密码").click()
        theirs.get_by_label("动态验证码").fill(_code(theirs))
        theirs.get_by_role("button", name="完成绑定").click()
        expect(theirs.get_by_role("heading", level=1)).to_have_text("请保存恢复码")
        theirs.get_by_role("link", name="已保存，进入工作台").click()
        expect(theirs.get_by_text("您还没有角色")).to_be_visible()
        newcomer.visit(re.sub(r"^https?://[^/]+", "", link), status=410)
        expect(theirs.get_by_role("heading", level=1)).to_have_text("链接已失效")


def test_a_role_is_given_by_keyboard_and_approved_by_another(
    desk: Desk, browser: Browser, app: Flask
) -> None:
    person = _person("li.hua", "李华")
    desk.sign_in(Role.ADMIN)
    desk.visit(f"/console/staff/{person}")
    page = desk.page
    desk.tab_to(page.get_by_role("link", name="授予角色"))
    desk.press("Enter")
    desk.tab_to(page.get_by_label("角色", exact=True))
    desk.press("End")
    desk.tab_to(page.get_by_role("radio", name="一个示范点"))
    desk.press("ArrowDown", "ArrowDown")
    desk.tab_to(page.get_by_role("button", name="授予角色"))
    desk.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("待第二人批准，批准前不生效")
    expect(page.get_by_text("须由另一位管理员批准")).to_be_visible()
    with seated(browser, app) as second:
        second.sign_in(Role.ADMIN)
        second.visit("/console/")
        theirs = second.page
        theirs.get_by_role("link", name=re.compile("角色待您批准")).click()
        theirs.get_by_role("link", name="李华").click()
        theirs.get_by_role("link", name="批准", exact=True).click()
        theirs.get_by_role("button", name="批准").click()
        expect(theirs.get_by_role("status")).to_contain_text("李华现在是“个人信息保护负责人”")


def test_a_mistake_in_the_form_of_roles_leads_to_its_field(desk: Desk) -> None:
    person = _person("li.hua", "李华")
    desk.sign_in(Role.ADMIN)
    desk.visit(f"/console/staff/{person}/grants/new")
    page = desk.page
    page.get_by_label("角色", exact=True).select_option("gate")
    page.get_by_role("radio", name="一个示范点").check()
    desk.expects(422)
    page.get_by_role("button", name="授予角色").click()
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page).to_have_title(re.compile("^错误："))
    page.get_by_role("link", name="请选择示范点。").click()
    expect(page.locator("#site_id")).to_be_focused()
    expect(page.get_by_role("radio", name="一个示范点")).to_be_checked()


def test_disabling_shows_and_moves_what_is_open(desk: Desk) -> None:
    leaver = _person("li.hua", "李华", Role.ADMIN)
    _person("zhang.li", "张力", Role.ADMIN)
    newcomer = _person("wang.fang", "王芳")
    with atomic() as session:
        giver = Actor(kind="staff", id=str(leaver))
        roles.grant_role(session, staff_id=newcomer, role=Role.DPO, actor=giver, now=kernel_clock.now())
    desk.sign_in(Role.ADMIN)
    desk.visit(f"/console/staff/{leaver}")
    page = desk.page
    page.get_by_role("link", name="停用账号").click()
    expect(page.get_by_text("待第二人批准的授权（1 件）")).to_be_visible()
    page.get_by_label("由谁接手").select_option(label="张力（zhang.li）")
    page.get_by_label("理由").fill("调离")
    page.get_by_role("button", name="停用账号").click()
    expect(page.get_by_role("status")).to_contain_text("1 件未办结事项已交给接手人")
    page.get_by_role("link", name="恢复账号").click()
    page.get_by_label("理由").fill("返岗")
    page.get_by_role("button", name="恢复账号").click()
    expect(page.get_by_role("status")).to_contain_text("可以登录")


def test_the_list_is_filtered_without_loading_the_page(desk: Desk) -> None:
    _person("li.hua", "李华", Role.AUDITOR)
    _person("wang.fang", "王芳")
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/staff")
    page = desk.page
    page.evaluate("window.stays = true")
    page.get_by_label("角色").select_option(label="审计员")
    expect(page.get_by_role("link", name="王芳")).to_have_count(0)
    expect(page.get_by_role("link", name="李华")).to_be_visible()
    assert "role=auditor" in desk.path
    assert page.evaluate("window.stays") is True
    page.reload()
    expect(page.get_by_role("link", name="王芳")).to_have_count(0)


def test_a_guess_at_another_site_is_the_plain_page_and_the_menu_has_no_dead_entry(desk: Desk) -> None:
    with atomic() as session:
        own, other = make_site(session).id, make_site(session).id
    desk.sign_in(Role.SITE_MANAGER, site=own)
    desk.visit(f"/console/sites/{other}/devices", status=404)
    page = desk.page
    expect(page.get_by_role("heading", level=1)).to_have_text("没有找到")
    expect(page.get_by_role("link", name="人员")).to_have_count(0)
    desk.visit("/console/staff", status=403)
    expect(page.get_by_role("heading", level=1)).to_have_text("没有权限")
    desk.visit("/console/")
    addresses = (
        page.get_by_role("navigation", name="主导航")
        .get_by_role("link")
        .evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    )
    for address in addresses:
        desk.visit(address)


def test_a_device_is_added_and_its_token_copied(desk: Desk) -> None:
    with atomic() as session:
        site = make_site(session).id
    desk.sign_in(Role.SITE_MANAGER, site=site)
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.visit(f"/console/sites/{site}/devices")
    page = desk.page
    page.get_by_role("link", name="添加设备").first.click()
    page.get_by_label("设备名称").fill("东门平板")
    page.get_by_role("button", name="生成令牌").click()
    token = page.get_by_label("设备令牌").input_value()
    assert token.startswith("gd_")
    page.get_by_role("button", name="复制").click()
    expect(page.get_by_role("status")).to_contain_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()") == token
    page.get_by_role("link", name="已配对，返回设备列表").click()
    expect(page.get_by_role("rowheader", name="东门平板")).to_be_visible()


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_pages_of_people_fit(desk: Desk, size: tuple[int, int]) -> None:
    """What does not fit scrolls sideways, and the watch of the desk says so."""
    person = _person("somebody.with.a.very.long.user.name", "欧阳长长的名字", Role.AUDITOR)
    desk.sign_in(Role.ADMIN)
    desk.resize(size)
    for path in ("", f"/{person}", f"/{person}/grants/new", f"/{person}/disable", "/new"):
        desk.visit(f"/console/staff{path}")
    desk.visit("/console/organisations")
