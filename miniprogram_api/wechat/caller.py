"""Makes a call as it must be made: breaker, token replaced at most once, few repeats, one log line each."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import Counter

from config.wechat import WeChatSettings
from miniprogram_api.kernel.cache import Cache
from miniprogram_api.wechat import replies
from miniprogram_api.wechat.breaker import Breaker
from miniprogram_api.wechat.client import Fault, MiniProgramClient, Reply, Upload, ask
from miniprogram_api.wechat.replies import Api
from miniprogram_api.wechat.tokens import FreshToken, TokenStore

_BUSY_REPEATS = 2
_BUSY_PAUSE_S = 0.2

_log = structlog.get_logger("miniprogram_api.wechat")
_requests = Counter("wechat_requests", "Requests made to WeChat by API and outcome", ["api", "errcode"])


class Caller:
    """Answers every call with a Reply or a Fault; raises only WeChatError, and only when no call was made."""

    def __init__(
        self,
        settings: WeChatSettings,
        cache: Cache,
        *,
        apis: Sequence[Api] = replies.OF_MINI_PROGRAM,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = MiniProgramClient(settings)
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._breakers = {api: Breaker(now=now, monotonic=monotonic) for api in apis}
        self._tokens = TokenStore(appid=settings.appid, cache=cache, fetch=self._fetch_token, now=now)

    def close(self) -> None:
        self._client.close()

    def login(self, js_code: str) -> Reply | Fault:
        """Exchange a login code, without a token: login must work when tokens do not."""
        with self._breakers[replies.LOGIN].attempt():
            outcome = self._exchange(replies.LOGIN, lambda: self._client.wxa.code_to_session(js_code))
            self._settle(replies.LOGIN, outcome)
        return outcome

    def post(self, api: Api, data: Mapping[str, Any], *, image: bool = False) -> Reply | Fault:
        """Call an API that needs a token; a token refused as stale is replaced once."""
        wxa = self._client.wxa
        return self._with_token(api, lambda token: wxa.post_json(api.path, token, data), image=image)

    def upload(self, api: Api, file: Upload, query: Mapping[str, str] | None = None) -> Reply | Fault:
        """Send a file to an API, as `post` sends data."""
        wxa = self._client.wxa
        return self._with_token(api, lambda token: wxa.post_file(api.path, token, file, query or {}))

    def _with_token(self, api: Api, call: Callable[[str], Any], *, image: bool = False) -> Reply | Fault:
        with self._breakers[api].attempt():
            token = self._tokens.current()
            outcome = self._call_with(token, api, call, image=image)
            if _is_stale(outcome):
                token = self._tokens.replace(token)
                outcome = self._call_with(token, api, call, image=image)
            if isinstance(outcome, Reply) and not _is_stale(outcome):
                self._tokens.confirm(token)
        return outcome

    def _call_with(self, token: str, api: Api, call: Callable[[str], Any], *, image: bool) -> Reply | Fault:
        outcome = self._exchange(api, lambda: call(token), image=image)
        # Told of a stale token too: one that no replacement mends must stop the calls some day.
        self._settle(api, outcome)
        return outcome

    def _fetch_token(self) -> FreshToken:
        with self._breakers[replies.TOKEN].attempt():
            outcome = self._exchange(replies.TOKEN, self._client.wxa.stable_token)
            fresh = replies.read_token(outcome.body) if isinstance(outcome, Reply) else None
            if fresh is None and isinstance(outcome, Reply) and outcome.errcode == 0:
                outcome = Fault("bad_reply", sent=True)
            self._settle(replies.TOKEN, outcome)
        if fresh is None:
            raise replies.common_error(replies.TOKEN, outcome, self._now())
        return fresh

    def _exchange(self, api: Api, call: Callable[[], Any], *, image: bool = False) -> Reply | Fault:
        outcome = self._observed(api, call, image=image)
        repeats = _BUSY_REPEATS if api.is_read else 0
        for repeat in range(repeats):
            if not (isinstance(outcome, Reply) and outcome.errcode == replies.BUSY):
                break
            # Jitter against stampedes, not a secret.
            self._sleep(_BUSY_PAUSE_S * 2**repeat * random.uniform(0.5, 1.5))  # noqa: S311
            outcome = self._observed(api, call, image=image)
        return outcome

    def _observed(self, api: Api, call: Callable[[], Any], *, image: bool) -> Reply | Fault:
        started = self._monotonic()
        outcome = ask(call, image=image)
        label = replies.errcode_label(outcome)
        _requests.labels(api.name, label).inc()
        _log.info(
            "wechat.request",
            api=api.name,
            errcode=label,
            rid=replies.rid_of(outcome),
            duration_ms=round((self._monotonic() - started) * 1000),
        )
        return outcome

    def _settle(self, api: Api, outcome: Reply | Fault) -> None:
        """Tell the breaker how it went, and operators what only they can mend."""
        breaker = self._breakers[api]
        errcode = outcome.errcode if isinstance(outcome, Reply) else None
        if errcode in api.account or errcode in replies.CONTENT_SETUP:
            self._alarm(api, outcome)
        if errcode in api.account:
            breaker.trip(replies.ACCOUNT_AGAIN_S)
        elif api.is_over_day(errcode):
            self._alarm(api, outcome)
            breaker.hold_until(replies.quota_returns_at(self._now()))
        elif api.is_over_minute(errcode) and not api.is_limited_by_user:
            breaker.trip(replies.LIMITED_AGAIN_S)
        elif errcode is None or errcode == replies.BUSY or _is_stale(outcome):
            breaker.failed()
        else:
            breaker.succeeded()

    def _alarm(self, api: Api, outcome: Reply | Fault) -> None:
        _log.error(
            "wechat.alarm",
            api=api.name,
            errcode=replies.errcode_label(outcome),
            rid=replies.rid_of(outcome),
            our_address=replies.our_address(outcome),
        )


def _is_stale(outcome: Reply | Fault) -> bool:
    return isinstance(outcome, Reply) and outcome.errcode in replies.STALE_TOKEN
