"""The served documents: each operation is told with examples, and with every header it insists on."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

METHODS = {"get", "post", "put", "patch", "delete"}
LOCATIONS = {"query", "header", "path", "cookie"}


@pytest.fixture(params=["app", "staff", "partner", "open"])
def operations(request: pytest.FixtureRequest, client: FlaskClient) -> dict[str, dict[str, Any]]:
    document = client.get(f"/openapi/{request.param}.json").get_json()
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def _bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is sent and what success answers, each with its media type."""
    yield from operation.get("requestBody", {}).get("content", {}).items()
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield from response.get("content", {}).items()


def test_every_operation_says_what_it_is_for_and_shows_its_json(operations: dict[str, Any]) -> None:
    for name, operation in operations.items():
        assert operation["summary"], name
        for media_type, body in _bodies(operation):
            assert media_type != "application/json" or "example" in body, name


def test_every_parameter_is_where_openapi_knows_one(operations: dict[str, Any]) -> None:
    for name, operation in operations.items():
        for parameter in operation.get("parameters", []):
            assert parameter["in"] in LOCATIONS, name


def test_partners_are_told_which_scope_an_operation_takes(app: Flask, client: FlaskClient) -> None:
    document = client.get("/openapi/partner.json").get_json()
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "/api/registry/v1/oauth/token"
    for rule in app.url_map.iter_rules():
        policy = getattr(app.view_functions[rule.endpoint], "policy", None)
        if policy in flow["scopes"]:
            path = document["paths"][re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)]
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            assert path[method.lower()]["security"] == [{"oauth2": [policy]}, {"signed": []}]


def test_a_picture_is_documented_as_one_form(app: Flask, client: FlaskClient) -> None:
    document = client.get("/openapi/staff.json").get_json()
    operation = document["paths"]["/api/staff/v1/sites/{site_id}/photos"]["post"]
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data"]
    schema = document["components"]["schemas"]["PhotoUpload"]
    assert (set(schema["properties"]), set(schema["required"])) == ({"file", "alt"}, {"file", "alt"})


def test_the_key_is_documented_wherever_it_is_required(operations: dict[str, Any]) -> None:
    asking = {
        name
        for name, operation in operations.items()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Idempotency-Key" and parameter["required"]
    }
    assert asking == {name for name in operations if name.startswith("POST ") and _takes_a_key(name)}


def _takes_a_key(name: str) -> bool:
    booked = ("/api/v1/bookings", "/api/v1/holds", "/sites/{site_id}/bookings")
    return name.endswith((*booked, "/objections"))


def test_the_refusals_of_what_guards_an_operation_are_among_its_answers(operations: dict[str, Any]) -> None:
    """Each with its description; `default` is for what stands before us."""
    for name, operation in operations.items():
        due = {"503"}
        if operation.get("security"):
            due |= {"401", "403"}
        if "{" in name:
            due.add("404")
        if not name.startswith("GET "):
            due |= {"400", "404", "409", "413", "422", "429", "507"}
        assert due <= operation["responses"].keys(), name


@pytest.mark.parametrize("name", ["app", "staff", "partner", "open"])
def test_no_document_refers_to_what_it_does_not_hold(client: FlaskClient, name: str) -> None:
    document = client.get(f"/openapi/{name}.json").get_json()
    for reference in set(re.findall(r'"\$ref": ?"#/([^"]+)"', json.dumps(document))):
        found = document
        for part in reference.split("/"):
            assert part in found, reference
            found = found[part]
