"""Many slots changed in a browser: by mouse and by keyboard, what it hits, what they are told, and undo."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.messaging.models import Message
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, BookingStatus, Slot, SlotState
from tests.factories.sites import make_opening_rule
from tests.factories.visits import WEDNESDAY_AT_NINE
from tests.support.booking import reconcile
from tests.support.desk import OFFICE, PHONE, TABLET, Desk
from tests.support.sites_desk import WEDNESDAY, new_booking, new_site, new_slot

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]


@pytest.fixture
def site(app: Flask, desk: Desk) -> Site:
    site = new_site()
    desk.sign_in(Role.SITE_MANAGER, site=site)
    return site


def slots_at(site: Site) -> str:
    return f"/console/sites/{site.id}/slots"


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(text)


def now(booking: Booking) -> Booking:
    with reading() as session:
        return session.get_one(Booking, booking.id)


def messages() -> list[str]:
    events.drain()
    with reading() as session:
        return list(session.scalars(select(Message.title).order_by(Message.created_at, Message.id)))


def test_a_mistake_in_the_filters_is_said_where_it_is(desk: Desk, site: Site) -> None:
    new_slot(site)
    desk.visit(slots_at(site))
    page = desk.page
    page.get_by_label("从哪天").fill(WEDNESDAY)
    page.get_by_label("到哪天").fill("2026-11-24")
    page.get_by_label("几点起").fill("11:00")
    page.get_by_label("几点前开始").fill("09:00")
    desk.expects(422)
    page.get_by_role("button", name="筛选").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert").get_by_role("link")).not_to_have_count(0)
    expect(page.get_by_label("从哪天")).to_have_value(WEDNESDAY)
    wrong = page.locator(".question.has-error [aria-invalid]").first
    expect(wrong).to_have_accessible_description(re.compile("错误："))
    page.get_by_label("到哪天").fill(WEDNESDAY)
    page.get_by_label("几点起").fill("")
    page.get_by_label("几点前开始").fill("")
    page.get_by_role("button", name="筛选").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#list").get_by_text("共 1 个场次")).to_be_visible()
    expect(page.get_by_role("button", name="筛选")).to_be_focused()


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE], ids=["office", "tablet", "phone"])
def test_closing_all_that_match_tells_people_and_undo_restores_them(
    desk: Desk, site: Site, size: tuple[int, int]
) -> None:
    slots = [new_slot(site, hour=hour) for hour in range(3)]
    bookings = [new_booking(slots[0], adults=2), new_booking(slots[1], adults=3)]
    new_slot(site, day=1)
    desk.resize(size)
    desk.visit(slots_at(site))
    page = desk.page
    page.get_by_label("从哪天").fill(WEDNESDAY)
    page.get_by_label("到哪天").fill(WEDNESDAY)
    page.get_by_role("button", name="筛选").click()
    page.get_by_role("button", name="更改全部 3 个场次").click()
    page.get_by_label("关闭场次").check()
    page.get_by_label("原因", exact=True).select_option(label="设备检修")
    page.get_by_label("告诉公众的话").fill("设备检修")
    page.get_by_label("取消：取消并通知本人").check()
    page.get_by_role("button", name="预览影响").click()
    expect(page.get_by_text("影响 2 个预约、5 人。确认后 30 分钟内可以撤销。")).to_be_visible()
    expect(page.get_by_role("region", name="他们会收到")).to_contain_text("原因：设备检修")
    assert messages() == []
    page.get_by_role("button", name="确认关闭 3 个场次").click()
    told(page, "3 个场次已关闭，取消 2 个预约、5 人。")
    assert messages() == ["您的预约已被示范点取消"] * 2
    assert {now(booking).status for booking in bookings} == {BookingStatus.CANCELLED}
    page.get_by_role("button", name="撤销这次更改").click()
    told(page, "已撤销")
    expect(page.get_by_text("已恢复", exact=True)).to_have_count(2)
    assert {now(booking).status for booking in bookings} == {BookingStatus.CONFIRMED}
    assert messages().count("您的参观照常进行") == 2
    with reading() as session:
        assert {slot.state for slot in session.scalars(select(Slot))} == {SlotState.OPEN}
    assert reconcile() == []


def test_moving_with_the_keyboard_alone(desk: Desk, site: Site) -> None:
    old, new = new_slot(site), new_slot(site, day=1)
    booking = new_booking(old, adults=2)
    desk.visit(f"{slots_at(site)}?first={WEDNESDAY}&last={WEDNESDAY}")
    page = desk.page
    desk.tab_to(page.get_by_role("checkbox", name="勾选 11月25日（周三）09:00–10:00"))
    desk.press("Space")
    # What is ticked is counted on the button.
    desk.tab_to(page.get_by_role("link", name="更改 11月25日（周三）09:00–10:00"))
    expect(page.get_by_role("button", name="只更改勾选的 1 个场次")).to_be_visible()
    desk.press("Enter")
    desk.tab_to(page.get_by_role("radio", name="改每场名额"))
    desk.press("ArrowDown")
    expect(page.get_by_role("radio", name="关闭场次")).to_be_checked()
    desk.tab_to(page.get_by_label("原因", exact=True))
    desk.press("ArrowDown", "ArrowDown")
    desk.tab_to(page.get_by_label("告诉公众的话"))
    page.keyboard.type("大雪")
    desk.tab_to(page.get_by_role("radio", name="保留：已约的照常接待"))
    desk.press("ArrowDown")
    desk.tab_to(page.get_by_role("button", name="预览影响"))
    desk.press("Enter")
    expect(page.get_by_role("cell", name="改到 11月26日（周四）09:00–10:00")).to_be_visible()
    desk.tab_to(page.get_by_role("button", name="确认关闭 1 个场次"))
    desk.press("Enter")
    told(page, "改期 1 个预约、2 人")
    assert now(booking).slot_id == new.id
    desk.tab_to(page.get_by_role("button", name="撤销这次更改"))
    desk.press("Enter")
    told(page, "已撤销")
    assert now(booking).slot_id == old.id


def test_a_change_that_lacks_something_keeps_what_was_chosen(desk: Desk, site: Site) -> None:
    new_slot(site)
    desk.visit(f"{slots_at(site)}/change")
    page = desk.page
    page.get_by_label("关闭场次").check()
    desk.expects(422)
    page.get_by_role("button", name="预览影响").click()
    expect(page).to_have_title("错误：更改场次 · 长春低碳示范区工作台")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("关闭场次")).to_be_checked()
    page.get_by_role("alert").get_by_role("link", name="请选择原因。").click()
    expect(page.get_by_label("原因", exact=True)).to_be_focused()


def test_filters_stand_in_the_address_and_keep_the_focus(desk: Desk, site: Site) -> None:
    for hour in range(2):
        new_slot(site, hour=hour)
    desk.visit(slots_at(site))
    page = desk.page
    desk.tab_to(page.get_by_label("几点起"))
    page.get_by_label("几点起").fill("10:00")
    desk.tab_to(page.get_by_role("button", name="筛选"))
    desk.press("Enter")
    found = page.locator("#list").get_by_text("共 1 个场次")
    expect(found).to_be_visible()
    expect(page.locator("#said")).to_have_text("共 1 个场次")
    assert "from_minute=10%3A00" in desk.path
    expect(page.get_by_role("button", name="筛选")).to_be_focused()
    page.reload()
    expect(found).to_be_visible()


def test_days_are_closed_with_a_look_at_whom_it_hits(desk: Desk, site: Site) -> None:
    with atomic() as session:
        make_opening_rule(session, site.id, capacity=5)
    desk.visit(f"{slots_at(site)}/generate")
    page = desk.page
    page.get_by_role("button", name="生成 ").click()
    told(page, "已生成")
    with reading() as session:
        slot = session.scalars(
            select(Slot).where(Slot.visit_on == WEDNESDAY_AT_NINE.date()).order_by(Slot.starts_at)
        ).first()
    assert slot is not None
    booking = new_booking(slot, adults=4)
    desk.visit(f"/console/sites/{site.id}/opening")
    page.get_by_role("link", name="闭馆或特别开放").click()
    page.get_by_label("从哪天起").fill(WEDNESDAY)
    page.get_by_label("原因", exact=True).select_option(label="天气")
    page.get_by_label("告诉公众的话").fill("暴雪")
    page.get_by_role("button", name="预览影响").click()
    expect(page.get_by_text("影响 1 个预约、4 人")).to_be_visible()
    page.get_by_role("button", name="确认闭馆").click()
    told(page, "2026 年 11 月 25 日暂停开放：暴雪。")
    assert now(booking).visit_on.isoformat() == "2026-11-26"
    page.get_by_role("button", name="撤销这次更改").click()
    told(page, "已撤销")
    assert now(booking).slot_id == slot.id
