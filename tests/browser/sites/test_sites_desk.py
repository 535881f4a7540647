"""The desk of a site in a browser: profile, notices, photos, opening hours, month and rules."""

import io
import time
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, PolicyVersion, Slot
from tests.factories import sites as factory
from tests.support.desk import OFFICE, PHONE, TABLET, Desk
from tests.support.sites_desk import new_booking, new_site, new_slot

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]
SIZES = pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE], ids=["office", "tablet", "phone"])
_SOON_S = 5.0


@pytest.fixture
def site(app: Flask, desk: Desk) -> Site:
    site = new_site()
    desk.sign_in(Role.SITE_MANAGER, site=site)
    return site


def at(site: Site, path: str = "") -> str:
    return f"/console/sites/{site.id}{path}"


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(text)


def test_a_locked_field_says_where_it_comes_from_and_the_own_ones_are_edited(desk: Desk, site: Site) -> None:
    desk.visit("/console/sites")
    page = desk.page
    page.get_by_role("link", name=site.name, exact=True).first.click()
    registry = page.get_by_role("region", name="登记系统的资料")
    expect(registry).to_contain_text("这些内容来自市级核心登记系统，最近一次同步：1月1日（周四）08:00")
    expect(registry.get_by_role("textbox")).to_have_count(0)
    page.get_by_role("link", name="修改资料").click()
    expect(page.get_by_role("textbox", name="名称")).to_have_count(0)
    page.get_by_label("简介", exact=True).fill("雪后的森林最安静。")
    page.get_by_role("button", name="保存资料").click()
    told(page, "资料已保存，小程序里马上更新。")
    expect(page.get_by_text("雪后的森林最安静。")).to_be_visible()


def test_a_mistake_keeps_everything_and_leads_to_its_field(desk: Desk, site: Site) -> None:
    desk.visit(at(site, "/edit"))
    page = desk.page
    page.get_by_label("简介", exact=True).fill("写了很久的简介")
    page.get_by_label("地址", exact=True).fill("")
    page.get_by_label("咨询电话").fill("没有电话")
    desk.expects(422)
    page.get_by_role("button", name="保存资料").click()
    expect(page).to_have_title("错误：修改资料 · 长春低碳示范区工作台")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_count(2)
    desk.tab_to(summary.get_by_role("link", name="请填写地址。"))
    desk.press("Enter")
    expect(page.get_by_label("地址", exact=True)).to_be_focused()
    expect(page.get_by_label("地址", exact=True)).to_have_accessible_description("错误： 请填写地址。")
    expect(page.get_by_label("简介", exact=True)).to_have_value("写了很久的简介")
    expect(page.get_by_label("咨询电话")).to_have_value("没有电话")


def test_a_notice_is_in_the_app_within_five_seconds(desk: Desk, site: Site, client: FlaskClient) -> None:
    def shown() -> bool:
        return "西门施工" in client.get(f"/api/v1/sites/{site.id}").text

    assert not shown()
    desk.visit(at(site, "/notices"))
    page = desk.page
    page.get_by_role("link", name="写公告").first.click()
    page.get_by_label("标题").fill("西门施工")
    page.get_by_label("内容").fill("请从东门入园。")
    page.get_by_role("button", name="立即发布").click()
    told(page, "公告已发布，小程序里马上能看到。")
    since = time.monotonic()
    while not shown():
        assert time.monotonic() - since < _SOON_S
        page.wait_for_timeout(100)
    page.get_by_role("button", name="撤下公告：西门施工").click()
    told(page, "公告“西门施工”已撤下")
    page.get_by_role("button", name="恢复公告：西门施工").click()
    told(page, "公告“西门施工”已恢复")


def test_a_notice_is_written_with_the_keyboard_alone(desk: Desk, site: Site) -> None:
    desk.visit(at(site, "/notices/new"))
    page = desk.page
    desk.tab_to(page.get_by_label("标题"))
    page.keyboard.type("停电通知")
    desk.press("Tab")
    page.keyboard.type("下午停电一小时。")
    desk.tab_to(page.get_by_role("button", name="立即发布"))
    desk.press("Enter")
    told(page, "公告已发布")


def test_a_photo_is_looked_at_before_it_is_sent(desk: Desk, site: Site, tmp_path: Path) -> None:
    picture = tmp_path / "lake.jpg"
    content = io.BytesIO()
    Image.new("RGB", (600, 400), "seagreen").save(content, "JPEG")
    picture.write_bytes(content.getvalue())
    desk.visit(at(site, "/photos"))
    page = desk.page
    page.get_by_label("照片", exact=True).set_input_files(picture)
    expect(page.get_by_role("img", name="将要上传的照片")).to_be_visible()
    page.get_by_label("文字说明").fill("湖岸的光伏长廊")
    page.get_by_role("button", name="上传照片").click()
    told(page, "照片已上传")
    expect(page.get_by_role("img", name="湖岸的光伏长廊")).to_be_visible()
    expect(page.get_by_text("封面", exact=True)).to_be_visible()
    page.get_by_role("button", name="删除照片：湖岸的光伏长廊").click()
    told(page, "照片“湖岸的光伏长廊”已删除")
    page.get_by_role("button", name="恢复照片：湖岸的光伏长廊").click()
    told(page, "照片“湖岸的光伏长廊”已恢复")
    expect(page.get_by_role("img", name="湖岸的光伏长廊")).to_be_visible()


def _fill_rule(page: Page) -> None:
    for name in ("周三", "周四", "周五"):
        page.get_by_label(name).check()
    page.get_by_label("开始时间").fill("09:00")
    page.get_by_label("结束时间").fill("12:00")
    page.get_by_label("每场多长").fill("60")


@SIZES
def test_the_preview_of_a_rule_is_what_is_made(desk: Desk, site: Site, size: tuple[int, int]) -> None:
    desk.resize(size)
    desk.visit(at(site, "/opening"))
    page = desk.page
    page.get_by_role("link", name="添加开放时间").first.click()
    _fill_rule(page)
    # Without a number of people it does not pass.
    desk.expects(422)
    page.get_by_role("button", name="预览场次").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写每场可预约人数。")
    expect(page.get_by_label("周三")).to_be_checked()
    page.get_by_label("每场可预约人数").fill("20")
    page.get_by_role("button", name="预览场次").click()
    expect(page.get_by_text("周三至周五 09:00—12:00 开放，每场 1 小时，可预约 20 人。").first).to_be_visible()
    words = page.get_by_text("生成 ", exact=False).first.inner_text()
    number = int(words.partition("生成 ")[2].partition(" ")[0])
    page.get_by_text(f"将生成的 {number} 个场次").click()
    expect(page.locator(".slot-list li")).to_have_count(number)
    page.get_by_role("button", name="保存这条开放时间").click()
    told(page, f"生成 {number} 个场次")
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Slot)) == number


def test_a_rule_is_made_with_the_keyboard_and_back_keeps_it(desk: Desk, site: Site) -> None:
    desk.visit(at(site, "/opening/rules/new"))
    page = desk.page
    desk.tab_to(page.get_by_label("周六"))
    desk.press("Space")
    # A time is typed part by part; how many keys that takes is the browser's business.
    page.get_by_label("开始时间").fill("13:00")
    page.get_by_label("结束时间").fill("15:00")
    desk.tab_to(page.get_by_label("每场可预约人数"))
    page.keyboard.type("12")
    desk.tab_to(page.get_by_role("button", name="预览场次"))
    desk.press("Enter")
    desk.tab_to(page.get_by_role("button", name="返回修改"))
    desk.press("Enter")
    expect(page.get_by_label("周六")).to_be_checked()
    expect(page.get_by_label("每场可预约人数")).to_have_value("12")
    desk.tab_to(page.get_by_role("button", name="预览场次"))
    desk.press("Enter")
    desk.tab_to(page.get_by_role("button", name="保存这条开放时间"))
    desk.press("Enter")
    told(page, "开放时间已保存")


@SIZES
def test_a_month_is_read_on_every_window(desk: Desk, site: Site, size: tuple[int, int]) -> None:
    with atomic() as session:
        factory.make_opening_rule(session, site.id)
        factory.make_closure(session, site.id, on=date(2026, 11, 26))
    new_booking(new_slot(site), adults=3)
    desk.resize(size)
    desk.visit(at(site, "/calendar"))
    page = desk.page
    cell = (
        page.get_by_role("cell").filter(has_text="3 / 20 人")
        if size == OFFICE
        else page.locator("td", has_text="3 / 20 人")
    )
    expect(cell).to_be_visible()
    expect(page.get_by_text("设备检修")).to_be_visible()
    page.get_by_role("link", name="下月").click()
    page.get_by_role("link", name="下月").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2027 年 1 月")
    expect(page.get_by_text("国务院还没有公布")).to_be_visible()
    expect(page.get_by_text("元旦").first).to_be_visible()


def test_the_rules_say_from_when_they_hold_and_old_bookings_keep_theirs(
    desk: Desk, site: Site, client: FlaskClient
) -> None:
    booking = new_booking(new_slot(site))
    desk.visit(at(site, "/policy"))
    page = desk.page
    expect(page.get_by_label("最多人数", exact=True)).to_have_accessible_description(
        "现在：一次最多预约 5 人。"
    )
    page.get_by_label("最多人数", exact=True).fill("8")
    page.get_by_label("从哪天的场次起执行").fill(kernel_clock.today().isoformat())
    page.get_by_role("button", name="预览修改").click()
    row = page.get_by_role("row").filter(has_text="最多人数")
    expect(row).to_contain_text("一次最多预约 5 人。")
    expect(row).to_contain_text("一次最多预约 8 人。")
    page.get_by_role("button", name="保存新规则").click()
    told(page, "版预约规则已保存")
    expect(page.get_by_role("region", name="历次版本")).to_contain_text("11月23日（周一）的场次起")
    since = time.monotonic()
    while "1 至 8 人" not in client.get(f"/api/v1/sites/{site.id}").text:
        assert time.monotonic() - since < _SOON_S
        page.wait_for_timeout(100)
    with reading() as session:
        kept = session.get_one(PolicyVersion, session.get_one(Booking, booking.id).policy_id)
        assert kept.numbers["party_max"] == 5


@SIZES
@pytest.mark.parametrize("path", ["", "/edit", "/notices", "/photos", "/technologies", "/indicators"])
def test_pages_of_what_a_site_shows_fit_every_window(
    desk: Desk, site: Site, size: tuple[int, int], path: str
) -> None:
    with atomic() as session:
        again = session.get_one(Site, site.id)
        factory.make_notice(session, site.id)
        factory.make_technology(session, again)
        factory.make_indicator(session, site.id)
    desk.resize(size)
    desk.visit(at(site, path))
    expect(desk.page.get_by_role("heading", level=1)).to_be_visible()


@SIZES
@pytest.mark.parametrize(
    "path",
    [
        "/opening", "/opening/closures/new", "/slots", "/slots/new", "/slots/generate", "/policy",
        "/corrections", "/corrections/new", "/withdrawal", "/state/suspended",
    ],
)  # fmt: skip
def test_pages_of_when_a_site_opens_fit_every_window(
    desk: Desk, site: Site, size: tuple[int, int], path: str
) -> None:
    with atomic() as session:
        factory.make_opening_rule(session, site.id)
        factory.make_closure(session, site.id, on=date(2026, 11, 26))
    for hour in range(3):
        new_slot(site, hour=hour, booked=0)
    desk.resize(size)
    desk.visit(at(site, path))
    expect(desk.page.get_by_role("heading", level=1)).to_be_visible()
