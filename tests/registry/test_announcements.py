"""Announcing: which subscriptions get an event, in which order they are numbered, and what is merged."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import events, feeds
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.models.announcements import Announcement, EventType, Sending
from miniprogram_api.registry.models.subscriptions import EventSubscription, SubscriptionState
from miniprogram_api.registry.rules import sendings as rules
from miniprogram_api.registry.service import subscriptions
from miniprogram_api.registry.service.announcements import announce
from miniprogram_api.sites.events import OverlayChanged
from tests.conftest import Clock
from tests.factories.partners import make_client
from tests.factories.projects import hold_project
from tests.factories.sites import make_site

pytestmark = pytest.mark.usefixtures("app", "clock")


def a_subscription(session: Session, *types: str) -> UUID:
    client = make_client(session).client
    return subscriptions.add_approved(
        session,
        partner_id=client.id,
        url="http://127.0.0.1:9/inbox",
        types=types or tuple(EventType),
        now=kernel_clock.now(),
    ).id


def say(
    session: Session, type: str = "engagement.site.opened", *, merge_key: str | None = None, n: int = 1
) -> None:
    announce(session, type=type, subject="P-1", data={"n": n}, now=kernel_clock.now(), merge_key=merge_key)


def sent_to(session: Session) -> set[UUID]:
    return set(session.scalars(select(Sending.subscription_id)))


def test_an_event_goes_to_each_active_subscription_that_asked_for_its_type() -> None:
    with atomic() as session:
        everything, openings = a_subscription(session), a_subscription(session, "engagement.site.opened")
        a_subscription(session, "engagement.site.closed")
        say(session)
        assert sent_to(session) == {everything, openings}


def test_nothing_goes_to_a_subscription_that_is_not_active() -> None:
    with atomic() as session:
        for state in set(SubscriptionState) - {SubscriptionState.ACTIVE}:
            subscription = session.get_one(EventSubscription, a_subscription(session))
            subscription.state = state
        say(session)
        assert sent_to(session) == set()
        assert session.scalars(select(Announcement)).one().data == {"n": 1}


def test_what_a_failed_command_announced_was_never_said() -> None:
    def fail() -> None:
        with atomic() as session:
            say(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with reading() as session:
        assert session.scalars(select(Announcement)).all() == []


def test_numbers_rise_in_the_order_of_what_happened_and_compare_as_texts(clock: Clock) -> None:
    for n in range(3):
        with atomic() as session:
            say(session, n=n)
        clock.advance(seconds=1)
    feeds.sequence_feeds()
    with reading() as session:
        rows = session.scalars(select(Announcement).order_by(Announcement.feed_seq)).all()
    assert [row.data["n"] for row in rows] == [0, 1, 2]
    numbers = [rules.sequence(row.feed_seq or 0) for row in rows] + [rules.sequence(10)]
    assert numbers == sorted(numbers)


def test_one_that_was_not_numbered_yet_takes_later_ones_of_its_key_up() -> None:
    with atomic() as session:
        a_subscription(session)
        say(session, merge_key="P-1/2026-11-23", n=1)
        say(session, merge_key="P-1/2026-11-24", n=5)
    with atomic() as session:
        say(session, merge_key="P-1/2026-11-23", n=2)
        assert sorted(row.data["n"] for row in session.scalars(select(Announcement))) == [2, 5]
        assert len(session.scalars(select(Sending)).all()) == 2
    feeds.sequence_feeds()
    with atomic() as session:
        say(session, merge_key="P-1/2026-11-23", n=3)
        assert sorted(row.data["n"] for row in session.scalars(select(Announcement))) == [2, 3, 5]


def test_a_type_that_the_contract_does_not_know_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="rumour"), atomic() as session:
        say(session, "engagement.rumour")


def test_an_event_that_no_receiver_would_take_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="too much data"), atomic() as session:
        announce(
            session,
            type="engagement.site.opened",
            subject="P-1",
            data={"text": "长" * 6_000},
            now=kernel_clock.now(),
        )


def test_the_largest_event_stays_below_what_receivers_take() -> None:
    body = rules.event_body(
        id="0" * 36,
        feed_seq=2**62,
        type=max((kind.value for kind in EventType), key=len),
        subject="长" * 40,
        data={"text": "x" * 15_980},
        occurred_at=kernel_clock.now(),
    )
    assert len(body) <= rules.LARGEST_EVENT


@pytest.mark.parametrize(
    ("after", "type"),
    [
        ("open", "engagement.site.opened"),
        ("suspended", "engagement.site.suspended"),
        ("closed", "engagement.site.closed"),
        ("preparing", None),
        ("pending_publication", None),
    ],
)
def test_the_doors_of_a_site_are_announced(app: Flask, after: str, type: str | None) -> None:
    with atomic() as session:
        site = make_site(session, project_id="P-7")
        hold_project(session, "P-7", site_id=site.id)
        events.publish(session, OverlayChanged(site_id=str(site.id), before="none", after=after))
        expected = (
            []
            if type is None
            else [(type, "P-7", {"site_id": str(site.id), "before": "none", "after": after})]
        )
    events.drain()
    with reading() as session:
        rows = session.scalars(select(Announcement)).all()
    assert [(row.type.value, row.subject, row.data) for row in rows] == expected


def test_a_site_that_the_registry_did_not_give_us_is_no_news_for_it() -> None:
    with atomic() as session:
        site = make_site(session)
        events.publish(session, OverlayChanged(site_id=str(site.id), before="none", after="open"))
    events.drain()
    with reading() as session:
        assert session.scalars(select(Announcement)).all() == []


def test_an_event_is_a_cloud_event_with_its_place_and_beijing_time() -> None:
    body = rules.event_body(
        id="e1", feed_seq=42, type="engagement.site.opened", subject="P-1", data={"a": 1},
        occurred_at=kernel_clock.now(),
    )  # fmt: skip
    assert json.loads(body) == {
        "specversion": "1.0",
        "id": "e1",
        "source": rules.SOURCE,
        "type": "engagement.site.opened",
        "subject": "P-1",
        "time": "2026-11-23T10:00:00+08:00",
        "datacontenttype": "application/json",
        "sequence": "00000000000000000042",
        "data": {"a": 1},
    }


class TestAttempts:
    def test_ten_attempts_take_about_75_hours(self, clock: Clock) -> None:
        at, attempts = clock.now, 0
        while True:
            attempts += 1
            following = rules.next_attempt(attempts, now=at, chance=0.5)
            if following is None:
                break
            at = following
        assert attempts == rules.MOST_ATTEMPTS == 10
        assert timedelta(hours=75) <= at - clock.now <= timedelta(hours=76)

    @pytest.mark.parametrize("attempts", range(1, 10))
    def test_waits_are_spread_by_a_tenth(self, clock: Clock, attempts: int) -> None:
        waits = []
        for chance in (0.0, 0.5, 1.0):
            at = rules.next_attempt(attempts, now=clock.now, chance=chance)
            assert at is not None
            waits.append((at - clock.now).total_seconds())
        assert waits[0] == pytest.approx(waits[1] * 0.9)
        assert waits[2] == pytest.approx(waits[1] * 1.1)

    @pytest.mark.parametrize(("asked", "seconds"), [(3_600.0, 3_600), (1.0, 5), (None, 5), (1e30, 86_400)])
    def test_a_wait_that_was_asked_for_is_not_cut_short_nor_endless(
        self, clock: Clock, asked: float | None, seconds: int
    ) -> None:
        at = rules.next_attempt(1, now=clock.now, chance=0.5, retry_after_s=asked)
        assert at == clock.now + timedelta(seconds=seconds)

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("120", 120.0),
            ("Mon, 23 Nov 2026 02:05:00 GMT", 300.0),
            ("Mon, 23 Nov 2026 01:00:00 GMT", 0.0),
            ("soon", None),
            ("", None),
            (None, None),
            ("-5", None),
            ("١٢", None),
            ("9" * 400, 999_999_999.0),
        ],
    )
    def test_retry_after_is_seconds_or_a_date(
        self, clock: Clock, header: str | None, seconds: float | None
    ) -> None:
        assert rules.retry_after_s(header, now=clock.now) == seconds

    @pytest.mark.parametrize(
        ("status", "found"),
        [(200, "delivered"), (202, "delivered"), (204, "delivered"), (301, "again"), (307, "again"),
         (400, "again"), (404, "again"), (410, "gone"), (429, "again"), (500, "again"), (None, "again")],
    )  # fmt: skip
    def test_only_a_2xx_is_a_delivery(self, status: int | None, found: str) -> None:
        assert rules.verdict(status) == found
