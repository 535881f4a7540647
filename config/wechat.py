"""The account the WeChat gateway speaks for, and the guard that keeps a fake server out of production."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

OFFICIAL_API_BASE = "https://api.weixin.qq.com"
# What each subscription message of ours is made of; the keys of WeChat's template are a matter of settings.
MESSAGE_PARTS = {
    "visit_cancelled": ("site", "time", "reason", "status"),
    "article_published": ("title", "topic", "time", "hint"),
}
PUSH_FORMATS = ("auto", "json", "xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatSettings:
    """The mini-program's account; the secret stays out of every `repr`."""

    appid: str
    secret: str = field(repr=False)
    api_base: str = OFFICIAL_API_BASE
    connect_timeout_s: float = 3
    read_timeout_s: float = 5
    env_version: str = "release"
    miniprogram_state: str = "formal"


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A subscription message as the account has it: its id, and the key that each of our parts goes under."""

    id: str
    keys: Mapping[str, str]


_PUSH_TOKEN = re.compile(r"[0-9A-Za-z]{3,32}")
_AES_KEY = re.compile(r"[0-9A-Za-z]{42}[AEIMQUYcgkosw048]")
_HTTPS_ORIGIN = re.compile(r"https://[0-9A-Za-z.-]+(?::[0-9]{1,5})?")
_TEMPLATE_ID = re.compile(r"[0-9A-Za-z_-]{10,80}")
_KEY = re.compile(r"[a-z]+(?:_[a-z]+)*[0-9]{1,4}")


def parse_template(text: str, *, parts: tuple[str, ...]) -> MessageTemplate | None:
    """Read `<template id> part=key …`; None for an empty text. Raises ValueError with a sentence."""
    template_id, *pairs = text.split() or [""]
    if not template_id:
        return None
    keys = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    good = len(keys) == len(pairs) > 0 and keys.keys() <= set(parts)
    if not (_TEMPLATE_ID.fullmatch(template_id) and good and all(map(_KEY.fullmatch, keys.values()))):
        raise ValueError(
            f"A WECHAT_TEMPLATE_… is `<template id> part=key …` with the parts: {', '.join(parts)}"
        )
    return MessageTemplate(template_id, keys)


def check_api_base(api_base: str, production: bool) -> None:
    """Accept the official address, or a loopback one outside production; raise ValueError for any other."""
    if api_base == OFFICIAL_API_BASE:
        return
    if production:
        raise ValueError("WECHAT_API_BASE cannot be changed in production")
    if not _is_loopback_origin(api_base):
        raise ValueError("WECHAT_API_BASE must be http(s)://<loopback host>[:port] and nothing more")


def check_push(prefix: str, *, token: str, aes_key: str, production: bool) -> None:
    """Refuse a push that cannot be opened, or that everybody could send. Raises ValueError with a sentence.

    Without a key the push is in plain mode, whose signature does not cover the body: for development.
    """
    if aes_key and not token:
        raise ValueError(f"{prefix}_TOKEN is set wherever {prefix}_AES_KEY is.")
    if token and not _PUSH_TOKEN.fullmatch(token):
        raise ValueError(f"{prefix}_TOKEN is the 3 to 32 letters and digits of the console.")
    if aes_key and not _AES_KEY.fullmatch(aes_key):
        raise ValueError(f"{prefix}_AES_KEY is the 43 letters and digits of the console.")
    if production and token and not aes_key:
        raise ValueError(f"{prefix}_AES_KEY must be set in production: nothing vouches for a plain push.")
    if production and (_is_known_to_all(token) or _is_known_to_all(aes_key)):
        raise ValueError(
            f"A push of WeChat is the demonstration's or an example's: set a {prefix}_TOKEN and a "
            f"{prefix}_AES_KEY of your own."
        )


def check_public_base(public_base_url: str, *, production: bool) -> None:
    """Refuse an address that WeChat does not fetch from. Raises ValueError with a sentence."""
    if not public_base_url or _HTTPS_ORIGIN.fullmatch(public_base_url):
        return
    if production or not _is_loopback_origin(public_base_url):
        raise ValueError("PUBLIC_BASE_URL is https://<host> and nothing more.")


def check_official(*, appid: str, secret: str, mini_program: str, publish: bool, production: bool) -> None:
    """Refuse an official account that is half set up or another one. Raises ValueError with a sentence."""
    if bool(appid) != bool(secret):
        raise ValueError("WECHAT_OA_APPID and WECHAT_OA_SECRET are set together.")
    if publish and not appid:
        raise ValueError("WECHAT_OA_PUBLISH needs WECHAT_OA_APPID.")
    if appid and appid == mini_program:
        raise ValueError("WECHAT_OA_APPID is the official account's, not the mini-program's.")
    if production and appid and ("demo" in appid or secret.startswith("demo-")):
        raise ValueError("The official account is the demonstration's: set a WECHAT_OA_APPID of your own.")


def _is_known_to_all(secret: str) -> bool:
    """Whether a secret is the demonstration's, or one letter again and again as in the documentation."""
    return secret.lower().startswith("demo") or len(set(secret)) == 1


def _is_loopback_origin(api_base: str) -> bool:
    try:
        parts = urlsplit(api_base)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    is_bare_origin = api_base in {f"http://{parts.netloc}", f"https://{parts.netloc}"}
    if not host or not is_bare_origin or "@" in parts.netloc:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
