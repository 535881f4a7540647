"""A member hears of a cancelled visit once, reads it, and nobody else can."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity import personal_data
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.messaging import rules
from miniprogram_api.messaging.models import Message
from miniprogram_api.visits.events import VisitCancelled, VisitCancelledBySite
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot
from tests.support.clients import MemberClient

pytestmark = pytest.mark.usefixtures("clock")


def test_a_cancelled_visit_is_told_with_its_time_and_reason() -> None:
    wording = rules.visit_cancelled_by_site(
        site="净月潭（示例）",
        number="B1",
        starts_at=datetime(2026, 11, 24, 1, 0, tzinfo=UTC),
        ends_at=datetime(2026, 11, 24, 2, 0, tzinfo=UTC),
        reason="设备检修。",
    )

    assert wording.body == (
        "很抱歉，您预约的净月潭（示例）11月24日（周二）09:00–10:00的参观不能进行，预约单 B1 已取消。"
        "原因：设备检修。这次取消不计入爽约记录，您可以重新选择其他场次。"
    )


def test_a_cancellation_without_a_reason_still_says_why() -> None:
    at = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    wording = rules.visit_cancelled_by_site(site="甲", number="B1", starts_at=at, ends_at=at, reason=None)
    assert rules.DEFAULT_REASON in wording.body


def _cancelled(app: Flask, member: MemberClient, *, by: str | None = None) -> str:
    """Publish that a site cancelled a visit of this member; returns the booking's id."""
    from uuid import UUID

    with atomic() as session:
        site = make_site(session)
        slot = make_slot(session, site.id)
        booking = make_booking(session, slot, member_id=UUID(member.id))
        facts = {"booking_id": str(booking.id), "site_id": str(site.id), "slot_id": str(slot.id)}
        if by is None:
            events.publish(session, VisitCancelledBySite(**facts, reason_code="weather"))
        else:
            cancelled = VisitCancelled(**facts, member_id=member.id, seats=booking.seats, by=by, late=False)
            events.publish(session, cancelled)
    return facts["booking_id"]


def test_a_visit_cancelled_by_the_site_leaves_one_message(app: Flask, fake_wechat: FakeWeChat) -> None:
    alice = MemberClient(app, fake_wechat)
    booking_id = _cancelled(app, alice)

    events.drain()

    answer = alice.get("/api/v1/messages").get_json()
    assert [message["subject_id"] for message in answer["items"]] == [booking_id]
    assert answer["unread"] == 1


def test_the_same_news_twice_is_one_message(app: Flask, fake_wechat: FakeWeChat) -> None:
    alice = MemberClient(app, fake_wechat)
    booking_id = _cancelled(app, alice)
    with atomic() as session:
        again = VisitCancelledBySite(booking_id=booking_id, site_id="s", slot_id="s", reason_code="weather")
        events.publish(session, again)

    events.drain()

    assert len(alice.get("/api/v1/messages").get_json()["items"]) == 1


@pytest.mark.parametrize(("by", "messages"), [("site", 1), ("member", 0)])
def test_one_cancelled_booking_is_news_unless_the_member_did_it(
    app: Flask, fake_wechat: FakeWeChat, by: str, messages: int
) -> None:
    alice = MemberClient(app, fake_wechat)
    _cancelled(app, alice, by=by)

    events.drain()

    assert len(alice.get("/api/v1/messages").get_json()["items"]) == messages


def test_reading_a_message_is_noted_once(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice = MemberClient(app, fake_wechat)
    _cancelled(app, alice)
    events.drain()
    message_id = alice.get("/api/v1/messages").get_json()["items"][0]["id"]

    first = alice.post(f"/api/v1/messages/{message_id}/read").get_json()
    clock.advance(minutes=5)
    second = alice.post(f"/api/v1/messages/{message_id}/read").get_json()

    assert first["read_at"] == second["read_at"] == "2026-11-23T10:00:00+08:00"
    assert alice.get("/api/v1/messages").get_json()["unread"] == 0


def test_somebody_elses_message_is_not_found(app: Flask, fake_wechat: FakeWeChat) -> None:
    alice, bob = MemberClient(app, fake_wechat), MemberClient(app, fake_wechat, "bob")
    _cancelled(app, alice)
    events.drain()
    message_id = alice.get("/api/v1/messages").get_json()["items"][0]["id"]

    foreign = bob.post(f"/api/v1/messages/{message_id}/read")

    assert foreign.status_code == 404
    assert bob.get("/api/v1/messages").get_json()["items"] == []


def test_messages_are_exported_and_erased_with_their_member(app: Flask, fake_wechat: FakeWeChat) -> None:
    alice = MemberClient(app, fake_wechat)
    _cancelled(app, alice)
    events.drain()

    exported = alice.get("/api/v1/me/export").get_json()
    erased = alice.delete("/api/v1/me")

    assert "已取消" in str(exported)
    assert erased.status_code == 202
    assert "messages" in personal_data.holders()
    with reading() as session:
        assert session.query(Message).count() == 0
