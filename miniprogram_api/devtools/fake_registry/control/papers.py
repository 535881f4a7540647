"""Control calls about what the registry received: events, corrections, objections and their states."""

from typing import Any

from miniprogram_api.devtools.fake_registry.control.routes import Route
from miniprogram_api.devtools.fake_registry.desk import CORRECTION_STATES, OBJECTION_STATES, Paper
from miniprogram_api.devtools.fake_registry.state import State
from miniprogram_api.devtools.inputs import ControlError, Inputs, invalid


def list_received(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """The events, corrections and objections that reached the registry, the oldest first."""
    desk = state.desk
    return {
        "events": list(desk.events.values()),
        "corrections": list(desk.corrections.values()),
        "objections": list(desk.objections.values()),
    }


def decide_correction(state: State, correction_id: str, inputs: Inputs) -> dict[str, Any]:
    """Bring a correction to a state, with an answer; what is applied is published by a PUT of the project."""
    return _decide(state, state.desk.corrections.get(correction_id), inputs, CORRECTION_STATES)


def decide_objection(state: State, objection_id: str, inputs: Inputs) -> dict[str, Any]:
    """Bring an objection to a state, with an answer."""
    return _decide(state, state.desk.objections.get(objection_id), inputs, OBJECTION_STATES)


def add_inbox_secret(state: State, _: str, inputs: Inputs) -> dict[str, Any]:
    """Verify what comes to the inbox with this `whsec_…` secret, too."""
    secret = inputs.text("secret")
    if not secret.startswith("whsec_"):
        raise invalid("secret", "must begin with whsec_")
    state.accept_inbox_secret(secret)
    return {"secrets": len(state.inbox_secrets)}


def _decide(state: State, paper: Paper | None, inputs: Inputs, states: tuple[str, ...]) -> dict[str, Any]:
    if paper is None:
        raise ControlError(404, "no such paper; GET /_fake/received lists them")
    answer = inputs.text("answer") if inputs.has("answer") else None
    state.desk.decide(paper, inputs.choice("state", states), answer, state.timestamp())
    return paper


ROUTES = (
    Route("GET", "/received", list_received),
    Route("PUT", "/corrections/{id}", decide_correction, ("state", "answer")),
    Route("PUT", "/objections/{id}", decide_objection, ("state", "answer")),
    Route("POST", "/inbox-secrets", add_inbox_secret, ("secret",)),
)
