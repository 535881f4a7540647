"""The gate page with a network: look, confirm, part of a party, undo; by keyboard and by mouse."""

import re
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking
from tests.browser.gate.conftest import Book
from tests.factories.gate import Gate, code_of, short_code_of
from tests.support.desk import PHONE, Desk
from tests.support.door import Door


def admitted(booking: Booking) -> int:
    with reading() as session:
        return session.get_one(Booking, booking.id).admitted


def test_a_typed_code_shows_the_party_and_enter_lets_it_in(door: Door, book: Book) -> None:
    booking = book(adults=2, children=1)
    door.type(short_code_of(booking).lower())
    expect(door.answer).to_contain_text("可以入场")
    expect(door.answer).to_contain_text("王**")
    expect(door.answer).to_contain_text("138****8000")
    expect(door.answer).to_contain_text("成人 2，儿童 1")
    expect(door.told).to_contain_text("可以入场")
    assert admitted(booking) == 0
    expect(door.page.locator("#confirm")).to_be_focused()
    door.desk.press("Enter")
    expect(door.answer).to_contain_text("已入场 3 人")
    assert admitted(booking) == 3
    expect(door.page.locator("#code")).to_be_focused()


def test_a_party_comes_in_parts_by_mouse(door: Door, book: Book) -> None:
    booking = book(adults=3)
    door.page.locator("#code").fill(short_code_of(booking))
    door.page.locator("#look-up").click()
    door.page.get_by_role("button", name="现在入场人数减一").click()
    door.page.get_by_role("button", name="确认入场 2 人").click()
    expect(door.answer).to_contain_text("已入场 2 / 3 人，还可入场 1 人")
    assert admitted(booking) == 2
    door.admit(code_of(booking))
    expect(door.answer).to_contain_text("已入场 1 人")
    assert admitted(booking) == 3


def test_a_second_scan_says_which_gate_and_when(app: Flask, door: Door, book: Book, site: Site) -> None:
    booking = book(adults=2)
    Gate(app, site.id, "西门").scan(code_of(booking))
    door.type(code_of(booking))
    expect(door.answer).to_contain_text("已经用过")
    expect(door.answer).to_contain_text("西门 于 09:00 已放行")
    expect(door.told).to_contain_text("西门 于 09:00 已放行")
    expect(door.answer).not_to_contain_text("确认入场")


def test_not_letting_in_leaves_no_trace(door: Door, book: Book) -> None:
    booking = book()
    door.type(code_of(booking))
    door.page.get_by_role("button", name="先不放行").click()
    expect(door.answer).to_contain_text("请扫码或输入票码")
    assert admitted(booking) == 0
    door.type("v1.what.is.this")
    expect(door.answer).to_contain_text("无法识别")


def test_the_scanner_of_the_next_visitor_does_not_confirm_the_one_before(door: Door, book: Book) -> None:
    first, second = book(), book(adults=2)
    door.type(code_of(first))
    expect(door.page.locator("#confirm")).to_be_focused()
    door.type(code_of(second))
    expect(door.page.get_by_role("button", name="确认入场 2 人")).to_be_visible()
    assert admitted(first) == 0


def test_an_admission_is_undone_with_a_reason_and_the_ticket_admits_again(door: Door, book: Book) -> None:
    booking = book(adults=2)
    door.admit(code_of(booking))
    expect(door.answer).to_contain_text("已入场 2 人")
    door.answer.get_by_role("button", name="撤销").click()
    door.answer.get_by_label("人数不对").check()
    door.answer.get_by_role("button", name="撤销入场").click()
    expect(door.answer).to_contain_text("已撤销")
    assert admitted(booking) == 0
    expect(door.page.locator("#scans")).to_contain_text("由 东门 撤销：人数不对")
    door.admit(code_of(booking))
    expect(door.answer).to_contain_text("已入场 2 人")
    with reading() as session:
        actions = list(session.scalars(select(AuditRow.action).where(AuditRow.object_type == "booking")))
    assert sorted(actions) == ["visits.admit", "visits.admit", "visits.undo_admission"]


def test_an_earlier_admission_is_undone_from_the_list_by_keyboard(door: Door, book: Book) -> None:
    booking = book(adults=2)
    door.admit(code_of(booking))
    undo = door.page.locator("#scans").get_by_role("button", name="撤销").first
    door.desk.tab_to(undo)
    door.desk.press("Enter", "Tab")
    door.page.keyboard.type("带错了团")
    door.desk.press("Enter")
    expect(door.page.locator("#scans")).to_contain_text("带错了团")
    assert admitted(booking) == 0


def test_people_without_a_booking_and_people_who_leave_are_counted(door: Door, book: Book) -> None:
    page = door.page
    page.get_by_text("现场登记（没有预约的游客）").click()
    page.get_by_role("button", name="成人加一").click()
    page.get_by_role("button", name="登记并放行").click()
    expect(page.locator("#walk-in-done")).to_contain_text("已现场登记并放行 2 人")
    expect(page.locator("#totals")).to_contain_text("2在馆")
    page.locator("#leave summary").click()
    page.get_by_role("button", name="登记离场").click()
    expect(page.locator("#leaving-done")).to_contain_text("馆内还有 1 人")
    expect(page.locator("#totals")).to_contain_text("1在馆")


def test_the_sound_can_be_switched_off_and_stays_off(door: Door) -> None:
    sound = door.page.get_by_role("button", name="声音")
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "false")
    door.visit()
    expect(door.page.get_by_role("button", name="声音关")).to_be_visible()


def test_two_gates_scan_the_same_ticket_at_once(doors: Callable[[str], Door], book: Book) -> None:
    booking = book(adults=2)
    east, west = doors("东门"), doors("西门")
    for door in (east, west):
        door.type(code_of(booking))
        expect(door.page.locator("#confirm")).to_be_focused()
    east.desk.press("Enter")
    west.desk.press("Enter")
    # Whichever is first: one lets them in, the other says where they are.
    answered = re.compile("已入场 2 人|于 09:00 已放行")
    for door in (east, west):
        expect(door.answer).to_contain_text(answered)
    told = {"东门": east.answer.inner_text(), "西门": west.answer.inner_text()}
    (winner,) = (gate for gate, words in told.items() if "已入场 2 人" in words)
    (loser,) = told.keys() - {winner}
    assert f"{winner} 于 09:00 已放行" in told[loser]
    assert admitted(booking) == 2


def test_staff_of_the_site_use_it_too_and_it_fits_a_phone(desk: Desk, site: Site, book: Book) -> None:
    desk.sign_in(Role.GATE, site=site)
    desk.resize(PHONE)
    door = Door(desk, site.id)
    booking = book(adults=2)
    door.admit(code_of(booking))
    expect(door.answer).to_contain_text("已入场 2 人")
    expect(door.page.get_by_role("link", name="工作台")).to_be_visible()


_HEARD = """window.heard = [];
window.OscillatorNode = class extends OscillatorNode {
    constructor(context, options) { super(context, options); window.heard.push(options.frequency); }
};"""


def test_each_result_has_its_colour_its_words_and_its_tones(door: Door, book: Book) -> None:
    door.page.add_init_script(_HEARD)
    door.visit()
    colours = set()

    def came_of(tone: str, words: str, tones: list[int]) -> None:
        expect(door.answer).to_have_class(f"answer tone-{tone}")
        expect(door.answer).to_contain_text(words)
        expect(door.told).to_contain_text(words)
        assert door.page.evaluate("heard.splice(0)") == tones
        colours.add(door.answer.evaluate("element => getComputedStyle(element).backgroundColor"))

    booking = book(adults=2)
    door.type(code_of(booking))
    came_of("good", "可以入场", [880])
    door.desk.press("Enter")
    came_of("good", "已入场 2 人", [880, 1320])
    door.type(code_of(booking))
    came_of("warning", "已经用过", [520, 520])
    door.type("v1.what.is.this")
    came_of("danger", "无法识别", [240])
    assert len(colours) == 3
    door.page.get_by_role("button", name="声音开").click()
    door.type(code_of(booking))
    came_of("warning", "已经用过", [])


@pytest.mark.parametrize("has_network", [True, False], ids=["online", "offline"])
def test_the_guide_opens_on_the_page_itself_and_gives_the_focus_back(door: Door, has_network: bool) -> None:
    page, desk = door.page, door.desk
    with nullcontext() if has_network else desk.offline():
        button = page.get_by_role("button", name="帮助")
        desk.tab_to(button)
        desk.press("Enter")
        guide = page.get_by_role("dialog", name="怎样核销入场券")
        expect(guide).to_contain_text("断网时照常扫码")
        expect(guide.get_by_role("button", name="关闭")).to_be_focused()
        desk.press("Escape")
        expect(guide).to_be_hidden()
        expect(button).to_be_focused()
        button.click()
        guide.get_by_role("button", name="关闭").click()
        expect(button).to_be_focused()
        assert desk.path == door.address


def test_a_tablet_finds_back_to_its_gate_from_wherever_it_got(door: Door) -> None:
    page, desk = door.page, door.desk
    for path, status in (("/console/", 403), ("/console/help/gate", 200), ("/console/nowhere", 404)):
        for name in ("回到核销页面", "长春低碳示范区工作台"):
            desk.visit(path, status=status)
            page.get_by_role("link", name=name).click()
            door.wait_until_kept()
            assert desk.path == door.address


def test_another_site_is_not_there(door: Door, desk: Desk) -> None:
    desk.sign_in(Role.AUDITOR)
    desk.visit(door.address, status=403)


class TestPairing:
    def test_a_tablet_becomes_a_gate_by_its_token(self, app: Flask, desk: Desk, site: Site) -> None:
        token = Gate(app, site.id, "北门").token
        desk.visit("/console/gate/pair")
        desk.expects(422)
        desk.page.get_by_label("设备令牌").fill("gd_wrong")
        desk.page.get_by_role("button", name="设为闸机").click()
        expect(desk.page.get_by_role("alert")).to_contain_text("没有这个设备令牌")
        desk.page.get_by_label("设备令牌").fill(token)
        desk.page.get_by_role("button", name="设为闸机").click()
        expect(desk.page.get_by_text("北门（闸机）")).to_be_visible()
        (cookie,) = [each for each in desk.context.cookies() if each["name"] == "gid"]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        expect(desk.page.locator("#package")).to_contain_text("断网可用")
        desk.page.get_by_role("button", name="这台设备不再作为闸机").click()
        expect(desk.page.locator("#status")).to_contain_text("这台设备已不再是闸机")
        assert "gid" not in [each["name"] for each in desk.context.cookies()]


@pytest.mark.parametrize("size", [(820, 1180), (390, 844), (1366, 768)])
def test_the_page_fits_every_window(door: Door, book: Book, size: tuple[int, int]) -> None:
    door.desk.resize(size)
    door.type(code_of(book(adults=2, children=1, wheelchairs=1)))
    expect(door.page.locator("#confirm")).to_be_in_viewport()


def test_what_the_page_loads_is_light(door: Door, browser: Browser) -> None:
    """Without the scanner, which comes when the camera is switched on."""
    weight = door.page.evaluate(
        """performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
           .filter(entry => !entry.name.includes("/vendor/qr/") && !entry.name.includes("/api/"))
           .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
    )
    assert weight <= 100 * 1024
