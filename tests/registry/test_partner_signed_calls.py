"""Requests that carry a signature instead of a token: all of the request is signed, just now, and once."""

import base64
import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry import partner_authentication
from miniprogram_api.registry.models.partners import KeyKind, PartnerKey, UsedOnce
from miniprogram_api.registry.service import partner_access, partners
from miniprogram_api.registry.service.partner_access import KnownClient
from miniprogram_api.registry.service.partners import AddedClient
from miniprogram_api.web import auth
from tests.conftest import Clock
from tests.factories import partners as partner_factory
from tests.support.partner_calls import PROBE, add_probe, calls_of, signed
from tests.support.problems import assert_problem
from tests.support.races import at_once

NAME = "core-registry"
RACERS = 6
NONCE = "0123456789abcdef"


@pytest.fixture
def added(clock: Clock, app: Flask) -> AddedClient:
    add_probe(app)
    with atomic() as session:
        return partner_factory.make_client(session, client_id=NAME, kind=KeyKind.HMAC)


def _headers(added: AddedClient, method: str = "GET", path: str = PROBE, **parts: Any) -> dict[str, str]:
    return signed(NAME, added.secret or "", method, path, **parts)


def test_a_signed_request_is_answered(client: FlaskClient, added: AddedClient) -> None:
    assert client.get(PROBE, headers=_headers(added)).status_code == 200


def test_query_body_and_odd_characters_are_signed_as_they_are_understood(
    client: FlaskClient, added: AddedClient
) -> None:
    query = (("limit", "2"), ("cursor", "a b&c=长春/+"))
    headers = _headers(added, query=query)
    answer = client.get(PROBE, query_string=dict(reversed(query)), headers=headers)
    assert answer.get_json()["items"] == [0, 1]
    body, path = '{"名":1}'.encode(), f"{PROBE}/净月 潭"
    answer = client.post(path, data=body, headers=_headers(added, "POST", path, body=body))
    assert (answer.status_code, answer.get_json()["got"]) == (201, {"名": 1})


@pytest.mark.parametrize(
    ("sent", "other"),
    [
        ({"method": "POST"}, "the method"),
        ({"path": f"{PROBE}/b"}, "the path"),
        ({"query": (("limit", "3"),)}, "the query"),
        ({"query": (("limit", "2"), ("limit", "3"))}, "one value more"),
        ({"query": ()}, "no query"),
        ({"body": b'{"a": 2}'}, "the body"),
        ({"body": b'{"a":1} '}, "a blank in the body"),
    ],
)
def test_a_request_that_differs_from_what_was_signed_is_refused(
    client: FlaskClient, added: AddedClient, sent: dict[str, Any], other: str
) -> None:
    was = {"method": "GET", "path": f"{PROBE}/a", "query": (("limit", "2"),), "body": b'{"a":1}'}
    headers = _headers(added, was["method"], was["path"], query=was["query"], body=was["body"])
    now = was | sent
    answer = client.open(
        now["path"], method=now["method"], query_string=list(now["query"]), data=now["body"], headers=headers
    )
    assert answer.status_code == 401, other


def _changed(headers: dict[str, str], old: str, new: str) -> dict[str, str]:
    assert old in headers["Authorization"]
    return {"Authorization": headers["Authorization"].replace(old, new)}


def test_a_header_that_was_tampered_with_is_refused(
    client: FlaskClient, added: AddedClient, clock: Clock
) -> None:
    ts = int(clock.now.timestamp())
    for old, new in (
        (f"ts={ts}", f"ts={ts + 1}"),
        (NONCE, "f" * 16),
        (NAME, "nobody"),
        ("HMAC-SHA256", "HMAC-SHA1"),
        ("HMAC-SHA256", "HMAC-SM3"),
        ('signature="', 'signature="AAAA'),
        ('signature="', 'signature="é'),
        ('client="', 'client="x", client="'),
        ("ts=", "tz="),
        (f'nonce="{NONCE}", ', ""),
        (NONCE, "short"),
        (f"ts={ts}", f"ts=-{ts}"),
        (f"ts={ts}", "ts=99999999999999999999"),
    ):
        headers = _changed(_headers(added, nonce=NONCE), old, new)
        assert client.get(PROBE, headers=headers).status_code == 401, (old, new)
    assert client.get(PROBE, headers=_headers(added, nonce=NONCE)).status_code == 200


def test_a_signature_by_another_secret_is_refused(client: FlaskClient, added: AddedClient) -> None:
    answer = client.get(PROBE, headers=signed(NAME, "ph_wrong", "GET", PROBE))
    assert assert_problem(answer, 401, "auth_invalid")["errors"] == []
    assert client.get(PROBE, headers=signed("nobody", "ph_wrong", "GET", PROBE)).status_code == 401


@pytest.mark.parametrize(("off_s", "status"), [(-301, 401), (-300, 200), (300, 200), (301, 401)])
def test_clocks_may_differ_by_five_minutes(
    client: FlaskClient, added: AddedClient, clock: Clock, off_s: int, status: int
) -> None:
    headers = _headers(added, ts=int(clock.now.timestamp()) + off_s)
    assert client.get(PROBE, headers=headers).status_code == status


def test_two_secrets_count_until_one_is_retired(
    client: FlaskClient, added: AddedClient, clock: Clock
) -> None:
    with atomic() as session:
        second = partners.add_key(
            session, partner_id=added.client.id, kind=KeyKind.HMAC, actor=SYSTEM, now=clock.now
        )
    newer = AddedClient(added.client, *second)
    assert client.get(PROBE, headers=_headers(added)).status_code == 200
    assert client.get(PROBE, headers=_headers(newer)).status_code == 200
    with atomic() as session:
        partners.retire_key(
            session, partner_id=added.client.id, key_id=added.key.id, actor=SYSTEM, now=clock.now
        )
    assert client.get(PROBE, headers=_headers(added)).status_code == 401
    assert client.get(PROBE, headers=_headers(newer)).status_code == 200


def test_a_client_without_a_signing_secret_cannot_sign(client: FlaskClient, app: Flask, clock: Clock) -> None:
    add_probe(app)
    with atomic() as session:
        by_secret = partner_factory.make_client(session, client_id=NAME)
    assert client.get(PROBE, headers=_headers(by_secret)).status_code == 401


def test_the_secret_is_kept_encrypted(added: AddedClient) -> None:
    with reading() as session:
        key = session.scalars(select(PartnerKey)).one()
    assert added.secret
    assert added.secret not in str(key.hmac_cipher)
    assert base64.b64encode(added.secret.encode()).decode() not in str(key.hmac_cipher)
    assert partners.secret_of(key) == added.secret.encode()


def test_a_nonce_counts_once_and_is_not_used_up_by_a_wrong_signature(
    client: FlaskClient, added: AddedClient
) -> None:
    wrong = _changed(_headers(added, nonce=NONCE), 'signature="', 'signature="AAAA')
    headers = _headers(added, nonce=NONCE)
    statuses = [client.get(PROBE, headers=sent).status_code for sent in (wrong, headers, headers)]
    assert statuses == [401, 200, 401]
    assert [row.action for row in calls_of(NAME)] == ["partner.refused", "partner.called", "partner.refused"]


def test_a_view_that_runs_again_does_not_find_its_own_nonce_used(
    client: FlaskClient, added: AddedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may ask for a transaction to be run again; then the whole view is."""
    recognised = []
    authenticate = auth.recognise

    def twice() -> Any:
        recognised.extend([authenticate(), authenticate()])
        return recognised[0]

    monkeypatch.setattr(auth, "recognise", twice)
    assert client.get(PROBE, headers=_headers(added)).status_code == 200
    assert recognised[0] is recognised[1]


def _race(app: Flask, headers: dict[str, str]) -> list[int]:
    return at_once(app, [lambda: app.test_client().get(PROBE, headers=headers).status_code] * RACERS)


def test_of_many_that_come_at_once_one_is_answered(app: Flask, added: AddedClient) -> None:
    assert sorted(_race(app, _headers(added))) == [200] + [401] * (RACERS - 1)


def test_looking_first_and_noting_later_would_answer_several(
    app: Flask, added: AddedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: whoever looks before the others have noted anything sees a nonce that is free."""
    meeting, seen = threading.Barrier(RACERS), threading.local()
    find = partner_access.find_client

    def look(session: Session, client_id: str, **options: Any) -> KnownClient | None:
        seen.free = session.scalar(select(UsedOnce.digest)) is None
        meeting.wait(timeout=60)
        return find(session, client_id, **options)

    monkeypatch.setattr(partner_authentication.partner_access, "find_client", look)
    monkeypatch.setattr(partner_authentication.partner_access, "use_once", lambda *_, **__: seen.free)
    assert _race(app, _headers(added)) == [200] * RACERS
