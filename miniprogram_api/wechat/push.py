"""WeChat's push in safe mode: whose it is, and what it says. Anything that does not verify is nobody's.

A plain body is refused even when its `signature` is right: that does not cover the body, so whoever saw one
push could send any other under it.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from miniprogram_api.wechat.events import PictureJudged
from miniprogram_api.wechat.moderation import Suggestion, Verdict, read_verdict

# WeChat repeats a push within seconds, so that whatever is older was kept by somebody to be sent again.
FRESH = timedelta(minutes=5)
_BLOCK = 32
_RANDOM = 16
_LENGTH = 4
_JUDGED = "wxa_media_check"
_OF_AN_EVENT = ("FromUserName", "CreateTime", "Event", "trace_id", "MsgID", "publish_id")
_UNJUDGED = Verdict(Suggestion.REVIEW)
_NOT_FETCHED = "-1008"


class PushRefused(Exception):
    """The push is not WeChat's, not for us, or not in safe mode."""


@dataclass(frozen=True, slots=True)
class PushSecrets:
    """What the account's console and we share; `aes_key` is the 43 characters shown there."""

    appid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)


def is_fresh(query: Mapping[str, str], now: datetime) -> bool:
    """Whether a call was signed about now; `now` is the real time, which WeChat's stamp is of."""
    stamp = query.get("timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        return False
    return abs(now.timestamp() - int(stamp)) <= FRESH.total_seconds()


def is_from_wechat(secrets: PushSecrets, query: Mapping[str, str]) -> bool:
    """Whether the signature of a verification call is right."""
    parts = (secrets.token, query.get("timestamp", ""), query.get("nonce", ""))
    return hmac.compare_digest(_digest(*parts).encode(), query.get("signature", "").encode())


def open_push(secrets: PushSecrets, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
    """The message within. Raises PushRefused."""
    sealed = body.get("Encrypt")
    if not isinstance(sealed, str):
        raise PushRefused
    expected = _digest(secrets.token, query.get("timestamp", ""), query.get("nonce", ""), sealed)
    if not hmac.compare_digest(expected.encode(), query.get("msg_signature", "").encode()):
        raise PushRefused
    try:
        message = json.loads(_decrypt(secrets, sealed))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise PushRefused from error
    if not isinstance(message, dict):
        raise PushRefused
    return message


def key_of(message: Mapping[str, Any]) -> str:
    """By what a repetition of a message is known: its MsgId, or what makes an event itself."""
    names = ("MsgId",) if message.get("MsgId") else _OF_AN_EVENT
    told = json.dumps([[name, str(message.get(name, ""))] for name in names])
    return hashlib.sha256(told.encode()).hexdigest()


def read_event(message: Mapping[str, Any]) -> PictureJudged | None:
    """What a message tells us that anybody here listens for."""
    if message.get("Event") != _JUDGED or not isinstance(message.get("trace_id"), str):
        return None
    errcode = str(message.get("errcode", 0))
    # A picture that WeChat could not fetch was not found clean.
    verdict = (read_verdict(message) if errcode == "0" else None) or _UNJUDGED
    return PictureJudged(
        check_id=message["trace_id"][:128],
        suggest=verdict.suggest.value,
        labels=list(verdict.labels),
        was_fetched=errcode != _NOT_FETCHED,
    )


def _digest(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  WeChat's choice


def _decrypt(secrets: PushSecrets, sealed: str) -> str:
    """Sixteen random bytes, the length, the message, our appid; padded to blocks of 32. Raises ValueError."""
    key = base64.b64decode(secrets.aes_key + "=", validate=True)
    raw = base64.b64decode(sealed, validate=True)
    opened = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).decryptor()
    padded = opened.update(raw) + opened.finalize()
    if not padded or not 1 <= padded[-1] <= _BLOCK:
        raise ValueError("padding")
    content = padded[_RANDOM : -padded[-1]]
    size = int.from_bytes(content[:_LENGTH], "big")
    message, appid = content[_LENGTH : _LENGTH + size], content[_LENGTH + size :]
    if len(message) != size or appid != secrets.appid.encode():
        raise ValueError("another account's")
    return message.decode()
