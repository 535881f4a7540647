"""Visits in calendars: a file, a feed behind a secret address, and the phone's own calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from icalendar import Calendar

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Slot, SlotState
from miniprogram_api.visits.queries import feeds
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_slot
from tests.support.booking import CONTACT, Visitor
from tests.support.canaries import find_canaries
from tests.support.clients import BearerClient


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session, name="示例低碳科技馆")


@pytest.fixture
def alice(app: Flask, clock: Clock) -> Visitor:
    return Visitor(app, "o-alice")


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def read_file(alice: Visitor, booking_id: str) -> dict[str, Any]:
    answer = alice.get(f"/api/v1/bookings/{booking_id}/calendar.ics")
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    [event] = Calendar.from_ical(answer.data).walk("VEVENT")
    return dict(event)


def feed(app: Flask, url: str) -> list[dict[str, Any]] | int:
    answer = app.test_client().get(urlsplit(url).path)
    if answer.status_code != 200:
        return answer.status_code
    return [dict(event) for event in Calendar.from_ical(answer.data).walk("VEVENT")]


class TestAFile:
    def test_says_what_when_and_where(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id, 2, contact=CONTACT)
        event = read_file(alice, shown["id"])
        assert event["SUMMARY"] == "参观示例低碳科技馆"
        assert event["LOCATION"] == site.address
        assert event["DTSTART"].dt == datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
        assert event["DTEND"].dt == datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
        assert event["STATUS"] == "CONFIRMED"
        assert event["SEQUENCE"] == 0
        assert shown["number"] in event["DESCRIPTION"]

    def test_keeps_its_uid_raises_its_sequence_and_ends_as_cancelled(
        self, site: Site, alice: Visitor
    ) -> None:
        new = add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
        shown = alice.booked(add_slot(site).id, 3)
        first = read_file(alice, shown["id"])
        alice.cancel(shown["id"], seats=1)
        fewer = read_file(alice, shown["id"])
        alice.move(shown["id"], new.id)
        moved = read_file(alice, shown["id"])
        alice.cancel(shown["id"])
        cancelled = read_file(alice, shown["id"])
        changes = [first, fewer, moved, cancelled]
        assert len({event["UID"] for event in changes}) == 1
        assert [event["SEQUENCE"] for event in changes] == [0, 1, 2, 3]
        assert moved["DTSTART"].dt == datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
        assert [event["STATUS"] for event in changes] == ["CONFIRMED"] * 3 + ["CANCELLED"]

    def test_ends_its_lines_as_the_standard_says(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id)
        lines = alice.get(f"/api/v1/bookings/{shown['id']}/calendar.ics").data.split(b"\r\n")
        assert lines[0] == b"BEGIN:VCALENDAR"
        assert all(len(line) <= 75 for line in lines)


class TestAPhonesCalendar:
    def test_gets_what_the_platform_asks_for(self, site: Site, alice: Visitor) -> None:
        shown = alice.booked(add_slot(site).id)
        assert alice.get(f"/api/v1/bookings/{shown['id']}/phone-calendar").get_json() == {
            "title": "参观示例低碳科技馆",
            "startTime": int(WEDNESDAY_AT_NINE.timestamp()),
            "endTime": str(int(WEDNESDAY_AT_NINE.timestamp()) + 3600),
            "location": site.address,
            "description": f"预约号 {shown['number']}，1 人",
            "alarm": True,
            "alarmOffset": 3600,
        }


class TestAMembersFeed:
    def test_shows_their_visits_cancelled_ones_too(self, app: Flask, site: Site, alice: Visitor) -> None:
        url = alice.post("/api/v1/me/calendar-feed").get_json()["url"]
        assert feed(app, url) == []
        shown = alice.booked(add_slot(site).id)
        alice.cancel(shown["id"])
        Visitor(app).booked(add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1)).id)
        events = feed(app, url)
        assert isinstance(events, list)
        assert [(event["STATUS"], event["SEQUENCE"]) for event in events] == [("CANCELLED", 1)]

    @pytest.mark.parametrize("settings", [{"public_base_url": "https://low-carbon.example"}], indirect=True)
    def test_its_address_is_ours_whatever_host_the_caller_names(self, app: Flask, alice: Visitor) -> None:
        told = alice.post("/api/v1/me/calendar-feed", headers={"Host": "evil.example"}).get_json()["url"]
        assert told.startswith("https://low-carbon.example/")
        assert feed(app, told) == []

    def test_ends_when_closed_or_replaced(self, app: Flask, alice: Visitor) -> None:
        first = alice.post("/api/v1/me/calendar-feed").get_json()["url"]
        second = alice.post("/api/v1/me/calendar-feed").get_json()["url"]
        assert (feed(app, first), feed(app, second)) == (404, [])
        assert alice.delete("/api/v1/me/calendar-feed").status_code == 204
        assert feed(app, second) == 404
        assert alice.delete("/api/v1/me/calendar-feed").status_code == 404

    def test_its_token_is_stored_as_a_hash(self, app: Flask, alice: Visitor) -> None:
        url = alice.post("/api/v1/me/calendar-feed").get_json()["url"]
        token = urlsplit(url).path.rpartition("/")[2].removesuffix(".ics")
        with atomic() as session:
            assert find_canaries(session, [token]) == set()

    def test_an_unknown_address_is_not_found(self, app: Flask, clock: Clock) -> None:
        assert feed(app, "/api/v1/calendars/nothing.ics") == 404


class TestASitesFeed:
    def test_shows_slots_with_how_many_come_and_nobodys_name(
        self, app: Flask, site: Site, alice: Visitor
    ) -> None:
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
        slot = add_slot(site)
        add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=2), state=SlotState.CLOSED)
        add_slot(site, starts_at=WEDNESDAY_AT_NINE + timedelta(days=60), provisional=True)
        alice.booked(slot.id, 3, contact=CONTACT)
        url = manager.post(f"/api/staff/v1/sites/{site.id}/calendar-feed").get_json()["url"]
        events = feed(app, url)
        assert isinstance(events, list)
        assert [(event["SUMMARY"], event["STATUS"]) for event in events] == [
            ("示例低碳科技馆：已约 3/20 人", "CONFIRMED"),
            ("示例低碳科技馆：已约 0/20 人", "CANCELLED"),
            ("示例低碳科技馆：已约 0/20 人", "TENTATIVE"),
        ]
        assert manager.delete(f"/api/staff/v1/sites/{site.id}/calendar-feed").status_code == 204
        assert feed(app, url) == 404

    def test_what_is_over_never_crowds_out_what_is_to_come(
        self, app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feeds, "_SITE_SLOTS", 2)
        for days in (40, 30, 3, -1):
            add_slot(site, starts_at=WEDNESDAY_AT_NINE - timedelta(days=days))
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
        events = feed(app, manager.post(f"/api/staff/v1/sites/{site.id}/calendar-feed").get_json()["url"])
        assert isinstance(events, list)
        assert [event["DTSTART"].dt.day for event in events] == [22, 26]

    def test_is_for_those_who_manage_the_site(self, app: Flask, site: Site) -> None:
        with atomic() as session:
            elsewhere = make_site(session)
        stranger = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=elsewhere.id))
        assert stranger.post(f"/api/staff/v1/sites/{site.id}/calendar-feed").status_code == 404
        assert stranger.delete(f"/api/staff/v1/sites/{site.id}/calendar-feed").status_code == 404
