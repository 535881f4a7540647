"""The frame of the partner API: what its routes share beside what all routes share.

A route is declared like any other, its permission being a scope of `registry.rules.partners.PARTNER_SCOPES`:

    blp = PartnerRoutes("partner-engagement", __name__, description="Engagement figures")

    @blp.get("/engagement/daily")                     # that is /api/registry/v1/engagement/daily
    @requires("engagement.read")
    @blp.arguments(DailyQuery, location="query")      # class DailyQuery(PartnerPaging): …
    @blp.response(HTTPStatus.OK, DailyPage, example=…)
    def list_daily(query: dict[str, Any]) -> Answer:
        with reading() as session:
            page = …
        return paged(page.items, page.next_cursor)    # the list, and Link: rel="next" while there is more

A single object has a strong ETag: `etag = etag_of(row.revision, …)`, then `return unchanged(etag) or (row,
{"ETag": etag})`; what changes one asks `check_match(etag)` before it does. Errors are ordinary AppErrors;
`web.partner_problems` gives them the agreed codes.

Nothing else is left to a route. Who calls is recognised by `requires` (a token, or a signed request), calls
are limited per client, and each is in the audit trail with its outcome, refused ones too where it is known
who called; if that cannot be written the caller is told to come back.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import marshmallow as ma
import structlog
from flask import Flask, Response, g, request
from marshmallow import fields, validate
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, db, retrying
from miniprogram_api.kernel.errors import BadRequest, Conflict, Unavailable
from miniprogram_api.web import limits
from miniprogram_api.web.api import Problem, ProblemApi, Routes, problem
from miniprogram_api.web.auth import PUBLIC
from miniprogram_api.web.partner_problems import PARTNER_API
from miniprogram_api.web.schemas import Schema

log = structlog.get_logger(__name__)

Answer = tuple[Any, dict[str, str]]

# 60 a minute in all, 20 of them at once; counted for each client.
_BURST, _RATE = "20/second", "60/minute"


@dataclass(frozen=True, slots=True)
class PartnerCaller:
    """Which client calls, or says it does while `verified` is false."""

    id: UUID
    client_id: str
    verified: bool


def note_caller(caller: PartnerCaller) -> None:
    """Remember who calls, so that the call is in the audit trail whatever becomes of it."""
    g.partner_caller = caller


def count_call(caller: PartnerCaller) -> None:
    """Count a call of a client that was recognised. Raises TooMany."""
    limits.hit("partner-burst", _BURST, str(caller.id))
    limits.hit("partner", _RATE, str(caller.id))


class PartnerPaging(Schema):
    """`?limit=` and `?cursor=` of a partner's list."""

    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))
    cursor = fields.String(load_default=None, validate=validate.Length(max=2000))


class PartnerProblem(Problem):
    """A problem as partners get it."""

    code = ma.fields.String(metadata={"example": "schema_invalid"})
    instance = ma.fields.String(metadata={"example": f"{PARTNER_API}/engagement/daily"})
    request_id = ma.fields.String()


class PartnerRoutes(Routes):
    """A blueprint under the partner API whose document names the scope that each operation takes."""

    def __init__(self, name: str, import_name: str, *, description: str) -> None:
        super().__init__(name, import_name, url_prefix=PARTNER_API, description=description)
        self._prepare_doc_cbks.append(_name_scope)


def _name_scope(doc: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    scope = info.get("policy")
    if scope not in {None, PUBLIC}:
        info["manual_doc"]["security"] = [{"oauth2": [scope]}, {"signed": []}]
    return doc


def describe_security(api: ProblemApi, scopes: dict[str, str]) -> None:
    """Tell in the partners' document how they are recognised."""
    flow = {"tokenUrl": f"{PARTNER_API}/oauth/token", "scopes": scopes}
    api.spec.components.security_scheme("oauth2", {"type": "oauth2", "flows": {"clientCredentials": flow}})
    api.spec.components.security_scheme(
        "signed",
        {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Each request signed: `HMAC-SHA256 client=…, ts=…, nonce=…, signature=…`.",
        },
    )


def paged(items: Sequence[Any], next_cursor: str | None, **more: Any) -> Answer:
    """A page as partners get it, with the link to the next one."""
    body = {"items": items, "next_cursor": next_cursor, **more}
    if next_cursor is None:
        return body, {}
    query = request.args.copy()
    query["cursor"] = next_cursor
    return body, {"Link": f'<{request.path}?{urlencode(list(query.items(multi=True)))}>; rel="next"'}


def etag_of(*parts: object) -> str:
    """A strong ETag of what an answer is made from."""
    digest = hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()[:32]
    return f'"{digest}"'


def unchanged(etag: str) -> Response | None:
    """304 for a caller that has this version already, else None."""
    if not request.if_none_match.contains(etag.strip('"')):
        return None
    return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})


class VersionUnsaid(BadRequest):
    """A change that does not say of which version it is one."""

    code = "request.precondition_required"


class VersionPassed(Conflict):
    """A change of a version that is not the present one."""

    code = "request.precondition_failed"


def check_match(etag: str) -> None:
    """Refuse a change that was made without looking: `If-Match` names the version that it is a change of.

    Raises VersionUnsaid, VersionPassed.
    """
    if "If-Match" not in request.headers:
        raise VersionUnsaid
    if not request.if_match.contains(etag.strip('"')):
        raise VersionPassed


MATCH_PARAMETER = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string"},
    "description": "The `ETag` of what is changed: 428 without one, 412 where it is not the present one.",
}


def init_partners(app: Flask) -> None:
    """Put every call of a partner into the audit trail."""
    app.after_request(_record)


def _record(response: Response) -> Response:
    caller: PartnerCaller | None = g.get("partner_caller")
    if caller is None:
        return response
    try:
        retrying(_write)(caller, response)
    except (DBAPIError, PoolTimeout, Unavailable):
        # An answer nobody could account for later is not given.
        db.session.rollback()
        log.exception("partner_call_unrecorded")
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "request.unavailable", {"retry_after_s": 5})
    return response


def _write(caller: PartnerCaller, response: Response) -> None:
    rule = request.url_rule
    after: dict[str, Any] = {
        "method": request.method,
        "route": rule.rule if rule else request.path[:200],
        "status": response.status_code,
    }
    refused = response.status_code >= HTTPStatus.BAD_REQUEST
    if refused:
        body = response.get_json(silent=True) or {}
        after["code"] = body.get("code", body.get("error"))
    actor = Actor(
        kind="partner" if caller.verified else "unverified",
        id=str(caller.id),
        ip=request.remote_addr,
        request_id=g.get("request_id"),
    )
    with atomic() as session:
        audit.record(
            session,
            actor=actor,
            action="partner.refused" if refused else "partner.called",
            object_type="partner",
            object_id=caller.client_id,
            after=after,
        )
