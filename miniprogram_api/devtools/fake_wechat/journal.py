"""What happened, for tests to read: masked request log, counts, unexpected calls, messages, made codes."""

import hashlib
import json
from collections import Counter, deque
from typing import Any

from miniprogram_api.devtools.fake_wechat.wire import Call

SECRET_FIELDS = {"secret", "appsecret", "session_key"}
TOKEN_FIELDS = {"access_token"}
SECRET_HEADERS = {"authorization", "cookie"}
KEEP = 20_000

Entry = dict[str, Any]


class Journal:
    """Bounded lists; nothing in the request log holds a secret or a usable token."""

    def __init__(self) -> None:
        self.requests: deque[Entry] = deque(maxlen=KEEP)
        self.unexpected: deque[Entry] = deque(maxlen=KEEP)
        self.messages: deque[Entry] = deque(maxlen=KEEP)
        self.codes: deque[Entry] = deque(maxlen=KEEP)
        self.moderation: deque[Entry] = deque(maxlen=KEEP)
        self.pushes: deque[Entry] = deque(maxlen=KEEP)
        self.counts: Counter[str] = Counter()

    def arrived(self, call: Call, at: str, *, expected: bool) -> Entry:
        """Write a call down before anything is decided about it; the caller completes the entry."""
        entry: Entry = {
            "at": at,
            "rid": call.rid,
            "method": call.method,
            "path": call.path,
            "query": mask(dict(call.query)),
            "body": mask_body(call.body),
            "headers": {k: "***" if k.lower() in SECRET_HEADERS else v for k, v in call.headers.items()},
            "verdict": "pending",
            "fault": None,
        }
        self.requests.append(entry)
        self.counts[call.path] += 1
        if not expected:
            self.unexpected.append({key: entry[key] for key in ("at", "rid", "method", "path", "query")})
        return entry


def fingerprint(secret: str) -> str:
    """Tells two secrets apart without showing either."""
    return f"***{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def mask(value: Any) -> Any:
    """The same JSON value with secrets starred out and tokens replaced by a fingerprint."""
    if isinstance(value, dict):
        return {key: _mask_field(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [mask(item) for item in value]
    return value


def _mask_field(key: str, value: Any) -> Any:
    if key in SECRET_FIELDS:
        return "***"
    if key in TOKEN_FIELDS:
        return fingerprint(str(value))
    return mask(value)


def mask_body(body: bytes) -> Any:
    """A JSON body masked; of anything else only its size, since a secret could hide anywhere in it."""
    if not body:
        return None
    try:
        return mask(json.loads(body))
    except (ValueError, RecursionError):
        return {"unparsed_bytes": len(body)}
