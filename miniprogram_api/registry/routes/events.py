"""The registry's doorbell: a signed word that there is something to pull."""

from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import current_app, request
from marshmallow import fields, validate
from prometheus_client import Counter
from werkzeug.exceptions import RequestEntityTooLarge

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.registry.errors_events import SignatureRefused
from miniprogram_api.registry.service import doorbells
from miniprogram_api.web.api import read_body, read_json
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.partners import PartnerRoutes
from miniprogram_api.web.schemas import Schema

blp = PartnerRoutes("partner-events", __name__, description="What the registry tells us")

REJECTS = Counter("webhook_rejects_total", "Rings of the doorbell that were not let in", ["reason"])
_LARGEST = 20_000
_EXAMPLE = {
    "type": "registry.project.changed",
    "subject": "CC-2026-0001",
    "sequence": "00000000000000000042",
    "version": 7,
}


class RingBody(Schema):
    """A thin event; what it does not name is pulled."""

    class Meta:
        unknown = ma.EXCLUDE

    type = fields.String(required=True, validate=validate.Length(min=1, max=60))
    subject = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    sequence = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))


class RungView(ma.Schema):
    accepted = fields.Boolean(metadata={"example": True})


@blp.post("/events")
@public
@limited("doorbell", "600/minute", per="ip")
@blp.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
    },
    parameters=[
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
)
@blp.response(HTTPStatus.ACCEPTED, RungView, example={"accepted": True})
def ring() -> dict[str, Any]:
    """An event by Standard Webhooks, at most 20 kB; accepted is not yet done, and the same id counts once."""
    body, webhook_id = _signed_body()
    event = _parse(body)
    with atomic() as session:
        doorbells.let_in(
            session,
            webhook_id=webhook_id,
            actor=Actor(kind="registry", id="doorbell", ip=request.remote_addr),
            now=clock.now(),
            **event,
        )
    return {"accepted": True}


def _signed_body() -> tuple[bytes, str]:
    secrets = current_app.extensions["settings"].registry.webhook_secrets
    if (request.content_length or 0) > _LARGEST:
        REJECTS.labels(reason="size").inc()
        raise RequestEntityTooLarge
    read_body(request)  # a body that breaks off is a problem of its own
    body = request.get_data(cache=True)  # the signature is over every byte of it
    if len(body) > _LARGEST:
        REJECTS.labels(reason="size").inc()
        raise RequestEntityTooLarge
    try:
        return body, doorbells.check_signature(
            body,
            {name.lower(): value for name, value in request.headers.items()},
            secrets=secrets,
            now=clock.now(),
        )
    except SignatureRefused as refused:
        REJECTS.labels(reason=refused.params["reason"]).inc()
        raise


def _parse(body: bytes) -> dict[str, Any]:
    try:
        event: dict[str, Any] = RingBody().load(read_json(body))
    except ma.ValidationError as error:
        REJECTS.labels(reason="shape").inc()
        names = sorted(error.normalized_messages())  # type: ignore[no-untyped-call]  # marshmallow's own
        raise Invalid(fields=[FieldError(name, "field.invalid") for name in names]) from None
    return event
