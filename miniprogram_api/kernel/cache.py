"""A small cache and lock port, in memory or in Redis; it makes things faster and is never the truth."""

import contextlib
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_TIMEOUT_S = 0.5
_PREFIX = "lowcarbon:"
_MEMORY_LIMIT = 10_000


class CacheDown(Exception):
    """The cache could not be reached; the caller decides whether it can do without."""


class Cache(Protocol):
    """What both kinds of cache do. Every method raises CacheDown when the store cannot be reached."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, ttl_s: float) -> None: ...
    def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        """Set a key that is absent; False when it is there already."""
        ...

    def delete(self, *keys: str) -> None: ...
    def lock(self, name: str, *, ttl_s: float, wait_s: float) -> AbstractContextManager[bool]:
        """Hold a named lock; yields whether it was obtained within the waiting time."""
        ...

    def ping(self) -> None:
        """Only find out whether the store can be reached."""
        ...


@dataclass(slots=True)
class _Lock:
    mutex: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class MemoryCache:
    """For one process: a dictionary with expiry, and real locks."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._values: dict[str, tuple[float, bytes]] = {}
        self._locks: defaultdict[str, _Lock] = defaultdict(_Lock)

    def get(self, key: str) -> bytes | None:
        with self._guard:
            return self._live(key)

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        with self._guard:
            self._store(key, value, ttl_s)

    def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        with self._guard:
            if self._live(key) is not None:
                return False
            self._store(key, value, ttl_s)
            return True

    def delete(self, *keys: str) -> None:
        with self._guard:
            for key in keys:
                self._values.pop(key, None)

    @contextmanager
    def lock(self, name: str, *, ttl_s: float, wait_s: float) -> Generator[bool]:
        with self._guard:
            lock = self._locks[name]
            lock.users += 1
        obtained = lock.mutex.acquire(timeout=wait_s)
        try:
            yield obtained
        finally:
            if obtained:
                lock.mutex.release()
            with self._guard:
                lock.users -= 1
                if lock.users == 0:
                    del self._locks[name]

    def ping(self) -> None:
        """Memory is always there."""

    def _live(self, key: str) -> bytes | None:
        entry = self._values.get(key)
        if entry is None or entry[0] <= time.monotonic():
            return None
        return entry[1]

    def _store(self, key: str, value: bytes, ttl_s: float) -> None:
        if len(self._values) >= _MEMORY_LIMIT:
            now = time.monotonic()
            self._values = {k: entry for k, entry in self._values.items() if entry[0] > now}
            if len(self._values) >= _MEMORY_LIMIT:
                self._values.clear()
        self._values[key] = (time.monotonic() + ttl_s, value)


# Only the holder may release: compare and delete in one step.
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_POLL_S = 0.02


class RedisCache:
    """For several processes. Time-outs are short and never retried: a slow cache is a missing one."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            health_check_interval=30,
            # A connection kept since before a restart of the store is replaced once.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )

    def get(self, key: str) -> bytes | None:
        with _reporting():
            return cast("bytes | None", self._client.get(_PREFIX + key))

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        with _reporting():
            self._client.set(_PREFIX + key, value, px=max(1, int(ttl_s * 1000)))

    def add(self, key: str, value: bytes, ttl_s: float) -> bool:
        with _reporting():
            return bool(self._client.set(_PREFIX + key, value, px=max(1, int(ttl_s * 1000)), nx=True))

    def delete(self, *keys: str) -> None:
        with _reporting():
            self._client.delete(*(_PREFIX + key for key in keys))

    @contextmanager
    def lock(self, name: str, *, ttl_s: float, wait_s: float) -> Generator[bool]:
        key, mark = f"lock:{name}", secrets.token_bytes(16)
        deadline = time.monotonic() + wait_s
        obtained = self.add(key, mark, ttl_s)
        while not obtained and time.monotonic() < deadline:
            time.sleep(_POLL_S)
            obtained = self.add(key, mark, ttl_s)
        try:
            yield obtained
        finally:
            if obtained:
                # A lock that cannot be released runs out by itself.
                with contextlib.suppress(redis.RedisError):
                    self._client.eval(_RELEASE, 1, _PREFIX + key, mark)

    def ping(self) -> None:
        with _reporting():
            self._client.ping()


@contextmanager
def _reporting() -> Generator[None]:
    try:
        yield
    except redis.RedisError:
        raise CacheDown from None


class _Current:
    cache: Cache = MemoryCache()


def configure(redis_url: str | None) -> None:
    """Choose the cache of this process."""
    _Current.cache = RedisCache(redis_url) if redis_url else MemoryCache()


def current() -> Cache:
    return _Current.cache
