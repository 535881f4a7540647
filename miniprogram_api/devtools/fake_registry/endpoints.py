"""Contract A as the provider serves it: every call is one row of `ENDPOINTS`."""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from miniprogram_api.devtools.fake_registry.feed import snapshot_page
from miniprogram_api.devtools.fake_registry.records import new_project
from miniprogram_api.devtools.fake_registry.state import State
from miniprogram_api.devtools.fake_registry.wire import (
    Call,
    OAuthRefusal,
    Problem,
    Reply,
    json_reply,
    parse_object,
)

BASE = "/registry/v1"
DEFAULT_LIMIT, MOST_LIMIT = 100, 500
TOLERANCE_S = 300
_OWNED = frozenset(new_project("")) - {"project_id"}

Handler = Callable[[State, Call, str], Reply]


@dataclass(frozen=True)
class Endpoint:
    """A method and a path below the base; `scope` None means that the handler looks for itself."""

    method: str
    path: str
    scope: str | None
    handler: Handler

    def match(self, method: str, path: str) -> str | None:
        """What stands for the placeholder of the path, "" without one; None when another call is meant."""
        pattern = re.sub(r"\{\w+\}", "([^/]+)", self.path)
        found = re.fullmatch(pattern, path) if method == self.method else None
        return None if found is None else (found.group(1) if found.groups() else "")


def give_token(state: State, call: Call, _: str) -> Reply:
    """Client credentials by secret or by a signed assertion."""
    try:
        granted = state.credentials.grant(call)
    except OAuthRefusal as refusal:
        told = {"error": refusal.error, "error_description": refusal.description}
        return json_reply(told, status=refusal.status, headers={"Cache-Control": "no-store"})
    return json_reply(granted, headers={"Cache-Control": "no-store"})


def list_changes(state: State, call: Call, _: str) -> Reply:
    """A page of the feed; an empty one keeps the cursor."""
    items, cursor, has_more = state.feed.page(call.query.get("cursor") or None, _limit(call), state.now())
    payload = {
        "feed_epoch": state.feed.epoch,
        "items": items,
        "next_cursor": cursor,
        "has_more": has_more,
        "as_of": state.timestamp(),
    }
    return json_reply(payload, headers=_link(call, cursor if has_more else None))


def list_snapshot(state: State, call: Call, _: str) -> Reply:
    """A page of a snapshot, new or taken earlier."""
    wanted, view = call.query.get("snapshot", "new"), call.query.get("view", "full")
    if view not in {"full", "digest"}:
        raise Problem("schema_invalid", "view is full or digest", errors=[{"field": "view"}])
    now = state.now()
    snapshot = state.feed.take_snapshot(now) if wanted == "new" else state.feed.snapshot(wanted, now)
    cursor = call.query.get("cursor") or None
    items, following = snapshot_page(snapshot, cursor, _limit(call), digests_only=view == "digest")
    payload = {
        "snapshot": snapshot.id,
        "feed_epoch": snapshot.epoch,
        "resume_cursor": snapshot.resume_cursor,
        "items": items,
        "next_cursor": following,
        "as_of": state.timestamp(),
    }
    return json_reply(payload, headers=_link(call, following, snapshot=snapshot.id))


def get_project(state: State, call: Call, project_id: str) -> Reply:
    """The last record: 304 when unchanged, 410 with the record under a tombstone."""
    record = state.feed.latest.get(project_id)
    if record is None:
        raise Problem("not_found", "no such project")
    etag = f'"v{record["version"]}-{record["digest"]}"'
    if record["op"] == "tombstone":
        return json_reply(record, status=410, headers={"ETag": etag})
    return _conditional(call, etag, record)


def get_dictionary(state: State, call: Call, name: str) -> Reply:
    """One dictionary of codes."""
    dictionary = state.dictionaries.get(name)
    if dictionary is None:
        raise Problem("not_found", "no such dictionary")
    return _conditional(call, f'"{name}-{dictionary["dictionary_version"]}"', dictionary)


def file_correction(state: State, call: Call, _: str) -> Reply:
    """Take a request for correction in, once for each key."""
    body = parse_object(call.body)
    _require(body, "project_id", "field")
    if body["field"].partition(".")[0] not in _OWNED:
        raise Problem("field_not_owned", "the registry does not own this field", errors=[{"field": "field"}])
    _require_project(state, body["project_id"])
    paper = state.desk.file_correction(body, key=_key(call), at=state.timestamp())
    return json_reply({name: paper[name] for name in ("correction_id", "state")}, status=201)


def get_correction(state: State, _: Call, correction_id: str) -> Reply:
    """What became of a correction."""
    return _state_of(state.desk.corrections, correction_id, "correction_id")


def file_objection(state: State, call: Call, _: str) -> Reply:
    """Take an objection and its files in, once for each key."""
    content = call.form.get("objection") or next(
        (part.content.decode("utf-8", "replace") for part in call.parts if part.field == "objection"), ""
    )
    body = parse_object(content.encode())
    _require(body, "project_id", "title", "text")
    _require_project(state, body["project_id"])
    files = [part for part in call.parts if part.field == "file"]
    paper = state.desk.file_objection(body, files, key=_key(call), at=state.timestamp())
    return json_reply({name: paper[name] for name in ("objection_id", "state")}, status=201)


def get_objection(state: State, _: Call, objection_id: str) -> Reply:
    """What became of an objection."""
    return _state_of(state.desk.objections, objection_id, "objection_id")


def take_event(state: State, call: Call, _: str) -> Reply:
    """The inbox: a signed event is accepted, not processed."""
    webhook_id, timestamp = (call.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp"))
    if not (webhook_id and timestamp.isdecimal() and abs(int(timestamp) - state.now()) <= TOLERANCE_S):
        raise Problem("auth_invalid", "the signature's id or time is not valid")
    at, text = datetime.fromtimestamp(int(timestamp), UTC), call.body.decode("utf-8", "replace")
    given = call.headers.get("webhook-signature", "").split()
    known = [Webhook(secret).sign(webhook_id, at, text) for secret in state.inbox_secrets]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in known):
        raise Problem("auth_invalid", "no signature is valid")
    state.desk.receive(webhook_id, parse_object(call.body), state.timestamp())
    return json_reply({"accepted": True}, status=202)


def shake_hands(state: State, call: Call, _: str) -> Reply:
    """The CloudEvents handshake: whoever asks may send."""
    origin = call.headers.get("webhook-request-origin")
    if not origin:
        raise Problem("schema_invalid", "WebHook-Request-Origin is missing")
    headers = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "60", "Allow": "POST, OPTIONS"}
    return Reply(b"", headers=headers)


ENDPOINTS = (
    Endpoint("POST", "/oauth/token", None, give_token),
    Endpoint("GET", "/projects/changes", "projects.read", list_changes),
    Endpoint("GET", "/projects", "projects.read", list_snapshot),
    Endpoint("GET", "/projects/{id}", "projects.read", get_project),
    Endpoint("GET", "/dictionaries/{name}", "projects.read", get_dictionary),
    Endpoint("POST", "/corrections", "corrections.write", file_correction),
    Endpoint("GET", "/corrections/{id}", "corrections.write", get_correction),
    Endpoint("POST", "/objections", "corrections.write", file_objection),
    Endpoint("GET", "/objections/{id}", "corrections.write", get_objection),
    Endpoint("POST", "/inbox", None, take_event),
    Endpoint("OPTIONS", "/inbox", None, shake_hands),
)


def answer(state: State, call: Call) -> Reply:
    """Serve a call under the lock. Raises Problem."""
    for endpoint in ENDPOINTS:
        found = endpoint.match(call.method, call.path)
        if found is not None:
            with state.lock:
                if endpoint.scope is not None:
                    state.credentials.check(call, endpoint.scope)
                return endpoint.handler(state, call, found)
    raise Problem("not_found", "no such call")


def _limit(call: Call) -> int:
    text = call.query.get("limit", str(DEFAULT_LIMIT))
    if not text.isdecimal() or int(text) < 1:
        raise Problem("schema_invalid", "limit is a number from 1", errors=[{"field": "limit"}])
    return min(int(text), MOST_LIMIT)


def _link(call: Call, cursor: str | None, **more: str) -> dict[str, str]:
    if cursor is None:
        return {}
    kept = {name: value for name, value in call.query.items() if name not in {"cursor", "snapshot"}}
    query = "&".join(f"{name}={value}" for name, value in (kept | more | {"cursor": cursor}).items())
    return {"Link": f'<{BASE}{call.path}?{query}>; rel="next"'}


def _conditional(call: Call, etag: str, payload: dict[str, Any]) -> Reply:
    asked = {item.strip() for item in call.headers.get("if-none-match", "").split(",")}
    if etag in asked or "*" in asked:
        return Reply(b"", status=304, headers={"ETag": etag})
    return json_reply(payload, headers={"ETag": etag})


def _require(body: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if not isinstance(body.get(name), str) or not body[name].strip()]
    if missing:
        raise Problem("schema_invalid", "a field is missing", errors=[{"field": name} for name in missing])


def _require_project(state: State, project_id: str) -> None:
    if project_id not in state.feed.latest:
        raise Problem("schema_invalid", "no such project", errors=[{"field": "project_id"}])


def _key(call: Call) -> str:
    key = call.headers.get("idempotency-key", "")
    if not key:
        raise Problem("schema_invalid", "Idempotency-Key is missing")
    return key


def _state_of(papers: Mapping[str, dict[str, Any]], paper_id: str, id_name: str) -> Reply:
    if paper_id not in papers:
        raise Problem("not_found", "no such paper")
    return json_reply(
        {name: papers[paper_id][name] for name in (id_name, "state", "answer", "decided_at")},
        headers={"Cache-Control": "no-store"},
    )
