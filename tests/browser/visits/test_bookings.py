"""A booking in a browser: cancelling after a look at the message, whom to call, booking for callers."""

import re
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, Slot
from tests.conftest import MONDAY, Clock
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot
from tests.support.booking import CONTACT, Visitor
from tests.support.desk import OFFICE, PHONE, TABLET, Desk

pytestmark = pytest.mark.once

AT_ONE = 13 * 60


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slots(site: Site) -> list[Slot]:
    with atomic() as session:
        return [
            make_slot(session, site.id, starts_at=beijing_time(MONDAY.date(), minute))
            for minute in (AT_ONE, AT_ONE + 120)
        ]


@pytest.fixture
def booking(app: Flask, slots: list[Slot]) -> dict[str, Any]:
    return Visitor(app).booked(slots[0].id, adults=3, contact=CONTACT)


@pytest.fixture
def manager(desk: Desk, site: Site) -> Desk:
    desk.sign_in(Role.SITE_MANAGER, site=site)
    return desk


def count() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Booking)) or 0


def test_a_party_is_made_smaller_after_the_message_was_read(manager: Desk, booking: dict[str, Any]) -> None:
    page = manager.page
    manager.visit(f"/console/bookings/{booking['id']}")
    page.get_by_role("link", name="取消预约").click()
    page.get_by_label("只减少人数").check()
    page.get_by_label("减少成人").fill("1")
    page.get_by_label("告诉游客的原因").fill("展厅设备检修")
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.get_by_text("游客会收到：您的预约已减少 1 人")).to_be_visible()
    page.get_by_role("button", name="返回修改").click()
    expect(page.get_by_label("告诉游客的原因")).to_have_value("展厅设备检修")
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="确认减少 1 人").click()
    expect(page.get_by_role("status")).to_contain_text("预约已减少 1 人，还剩 2 人，1 个名额已放出")
    expect(page.get_by_text("部分取消：减少 1 人，还剩 2 人")).to_be_visible()


def test_a_booking_is_cancelled_by_keyboard_alone(manager: Desk, booking: dict[str, Any]) -> None:
    page = manager.page
    manager.visit(f"/console/bookings/{booking['id']}")
    manager.tab_to(page.get_by_role("link", name="取消预约"))
    manager.press("Enter")
    manager.tab_to(page.get_by_label("告诉游客的原因"))
    page.keyboard.insert_text("展厅设备检修")
    manager.press("Enter")
    manager.tab_to(page.get_by_role("button", name="确认取消 3 人"))
    manager.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("预约已取消，3 个名额已放出")


def test_a_mistake_takes_the_focus_and_loses_nothing(manager: Desk, booking: dict[str, Any]) -> None:
    page = manager.page
    manager.visit(f"/console/bookings/{booking['id']}/cancel")
    manager.expects(422)
    page.get_by_label("只减少人数").check()
    page.get_by_label("告诉游客的原因").fill("展厅设备检修")
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page).to_have_title(re.compile("^错误："))
    expect(page.get_by_label("告诉游客的原因")).to_have_value("展厅设备检修")
    page.locator("#error-summary a").click()
    expect(page.get_by_label("整单取消")).to_be_focused()


def test_a_contact_is_shown_for_a_reason_and_hidden_again(manager: Desk, booking: dict[str, Any]) -> None:
    page = manager.page
    manager.visit(f"/console/bookings/{booking['id']}")
    expect(page.get_by_text(CONTACT["phone"])).to_have_count(0)
    manager.tab_to(page.get_by_label("查看原因"))
    page.keyboard.insert_text("临时闭馆，电话通知")
    manager.press("Enter")
    expect(page.get_by_text(CONTACT["phone"])).to_be_visible()
    expect(page.get_by_text("查看了联系人的完整姓名和电话")).to_be_visible()
    page.get_by_role("link", name="隐藏").click()
    expect(page.get_by_text(CONTACT["phone"])).to_have_count(0)


def test_a_caller_is_booked_by_mouse(manager: Desk, site: Site, slots: list[Slot]) -> None:
    page = manager.page
    manager.visit(f"/console/sites/{site.id}/day")
    page.get_by_role("link", name="代客预约").first.click()
    page.get_by_role("link", name="13:00–14:00").click()
    page.get_by_label("成人").fill("2")
    page.get_by_label("联系人姓名").fill("孙悦")
    page.get_by_label("联系电话").fill("13912345678")
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="返回修改").click()
    expect(page.get_by_label("联系人姓名")).to_have_value("孙悦")
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="确认预约").dblclick()
    expect(page.get_by_role("heading", name="预约号")).to_be_visible()
    expect(page.get_by_text("接下来")).to_be_visible()
    assert count() == 1


def test_a_caller_is_booked_by_keyboard_alone(manager: Desk, site: Site, slots: list[Slot]) -> None:
    page = manager.page
    manager.visit(f"/console/sites/{site.id}/bookings/new")
    manager.tab_to(page.get_by_role("link", name="15:00–16:00"))
    manager.press("Enter")
    manager.tab_to(page.get_by_label("联系人姓名"))
    page.keyboard.insert_text("孙悦")
    manager.tab_to(page.get_by_label("联系电话"))
    page.keyboard.insert_text("13912345678")
    manager.press("Enter")
    manager.tab_to(page.get_by_role("button", name="确认预约"))
    manager.press("Enter")
    expect(page.get_by_role("heading", name="预约号")).to_be_visible()
    assert count() == 1


def test_a_full_slot_offers_another_and_keeps_what_was_typed(
    manager: Desk, site: Site, slots: list[Slot]
) -> None:
    page = manager.page
    manager.visit(f"/console/sites/{site.id}/bookings/new?slot={slots[0].id}")
    with atomic() as session:
        make_booking(session, session.merge(slots[0]), adults=20)
    page.get_by_label("联系人姓名").fill("孙悦")
    page.get_by_label("联系电话").fill("13912345678")
    manager.expects(422)
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("button", name="15:00–16:00").click()
    expect(page.get_by_text("11月23日（周一）15:00–16:00")).to_be_visible()
    expect(page.get_by_text("孙悦 13912345678")).to_be_visible()
    page.get_by_role("button", name="确认预约").click()
    expect(page.get_by_role("heading", name="预约号")).to_be_visible()


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_steps_fit_every_window(
    manager: Desk, site: Site, slots: list[Slot], size: tuple[int, int]
) -> None:
    page = manager.page
    manager.resize(size)
    manager.visit(f"/console/sites/{site.id}/bookings/new?slot={slots[0].id}")
    page.get_by_label("联系人姓名").fill("孙悦")
    page.get_by_label("联系电话").fill("13912345678")
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="确认预约").click()
    page.get_by_role("link", name="查看这个预约").click()
    expect(page.get_by_text("电话预约 1 人")).to_be_visible()
