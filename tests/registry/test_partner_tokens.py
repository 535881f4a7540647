"""Tokens for partners: what proves a client, what a token is good for, and what is said about a refusal."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.jobs_partners import purge_partner_access
from miniprogram_api.registry.models.partners import PartnerKey, PartnerToken
from miniprogram_api.registry.service import partners
from miniprogram_api.registry.service.partners import AddedClient
from miniprogram_api.web.limits import init_limits
from tests.conftest import Clock
from tests.factories import partners as partner_factory
from tests.support.partner_calls import PROBE, TOKEN_URL, add_probe, ask_token, bearer, calls_of

NAME = "core-registry"
REFUSED = {"error": "invalid_client", "error_description": "Client authentication failed."}


@pytest.fixture
def added(clock: Clock, app: Flask) -> AddedClient:
    add_probe(app)
    with atomic() as session:
        return partner_factory.make_client(session, client_id=NAME)


def _by_secret(client: FlaskClient, secret: str | None, **form: str) -> Any:
    return ask_token(client, client_id=NAME, client_secret=secret or "", **form)


def test_a_secret_is_taken_from_the_form_and_from_the_header(client: FlaskClient, added: AddedClient) -> None:
    in_form = _by_secret(client, added.secret)
    in_header = client.post(
        TOKEN_URL, data={"grant_type": "client_credentials"}, auth=(NAME, added.secret or "")
    )
    for answer in (in_form, in_header):
        body = answer.get_json()
        assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 600)
        assert answer.headers["Cache-Control"] == "no-store"
        assert client.get(PROBE, headers=bearer(body["access_token"])).status_code == 200


def test_a_token_ends_after_ten_minutes(client: FlaskClient, added: AddedClient, clock: Clock) -> None:
    token = _by_secret(client, added.secret).get_json()["access_token"]
    clock.advance(seconds=599)
    assert client.get(PROBE, headers=bearer(token)).status_code == 200
    clock.advance(seconds=1)
    answer = client.get(PROBE, headers=bearer(token))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "auth_invalid")


def test_only_the_hash_of_a_token_is_kept(client: FlaskClient, added: AddedClient) -> None:
    token = _by_secret(client, added.secret).get_json()["access_token"]
    with reading() as session:
        (kept,) = session.scalars(select(PartnerToken))
        assert token.encode() not in kept.token_hash
        (key,) = session.scalars(select(PartnerKey))
        assert str(added.secret) not in str(vars(key))


def test_a_token_holds_the_scopes_that_were_asked_for(client: FlaskClient, added: AddedClient) -> None:
    body = _by_secret(client, added.secret, scope="events.write projects.read").get_json()
    assert body["scope"] == "events.write projects.read"
    answer = client.get(PROBE, headers=bearer(body["access_token"]))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "scope_missing")


def test_a_scope_that_the_client_does_not_hold_is_refused(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        secret = partner_factory.make_client(session, client_id=NAME, scopes=["events.write"]).secret
    for scope in ("events.write engagement.read", "nothing.known"):
        answer = _by_secret(client, secret, scope=scope)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_scope")


def _basic(text: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text).decode()}"}


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"client_id": NAME, "client_secret": "ps_wrong"}, {}),
        ({"client_id": "nobody", "client_secret": "ps_wrong"}, {}),
        ({"client_id": "no\0body", "client_secret": "ps_wrong"}, {}),
        ({"client_id": NAME}, {}),
        ({}, {}),
        ({}, _basic(b"core-registry:ps_wrong")),
        ({}, _basic(b"nobody:ps_wrong")),
        ({}, _basic(b"core-registry")),
        ({}, _basic(b"\xff\xfe:x")),
        ({}, {"Authorization": "Basic !!"}),
        ({}, {"Authorization": "Bearer pt_x"}),
        ({"client_assertion": "x", "client_assertion_type": "y"}, {}),
    ],
)
def test_every_bad_proof_gets_the_same_answer(
    client: FlaskClient, added: AddedClient, form: dict[str, str], headers: dict[str, str]
) -> None:
    answer = client.post(TOKEN_URL, data={"grant_type": "client_credentials"} | form, headers=headers)
    assert (answer.status_code, answer.get_json()) == (401, REFUSED)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "a" * 9000}, "invalid_request"),
        (
            {"grant_type": "client_credentials", "client_secret": "x", "client_assertion": "y"},
            "invalid_request",
        ),
    ],
)
def test_an_unclear_request_is_told_as_the_standard_has_it(
    client: FlaskClient, clock: Clock, data: dict[str, Any], error: str
) -> None:
    answer = client.post(TOKEN_URL, data=data)
    assert (answer.status_code, answer.mimetype) == (400, "application/json")
    assert answer.get_json()["error"] == error


def test_parameters_in_the_address_prove_nothing(client: FlaskClient, added: AddedClient) -> None:
    query = {"grant_type": "client_credentials", "client_id": NAME, "client_secret": added.secret or ""}
    assert client.post(TOKEN_URL, query_string=query).status_code == 400


def test_two_secrets_count_while_one_replaces_the_other(
    client: FlaskClient, added: AddedClient, clock: Clock
) -> None:
    with atomic() as session:
        second = partners.add_key(
            session, partner_id=added.client.id, kind=added.key.kind, actor=SYSTEM, now=clock.now
        ).secret
    old_token = _by_secret(client, added.secret).get_json()["access_token"]
    new_token = _by_secret(client, second).get_json()["access_token"]
    with atomic() as session:
        partners.retire_key(
            session, partner_id=added.client.id, key_id=added.key.id, actor=SYSTEM, now=clock.now
        )
    assert _by_secret(client, added.secret).status_code == 401
    assert _by_secret(client, second).status_code == 200
    assert client.get(PROBE, headers=bearer(old_token)).status_code == 401
    assert client.get(PROBE, headers=bearer(new_token)).status_code == 200


def test_a_key_ends_by_itself_when_that_was_said(
    client: FlaskClient, added: AddedClient, clock: Clock
) -> None:
    with atomic() as session:
        secret = partners.add_key(
            session,
            partner_id=added.client.id,
            kind=added.key.kind,
            expires_at=clock.now + timedelta(hours=1),
            actor=SYSTEM,
            now=clock.now,
        ).secret
    assert _by_secret(client, secret).status_code == 200
    clock.advance(hours=1)
    assert _by_secret(client, secret).status_code == 401


def test_an_ended_client_is_a_stranger_at_once(client: FlaskClient, added: AddedClient, clock: Clock) -> None:
    token = _by_secret(client, added.secret).get_json()["access_token"]
    with atomic() as session:
        partners.end_client(session, partner_id=added.client.id, reason="下线", actor=SYSTEM, now=clock.now)
    assert client.get(PROBE, headers=bearer(token)).status_code == 401
    assert _by_secret(client, added.secret).get_json() == REFUSED


def test_a_client_of_another_environment_is_refused(client: FlaskClient, app: Flask, clock: Clock) -> None:
    add_probe(app)
    with atomic() as session:
        added = partner_factory.make_client(session, client_id=NAME, environment="production")
        token = partner_factory.open_token(session, added.client)
    assert _by_secret(client, added.secret).get_json() == REFUSED
    assert client.get(PROBE, headers=bearer(token)).status_code == 401


def test_a_token_for_another_audience_is_refused(client: FlaskClient, added: AddedClient) -> None:
    with atomic() as session:
        token = partner_factory.open_token(session, added.client, audience="https://other.example/api")
    assert client.get(PROBE, headers=bearer(token)).status_code == 401


@pytest.mark.parametrize(
    ("networks", "status"), [(["127.0.0.0/8"], 200), (["10.0.0.0/8"], 401), (["::1"], 401)]
)
def test_a_client_calls_from_its_own_networks_only(
    client: FlaskClient, app: Flask, clock: Clock, networks: list[str], status: int
) -> None:
    add_probe(app)
    with atomic() as session:
        added = partner_factory.make_client(session, client_id=NAME, allowed_networks=networks)
        token = partner_factory.open_token(session, added.client)
    assert _by_secret(client, added.secret).status_code == status
    assert client.get(PROBE, headers=bearer(token)).status_code == status


def test_tokens_from_one_address_are_limited(app: Flask, client: FlaskClient, added: AddedClient) -> None:
    init_limits(app, redis_url="", spare_loopback=False)
    answers = [ask_token(client, client_id="nobody", client_secret="x") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [401] * 60 + [429]
    assert answers[-1].get_json()["code"] == "rate_limited"
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_whoever_asks_for_a_token_is_in_the_trail(client: FlaskClient, added: AddedClient) -> None:
    _by_secret(client, added.secret)
    _by_secret(client, "ps_wrong")
    ask_token(client, client_id="nobody", client_secret="x")
    asked, refused = calls_of(NAME)
    assert (asked.action, asked.actor_kind) == ("partner.called", "partner")
    assert asked.after == {"method": "POST", "route": TOKEN_URL, "status": 200}
    assert (refused.action, refused.actor_kind) == ("partner.refused", "unverified")
    assert refused.after == {"method": "POST", "route": TOKEN_URL, "status": 401, "code": "invalid_client"}


def test_tokens_that_are_over_are_not_kept(client: FlaskClient, added: AddedClient, clock: Clock) -> None:
    _by_secret(client, added.secret)
    clock.advance(minutes=5)
    token = _by_secret(client, added.secret).get_json()["access_token"]
    clock.advance(minutes=6)
    purge_partner_access()
    with reading() as session:
        assert len(list(session.scalars(select(PartnerToken)))) == 1
    assert client.get(PROBE, headers=bearer(token)).status_code == 200
