"""The access token: fetched once for all threads and processes, cached, replaced when WeChat refuses it."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from miniprogram_api.kernel.cache import Cache, CacheDown
from miniprogram_api.wechat.errors import WeChatUnavailable

# Inside WeChat's last five minutes: the fetch yields the next token while the present one still works.
_MARGIN_S = 240
_REPLACE_EVERY_S = 30
_LOCK_TTL_S = 30
_LOCK_WAIT_S = 8


@dataclass(frozen=True, slots=True)
class FreshToken:
    """What WeChat has just given."""

    value: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class _KeptToken:
    value: str = field(repr=False)
    renew_at: float
    replaced_at: float | None


class TokenStore:
    """Single flight: a lock for threads, the cache's for processes; without the cache each keeps its own."""

    def __init__(
        self,
        *,
        appid: str,
        cache: Cache,
        fetch: Callable[[], FreshToken],
        now: Callable[[], datetime],
    ) -> None:
        self._key = f"wechat:token:{appid}"
        self._cache = cache
        self._fetch = fetch
        self._now = now
        self._turn = threading.Lock()
        self._own: _KeptToken | None = None
        self._failures = 0
        self._retry_after_s = 1

    def current(self) -> str:
        """A token believed good, fetched if need be; raises WeChatUnavailable."""
        kept = self._kept()
        return kept.value if kept else self._obtain(rejected=None)

    def replace(self, rejected: str) -> str:
        """Another token than the one WeChat has just refused; raises WeChatUnavailable.

        Another process may have it already. If not, one is fetched, at most every 30 seconds: a token
        refused again right after it came is not a stale one.
        """
        return self._obtain(rejected=rejected)

    def confirm(self, token: str) -> None:
        """WeChat has accepted this token: should it be refused later, then because it went stale."""
        own = self._own
        if own is None or own.value != token or own.replaced_at is None or self._read() != own:
            return
        self._keep(replace(own, replaced_at=None), max(1.0, own.renew_at - self._now().timestamp()))

    def _obtain(self, *, rejected: str | None) -> str:
        failures = self._failures
        with self._turn:
            if kept := self._kept(other_than=rejected):
                return kept.value
            if self._failures != failures:
                # The one before us failed while we waited: share that, or each of us would wait in turn.
                raise WeChatUnavailable(retry_after_s=self._retry_after_s)
            try:
                return self._obtain_alone(rejected=rejected)
            except WeChatUnavailable as error:
                self._failures += 1
                self._retry_after_s = error.retry_after_s
                raise

    def _obtain_alone(self, *, rejected: str | None) -> str:
        with self._alone_among_processes() as obtained:
            if kept := self._kept(other_than=rejected):
                return kept.value
            if not obtained:
                raise WeChatUnavailable(retry_after_s=1)
            at = self._now().timestamp()
            if rejected is not None and self._replaced_just_now(at):
                raise WeChatUnavailable(retry_after_s=_REPLACE_EVERY_S)
            fresh = self._fetch()
            renew_at = at + fresh.expires_in_s - min(_MARGIN_S, fresh.expires_in_s / 10)
            replaced_at = at if rejected is not None else None
            self._keep(_KeptToken(fresh.value, renew_at, replaced_at), fresh.expires_in_s)
            return fresh.value

    def _kept(self, *, other_than: str | None = None) -> _KeptToken | None:
        kept = self._read()
        if kept is None or kept.value == other_than or kept.renew_at <= self._now().timestamp():
            return None
        return kept

    def _replaced_just_now(self, at: float) -> bool:
        kept = self._read()
        if kept is None or kept.replaced_at is None:
            return False
        return 0 <= at - kept.replaced_at < _REPLACE_EVERY_S

    def _read(self) -> _KeptToken | None:
        try:
            raw = self._cache.get(self._key)
        except CacheDown:
            return self._own
        try:
            return _KeptToken(**json.loads(raw)) if raw else None
        except (ValueError, TypeError):
            # Written by another version: worth no more than nothing.
            return None

    def _keep(self, kept: _KeptToken, ttl_s: float) -> None:
        self._own = kept
        with suppress(CacheDown):
            self._cache.set(self._key, json.dumps(asdict(kept)).encode(), ttl_s)

    @contextmanager
    def _alone_among_processes(self) -> Generator[bool]:
        lock = self._cache.lock(self._key, ttl_s=_LOCK_TTL_S, wait_s=_LOCK_WAIT_S)
        with ExitStack() as stack:
            try:
                obtained = stack.enter_context(lock)
            except CacheDown:
                # A stable token fetched twice is the same token, so nothing breaks without the lock.
                obtained = True
            yield obtained
