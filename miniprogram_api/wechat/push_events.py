"""What a message of WeChat's push tells us that anybody here listens for."""

import re
from collections.abc import Mapping
from typing import Any

from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.events import Event
from miniprogram_api.wechat.events import (
    AuthorisationWithdrawn,
    OfficialPublishingEnded,
    PictureJudged,
    SubscriptionAnswered,
    SubscriptionFailed,
    SubscriptionRefused,
)
from miniprogram_api.wechat.moderation import Suggestion, Verdict, read_verdict
from miniprogram_api.wechat.push import parts_of

_UNJUDGED = Verdict(Suggestion.REVIEW)
_NOT_FETCHED = "-1008"
_WITHDRAWALS = {
    "user_authorization_revoke": False,
    "user_info_modified": False,
    "user_authorization_cancellation": True,
}
_NUMBER = re.compile(r"[0-9]{1,9}")
_URL = re.compile(r"https?://[!-~]{1,390}")
_LONGEST_ID = 128


def read_events(message: Mapping[str, Any]) -> list[Event]:
    """The facts in a message about the mini-program; none in one of an unknown kind."""
    kind = message.get("Event")
    if kind == "wxa_media_check":
        return _picture_judged(message)
    if kind == "subscribe_msg_popup_event":
        return [
            SubscriptionAnswered(
                person=_person(message.get("FromUserName")),
                template_id=_text(part.get("TemplateId")),
                accepted=part.get("SubscribeStatusString") == "accept",
            )
            for part in parts_of(message)
        ]
    if kind == "subscribe_msg_change_event":
        return [
            SubscriptionRefused(
                person=_person(message.get("FromUserName")), template_id=_text(part.get("TemplateId"))
            )
            for part in parts_of(message)
            if part.get("SubscribeStatusString") == "reject"
        ]
    if kind == "subscribe_msg_sent_event":
        return _failed_sends(message)
    if isinstance(kind, str) and kind in _WITHDRAWALS:
        return _withdrawal(message, whole=_WITHDRAWALS[kind])
    return []


def read_official_events(message: Mapping[str, Any]) -> list[Event]:
    """The facts in a message about the official account."""
    info = message.get("PublishEventInfo")
    if message.get("Event") != "PUBLISHJOBFINISH" or not isinstance(info, dict):
        return []
    publish_id, status = _text(info.get("publish_id")), _number(info.get("publish_status"))
    if not publish_id or status is None:
        return []
    return [OfficialPublishingEnded(publish_id=publish_id, status=status, url=read_article_url(info))]


def read_article_url(info: Mapping[str, Any]) -> str:
    """The address of the first article of a publication, in a push or an answer; empty when there is none."""
    detail = info.get("article_detail")
    items = detail.get("item") if isinstance(detail, dict) else None
    first = items[0] if isinstance(items, list) and items else items
    url = first.get("article_url") if isinstance(first, dict) else None
    return url if isinstance(url, str) and _URL.fullmatch(url) else ""


def _picture_judged(message: Mapping[str, Any]) -> list[Event]:
    trace_id = _text(message.get("trace_id"))
    if not trace_id:
        return []
    errcode = str(message.get("errcode", 0))
    # A picture that WeChat could not fetch was not found clean.
    verdict = (read_verdict(message) if errcode == "0" else None) or _UNJUDGED
    return [
        PictureJudged(
            check_id=trace_id,
            suggest=verdict.suggest.value,
            labels=list(verdict.labels),
            was_fetched=errcode != _NOT_FETCHED,
        )
    ]


def _failed_sends(message: Mapping[str, Any]) -> list[Event]:
    person = _person(message.get("FromUserName"))
    return [
        SubscriptionFailed(
            person=person,
            template_id=_text(part.get("TemplateId")),
            msgid=_text(part.get("MsgID")),
            errcode=_number(part.get("ErrorCode")) or 0,
        )
        for part in parts_of(message)
        if _number(part.get("ErrorCode"))
    ]


def _withdrawal(message: Mapping[str, Any], *, whole: bool) -> list[Event]:
    named = message.get("RevokeInfo")
    listed = named if isinstance(named, list) else [named]
    numbers = {int(number) for item in listed for number in _NUMBER.findall(_text(item))}
    person = _person(message.get("OpenID") or message.get("FromUserName"))
    return [AuthorisationWithdrawn(person=person, whole=whole, kinds=sorted(numbers))]


def _person(openid: object) -> str:
    """Whom an event is about, by the index that members are found by: no openid is kept in the open."""
    return crypto.blind_index(_text(openid), purpose="openid").hex()


def _text(value: object) -> str:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text[:_LONGEST_ID] if text.isprintable() else ""


def _number(value: object) -> int | None:
    text = _text(value).removeprefix("-")
    return int(text) if _NUMBER.fullmatch(text) else None
