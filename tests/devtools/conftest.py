"""Running fakes of WeChat and the registry at a fixed moment, and raw HTTP callers for them alone."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from miniprogram_api.devtools.fake_registry import FakeRegistry
from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_SECRET, FakeWeChat
from tests.support.registry_caller import RegistryCaller

# 11:30 in Beijing, in the middle of a minute and of a day.
MORNING = datetime(2026, 5, 20, 3, 30, 10, tzinfo=UTC).timestamp()


@pytest.fixture
def fake() -> Iterator[FakeWeChat]:
    with FakeWeChat(time_source=lambda: MORNING) as running:
        running.state.settings.delivery_s = 0
        yield running


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def control(fake: FakeWeChat, http: requests.Session) -> Callable[..., Any]:
    """Call the control interface and insist that it works."""

    def call(method: str, path: str, /, **fields: Any) -> Any:
        response = http.request(method, f"{fake.base_url}/_fake/{path}", json=fields or None, timeout=5)
        assert response.status_code == 200, response.text
        return response.json()

    return call


@pytest.fixture
def get(fake: FakeWeChat, http: requests.Session) -> Callable[..., requests.Response]:
    def call(path: str, /, **params: Any) -> requests.Response:
        return http.get(f"{fake.base_url}{path}", params=params, timeout=5)

    return call


@pytest.fixture
def post(fake: FakeWeChat, http: requests.Session) -> Callable[..., requests.Response]:
    """Post JSON bytes without a Content-Type, as the real client library does."""

    def call(path: str, body: Any, /, **params: Any) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        response = http.post(f"{fake.base_url}{path}", data=data, params=params, timeout=5)
        assert "Content-Type" not in response.request.headers
        return response

    return call


@pytest.fixture
def login(control: Callable[..., Any], get: Callable[..., requests.Response]) -> Callable[..., Any]:
    """Log a person in with a fresh code; answers WeChat's reply."""

    def call(person: str = "alice") -> Any:
        code = control("POST", "login-codes", person=person)["code"]
        return get(
            "/sns/jscode2session",
            appid=DEMO_APPID,
            secret=DEMO_SECRET,
            js_code=code,
            grant_type="authorization_code",
        ).json()

    return call


@pytest.fixture
def token(post: Callable[..., requests.Response]) -> str:
    body = {"grant_type": "client_credential", "appid": DEMO_APPID, "secret": DEMO_SECRET}
    value = post("/cgi-bin/stable_token", body).json()["access_token"]
    assert isinstance(value, str)
    return value


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """A running fake registry at the same fixed moment."""
    with FakeRegistry(time_source=lambda: MORNING) as running:
        yield running


@pytest.fixture
def caller(registry: FakeRegistry) -> Iterator[RegistryCaller]:
    caller = RegistryCaller(registry)
    yield caller
    caller.close()
