"""Control calls for accidents, time, keys and evidence: faults, clock, doorbell, epoch, reset."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc.errors import JoseError

from miniprogram_api.devtools.fake_registry.control.routes import Route
from miniprogram_api.devtools.fake_registry.demo import DEMO_CLIENT_ID
from miniprogram_api.devtools.fake_registry.endpoints import BASE, ENDPOINTS
from miniprogram_api.devtools.fake_registry.faults import (
    ALIASES,
    ANY_PATH,
    DOORBELL,
    OF_THE_DOORBELL,
    Fault,
)
from miniprogram_api.devtools.fake_registry.state import State
from miniprogram_api.devtools.inputs import Inputs, invalid

FOREVER = ("forever", "for_ever", -1)
MAX_TIMES = 10**6
MAX_SECONDS = 10 * 366 * 86_400
FAULT_FIELDS = ("path", "fault", "times", "skip", "when", "seconds", "project_id", "field", "value")


def plan(state: State, values: Mapping[str, Any]) -> dict[str, Any]:
    """Plan the fault that the values describe. Raises ControlError."""
    fault = _read_fault(Inputs(dict(values)))
    with state.lock:
        state.faults.add(fault)
    return fault.describe()


def plan_fault(state: State, _: str, inputs: Inputs) -> dict[str, Any]:
    """Let the next calls of a path go wrong: times is a number or "forever", 1 unless said otherwise."""
    fault = _read_fault(inputs)
    state.faults.add(fault)
    return fault.describe()


def list_faults(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """The faults still to come, every name a fault may have, every path."""
    return {
        "faults": [fault.describe() for fault in state.faults.planned],
        "known": sorted(ALIASES),
        "paths": [endpoint.path for endpoint in ENDPOINTS] + [DOORBELL, ANY_PATH],
    }


def clear_faults(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """Nothing goes wrong any more."""
    return {"cleared": state.faults.clear()}


def advance_clock(state: State, _: str, inputs: Inputs) -> dict[str, Any]:
    """Move the virtual clock by advance_s seconds, back too, or to the instant `now` (RFC 3339)."""
    if inputs.has("now"):
        try:
            state.advance(datetime.fromisoformat(inputs.text("now")).timestamp() - state.now())
        except (ValueError, OverflowError):
            raise invalid("now", "must be an instant in RFC 3339") from None
    else:
        state.advance(inputs.number("advance_s", low=-MAX_SECONDS, high=MAX_SECONDS))
    return read_clock(state, "", inputs)


def read_clock(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """The virtual time and how far it is ahead."""
    return {"now": state.timestamp(), "offset_s": state.offset_s}


def begin_epoch(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """A new feed epoch: what was not read yet is told by snapshots only."""
    return {"feed_epoch": state.begin_epoch()}


def set_doorbell(state: State, _: str, inputs: Inputs) -> dict[str, Any]:
    """Ring at another address; null rings nowhere."""
    state.doorbell.url = inputs.text("url") if inputs.has("url") else None
    return {"url": state.doorbell.url}


def read_doorbell(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """Where it rings, and every attempt."""
    return {"url": state.doorbell.url, "deliveries": list(state.doorbell.deliveries)}


def add_key(state: State, _: str, inputs: Inputs) -> dict[str, Any]:
    """Register a public JWK of our client, for `private_key_jwt`."""
    jwk = inputs.raw("jwk")
    try:
        state.credentials.add_key(DEMO_CLIENT_ID, jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        raise invalid("jwk", "must be a public JWK") from None
    return {"keys": len(state.credentials.clients[DEMO_CLIENT_ID].keys)}


def revoke_tokens(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """Every token that was given out dies."""
    return {"revoked": state.credentials.revoke_all()}


def reset(state: State, _: str, inputs: Inputs) -> dict[str, Any]:
    """No faults, real time, nothing received; with `everything` no projects either, and a new epoch."""
    state.reset(everything=inputs.flag("everything", default=False))
    return {"ok": True}


def _read_fault(inputs: Inputs) -> Fault:
    name = inputs.text("fault").lower().replace("-", "_")
    if name not in ALIASES:
        raise invalid("fault", f"unknown; known are {', '.join(sorted(ALIASES))}")
    kind, path = ALIASES[name], _read_path(inputs)
    if path == DOORBELL and kind not in OF_THE_DOORBELL:
        raise invalid("fault", f"the doorbell knows {', '.join(sorted(OF_THE_DOORBELL))}")
    when = inputs.choice("when", ("before", "after")) if inputs.has("when") else "before"
    return Fault(
        path=path,
        kind=kind,
        remaining=_read_times(inputs),
        skip=inputs.integer("skip", low=0, high=MAX_TIMES, default=0),
        after=when == "after",
        seconds=inputs.number("seconds", low=-MAX_SECONDS, high=MAX_SECONDS, default=0),
        project_id=inputs.text("project_id") if inputs.has("project_id") else None,
        field=inputs.text("field") if inputs.has("field") else "lifecycle",
        value=inputs.raw("value"),
    )


def _read_path(inputs: Inputs) -> str:
    path = inputs.text("path").removeprefix(BASE)
    served = any(endpoint.match(endpoint.method, path) is not None for endpoint in ENDPOINTS)
    if served or path in {ANY_PATH, DOORBELL}:
        return path
    raise invalid("path", f"known are {', '.join(endpoint.path for endpoint in ENDPOINTS)}, doorbell, *")


def _read_times(inputs: Inputs) -> int | None:
    times = inputs.raw("times")
    if times is None:
        return None if inputs.given("times") else 1
    if times in FOREVER:
        return None
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= MAX_TIMES:
        raise invalid("times", f'must be a whole number from 1 to {MAX_TIMES}, or "forever"')
    return times


ROUTES = (
    Route("GET", "/faults", list_faults),
    Route("POST", "/faults", plan_fault, FAULT_FIELDS),
    Route("DELETE", "/faults", clear_faults),
    Route("GET", "/clock", read_clock),
    Route("POST", "/clock", advance_clock, ("advance_s", "now")),
    Route("POST", "/epoch", begin_epoch),
    Route("GET", "/doorbell", read_doorbell),
    Route("PUT", "/doorbell", set_doorbell, ("url",)),
    Route("POST", "/keys", add_key, ("jwk",)),
    Route("DELETE", "/tokens", revoke_tokens),
    Route("POST", "/reset", reset, ("everything",)),
)
