"""Who calls is known by a token alone, and each route says what it takes."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.web.auth import DENIED, public
from tests.support.problems import assert_problem
from tests.web.conftest import CALLERS


def _see(client: FlaskClient, authorization: str | None, **options: object) -> object:
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.get("/_probe/private", headers=headers, **options)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "bearer mp_nobody_test.see",
        "Basic mp_alice_test.see",
        "mp_alice_test.see",
        "Bearer xx_alice_test.see",
        "Bearer alice",
        "Bearer mp_" + "x" * 5_000,
        "Bearer mp_é",
    ],
)
def test_nobody_gets_in_without_a_token_that_somebody_knows(
    client: FlaskClient, authorization: str | None
) -> None:
    assert_problem(_see(client, authorization), 401, "auth.unauthenticated")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_a_caller_with_the_permission_gets_in(client: FlaskClient, scheme: str) -> None:
    response = _see(client, f"{scheme} mp_alice_test.see")
    assert response.status_code == 200
    assert response.get_json()["id"] == str(CALLERS["alice"])


def test_a_caller_without_the_permission_is_told_so_and_counted(client: FlaskClient) -> None:
    before = DENIED.labels("/_probe/private")._value.get()
    assert_problem(_see(client, "Bearer mp_alice_test.other"), 403, "auth.forbidden")
    assert DENIED.labels("/_probe/private")._value.get() == before + 1


@pytest.mark.parametrize(("prefix", "kind", "ip"), [("mp", "member", None), ("st", "staff", "10.1.2.3")])
def test_the_audit_trail_keeps_addresses_of_staff_only(
    client: FlaskClient, prefix: str, kind: str, ip: str | None
) -> None:
    response = _see(client, f"Bearer {prefix}_alice_test.see", environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert response.get_json()["actor"] == [
        kind,
        str(CALLERS["alice"]),
        ip,
        response.headers["X-Request-Id"],
    ]


def test_one_request_knows_nothing_of_the_one_before(client: FlaskClient) -> None:
    assert _see(client, "Bearer mp_alice_test.see").status_code == 200
    assert _see(client, None).status_code == 401


def test_every_route_of_the_product_declares_its_policy(app: Flask) -> None:
    undeclared = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if not hasattr(view, "policy") and not endpoint.endswith("openapi_json")
    ]
    assert undeclared == []


def test_a_policy_survives_the_decorators_below_it() -> None:
    @public
    def view() -> str:
        """Says something."""
        return "said"

    assert (view.policy, view(), view.__doc__) == ("public", "said", "Says something.")
