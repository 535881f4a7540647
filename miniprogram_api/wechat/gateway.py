"""The calls we make to WeChat, each with one clear outcome and the errors of errors.py."""

import hashlib
import re
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.wechat import WeChatSettings
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.cache import Cache, CacheDown
from miniprogram_api.wechat import replies
from miniprogram_api.wechat.caller import Caller
from miniprogram_api.wechat.client import Fault, Reply
from miniprogram_api.wechat.errors import (
    ArgumentRefused,
    CodeRejected,
    OutcomeUnknown,
    PhoneCodeRejected,
    SendRefused,
    TextUnchecked,
    UserBlocked,
    WeChatError,
    WeChatUnavailable,
)
from miniprogram_api.wechat.fields import Value, format_fields
from miniprogram_api.wechat.moderation import (
    CLEAN,
    RISKY,
    Suggestion,
    TextScene,
    Verdict,
    read_verdict,
    split_text,
)

_CODE = re.compile(r"[0-9A-Za-z_-]{8,256}")
# Longer than any call takes. A code posted again after that is for WeChat to refuse.
_CLAIM_S = 30
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_PAGE = re.compile(r"[0-9A-Za-z_\-]+(?:/[0-9A-Za-z_\-]+)*")
_WIDTHS = range(280, 1281)
# 1 would be sound; whatever is sent as the wrong kind passes.
_PICTURE = 2


@dataclass(frozen=True, slots=True)
class Login:
    """Who logged in. The session key is dropped: nothing here needs it, so nothing can lose it."""

    openid: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    number: str = field(repr=False)
    country_code: str


@dataclass(frozen=True, slots=True)
class SendResult:
    """WeChat has taken the message; `msgid` is text, being beyond 2^53."""

    msgid: str


class Gateway:
    """One per process, safe for threads. Each method raises WeChatUnavailable when no usable answer comes."""

    def __init__(
        self,
        settings: WeChatSettings,
        cache: Cache,
        *,
        now: Callable[[], datetime] = clock.now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._now = now
        self._caller = Caller(settings, cache, now=now, monotonic=monotonic, sleep=sleep)

    def close(self) -> None:
        """Close the connections kept open between calls."""
        self._caller.close()

    def login(self, code: str) -> Login:
        """Exchange a `wx.login` code, in one request; raise CodeRejected, UserBlocked or TooFrequent.

        A code is sent at most once at a time: whoever posts the same one in parallel is rejected at once.
        """
        if not _CODE.fullmatch(code):
            raise CodeRejected
        with self._claimed(code, CodeRejected):
            body = self._answer(replies.LOGIN, self._caller.login(code), replies.LOGIN_ERRORS)
            openid = replies.read_openid(body)
            if openid is None:
                raise WeChatUnavailable
            return Login(openid, replies.read_unionid(body))

    def phone_number(self, code: str, openid: str | None = None) -> PhoneNumber:
        """Exchange a phone button's code, which costs money; raise PhoneCodeRejected or TooFrequent."""
        if not _CODE.fullmatch(code):
            raise PhoneCodeRejected
        data = {"code": code, "openid": openid} if openid else {"code": code}
        with self._claimed(code, PhoneCodeRejected):
            body = self._answer(replies.PHONE, self._caller.post(replies.PHONE, data), replies.PHONE_ERRORS)
            found = replies.read_phone(body, self._settings.appid)
            if found is None:
                raise WeChatUnavailable
            return PhoneNumber(*found)

    def mini_program_code(
        self, scene: str, page: str, *, width: int = 430, is_hyaline: bool = False
    ) -> bytes:
        """The picture of a mini-program code; raise ArgumentRefused, uncalled, for what WeChat refuses."""
        if not _SCENE.fullmatch(scene) or "scancode_time" in scene:
            raise ArgumentRefused(name="scene", rule="charset_or_length")
        if not _PAGE.fullmatch(page):
            raise ArgumentRefused(name="page", rule="path_without_slash_or_query")
        if width not in _WIDTHS:
            raise ArgumentRefused(name="width", rule="range")
        released = self._settings.env_version == "release"
        data = {
            "scene": scene,
            "page": page,
            "check_path": released,
            "env_version": self._settings.env_version,
            "width": width,
            "is_hyaline": is_hyaline,
        }
        outcome = self._caller.post(replies.PROGRAM_CODE, data, image=True)
        if isinstance(outcome, Reply) and outcome.image:
            return outcome.image
        raise replies.common_error(replies.PROGRAM_CODE, outcome, self._now())

    def send_subscribe_message(
        self,
        *,
        openid: str,
        template_id: str,
        fields: Mapping[str, Value],
        page: str | None = None,
        enums: Mapping[str, Sequence[str]] | None = None,
        lang: str = "zh_CN",
    ) -> SendResult:
        """Send one subscribe message, once.

        Raise ArgumentRefused for a value no form fits, SendRefused when it was certainly not delivered,
        OutcomeUnknown when it may have been: such a message must never be sent again. WeChatUnavailable
        means that it was not sent and may be tried later.
        """
        data: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "data": format_fields(fields, enums),
            "miniprogram_state": self._settings.miniprogram_state,
            "lang": lang,
        }
        if page is not None:
            data["page"] = page
        outcome = self._caller.post(replies.SEND, data)
        if _is_in_doubt(outcome):
            raise OutcomeUnknown
        if isinstance(outcome, Reply) and outcome.errcode == 0:
            return SendResult(replies.read_msgid(outcome.body))
        raise self._not_sent(outcome)

    def check_text(
        self,
        openid: str,
        scene: TextScene,
        content: str,
        *,
        title: str | None = None,
        nickname: str | None = None,
    ) -> Verdict:
        """Judge a text of someone who used the mini-program within two hours; the worst piece decides.

        Anything but a verdict raises WeChatUnavailable (TextUnchecked when this user's text cannot be judged
        at all): the text must then be held for review, neither published nor rejected.
        """
        verdict = CLEAN
        extras = {"title": title, "nickname": nickname}
        for piece in split_text(content) if content.strip() else ():
            data = {"version": 2, "openid": openid, "scene": int(scene), "content": piece}
            data |= {key: value for key, value in extras.items() if value}
            verdict = verdict.joined(self._judge(data))
            if verdict.suggest is Suggestion.RISKY:
                break
        return verdict

    def check_image(self, openid: str, scene: TextScene, url: str) -> str:
        """Have WeChat fetch and judge a picture; answers the id under which its verdict is sent to our push.

        Only someone who used the mini-program within two hours, as with texts. Raises WeChatUnavailable, and
        TextUnchecked when it cannot be judged for this user at all; the picture must then be held.
        """
        data = {
            "version": 2,
            "openid": openid,
            "scene": int(scene),
            "media_url": url,
            "media_type": _PICTURE,
        }
        outcome = self._caller.post(replies.CHECK_MEDIA, data)
        if isinstance(outcome, Reply) and outcome.errcode in replies.UNJUDGED:
            raise TextUnchecked(retry_after_s=replies.LIMITED_AGAIN_S)
        trace_id = replies.read_trace_id(self._answer(replies.CHECK_MEDIA, outcome, {}))
        if trace_id is None:
            raise WeChatUnavailable
        return trace_id

    def _judge(self, data: Mapping[str, Any]) -> Verdict:
        outcome = self._caller.post(replies.CHECK_TEXT, data)
        if isinstance(outcome, Reply) and outcome.errcode == replies.RISKY_TEXT:
            return RISKY
        if isinstance(outcome, Reply) and outcome.errcode in replies.UNJUDGED:
            raise TextUnchecked(retry_after_s=replies.LIMITED_AGAIN_S)
        verdict = read_verdict(self._answer(replies.CHECK_TEXT, outcome, {}))
        if verdict is None:
            raise WeChatUnavailable
        return verdict

    def _answer(
        self, api: replies.Api, outcome: Reply | Fault, errors: Mapping[int, type[WeChatError]]
    ) -> Mapping[str, Any]:
        if isinstance(outcome, Reply) and outcome.errcode == 0:
            return outcome.body
        if isinstance(outcome, Reply) and outcome.errcode in errors:
            raise errors[outcome.errcode]
        raise replies.common_error(api, outcome, self._now())

    def _not_sent(self, outcome: Reply | Fault) -> WeChatError:
        if not isinstance(outcome, Reply) or outcome.errcode not in replies.REFUSALS:
            return replies.common_error(replies.SEND, outcome, self._now())
        reason = replies.REFUSALS[outcome.errcode]
        return SendRefused(reason=reason, errcode=outcome.errcode, field=replies.wrong_field(outcome))

    @contextmanager
    def _claimed(self, code: str, taken: type[CodeRejected | PhoneCodeRejected]) -> Generator[None]:
        """Keep a single-use code from being sent twice; give it back when WeChat may still honour it."""
        digest = hashlib.sha256(f"{self._settings.appid}:{code}".encode()).hexdigest()
        key = f"wechat:code:{digest}"
        try:
            claimed = self._cache.add(key, b"1", _CLAIM_S)
        except CacheDown:
            raise WeChatUnavailable from None
        if not claimed:
            raise taken
        try:
            yield
        except (CodeRejected, PhoneCodeRejected, UserBlocked):
            raise
        except BaseException:
            with suppress(CacheDown):
                self._cache.delete(key)
            raise


def _is_in_doubt(outcome: Reply | Fault) -> bool:
    if isinstance(outcome, Fault):
        return outcome.sent
    # Neither a code nor an id: some JSON, but not WeChat's word that the message is on its way.
    is_silent = outcome.errcode == 0 and not {"errcode", "msgid"} & outcome.body.keys()
    return outcome.errcode == replies.BUSY or is_silent
