"""Control calls for accidents, time and evidence: faults, clock, settings, logs, counts, reset."""

from dataclasses import asdict, replace
from typing import Any

from miniprogram_api.devtools.fake_wechat.control.routes import Route
from miniprogram_api.devtools.fake_wechat.endpoints import ENDPOINTS
from miniprogram_api.devtools.fake_wechat.faults import (
    ALIASES,
    ANY_PATH,
    DEFAULT_WHEN,
    Fault,
    FaultKind,
    When,
    parse_name,
)
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.inputs import Inputs, invalid

FOREVER = ("forever", "for_ever")
MAX_TIMES = 10**6
MAX_SECONDS = 600
MAX_ADVANCE_S = 10 * 366 * 86400
MAX_OFFSET_S = 50 * 366 * 86400
TOKEN_PATHS = ("/cgi-bin/token", "/cgi-bin/stable_token")
FAULT_FIELDS = (
    "path",
    "fault",
    "times",
    "when",
    "errcode",
    "seconds",
    "expires_in",
    "probability",
    "match",
    "skip",
)


def plan_fault(state: State, inputs: Inputs) -> dict[str, Any]:
    """Let the next calls of a path go wrong: times is a number or "forever" (-1), 1 unless said otherwise."""
    fault = _read_fault(inputs)
    state.faults.add(fault)
    return fault.describe()


def list_faults(state: State, _inputs: Inputs) -> dict[str, Any]:
    """The faults still to come, and every name a fault may have."""
    return {"faults": [fault.describe() for fault in state.faults.planned], "known": sorted(ALIASES)}


def clear_faults(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Nothing goes wrong any more."""
    return {"cleared": state.faults.clear()}


def advance_clock(state: State, inputs: Inputs) -> dict[str, Any]:
    """Move the virtual clock forward by advance_s seconds."""
    seconds = inputs.number("advance_s", low=0, high=MAX_ADVANCE_S)
    if state.offset_s + seconds > MAX_OFFSET_S:
        raise invalid("advance_s", "the clock would stand more than fifty years ahead; reset it first")
    state.advance(seconds)
    return read_clock(state, inputs)


def read_clock(state: State, _inputs: Inputs) -> dict[str, Any]:
    """The virtual time and how far it is ahead."""
    return {"now": state.timestamp(), "offset_s": state.offset_s}


def change_settings(state: State, inputs: Inputs) -> dict[str, Any]:
    """Choose among behaviours the documents leave open."""
    changes: dict[str, Any] = {}
    if inputs.has("stale_token_errcode"):
        code = inputs.integer("stale_token_errcode", low=0, high=99999)
        if code not in {40001, 40014, 42001}:
            raise invalid("stale_token_errcode", "must be 40001, 40014 or 42001")
        changes["stale_token_errcode"] = code
    if inputs.has("thing_units"):
        changes["thing_units"] = inputs.choice("thing_units", ("utf16", "codepoints"))
    if inputs.has("country_code_type"):
        changes["country_code_type"] = inputs.choice("country_code_type", ("string", "number"))
    if inputs.has("delivery_s"):
        changes["delivery_s"] = inputs.number("delivery_s", low=0, high=MAX_SECONDS)
    if inputs.has("detail_errcode"):
        changes["detail_errcode"] = inputs.integer("detail_errcode", low=-99999, high=99999)
    if inputs.has("publish_s"):
        changes["publish_s"] = inputs.number("publish_s", low=0, high=MAX_SECONDS)
    if inputs.has("publish_held"):
        changes["publish_held"] = inputs.flag("publish_held", default=False)
    state.settings = replace(state.settings, **changes)
    return asdict(state.settings)


def read_settings(state: State, _inputs: Inputs) -> dict[str, Any]:
    """The present settings."""
    return asdict(state.settings)


def read_logs(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Every WeChat call with its verdict and rid, secrets masked, oldest first."""
    return {"requests": list(state.journal.requests)}


def clear_logs(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Forget the request log, the counts and the unexpected calls."""
    journal = state.journal
    dropped = len(journal.requests)
    journal.requests.clear()
    journal.unexpected.clear()
    journal.counts.clear()
    return {"cleared": dropped}


def read_counts(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Calls that arrived per path, faulted ones included."""
    return {"counts": dict(state.journal.counts), "total": state.journal.counts.total()}


def read_unexpected(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Calls to paths this fake does not serve; a test should find none."""
    return {"unexpected": list(state.journal.unexpected)}


def clear_unexpected(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Forget the unexpected calls."""
    dropped = len(state.journal.unexpected)
    state.journal.unexpected.clear()
    return {"cleared": dropped}


def reset(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Back to the beginning: demo account, no persons, no faults, real time."""
    state.reset()
    return {"ok": True}


def _read_fault(inputs: Inputs) -> Fault:
    path = inputs.choice("path", (*ENDPOINTS, ANY_PATH))
    name = inputs.text("fault")
    parsed = parse_name(name)
    if parsed is None:
        raise invalid("fault", f"unknown; known are {', '.join(sorted(ALIASES))}, errcode:<number>")
    kind, when, errcode = parsed
    if inputs.has("when"):
        when = When(inputs.choice("when", When))
    if inputs.has("errcode"):
        errcode = inputs.integer("errcode", low=-99999, high=99_999_999)
    if kind is FaultKind.SHORT_EXPIRES_IN and path not in (*TOKEN_PATHS, ANY_PATH):
        raise invalid("path", f"short_expires_in fits {' and '.join(TOKEN_PATHS)} only")
    return Fault(
        path=path,
        kind=kind,
        when=when or DEFAULT_WHEN.get(kind, When.BEFORE),
        remaining=_read_times(inputs, kind),
        skip=inputs.integer("skip", low=0, high=MAX_TIMES, default=0),
        probability=inputs.number("probability", low=0, high=1, default=1),
        match=_read_match(inputs),
        errcode=errcode,
        seconds=inputs.number("seconds", low=0, high=MAX_SECONDS, default=30),
        expires_in=inputs.integer("expires_in", low=1, high=7200, default=60),
    )


def _read_times(inputs: Inputs, kind: FaultKind) -> int | None:
    times = inputs.raw("times")
    if times is None:
        return None if inputs.given("times") or kind is FaultKind.PERMANENT_40001 else 1
    if times in FOREVER or (times == -1 and not isinstance(times, float)):
        return None
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= MAX_TIMES:
        raise invalid("times", f'must be a whole number from 1 to {MAX_TIMES}, or "forever"')
    return times


def _read_match(inputs: Inputs) -> dict[str, str]:
    match = inputs.raw("match")
    if match is None:
        return {}
    if not isinstance(match, dict) or not all(isinstance(value, str | int) for value in match.values()):
        raise invalid("match", "must be an object of query or body field to the wanted value")
    return {key: str(value) for key, value in match.items()}


ROUTES = (
    Route("GET", "/faults", list_faults),
    Route("POST", "/faults", plan_fault, FAULT_FIELDS),
    Route("DELETE", "/faults", clear_faults),
    Route("GET", "/clock", read_clock),
    Route("POST", "/clock", advance_clock, ("advance_s",)),
    Route("GET", "/settings", read_settings),
    Route(
        "POST",
        "/settings",
        change_settings,
        (
            "stale_token_errcode",
            "thing_units",
            "country_code_type",
            "delivery_s",
            "detail_errcode",
            "publish_s",
            "publish_held",
        ),
    ),
    Route("GET", "/logs", read_logs),
    Route("DELETE", "/logs", clear_logs),
    Route("GET", "/counts", read_counts),
    Route("GET", "/unexpected", read_unexpected),
    Route("DELETE", "/unexpected", clear_unexpected),
    Route("POST", "/reset", reset),
)
