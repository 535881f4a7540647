"""Numbers that change while the product runs, and the city's booking rules, from the desk (B30)."""

from datetime import date, timedelta

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.visits.models import Booking, PolicyVersion, Slot
from miniprogram_api.visits.queries.access import get_making_access
from miniprogram_api.visits.service import timetable
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.factories.sites import make_opening_rule, make_site
from tests.factories.visits import make_booking
from tests.support.desk import OFFICE, PHONE, TABLET, Desk

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]


def test_the_citys_rules_change_what_visitors_read_and_no_booking(
    desk: Desk, app: Flask, clock: Clock
) -> None:
    with atomic() as session:
        site = make_site(session)
        make_opening_rule(session, site.id)
        session.flush()
        access = get_making_access(session, site.id, now=clock.now)
        timetable.materialise(session, site_id=site.id, access=access, days=30, actor=SYSTEM, now=clock.now)
        slot = session.scalars(
            select(Slot).where(Slot.visit_on == date(2026, 11, 25)).order_by(Slot.starts_at).limit(1)
        ).one()
        booking = make_booking(session, slot, member_id=make_member(session).id)
        site_id, booking_id, ruled_by = site.id, booking.id, booking.policy_id
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/settings")
    page = desk.page
    expect(page.get_by_text("每次可预约 1 至 5 人。")).to_be_visible()
    page.get_by_role("link", name="修改规则").click()
    page.get_by_label("最多人数", exact=True).fill("3")
    page.get_by_label("从哪天的场次起执行").fill("2026-11-23")
    page.get_by_label("修改理由").fill("旺季")
    page.get_by_role("button", name="查看影响").click()
    expect(page.get_by_text("影响 1 个示范点")).to_be_visible()
    expect(page.get_by_role("row", name="最多人数 一次最多预约 5 人。 一次最多预约 3 人。")).to_be_visible()
    page.get_by_role("button", name="确认修改").click()
    expect(page.get_by_role("status")).to_contain_text("11月23日（周一）的场次起改变")
    expect(page.get_by_text("每次可预约 1 至 3 人。")).to_be_visible()
    while events.drain():
        pass
    client = app.test_client()
    words = client.get(f"/api/v1/sites/{site_id}").get_json()["policy"]["words"]
    assert "每次可预约 1 至 3 人。" in words
    with reading() as session:
        kept = session.get_one(Booking, booking_id)
        assert kept.policy_id == ruled_by
        assert session.get_one(PolicyVersion, ruled_by).numbers["party_max"] == 5


def test_a_number_changes_from_a_day_on_by_keyboard_and_is_taken_back(desk: Desk, clock: Clock) -> None:
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/settings")
    page = desk.page
    desk.tab_to(page.get_by_role("link", name="登录闲置时间"))
    desk.press("Enter")
    expect(page.get_by_role("heading", name="现在是 30 分钟")).to_be_visible()
    desk.tab_to(page.get_by_label("新数值"))
    desk.press("ControlOrMeta+A")
    page.keyboard.type("10")
    desk.tab_to(page.get_by_role("radio", name="立即生效"))
    desk.press("ArrowDown")
    later = (clock.now + timedelta(days=8)).date()
    page.get_by_label("生效日期").fill(later.isoformat())
    desk.tab_to(page.get_by_label("修改理由"))
    page.keyboard.type("test")
    desk.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("12月1日（周二）00:00起是 10 分钟")
    expect(page.get_by_text("待生效")).to_be_visible()
    desk.tab_to(page.get_by_role("button", name="撤回"))
    desk.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已撤回")
    expect(page.get_by_role("heading", name="现在是 30 分钟")).to_be_visible()


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_settings_fit(desk: Desk, size: tuple[int, int]) -> None:
    desk.sign_in(Role.ADMIN)
    desk.resize(size)
    for path in ("", "/identity.invitation_hours", "/default-policy"):
        desk.visit(f"/console/settings{path}")
