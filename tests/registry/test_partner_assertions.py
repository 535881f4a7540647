"""Clients that sign who they are: what the assertion says, which algorithms count, that it counts once."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwk
from sqlalchemy import select

from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.jobs_partners import purge_partner_access
from miniprogram_api.registry.models.partners import KeyKind, UsedOnce
from miniprogram_api.registry.rules.partners import KEEP_USED, TOLERANCE
from miniprogram_api.registry.service import partners
from miniprogram_api.registry.service.partners import AddedClient
from tests.conftest import Clock
from tests.factories import partners as partner_factory
from tests.factories.partners import AUDIENCE
from tests.support.partner_calls import TOKEN_URL, ask_token, asserted, assertion, calls_of
from tests.support.races import at_once

NAME = "core-registry"
RACERS = 6


@pytest.fixture(scope="module")
def rsa() -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def ec() -> jwk.ECKey:
    return jwk.ECKey.generate_key("P-256")


@pytest.fixture
def added(clock: Clock, app: Flask, rsa: jwk.RSAKey) -> AddedClient:
    with atomic() as session:
        return partner_factory.make_client(
            session, client_id=NAME, kind=KeyKind.PUBLIC_KEY, public_jwk=rsa.as_dict(private=False)
        )


def _status(client: FlaskClient, word: str) -> int:
    answer = ask_token(client, **asserted(word))
    if answer.status_code != 200:
        assert answer.get_json()["error_description"] == "Client authentication failed."
    return answer.status_code


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
@pytest.mark.parametrize("audience", [AUDIENCE, f"{AUDIENCE}/oauth/token", ["https://x.example", AUDIENCE]])
def test_a_signed_assertion_gets_a_token(
    client: FlaskClient, added: AddedClient, rsa: jwk.RSAKey, alg: str, audience: Any
) -> None:
    assert added.secret is None
    assert _status(client, assertion(rsa, NAME, alg=alg, aud=audience)) == 200


def test_two_keys_of_different_kinds_count_without_a_key_id(
    client: FlaskClient, added: AddedClient, rsa: jwk.RSAKey, ec: jwk.ECKey, clock: Clock
) -> None:
    with atomic() as session:
        partners.add_key(
            session,
            partner_id=added.client.id,
            kind=KeyKind.PUBLIC_KEY,
            public_jwk=ec.as_dict(private=False),
            actor=SYSTEM,
            now=clock.now,
        )
    assert _status(client, assertion(rsa, NAME)) == 200
    assert _status(client, assertion(ec, NAME, alg="ES256", header={"kid": "whatever"})) == 200
    with atomic() as session:
        partners.retire_key(
            session, partner_id=added.client.id, key_id=added.key.id, actor=SYSTEM, now=clock.now
        )
    assert _status(client, assertion(rsa, NAME)) == 401
    assert _status(client, assertion(ec, NAME, alg="ES256")) == 200


NOW = 1795399200  # Monday 23 November 2026, 10:00 in Beijing


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example/oauth/token"},
        {"aud": None},
        {"aud": {"a": 1}},
        {"aud": []},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 10**400},
        {"exp": NOW + 3661},
        {"nbf": NOW + 120},
        {"iat": NOW + 120},
        {"jti": None},
        {"jti": 7},
        {"jti": ""},
        {"jti": "x" * 257},
        {"iss": "somebody-else"},
        {"iss": None},
        {"sub": "nobody"},
        {"sub": None},
        {"sub": ["core-registry"]},
        {"sub": {"core-registry": 1}},
    ],
)
def test_an_assertion_that_says_something_else_is_refused(
    client: FlaskClient, added: AddedClient, rsa: jwk.RSAKey, claims: dict[str, Any]
) -> None:
    assert int(kernel_clock.now().timestamp()) == NOW
    assert _status(client, assertion(rsa, NAME)) == 200
    assert _status(client, assertion(rsa, NAME, **claims)) == 401


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(rsa: jwk.RSAKey) -> str:
    _, claims, _ = assertion(rsa, NAME).split(".")
    return f"{_part({'alg': 'none'})}.{claims}."


def _by_public_key_as_secret(rsa: jwk.RSAKey) -> str:
    """The old confusion: what everybody may know, taken for a shared secret."""
    _, claims, _ = assertion(rsa, NAME).split(".")
    signed = f"{_part({'alg': 'HS256'})}.{claims}"
    mac = hmac.digest(rsa.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _by_embedded_key(_: jwk.RSAKey) -> str:
    own = jwk.RSAKey.generate_key(2048)
    return assertion(own, NAME, header={"jwk": own.as_dict(private=False)})


def _tampered(rsa: jwk.RSAKey) -> str:
    head, claims, signature = assertion(rsa, NAME).split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{head}.{_part(said | {'exp': said['exp'] + 1})}.{signature}"


FORGERIES: dict[str, Callable[[jwk.RSAKey], str]] = {
    "unsigned": _unsigned,
    "public key as secret": _by_public_key_as_secret,
    "key of its own": _by_embedded_key,
    "tampered": _tampered,
    "another algorithm": lambda rsa: assertion(rsa, NAME, alg="RS512"),
    "cut short": lambda rsa: assertion(rsa, NAME)[:-8],
    "no base64": lambda _: "a.b.c",
    "no ASCII": lambda _: "é.é.é",
    "claims that are a list": lambda _: f"{_part({'alg': 'RS256'})}.{_part([1])}.",
    "a critical header": lambda _: (
        f"{_part({'alg': 'RS256', 'crit': ['x'], 'x': 1})}.{_part({'sub': NAME})}.AAAA"
    ),
    "an algorithm that is a list": lambda _: f"{_part({'alg': ['RS256']})}.{_part({'sub': NAME})}.AAAA",
    "too deep": lambda _: f"{_part({'alg': 'RS256'})}.{base64.urlsafe_b64encode(b'[' * 4000).decode()}.AAAA",
    "a header that is a text": lambda _: f"{_part('text')}.{_part({'sub': NAME})}.AAAA",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_what_the_client_did_not_sign_is_refused(
    client: FlaskClient, added: AddedClient, rsa: jwk.RSAKey, forge: Callable[[jwk.RSAKey], str]
) -> None:
    assert _status(client, forge(rsa)) == 401


def test_a_client_with_a_secret_cannot_assert(client: FlaskClient, clock: Clock, rsa: jwk.RSAKey) -> None:
    with atomic() as session:
        partner_factory.make_client(session, client_id=NAME)
    assert _status(client, assertion(rsa, NAME)) == 401


def test_an_assertion_counts_once(client: FlaskClient, added: AddedClient, rsa: jwk.RSAKey) -> None:
    word = assertion(rsa, NAME)
    assert [_status(client, word) for _ in range(2)] == [200, 401]
    assert [row.action for row in calls_of(NAME)] == ["partner.called", "partner.refused"]


def test_an_assertion_is_used_up_by_a_refusal_too(
    client: FlaskClient, added: AddedClient, rsa: jwk.RSAKey
) -> None:
    word = assertion(rsa, NAME)
    assert ask_token(client, scope="nothing.known", **asserted(word)).status_code == 400
    assert _status(client, word) == 401


def test_one_of_many_at_once_gets_a_token(app: Flask, added: AddedClient, rsa: jwk.RSAKey) -> None:
    """Its control is that of the nonces, which are used up in the same way."""
    word = assertion(rsa, NAME)
    assert sorted(_race(app, word)) == [200] + [401] * (RACERS - 1)


def _race(app: Flask, word: str) -> list[int]:
    def ask() -> int:
        data = {"grant_type": "client_credentials"} | asserted(word)
        return app.test_client().post(TOKEN_URL, data=data).status_code

    return at_once(app, [ask] * RACERS)


def test_what_was_used_is_remembered_for_longer_than_it_could_count(
    client: FlaskClient, added: AddedClient, rsa: jwk.RSAKey, clock: Clock
) -> None:
    assert TOLERANCE < KEEP_USED
    assert _status(client, assertion(rsa, NAME)) == 200
    clock.advance(seconds=KEEP_USED.total_seconds() - 1)
    purge_partner_access()
    with reading() as session:
        assert session.scalar(select(UsedOnce.used_at)) is not None
    clock.advance(seconds=1)
    purge_partner_access()
    with reading() as session:
        assert session.scalar(select(UsedOnce.used_at)) is None
