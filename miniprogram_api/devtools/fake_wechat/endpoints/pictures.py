"""Media moderation version 2: takes an address, fetches it, and pushes the verdict later in safe mode."""

import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from miniprogram_api.devtools.fake_wechat.checks import account_by_token, is_int, parse_object, require_method
from miniprogram_api.devtools.fake_wechat.endpoints.moderation import (
    PASS,
    SCENES,
    VERSION,
    check_author,
)
from miniprogram_api.devtools.fake_wechat.pushing import SAFE_JSON, push_message
from miniprogram_api.devtools.fake_wechat.records import Verdict
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply, WeChatError, json_reply

AUDIO, PICTURE = 1, 2
MAX_BYTES = 10 * 1024 * 1024
DOWNLOAD_FAILED = -1008
TIMEOUT_S = 5
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def media_check_async(state: State, call: Call) -> Reply:
    """Take the address of a picture of a user who was in the mini-program within the last two hours."""
    require_method(call, "POST")
    with state.lock:
        account = account_by_token(state, call)
        body = parse_object(call)
        if not is_int(body.get("version")) or body["version"] != VERSION:
            raise WeChatError(40097, "version")
        if body.get("media_type") not in {AUDIO, PICTURE}:
            raise WeChatError(40004)
        if not is_int(body.get("scene")) or body["scene"] not in SCENES:
            raise WeChatError(40129)
        url = body.get("media_url")
        if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"}:
            raise WeChatError(44002)
        check_author(state, account, body.get("openid"))
        trace_id = state.new_rid()
        verdict = state.picture_verdicts.pop(0) if state.picture_verdicts else PASS
        at, appid, openid = state.timestamp(), account.appid, str(body["openid"])
        state.journal.moderation.append(
            {"at": at, "appid": appid, "media_type": body["media_type"], "trace_id": trace_id}
        )
    # A wrong media type always passes, as in the real service.
    judged = verdict if body["media_type"] == PICTURE else PASS
    submission = _Submission(appid, openid, url, trace_id, judged)
    job = threading.Thread(target=_judge, args=(state, submission), name="fake WeChat push", daemon=True)
    with state.lock:
        state.pushing.append(job)
    job.start()
    return json_reply({"errcode": 0, "errmsg": "ok", "trace_id": trace_id})


@dataclass(frozen=True)
class _Submission:
    appid: str
    openid: str
    url: str
    trace_id: str
    verdict: Verdict


def _judge(state: State, submission: _Submission) -> None:
    content, trace_id, verdict = _fetch(submission.url), submission.trace_id, submission.verdict
    message: dict[str, Any] = {
        "ToUserName": "gh_0000000000demo",
        "FromUserName": submission.openid,
        "CreateTime": int(state.now()),
        "MsgType": "event",
        "Event": "wxa_media_check",
        "appid": submission.appid,
        "trace_id": trace_id,
        "version": VERSION,
        "detail": [],
        "errcode": DOWNLOAD_FAILED,
        "errmsg": "download failed",
    }
    if content is not None:
        found = {"suggest": verdict.suggest, "label": verdict.label}
        model = {"strategy": "content_model", "errcode": 0, "prob": 90, **found}
        message |= {"errcode": 0, "errmsg": "ok", "result": found, "detail": [model]}
    more = {"trace_id": trace_id, "bytes": len(content or b"")}
    push_message(state, state.push, message, appid=submission.appid, form=SAFE_JSON, more=more)


def _fetch(url: str) -> bytes | None:
    if urlsplit(url).hostname not in LOOPBACK:
        return None
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310  http and loopback only
            content: bytes = answer.read(MAX_BYTES + 1)
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return content if 0 < len(content) <= MAX_BYTES else None
