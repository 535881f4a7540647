"""The page of a booking: its history, whom to call, cancelling after a look at the message, corrections."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import drain
from miniprogram_api.messaging.models import Message
from miniprogram_api.sites.models import Site
from miniprogram_api.visits import jobs_gate
from miniprogram_api.visits.models import Booking, BookingStatus, Slot, Strike
from tests.conftest import MONDAY, Clock
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import make_booking, make_slot
from tests.support.booking import CONTACT, Visitor
from tests.support.pages import PageClient, carried, hidden, text_of, title_of
from tests.support.statements import statements

AT_ONE = beijing_time(MONDAY.date(), 13 * 60)
REASON = "展厅设备检修"


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, starts_at=AT_ONE)


@pytest.fixture
def manager(app: Flask, site: Site) -> PageClient:
    return PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


@pytest.fixture
def booking(app: Flask, slot: Slot) -> dict[str, Any]:
    return Visitor(app).booked(slot.id, adults=3, children=1, contact=CONTACT)


def path(booking: dict[str, Any], act: str = "") -> str:
    return f"/console/bookings/{booking['id']}{act}"


def kept(booking: dict[str, Any]) -> Booking:
    with reading() as session:
        return session.scalars(select(Booking).where(Booking.number == booking["number"])).one()


def messages() -> list[Message]:
    drain()
    with reading() as session:
        return list(session.scalars(select(Message)))


def test_the_page_tells_everything_within_few_statements(
    manager: PageClient, booking: dict[str, Any]
) -> None:
    manager.get(path(booking))
    with statements() as sent:
        answer = manager.get(path(booking))
    assert len(sent) <= 12
    said = text_of(answer)
    for part in (
        "待入场",
        "11月23日（周一）13:00–14:00",
        "4 人（成人 3，儿童 1）",
        "张** ",
        "138****8000",
        "在小程序预约 4 人",
        "11月23日（周一）10:00 · 游客本人",
    ):
        assert part in said
    assert CONTACT["phone"] not in answer.text


def test_a_contact_is_shown_once_for_a_reason(manager: PageClient, booking: dict[str, Any]) -> None:
    refused = manager.post(path(booking), {"why": ""})
    assert refused.status_code == 422
    assert title_of(refused).startswith("错误：")
    assert CONTACT["phone"] not in refused.text
    answer = manager.post(path(booking), {"why": "临时闭馆，电话通知"})
    assert answer.status_code == 200
    assert CONTACT["phone"] in answer.text
    assert "查看了联系人的完整姓名和电话 ，原因：临时闭馆，电话通知" in text_of(answer)
    assert CONTACT["phone"] not in manager.get(path(booking)).text
    with reading() as session:
        looks = session.scalars(select(AuditRow).where(AuditRow.action == "visits.contact_revealed")).all()
    assert [look.reason for look in looks] == ["临时闭馆，电话通知"]


class TestCancelling:
    def ask(self, manager: PageClient, booking: dict[str, Any], **fields: Any) -> Any:
        seen = hidden(manager.get(path(booking, "/cancel")), "seen")
        asked = {"extent": "all", "reason": REASON, "seen": seen, "step": "preview"} | fields
        return manager.post(path(booking, "/cancel"), asked)

    def test_the_message_is_read_before_it_is_sent(
        self, manager: PageClient, booking: dict[str, Any]
    ) -> None:
        preview = self.ask(manager, booking)
        assert preview.status_code == 200
        assert kept(booking).status is BookingStatus.CONFIRMED
        assert "4 人（整单）" in (said := text_of(preview))
        manager.follow(manager.post(path(booking, "/cancel"), carried(preview, "apply")))
        assert kept(booking).status is BookingStatus.CANCELLED
        (message,) = messages()
        assert message.title in said
        assert message.body in said

    def test_the_new_state_is_said(self, manager: PageClient, booking: dict[str, Any]) -> None:
        said = text_of(manager.follow(self.ask(manager, booking, step="apply")))
        assert "预约已取消，4 个名额已放出。游客会收到站内消息。" in said
        assert "馆方取消了预约" in said

    def test_a_part_of_the_party_is_taken_off_and_told_of(
        self, manager: PageClient, booking: dict[str, Any]
    ) -> None:
        part = {"extent": "part", "adults": "1", "children": "1"}
        said = text_of(self.ask(manager, booking, **part))
        assert "确认减少 2 人" in said
        shown = text_of(manager.follow(self.ask(manager, booking, step="apply", **part)))
        assert "预约已减少 2 人，还剩 2 人，2 个名额已放出。" in shown
        assert (kept(booking).seats, kept(booking).status) == (2, BookingStatus.CONFIRMED)
        (message,) = messages()
        assert message.title == "您的预约已减少 2 人"
        assert message.body in said
        assert REASON in message.body

    def test_a_second_part_is_told_of_too(self, manager: PageClient, booking: dict[str, Any]) -> None:
        for _ in range(2):
            self.ask(manager, booking, extent="part", adults="1", step="apply")
        assert [message.title for message in messages()] == ["您的预约已减少 1 人"] * 2

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"reason": ""}, "请写明原因，游客会看到。"),
            ({"extent": "part"}, "请填写减少几位成人或儿童。"),
            ({"extent": "part", "adults": "9"}, "成人"),
            ({"extent": "part", "adults": "-1"}, "之间的整数"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_lost(
        self, manager: PageClient, booking: dict[str, Any], fields: dict[str, str], told: str
    ) -> None:
        answer = self.ask(manager, booking, **fields)
        assert answer.status_code == 422
        assert title_of(answer).startswith("错误：")
        assert told in text_of(answer)
        if "reason" not in fields:
            assert REASON in answer.text

    def test_going_back_keeps_what_was_typed(self, manager: PageClient, booking: dict[str, Any]) -> None:
        preview = self.ask(manager, booking, extent="part", adults="2")
        answer = manager.post(path(booking, "/cancel"), carried(preview, "fill"))
        assert answer.status_code == 200
        assert REASON in answer.text
        assert 'value="2"' in answer.text

    def test_what_changed_meanwhile_is_not_cancelled(
        self, app: Flask, manager: PageClient, slot: Slot
    ) -> None:
        alice = Visitor(app)
        booking = alice.booked(slot.id, adults=3)
        seen = hidden(manager.get(path(booking, "/cancel")), "seen")
        assert alice.cancel(booking["id"], seats=1).status_code == 200
        fields = {"extent": "all", "reason": REASON, "seen": seen, "step": "apply"}
        assert manager.post(path(booking, "/cancel"), fields).status_code == 422
        assert kept(booking).status is BookingStatus.CONFIRMED


def again(client: PageClient, booking: dict[str, Any]) -> str | None:
    """Where the page of a booking offers to book again."""
    found = re.search(r'id="again" href="([^"]*)">重新预约<', client.get(path(booking)).text)
    return found and found.group(1)


def test_whose_booking_was_cancelled_can_be_booked_again(
    app: Flask, site: Site, slot: Slot, manager: PageClient, clock: Clock
) -> None:
    alice = Visitor(app)
    booking = alice.booked(slot.id, adults=3)
    form = f"/console/sites/{site.id}/bookings/new"
    assert again(manager, booking) is None
    assert alice.cancel(booking["id"]).status_code == 200
    assert again(manager, booking) == f"{form}?slot={slot.id}"
    assert "第 2 步，共 3 步" in text_of(manager.get(again(manager, booking) or ""))
    with atomic() as session:
        make_booking(session, session.merge(slot), adults=18)
    assert again(manager, booking) is None
    with atomic() as session:
        later = make_slot(session, site.id, starts_at=AT_ONE + timedelta(hours=2))
    assert again(manager, booking) == f"{form}?date={MONDAY:%Y-%m-%d}"
    assert str(later.id) in manager.get(again(manager, booking) or "").text
    gate = PageClient(app, signed_in(Role.GATE, site_id=site.id))
    assert again(gate, booking) is None
    clock.advance(days=1)
    tomorrow = PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    assert again(tomorrow, booking) is None


@pytest.fixture
def missed(booking: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """The booking, once nobody has come."""
    clock.set(AT_ONE + timedelta(hours=2))
    jobs_gate.mark_no_shows()
    return booking


def test_a_no_show_is_corrected_and_the_strike_gone(missed: dict[str, Any], manager: PageClient) -> None:
    booking = missed
    page = text_of(manager.get(path(booking)))
    assert "计 1 次爽约记录" in page
    assert "更正爽约" in page
    refused = manager.post(path(booking, "/no-show"), {"outcome": "came", "reason": "闸机故障"})
    assert "请填写来了几人。" in text_of(refused)
    fields = {"outcome": "came", "came": "3", "reason": "闸机故障"}
    said = text_of(manager.follow(manager.post(path(booking, "/no-show"), fields)))
    assert "已更正：实到 3 人，爽约记录已免除。" in said
    assert kept(booking).admitted == 3
    again = manager.post(path(booking, "/no-show"), fields)
    assert again.status_code == 422


def test_a_strike_is_waived_for_a_reason(missed: dict[str, Any], manager: PageClient) -> None:
    with reading() as session:
        strike = session.scalars(select(Strike)).one()
    address = f"/console/strikes/{strike.id}/waive"
    assert manager.post(address, {"reason": ""}).status_code == 422
    said = text_of(manager.follow(manager.post(address, {"reason": "暴雪，交通中断"})))
    assert "已免除爽约记录" in said
    assert "爽约记录已免除：暴雪，交通中断" in said


def test_another_sites_booking_is_not_there(app: Flask, booking: dict[str, Any], clock: Clock) -> None:
    with atomic() as session:
        other = make_site(session)
    stranger = PageClient(app, signed_in(Role.SITE_MANAGER, site_id=other.id))
    for act in ("", "/cancel", "/no-show", "/made"):
        assert stranger.get(path(booking, act)).status_code == 404, act
    for act in ("", "/cancel", "/no-show"):
        assert stranger.post(path(booking, act), {"why": "", "reason": ""}).status_code == 404, act


def test_who_stands_at_the_gate_sees_and_changes_nothing(
    app: Flask, site: Site, booking: dict[str, Any]
) -> None:
    gate = PageClient(app, signed_in(Role.GATE, site_id=site.id))
    page = gate.get(path(booking))
    assert page.status_code == 200
    assert "取消预约" not in text_of(page)
    assert "查看完整联系方式" not in text_of(page)
    assert gate.post(path(booking), {"why": "好奇"}).status_code == 403
