"""The cache port: the same promises in memory and in Redis, and a clear word when Redis is away."""

import os
import secrets
import socket
import threading
from collections.abc import Generator

import pytest

from miniprogram_api.kernel import cache
from miniprogram_api.kernel.cache import Cache, CacheDown, MemoryCache, RedisCache
from tests.support.servers import free_port, own_redis


@pytest.fixture
def redis_cache(monkeypatch: pytest.MonkeyPatch) -> Generator[RedisCache]:
    """Redis where a server is named; its keys are this test's own."""
    url = os.environ.get("TEST_REDIS_URL")
    if url is None:
        pytest.skip("TEST_REDIS_URL names no server")
    monkeypatch.setattr(cache, "_PREFIX", f"test:{secrets.token_hex(8)}:")
    store = RedisCache(url)
    yield store
    store._client.close()


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Cache:
    """Both kinds of cache."""
    return MemoryCache() if request.param == "memory" else request.getfixturevalue("redis_cache")


def test_a_value_is_kept(store: Cache) -> None:
    assert store.get("a") is None
    store.set("a", b"\x00\xff", ttl_s=60)
    assert store.get("a") == b"\x00\xff"
    store.set("a", b"2", ttl_s=60)
    assert store.get("a") == b"2"


def test_a_value_is_added_once(store: Cache) -> None:
    assert store.add("a", b"1", ttl_s=60)
    assert not store.add("a", b"2", ttl_s=60)
    assert store.get("a") == b"1"


def test_values_are_deleted(store: Cache) -> None:
    for key in "abc":
        store.set(key, b"1", ttl_s=60)
    store.delete("a", "b", "nothing")
    assert [store.get(key) for key in "abc"] == [None, None, b"1"]


def test_a_value_runs_out(store: Cache) -> None:
    store.set("a", b"1", ttl_s=0.01)
    store.add("b", b"1", ttl_s=0.01)
    threading.Event().wait(0.05)
    assert store.get("a") is None
    assert store.add("b", b"2", ttl_s=60)


def test_a_ping_finds_the_store(store: Cache) -> None:
    store.ping()


def test_a_lock_is_held_by_one(store: Cache) -> None:
    with store.lock("l", ttl_s=60, wait_s=0) as first, store.lock("l", ttl_s=60, wait_s=0.05) as second:
        assert (first, second) == (True, False)
    with store.lock("l", ttl_s=60, wait_s=0) as third:
        assert third


def test_locks_of_other_names_are_free(store: Cache) -> None:
    with store.lock("l", ttl_s=60, wait_s=0), store.lock("m", ttl_s=60, wait_s=0) as other:
        assert other


def test_a_waiting_lock_is_obtained_when_its_holder_leaves(store: Cache) -> None:
    held, obtained = threading.Event(), []

    def wait() -> None:
        held.wait(10)
        with store.lock("l", ttl_s=60, wait_s=10) as got:
            obtained.append(got)

    thread = threading.Thread(target=wait)
    thread.start()
    with store.lock("l", ttl_s=60, wait_s=0):
        held.set()
        assert obtained == []
    thread.join(15)
    assert obtained == [True]


def test_a_lock_is_released_by_a_holder_that_fails(store: Cache) -> None:
    with pytest.raises(ValueError, match="holder"), store.lock("l", ttl_s=60, wait_s=0):
        raise ValueError("holder")
    with store.lock("l", ttl_s=60, wait_s=0) as got:
        assert got


def test_memory_forgets_locks_that_nobody_holds() -> None:
    memory = MemoryCache()
    for number in range(100):
        with memory.lock(f"l{number}", ttl_s=60, wait_s=0):
            pass
    assert len(memory._locks) == 0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MEMORY_LIMIT", 10)
    memory = MemoryCache()
    for number in range(5):
        memory.set(f"short{number}", b"1", ttl_s=0)
    for number in range(8):
        memory.set(f"long{number}", b"1", ttl_s=60)
    assert memory.get("long0") == b"1", "what ran out goes first"
    for number in range(50):
        memory.set(f"more{number}", b"1", ttl_s=60)
    assert len(memory._values) <= 10


def test_a_redis_lock_that_ran_out_is_not_released_by_its_late_holder(redis_cache: RedisCache) -> None:
    first = redis_cache.lock("l", ttl_s=0.01, wait_s=0)
    assert first.__enter__()
    threading.Event().wait(0.05)
    with redis_cache.lock("l", ttl_s=60, wait_s=0) as second:
        assert second
        first.__exit__(None, None, None)
        with redis_cache.lock("l", ttl_s=60, wait_s=0) as third:
            assert not third


def test_a_store_that_is_away_says_so() -> None:
    away = RedisCache(f"redis://127.0.0.1:{free_port()}")
    for call in (
        lambda: away.get("a"),
        lambda: away.set("a", b"1", ttl_s=1),
        lambda: away.add("a", b"1", ttl_s=1),
        lambda: away.delete("a"),
        away.ping,
        lambda: away.lock("l", ttl_s=1, wait_s=0).__enter__(),
    ):
        with pytest.raises(CacheDown):
            call()


def test_a_store_that_hangs_is_given_up_and_not_asked_again() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.setblocking(False)
        hanging = RedisCache(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(CacheDown):
            hanging.get("a")
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_a_lock_survives_the_loss_of_its_store() -> None:
    with own_redis() as url:
        store = RedisCache(url)
        lock = store.lock("l", ttl_s=60, wait_s=0)
        assert lock.__enter__()
    lock.__exit__(None, None, None)
    with pytest.raises(CacheDown):
        store.ping()


def test_a_store_that_came_back_is_used_again() -> None:
    port = free_port()
    with own_redis(port) as url:
        store = RedisCache(url)
        store.set("a", b"1", ttl_s=60)
    with own_redis(port):
        assert store.get("a") is None
        store.set("a", b"2", ttl_s=60)
        assert store.get("a") == b"2"
    store._client.close()


@pytest.mark.parametrize(("url", "kind"), [(None, MemoryCache), ("redis://127.0.0.1:1", RedisCache)])
def test_the_address_chooses_the_kind(
    monkeypatch: pytest.MonkeyPatch, url: str | None, kind: type[Cache]
) -> None:
    monkeypatch.setattr(cache._Current, "cache", MemoryCache())
    cache.configure(url)
    assert isinstance(cache.current(), kind)
