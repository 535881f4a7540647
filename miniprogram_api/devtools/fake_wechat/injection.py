"""Carrying out a planned fault around the effect of a call, so that a real client sees it on the wire."""

from collections.abc import Callable
from dataclasses import replace

from miniprogram_api.devtools.fake_wechat.faults import Fault, FaultKind, When
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply, Reset, error_reply, json_reply

HTML_TYPE = "text/html; charset=utf-8"
HTML_PAGE = "<!DOCTYPE html><html><head><title>提示</title></head><body>系统繁忙</body></html>".encode()
BAD_GATEWAY_PAGE = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
MISSING_BYTES = 64
DEFAULT_ERRCODE = -1

Effect = Callable[[], Reply]


def answer_with_fault(state: State, fault: Fault, call: Call, effect: Effect) -> Reply | Reset:
    """What goes back to the client; `effect` is run at most once, and not at all for a fault before it."""
    match fault.kind:
        case FaultKind.ERRCODE | FaultKind.PERMANENT_40001:
            default = 40001 if fault.kind is FaultKind.PERMANENT_40001 else DEFAULT_ERRCODE
            return error_reply(default if fault.errcode is None else fault.errcode, call.rid)
        case FaultKind.LATENCY:
            return _late(state, fault, effect)
        case FaultKind.TOKEN_ROTATED:
            _rotate_token_of(state, call)
            return effect()
        case FaultKind.SHORT_EXPIRES_IN:
            return _short_lived(state, fault, effect())
        case FaultKind.STRING_ERRCODE | FaultKind.MISSING_ERRMSG:
            return _misshapen(fault, call, effect)
        case _:
            return _broken_transport(fault, effect)


def _late(state: State, fault: Fault, effect: Effect) -> Reply:
    if fault.when is When.BEFORE:
        state.pause(fault.seconds)
        return effect()
    reply = effect()
    state.pause(fault.seconds)
    return reply


def _broken_transport(fault: Fault, effect: Effect) -> Reply | Reset:
    reply = effect() if fault.when is When.AFTER else json_reply({"errcode": 0, "errmsg": "ok"})
    match fault.kind:
        case FaultKind.RESET:
            return Reset()
        case FaultKind.TRUNCATED:
            half = reply.body[: len(reply.body) // 2]
            return replace(reply, body=half, announced_length=len(reply.body) + MISSING_BYTES)
        case FaultKind.HTML:
            return Reply(body=HTML_PAGE, content_type=HTML_TYPE)
        case FaultKind.BAD_GATEWAY:
            return Reply(body=BAD_GATEWAY_PAGE, content_type=HTML_TYPE, status=502)
        case _:
            return Reply(body=b"")


def _misshapen(fault: Fault, call: Call, effect: Effect) -> Reply:
    """A reply of the wrong form: of an error when an errcode was asked for, else of the true outcome."""
    errcode = fault.errcode
    if fault.kind is FaultKind.MISSING_ERRMSG:
        return json_reply({"errcode": DEFAULT_ERRCODE if errcode is None else errcode})
    reply = effect() if errcode is None else error_reply(errcode, call.rid)
    if reply.payload is None:
        return reply
    return json_reply({**reply.payload, "errcode": str(reply.errcode)}, reply.content_type)


def _rotate_token_of(state: State, call: Call) -> None:
    with state.lock:
        token = state.tokens.find(call.query.get("access_token", ""))
        if token is not None:
            state.tokens.rotate(token.appid, token.kind, state.now())


def _short_lived(state: State, fault: Fault, reply: Reply) -> Reply:
    payload = reply.payload or {}
    if "access_token" not in payload:
        return reply
    with state.lock:
        state.tokens.shorten(payload["access_token"], fault.expires_in, state.now())
    return json_reply({**payload, "expires_in": fault.expires_in}, reply.content_type)
