"""Subscriptions: asked for by a partner, approved after a handshake, changed and ended."""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from config.settings import Environment
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.models.subscriptions import EventSubscription
from miniprogram_api.registry.service.subscriptions import MOST_SUBSCRIPTIONS
from tests.conftest import Clock
from tests.factories import partners
from tests.factories.staff import signed_in
from tests.support.clients import BearerClient
from tests.support.receiver import Receiver
from tests.support.ssrf import FORBIDDEN_URLS

API = "/api/registry/v1/subscriptions"
DESK = "/api/staff/v1/registry/subscriptions"
TYPES = ["engagement.site.opened"]


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def partner(app: Flask, clock: Clock) -> BearerClient:
    with atomic() as session:
        return BearerClient(app, partners.sign_in(session).token)


@pytest.fixture
def admin(app: Flask, clock: Clock) -> BearerClient:
    return BearerClient(app, signed_in(Role.ADMIN))


@pytest.fixture
def asked(partner: BearerClient, receiver: Receiver) -> Any:
    answer = partner.post(API, json={"url": receiver.url, "types": TYPES})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def stored(subscription_id: str) -> EventSubscription:
    with reading() as session:
        return session.get_one(EventSubscription, UUID(subscription_id))


def change(partner: BearerClient, one: str, body: dict[str, Any]) -> TestResponse:
    """A change of the subscription as it is."""
    return partner.patch(one, json=body, headers={"If-Match": partner.get(one).headers["ETag"]})


class TestAsking:
    def test_it_waits_and_its_secret_is_told_once(self, partner: BearerClient, asked: Any) -> None:
        assert (asked["state"], asked["url"]) == ("pending", None)
        assert asked["secret"].startswith("whsec_")
        later = partner.get(f"{API}/{asked['id']}").get_json()
        assert "secret" not in later
        (listed,) = partner.get(API).get_json()["items"]
        assert listed == later
        assert asked["secret"] not in stored(asked["id"]).secret_cipher

    def test_two_subscriptions_have_two_secrets(
        self, partner: BearerClient, asked: Any, receiver: Receiver
    ) -> None:
        other = partner.post(API, json={"url": receiver.url, "types": TYPES}).get_json()
        assert other["secret"] != asked["secret"]

    @pytest.mark.parametrize("url", FORBIDDEN_URLS)
    def test_an_address_that_nothing_may_be_sent_to_is_refused(self, partner: BearerClient, url: str) -> None:
        answer = partner.post(API, json={"url": url, "types": TYPES})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "schema_invalid")
        assert partner.get(API).get_json()["items"] == []

    def test_a_name_that_leads_inside_is_refused(
        self, partner: BearerClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "socket.getaddrinfo",
            lambda *_, **__: [(0, 0, 0, "", ("203.0.114.9", 443)), (0, 0, 0, "", ("10.0.0.7", 443))],
        )
        answer = partner.post(API, json={"url": "https://rebound.example/inbox", "types": TYPES})
        assert answer.status_code == 422

    def test_an_address_in_a_network_of_the_registry_is_taken(
        self, app: Flask, partner: BearerClient
    ) -> None:
        body = {"url": "https://10.1.2.3/inbox", "types": TYPES}
        assert partner.post(API, json=body).status_code == 422
        app.extensions["settings"] = replace(app.extensions["settings"], registry_networks="10.1.0.0/16")
        assert partner.post(API, json=body).status_code == 201
        assert partner.post(API, json=body | {"url": "https://10.2.0.1/inbox"}).status_code == 422

    def test_a_public_name_is_taken(self, partner: BearerClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("203.0.114.9", 443))])
        answer = partner.post(API, json={"url": "https://registry.example/inbox", "types": TYPES})
        assert answer.status_code == 201

    @pytest.mark.parametrize(
        "body",
        [
            {"types": TYPES},
            {"url": "https://registry.example/inbox", "types": []},
            {"url": "https://registry.example/inbox", "types": ["engagement.rumour"]},
            {"url": "https://registry.example/inbox", "types": TYPES * 9},
            {"url": f"https://registry.example/{'x' * 500}", "types": TYPES},
            {"url": 7, "types": TYPES},
        ],
    )
    def test_a_wrong_request_is_refused(self, partner: BearerClient, body: dict[str, Any]) -> None:
        assert partner.post(API, json=body).status_code == 422

    def test_there_is_an_end_to_subscriptions(
        self, app: Flask, receiver: Receiver, partner: BearerClient
    ) -> None:
        body = {"url": receiver.url, "types": TYPES}
        made = [partner.post(API, json=body) for _ in range(MOST_SUBSCRIPTIONS)]
        assert {answer.status_code for answer in made} == {201}
        assert partner.post(API, json=body).status_code == 409
        assert partner.delete(f"{API}/{made[0].get_json()['id']}").status_code == 204
        assert partner.post(API, json=body).status_code == 201

    def test_another_partner_sees_none_of_it(self, app: Flask, asked: Any) -> None:
        with atomic() as session:
            stranger = BearerClient(app, partners.sign_in(session).token)
        unknown = str(new_id())
        for subscription_id in (asked["id"], unknown):
            one = f"{API}/{subscription_id}"
            assert stranger.get(one).status_code == 404
            assert stranger.patch(one, json={"types": TYPES}).status_code == 404
            assert stranger.post(f"{one}/secret").status_code == 404
            assert stranger.delete(one).status_code == 404
        assert stranger.get(API).get_json()["items"] == []

    def test_the_scope_is_needed(self, app: Flask, clock: Clock) -> None:
        with atomic() as session:
            token = partners.sign_in(session, scopes=["engagement.read"]).token
        assert BearerClient(app, token).get(API).status_code == 403


@pytest.mark.parametrize("settings", [{"environment": Environment.PRODUCTION}], indirect=True)
def test_loopback_is_no_endpoint_in_production(app: Flask, clock: Clock, receiver: Receiver) -> None:
    with atomic() as session:
        partner = BearerClient(app, partners.sign_in(session, environment="production").token)
    assert partner.post(API, json={"url": receiver.url, "types": TYPES}).status_code == 422


class TestApproval:
    def test_the_endpoint_is_asked_before_it_is_sent_anything(
        self, admin: BearerClient, asked: Any, receiver: Receiver
    ) -> None:
        answer = admin.post(f"{DESK}/{asked['id']}/approve")
        assert answer.status_code == 200, answer.text
        shown = answer.get_json()
        assert (shown["state"], shown["url"], shown["requested_url"]) == ("active", receiver.url, None)
        (hand,) = receiver.received
        assert hand.method == "OPTIONS"
        assert hand.headers["webhook-request-origin"] == "lowcarbon.changchun"

    @pytest.mark.parametrize("allowed", [None, "", "https://another.example"])
    def test_an_endpoint_that_does_not_want_our_events_is_not_approved(
        self, admin: BearerClient, asked: Any, receiver: Receiver, allowed: str | None
    ) -> None:
        receiver.allowed_origin = allowed
        answer = admin.post(f"{DESK}/{asked['id']}/approve")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "registry.handshake_failed")
        assert stored(asked["id"]).state.value == "pending"

    def test_an_endpoint_that_does_not_answer_is_not_approved(
        self, admin: BearerClient, partner: BearerClient
    ) -> None:
        with Receiver() as gone:
            url = gone.url
        asked = partner.post(API, json={"url": url, "types": TYPES}).get_json()
        answer = admin.post(f"{DESK}/{asked['id']}/approve")
        assert answer.get_json()["params"] == {"reason": "unreachable"}

    def test_an_endpoint_whose_name_leads_inside_by_now_is_not_asked(
        self, admin: BearerClient, partner: BearerClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        addresses = ["203.0.114.9"]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (addresses[0], 443))])
        asked = partner.post(API, json={"url": "https://registry.example/in", "types": TYPES}).get_json()
        addresses[0] = "169.254.169.254"
        answer = admin.post(f"{DESK}/{asked['id']}/approve")
        assert answer.get_json()["params"] == {"reason": "refused"}

    def test_it_is_approved_once(self, admin: BearerClient, asked: Any) -> None:
        assert admin.post(f"{DESK}/{asked['id']}/approve").status_code == 200
        again = admin.post(f"{DESK}/{asked['id']}/approve")
        assert (again.status_code, again.get_json()["code"]) == (409, "registry.nothing_to_approve")

    def test_what_was_asked_for_meanwhile_is_not_approved_with_it(
        self, admin: BearerClient, partner: BearerClient, asked: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def change_meanwhile(*_: Any) -> None:
            change(partner, f"{API}/{asked['id']}", {"url": f"{asked['requested_url']}/other"})

        monkeypatch.setattr("miniprogram_api.registry.service.endpoints.shake_hands", change_meanwhile)
        answer = admin.post(f"{DESK}/{asked['id']}/approve")
        assert answer.get_json()["code"] == "registry.nothing_to_approve"
        assert stored(asked["id"]).url is None

    def test_only_administrators_decide(self, app: Flask, asked: Any) -> None:
        for role in (Role.REVIEWER, Role.AUDITOR):
            staff = BearerClient(app, signed_in(role))
            assert staff.get(DESK).status_code == 403
            assert staff.post(f"{DESK}/{asked['id']}/approve").status_code == 403

    def test_a_refusal_says_why(self, admin: BearerClient, partner: BearerClient, asked: Any) -> None:
        assert admin.post(f"{DESK}/{asked['id']}/refuse", json={"reason": "未备案"}).status_code == 200
        shown = partner.get(f"{API}/{asked['id']}").get_json()
        assert (shown["state"], shown["requested_url"], shown["reason"]) == ("pending", None, "未备案")

    def test_decisions_are_in_the_trail(self, admin: BearerClient, asked: Any) -> None:
        admin.post(f"{DESK}/{asked['id']}/approve")
        admin.post(f"{DESK}/{asked['id']}/disable", json={"reason": "停用"})
        with reading() as session:
            actions = session.scalars(
                select(AuditRow.action)
                .where(AuditRow.object_type == "event_subscription")
                .order_by(AuditRow.id)
            ).all()
        assert actions == [
            "registry.request_subscription",
            "registry.approve_subscription",
            "registry.disable_subscription",
        ]

    def test_administrators_list_what_waits(self, admin: BearerClient, asked: Any) -> None:
        assert [row["id"] for row in admin.get(f"{DESK}?state=pending").get_json()["items"]] == [asked["id"]]
        assert admin.get(f"{DESK}?state=active").get_json()["items"] == []
        assert admin.get(f"{DESK}/{asked['id']}").get_json()["partner_id"]
        assert "secret" not in admin.get(f"{DESK}/{asked['id']}").get_json()

    @pytest.mark.parametrize("step", ["approve", "refuse", "disable"])
    def test_an_unknown_one_is_not_found(self, admin: BearerClient, step: str) -> None:
        body = None if step == "approve" else {"reason": "x"}
        assert admin.post(f"{DESK}/{new_id()}/{step}", json=body).status_code == 404


@pytest.fixture
def active(admin: BearerClient, asked: Any) -> Any:
    assert admin.post(f"{DESK}/{asked['id']}/approve").status_code == 200
    return asked


class TestChanging:
    def test_another_endpoint_needs_approval_and_the_present_one_goes_on(
        self, partner: BearerClient, admin: BearerClient, active: Any, receiver: Receiver
    ) -> None:
        with Receiver() as other:
            shown = change(partner, f"{API}/{active['id']}", {"url": other.url}).get_json()
            assert (shown["state"], shown["url"], shown["requested_url"]) == (
                "active",
                receiver.url,
                other.url,
            )
            assert admin.post(f"{DESK}/{active['id']}/approve").get_json()["url"] == other.url

    def test_the_corpus_is_refused_here_too(self, partner: BearerClient, active: Any) -> None:
        answer = change(partner, f"{API}/{active['id']}", {"url": FORBIDDEN_URLS[0]})
        assert answer.status_code == 422

    def test_other_types_hold_at_once(self, partner: BearerClient, active: Any) -> None:
        shown = change(partner, f"{API}/{active['id']}", {"types": ["engagement.site.closed"]}).get_json()
        assert (shown["types"], shown["requested_url"]) == (["engagement.site.closed"], None)

    def test_a_change_says_of_which_version_it_is_one(self, partner: BearerClient, active: Any) -> None:
        one = f"{API}/{active['id']}"
        seen = partner.get(one).headers["ETag"]
        assert partner.get(one, headers={"If-None-Match": seen}).status_code == 304
        body = {"types": ["engagement.site.closed"]}
        unsaid = partner.patch(one, json=body)
        assert (unsaid.status_code, unsaid.get_json()["code"]) == (428, "precondition_required")
        made = partner.patch(one, json=body, headers={"If-Match": seen})
        assert made.headers["ETag"] == partner.get(one).headers["ETag"] != seen
        late = partner.patch(one, json={"types": TYPES}, headers={"If-Match": seen})
        assert (late.status_code, late.get_json()["code"]) == (412, "precondition_failed")
        assert partner.get(one).get_json()["types"] == body["types"]

    def test_a_disabled_one_comes_back_by_approval_alone(
        self, partner: BearerClient, admin: BearerClient, active: Any, receiver: Receiver
    ) -> None:
        admin.post(f"{DESK}/{active['id']}/disable", json={"reason": "停用"})
        assert admin.post(f"{DESK}/{active['id']}/disable", json={"reason": "停用"}).status_code == 409
        shown = change(partner, f"{API}/{active['id']}", {"url": receiver.url}).get_json()
        assert (shown["state"], shown["requested_url"]) == ("disabled", receiver.url)
        assert admin.post(f"{DESK}/{active['id']}/approve").get_json()["state"] == "active"

    @pytest.mark.parametrize(
        "change",
        [
            lambda client, one: change(client, one, {"types": TYPES}),
            lambda client, one: client.post(f"{one}/secret"),
        ],
        ids=["types", "secret"],
    )
    def test_an_ended_one_does_not_come_back(
        self, partner: BearerClient, active: Any, change: Callable[..., Any]
    ) -> None:
        one = f"{API}/{active['id']}"
        assert partner.delete(one).status_code == 204
        assert partner.delete(one).status_code == 204
        assert change(partner, one).status_code == 409
        assert partner.get(one).get_json()["state"] == "ended"
