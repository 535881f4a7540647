"""The calls we make to the official account: another one than the mini-program's, with a token of its own."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.wechat import WeChatSettings
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.cache import Cache
from miniprogram_api.wechat import replies
from miniprogram_api.wechat.caller import Caller
from miniprogram_api.wechat.client import Fault, Reply, Upload
from miniprogram_api.wechat.errors import OfficialRefused, OutcomeUnknown, WeChatUnavailable
from miniprogram_api.wechat.push_events import read_article_url
from miniprogram_api.wechat.replies import Api

MOST_INLINE_BYTES = 1024 * 1024
NO_PERMISSION, NO_MEDIA = 48001, 40007


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialArticle:
    """What a draft is made of, within the account's limits; pictures in `content` were uploaded before."""

    title: str
    digest: str
    author: str
    content: str = field(repr=False)
    cover: str
    source_url: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """How far a publication has come, in WeChat's number: 0 is done, 1 is under way, the others failed."""

    status: int
    url: str


class OfficialGateway:
    """One per process, safe for threads. Each method raises WeChatUnavailable when no usable answer comes.

    It raises OfficialRefused for what the account certainly did not take, and OutcomeUnknown for a draft or a
    publication that may be there: that must never be sent again without somebody looking.
    """

    def __init__(
        self,
        settings: WeChatSettings,
        cache: Cache,
        *,
        now: Callable[[], datetime] = clock.now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        apis = replies.OF_OFFICIAL_ACCOUNT
        self._caller = Caller(settings, cache, apis=apis, now=now, monotonic=monotonic, sleep=sleep)
        self._now = now

    def close(self) -> None:
        """Close the connections kept open between calls."""
        self._caller.close()

    def upload_picture(self, file: Upload) -> str:
        """The address under which a picture may stand in articles, JPEG or PNG of one megabyte at most."""
        body = self._answer(replies.UPLOAD_PICTURE, self._caller.upload(replies.UPLOAD_PICTURE, file))
        return _text(body, "url", most=400)

    def upload_cover(self, file: Upload) -> str:
        """The id of a picture as permanent material, which covers must be."""
        outcome = self._caller.upload(replies.UPLOAD_COVER, file, {"type": "image"})
        return _text(self._answer(replies.UPLOAD_COVER, outcome), "media_id", most=128)

    def add_draft(self, article: OfficialArticle) -> str:
        """Put an article among the drafts; answers its media id."""
        data = {
            "title": article.title,
            "author": article.author,
            "digest": article.digest,
            "content": article.content,
            "content_source_url": article.source_url,
            "thumb_media_id": article.cover,
            "need_open_comment": 0,
            "only_fans_can_comment": 0,
        }
        outcome = self._caller.post(replies.ADD_DRAFT, {"articles": [data]})
        return _text(self._answer(replies.ADD_DRAFT, outcome), "media_id", most=128, doubt=True)

    def submit(self, media_id: str) -> str:
        """Queue a draft for publication, which uses it up; answers by what its result is known later."""
        outcome = self._caller.post(replies.SUBMIT, {"media_id": media_id})
        return _text(self._answer(replies.SUBMIT, outcome), "publish_id", most=64, doubt=True)

    def get_publication(self, publish_id: str) -> Publication:
        """What became of a publication so far."""
        outcome = self._caller.post(replies.PUBLICATION, {"publish_id": publish_id})
        body = self._answer(replies.PUBLICATION, outcome)
        status = body.get("publish_status")
        if isinstance(status, bool) or not str(status).isdecimal():
            raise WeChatUnavailable
        return Publication(int(str(status)), read_article_url(body))

    def _answer(self, api: Api, outcome: Reply | Fault) -> Mapping[str, Any]:
        if isinstance(outcome, Fault):
            if outcome.sent and not api.is_read:
                raise OutcomeUnknown
            raise replies.common_error(api, outcome, self._now())
        if outcome.errcode == 0:
            return outcome.body
        if outcome.errcode == replies.BUSY and not api.is_read:
            raise OutcomeUnknown
        if _is_refusal(api, outcome.errcode):
            raise OfficialRefused(errcode=outcome.errcode)
        raise replies.common_error(api, outcome, self._now())


def _is_refusal(api: Api, errcode: int) -> bool:
    """Whether a code is about what was sent, and neither about the account nor about the moment."""
    of_the_moment = errcode == replies.BUSY or api.is_over_day(errcode) or api.is_over_minute(errcode)
    return not (of_the_moment or errcode in api.account or errcode in replies.STALE_TOKEN)


def _text(body: Mapping[str, Any], name: str, *, most: int, doubt: bool = False) -> str:
    value = body.get(name)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not text or len(text) > most or not text.isprintable():
        raise OutcomeUnknown if doubt else WeChatUnavailable
    return text
