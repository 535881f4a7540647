"""The access token: one fetch for everybody, replaced once when refused, and never a storm."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.kernel.cache import Cache, CacheDown, MemoryCache, RedisCache
from miniprogram_api.wechat.errors import Misconfigured, WeChatUnavailable
from miniprogram_api.wechat.gateway import Gateway
from miniprogram_api.wechat.tokens import FreshToken, TokenStore
from tests.wechat.conftest import MakeGateway
from tests.wechat.support import PROGRAM_CODE, STABLE_TOKEN, Clocks, FakeControl, settings_for

ROOT = Path(__file__).parents[2]


def use_token(gateway: Gateway) -> None:
    gateway.mini_program_code("scene", "pages/index/index")


def in_threads(count: int, act: Callable[[], object]) -> list[BaseException | None]:
    """Run the same thing many times at once; what each one raised."""

    def caught(_: int) -> BaseException | None:
        try:
            act()
        except WeChatUnavailable as error:
            return error
        return None

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(caught, range(count)))


def test_threads_on_a_cold_start_fetch_one_token(gateway: Gateway, wechat: FakeControl) -> None:
    assert in_threads(16, lambda: use_token(gateway)) == [None] * 16

    assert wechat.counts() == {STABLE_TOKEN: 1, PROGRAM_CODE: 16}


def test_gateways_that_share_a_cache_fetch_one_token(make_gateway: MakeGateway, wechat: FakeControl) -> None:
    cache = MemoryCache()
    gateways = [make_gateway(cache=cache) for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use_token, gateways))

    assert wechat.count(STABLE_TOKEN) == 1


def test_without_a_shared_cache_each_gateway_fetches_its_own(
    make_gateway: MakeGateway, wechat: FakeControl
) -> None:
    """Positive control: the fake does count the storm that the cache and the lock prevent."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use_token, [make_gateway() for _ in range(4)]))

    assert wechat.count(STABLE_TOKEN) == 4


def test_two_processes_with_many_threads_fetch_one_token(
    server: FakeWeChat, wechat: FakeControl, redis_url: str, redis_cache: RedisCache
) -> None:
    assert _run_processes(server, redis_url, processes=2, threads=8) == 16

    assert wechat.counts() == {STABLE_TOKEN: 1, PROGRAM_CODE: 16}


def test_a_storm_at_the_token_s_end_is_one_fetch(
    server: FakeWeChat,
    wechat: FakeControl,
    redis_url: str,
    redis_cache: RedisCache,
    make_gateway: MakeGateway,
) -> None:
    use_token(make_gateway(cache=redis_cache))
    wechat.post("/tokens/rotate")

    assert _run_processes(server, redis_url, processes=4, threads=50) == 200

    assert wechat.count(STABLE_TOKEN) == 2


def _run_processes(server: FakeWeChat, redis_url: str, *, processes: int, threads: int) -> int:
    settings = dataclasses.asdict(settings_for(server.base_url))
    orders = json.dumps({"settings": settings, "redis_url": redis_url, "threads": threads})
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.wechat.token_worker", orders],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in started]
    return sum(int(output.splitlines()[-1]) for output in outputs)


def test_a_token_is_renewed_before_its_end(gateway: Gateway, wechat: FakeControl, clocks: Clocks) -> None:
    use_token(gateway)
    clocks.advance(7200 - 300)
    use_token(gateway)
    assert wechat.count(STABLE_TOKEN) == 1

    clocks.advance(61)
    use_token(gateway)
    assert wechat.count(STABLE_TOKEN) == 2


def test_an_expired_token_is_replaced_and_the_call_made_again_once(
    gateway: Gateway, wechat: FakeControl
) -> None:
    use_token(gateway)
    wechat.post("/clock", advance_s=7201)

    use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 2, PROGRAM_CODE: 3}


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_token_rotated_by_another_server_costs_exactly_one_retry(
    gateway: Gateway, wechat: FakeControl, errcode: int
) -> None:
    wechat.post("/settings", stale_token_errcode=errcode)
    use_token(gateway)
    wechat.post("/tokens/rotate")

    use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 2, PROGRAM_CODE: 3}


def test_every_rotation_is_survived_not_only_the_first(gateway: Gateway, wechat: FakeControl) -> None:
    for _ in range(3):
        use_token(gateway)
        wechat.post("/tokens/rotate")
    use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 4, PROGRAM_CODE: 7}


def test_a_token_another_process_has_replaced_is_taken_from_the_cache(
    make_gateway: MakeGateway, wechat: FakeControl
) -> None:
    cache = MemoryCache()
    gateway, other = make_gateway(cache=cache), make_gateway(cache=cache)
    use_token(gateway)
    wechat.post("/tokens/rotate")

    use_token(other)
    use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 2, PROGRAM_CODE: 4}


def test_threads_that_meet_a_dead_token_replace_it_once(gateway: Gateway, wechat: FakeControl) -> None:
    use_token(gateway)
    wechat.post("/tokens/rotate")

    assert in_threads(12, lambda: use_token(gateway)) == [None] * 12

    assert wechat.count(STABLE_TOKEN) == 2


def test_a_token_refused_for_ever_makes_few_requests(
    gateway: Gateway, wechat: FakeControl, clocks: Clocks
) -> None:
    wechat.fault(PROGRAM_CODE, "permanent_40001", times=-1)

    for _ in range(40):
        with pytest.raises(WeChatUnavailable):
            use_token(gateway)
        clocks.advance(1)

    assert wechat.count(STABLE_TOKEN) <= 3, "one at the start and one per 30 seconds"
    assert wechat.count(PROGRAM_CODE) <= 10, "the breaker stops the rest"


def test_a_send_is_repeated_only_for_a_stale_token_and_only_once(
    gateway: Gateway, wechat: FakeControl
) -> None:
    wechat.fault("/cgi-bin/message/subscribe/send", "permanent_40001", times=-1)

    with pytest.raises(WeChatUnavailable):
        gateway.send_subscribe_message(openid="o", template_id="t", fields={"thing1": "x"})

    assert wechat.count("/cgi-bin/message/subscribe/send") == 2


@pytest.mark.parametrize("expires_in", [60, 30])
def test_a_short_lived_token_is_still_used_more_than_once(
    gateway: Gateway, wechat: FakeControl, expires_in: int
) -> None:
    wechat.fault(STABLE_TOKEN, "short_expires_in", expires_in=expires_in)

    for _ in range(3):
        use_token(gateway)

    assert wechat.count(STABLE_TOKEN) == 1


def test_a_busy_token_server_is_asked_three_times_at_most(
    gateway: Gateway, wechat: FakeControl, clocks: Clocks
) -> None:
    wechat.fault(STABLE_TOKEN, "errcode", times=9, errcode=-1)

    with pytest.raises(WeChatUnavailable):
        use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 3}
    assert len(clocks.slept) == 2
    assert all(0 < pause < 1 for pause in clocks.slept)


@pytest.mark.parametrize("errcode", [40001, 40013, 40125, 40164, 40243, 50007])
def test_an_account_refused_by_the_token_server_is_an_alarm(
    gateway: Gateway, wechat: FakeControl, errcode: int
) -> None:
    wechat.fault(STABLE_TOKEN, "errcode", times=9, errcode=errcode)

    for _ in range(3):
        with pytest.raises(WeChatUnavailable):
            use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 1}


def test_threads_waiting_for_a_failing_fetch_share_its_failure(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(STABLE_TOKEN, "reset_before", times=-1)

    outcomes = in_threads(16, lambda: use_token(gateway))

    assert None not in outcomes
    assert wechat.count(STABLE_TOKEN) <= 8, "the breaker is the upper bound"


def test_a_fetch_that_failed_once_is_tried_again_by_the_next_call(
    gateway: Gateway, wechat: FakeControl
) -> None:
    wechat.fault(STABLE_TOKEN, "html")
    with pytest.raises(WeChatUnavailable):
        use_token(gateway)

    use_token(gateway)

    assert wechat.count(STABLE_TOKEN) == 2


def test_without_redis_each_process_keeps_its_own_token(
    make_gateway: MakeGateway, wechat: FakeControl
) -> None:
    gateway = make_gateway(cache=RedisCache("redis://127.0.0.1:1/0"))

    for _ in range(3):
        use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 1, PROGRAM_CODE: 3}


def test_threads_of_a_process_without_redis_fetch_one_token(
    make_gateway: MakeGateway, wechat: FakeControl
) -> None:
    gateway = make_gateway(cache=RedisCache("redis://127.0.0.1:1/0"))
    wechat.fault(STABLE_TOKEN, "latency_before", seconds=0.3)

    assert in_threads(8, lambda: use_token(gateway)) == [None] * 8

    assert wechat.count(STABLE_TOKEN) == 1


def test_rotation_is_survived_without_redis_too(make_gateway: MakeGateway, wechat: FakeControl) -> None:
    gateway = make_gateway(cache=RedisCache("redis://127.0.0.1:1/0"))
    use_token(gateway)
    wechat.post("/tokens/rotate")

    use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 2, PROGRAM_CODE: 3}


class BrokenLockCache(MemoryCache):
    """A cache whose lock somebody else never gives back."""

    @contextmanager
    def lock(self, name: str, *, ttl_s: float, wait_s: float) -> Generator[bool]:
        yield False


class AmnesiacCache(MemoryCache):
    """A cache that holds rubbish under every key, as another version of us might leave."""

    def get(self, key: str) -> bytes | None:
        return b'{"value": 1, "unknown": 2}'


class FailingCache(MemoryCache):
    """A cache that goes away between reading and writing."""

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        raise CacheDown


@pytest.mark.parametrize(
    ("cache", "works"), [(BrokenLockCache(), False), (AmnesiacCache(), True), (FailingCache(), True)]
)
def test_a_strange_cache_never_breaks_more_than_the_call(
    make_gateway: MakeGateway, wechat: FakeControl, cache: Cache, works: bool
) -> None:
    gateway = make_gateway(cache=cache)

    if works:
        use_token(gateway)
    else:
        with pytest.raises(WeChatUnavailable):
            use_token(gateway)
        assert wechat.counts() == {}


def test_a_clock_set_back_does_not_revive_the_pause_between_replacements(clocks: Clocks) -> None:
    values = iter(["first", "second", "third"])
    store = TokenStore(
        appid="wx",
        cache=MemoryCache(),
        fetch=lambda: FreshToken(next(values), 7200),
        now=clocks.now,
    )
    assert store.replace(store.current()) == "second"
    with pytest.raises(WeChatUnavailable):
        store.replace("second")

    clocks.advance(-3600)

    assert store.replace("second") == "third"


def test_a_wrong_secret_is_told_apart_from_a_stale_token(
    make_gateway: MakeGateway, server: FakeWeChat, wechat: FakeControl
) -> None:
    gateway = make_gateway(settings=settings_for(server.base_url, secret="not the secret"))

    with pytest.raises(Misconfigured):
        use_token(gateway)

    assert wechat.counts() == {STABLE_TOKEN: 1}
