"""Sending events over real HTTP: signed, tried again, given up, replayed; and what an endpoint may answer."""

import json
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from standardwebhooks import Webhook

from config.settings import Environment
from miniprogram_api.kernel import feeds
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry import jobs_announcements as jobs
from miniprogram_api.registry.models.announcements import EventType, Sending, SendingState
from miniprogram_api.registry.models.subscriptions import EventSubscription, SubscriptionState
from miniprogram_api.registry.rules.sendings import MOST_ATTEMPTS, Verdict
from miniprogram_api.registry.service import sending, subscriptions
from miniprogram_api.registry.service.announcements import announce
from tests.conftest import Clock
from tests.factories import partners
from tests.factories.partners import Known
from tests.support.clients import BearerClient
from tests.support.leaks import Watcher
from tests.support.receiver import Receiver
from tests.support.ssrf import FORBIDDEN_URLS

API = "/api/registry/v1"
SECRET = subscriptions.new_secret()


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def known(app: Flask, clock: Clock) -> Known:
    with atomic() as session:
        return partners.sign_in(session)


@pytest.fixture
def partner(app: Flask, known: Known) -> BearerClient:
    return BearerClient(app, known.token)


def anew(app: Flask, known: Known) -> BearerClient:
    """The partner with a token that is good now."""
    with atomic() as session:
        client = session.get_one(partners.PartnerClient, known.id)
        return BearerClient(app, partners.open_token(session, client))


def subscribe(known: Known, url: str, clock: Clock) -> UUID:
    with atomic() as session:
        return subscriptions.add_approved(
            session, partner_id=known.id, url=url, secret=SECRET, now=clock.now
        ).id


@pytest.fixture
def subscription(known: Known, receiver: Receiver, clock: Clock) -> UUID:
    return subscribe(known, receiver.url, clock)


def say(clock: Clock, *subjects: str) -> None:
    with atomic() as session:
        for subject in subjects:
            announce(
                session, type=EventType.SITE_OPENED, subject=subject, data={"site_id": "s"}, now=clock.now
            )
    feeds.sequence_feeds()


def only() -> Sending:
    with reading() as session:
        return session.scalars(select(Sending)).one()


def state_of(subscription_id: UUID) -> EventSubscription:
    with reading() as session:
        return session.get_one(EventSubscription, subscription_id)


def test_the_log_goes_back_ninety_days(subscription: UUID, receiver: Receiver, clock: Clock) -> None:
    say(clock, "P-1")
    jobs.send_announcements()
    clock.set(clock.now + sending.KEPT)
    say(clock, "P-2")
    jobs.purge_sendings()
    assert len(logged()) == 2
    clock.set(clock.now + timedelta(seconds=1))
    jobs.purge_sendings()
    assert [row.state for row in logged()] == [SendingState.PENDING]


def logged() -> list[Sending]:
    with reading() as session:
        return list(session.scalars(select(Sending)))


def test_an_event_arrives_signed_and_is_logged(
    subscription: UUID, receiver: Receiver, partner: BearerClient, clock: Clock
) -> None:
    say(clock, "P-1")
    jobs.send_announcements()
    (event,) = receiver.events
    assert event.headers["content-type"] == "application/cloudevents+json"
    body = json.loads(event.body)
    assert (body["type"], body["subject"], body["id"]) == (
        "engagement.site.opened", "P-1", event.headers["webhook-id"],
    )  # fmt: skip
    assert event.headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    assert event.headers["webhook-signature"] == Webhook(SECRET).sign(
        event.headers["webhook-id"], clock.now, event.body.decode()
    )
    (logged,) = partner.get(f"{API}/deliveries").get_json()["items"]
    assert (logged["state"], logged["last_status"], logged["attempts"]) == ("delivered", 202, 1)
    assert (logged["event_id"], logged["sequence"]) == (body["id"], body["sequence"])
    assert logged["next_attempt_at"] is None


def test_nothing_is_sent_twice_or_before_it_is_numbered(
    subscription: UUID, receiver: Receiver, clock: Clock
) -> None:
    with atomic() as session:
        announce(session, type=EventType.SITE_OPENED, subject="P-1", data={}, now=clock.now)
    jobs.send_announcements()
    assert receiver.events == []
    feeds.sequence_feeds()
    jobs.send_announcements()
    jobs.send_announcements()
    assert len(receiver.events) == 1


def test_events_leave_in_their_order(subscription: UUID, receiver: Receiver, clock: Clock) -> None:
    say(clock, *(f"P-{number}" for number in range(5)))
    jobs.send_announcements()
    sent = [json.loads(event.body) for event in receiver.events]
    assert [event["subject"] for event in sent] == [f"P-{number}" for number in range(5)]
    assert sorted(event["sequence"] for event in sent) == [event["sequence"] for event in sent]


def test_both_secrets_sign_while_one_replaces_the_other(
    subscription: UUID, receiver: Receiver, partner: BearerClient, clock: Clock
) -> None:
    answer = partner.post(f"{API}/subscriptions/{subscription}/secret")
    new = answer.get_json()["secret"]
    say(clock, "P-1")
    jobs.send_announcements()
    clock.advance(days=8)
    say(clock, "P-2")
    jobs.send_announcements()
    during, after = receiver.events
    for secret, event in ((new, during), (SECRET, during), (new, after)):
        assert _signature(secret, event) in event.headers["webhook-signature"].split(" ")
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert after.headers["webhook-signature"] == _signature(new, after)


def _signature(secret: str, event: Any) -> str:
    at = datetime.fromtimestamp(int(event.headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(event.headers["webhook-id"], at, event.body.decode())


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 503])
def test_any_other_answer_is_a_failure_and_tried_again(
    subscription: UUID, receiver: Receiver, clock: Clock, status: int
) -> None:
    receiver.answers = [(status, {"Location": f"{receiver.url}/elsewhere"} if status < 400 else {})]
    say(clock, "P-1")
    jobs.send_announcements()
    failed = only()
    assert (failed.state, failed.last_status, failed.attempts) == (SendingState.PENDING, status, 1)
    assert clock.now < failed.next_attempt_at <= clock.now + timedelta(seconds=6)
    assert [request.path for request in receiver.received] == ["/inbox"]
    clock.advance(seconds=6)
    jobs.send_announcements()
    first, second = receiver.events
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert only().state is SendingState.DELIVERED


@pytest.mark.parametrize("asked", ["3600", "Mon, 23 Nov 2026 03:00:00 GMT"])
def test_retry_after_is_obeyed(subscription: UUID, receiver: Receiver, clock: Clock, asked: str) -> None:
    receiver.answers = [(429, {"Retry-After": asked})]
    say(clock, "P-1")
    jobs.send_announcements()
    assert only().next_attempt_at == clock.now + timedelta(hours=1)
    clock.advance(minutes=59)
    jobs.send_announcements()
    assert len(receiver.events) == 1


def test_an_endpoint_that_is_gone_is_sent_nothing_more(
    app: Flask, known: Known, subscription: UUID, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [(410, {})]
    say(clock, "P-1", "P-2")
    jobs.send_announcements()
    clock.advance(days=2)
    say(clock, "P-3")
    jobs.send_announcements()
    assert len(receiver.events) == 1
    assert state_of(subscription).state is SubscriptionState.DISABLED
    shown = anew(app, known).get(f"{API}/deliveries").get_json()["items"]
    assert [(row["subject"], row["state"], row["last_status"]) for row in shown] == [
        ("P-1", "failed", 410), ("P-2", "failed", None),
    ]  # fmt: skip


def test_a_gone_endpoint_does_not_end_the_one_that_took_its_place(subscription: UUID, clock: Clock) -> None:
    say(clock, "P-1")
    with atomic() as session:
        parcel = sending.claim_next(session, environment="test", now=clock.now, skip=frozenset())
        session.get_one(EventSubscription, subscription).url = "https://new.example.gov.cn/inbox"
    assert parcel is not None
    with atomic() as session:
        sending.settle(session, parcel, sending.Result(status=410), now=clock.now)
    assert state_of(subscription).state is SubscriptionState.ACTIVE


def test_after_the_last_attempt_it_is_given_up_and_can_be_replayed(
    app: Flask, known: Known, subscription: UUID, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [(500, {})] * MOST_ATTEMPTS
    say(clock, "P-1")
    for _ in range(MOST_ATTEMPTS + 2):
        jobs.send_announcements()
        clock.advance(hours=30)
    given_up = only()
    assert (given_up.state, given_up.attempts) == (SendingState.FAILED, MOST_ATTEMPTS)
    assert len(receiver.events) == MOST_ATTEMPTS
    answer = anew(app, known).post(f"{API}/deliveries/{given_up.id}/replay")
    assert (answer.status_code, answer.get_json()["state"]) == (202, "pending")
    jobs.send_announcements()
    assert only().state is SendingState.DELIVERED
    assert len({event.headers["webhook-id"] for event in receiver.events}) == 1
    assert only().replays == 1


def test_a_failing_endpoint_holds_up_no_other(
    known: Known, subscription: UUID, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [(500, {})] * 10
    with Receiver() as healthy:
        subscribe(known, healthy.url, clock)
        say(clock, "P-1", "P-2", "P-3")
        jobs.send_announcements()
        assert len(healthy.events) == 3
    assert len(receiver.events) == 1


def test_an_endpoint_that_does_not_answer_is_a_failure(known: Known, clock: Clock) -> None:
    with Receiver() as gone:
        url = gone.url
    subscribe(known, url, clock)
    say(clock, "P-1")
    jobs.send_announcements()
    assert (only().last_status, only().last_error) == (None, "connection")


@pytest.mark.parametrize("url", [url for url in FORBIDDEN_URLS if url.startswith("http")])
def test_where_nothing_may_be_sent_nothing_is_sent(known: Known, clock: Clock, url: str) -> None:
    subscribe(known, url, clock)
    say(clock, "P-1")
    jobs.send_announcements()
    failed = only()
    assert failed.state is SendingState.PENDING
    assert failed.last_status is None
    assert str(failed.last_error) in {"refused_address", "refused_url", "refused_scheme", "connection"}


@pytest.mark.parametrize("settings", [{"environment": Environment.PRODUCTION}], indirect=True)
def test_nothing_is_sent_to_loopback_in_production(app: Flask, receiver: Receiver, clock: Clock) -> None:
    with atomic() as session:
        known = partners.sign_in(session, environment="production")
    subscribe(known, receiver.url, clock)
    say(clock, "P-1")
    jobs.send_announcements()
    assert receiver.received == []
    assert only().last_error == "refused_scheme"


def test_a_partner_that_was_ended_is_sent_nothing(
    known: Known, subscription: UUID, receiver: Receiver, clock: Clock
) -> None:
    say(clock, "P-1")
    with atomic() as session:
        session.get_one(partners.PartnerClient, known.id).ended_at = clock.now
    jobs.send_announcements()
    assert receiver.events == []


def test_a_worker_that_died_leaves_its_sending_to_the_next(
    subscription: UUID, receiver: Receiver, clock: Clock
) -> None:
    say(clock, "P-1")
    with atomic() as session:
        dead = sending.claim_next(session, environment="test", now=clock.now, skip=frozenset())
    assert dead is not None
    jobs.send_announcements()
    assert receiver.events == []
    clock.advance(minutes=6)
    jobs.send_announcements()
    assert len(receiver.events) == 1
    with atomic() as session:
        late = sending.settle(session, dead, sending.Result(status=500), now=clock.now)
    assert late is None
    assert only().state is SendingState.DELIVERED


def test_of_two_claims_one_gets_it(subscription: UUID, clock: Clock) -> None:
    say(clock, "P-1")
    with atomic() as session:
        assert sending.claim_next(session, environment="test", now=clock.now, skip=frozenset()) is not None
    with atomic() as session:
        assert sending.claim_next(session, environment="test", now=clock.now, skip=frozenset()) is None


class TestReplay:
    def test_what_was_delivered_can_be_had_again(
        self, subscription: UUID, receiver: Receiver, partner: BearerClient, clock: Clock
    ) -> None:
        say(clock, "P-1")
        jobs.send_announcements()
        assert partner.post(f"{API}/deliveries/{only().id}/replay").status_code == 202
        again = partner.post(f"{API}/deliveries/{only().id}/replay")
        assert again.status_code == 409
        jobs.send_announcements()
        first, second = receiver.events
        assert first.body == second.body

    def test_not_while_nothing_is_sent_to_the_endpoint(
        self, subscription: UUID, partner: BearerClient, clock: Clock
    ) -> None:
        say(clock, "P-1")
        jobs.send_announcements()
        with atomic() as session:
            session.get_one(EventSubscription, subscription).state = SubscriptionState.DISABLED
        assert partner.post(f"{API}/deliveries/{only().id}/replay").status_code == 409

    def test_another_partners_is_not_found(
        self, app: Flask, subscription: UUID, receiver: Receiver, clock: Clock
    ) -> None:
        say(clock, "P-1")
        with atomic() as session:
            stranger = BearerClient(app, partners.sign_in(session).token)
        assert stranger.get(f"{API}/deliveries").get_json()["items"] == []
        for sending_id in (only().id, new_id()):
            assert stranger.post(f"{API}/deliveries/{sending_id}/replay").status_code == 404


def test_nothing_is_sent_to_a_partner_of_another_environment(
    receiver: Receiver, known: Known, clock: Clock
) -> None:
    """A copy of the database that stands somewhere else must not tell the registry anything."""
    with atomic() as session:
        elsewhere = partners.make_client(session, environment="production").client.id
    subscribe(Known(elsewhere, "elsewhere", ""), receiver.url, clock)
    say(clock, "P-1")
    jobs.send_announcements()
    assert receiver.events == []
    assert (only().state, only().attempts) == (SendingState.PENDING, 0)


def test_nothing_is_kept_for_a_partner_that_was_ended(subscription: UUID, known: Known, clock: Clock) -> None:
    with atomic() as session:
        session.get_one(partners.PartnerClient, known.id).ended_at = clock.now
    say(clock, "P-1")
    with reading() as session:
        assert session.scalars(select(Sending)).all() == []


def test_the_log_pages_and_filters(subscription: UUID, partner: BearerClient, clock: Clock) -> None:
    say(clock, "P-1", "P-2", "P-3")
    first = partner.get(f"{API}/deliveries?limit=2")
    rest = partner.get(f"{API}/deliveries?limit=2&cursor={first.get_json()['next_cursor']}")
    seen = [row["subject"] for row in first.get_json()["items"] + rest.get_json()["items"]]
    assert sorted(seen) == ["P-1", "P-2", "P-3"]
    assert 'rel="next"' in first.headers["Link"]
    assert partner.get(f"{API}/deliveries?state=delivered").get_json()["items"] == []
    assert partner.get(f"{API}/deliveries?subscription_id={new_id()}").get_json()["items"] == []
    assert partner.get(f"{API}/deliveries?cursor=x").status_code == 400


def test_no_secret_is_told_of_anywhere(
    subscription: UUID, receiver: Receiver, clock: Clock, watcher: Watcher
) -> None:
    receiver.answers = [(500, {}), (410, {})]
    say(clock, "P-1")
    jobs.send_announcements()
    clock.advance(seconds=10)
    with atomic() as session:
        parcel = sending.claim_next(session, environment="test", now=clock.now, skip=frozenset())
    assert parcel is not None
    assert SECRET not in repr(replace(parcel, body=b""))
    assert not any(SECRET in line for line in watcher.lines)


def test_a_gone_verdict_for_an_endpoint_that_was_disabled_meanwhile_changes_nothing_more(
    subscription: UUID, clock: Clock
) -> None:
    say(clock, "P-1")
    with atomic() as session:
        parcel = sending.claim_next(session, environment="test", now=clock.now, skip=frozenset())
        session.get_one(EventSubscription, subscription).state = SubscriptionState.ENDED
    assert parcel is not None
    with atomic() as session:
        assert sending.settle(session, parcel, sending.Result(status=410), now=clock.now) is Verdict.GONE
    assert state_of(subscription).state is SubscriptionState.ENDED
