"""Where partners get their tokens: OAuth 2.0 client credentials, with that standard's own errors."""

import json
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Response, current_app, request
from marshmallow import fields

from config.settings import Settings
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic
from miniprogram_api.registry.partner_authentication import current_origin, note_refusal
from miniprogram_api.registry.service.partner_oauth import answer_token_request
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.partners import PartnerCaller, PartnerRoutes, note_caller

blp = PartnerRoutes("partner-tokens", __name__, description="Access tokens")

_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "scope": {"type": "string", "description": "All of the client's when it is not given."},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string", "description": "Here, or by HTTP Basic."},
        "client_assertion_type": {
            "type": "string",
            "enum": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
        },
        "client_assertion": {
            "type": "string",
            "description": "RFC 7523: `iss` and `sub` are the client id, `aud` this address or its API,"
            " `exp` at most an hour away, `jti` once; RS256, PS256 or ES256.",
        },
    },
}
_EXAMPLE = {"grant_type": "client_credentials", "scope": "engagement.read"}


class TokenView(ma.Schema):
    access_token = fields.String(metadata={"example": "pt_7Jq…"})
    token_type = fields.String(metadata={"example": "Bearer"})
    expires_in = fields.Integer(metadata={"example": 600})
    scope = fields.String(metadata={"example": "engagement.read"})


class OAuthErrorView(ma.Schema):
    """RFC 6749, section 5.2."""

    error = fields.String(metadata={"example": "invalid_client"})
    error_description = fields.String()


@blp.post("/oauth/token")
@public
@limited("partner-token", "60/minute", per="ip", fail_closed=True)
@blp.doc(
    requestBody={"content": {"application/x-www-form-urlencoded": {"schema": _FORM, "example": _EXAMPLE}}}
)
@blp.response(
    HTTPStatus.OK,
    TokenView,
    example={
        "access_token": "pt_7Jq…",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "engagement.read",
    },
)
@blp.alt_response(
    HTTPStatus.BAD_REQUEST,
    schema=OAuthErrorView,
    description="Not a request for a token, or for such a scope",
)
@blp.alt_response(HTTPStatus.UNAUTHORIZED, schema=OAuthErrorView, description="The client is not known")
def issue_token() -> Response:
    """Ten minutes of access for a client that proves itself by its secret or by a signed assertion."""
    settings: Settings = current_app.extensions["settings"]
    with atomic() as session:
        answer = answer_token_request(
            session,
            form={name: request.form.getlist(name) for name in request.form},
            authorization=request.headers.get("Authorization", ""),
            audiences=settings.partner_audiences,
            origin=current_origin(),
            now=clock.now(),
        )
    if answer.client is not None and answer.proved:
        note_caller(PartnerCaller(answer.client.id, answer.client.client_id, verified=True))
    elif answer.client is not None:
        note_refusal(answer.client)
    body = json.dumps(answer.body, ensure_ascii=False)
    return Response(body, answer.status, answer.headers, content_type="application/json")
