"""What can go wrong between us and WeChat, told without a secret, a token, an address or a person.

WeChatError
├── CodeRejected        the login code is malformed, expired or used: the client calls wx.login again
├── UserBlocked         WeChat holds the user for high-risk
├── PhoneCodeRejected   the code of the phone button is malformed, expired or used
├── TooFrequent         WeChat asks this user to slow down
├── ArgumentRefused     our own check refused a value before any call was made
├── SendRefused         a subscribe message was certainly not delivered, and why
├── OfficialRefused     the official account certainly did not take something, and why
├── OutcomeUnknown      something may or may not have arrived; never send it again by yourself
└── WeChatUnavailable   no usable answer, and no effect to fear; says when to come back
    ├── Misconfigured   our account is refused; operators are alarmed, users see WeChatUnavailable
    └── TextUnchecked   the text cannot be judged for this user; a person must review it
"""

from enum import StrEnum

from miniprogram_api.kernel.errors import (
    AppError,
    Conflict,
    Forbidden,
    Invalid,
    TooMany,
    Unauthenticated,
    Unavailable,
)


class WeChatError(AppError):
    code = "wechat.failed"


class CodeRejected(WeChatError, Unauthenticated):
    code = "wechat.code_rejected"


class UserBlocked(WeChatError, Forbidden):
    code = "wechat.user_blocked"


class PhoneCodeRejected(WeChatError, Invalid):
    code = "wechat.phone_code_rejected"


class TooFrequent(WeChatError, TooMany):
    code = "wechat.too_frequent"


class ArgumentRefused(WeChatError, Invalid):
    """`name` is the argument, `rule` the word for what it breaks; the value is not repeated."""

    code = "wechat.argument_refused"

    def __init__(self, *, name: str, rule: str) -> None:
        super().__init__(name=name, rule=rule)


class Refusal(StrEnum):
    """Why WeChat did not deliver a message. Only CONCURRENT may be tried again, later."""

    NOT_SUBSCRIBED = "not_subscribed"
    BANNED = "banned"
    CONCURRENT = "concurrent"
    WRONG_OPENID = "wrong_openid"
    WRONG_TEMPLATE = "wrong_template"
    WRONG_PAGE = "wrong_page"
    WRONG_FIELD = "wrong_field"
    SENSITIVE_WORD = "sensitive_word"
    NO_PERMISSION = "no_permission"
    OTHER = "other"


class SendRefused(WeChatError, Conflict):
    code = "wechat.send_refused"

    def __init__(self, *, reason: Refusal, errcode: int, field: str | None = None) -> None:
        super().__init__(reason=reason.value, errcode=errcode, field=field)
        self.reason = reason
        self.errcode = errcode
        self.field = field

    @property
    def is_final(self) -> bool:
        """Whether this message must not be tried again."""
        return self.reason is not Refusal.CONCURRENT


class OfficialRefused(WeChatError, Conflict):
    code = "wechat.official_refused"

    def __init__(self, *, errcode: int) -> None:
        super().__init__(errcode=errcode)
        self.errcode = errcode


class OutcomeUnknown(WeChatError, Unavailable):
    code = "wechat.outcome_unknown"


class WeChatUnavailable(WeChatError, Unavailable):
    code = "wechat.unavailable"


class Misconfigured(WeChatUnavailable):
    """Keeps the code of its parent: users learn nothing of our account."""


class TextUnchecked(WeChatUnavailable):
    code = "wechat.text_unchecked"
