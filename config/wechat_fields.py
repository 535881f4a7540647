"""The settings of WeChat's accounts: the mini-program's, and the official account's where there is one."""

from dataclasses import dataclass, replace

from config.fields import setting
from config.wechat import (
    MESSAGE_PARTS,
    OFFICIAL_API_BASE,
    PUSH_FORMATS,
    MessageTemplate,
    WeChatSettings,
    check_api_base,
    check_official,
    check_public_base,
    check_push,
    parse_template,
)


@dataclass(frozen=True, slots=True)
class WeChatFields:
    """The part of Settings that is about WeChat."""

    wechat_appid: str = setting(
        "WECHAT_MP_APPID", "", "Application id of the mini-program; empty: fake WeChat."
    )
    wechat_secret: str = setting("WECHAT_MP_SECRET", "", "Secret of the mini-program.", secret=True)
    wechat_api_base: str = setting(
        "WECHAT_API_BASE",
        OFFICIAL_API_BASE,
        "WeChat's address; another one must be loopback, never in production.",
    )
    wechat_connect_timeout_s: float = setting(
        "WECHAT_TIMEOUT_CONNECT", 3.0, "Seconds to connect to WeChat.", least=0.1, most=10
    )
    wechat_read_timeout_s: float = setting(
        "WECHAT_TIMEOUT_READ", 5.0, "Seconds to wait for WeChat's answer.", least=0.1, most=20
    )
    wechat_env_version: str = setting(
        "WECHAT_ENV_VERSION",
        "release",
        "Version that mini-program codes open: `release`, `trial` or `develop`.",
        choices=("release", "trial", "develop"),
    )
    wechat_miniprogram_state: str = setting(
        "WECHAT_MINIPROGRAM_STATE",
        "formal",
        "Version that messages open: `formal`, `trial` or `developer`.",
        choices=("formal", "trial", "developer"),
    )
    wechat_template_visit_cancelled: str = setting(
        "WECHAT_TEMPLATE_VISIT_CANCELLED",
        "",
        "Message about cancelled visits: `<template id> site=thing1 time=time2 …`; empty: the inbox only.",
    )
    wechat_template_article_published: str = setting(
        "WECHAT_TEMPLATE_ARTICLE_PUBLISHED",
        "",
        "Message about new articles: `<template id> title=thing1 topic=thing2 …`; empty: the inbox only.",
    )
    wechat_push_token: str = setting(
        "WECHAT_PUSH_TOKEN", "", "Token of WeChat's push, whose address is `/wechat/push`.", secret=True
    )
    wechat_push_aes_key: str = setting(
        "WECHAT_PUSH_AES_KEY",
        "",
        "EncodingAESKey of the push, 43 characters, for safe mode; empty: plain mode, not in production.",
        secret=True,
    )
    wechat_push_format: str = setting(
        "WECHAT_PUSH_FORMAT",
        "auto",
        "Format of the push as set in WeChat's console: `json`, `xml`, or `auto` to take either.",
        choices=PUSH_FORMATS,
    )
    wechat_oa_appid: str = setting(
        "WECHAT_OA_APPID", "", "Application id of the official account; empty: articles stay out of it."
    )
    wechat_oa_secret: str = setting("WECHAT_OA_SECRET", "", "Secret of the official account.", secret=True)
    wechat_oa_publish: bool = setting(
        "WECHAT_OA_PUBLISH",
        False,
        "Let staff have drafts published there by `freepublish`; needs a certified account.",
    )
    wechat_oa_push_token: str = setting(
        "WECHAT_OA_PUSH_TOKEN",
        "",
        "Token of the official account's push, whose address is `/wechat/official/push`.",
        secret=True,
    )
    wechat_oa_push_aes_key: str = setting(
        "WECHAT_OA_PUSH_AES_KEY", "", "EncodingAESKey of the official account's push.", secret=True
    )
    public_base_url: str = setting(
        "PUBLIC_BASE_URL",
        "",
        "Address under which WeChat reaches this installation to check pictures; empty: people check them.",
    )
    fake_wechat_port: int = setting(
        "FAKE_WECHAT_PORT",
        8001,
        "Port of the fake WeChat server that `make run` starts without WECHAT_MP_APPID.",
        least=1,
        most=65535,
    )

    @property
    def wechat(self) -> WeChatSettings:
        return WeChatSettings(
            appid=self.wechat_appid,
            secret=self.wechat_secret,
            api_base=self.wechat_api_base,
            connect_timeout_s=self.wechat_connect_timeout_s,
            read_timeout_s=self.wechat_read_timeout_s,
            env_version=self.wechat_env_version,
            miniprogram_state=self.wechat_miniprogram_state,
        )

    @property
    def official(self) -> WeChatSettings | None:
        """The official account, where there is one: its token and its people are its own."""
        if not self.wechat_oa_appid:
            return None
        return replace(self.wechat, appid=self.wechat_oa_appid, secret=self.wechat_oa_secret)

    @property
    def message_templates(self) -> dict[str, MessageTemplate]:
        """The subscription messages that are set up, by our names for them."""
        given = {
            "visit_cancelled": self.wechat_template_visit_cancelled,
            "article_published": self.wechat_template_article_published,
        }
        parsed = {name: parse_template(text, parts=MESSAGE_PARTS[name]) for name, text in given.items()}
        return {name: template for name, template in parsed.items() if template is not None}


def check_wechat(settings: WeChatFields, *, production: bool) -> None:
    """Refuse accounts that cannot work or must not. Raises ValueError with a sentence."""
    check_api_base(settings.wechat_api_base, production)
    for prefix, token, aes_key in (
        ("WECHAT_PUSH", settings.wechat_push_token, settings.wechat_push_aes_key),
        ("WECHAT_OA_PUSH", settings.wechat_oa_push_token, settings.wechat_oa_push_aes_key),
    ):
        check_push(prefix, token=token, aes_key=aes_key, production=production)
    check_public_base(settings.public_base_url, production=production)
    check_official(
        appid=settings.wechat_oa_appid,
        secret=settings.wechat_oa_secret,
        mini_program=settings.wechat_appid,
        publish=settings.wechat_oa_publish,
        production=production,
    )
    _ = settings.message_templates
