"""Carrying out a planned fault around the effect of a call, so that a real client sees it on the wire."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from miniprogram_api.devtools.fake_registry.faults import AFTER_EFFECT, Fault, FaultKind
from miniprogram_api.devtools.fake_registry.records import Record, digest_of
from miniprogram_api.devtools.fake_registry.state import State
from miniprogram_api.devtools.fake_registry.wire import Call, Problem, Reply, Reset, encode, json_reply

HTML_TYPE = "text/html; charset=utf-8"
HTML_PAGE = "<!DOCTYPE html><html><head><title>提示</title></head><body>系统维护中</body></html>".encode()
MISSING_BYTES = 64
RETRY_AFTER_S = 1
DEFAULT_SKEW_S = 86_400

Effect = Callable[[], Reply]


def answer_with_fault(state: State, fault: Fault, call: Call, effect: Effect) -> Reply | Reset:
    """What goes back to the client; `effect` is run at most once. Raises Problem where the fault is one."""
    match fault.kind:
        case FaultKind.SLOW:
            state.pause(fault.seconds or 1)
            return effect()
        case FaultKind.EPOCH_RESET:
            state.begin_epoch()
            return effect()
        case FaultKind.CURSOR_EXPIRED:
            raise Problem("cursor_expired", "take a snapshot and go on from its resume_cursor")
        case FaultKind.CLOCK_SKEW:
            return _skewed(effect(), fault.seconds or DEFAULT_SKEW_S)
        case FaultKind.LYING_ETAG:
            return _lying(call, effect())
        case _:
            if fault.after or fault.kind in AFTER_EFFECT:
                return _refused_or_broken(state, fault, effect())
            return _refused_or_broken(state, fault, None)


def spoil_records(fault: Fault, reply: Reply) -> Reply:
    """A page whose records went wrong on their way, or one project's record."""
    payload = reply.payload or {}
    if "items" not in payload:
        if fault.kind in {FaultKind.DROP, FaultKind.DUPLICATE, FaultKind.REORDER}:
            return reply
        return json_reply(_spoilt(fault, payload)[-1], headers=reply.headers)
    items = list(payload["items"])
    if fault.kind is FaultKind.REORDER:
        items.reverse()
    else:
        items = [one for item in items for one in (_spoilt(fault, item) if _meant(fault, item) else [item])]
    return json_reply(payload | {"items": items}, headers=reply.headers)


def project_ids_in(reply: Reply) -> set[str]:
    """Whose records a reply carries."""
    payload = reply.payload or {}
    items = payload.get("items", [payload])
    return {item["project_id"] for item in items if "project_id" in item and "version" in item}


def _meant(fault: Fault, item: Record) -> bool:
    return fault.project_id in {None, item["project_id"]}


def _spoilt(fault: Fault, record: Record) -> list[Record]:
    match fault.kind:
        case FaultKind.DROP:
            return []
        case FaultKind.DUPLICATE:
            return [record, record]
        case FaultKind.STALE:
            return [record, record | {"version": max(record["version"] - 1, 1)}]
        case FaultKind.CONFLICT:
            return [record, _changed(record, {"name": f"{_name(record)}（另一内容）"})]
        case FaultKind.SCHEMA_INVALID:
            return [_changed(record, {fault.field: fault.value})]
        case _:
            return [record | {"digest": digest_of({"not": record["digest"]})}]


def _name(record: Record) -> str:
    return str((record.get("data") or {}).get("name", ""))


def _changed(record: Record, values: dict[str, Any]) -> Record:
    """The record with other data, whose digest fits again; in the digest view only the digest differs."""
    if "data" not in record:
        return record | {"digest": digest_of(values)}
    data = copy.deepcopy(record["data"]) or {}
    data |= values
    return record | {"data": data, "digest": digest_of(data)}


def _refused_or_broken(state: State, fault: Fault, done: Reply | None) -> Reply | Reset:
    waiting = {"Retry-After": str(max(int(fault.seconds), RETRY_AFTER_S))}
    match fault.kind:
        case FaultKind.SERVER_ERROR:
            return Reply(encode({"error": "internal"}), status=500)
        case FaultKind.UNAVAILABLE:
            raise Problem("upstream_unavailable", "try again later", headers=waiting)
        case FaultKind.RATE_LIMITED:
            raise Problem("rate_limited", "60 calls a minute", headers=waiting)
        case FaultKind.AUTH_INVALID:
            state.credentials.revoke_all()
            raise Problem("auth_invalid", "the token was revoked", headers={"WWW-Authenticate": "Bearer"})
        case FaultKind.HTML:
            return Reply(HTML_PAGE, content_type=HTML_TYPE)
        case FaultKind.EMPTY:
            return Reply(b"")
        case FaultKind.TRUNCATED:
            body = (done or json_reply({"items": []})).body
            return Reply(body[: len(body) // 2], announced_length=len(body) + MISSING_BYTES)
        case _:
            return Reset()


def _skewed(reply: Reply, seconds: float) -> Reply:
    """Every instant of the reply off by so much."""
    payload = dict(reply.payload or {})
    if "as_of" in payload:
        payload["as_of"] = _moved(payload["as_of"], seconds)
    if "occurred_at" in payload:
        payload["occurred_at"] = _moved(payload["occurred_at"], seconds)
    if "items" in payload:
        payload["items"] = [
            item | {"occurred_at": _moved(item["occurred_at"], seconds)} if "occurred_at" in item else item
            for item in payload["items"]
        ]
    return json_reply(payload, headers=reply.headers)


def _moved(text: str, seconds: float) -> str:
    return (datetime.fromisoformat(text) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def _lying(call: Call, reply: Reply) -> Reply:
    """Unchanged, whatever the truth is; to somebody who holds nothing, the tag of another content."""
    held = call.headers.get("if-none-match")
    if held:
        return Reply(b"", status=304, headers={"ETag": held})
    version = (reply.payload or {}).get("version", 0)
    return replace(reply, headers={**reply.headers, "ETag": f'"v{version}-{digest_of(None)}"'})
