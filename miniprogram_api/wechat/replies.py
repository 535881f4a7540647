"""What WeChat's codes mean for us, and how its answers are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.wechat.client import Fault, Reply
from miniprogram_api.wechat.errors import (
    CodeRejected,
    Misconfigured,
    PhoneCodeRejected,
    Refusal,
    TooFrequent,
    UserBlocked,
    WeChatError,
    WeChatUnavailable,
)
from miniprogram_api.wechat.tokens import FreshToken

BUSY = -1
QUOTA = 45009
STALE_TOKEN = frozenset({40001, 40014, 42001})
MINUTE_LIMIT = frozenset({44991, 45011})
# Our account, its secret, its addresses or its permissions: no call helps until an operator acts.
ACCOUNT = frozenset(
    {40002, 40013, 40125, 40164, 40243, 41002, 41004, 48001, 50004, 50007, 89503, 89506, 89507}
)
# Templates and pages that the released mini-program lacks: an operator's matter too, but of one message.
CONTENT_SETUP = frozenset({40037, 41030})
# The text cannot be judged for this user; in `87014` it was judged, by the older interface.
UNJUDGED = frozenset({40003, 43104, 61010})
RISKY_TEXT = 87014


@dataclass(frozen=True, slots=True)
class Api:
    """One API: is it safe to repeat, whose are its limits, which codes accuse our account."""

    name: str
    path: str = ""
    is_read: bool = False
    is_limited_by_user: bool = False
    has_daily_quota: bool = True
    account: frozenset[int] = ACCOUNT

    def is_over_day(self, errcode: int | None) -> bool:
        """Whether today's calls are used up."""
        return errcode == QUOTA and self.has_daily_quota

    def is_over_minute(self, errcode: int | None) -> bool:
        """Whether this minute's calls are used up."""
        return errcode in MINUTE_LIMIT or (errcode == QUOTA and not self.has_daily_quota)


LOGIN = Api("jscode2session", is_limited_by_user=True)
# Here 40001 means a wrong secret: there is no token yet that could be stale.
TOKEN = Api("stable_token", is_read=True, account=ACCOUNT | {40001})
# Here 40013 is no fault of our account: the code belongs to another mini-program.
PHONE = Api(
    "getuserphonenumber",
    "wxa/business/getuserphonenumber",
    is_limited_by_user=True,
    account=ACCOUNT - {40013},
)
# Codes are unlimited in number: 45009 speaks of the minute here.
PROGRAM_CODE = Api("getwxacodeunlimit", "wxa/getwxacodeunlimit", is_read=True, has_daily_quota=False)
SEND = Api("subscribe_send", "cgi-bin/message/subscribe/send")
CHECK_TEXT = Api("msg_sec_check", "wxa/msg_sec_check", is_read=True)
# Submitted twice, a picture is judged twice; that does no harm.
CHECK_MEDIA = Api("media_check_async", "wxa/media_check_async", is_read=True)
# The official account's. A picture uploaded twice lies there twice; a draft must not.
UPLOAD_PICTURE = Api("uploadimg", "cgi-bin/media/uploadimg", is_read=True)
UPLOAD_COVER = Api("add_material", "cgi-bin/material/add_material", is_read=True)
ADD_DRAFT = Api("draft_add", "cgi-bin/draft/add")
# Here 48001 does not accuse the account: it may keep drafts, and lacks the permission to publish.
SUBMIT = Api("freepublish_submit", "cgi-bin/freepublish/submit", account=ACCOUNT - {48001})
PUBLICATION = Api("freepublish_get", "cgi-bin/freepublish/get", is_read=True)

OF_MINI_PROGRAM = (LOGIN, TOKEN, PHONE, PROGRAM_CODE, SEND, CHECK_TEXT, CHECK_MEDIA)
OF_OFFICIAL_ACCOUNT = (TOKEN, UPLOAD_PICTURE, UPLOAD_COVER, ADD_DRAFT, SUBMIT, PUBLICATION)

BUSY_AGAIN_S = 5
LIMITED_AGAIN_S = 60
ACCOUNT_AGAIN_S = 60

LOGIN_ERRORS: dict[int, type[WeChatError]] = {
    40029: CodeRejected,
    40163: CodeRejected,
    41008: CodeRejected,
    40226: UserBlocked,
}
PHONE_ERRORS: dict[int, type[WeChatError]] = dict.fromkeys(
    (40003, 40013, 40029, 40163, 41008), PhoneCodeRejected
)

REFUSALS = {
    40003: Refusal.WRONG_OPENID,
    40037: Refusal.WRONG_TEMPLATE,
    41030: Refusal.WRONG_PAGE,
    43101: Refusal.NOT_SUBSCRIBED,
    43107: Refusal.BANNED,
    43108: Refusal.CONCURRENT,
    45168: Refusal.SENSITIVE_WORD,
    47003: Refusal.WRONG_FIELD,
}

_RID = re.compile(r"rid: ?([0-9A-Za-z-]{8,64})")
_ADDRESS = re.compile(r"invalid ip ([0-9.]{7,15})")
_FIELD = re.compile(r"\bdata\.([a-z_]{1,32}[0-9]{1,4})\b")
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_TOKEN = re.compile(r"[!-~]{1,2048}")
_PHONE = re.compile(r"\+?[0-9]{5,20}")
_TRACE_ID = re.compile(r"[!-~]{1,128}")
_COUNTRY = re.compile(r"[0-9]{1,4}")


def errcode_label(outcome: Reply | Fault) -> str:
    """The outcome as one word of metrics and logs."""
    return outcome.kind if isinstance(outcome, Fault) else str(outcome.errcode)


def rid_of(outcome: Reply | Fault) -> str | None:
    """WeChat's own request id, by which its support can explain a refusal."""
    return _found(_RID, outcome)


def our_address(outcome: Reply | Fault) -> str | None:
    """The address of ours that WeChat does not know (40164), for the operator's eyes."""
    return _found(_ADDRESS, outcome)


def wrong_field(outcome: Reply | Fault) -> str | None:
    """The key of the message field that WeChat refused."""
    return _found(_FIELD, outcome)


def _found(pattern: re.Pattern[str], outcome: Reply | Fault) -> str | None:
    matched = pattern.search(outcome.message) if isinstance(outcome, Reply) else None
    return matched[1] if matched else None


def quota_returns_at(now: datetime) -> datetime:
    """The next midnight in Beijing, when daily quotas start anew."""
    today = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def common_error(api: Api, outcome: Reply | Fault, now: datetime) -> WeChatError:
    """The error for every outcome that a call has no word of its own for."""
    errcode = outcome.errcode if isinstance(outcome, Reply) else None
    if api.is_over_day(errcode):
        return WeChatUnavailable(retry_after_s=int((quota_returns_at(now) - now).total_seconds()) + 1)
    if api.is_over_minute(errcode):
        limited = TooFrequent if api.is_limited_by_user else WeChatUnavailable
        return limited(retry_after_s=LIMITED_AGAIN_S)
    if errcode in api.account or errcode in CONTENT_SETUP:
        return Misconfigured(retry_after_s=ACCOUNT_AGAIN_S)
    return WeChatUnavailable(retry_after_s=BUSY_AGAIN_S)


def read_openid(body: Mapping[str, Any]) -> str | None:
    """The openid of an answer, if it is one."""
    return _text(body.get("openid"), _OPENID)


def read_unionid(body: Mapping[str, Any]) -> str | None:
    """The unionid, which only a bound account is given."""
    return _text(body.get("unionid"), _OPENID)


def read_token(body: Mapping[str, Any]) -> FreshToken | None:
    """The token of an answer with its life, if both make sense."""
    value = _text(body.get("access_token"), _TOKEN)
    try:
        expires_in_s = int(body.get("expires_in", 0))
    except (TypeError, ValueError, OverflowError):
        return None
    return FreshToken(value, expires_in_s) if value and expires_in_s > 0 else None


def read_phone(body: Mapping[str, Any], appid: str) -> tuple[str, str] | None:
    """Number and country code, if the answer holds both and was made for our mini-program."""
    info = body.get("phone_info")
    if not isinstance(info, dict):
        return None
    watermark = info.get("watermark")
    if isinstance(watermark, dict) and watermark.get("appid") != appid:
        return None
    number = _text(info.get("purePhoneNumber"), _PHONE)
    country = _text(info.get("countryCode"), _COUNTRY)
    return (number, country) if number and country else None


def read_msgid(body: Mapping[str, Any]) -> str:
    """The id of a message as text, since it is beyond what a JavaScript number holds; may be empty."""
    msgid = body.get("msgid")
    return str(msgid) if isinstance(msgid, int | str) and not isinstance(msgid, bool) else ""


def read_trace_id(body: Mapping[str, Any]) -> str | None:
    """The id under which a verdict will be sent."""
    return _text(body.get("trace_id"), _TRACE_ID)


def _text(value: object, form: re.Pattern[str]) -> str | None:
    # Numbers come where the documents say text, and the reverse.
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if form.fullmatch(text) else None
