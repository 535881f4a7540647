"""Calls of partners: certificates, limits, the trail, the agreed codes, pages and versions."""

import base64
import dataclasses
import hashlib
import re
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from config.settings import Settings, UnsafeSettings, check
from miniprogram_api.kernel import audit
from miniprogram_api.kernel.db import atomic
from miniprogram_api.registry.models.partners import KeyKind, PartnerClient
from miniprogram_api.registry.rules.partners import certificate_shown
from miniprogram_api.web.limits import init_limits
from miniprogram_api.web.partner_problems import AGREED, agreed
from tests.conftest import Clock
from tests.factories import members as member_factory
from tests.factories import partners as partner_factory
from tests.factories.partners import Known
from tests.support.partner_calls import PROBE, add_probe, ask_token, bearer, calls_of, signed
from tests.support.problems import assert_problem

FINGERPRINT = "ab" * 32
CERTIFICATE = bytes(range(96))
ENCODED = base64.b64encode(CERTIFICATE).decode()
PEM = f"-----BEGIN CERTIFICATE-----\n{ENCODED[:64]}\n{ENCODED[64:]}\n-----END CERTIFICATE-----\n"
PROXIED = {"trusted_proxies": 1, "partner_certificate_header": "X-Client-Certificate"}


@pytest.fixture
def partner(clock: Clock, app: Flask) -> Known:
    add_probe(app)
    with atomic() as session:
        return partner_factory.sign_in(session, client_id="core-registry")


class TestCertificates:
    @pytest.fixture
    def pinned(self, clock: Clock, app: Flask) -> Known:
        add_probe(app)
        with atomic() as session:
            return partner_factory.sign_in(session, client_id="pinned", certificate_fingerprint=FINGERPRINT)

    @pytest.mark.parametrize("settings", [PROXIED], indirect=True)
    @pytest.mark.parametrize(
        ("given", "status"),
        [
            (FINGERPRINT, 200),
            (FINGERPRINT.upper(), 200),
            (":".join(["AB"] * 32), 200),
            (f"sha256:{FINGERPRINT}", 200),
            ("cd" * 32, 401),
            ("", 401),
            ("é", 401),
            (None, 401),
        ],
    )
    def test_a_pinned_client_must_show_its_own(
        self, client: FlaskClient, pinned: Known, given: str | None, status: int
    ) -> None:
        shown = {} if given is None else {"X-Client-Certificate": given}
        answer = client.get(PROBE, headers=bearer(pinned.token) | shown)
        assert answer.status_code == status

    @pytest.mark.parametrize(
        ("shown", "is_it"),
        [
            (quote(PEM, safe=""), True),
            (quote(PEM), True),
            (PEM.replace("\n", "\t"), True),
            (f":{ENCODED}:", True),
            (hashlib.sha256(CERTIFICATE).hexdigest(), True),
            (quote(PEM + PEM, safe=""), False),
            (quote(PEM.replace(ENCODED[:4], "===="), safe=""), False),
            (ENCODED, False),
            ("::", False),
        ],
    )
    def test_a_proxy_may_show_the_certificate_itself(self, shown: str, is_it: bool) -> None:
        assert (certificate_shown(shown) == hashlib.sha256(CERTIFICATE).hexdigest()) is is_it

    @pytest.mark.parametrize("settings", [PROXIED], indirect=True)
    def test_it_must_show_it_to_get_a_token_and_to_sign(
        self, client: FlaskClient, app: Flask, clock: Clock
    ) -> None:
        add_probe(app)
        with atomic() as session:
            made = partner_factory.make_client(
                session, client_id="by-secret", certificate_fingerprint=FINGERPRINT
            )
            signing = partner_factory.make_client(
                session, client_id="by-hmac", kind=KeyKind.HMAC, certificate_fingerprint=FINGERPRINT
            )
        assert ask_token(client, client_id="by-secret", client_secret=made.secret or "").status_code == 401
        headers = signed("by-hmac", signing.secret or "", "GET", PROBE)
        assert client.get(PROBE, headers=headers).status_code == 401
        shown = {"X-Client-Certificate": FINGERPRINT}
        assert client.get(PROBE, headers=headers | shown).status_code == 200

    @pytest.mark.parametrize(
        "settings",
        [{"partner_certificate_header": "X-Client-Certificate"}, {"trusted_proxies": 1}],
        indirect=True,
    )
    def test_the_header_means_nothing_without_proxy_or_name(self, client: FlaskClient, pinned: Known) -> None:
        shown = {"X-Client-Certificate": FINGERPRINT}
        assert client.get(PROBE, headers=bearer(pinned.token) | shown).status_code == 401

    def test_the_product_does_not_start_with_a_header_that_anybody_could_send(
        self, settings: Settings
    ) -> None:
        with pytest.raises(UnsafeSettings, match="TRUSTED_PROXIES"):
            check(dataclasses.replace(settings, partner_certificate_header="X-Client-Certificate"))


class TestLimits:
    def test_twenty_at_once_and_then_later(
        self, client: FlaskClient, app: Flask, partner: Known, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("time.time", lambda: 1_795_399_200.5)
        init_limits(app, redis_url="", spare_loopback=True)
        answers = [client.get(PROBE, headers=bearer(partner.token)) for _ in range(21)]
        assert [answer.status_code for answer in answers] == [200] * 20 + [429]
        assert_problem(answers[-1], 429, "rate_limited")
        assert int(answers[-1].headers["Retry-After"]) in {1, 2}

    def test_sixty_a_minute_for_each_client(
        self, client: FlaskClient, app: Flask, partner: Known, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with atomic() as session:
            other = partner_factory.sign_in(session)
        at = 1_795_399_200.5
        init_limits(app, redis_url="", spare_loopback=True)
        statuses = []
        for second in range(4):
            monkeypatch.setattr("time.time", lambda now=at + 2 * second: now)
            statuses += [client.get(PROBE, headers=bearer(partner.token)).status_code for _ in range(20)]
        assert statuses == [200] * 60 + [429] * 20
        assert client.get(PROBE, headers=bearer(other.token)).status_code == 200

    def test_naming_a_client_without_proof_is_limited_by_address_and_hurts_nobody_else(
        self, client: FlaskClient, app: Flask, partner: Known
    ) -> None:
        init_limits(app, redis_url="", spare_loopback=False)
        headers = signed(partner.client_id, "ph_wrong", "GET", PROBE)
        statuses = [client.get(PROBE, headers=headers).status_code for _ in range(40)]
        assert statuses == [401] * 30 + [429] * 10
        assert len(calls_of(partner.client_id)) == 30
        assert client.get(PROBE, headers=bearer(partner.token)).status_code == 200


class TestTrail:
    def test_every_call_is_one_row_without_what_was_said(self, client: FlaskClient, partner: Known) -> None:
        client.get(f"{PROBE}?limit=3", headers=bearer(partner.token))
        client.post(f"{PROBE}/a", json={"note": "what was said"}, headers=bearer(partner.token))
        client.get(f"{PROBE}?limit=x", headers=bearer(partner.token))
        rows = calls_of(partner.client_id)
        one = "/api/registry/v1/probe/<string:name>"
        assert [row.after for row in rows] == [
            {"method": "GET", "route": PROBE, "status": 200},
            {"method": "POST", "route": one, "status": 201},
            {"method": "GET", "route": PROBE, "status": 422, "code": "schema_invalid"},
        ]
        assert {(row.actor_kind, row.actor_id) for row in rows} == {("partner", str(partner.id))}
        assert {row.ip for row in rows} == {"127.0.0.1"}
        assert "what was said" not in str([vars(row) for row in rows])

    def test_a_refused_call_is_there_too(self, client: FlaskClient, app: Flask, clock: Clock) -> None:
        add_probe(app)
        with atomic() as session:
            known = partner_factory.sign_in(session, scopes=["events.write"])
        client.get(PROBE, headers=bearer(known.token))
        clock.advance(minutes=10)
        client.get(PROBE, headers=bearer(known.token))
        lacking, over = calls_of(known.client_id)
        assert (lacking.actor_kind, lacking.after and lacking.after["code"]) == ("partner", "scope_missing")
        assert (over.actor_kind, over.after and over.after["code"]) == ("unverified", "auth_invalid")

    def test_a_call_on_another_api_is_there_too(self, client: FlaskClient, partner: Known) -> None:
        answer = client.get("/api/staff/v1/audit", headers=bearer(partner.token))
        assert_problem(answer, 403, "auth.forbidden")
        (row,) = calls_of(partner.client_id)
        assert row.after == {
            "method": "GET", "route": "/api/staff/v1/audit", "status": 403, "code": "auth.forbidden"
        }  # fmt: skip

    def test_what_cannot_be_noted_is_not_answered(
        self, client: FlaskClient, partner: Known, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise OperationalError("INSERT", {}, Exception("disk I/O error"))

        monkeypatch.setattr(audit, "record", fail)
        answer = client.get(PROBE, headers=bearer(partner.token))
        assert_problem(answer, 503, "upstream_unavailable")
        assert answer.headers["Retry-After"] == "5"
        monkeypatch.undo()
        assert client.get(PROBE, headers=bearer(partner.token)).status_code == 200


class TestCodes:
    def test_each_agreed_code_keeps_its_status(self) -> None:
        for code, status in AGREED.items():
            assert agreed(418, f"anything.{code}") == (status, code)

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ((422, "request.cursor"), (400, "invalid_cursor")),
            ((401, "auth.unauthenticated"), (401, "auth_invalid")),
            ((403, "auth.forbidden"), (403, "scope_missing")),
            ((404, "request.not_found"), (404, "not_found")),
            ((409, "idempotency.in_flight"), (409, "idempotency_in_flight")),
            ((409, "request.conflict"), (409, "version_conflict")),
            ((410, "request.gone"), (410, "cursor_expired")),
            ((413, "request.too_large"), (413, "payload_too_large")),
            ((422, "request.invalid"), (422, "schema_invalid")),
            ((429, "request.too_many"), (429, "rate_limited")),
            ((503, "request.unavailable"), (503, "upstream_unavailable")),
            ((400, "request.malformed"), (400, "request.malformed")),
            ((405, "request.method_not_allowed"), (405, "request.method_not_allowed")),
            ((500, "server.error"), (500, "server.error")),
        ],
    )
    def test_ours_becomes_theirs(self, ours: tuple[int, str], theirs: tuple[int, str]) -> None:
        assert agreed(*ours) == theirs

    @pytest.mark.parametrize(
        ("method", "path", "options", "status", "code"),
        [
            ("GET", "/api/registry/v1", {}, 404, "not_found"),
            ("GET", "/api/registry/v1/nothing/here", {}, 404, "not_found"),
            ("DELETE", PROBE, {}, 405, "request.method_not_allowed"),
            ("GET", f"{PROBE}?limit=501", {}, 422, "schema_invalid"),
            ("GET", f"{PROBE}?unknown=1", {}, 422, "schema_invalid"),
            ("POST", f"{PROBE}/a", {"data": b"x" * 1_000_001}, 413, "payload_too_large"),
        ],
    )
    def test_wherever_it_fails_the_code_is_the_agreed_one(
        self,
        client: FlaskClient,
        partner: Known,
        method: str,
        path: str,
        options: Any,
        status: int,
        code: str,
    ) -> None:
        answer = client.open(path, method=method, headers=bearer(partner.token), **options)
        body = assert_problem(answer, status, code)
        assert body["instance"] == path.partition("?")[0]
        assert body["request_id"] == answer.headers["X-Request-Id"]

    def test_other_apis_keep_their_own(self, client: FlaskClient) -> None:
        assert_problem(client.get("/api/registry/v11"), 404, "request.not_found")
        assert_problem(client.get("/api/v1/me"), 401, "auth.unauthenticated")


class TestWho:
    def test_members_are_not_partners(self, client: FlaskClient, app: Flask, clock: Clock) -> None:
        add_probe(app)
        with atomic() as session:
            token = member_factory.sign_in(session, openid="o-alice").access_token
        assert_problem(client.get(PROBE, headers=bearer(token)), 403, "scope_missing")

    def test_a_scope_taken_from_the_client_is_taken_from_its_tokens(
        self, client: FlaskClient, partner: Known
    ) -> None:
        with atomic() as session:
            session.get_one(PartnerClient, partner.id).scopes = ["events.write"]
        assert client.get(PROBE, headers=bearer(partner.token)).status_code == 403


class TestPagesAndVersions:
    def test_a_page_links_to_the_next(self, client: FlaskClient, partner: Known) -> None:
        first = client.get(f"{PROBE}?limit=2", headers=bearer(partner.token))
        assert first.get_json() == {"items": [0, 1], "next_cursor": "next&page"}
        link = re.fullmatch(r'<(.+)>; rel="next"', first.headers["Link"])
        assert link
        last = client.get(link[1], headers=bearer(partner.token))
        assert (last.get_json()["items"], last.get_json()["next_cursor"]) == ([0, 1], None)
        assert "Link" not in last.headers

    def test_a_page_has_a_hundred_unless_asked_otherwise(self, client: FlaskClient, partner: Known) -> None:
        assert len(client.get(PROBE, headers=bearer(partner.token)).get_json()["items"]) == 100
        assert len(client.get(f"{PROBE}?limit=500", headers=bearer(partner.token)).get_json()["items"]) == 500

    def test_what_is_known_already_is_not_sent_again(self, client: FlaskClient, partner: Known) -> None:
        first = client.get(f"{PROBE}/a", headers=bearer(partner.token))
        etag = first.headers["ETag"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
        again = client.get(f"{PROBE}/a", headers=bearer(partner.token) | {"If-None-Match": f'"x", {etag}'})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
        other = client.get(f"{PROBE}/b", headers=bearer(partner.token) | {"If-None-Match": etag})
        assert other.status_code == 200
