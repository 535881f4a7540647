"""A throwaway set of routes over the real machinery, and callers whose tokens say what they may."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import marshmallow as ma
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from miniprogram_api.kernel import errors
from miniprogram_api.kernel.access import Grant, Principal, PrincipalKind
from miniprogram_api.kernel.db import Heartbeat, atomic
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, public, requires
from miniprogram_api.web.idempotency import answer, begin, idempotent
from miniprogram_api.web.prepared import prepared
from miniprogram_api.web.schemas import Id, Instant, Paging, Schema, Text, Whole

CALLERS = {"alice": UUID(int=1), "bob": UUID(int=2)}


class VisitorBody(Schema):
    name = Text(max_length=20, required=True)
    age = Whole(least=0, most=150)


class PartyBody(Schema):
    adults = Whole(least=1, most=9, required=True)


class ThingBody(Schema):
    name = Text(max_length=20, required=True)
    party = ma.fields.Nested(PartyBody)
    visitors = ma.fields.List(ma.fields.Nested(VisitorBody), validate=ma.validate.Length(max=3))
    colour = ma.fields.String(validate=ma.validate.OneOf(["red", "blue"]))
    weight = ma.fields.Float()
    note = Text(max_length=500, allow_none=True)
    at = Instant()
    thing_id = Id()
    code = ma.fields.String(validate=ma.validate.Regexp("[a-z]+$"))


class ThingFilter(Paging):
    colour = ma.fields.String(validate=ma.validate.OneOf(["red", "blue"]))
    name = Text(max_length=20)


class Probe:
    """What the throwaway routes do, which a test may change, and what they saw."""

    def __init__(self) -> None:
        self.fail: Callable[[], object] = lambda: None
        self.runs = 0
        self.content: Any = {"items": []}
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def run(self) -> None:
        self.runs += 1
        self.entered.set()
        assert self.go_on.wait(20)
        self.fail()


@pytest.fixture
def probe(app: Flask) -> Probe:
    """The routes under /_probe, on the application of the test."""
    probe = Probe()
    app.extensions["authenticators"] = {"mp": _authenticate, "st": _authenticate}
    app.register_blueprint(_routes(probe))
    return probe


@pytest.fixture
def client(probe: Probe, app: Flask) -> FlaskClient:
    return app.test_client()


def _authenticate(token: str) -> Principal | None:
    prefix, name, *permissions = token.split("_")
    if name not in CALLERS:
        return None
    kind = PrincipalKind.MEMBER if prefix == "mp" else PrincipalKind.STAFF
    grant = Grant("tester", frozenset(permissions))
    return Principal(kind=kind, id=CALLERS[name], session_id=UUID(int=99), grants=(grant,))


def _routes(probe: Probe) -> Routes:
    routes = Routes("probe", __name__, url_prefix="/_probe")

    @routes.post("/things")
    @public
    @routes.arguments(ThingBody)
    def make_thing(body: dict[str, Any]) -> Any:
        probe.run()
        return ThingBody().dump(body), 201

    @routes.get("/things")
    @public
    @routes.arguments(ThingFilter, location="query")
    def list_things(query: dict[str, Any]) -> Any:
        return query

    @routes.get("/work")
    @public
    def work() -> Any:
        probe.run()
        return {"done": True}

    @routes.get("/page")
    @public
    @prepared
    def page() -> Any:
        probe.run()
        return probe.content

    @routes.get("/private")
    @requires("test.see")
    def private() -> Any:
        actor = current_actor()
        return {
            "id": str(current_principal().id),
            "actor": [actor.kind, actor.id, actor.ip, actor.request_id],
        }

    @routes.post("/booked")
    @requires("test.book")
    @idempotent
    @routes.arguments(PartyBody)
    def book(body: dict[str, Any]) -> Any:
        with atomic() as session:
            begin(session)
            probe.run()
            session.execute(update(Heartbeat).values(beats=Heartbeat.beats + body["adults"]))
            return answer(session, 201, {"名": "甲", "adults": body["adults"], "run": probe.runs})

    return routes


ERRORS: list[tuple[Exception, int, str]] = [
    (errors.BadRequest(), 400, "request.malformed"),
    (errors.Invalid(), 422, "request.invalid"),
    (errors.Unauthenticated(), 401, "auth.unauthenticated"),
    (errors.Forbidden(), 403, "auth.forbidden"),
    (errors.NotFound(), 404, "request.not_found"),
    (errors.Conflict(), 409, "request.conflict"),
    (errors.TooMany(retry_after_s=9), 429, "request.too_many"),
    (errors.Unavailable(retry_after_s=9), 503, "request.unavailable"),
]


def driver_error(**codes: object) -> DBAPIError:
    """What SQLAlchemy makes of a driver's failure; its text must never reach a client."""

    class DriverError(Exception):
        pass

    original = DriverError("canary-secret: the driver's own words")
    vars(original).update(codes)
    return DBAPIError("INSERT INTO canary", {}, original)
