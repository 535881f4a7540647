"""The day desk in a browser: finding somebody by mouse and by keyboard, the list on paper, files."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, BookingStatus, Slot
from tests.conftest import MONDAY, Clock
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot
from tests.support.desk import OFFICE, PHONE, TABLET, Desk
from tests.support.withdrawing import give_contact

pytestmark = pytest.mark.once

NINE = 9 * 60
NAMES = ("王小明", "李雷", "欧阳锋", "张三丰")


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def bookings(site: Site) -> list[UUID]:
    """Four visitors in two slots of today, one of whom has come."""
    with atomic() as session:
        slots = [
            make_slot(session, site.id, starts_at=beijing_time(MONDAY.date(), minute), capacity=6)
            for minute in (NINE, NINE + 300)
        ]
        made = [
            _add(session, slots[number // 2], name, f"1380013800{number}", number)
            for number, name in enumerate(NAMES)
        ]
        return [booking.id for booking in made]


def _add(session: Session, slot: Slot, name: str, phone: str, number: int) -> Booking:
    came: dict[str, Any] = {"status": BookingStatus.ADMITTED, "admitted": 2} if number == 0 else {}
    booking = make_booking(session, slot, adults=2, **came)
    give_contact(booking, name, phone)
    return booking


@pytest.fixture
def manager(desk: Desk, site: Site, bookings: list[UUID]) -> Desk:
    desk.sign_in(Role.SITE_MANAGER, site=site)
    desk.visit(f"/console/sites/{site.id}/day")
    return desk


def test_somebody_is_found_by_the_last_four_digits(manager: Desk) -> None:
    manager.page.get_by_label("预约号、短码、姓名或手机后四位").fill("8002")
    manager.page.get_by_role("button", name="查找").click()
    expect(manager.page.locator("#list tbody tr")).to_have_count(1)
    expect(manager.page.locator("#list")).to_contain_text("欧**")
    manager.page.get_by_role("link", name="清除条件").click()
    expect(manager.page.locator("#list tbody tr")).to_have_count(4)


def test_somebody_is_found_and_opened_by_keyboard_alone(manager: Desk) -> None:
    manager.tab_to(manager.page.get_by_label("预约号、短码、姓名或手机后四位"))
    manager.page.keyboard.insert_text("李雷")
    manager.press("Enter")
    expect(manager.page.locator("#list tbody tr")).to_have_count(1)
    manager.tab_to(manager.page.locator("#list tbody a"))
    manager.press("Enter")
    expect(manager.page.get_by_role("heading", level=1)).to_contain_text("预约")
    expect(manager.page.get_by_text("138****8001")).to_be_visible()


def test_the_arrow_keys_go_through_the_list(manager: Desk, bookings: list[UUID]) -> None:
    links = manager.page.locator("#list tbody a")
    manager.tab_to(links.first)
    manager.press("ArrowDown", "ArrowDown")
    expect(links.nth(2)).to_be_focused()
    manager.press("End")
    expect(links.last).to_be_focused()
    manager.press("ArrowDown", "ArrowUp", "Enter")
    expect(manager.page.get_by_text("138****8002")).to_be_visible()


def test_one_slot_is_looked_at_alone(manager: Desk) -> None:
    manager.page.get_by_role("link", name="14:00").click()
    expect(manager.page.locator("#list tbody tr")).to_have_count(2)
    expect(manager.page.locator(".slot-card[aria-current]")).to_have_count(1)
    manager.page.go_back()
    expect(manager.page.locator("#list tbody tr")).to_have_count(4)


def test_the_figures_come_up_to_date_and_the_focus_stays(
    manager: Desk, site: Site, bookings: list[UUID]
) -> None:
    manager.page.clock.install()
    manager.page.reload()
    opened = manager.page.locator(f"#booking-{bookings[1]}")
    manager.tab_to(opened)
    with atomic() as session:
        came = session.get_one(Booking, bookings[1])
        came.status, came.admitted = BookingStatus.ADMITTED, 2
    manager.page.clock.run_for(31_000)
    expect(manager.page.locator(".day-figures li").nth(1)).to_contain_text("4")
    expect(manager.page.locator("#list tbody tr", has_text="已入场")).to_have_count(2)
    expect(opened).to_be_focused()


def test_a_file_is_saved_from_the_menu(manager: Desk, tmp_path: Path) -> None:
    manager.tab_to(manager.page.locator("#export"))
    manager.press("Enter")
    with manager.page.expect_download() as saved:
        manager.page.get_by_role("button", name="CSV 文本").click()
    saved.value.save_as(tmp_path / "day.csv")
    text = (tmp_path / "day.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert "王**,138****8000" in text.decode()
    assert saved.value.suggested_filename == "bookings-20261123.csv"
    with manager.page.expect_download():
        manager.page.get_by_role("button", name="Excel 表格").click()


def test_contacts_in_full_take_a_reason(manager: Desk, tmp_path: Path) -> None:
    manager.page.locator("#export").click()
    manager.page.get_by_role("link", name="导出完整联系方式").click()
    manager.expects(422)
    manager.page.get_by_role("button", name="导出文件").click()
    expect(manager.page.locator("#error-summary")).to_be_focused()
    assert manager.page.title().startswith("错误：")
    manager.page.get_by_role("link", name="请写明导出的原因和用途。").click()
    expect(manager.page.get_by_label("导出原因")).to_be_focused()
    manager.page.keyboard.insert_text("暴雪闭馆，电话通知")
    with manager.page.expect_download() as saved:
        manager.page.get_by_role("button", name="导出文件").click()
    assert saved.value.suggested_filename == "bookings-20261123-contacts.xlsx"


def test_the_list_is_fit_for_paper(manager: Desk) -> None:
    manager.page.get_by_role("link", name="打印名单").click()
    expect(manager.page.get_by_role("button", name="打印")).to_be_visible()
    expect(manager.page.locator("main h2")).to_have_count(2)
    manager.page.emulate_media(media="print")
    for hidden in (".topbar", ".sidebar", ".tabs", "#print-now"):
        expect(manager.page.locator(hidden)).to_be_hidden()
    expect(manager.page.get_by_text("用完请销毁")).to_be_visible()
    manager.page.emulate_media(media="screen")


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_pages_fit_every_window(
    manager: Desk, site: Site, bookings: list[UUID], size: tuple[int, int]
) -> None:
    manager.resize(size)
    day = f"/console/sites/{site.id}/day"
    for path in (
        day,
        f"{day}?q=0000",
        f"{day}?date=2026-12-30",
        f"{day}/print",
        f"{day}/contacts",
        f"/console/sites/{site.id}/bookings/new",
        f"/console/bookings/{bookings[1]}",
        f"/console/bookings/{bookings[1]}/cancel",
    ):
        manager.visit(path)
    manager.visit(day)


def test_at_half_past_eight_everything_that_matters_is_in_sight(manager: Desk) -> None:
    for part in (".day-figures", ".slot-grid", "#q"):
        box = manager.page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= OFFICE[1], part
