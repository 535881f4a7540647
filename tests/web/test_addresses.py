"""Client addresses: whatever a proxy or a client wrote, there is one clean address or none, and no 500."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.models import StaffSession
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.addresses import clean, neighbourhood_of, subscriber_of
from tests.factories.staff import PASSWORD, code_now, make_staff

ODD = [
    "garbage",
    "",
    "203.0.113.9, ",
    "unknown",
    "::ffff:300.1.1.1",
    "[2001:db8::1",
    "x" * 5000,
    "1.2.3.4\x00",
    "' OR 1=1 --",
]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9:4711 ", "203.0.113.9"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("garbage", None),
        ("", None),
        ("1.2.3", None),
    ],
)
def test_an_address_has_one_spelling(written: str, address: str | None) -> None:
    assert clean(written) == address


def test_networks_are_what_somebody_can_change_within() -> None:
    assert neighbourhood_of("203.0.113.9") == "203.0.113.0/24"
    assert neighbourhood_of("2001:db8:1:2:3::4") == subscriber_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert subscriber_of("203.0.113.9") == "203.0.113.9"
    assert neighbourhood_of(None) == subscriber_of("garbage") == "unknown"


def _sign_in(app: Flask, forwarded: str, **fields: Any) -> int:
    body = {"username": "li.hua", "password": PASSWORD} | fields
    client = app.test_client()
    return client.post(
        "/api/staff/v1/sessions", json=body, headers={"X-Forwarded-For": forwarded.replace("\x00", "")}
    ).status_code


@pytest.mark.parametrize("settings", [{"trusted_proxies": 1}], indirect=True)
@pytest.mark.usefixtures("clock")
def test_whatever_stands_in_a_forwarded_header_a_stranger_is_refused_in_order(app: Flask) -> None:
    assert {_sign_in(app, odd, username=f"odd{n}") for n, odd in enumerate(ODD)} == {401}
    assert app.test_client().get("/api/v1/sites", headers={"X-Forwarded-For": "garbage"}).status_code == 200


@pytest.mark.parametrize("settings", [{"trusted_proxies": 1}], indirect=True)
@pytest.mark.usefixtures("clock")
def test_an_address_is_kept_in_its_one_spelling_or_not_at_all(app: Flask) -> None:
    with atomic() as session:
        make_staff(session, "li.hua")
    assert _sign_in(app, "x" * 5000, totp=code_now()) == 201
    assert _sign_in(app, "::ffff:203.0.113.9", totp=code_now(steps=1)) == 201
    with reading() as session:
        kept = set(session.scalars(select(StaffSession.ip)))
        signed_in = AuditRow.action == "identity.staff_signed_in"
        assert kept == set(session.scalars(select(AuditRow.ip).where(signed_in))) == {None, "203.0.113.9"}


@pytest.mark.usefixtures("clock")
def test_a_request_without_any_address_is_served(app: Flask) -> None:
    body = {"username": "nobody", "password": "wrong"}
    for missing in (None, ""):
        answer = app.test_client().post(
            "/api/staff/v1/sessions", json=body, environ_overrides={"REMOTE_ADDR": missing or ""}
        )
        assert answer.status_code == 401
