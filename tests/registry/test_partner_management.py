"""Clients and keys as administrators manage them, over the staff API and from a shell."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwk
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.registry.errors_partners import PartnerExists, PartnerKeysFull
from miniprogram_api.registry.models.partners import KeyKind, PartnerKey
from miniprogram_api.registry.service import partners
from tests.conftest import Clock
from tests.factories import partners as partner_factory
from tests.factories import staff as staff_factory
from tests.support.clients import BearerClient
from tests.support.partner_calls import ask_token, asserted, assertion
from tests.support.problems import assert_problem
from tests.support.races import at_once

PARTNERS = "/api/staff/v1/partners"
BODY = {"client_id": "core-registry", "name": "核心登记系统", "scopes": ["engagement.read", "events.write"]}


@pytest.fixture
def admin(app: Flask, clock: Clock) -> BearerClient:
    with atomic() as session:
        account = staff_factory.make_staff(session, role=Role.ADMIN)
        return BearerClient(app, staff_factory.open_session(session, account.id))


def _traces(object_id: str) -> list[AuditRow]:
    with reading() as session:
        found = select(AuditRow).where(AuditRow.object_type == "partner", AuditRow.object_id == object_id)
        return list(session.scalars(found.order_by(AuditRow.id)))


def test_a_new_client_gets_its_secret_this_once(admin: BearerClient, client: FlaskClient) -> None:
    answer = admin.post(PARTNERS, json=BODY | {"allowed_networks": ["127.0.0.1"]})
    made = answer.get_json()
    assert answer.status_code == 201
    shown = admin.get(f"{PARTNERS}/{made['partner']['id']}")
    listed = admin.get(PARTNERS).get_json()
    assert shown.get_json() == made["partner"] == listed["items"][0]
    assert (made["partner"]["environment"], made["partner"]["ended_at"]) == ("test", None)
    assert made["secret"] not in shown.text
    assert ask_token(client, client_id="core-registry", client_secret=made["secret"]).status_code == 200


def test_what_is_done_leaves_its_traces_without_any_secret(admin: BearerClient) -> None:
    made = admin.post(PARTNERS, json=BODY | {"certificate_fingerprint": "AB" * 32}).get_json()
    one = f"{PARTNERS}/{made['partner']['id']}"
    added = admin.post(f"{one}/keys", json={"kind": "hmac"}).get_json()
    assert admin.delete(f"{one}/keys/{added['key']['id']}").status_code == 204
    assert admin.post(f"{one}/end", json={"reason": "系统下线"}).status_code == 200
    rows = _traces("core-registry")
    assert [row.action for row in rows] == [
        "registry.partner_added",
        "registry.partner_key_added",
        "registry.partner_key_added",
        "registry.partner_key_retired",
        "registry.partner_ended",
    ]
    assert rows[-1].reason == "系统下线"
    with reading() as session:
        events = list(session.scalars(select(EventRow).where(EventRow.name.like("registry.partner_%"))))
    assert len(events) == len(rows)
    told = str([vars(row) for row in rows]) + str([event.payload for event in events])
    assert not any(secret in told for secret in (made["secret"], added["secret"], "ab" * 32))


def test_of_a_certificate_only_enough_to_tell_it_is_shown(admin: BearerClient) -> None:
    made = admin.post(PARTNERS, json=BODY | {"certificate_fingerprint": ":".join(["AB"] * 32)}).get_json()
    assert made["partner"]["certificate"] == "abababab…abab"


def test_a_third_key_of_a_kind_waits_until_one_is_retired(admin: BearerClient) -> None:
    made = admin.post(PARTNERS, json=BODY).get_json()["partner"]
    keys = f"{PARTNERS}/{made['id']}/keys"
    assert admin.post(keys, json={}).status_code == 201
    problem = assert_problem(admin.post(keys, json={}), 409, "registry.partner_keys_full")
    assert problem["params"] == {"most": 2}
    assert admin.post(keys, json={"kind": "hmac"}).status_code == 201
    assert admin.delete(f"{keys}/{made['keys'][0]['id']}").status_code == 204
    assert admin.post(keys, json={}).status_code == 201
    assert_problem(admin.delete(f"{keys}/{made['keys'][0]['id']}"), 404)


def test_a_key_that_is_over_makes_room(admin: BearerClient, clock: Clock) -> None:
    made = admin.post(PARTNERS, json=BODY).get_json()["partner"]
    keys = f"{PARTNERS}/{made['id']}/keys"
    assert admin.post(keys, json={"expires_at": "2026-11-23T10:20:00+08:00"}).status_code == 201
    assert_problem(admin.post(keys, json={}), 409)
    clock.advance(minutes=20)
    code = {"totp": staff_factory.code_now()}
    assert admin.post("/api/staff/v1/sessions/current/second-factor", json=code).status_code == 200
    assert admin.post(keys, json={}).status_code == 201
    assert [key["retired_at"] is None for key in admin.get(PARTNERS).get_json()["items"][0]["keys"]] == [
        True,
        False,
        True,
    ]


def test_a_public_key_is_taken_without_anything_private(admin: BearerClient, client: FlaskClient) -> None:
    key = jwk.ECKey.generate_key("P-256")
    body = BODY | {"kind": "public_key"}
    private = admin.post(PARTNERS, json=body | {"public_jwk": key.as_dict(private=True)})
    assert_problem(private, 422, "registry.partner_key_unfit")
    public = admin.post(PARTNERS, json=body | {"public_jwk": key.as_dict(private=False) | {"kid": "k1"}})
    assert (public.status_code, public.get_json()["secret"]) == (201, None)
    word = assertion(key, "core-registry", alg="ES256")
    assert ask_token(client, **asserted(word)).status_code == 200


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": 7, "e": "AQAB"},
        {"kty": "RSA", "n": "!" * 400, "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
        {"kty": "EC", "crv": "P-521", "x": "AAAA", "y": "AAAA"},
        {"kty": ["RSA"]},
    ],
)
def test_a_key_that_proves_nothing_is_refused(admin: BearerClient, bad: dict[str, Any]) -> None:
    answer = admin.post(PARTNERS, json=BODY | {"kind": "public_key", "public_jwk": bad})
    assert_problem(answer, 422, "registry.partner_key_unfit")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"client_id": "Core Registry"}, "client_id"),
        ({"client_id": "a\n"}, "client_id"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["staff.manage"]}, "scopes.0"),
        ({"allowed_networks": ["everywhere"]}, "allowed_networks.0"),
        ({"certificate_fingerprint": "ab"}, "certificate_fingerprint"),
        ({"kind": "public_key"}, "public_jwk"),
        ({"public_jwk": {"kty": "RSA"}}, "public_jwk"),
        ({"kind": "password"}, "kind"),
    ],
)
def test_a_wrong_field_is_named(admin: BearerClient, change: dict[str, Any], field: str) -> None:
    body = assert_problem(admin.post(PARTNERS, json=BODY | change), 422, "request.invalid")
    assert [wrong["field"] for wrong in body["errors"]] == [field]


def test_a_name_is_taken_once_and_for_good(admin: BearerClient) -> None:
    made = admin.post(PARTNERS, json=BODY).get_json()["partner"]
    assert_problem(admin.post(PARTNERS, json=BODY), 409, "registry.partner_exists")
    admin.post(f"{PARTNERS}/{made['id']}/end", json={"reason": "下线"})
    assert_problem(admin.post(PARTNERS, json=BODY), 409, "registry.partner_exists")


def test_an_ended_client_gets_no_key_and_ends_once(admin: BearerClient) -> None:
    one = f"{PARTNERS}/{admin.post(PARTNERS, json=BODY).get_json()['partner']['id']}"
    admin.post(f"{one}/end", json={"reason": "下线"})
    assert_problem(admin.post(f"{one}/keys", json={}), 409, "registry.partner_ended")
    assert_problem(admin.post(f"{one}/end", json={"reason": "下线"}), 409, "registry.partner_ended")


def test_the_list_is_read_in_pages(admin: BearerClient, clock: Clock) -> None:
    with atomic() as session:
        ids = [str(partner_factory.make_client(session).client.id) for _ in range(5)]
    first = admin.get(f"{PARTNERS}?limit=3").get_json()
    rest = admin.get(f"{PARTNERS}?limit=3&cursor={first['next_cursor']}").get_json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids
    assert all(len(item["keys"]) == 1 for item in first["items"])


def test_two_administrators_at_once_never_make_a_third_key(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        client = partner_factory.make_client(session).client

    def add() -> str:
        try:
            with atomic() as session:
                partners.add_key(
                    session, partner_id=client.id, kind=KeyKind.SECRET, actor=SYSTEM, now=clock.now
                )
        except PartnerKeysFull:
            return "full"
        return "added"

    assert sorted(at_once(app, [add] * 4)) == ["added", "full", "full", "full"]
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(PartnerKey)) == 2


def test_one_name_taken_twice_at_once_is_refused_once(app: Flask, clock: Clock) -> None:
    def add() -> str:
        try:
            with atomic() as session:
                partner_factory.make_client(session, client_id="core-registry")
        except PartnerExists:
            return "taken"
        return "added"

    assert sorted(at_once(app, [add] * 3)) == ["added", "taken", "taken"]


class TestCommands:
    def _run(self, app: Flask, *words: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["registry", "client", *words])
        return result.exit_code, result.output

    def _secret(self, output: str) -> str:
        return output.rsplit(": ", 1)[1].strip()

    def test_a_client_from_its_first_key_to_its_end(
        self, app: Flask, client: FlaskClient, clock: Clock
    ) -> None:
        added = self._run(
            app, "add", "core-registry", "--name", "核心登记系统", "--scope", "engagement.read",
            "--network", "127.0.0.0/8",
        )  # fmt: skip
        assert added[0] == 0
        first = self._secret(added[1])
        second = self._secret(self._run(app, "key", "core-registry")[1])
        for secret in (first, second):
            assert ask_token(client, client_id="core-registry", client_secret=secret).status_code == 200
        with reading() as session:
            oldest = session.scalars(select(PartnerKey.id).order_by(PartnerKey.id)).first()
        assert self._run(app, "key", "core-registry", "--retire", str(oldest))[0] == 0
        assert ask_token(client, client_id="core-registry", client_secret=first).status_code == 401
        assert self._run(app, "end", "core-registry", "--reason", "下线")[0] == 0
        assert ask_token(client, client_id="core-registry", client_secret=second).status_code == 401
        assert {row.actor_id for row in _traces("core-registry") if row.actor_kind == "system"} == {
            "operator"
        }

    def test_a_public_key_is_read_from_a_file(self, app: Flask, clock: Clock, tmp_path: Path) -> None:
        file = tmp_path / "key.json"
        file.write_text(json.dumps(jwk.ECKey.generate_key("P-256").as_dict(private=False)))
        code, output = self._run(
            app, "add", "core-registry", "--name", "n", "--scope", "events.write",
            "--kind", "public_key", "--public-key", str(file),
        )  # fmt: skip
        assert code == 0
        assert "Secret" not in output
        file.write_text("{")
        code, output = self._run(
            app, "key", "core-registry", "--kind", "public_key", "--public-key", str(file)
        )
        assert (code, "Error" in output) == (1, True)

    @pytest.mark.parametrize(
        "words",
        [
            ["add", "Core", "--name", "n", "--scope", "events.write"],
            ["add", "core", "--name", "n", "--scope", "events.write", "--network", "x"],
            ["add", "core", "--name", "n", "--scope", "events.write", "--certificate", "x"],
            ["add", "core", "--name", "n", "--scope", "events.write", "--kind", "public_key"],
            ["key", "nobody"],
            ["key", "nobody", "--retire", str(UUID(int=1))],
            ["end", "nobody", "--reason", "x"],
        ],
        ids=lambda words: " ".join(words),
    )
    def test_what_cannot_be_done_is_said(self, app: Flask, clock: Clock, words: list[str]) -> None:
        code, output = self._run(app, *words)
        assert code == 1
        assert output.startswith("Error: ")
