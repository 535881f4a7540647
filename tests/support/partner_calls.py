"""Calling the partner API as a partner would: signing by the written rules, and a route to call."""

import base64
import hashlib
import hmac
import uuid
from typing import Any
from urllib.parse import quote

from flask import Flask, request
from flask.testing import FlaskClient
from joserfc import jwk, jwt
from sqlalchemy import select
from werkzeug.test import TestResponse

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import reading
from miniprogram_api.web.api import read_body, read_json
from miniprogram_api.web.auth import requires
from miniprogram_api.web.partners import Answer, PartnerPaging, PartnerRoutes, etag_of, paged, unchanged
from tests.factories.partners import AUDIENCE

TOKEN_URL = "/api/registry/v1/oauth/token"
PROBE = "/api/registry/v1/probe"

_probe = PartnerRoutes("partner-probe", __name__, description="A route to call")


@_probe.get("/probe")
@requires("engagement.read")
@_probe.arguments(PartnerPaging, location="query")
@_probe.response(200)
def _list(query: dict[str, Any]) -> Answer:
    """As many items as are asked for, and a next page unless there was a cursor."""
    return paged(list(range(query["limit"])), None if query["cursor"] else "next&page")


@_probe.get("/probe/<string:name>")
@requires("engagement.read")
@_probe.response(200)
def _show(name: str) -> Any:
    etag = etag_of(name)
    return unchanged(etag) or ({"name": name}, {"ETag": etag})


@_probe.post("/probe/<string:name>")
@requires("reconciliation.write")
@_probe.response(201)
def _store(name: str) -> dict[str, Any]:
    return {"name": name, "got": read_json(read_body(request))}


def add_probe(app: Flask) -> None:
    """Serve the route; before the first request."""
    app.register_blueprint(_probe)


def ask_token(client: FlaskClient, **form: str) -> TestResponse:
    """A request for a token with these parameters."""
    return client.post(TOKEN_URL, data={"grant_type": "client_credentials"} | form)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assertion(
    key: jwk.Key, client_id: str, *, alg: str = "RS256", header: dict[str, Any] | None = None, **claims: Any
) -> str:
    """A client's signed word about itself, good for five minutes; `claims` of None are left out."""
    now = int(clock.now().timestamp())
    said = {
        "iss": client_id,
        "sub": client_id,
        "aud": f"{AUDIENCE}/oauth/token",
        "iat": now,
        "exp": now + 300,
        "jti": str(uuid.uuid4()),
    } | claims
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode({"alg": alg} | (header or {}), said, key, algorithms=[alg])


def asserted(word: str) -> dict[str, str]:
    """The parameters that carry an assertion."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_assertion_type": kind, "client_assertion": word}


def signed(
    client_id: str,
    secret: str,
    method: str,
    path: str,
    *,
    query: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    ts: int | None = None,
    nonce: str | None = None,
) -> dict[str, str]:
    """The header of a signed request."""
    ts = int(clock.now().timestamp()) if ts is None else ts
    nonce = nonce or uuid.uuid4().hex
    pairs = sorted((quote(name, safe="-._~"), quote(value, safe="-._~")) for name, value in query)
    lines = [
        "HMAC-SHA256",
        method,
        quote(path, safe="/-._~"),
        "&".join(f"{name}={value}" for name, value in pairs),
        hashlib.sha256(body).hexdigest(),
        str(ts),
        nonce,
    ]
    mac = hmac.digest(secret.encode(), "\n".join(lines).encode(), "sha256")
    signature = base64.b64encode(mac).decode()
    parts = f'client="{client_id}", ts={ts}, nonce="{nonce}", signature="{signature}"'
    return {"Authorization": f"HMAC-SHA256 {parts}"}


def calls_of(client_id: str) -> list[AuditRow]:
    """What the audit trail says of a client's calls, the oldest first."""
    with reading() as session:
        rows = select(AuditRow).where(
            AuditRow.object_type == "partner",
            AuditRow.object_id == client_id,
            AuditRow.action.in_(["partner.called", "partner.refused"]),
        )
        return list(session.scalars(rows.order_by(AuditRow.id)))
