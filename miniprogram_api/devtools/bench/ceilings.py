"""What the server can do at best: an application that says hello, and a POST that is checked and answered.

Served by gunicorn with the product's own configuration, so that a ratio to it is the product's doing alone.
"""

from typing import Any

import marshmallow as ma
from flask import Flask
from flask_smorest import Api, Blueprint

_BOOKED = {
    "id": "0198f2a0-0000-7000-8000-000000000000",
    "number": "20261123-000000",
    "status": "confirmed",
    "seats": 1,
    "slot": {"id": "0198f2a0-0000-7000-8000-000000000001", "starts_at": "2026-11-23T09:00:00+08:00"},
    "site": {
        "id": "0198f2a0-0000-7000-8000-000000000002",
        "name": "示例低碳园区",
        "address": "长春市示例路1号",
    },
    "cancel_until": "2026-11-22T20:00:00+08:00",
    "ticket": {"code": "v1.k1." + "A" * 150, "short_code": "ABCD2345"},
}


class Party(ma.Schema):
    adults = ma.fields.Integer(required=True, validate=ma.validate.Range(min=0))
    children = ma.fields.Integer(load_default=0, validate=ma.validate.Range(min=0))


class Contact(ma.Schema):
    name = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=40))
    phone = ma.fields.String(required=True, validate=ma.validate.Regexp(r"1[3-9]\d{9}"))


class BookingBody(ma.Schema):
    slot_id = ma.fields.UUID(required=True)
    party = ma.fields.Nested(Party, required=True)
    contact = ma.fields.Nested(Contact, required=True)


def create_app() -> Flask:
    """`GET /hello` and `POST /noop`."""
    app = Flask("ceilings", static_folder=None)
    app.config.update(API_TITLE="Ceilings", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    routes = Blueprint("noop", __name__)

    @app.get("/hello")
    def hello() -> dict[str, str]:
        return {"hello": "world"}

    @routes.post("/noop")  # type: ignore[untyped-decorator]  # flask-smorest has no types
    @routes.arguments(BookingBody)  # type: ignore[untyped-decorator]  # nor here
    def noop(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        return _BOOKED | {"seats": body["party"]["adults"] + body["party"]["children"]}, 201

    Api(app).register_blueprint(routes)
    return app


app = create_app()
