"""Changing many slots at the console without scripts: choose, preview, confirm, take back."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.messaging.models import Message
from miniprogram_api.sites.models import Closure, Site
from miniprogram_api.visits.models import Booking, BookingStatus, Channel, Slot, SlotChange, SlotState
from tests.conftest import Clock
from tests.factories.sites import make_opening_rule
from tests.factories.staff import code_now, make_staff, open_session
from tests.factories.visits import WEDNESDAY_AT_NINE
from tests.support.booking import reconcile
from tests.support.pages import PageClient, hidden, text_of, title_of
from tests.support.sites_desk import (
    CLOSING,
    WEDNESDAY,
    fields_of,
    manager_of,
    new_booking,
    new_site,
    new_slot,
)
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def site(app: Flask) -> Site:
    return new_site()


@pytest.fixture
def manager(app: Flask, site: Site) -> PageClient:
    return manager_of(app, site)


def at(site: Site, path: str = "") -> str:
    return f"/console/sites/{site.id}/slots{path}"


def change(site: Site, query: str = f"?first={WEDNESDAY}&last={WEDNESDAY}") -> str:
    return at(site, f"/change{query}")


def slot_now(slot: Slot) -> Slot:
    with reading() as session:
        return session.get_one(Slot, slot.id)


def status_of(booking: Booking) -> BookingStatus:
    with reading() as session:
        return session.get_one(Booking, booking.id).status


def slot_of_rule(manager: PageClient, site: Site) -> Slot:
    """The first of the slots that the site's opening makes on the day."""
    with atomic() as session:
        make_opening_rule(session, site.id, capacity=3)
    manager.post(at(site, "/generate"), {"step": "apply"})
    with reading() as session:
        first = select(Slot).where(Slot.visit_on == WEDNESDAY_AT_NINE.date()).order_by(Slot.starts_at)
        slot = session.scalars(first).first()
    assert slot is not None
    return slot


def confirm(person: PageClient, address: str, shown: Any) -> Any:
    return person.follow(person.post(address, fields_of(shown.text, "apply")))


def test_slots_are_listed_by_day_weekday_time_and_state(manager: PageClient, site: Site) -> None:
    for hour in range(3):
        new_slot(site, hour=hour)
    new_slot(site, day=1, state=SlotState.CLOSED, closed_reason="weather", closed_text="大雪")
    page = text_of(manager.get(at(site)))
    assert "共 4 个场次" in page
    assert "大雪" in page
    assert "共 3 个场次" in text_of(manager.get(at(site, f"?first={WEDNESDAY}&last={WEDNESDAY}")))
    assert "共 2 个场次" in text_of(manager.get(at(site, "?from_minute=10:00")))
    assert "共 1 个场次" in text_of(manager.get(at(site, "?weekdays=4")))
    assert "共 1 个场次" in text_of(manager.get(at(site, "?state=closed")))
    assert "没有符合条件的场次" in text_of(manager.get(at(site, "?weekdays=6")))
    wrong = manager.get(at(site, "?first=2026-12-02&last=2026-12-01&from_minute=25:99"))
    assert wrong.status_code == 422
    assert "请按 09:30 的格式" in text_of(wrong)


def test_a_long_list_is_read_page_by_page(manager: PageClient, site: Site) -> None:
    for number in range(60):
        new_slot(site, day=number // 10, hour=number % 10, minutes=30)
    first = manager.get(at(site))
    assert "共 60 个场次" in text_of(first)
    assert first.text.count('name="slot"') == 50
    after = first.text.partition('id="pager-next" href="')[2].partition('"')[0]
    second = manager.get(after.replace("&amp;", "&"))
    assert second.text.count('name="slot"') == 10
    assert "已经到底了" in text_of(second)


def test_closing_with_bookings_shows_whom_it_hits_and_what_they_are_told(
    manager: PageClient, site: Site
) -> None:
    slots = [new_slot(site, hour=hour) for hour in range(2)]
    bookings = [new_booking(slots[0], adults=2, number="B-1"), new_booking(slots[1], adults=3)]
    shown = manager.post(change(site), CLOSING)
    words = text_of(shown)
    assert "影响 2 个预约、5 人" in words
    assert "很抱歉，您预约的南湖低碳示范点（示例）11月25日（周三）09:00–10:00的参观不能进行" in words
    assert "B-1" in words
    assert [status_of(booking) for booking in bookings] == [BookingStatus.CONFIRMED] * 2
    told = text_of(confirm(manager, change(site), shown))
    assert "2 个场次已关闭，取消 2 个预约、5 人。" in told
    assert [status_of(booking) for booking in bookings] == [BookingStatus.CANCELLED] * 2
    assert reconcile() == []


def test_bookings_that_were_hit_are_a_click_away_for_who_may_see_them(
    app: Flask, manager: PageClient, site: Site
) -> None:
    booking = new_booking(new_slot(site))
    done = manager.post(change(site), fields_of(manager.post(change(site), CLOSING).text, "apply"))
    link = f'<a href="/console/bookings/{booking.id}" id="booking-{booking.id}">{booking.number}</a>'
    assert link in manager.follow(done).text
    assert booking.number in text_of(manager.get(f"/console/bookings/{booking.id}"))
    with atomic() as session:
        admin = PageClient(app, open_session(session, make_staff(session, role=Role.ADMIN).id))
    page = admin.get(done.headers["Location"])
    assert booking.number in page.text
    assert "/console/bookings/" not in page.text


def test_sent_twice_it_happens_once(manager: PageClient, site: Site) -> None:
    new_booking(new_slot(site))
    shown = manager.post(change(site), CLOSING)
    fields = fields_of(shown.text, "apply")
    first, second = manager.post(change(site), fields), manager.post(change(site), fields)
    assert first.headers["Location"] == second.headers["Location"]
    with reading() as session:
        assert len(session.scalars(select(SlotChange)).all()) == 1


def test_what_changed_since_the_preview_is_shown_before_anything_happens(
    manager: PageClient, site: Site
) -> None:
    slot = new_slot(site)
    shown = manager.post(change(site), CLOSING)
    assert "没有预约受影响" in text_of(shown)
    booking = new_booking(slot)
    again = manager.post(change(site), fields_of(shown.text, "apply"))
    assert again.status_code == 422
    assert "现在影响 1 个场次、1 个预约" in text_of(again)
    assert "影响 1 个预约、1 人" in text_of(again)
    assert status_of(booking) is BookingStatus.CONFIRMED
    confirm(manager, change(site), again)
    assert status_of(booking) is BookingStatus.CANCELLED


def test_parties_are_moved_and_brought_back(manager: PageClient, site: Site) -> None:
    old, new = new_slot(site), new_slot(site, day=1)
    booking = new_booking(old, adults=2)
    shown = manager.post(change(site), CLOSING | {"treatment": "move"})
    assert "改到 11月26日（周四）09:00–10:00" in text_of(shown)
    assert "您的参观时间已改期" in text_of(shown)
    page = confirm(manager, change(site), shown)
    assert "改期 1 个预约、2 人" in text_of(page)
    assert slot_now(new).booked == 2
    address = page.text.partition('action="')[2]
    undo = next(part for part in page.text.split('"') if part.endswith("/undo"))
    assert address
    back = text_of(manager.follow(manager.post(undo)))
    assert "已恢复" in back
    assert (slot_now(old).booked, slot_now(new).booked) == (2, 0)
    assert slot_now(old).state is SlotState.OPEN
    again = text_of(manager.follow(manager.post(undo)))
    assert "受影响的预约都已恢复" in again
    assert status_of(booking) is BookingStatus.CONFIRMED
    events.drain()
    with reading() as session:
        titles = list(session.scalars(select(Message.title).order_by(Message.id)))
    assert titles == ["您的参观时间已改期", "您的参观时间已恢复"]


def test_who_could_not_be_restored_is_named(manager: PageClient, site: Site) -> None:
    slot = new_slot(site, capacity=2)
    new_booking(slot, adults=2, number="B-LOST")
    page = confirm(manager, change(site), manager.post(change(site), CLOSING))
    undo = next(part for part in page.text.split('"') if part.endswith("/undo"))
    with atomic() as session:
        session.get_one(Slot, slot.id).state = SlotState.OPEN
    new_booking(slot, adults=1)
    words = text_of(manager.follow(manager.post(undo)))
    assert "1 个预约没能恢复" in words
    assert "B-LOST" in words
    assert "名额已被别人约走" in words
    assert slot_now(slot).booked == 1


def test_after_the_time_to_undo_the_button_is_gone_and_refused(
    manager: PageClient, site: Site, clock: Clock
) -> None:
    new_slot(site)
    page = confirm(manager, change(site), manager.post(change(site), CLOSING))
    undo = next(part for part in page.text.split('"') if part.endswith("/undo"))
    clock.advance(minutes=29)
    assert "/undo" in manager.get(undo.removesuffix("/undo")).text
    clock.advance(minutes=1)
    assert "/undo" not in manager.get(undo.removesuffix("/undo")).text
    answer = manager.post(undo)
    assert answer.status_code == 422
    assert "已超过可以撤销的时间" in text_of(answer)


def test_callers_are_counted_for_they_have_to_be_called(manager: PageClient, site: Site) -> None:
    slot = new_slot(site)
    with atomic() as session:
        from tests.factories.visits import make_booking

        make_booking(session, session.get_one(Slot, slot.id), channel=Channel.PHONE)
    shown = manager.post(change(site), CLOSING)
    assert "1 个预约要打电话通知" in text_of(shown)
    assert "请打电话" in text_of(confirm(manager, change(site), shown))


def test_only_ticked_slots_are_changed(manager: PageClient, site: Site) -> None:
    slots = [new_slot(site, hour=hour) for hour in range(3)]
    address = change(
        site, f"?first={WEDNESDAY}&last={WEDNESDAY}&scope=ticked&slot={slots[0].id}&slot={slots[2].id}"
    )
    wanted = CLOSING | {"act": "capacity", "capacity": "7", "treatment": "keep"}
    told = text_of(confirm(manager, address, manager.post(address, wanted)))
    assert "2 个场次的名额已改为 7" in told
    assert [slot_now(slot).capacity for slot in slots] == [7, 20, 7]


def test_nothing_ticked_says_so(manager: PageClient, site: Site) -> None:
    new_slot(site)
    page = text_of(manager.get(change(site, "?scope=ticked")))
    assert "没有选中场次" in page


def test_slots_of_another_site_are_not_changed_by_their_ids(manager: PageClient, site: Site) -> None:
    foreign = new_slot(new_site())
    address = change(site, f"?first={WEDNESDAY}&last={WEDNESDAY}&scope=ticked&slot={foreign.id}")
    shown = manager.post(address, CLOSING)
    assert "没有需要改动的场次" in text_of(shown)
    assert slot_now(foreign).state is SlotState.OPEN


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"act": ""}, "请选择要做什么"),
        ({"act": "capacity"}, "请填写每场名额"),
        ({"act": "capacity", "capacity": "0"}, "请填写 1 至 100000 之间的整数"),
        ({"public_text": ""}, "请填写告诉公众的话"),
        ({"reason_code": ""}, "请选择原因"),
        ({"treatment": "nonsense"}, ""),
    ],
)
def test_a_change_that_lacks_something_is_refused_and_kept(
    manager: PageClient, site: Site, wrong: dict[str, str], told: str
) -> None:
    slot = new_slot(site)
    for step in ("preview", "apply"):
        answer = manager.post(change(site), CLOSING | {"step": step} | wrong)
        assert answer.status_code == 422
        assert title_of(answer).startswith("错误：")
        assert told in text_of(answer)
    assert slot_now(slot).state is SlotState.OPEN


def test_a_preview_takes_as_many_statements_however_many_are_hit(manager: PageClient, site: Site) -> None:
    slot = new_slot(site, capacity=200)
    new_slot(site, day=1, capacity=200)
    counts = []
    manager.get(at(site))
    for bookings in (3, 57):
        for _ in range(bookings):
            new_booking(slot)
        with statements() as sent:
            assert manager.post(change(site), CLOSING | {"treatment": "move"}).status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 12


def test_a_stale_second_factor_is_asked_for_again_and_nothing_is_lost(
    app: Flask, manager: PageClient, site: Site, clock: Clock
) -> None:
    booking, other = new_booking(new_slot(site)), new_slot(site, day=1)
    shown = manager.post(change(site), CLOSING)
    clock.advance(minutes=20)
    answer = manager.post(change(site), fields_of(shown.text, "apply"))
    assert answer.status_code == 403
    assert "动态验证码" in text_of(answer)
    assert status_of(booking) is BookingStatus.CONFIRMED
    proof = {"next": hidden(answer, "next"), "fields": unescape(hidden(answer, "fields")), "code": code_now()}
    gone_on = manager.post("/console/second-factor", proof)
    # The slots that were chosen stand in the address, and are still those.
    address = unescape(unescape(gone_on.text.partition('action="')[2].partition('"')[0]))
    assert address == change(site), text_of(gone_on)
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', gone_on.text)
    told = text_of(manager.follow(manager.post(address, {name: unescape(value) for name, value in fields})))
    assert "1 个场次已关闭，取消 1 个预约、1 人。" in told
    assert slot_now(other).state is SlotState.OPEN


def test_closing_days_moves_cancels_and_can_be_taken_back(manager: PageClient, site: Site) -> None:
    slot = slot_of_rule(manager, site)
    booking = new_booking(slot, adults=2)
    address = f"/console/sites/{site.id}/opening/closures/new"
    closing = {
        "change_id": manager.get(address).text.partition('id="change_id"')[2].partition('value="')[2][:36],
        "kind": "closed",
        "first_on": WEDNESDAY,
        "reason_code": "maintenance",
        "public_text": "设备检修",
        "treatment": "move",
        "amnesty": "y",
    }
    shown = manager.post(address, closing)
    assert "影响 1 个预约、2 人" in text_of(shown)
    assert "11月26日（周四）09:00–10:00" in text_of(shown)
    page = confirm(manager, address, shown)
    assert "改期 1 个预约、2 人" in text_of(page)
    assert slot_now(slot).state is SlotState.CLOSED
    listed = text_of(manager.get(f"/console/sites/{site.id}/opening"))
    assert "2026 年 11 月 25 日暂停开放：设备检修。" in listed
    undo = next(part for part in page.text.split('"') if part.endswith("/undo"))
    assert "已恢复" in text_of(manager.follow(manager.post(undo)))
    assert slot_now(slot).state is SlotState.OPEN
    with reading() as session:
        back = session.get_one(Booking, booking.id)
        assert back.slot_id == slot.id
        assert session.scalars(select(Closure)).one().lifted_at is not None


def test_a_special_opening_is_previewed_and_lifted(manager: PageClient, site: Site) -> None:
    address = f"/console/sites/{site.id}/opening/closures/new"
    special = {
        "change_id": str(UUID(int=7)),
        "kind": "special_opening",
        "first_on": WEDNESDAY,
        "from_minute": "18:00",
        "to_minute": "20:00",
        "slot_minutes": "60",
        "capacity": "10",
        "reason_code": "event",
        "public_text": "低碳日夜场",
        "treatment": "move",
    }
    assert manager.post(address, special | {"capacity": ""}).status_code == 422
    shown = manager.post(address, special)
    assert "生成 2 个场次" in text_of(shown)
    page = confirm(manager, address, shown)
    assert "临时开放：低碳日夜场" in text_of(page)
    lift = next(part for part in page.text.split('"') if part.endswith("/lift"))
    assert "删除 2 个没有预约的场次" in text_of(manager.get(lift))
    manager.follow(manager.post(lift, {"step": "apply"}))
    with reading() as session:
        assert session.scalars(select(Slot)).all() == []


def test_a_single_slot_is_added(manager: PageClient, site: Site) -> None:
    added = {"day": WEDNESDAY, "starts": "19:00", "ends": "19:02", "capacity": "8"}
    assert manager.post(at(site, "/new"), added).status_code == 422
    told = manager.follow(manager.post(at(site, "/new"), added | {"ends": "20:00"}))
    assert "已加开 11月25日（周三）19:00–20:00 的场次，8 个名额。" in text_of(told)
    again = manager.post(at(site, "/new"), added | {"ends": "20:00"})
    assert again.status_code == 422
    assert "已有场次" in text_of(again)


def test_who_may_only_look_changes_nothing(app: Flask, site: Site) -> None:
    guide, slot = manager_of(app, site, Role.GUIDE), new_slot(site)
    assert "更改" not in text_of(guide.get(at(site))).partition("共 1 个场次")[2]
    assert guide.post(change(site), CLOSING).status_code in {403, 404}
    assert slot_now(slot).state is SlotState.OPEN


def test_the_week_after_next_is_within_reach(manager: PageClient, site: Site) -> None:
    slot = new_slot(site, day=20)
    last = (slot.visit_on + timedelta(days=1)).isoformat()
    assert "共 1 个场次" in text_of(manager.get(at(site, f"?first={WEDNESDAY}&last={last}")))


@pytest.mark.parametrize("seen", ["", "1-1x", "１-１", "1", "9" * 5000 + "-1", "1-" + "9" * 5000])
def test_nothing_is_cancelled_that_was_not_shown_first(manager: PageClient, site: Site, seen: str) -> None:
    slot = slot_of_rule(manager, site)
    booking = new_booking(slot)
    closing = {
        "kind": "closed",
        "first_on": WEDNESDAY,
        "reason_code": "maintenance",
        "public_text": "设备检修",
        "treatment": "cancel",
    }
    addresses = {change(site): CLOSING, f"/console/sites/{site.id}/opening/closures/new": closing}
    for address, filled in addresses.items():
        answer = manager.post(address, filled | {"step": "apply", "seen": seen})
        assert answer.status_code == 200
        assert "影响 1 个预约、1 人" in text_of(answer)
    assert slot_now(slot).state is SlotState.OPEN
    assert status_of(booking) is BookingStatus.CONFIRMED


def test_a_count_of_nobody_does_not_go_round_the_second_factor(
    manager: PageClient, site: Site, clock: Clock
) -> None:
    booking = new_booking(new_slot(site))
    clock.advance(minutes=20)
    filled = CLOSING | {"step": "apply", "seen": "1-0"}
    answer = manager.post(change(site), filled)
    assert "影响 1 个预约、1 人" in text_of(answer)
    assert status_of(booking) is BookingStatus.CONFIRMED


def test_closing_days_over_bookings_asks_for_a_fresh_second_factor(
    manager: PageClient, site: Site, clock: Clock
) -> None:
    slot = slot_of_rule(manager, site)
    booking = new_booking(slot)
    address = f"/console/sites/{site.id}/opening/closures/new"
    closing = {
        "change_id": str(UUID(int=8)),
        "kind": "closed",
        "first_on": WEDNESDAY,
        "reason_code": "maintenance",
        "public_text": "设备检修",
        "treatment": "cancel",
    }
    shown = manager.post(address, closing)
    clock.advance(minutes=20)
    answer = manager.post(address, fields_of(shown.text, "apply"))
    assert answer.status_code == 403
    assert "动态验证码" in text_of(answer)
    assert (slot_now(slot).state, status_of(booking)) == (SlotState.OPEN, BookingStatus.CONFIRMED)
