"""The gate page without a network: it goes on, keeps what it let in, and tells what became of it."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Route, expect
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import devices, staff_sessions
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, ConflictState, GateConflict, Scan, ScanResult, Slot
from tests.browser.gate.conftest import Book
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of, short_code_of
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.clients import BearerClient
from tests.support.desk import Desk
from tests.support.door import Door


@pytest.fixture(autouse=True)
def running_clock(slot: Slot) -> None:
    """Each gate counts from the server's time as it was told it: that must be the same time for all."""
    kernel_clock.set_now(WEDNESDAY_AT_NINE)


def admitted(booking: Booking) -> int:
    with reading() as session:
        return session.get_one(Booking, booking.id).admitted


def conflicts() -> int:
    with reading() as session:
        waiting = select(func.count()).where(GateConflict.state == ConflictState.OPEN)
        return session.scalars(waiting).one()


def test_without_a_network_the_page_goes_on_and_confirms_on_return(
    doors: Callable[[str], Door], book: Book
) -> None:
    """By either code; the package names nobody until a code is shown."""
    one, other = book(adults=2, children=1), book()
    door = doors("东门")
    with door.desk.offline():
        door.type(short_code_of(one))
        expect(door.answer).to_contain_text("王**")
        expect(door.answer).to_contain_text("断网核验")
        door.desk.press("Enter")
        expect(door.answer).to_contain_text("已放行，待上传 3 人")
        expect(door.line).to_contain_text("断网 · 1 条待上传")
        door.admit(code_of(other))
        expect(door.line).to_contain_text("断网 · 2 条待上传")
        door.type(code_of(one))
        expect(door.answer).to_contain_text("已经用过")
        expect(door.answer).to_contain_text("本机 于 09:0")
        door.type("v1.no.such.ticket")
        expect(door.answer).to_contain_text("无法识别")
        assert admitted(one) == 0
    expect(door.queue).to_contain_text("已全部上传")
    expect(door.queue.get_by_text("已确认")).to_have_count(2)
    expect(door.told).to_contain_text("已上传 2 条：2 条确认")
    assert (admitted(one), admitted(other), conflicts()) == (3, 1, 0)
    door.queue.get_by_role("button", name="知道了").first.click()
    expect(door.queue.get_by_text("已确认")).to_have_count(1)


def test_a_reload_without_a_network_changes_nothing(doors: Callable[[str], Door], book: Book) -> None:
    booking = book(adults=2)
    door = doors("东门")
    with door.desk.offline():
        door.admit(code_of(booking))
        expect(door.line).to_contain_text("1 条待上传")
        door.page.reload()
        expect(door.page.locator("#main")).to_have_attribute("data-ready", "yes")
        expect(door.line).to_contain_text("断网 · 1 条待上传")
        expect(door.page.locator("#slots")).to_contain_text("09:00–10:00")
        door.type(code_of(booking))
        expect(door.answer).to_contain_text("已经用过")
    expect(door.queue).to_contain_text("已确认")
    assert admitted(booking) == 2


def test_a_party_comes_in_parts_and_what_was_not_sent_is_undone_at_once(
    doors: Callable[[str], Door], book: Book
) -> None:
    booking = book(adults=3)
    door = doors("东门")
    with door.desk.offline():
        door.type(code_of(booking))
        door.page.get_by_role("button", name="现在入场人数减一").click()
        door.page.get_by_role("button", name="确认入场 2 人").click()
        expect(door.answer).to_contain_text("还可入场 1 人")
        door.answer.get_by_role("button", name="撤销").click()
        expect(door.answer).to_contain_text("已撤销")
        expect(door.queue).to_be_hidden()
        door.admit(code_of(booking))
        expect(door.answer).to_contain_text("已放行，待上传 3 人")
    expect(door.queue).to_contain_text("已确认")
    assert admitted(booking) == 3


def test_what_was_sent_cannot_be_undone_without_a_network_and_it_says_so(
    doors: Callable[[str], Door], book: Book
) -> None:
    booking = book(adults=2)
    door = doors("东门")
    door.admit(code_of(booking))
    expect(door.answer).to_contain_text("已入场 2 人")
    with door.desk.offline():
        door.answer.get_by_role("button", name="撤销").click()
        door.answer.get_by_role("button", name="撤销入场").click()
        expect(door.answer).to_contain_text("没有撤销")
        expect(door.answer).to_contain_text("撤销它需要网络")
    assert admitted(booking) == 2


def test_a_revoked_and_a_foreign_ticket_are_refused_by_the_gate_itself(
    app: Flask, doors: Callable[[str], Door], book: Book, site: Site
) -> None:
    cancelled = book(adults=2)
    code = code_of(cancelled)
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    answer = manager.post(f"/api/staff/v1/bookings/{cancelled.id}/cancel", json={"reason": "来电取消"})
    assert answer.status_code == 200, answer.text
    with atomic() as session:
        elsewhere = make_booking(session, make_slot(session, make_site(session).id))
    door = doors("东门")
    with door.desk.offline():
        door.type(code)
        expect(door.answer).to_contain_text("票已作废")
        door.type(code_of(elsewhere))
        expect(door.answer).to_contain_text("不是这里今天的票")
        forged = code[:-2] + ("AA" if not code.endswith("AA") else "BB")
        door.type(forged)
        expect(door.answer).to_contain_text("无法识别")


def test_a_booking_made_after_the_package_comes_in_by_its_signature(
    doors: Callable[[str], Door], book: Book
) -> None:
    door = doors("东门")
    booking = book(adults=2)
    with door.desk.offline():
        door.type(code_of(booking))
        expect(door.answer).to_contain_text("名单下载后才有的预约，票面签名有效")
        door.desk.press("Enter")
        expect(door.answer).to_contain_text("已放行，待上传 2 人")
    expect(door.queue).to_contain_text("已确认")
    assert admitted(booking) == 2


def test_of_two_gates_without_a_network_the_first_scan_stands_whoever_is_back_first(
    doors: Callable[[str], Door], book: Book
) -> None:
    first, second = book(adults=2), book(adults=1)
    east, west = doors("东门"), doors("西门")
    with west.desk.offline():
        with east.desk.offline():
            east.admit(code_of(first))
            expect(east.answer).to_contain_text("已放行，待上传 2 人")
            west.admit(code_of(first))
            expect(west.answer).to_contain_text("已放行，待上传 2 人")
            west.admit(code_of(second))
            expect(west.line).to_contain_text("2 条待上传")
            east.admit(code_of(second))
            expect(east.line).to_contain_text("2 条待上传")
        # East is back before west, though west had the second party first.
        expect(east.queue).to_contain_text("已全部上传")
        assert (admitted(first), admitted(second)) == (2, 1)
    expect(west.queue).to_contain_text("冲突")
    expect(west.queue).to_contain_text("东门 于 09:0")
    expect(west.told).to_contain_text("1 条确认，1 条冲突")
    assert (admitted(first), admitted(second), conflicts()) == (2, 1, 2)
    with reading() as session:
        winners = dict(
            session.execute(select(Scan.booking_id, Scan.scanner).where(Scan.result == ScanResult.OK)).all()
        )
    assert winners[first.id] != winners[second.id]


def test_a_gate_that_comes_back_after_an_online_admission_is_in_conflict(
    app: Flask, doors: Callable[[str], Door], book: Book, site: Site
) -> None:
    booking = book(adults=2)
    east = doors("东门")
    with east.desk.offline():
        east.admit(code_of(booking))
        expect(east.line).to_contain_text("1 条待上传")
        assert Gate(app, site.id, "西门").scan(code_of(booking))["result"] == "ok"
    expect(east.queue).to_contain_text("先放行了同一张票，2 人待核对")
    assert (admitted(booking), conflicts()) == (2, 1)


def test_an_online_gate_after_a_return_finds_the_ticket_used(
    app: Flask, doors: Callable[[str], Door], book: Book, site: Site
) -> None:
    booking = book(adults=2)
    east = doors("东门")
    with east.desk.offline():
        east.admit(code_of(booking))
        expect(east.line).to_contain_text("1 条待上传")
    expect(east.queue).to_contain_text("已确认")
    assert Gate(app, site.id, "西门").scan(code_of(booking))["result"] == "already_used"
    assert (admitted(booking), conflicts()) == (2, 0)


def test_who_was_signed_out_meanwhile_keeps_the_queue_and_sends_it_after_signing_in(
    desk: Desk, site: Site, book: Book, clock: Clock
) -> None:
    booking = book(adults=2)
    staff_id = desk.sign_in(Role.GATE, site=site)
    door = Door(desk, site.id)
    with desk.offline():
        door.admit(code_of(booking))
        expect(door.line).to_contain_text("断网 · 1 条待上传")
        end_sessions(staff_id, clock)
        desk.expects(401)
    expect(door.line).to_contain_text("需要登录 · 1 条待上传")
    expect(door.page.get_by_role("link", name="重新登录")).to_be_visible()
    assert admitted(booking) == 0
    desk.sign_in_as(staff_id)
    door.visit()
    expect(door.queue).to_contain_text("已确认")
    assert admitted(booking) == 2


def test_an_admission_whose_answer_was_lost_is_the_same_one_when_it_is_sent_again(
    doors: Callable[[str], Door], book: Book
) -> None:
    booking = book(adults=2)
    door = doors("东门")

    def lose(route: Route) -> None:
        route.fetch()
        door.desk.watch.offline = True
        route.abort("connectionfailed")

    door.page.route("**/gate/scans", lose, times=1)
    door.admit(short_code_of(booking))
    expect(door.queue).to_contain_text("已确认", timeout=15_000)
    assert (admitted(booking), conflicts()) == (2, 0)
    with reading() as session:
        assert session.scalars(select(func.count()).select_from(Scan)).one() == 1


def test_a_device_that_was_revoked_lets_nobody_in_and_loses_nothing(
    app: Flask, desk: Desk, site: Site, book: Book, clock: Clock
) -> None:
    first, second = book(adults=2), book()
    gate = Gate(app, site.id, "北门")
    desk.carry("gid", gate.token)
    door = Door(desk, site.id)
    with desk.offline():
        door.admit(code_of(first))
        expect(door.line).to_contain_text("1 条待上传")
        with atomic() as session:
            devices.revoke_device(session, site_id=site.id, device_id=gate.id, actor=SYSTEM, now=clock.now)
        desk.expects(401)
    expect(door.page.locator("#alone")).to_contain_text("这台设备已停用")
    door.type(code_of(second))
    expect(door.answer).to_contain_text("设备已停用")
    assert (admitted(first), admitted(second)) == (0, 0)
    desk.carry("gid", Gate(app, site.id, "北门新").token)
    door.visit()
    expect(door.queue).to_contain_text("已确认")
    assert admitted(first) == 2


def end_sessions(staff_id: UUID, clock: Clock) -> None:
    with atomic() as session:
        staff_sessions.end_all(session, staff_id=staff_id, actor=SYSTEM, reason="test", now=clock.now)


def test_a_browser_that_cannot_check_signatures_says_so_and_works_with_a_network(
    desk: Desk, site: Site, book: Book
) -> None:
    booking = book(adults=2)
    desk.sign_in(Role.GATE, site=site)
    desk.page.add_init_script(
        "SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('', 'NotSupportedError'))"
    )
    desk.visit(f"/console/sites/{site.id}/gate")
    expect(desk.page.locator("#package")).to_contain_text("断网时不能核验")
    desk.page.get_by_label("票码").fill(code_of(booking))
    desk.page.get_by_role("button", name="查票").click()
    desk.page.get_by_role("button", name="确认入场 2 人").click()
    expect(desk.page.locator("#answer")).to_contain_text("已入场 2 人")
    assert admitted(booking) == 2
