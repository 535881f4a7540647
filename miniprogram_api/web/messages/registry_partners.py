"""Texts about the systems that may call as the registry."""

MESSAGES = {
    "registry.partner_exists": (
        "这个客户端标识已被使用，请换一个。",
        "This client id is taken; choose another.",
    ),
    "registry.partner_ended": ("这个对接系统已停用。", "This partner has been ended."),
    "registry.partner_keys_full": (
        "同类密钥最多同时使用 {most} 个，请先停用旧的。",
        "At most {most} keys of a kind at a time; retire the old one first.",
    ),
    "registry.partner_key_unfit": (
        "公钥不合要求：请提供 2048 位以上的 RSA 或 P-256 的公钥（JWK），不要包含私钥。",
        "The public key cannot be used: give the JWK of an RSA key of 2048 bits or more, or of one on P-256,"
        " without its private part.",
    ),
}
