"""The conflict desk: what two gates let in is looked into by a person, and closed with a note."""

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, ConflictState, GateConflict
from tests.browser.gate.conftest import Book
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of
from tests.factories.sites import make_site
from tests.support.desk import Desk
from tests.support.statements import statements


@pytest.fixture
def clash(app: Flask, site: Site, book: Book, clock: Clock) -> Booking:
    """A party that east and west let in without a network; east was two minutes later."""
    booking = book(adults=2)
    clock.advance(minutes=20)
    for name, minute in (("东门", 5), ("西门", 3)):
        scan = {
            "code": code_of(booking),
            "nonce": name.encode().hex(),
            "scanned_at": f"2026-11-25T09:0{minute}:00+08:00",
            "seats": 2,
        }
        body = {"site_id": str(site.id), "scans": [scan]}
        assert Gate(app, site.id, name).post("/api/staff/v1/gate/scans/batch", json=body).status_code == 200
    return booking


def only_conflict() -> GateConflict:
    with reading() as session:
        return session.scalars(select(GateConflict)).one()


def test_a_conflict_waits_on_the_start_page_and_is_closed_with_a_note(
    desk: Desk, site: Site, clash: Booking
) -> None:
    desk.sign_in(Role.SITE_MANAGER, site=site)
    desk.visit("/console/")
    desk.page.get_by_role("link", name="核销冲突待核对").click()
    row = desk.page.get_by_role("row", name=clash.number)
    expect(row).to_contain_text("东门")
    expect(row).to_contain_text("西门")
    expect(row).to_contain_text("王**")
    row.get_by_role("link", name="核对").click()
    expect(desk.page.get_by_text("西门，11月25日（周三）09:03")).to_be_visible()
    desk.expects(422)
    desk.page.get_by_role("button", name="保存并关闭冲突").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("请写明核对的结果")
    desk.page.get_by_label("核对结果").fill("同一家人分两门进，已核对")
    desk.page.get_by_role("button", name="保存并关闭冲突").click()
    expect(desk.page.get_by_role("status")).to_contain_text("核对结果已存档")
    expect(desk.page.get_by_text("没有待处理的冲突")).to_be_visible()
    assert only_conflict().state is ConflictState.CLOSED
    desk.page.get_by_label("显示").select_option("已处理")
    expect(desk.page.get_by_role("row", name=clash.number)).to_contain_text("已处理")
    desk.page.get_by_role("link", name="查看").click()
    expect(desk.page.get_by_text("同一家人分两门进，已核对")).to_be_visible()


def test_it_is_closed_by_keyboard_alone(desk: Desk, site: Site, clash: Booking) -> None:
    desk.sign_in(Role.GATE, site=site)
    desk.visit(f"/console/sites/{site.id}/conflicts")
    desk.tab_to(desk.page.get_by_role("link", name="核对"))
    desk.press("Enter")
    desk.tab_to(desk.page.get_by_label("核对结果"))
    desk.page.keyboard.type("闸口误扫，游客未入场")
    desk.press("Tab", "Enter")
    expect(desk.page.get_by_role("status")).to_contain_text("核对结果已存档")


def test_who_comes_second_hears_that_it_is_settled(desk: Desk, site: Site, clash: Booking) -> None:
    desk.sign_in(Role.SITE_MANAGER, site=site)
    desk.visit(f"/console/sites/{site.id}/conflicts/{only_conflict().id}")
    with atomic() as session:
        session.scalars(select(GateConflict)).one().state = ConflictState.CLOSED
    desk.expects(422)
    desk.page.get_by_label("核对结果").fill("我也核对了")
    desk.page.get_by_role("button", name="保存并关闭冲突").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("已经处理过了")


def test_another_sites_conflict_is_the_plain_page_that_nothing_is_there(
    desk: Desk, site: Site, clash: Booking
) -> None:
    with atomic() as session:
        other = make_site(session)
    desk.sign_in(Role.SITE_MANAGER, site=other)
    for path in (f"sites/{site.id}/conflicts", f"sites/{other.id}/conflicts/{only_conflict().id}"):
        desk.visit(f"/console/{path}", status=404)
        expect(desk.page.get_by_role("heading", name="没有找到")).to_be_visible()


def test_the_list_takes_few_statements(desk: Desk, site: Site, clash: Booking) -> None:
    desk.sign_in(Role.SITE_MANAGER, site=site)
    with statements() as taken:
        desk.visit(f"/console/sites/{site.id}/conflicts")
    assert len(taken) <= 12
