"""Limits: counted per rule and caller, in Redis or in memory, open or closed when Redis is away."""

from collections.abc import Generator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.kernel.errors import TooMany
from miniprogram_api.web import limits
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public, requires
from miniprogram_api.web.limits import LIMITED, Limiter, hit, limited
from tests.support.problems import assert_problem
from tests.support.servers import free_port, own_redis


@pytest.fixture
def client(app: Flask, probe: object) -> FlaskClient:
    routes = Routes("limited", __name__, url_prefix="/_limited")

    @routes.get("/open")
    @public
    @limited("test.open", "2/minute", per="ip")
    def open_to_all() -> dict[str, bool]:
        return {"ok": True}

    @routes.get("/closed")
    @public
    @limited("test.closed", "2/minute", per="ip", fail_closed=True)
    def closed_without_store() -> dict[str, bool]:
        return {"ok": True}

    @routes.get("/mine")
    @requires("test.see")
    @limited("test.mine", "2/minute", per="principal")
    def mine() -> dict[str, bool]:
        return {"ok": True}

    app.register_blueprint(routes)
    return app.test_client()


def _get(client: FlaskClient, name: str, address: str = "203.0.113.7", caller: str = "alice") -> TestResponse:
    headers = {"Authorization": f"Bearer mp_{caller}_test.see"}
    return client.get(f"/_limited/{name}", environ_base={"REMOTE_ADDR": address}, headers=headers)


def _statuses(client: FlaskClient, name: str, *addresses: str) -> list[int]:
    return [_get(client, name, address).status_code for address in addresses]


def test_calls_beyond_the_rate_are_refused_with_the_time_to_come_back(client: FlaskClient) -> None:
    before = LIMITED.labels("test.open")._value.get()
    assert [_get(client, "open").status_code for _ in range(2)] == [200, 200]
    refused = _get(client, "open")
    body = assert_problem(refused, 429, "request.too_many")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert body["params"] == {"retry_after_s": int(refused.headers["Retry-After"])}
    assert LIMITED.labels("test.open")._value.get() == before + 1


def test_each_address_and_each_rule_counts_for_itself(client: FlaskClient) -> None:
    assert _statuses(client, "open", *["203.0.113.7"] * 3, "203.0.113.8") == [200, 200, 429, 200]
    assert _statuses(client, "closed", "203.0.113.7") == [200]


def test_addresses_of_one_ipv6_network_count_together(client: FlaskClient) -> None:
    same, other = ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::3"], "2001:db8:1:3::1"
    assert _statuses(client, "open", *same, other) == [200, 200, 429, 200]


def test_callers_whose_address_is_unknown_count_together(client: FlaskClient) -> None:
    assert _statuses(client, "open", "", "unix:", "") == [200, 200, 429]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_spared_in_development(client: FlaskClient, address: str) -> None:
    assert _statuses(client, "open", *[address] * 4) == [200] * 4


def test_this_machine_is_not_spared_in_production(client: FlaskClient, app: Flask) -> None:
    app.extensions["limiter"].spare_loopback = False
    assert _statuses(client, "open", *["127.0.0.1"] * 3) == [200, 200, 429]


def test_a_caller_is_counted_wherever_it_calls_from_even_from_this_machine(client: FlaskClient) -> None:
    assert _statuses(client, "mine", "127.0.0.1", "203.0.113.8", "127.0.0.1") == [200, 200, 429]
    assert _get(client, "mine", caller="bob").status_code == 200


def test_a_key_of_the_caller_s_choosing_is_counted(app: Flask) -> None:
    with app.test_request_context():
        hit("test.account", "1/minute", "demo")
        hit("test.account", "1/minute", "other")
        with pytest.raises(TooMany):
            hit("test.account", "1/minute", "demo", fail_closed=True)


class _Store:
    """A Redis of this test's own, which it may take away."""

    def __init__(self) -> None:
        self.port = free_port()
        self.running = own_redis(self.port)
        self.url = self.running.__enter__()

    def kill(self) -> None:
        self.running.__exit__(None, None, None)

    def start_again(self) -> None:
        self.running = own_redis(self.port)
        self.running.__enter__()


@pytest.fixture
def store(app: Flask, client: FlaskClient) -> Generator[_Store]:
    store = _Store()
    app.extensions["limiter"] = Limiter(redis_url=store.url, spare_loopback=True)
    yield store
    store.kill()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The limiter's own clock, for the pause after which it asks a lost store again."""
    now = [1_000.0]
    monkeypatch.setattr("miniprogram_api.web.limits.time.monotonic", lambda: now[0])
    return now


def test_two_processes_share_their_count(client: FlaskClient, app: Flask, store: _Store) -> None:
    assert _statuses(client, "open", *["203.0.113.7"] * 2) == [200, 200]
    app.extensions["limiter"] = Limiter(redis_url=store.url, spare_loopback=True)
    assert _statuses(client, "open", "203.0.113.7") == [429]


def test_without_its_store_public_traffic_goes_on_counted_in_memory(
    client: FlaskClient, store: _Store
) -> None:
    store.kill()
    assert _statuses(client, "open", *["203.0.113.7"] * 3) == [200, 200, 429]


def test_without_its_store_a_closed_rule_refuses_and_says_when_to_come_back(
    client: FlaskClient, store: _Store
) -> None:
    assert _get(client, "closed").status_code == 200
    store.kill()
    refused = _get(client, "closed")
    assert_problem(refused, 503, "request.unavailable")
    assert refused.headers["Retry-After"] == "5"


def test_a_lost_store_is_asked_again_after_a_pause_only(
    client: FlaskClient, store: _Store, at: list[float]
) -> None:
    store.kill()
    assert _get(client, "closed").status_code == 503
    store.start_again()
    at[0] += 4.9
    assert _get(client, "closed").status_code == 503
    at[0] += 0.2
    assert _statuses(client, "closed", *["203.0.113.7"] * 3) == [200, 200, 429]


def test_a_store_that_is_away_from_the_start_is_no_reason_not_to_start(
    app: Flask, client: FlaskClient
) -> None:
    limits.init_limits(app, redis_url=f"redis://127.0.0.1:{free_port()}", spare_loopback=True)
    assert _statuses(client, "open", *["203.0.113.7"] * 3) == [200, 200, 429]
    assert _get(client, "closed").status_code == 503
