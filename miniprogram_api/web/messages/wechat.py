"""Texts for what can go wrong with WeChat."""

MESSAGES: dict[str, tuple[str, str]] = {
    "wechat.failed": (
        "微信服务出现问题，请稍后再试。",
        "Something went wrong with WeChat. Please try again later.",
    ),
    "wechat.code_rejected": (
        "登录凭证已失效，请重新登录。",
        "The login code is invalid, expired or already used. Please sign in again.",
    ),
    "wechat.user_blocked": (
        "暂时无法为您提供登录服务，如有疑问请联系客服。",
        "We cannot sign you in at the moment. Please contact support if you have questions.",
    ),
    "wechat.phone_code_rejected": (
        "手机号授权已失效，请重新授权，或手动填写手机号。",
        "The phone authorisation has expired. Please authorise again, or type the number.",
    ),
    "wechat.too_frequent": (
        "操作过于频繁，请 {retry_after_s} 秒后再试。",
        "Too many attempts. Please try again in {retry_after_s} seconds.",
    ),
    "wechat.argument_refused": (
        "提交给微信的内容不符合要求（{name}）。",
        "A value does not meet WeChat's rules ({name}).",
    ),
    "wechat.send_refused": ("订阅消息未能送达。", "The subscribe message was not delivered."),
    "wechat.official_refused": (
        "公众号没有接受这项内容（错误码 {errcode}）。",
        "The official account did not take it (code {errcode}).",
    ),
    "wechat.outcome_unknown": (
        "无法确认消息是否已送达。",
        "It is not known whether the message was delivered.",
    ),
    "wechat.unavailable": (
        "微信服务暂时不可用，请稍后再试。",
        "WeChat is not available at the moment. Please try again later.",
    ),
    "wechat.text_unchecked": (
        "内容暂时无法自动审核，将由工作人员审核。",
        "The text could not be checked automatically and will be reviewed by staff.",
    ),
}
