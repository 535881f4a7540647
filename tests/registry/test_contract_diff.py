"""What the gate of the contract compares by: each kind of loss is seen, and what only adds is let through."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.contract_diff import Documents, Way, api_losses, event_losses, schema_losses

FILE = "visit.schema.json"
VISIT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "on": {"type": "string", "format": "date"},
        "number": {"type": "string", "minLength": 2, "maxLength": 20, "pattern": "^[A-Z]"},
        "people": {"type": ["integer", "null"], "minimum": 0, "maximum": 500},
        "state": {"type": "string", "enum": ["booked", "cancelled"]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        "place": {"$ref": "#/$defs/place"},
        "kind": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "schema": {"const": "visit/1"},
        "point": {"type": "array", "prefixItems": [{"type": "number", "maximum": 180}]},
    },
    "required": ["on"],
    "$defs": {
        "place": {
            "type": "object",
            "properties": {"lng": {"type": "number"}},
            "additionalProperties": {"type": "string"},
        }
    },
}


def _losses(change: Callable[[dict[str, Any]], object], way: Way = Way.BOTH) -> list[str]:
    newer = copy.deepcopy(VISIT)
    change(newer)
    return schema_losses(Documents({FILE: VISIT}), Documents({FILE: newer}), FILE, way=way)


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(schema: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for part in way:
            schema = schema[part]
        schema[last] = value

    return change


def _drop(path: str) -> Callable[[dict[str, Any]], None]:
    def change(schema: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for part in way:
            schema = schema[part]
        del schema[last]

    return change


class TestSchemas:
    def test_the_same_schema_loses_nothing(self) -> None:
        assert _losses(lambda _: None) == []

    @pytest.mark.parametrize(
        ("change", "loss"),
        [
            (_drop("properties/state"), "visit.schema.json.state: the property is gone"),
            (_set("required", ["on", "number"]), "visit.schema.json.number: is now required"),
            (_set("required", []), "visit.schema.json.on: was promised always"),
            (_set("properties/people/type", "integer"), "visit.schema.json.people: the type is narrower"),
            (
                _set("properties/on/type", ["string", "null"]),
                "visit.schema.json.on: the type is another one than was promised",
            ),
            (_set("properties/state/enum", ["booked"]), "visit.schema.json.state: fewer values are allowed"),
            (_set("properties/number/enum", ["A1"]), "visit.schema.json.number: fewer values are allowed"),
            (
                _set("properties/schema/const", "visit/2"),
                "visit.schema.json.schema: fewer values are allowed",
            ),
            (_set("properties/on/format", "date-time"), "visit.schema.json.on: the format is another one"),
            (_set("properties/number/minLength", 3), "visit.schema.json.number: minLength is higher"),
            (_set("properties/number/maxLength", 19), "visit.schema.json.number: maxLength is lower"),
            (
                _set("properties/number/maxLength", 21),
                "visit.schema.json.number: maxLength is higher than was promised",
            ),
            (_set("properties/people/maximum", 499), "visit.schema.json.people: maximum is lower"),
            (_set("properties/people/minimum", 1), "visit.schema.json.people: minimum is higher"),
            (_set("properties/tags/maxItems", 4), "visit.schema.json.tags: maxItems is lower"),
            (_set("properties/tags/minItems", 1), "visit.schema.json.tags: minItems is higher"),
            (
                _set("properties/people/minimum", -1),
                "visit.schema.json.people: minimum is lower than was promised",
            ),
            (
                _set("properties/point/prefixItems", [{"type": "number", "maximum": 90}]),
                "visit.schema.json.point[0]: maximum is lower",
            ),
            (_set("properties/point/prefixItems", []), "visit.schema.json.point: the first items are others"),
            (
                _set("properties/tags/items", True),
                "visit.schema.json.tags[items]: the type is another one than was promised",
            ),
            (_set("properties/tags/uniqueItems", True), "visit.schema.json.tags: items must now differ"),
            (
                _set("properties/tags/items/enum", []),
                "visit.schema.json.tags[items]: fewer values are allowed",
            ),
            (_set("properties/number/pattern", "^[A-F]"), "visit.schema.json.number: pattern has changed"),
            (_set("additionalProperties", False), "visit.schema.json: additionalProperties is narrower"),
            (
                _set("$defs/place/additionalProperties", False),
                "visit.schema.json.place[additionalProperties]: nothing is allowed any more",
            ),
            (_drop("$defs/place/properties/lng"), "visit.schema.json.place.lng: the property is gone"),
            (
                _set("properties/kind/anyOf", [{"type": "string"}]),
                "visit.schema.json.kind: choice 1 of anyOf is gone or narrower",
            ),
            (_set("oneOf", [{"required": ["number"]}]), "visit.schema.json: oneOf asks for more"),
            (_set("allOf", [{"required": ["number"]}]), "visit.schema.json: allOf asks for more"),
            (_set("not", {"required": ["tags"]}), "visit.schema.json: not has changed"),
            (_set("if", {"required": ["tags"]}), "visit.schema.json: if has changed"),
        ],
    )
    def test_each_loss_is_named(self, change: Callable[[dict[str, Any]], None], loss: str) -> None:
        assert _losses(change) == [loss]

    @pytest.mark.parametrize(
        "change",
        [
            _set("properties/new", {"type": "string"}),
            _set("properties/state/enum", ["booked", "cancelled", "moved"]),
            _set("properties/on/description", "The day."),
            _set("title", "Visit"),
            _set("properties/kind/anyOf", [{"type": "boolean"}, {"type": "string"}, {"type": "integer"}]),
            _set("properties/place", copy.deepcopy(VISIT["$defs"]["place"])),
        ],
        ids=["a field", "a value", "a description", "a title", "a choice", "a reference written out"],
    )
    def test_what_only_adds_is_no_loss(self, change: Callable[[dict[str, Any]], None]) -> None:
        assert _losses(change) == []

    def test_what_is_received_may_be_taken_more_widely_and_what_is_sent_promised_more_tightly(self) -> None:
        wider, tighter = _set("properties/on/type", ["string", "null"]), _set("required", ["on", "state"])
        assert _losses(wider, Way.IN) == []
        assert _losses(wider, Way.OUT) != []
        assert _losses(tighter, Way.OUT) == []
        assert _losses(tighter, Way.IN) != []

    def test_a_schema_that_is_gone_is_a_loss(self) -> None:
        old = Documents({FILE: VISIT})
        assert schema_losses(old, Documents({}), FILE) == [f"{FILE}: the schema is gone"]

    def test_a_reference_is_followed_into_another_file(self) -> None:
        outer = {"properties": {"place": {"$ref": "place.schema.json"}}}
        old = Documents({FILE: outer, "place.schema.json": {"properties": {"lng": {}}}})
        new = Documents({FILE: outer, "place.schema.json": {"properties": {}}})
        assert schema_losses(old, new, FILE) == [f"{FILE}.place.lng: the property is gone"]

    def test_references_with_something_beside_them_are_each_looked_at(self) -> None:
        """They are put together on the way, and one must not be taken for another that is gone."""
        names = [f"place_{number}" for number in range(40)]
        refers = {name: {"$ref": f"#/$defs/{name}", "description": name} for name in names}
        old = {"properties": refers, "$defs": {name: {"maxLength": 9} for name in names}}
        new = {"properties": refers, "$defs": {name: {"maxLength": 8} for name in names}}
        found = schema_losses(Documents({FILE: old}), Documents({FILE: new}), FILE, way=Way.IN)
        assert len(found) == len(names)

    def test_a_schema_of_itself_ends(self) -> None:
        tree = {"type": "object", "properties": {"branches": {"items": {"$ref": "#"}}}}
        assert schema_losses(Documents({FILE: tree}), Documents({FILE: copy.deepcopy(tree)}), FILE) == []


API: dict[str, Any] = {
    "paths": {
        "/visits": {
            "get": {
                "security": [{"oauth2": ["visits.read"]}, {"signed": []}],
                "parameters": [{"in": "query", "name": "on", "schema": {"type": "string", "maxLength": 10}}],
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Visit"}}}
                    },
                    "default": {"$ref": "#/components/responses/PROBLEM"},
                },
            },
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Visit"}}}
                },
                "responses": {"201": {"description": "made"}},
            },
        }
    },
    "components": {
        "securitySchemes": {
            "oauth2": {
                "type": "oauth2",
                "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {"visits.read": "read"}}},
            },
            "signed": {"type": "apiKey"},
        },
        "responses": {
            "PROBLEM": {
                "description": "Problem",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        },
        "schemas": {
            "Problem": {"type": "object", "properties": {"code": {"type": "string"}}},
            "Visit": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "seats": {"type": "integer", "maximum": 9}},
                "required": ["id"],
            },
        },
    },
}


class TestApi:
    @pytest.mark.parametrize(
        ("change", "losses"),
        [
            (
                lambda api: api["paths"].clear(),
                {"GET /visits: the operation is gone", "POST /visits: the operation is gone"},
            ),
            (lambda api: api["paths"]["/visits"].pop("post"), {"POST /visits: the operation is gone"}),
            (
                lambda api: api["components"]["schemas"]["Visit"]["properties"].pop("seats"),
                {
                    "GET /visits 200.seats: the property is gone",
                    "POST /visits request.seats: the property is gone",
                },
            ),
            (
                lambda api: api["components"]["schemas"]["Visit"].update(required=["id", "seats"]),
                {"POST /visits request.seats: is now required"},
            ),
            (
                lambda api: api["components"]["schemas"]["Visit"].update(required=[]),
                {"GET /visits 200.id: was promised always"},
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["parameters"].clear(),
                {"GET /visits: the parameter on is gone"},
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["parameters"][0].update(required=True),
                {"GET /visits: the parameter on is now required"},
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["parameters"].append(
                    {"in": "query", "name": "site", "required": True}
                ),
                {"GET /visits: the new parameter site is required"},
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["parameters"][0]["schema"].update(maxLength=5),
                {"GET /visits on: maxLength is lower"},
            ),
            (
                lambda api: api["paths"]["/visits"]["post"]["requestBody"].update(required=True),
                {"POST /visits: a body is now required"},
            ),
            (
                lambda api: api["components"]["schemas"]["Problem"]["properties"].pop("code"),
                {"GET /visits default.code: the property is gone"},
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["security"].pop(),
                {"GET /visits: signed is not enough any more"},
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["security"][0]["oauth2"].append("visits.write"),
                {"GET /visits: oauth2 is not enough any more"},
            ),
            (
                lambda api: api["paths"]["/visits"]["post"].update(security=[{"signed": []}]),
                {"POST /visits: callers must now say who they are"},
            ),
            (
                lambda api: api["components"]["securitySchemes"].pop("signed"),
                {"signed: the way to prove who calls is gone"},
            ),
            (
                lambda api: api["components"]["securitySchemes"]["oauth2"]["flows"][
                    "clientCredentials"
                ].update(tokenUrl="/other", scopes={}),
                {
                    "oauth2: clientCredentials is gone or somewhere else",
                    "oauth2: the scope visits.read is gone",
                },
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["parameters"][0]["schema"].update(default="today"),
                {"GET /visits on: another value holds where none is given"},
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["responses"].pop("200"),
                {"GET /visits: the answer 200 is gone"},
            ),
            (
                lambda api: api["paths"]["/visits"]["get"]["responses"]["200"]["content"].clear(),
                {"GET /visits 200: application/json is gone"},
            ),
        ],
    )
    def test_each_loss_is_named(self, change: Callable[[dict[str, Any]], object], losses: set[str]) -> None:
        newer = copy.deepcopy(API)
        change(newer)
        assert set(api_losses(API, newer)) == losses

    def test_what_only_adds_is_no_loss(self) -> None:
        newer = copy.deepcopy(API)
        newer["paths"]["/sites"] = newer["paths"]["/visits"]
        newer["paths"]["/visits"]["get"]["parameters"].append({"in": "query", "name": "site"})
        newer["components"]["schemas"]["Visit"]["properties"]["site"] = {"type": "string"}
        newer["paths"]["/visits"]["get"]["security"].append({"mutual_tls": []})
        newer["paths"]["/visits"]["get"]["responses"].pop("default")
        assert api_losses(API, newer) == []


EVENTS: dict[str, Any] = {
    "channels": {
        "out": {"address": None, "messages": {"visit.made-1": {}}},
        "in": {"address": "/events", "messages": {}},
    }
}


class TestEvents:
    @pytest.mark.parametrize(
        ("change", "loss"),
        [
            (lambda events: events["channels"].pop("in"), "in: the channel is gone"),
            (
                lambda events: events["channels"]["in"].update(address="/rings"),
                "in: the address is another one",
            ),
            (
                lambda events: events["channels"]["out"]["messages"].pop("visit.made-1"),
                "out: the event visit.made-1 is gone",
            ),
        ],
    )
    def test_each_loss_is_named(self, change: Callable[[dict[str, Any]], object], loss: str) -> None:
        newer = copy.deepcopy(EVENTS)
        change(newer)
        assert event_losses(EVENTS, newer) == [loss]

    def test_another_event_is_no_loss(self) -> None:
        newer = copy.deepcopy(EVENTS)
        newer["channels"]["out"]["messages"]["visit.missed-1"] = {}
        assert event_losses(EVENTS, newer) == []
