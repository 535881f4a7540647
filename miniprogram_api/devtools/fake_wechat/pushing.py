"""The push, the sender's side: plain or safe mode, JSON or XML, sent again until somebody says success."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from miniprogram_api.devtools.fake_wechat.journal import Entry
from miniprogram_api.devtools.fake_wechat.records import Push
from miniprogram_api.devtools.fake_wechat.sealing import encrypt, sign
from miniprogram_api.devtools.fake_wechat.state import State

ANSWER_WITHIN_S = 5
TRIES = 3
# In XML the entries of these lie within an element of their own; in JSON they stand in the message.
WRAPPERS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}


@dataclass(frozen=True)
class Form:
    """How the account's console is set."""

    safe: bool = True
    xml: bool = False


SAFE_JSON = Form()


def wrap(
    push: Push, form: Form, *, appid: str, message: dict[str, Any], timestamp: str, nonce: str
) -> tuple[str, bytes]:
    """The query and the body of a push."""
    text = to_xml(message) if form.xml else _json(message)
    query = {"signature": sign(push.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    query["openid"] = str(message.get("FromUserName", ""))
    if not form.safe:
        return urlencode(query), text.encode()
    sealed = encrypt(push.aes_key, text, appid=appid)
    query |= {"encrypt_type": "aes", "msg_signature": sign(push.token, timestamp, nonce, sealed)}
    envelope = {"ToUserName": str(message.get("ToUserName", "")), "Encrypt": sealed}
    return urlencode(query), (to_xml(envelope) if form.xml else _json(envelope)).encode()


def to_xml(message: dict[str, Any]) -> str:
    """A message as XML: texts in CDATA, a list as the same element again and again."""
    wrapper = WRAPPERS.get(str(message.get("Event")))
    if wrapper and "List" in message:
        rest = {name: value for name, value in message.items() if name != "List"}
        message = {**rest, wrapper: {"List": message["List"]}}
    return _element("xml", message)


def push_message(
    state: State,
    push: Push,
    message: dict[str, Any],
    *,
    appid: str,
    form: Form,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Entry:
    """Send a message to the account's address, thrice at most; answers what the journal keeps of it."""
    with state.lock:
        timestamp, nonce = state.sending_at(), state.random_text(10)
        query, body = wrap(push, form, appid=appid, message=message, timestamp=timestamp, nonce=nonce)
        entry: Entry = {"message": message, "query": query, "body": body.decode(), "tries": [], **more}
        state.journal.pushes.append(entry)
    if push.url:
        for _ in range(TRIES):
            started = time.monotonic()
            status, answer = _post(f"{push.url}?{query}", body, xml=form.xml)
            took_ms = round((time.monotonic() - started) * 1000)
            entry["tries"].append({"status": status, "answer": answer, "ms": took_ms})
            if status == 200 and answer in {"success", ""}:
                break
    return entry


def _json(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, item) for key, item in value.items())
    elif isinstance(value, str):
        inner = f"<![CDATA[{value}]]>" if "]]>" not in value else escape(value)
    else:
        inner = "" if value is None else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def _post(url: str, body: bytes, *, xml: bool) -> tuple[int, str]:
    """The status and the text of the answer; 0 when none came."""
    kind = "text/xml" if xml else "application/json"
    request = urllib.request.Request(url, data=body, headers={"Content-Type": kind})  # noqa: S310  loopback only
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as answer:  # noqa: S310
            return answer.status, answer.read(1000).decode(errors="replace")
    except urllib.error.HTTPError as refused:
        return refused.code, ""
    except (urllib.error.URLError, OSError):
        return 0, ""
