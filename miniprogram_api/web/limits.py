"""How often a stranger or a member may call, kept in Redis or in this process.

When Redis is away most rules go on in memory; a rule that guards a login refuses instead (`fail_closed`).
"""

import functools
import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

import structlog
from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import Counter
from redis import ConnectionError as RedisConnectionError
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from miniprogram_api.kernel.errors import TooMany, Unavailable
from miniprogram_api.web.addresses import is_loopback, subscriber_of
from miniprogram_api.web.auth import current_principal

log = structlog.get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])

LIMITED = Counter("rate_limited_total", "Requests refused by a rule", ["rule"])
_RETRY_STORE_S = 5.0
_TIMEOUT_S = 0.5


class Limiter:
    """Counts hits per rule and key; one per application."""

    def __init__(self, *, redis_url: str, spare_loopback: bool) -> None:
        self.spare_loopback = spare_loopback
        self._memory = FixedWindowRateLimiter(MemoryStorage())
        self._shared = FixedWindowRateLimiter(_redis_storage(redis_url)) if redis_url else None
        self._down_until = 0.0

    def hit(self, rule: str, item: RateLimitItem, key: str, *, fail_closed: bool) -> None:
        """Count one call. Raises TooMany, or Unavailable when a closed rule has lost its store."""
        if self._shared is None:
            _count(self._memory, rule, item, key)
        elif time.monotonic() < self._down_until or not self._reach(self._shared, rule, item, key):
            if fail_closed:
                raise Unavailable(retry_after_s=int(_RETRY_STORE_S))
            _count(self._memory, rule, item, key)

    def _reach(self, shared: FixedWindowRateLimiter, rule: str, item: RateLimitItem, key: str) -> bool:
        """Count in the shared store; False when it is away, which for a while nobody then tries again."""
        try:
            _count(shared, rule, item, key)
        except RedisError as error:
            self._down_until = time.monotonic() + _RETRY_STORE_S
            log.warning("limits_store_down", error=type(error).__name__)
            return False
        return True


def _count(limiter: FixedWindowRateLimiter, rule: str, item: RateLimitItem, key: str) -> None:
    if limiter.hit(item, rule, key):
        return
    LIMITED.labels(rule).inc()
    reset_at = limiter.get_window_stats(item, rule, key).reset_time
    raise TooMany(retry_after_s=max(1, int(reset_at - time.time()) + 1))


def _redis_storage(url: str) -> RedisStorage:
    options: dict[str, Any] = {
        "socket_timeout": _TIMEOUT_S,
        "socket_connect_timeout": _TIMEOUT_S,
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    }
    return RedisStorage(url, key_prefix="lowcarbon:limits", **options)


def init_limits(app: Flask, *, redis_url: str, spare_loopback: bool) -> None:
    """Give the application its limiter; `spare_loopback` frees this machine from limits per address."""
    app.extensions["limiter"] = Limiter(redis_url=redis_url, spare_loopback=spare_loopback)


def limited(
    rule: str, rate: str, *, per: Literal["principal", "ip"], fail_closed: bool = False
) -> Callable[[View], View]:
    """Refuse a caller's calls beyond a rate such as `10/minute`."""
    item = parse(rate)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def counted(*args: Any, **kwargs: Any) -> Any:
            limiter: Limiter = current_app.extensions["limiter"]
            if per == "principal":
                limiter.hit(rule, item, str(current_principal().id), fail_closed=fail_closed)
            else:
                hit_address(rule, rate, fail_closed=fail_closed)
            return view(*args, **kwargs)

        marked: Any = counted
        marked.is_limited = True
        return cast("View", marked)

    return decorate


def hit(rule: str, rate: str, key: str, *, fail_closed: bool = False) -> None:
    """Count a call under a key of the caller's choosing, such as an account or a phone's index."""
    limiter: Limiter = current_app.extensions["limiter"]
    limiter.hit(rule, parse(rate), key, fail_closed=fail_closed)


def hit_address(rule: str, rate: str, *, fail_closed: bool = False) -> None:
    """Count a call under the caller's address, where it is not this machine's in development."""
    limiter: Limiter = current_app.extensions["limiter"]
    if not (limiter.spare_loopback and is_loopback(request.remote_addr)):
        limiter.hit(rule, parse(rate), subscriber_of(request.remote_addr), fail_closed=fail_closed)
