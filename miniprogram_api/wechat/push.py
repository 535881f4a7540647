"""WeChat's push: whose it is, and what it says. Anything that does not verify is nobody's.

With an AES key an account is in safe mode: only what that key opens is taken, in JSON or XML. A plain body is
refused there even when its `signature` is right: that does not cover the body, so whoever saw one push could
send any other under it. Without a key, in development alone, plain bodies are taken as signed; `nonce_key`
lets the caller see to it that a signature vouches for one body.
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
from xml.parsers.expat import ExpatError

import xmltodict
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# WeChat repeats a push within seconds, so that whatever is older was kept by somebody to be sent again.
FRESH = timedelta(minutes=5)
_BLOCK = 32
_RANDOM = 16
_LENGTH = 4
_ROOT = "xml"
_OF_AN_EVENT = ("FromUserName", "CreateTime", "Event", "trace_id", "MsgID", "publish_id")
_OF_ITS_PARTS = ("TemplateId", "MsgID", "SubscribeStatusString", "publish_id", "publish_status")


class PushRefused(Exception):
    """The push is not WeChat's, not for us, or not in the mode and format that were agreed."""


@dataclass(frozen=True, slots=True)
class PushSecrets:
    """What the account's console and we share; `aes_key` is the 43 characters shown there, empty: no key."""

    appid: str
    token: str = field(repr=False)
    aes_key: str = field(default="", repr=False)
    format: str = "auto"


def is_fresh(query: Mapping[str, str], now: datetime) -> bool:
    """Whether a call was signed about now; `now` is the real time, which WeChat's stamp is of."""
    stamp = query.get("timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        return False
    return abs(now.timestamp() - int(stamp)) <= FRESH.total_seconds()


def is_from_wechat(secrets: PushSecrets, query: Mapping[str, str]) -> bool:
    """Whether the signature of a verification call, or of a plain push, is right."""
    return _is_signed(query.get("signature", ""), *_signed_parts(secrets, query))


def open_push(secrets: PushSecrets, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The message within. Raises PushRefused."""
    text_format = _format_of(secrets, body)
    envelope = _read(body, text_format)
    if not secrets.aes_key:
        if "Encrypt" in envelope or not is_from_wechat(secrets, query):
            raise PushRefused
        return _ours(secrets, envelope)
    sealed = envelope.get("Encrypt")
    if not isinstance(sealed, str):
        raise PushRefused
    if not _is_signed(query.get("msg_signature", ""), *_signed_parts(secrets, query), sealed):
        raise PushRefused
    try:
        opened = _decrypt(secrets, sealed)
    except (ValueError, binascii.Error) as error:
        raise PushRefused from error
    return _ours(secrets, _read(opened, text_format))


def key_of(message: Mapping[str, Any]) -> str:
    """By what a repetition of a message is known: its MsgId, or what makes an event itself."""
    if message.get("MsgId"):
        return _key([["MsgId", _word(message["MsgId"])]])
    told = [[name, _word(message.get(name))] for name in _OF_AN_EVENT]
    return _key(
        told + [[name, _word(part.get(name))] for part in parts_of(message) for name in _OF_ITS_PARTS]
    )


def nonce_key(query: Mapping[str, str]) -> str:
    """By what a signature is known that was used before."""
    return _key([["nonce", query.get("timestamp", ""), query.get("nonce", "")]])


def parts_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The entries of an event, however they come: one or several, bare as in JSON or wrapped as in XML."""
    holders = [message, *(value for value in message.values() if isinstance(value, dict))]
    found: list[Mapping[str, Any]] = [value for value in holders[1:] if "publish_id" in value]
    for holder in holders:
        entries = holder.get("List")
        listed = entries if isinstance(entries, list) else [entries]
        found += [entry for entry in listed if isinstance(entry, dict)]
    return found


def _word(value: object) -> str:
    # Numbers come as texts and the reverse; whatever is neither tells nothing apart.
    return str(value) if isinstance(value, str | int) else ""


def _key(told: list[list[str]]) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _format_of(secrets: PushSecrets, body: bytes) -> str:
    found = "xml" if body.lstrip()[:1] == b"<" else "json"
    if secrets.format not in {"auto", found}:
        raise PushRefused
    return found


def _read(body: bytes, text_format: str) -> dict[str, Any]:
    """A body's fields. Entities are refused: a few hundred bytes of them would fill the memory."""
    try:
        if text_format == "json":
            read = json.loads(body)
        else:
            read = xmltodict.parse(body, disable_entities=True)[_ROOT]
    except (ValueError, LookupError, ExpatError, RecursionError) as error:
        raise PushRefused from error
    if not isinstance(read, dict):
        raise PushRefused
    return read


def _ours(secrets: PushSecrets, message: dict[str, Any]) -> dict[str, Any]:
    # Some events name the account within; one that names another is not for us.
    named = {_word(message[name]) for name in ("appid", "AppID") if message.get(name)}
    if named - {secrets.appid}:
        raise PushRefused
    return message


def _signed_parts(secrets: PushSecrets, query: Mapping[str, str]) -> tuple[str, str, str]:
    return secrets.token, query.get("timestamp", ""), query.get("nonce", "")


def _is_signed(signature: str, *parts: str) -> bool:
    return hmac.compare_digest(_digest(*parts).encode(), signature.encode("utf-8", "replace"))


def _digest(*parts: str) -> str:
    joined = "".join(sorted(parts)).encode("utf-8", "replace")
    return hashlib.sha1(joined).hexdigest()  # noqa: S324  WeChat's choice


def _decrypt(secrets: PushSecrets, sealed: str) -> bytes:
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
    return message
