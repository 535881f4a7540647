"""Text moderation version 2: a word list decides, and errcode stays 0 even for a risky text."""

from typing import Any

from miniprogram_api.devtools.fake_wechat.checks import account_by_token, is_int, parse_object, require_method
from miniprogram_api.devtools.fake_wechat.records import Account, Verdict
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply, WeChatError, json_reply

VERSION = 2
MAX_CONTENT = 2500
SCENES = {1, 2, 3, 4}
RECENT_VISIT_S = 2 * 3600
SEVERITY = {"pass": 0, "review": 1, "risky": 2}
PASS = Verdict("pass", 100)
OPTIONAL_TEXTS = ("title", "nickname", "signature")


def msg_sec_check(state: State, call: Call) -> Reply:
    """Judge a text of a user who was in the mini-program within the last two hours."""
    require_method(call, "POST")
    with state.lock:
        account = account_by_token(state, call)
        body = parse_object(call)
        if not is_int(body.get("version")) or body["version"] != VERSION:
            raise WeChatError(40097, "version")
        texts = _texts(body)
        if not is_int(body.get("scene")) or body["scene"] not in SCENES:
            raise WeChatError(40129)
        check_author(state, account, body.get("openid"))
        hits = [
            (word, verdict) for word, verdict in state.words.items() if any(word in text for text in texts)
        ]
        worst = max((verdict for _, verdict in hits), key=lambda v: SEVERITY[v.suggest], default=PASS)
        trace_id = state.new_rid()
        state.journal.moderation.append(
            {
                **body,
                "at": state.timestamp(),
                "appid": account.appid,
                "suggest": worst.suggest,
                "trace_id": trace_id,
            }
        )
        result = {"suggest": worst.suggest, "label": worst.label}
        detail = _detail(hits, worst, state.settings.detail_errcode)
    return json_reply(
        {"errcode": 0, "errmsg": "ok", "result": result, "detail": detail, "trace_id": trace_id}
    )


def _texts(body: dict[str, Any]) -> list[str]:
    content = body.get("content")
    if content is None or content == "":
        raise WeChatError(44002)
    texts = [content, *(body[name] for name in OPTIONAL_TEXTS if body.get(name) is not None)]
    if not all(isinstance(text, str) for text in texts):
        raise WeChatError(47001)
    if len(content) > MAX_CONTENT:
        raise WeChatError(45002)
    return texts


def check_author(state: State, account: Account, openid: object) -> None:
    """40003, 43104 or 61010 for whoever was not in this mini-program within the last two hours."""
    person = state.find_person(account, openid)
    if person is None:
        raise WeChatError(43104 if state.belongs_elsewhere(account, openid) else 40003)
    visited_at = state.membership(person, account.appid).last_visit_at
    if visited_at is None or state.now() - visited_at > RECENT_VISIT_S:
        raise WeChatError(61010)


def _detail(hits: list[tuple[str, Verdict]], worst: Verdict, errcode: int) -> list[dict[str, Any]]:
    """One entry per word that hit, then the model's; an entry with its own errcode carries no verdict."""
    entries: list[dict[str, Any]] = [
        {
            "strategy": "keyword",
            "errcode": 0,
            "suggest": v.suggest,
            "label": v.label,
            "keyword": word,
            "level": 90,
        }
        for word, v in hits
    ]
    if errcode:
        return [*entries, {"strategy": "content_model", "errcode": errcode}]
    model = {
        "strategy": "content_model",
        "errcode": 0,
        "suggest": worst.suggest,
        "label": worst.label,
        "prob": 90,
    }
    return [*entries, model]
