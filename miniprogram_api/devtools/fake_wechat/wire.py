"""What travels on the wire: a parsed call, a reply and the error table, kept free of any rule."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JSON_TYPE = "application/json; encoding=utf-8"
TEXT_TYPE = "text/plain"
BINARY_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}

ERRMSG = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest, use getStableAccessToken",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40009: "invalid image size",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40097: "invalid args",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40169: "invalid length for scene, or the data is not json string",
    40226: "code blocked",
    40243: "appsecret frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43101: "user refuse to accept the msg",
    43104: "openid does not match appid",
    43107: "subscribe message capability is banned",
    43108: "concurrent sending to the same user",
    44002: "empty post data",
    44004: "empty content",
    44991: "out of minute quota",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45007: "url size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45110: "author size out of limit",
    45166: "invalid content",
    45168: "message contains sensitive word",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    50007: "account is disabled",
    61010: "code is expired",
    85096: "not allow include scancode_time field",
    87007: "session_key is not existed or expired",
    87008: "invalid sig_method",
    87009: "invalid signature",
}


class WeChatError(Exception):
    """A business error: HTTP 200 with an errcode, as the real service answers."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        super().__init__(errcode, detail)
        self.errcode = errcode
        self.detail = detail


@dataclass(frozen=True)
class Call:
    """One request as it arrived; the body stays raw because real clients send JSON without a Content-Type."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str]
    peer: str
    rid: str


@dataclass(frozen=True)
class Reply:
    """One answer; `payload` is kept beside the bytes so that faults can rewrite a JSON reply."""

    body: bytes
    content_type: str = JSON_TYPE
    status: int = 200
    payload: dict[str, Any] | None = None
    announced_length: int | None = None

    @property
    def errcode(self) -> int:
        """The errcode inside, 0 when the reply has none."""
        return int((self.payload or {}).get("errcode", 0))


class Reset:
    """Marker answer: cut the TCP connection with RST instead of replying."""


def json_reply(payload: dict[str, Any], content_type: str = JSON_TYPE) -> Reply:
    """A compact UTF-8 JSON reply, non-ASCII unescaped as the real service sends it."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Reply(body=body, content_type=content_type, payload=payload)


def error_payload(errcode: int, rid: str, detail: str = "") -> dict[str, Any]:
    """The JSON of an error; errmsg always ends in the rid, so nobody can match on its text."""
    text = ERRMSG.get(errcode, "error")
    if detail:
        text = f"{text} {detail}"
    return {"errcode": errcode, "errmsg": f"{text}, rid: {rid}"}


def error_reply(errcode: int, rid: str, detail: str = "", content_type: str = JSON_TYPE) -> Reply:
    """A business error as HTTP 200."""
    return json_reply(error_payload(errcode, rid, detail), content_type)
