"""A fake WeChat per test, gateways that speak to it, and a watch over everything that is logged."""

import logging
import os
import random
from collections.abc import Callable, Generator, MutableMapping
from typing import Any

import pytest
import structlog

from config.wechat import WeChatSettings
from miniprogram_api.devtools.fake_wechat import DEMO_APPID, FakeWeChat
from miniprogram_api.kernel.cache import Cache, MemoryCache, RedisCache
from miniprogram_api.wechat.gateway import Gateway
from tests.wechat.support import Clocks, FakeControl, secrets_of, settings_for

MakeGateway = Callable[..., Gateway]


@pytest.fixture
def server() -> Generator[FakeWeChat]:
    # A fresh seed: with Redis, a code of an earlier test would still be claimed.
    with FakeWeChat(seed=random.getrandbits(64)) as fake:
        yield fake


@pytest.fixture
def wechat(server: FakeWeChat) -> Generator[FakeControl]:
    """The remote control; no test may leave a call behind that WeChat does not serve."""
    control = FakeControl(server.base_url)
    yield control
    assert control.get("/unexpected")["unexpected"] == []


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def make_gateway(server: FakeWeChat, clocks: Clocks) -> Generator[MakeGateway]:
    """Gateways to the fake, with clocks moved by hand; all are closed at the end."""
    made: list[Gateway] = []

    def make(*, cache: Cache | None = None, settings: WeChatSettings | None = None) -> Gateway:
        gateway = Gateway(
            settings or settings_for(server.base_url),
            cache or MemoryCache(),
            now=clocks.now,
            monotonic=clocks.monotonic,
            sleep=clocks.sleep,
        )
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> Gateway:
    return make_gateway()


@pytest.fixture
def redis_url() -> str:
    """A Redis for tests; skips without one."""
    url = os.environ.get("TEST_REDIS_URL")
    if not url:
        pytest.skip("TEST_REDIS_URL is not set")
    return url


@pytest.fixture
def redis_cache(redis_url: str) -> Generator[RedisCache]:
    """A Redis that holds no token, before and after."""
    cache, key = RedisCache(redis_url), f"wechat:token:{DEMO_APPID}"
    cache.delete(key, f"lock:{key}")
    yield cache
    cache.delete(key)


class LogWatch(logging.Handler):
    """Keeps every line any logger writes, stack traces included, and every structlog event."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.events: list[MutableMapping[str, Any]] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def text(self) -> str:
        return "\n".join([*self.lines, *map(repr, self.events)])


@pytest.fixture(autouse=True)
def logs(request: pytest.FixtureRequest) -> Generator[LogWatch]:
    """All logs at the most talkative level; what WeChat keeps secret or personal must be in none of them."""
    root, urllib3 = logging.getLogger(), logging.getLogger("urllib3")
    watch, levels = LogWatch(), (root.level, urllib3.level)
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    urllib3.setLevel(logging.DEBUG)
    server = request.getfixturevalue("server") if "server" in request.fixturenames else None
    try:
        with structlog.testing.capture_logs() as watch.events:
            yield watch
    finally:
        root.removeHandler(watch)
        root.setLevel(levels[0])
        urllib3.setLevel(levels[1])
    if server is not None:
        said = watch.text()
        assert [secret for secret in secrets_of(server) if secret in said] == []
