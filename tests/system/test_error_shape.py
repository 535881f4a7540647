"""Whatever address of the product is called wrongly, the failure has the one shape that clients know."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.problems import assert_problem

# Its errors are RFC 6749's, as its clients expect.
_OAUTH = "/api/registry/v1/oauth/token"


def _calls(app: Flask) -> list[tuple[str, str]]:
    """Each method and address of the product, with something in place of what varies."""
    return sorted(
        (method, re.sub(r"<[^>]+>", "x", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
        if not rule.rule.startswith("/console/")  # pages have a shape of their own
    )


def test_every_address_refuses_junk_in_the_one_shape(app: Flask, client: FlaskClient) -> None:
    failures = 0
    for method, path in _calls(app):
        for options in ({"data": b"{", "content_type": "application/json"}, {"json": []}, {"json": {"x": 1}}):
            response = client.open(path, method=method, **options)
            assert response.status_code < 500, f"{method} {path}: {response.text}"
            if path == _OAUTH:
                assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")
            elif response.status_code >= 400:
                assert_problem(response, response.status_code)
                failures += 1
    assert failures > len(_calls(app))


def test_every_address_refuses_a_method_it_does_not_have(app: Flask, client: FlaskClient) -> None:
    for _method, path in _calls(app):
        response = client.open(path, method="TRACE")
        assert_problem(response, 405, "request.method_not_allowed")
        assert response.headers["Allow"]


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/api/v2/sites", "/api/v1/nothing", "/%00", "/%ff", "/é"]
)
def test_an_address_that_is_none_of_ours_is_not_found(client: FlaskClient, path: str) -> None:
    assert_problem(client.get(path), 404, "request.not_found")


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer ", "Basic YTpi", "Bearer mp_x", "Bearer xx_y", "é" * 9]
)
def test_a_private_address_asks_for_a_token(client: FlaskClient, authorization: str) -> None:
    response = client.get("/api/v1/me", headers={"Authorization": authorization})
    assert_problem(response, 401, "auth.unauthenticated")
