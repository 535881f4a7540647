"""Texts of what can go wrong around members."""

MESSAGES: dict[str, tuple[str, str]] = {
    "identity.refresh_rejected": (
        "登录已过期，请重新登录。",
        "Your session is over. Please sign in again.",
    ),
    "identity.phone_format": (
        "请填写 11 位中国大陆手机号。",
        "Give a mainland mobile number of 11 digits.",
    ),
    "identity.phone_or_code": (
        "请提供微信手机号授权码或手机号，二者选一。",
        "Give either the code of WeChat's phone button or a phone number, not both.",
    ),
    "identity.phone_not_mainland": (
        "目前仅支持中国大陆手机号，请手动填写一个。",
        "Only mainland mobile numbers are supported. Please type one.",
    ),
    "identity.consent_text_outdated": (
        "告知内容已更新，请阅读最新版本后再同意。",
        "The text has changed. Please read the current version before you agree.",
    ),
}
