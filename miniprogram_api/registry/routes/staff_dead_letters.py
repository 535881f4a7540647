"""The desk of dead letters: records of the registry that could not be taken over."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.models.dead_letters import DeadLetter
from miniprogram_api.registry.queries.dead_letters import get_dead_letter, list_dead_letters
from miniprogram_api.registry.schemas import dead_letters as wire
from miniprogram_api.registry.service import dead_letter_desk as desk
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes(
    "staff-dead-letters",
    __name__,
    url_prefix="/api/staff/v1/registry",
    description="Records that could not be taken over",
)

_VIEW, _MANAGE = "registry.view", "registry.manage"
_ONE = "/dead-letters/<string:letter_id>"


@blp.get("/dead-letters")
@requires(_VIEW)
@blp.arguments(wire.DeadLetterQuery, location="query")
@blp.response(HTTPStatus.OK, wire.DeadLetterPage, example={"items": [wire.LETTER], "next_cursor": None})
def list_letters(query: dict[str, Any]) -> Any:
    """The dead letters, the oldest first."""
    with reading() as session:
        return list_dead_letters(session, **query)


@blp.get(_ONE)
@requires(_VIEW)
@blp.response(HTTPStatus.OK, wire.FullDeadLetterView, example=wire.FULL_LETTER)
def get_letter(letter_id: str) -> DeadLetter:
    """One dead letter with the record as it came."""
    with reading() as session:
        return get_dead_letter(session, parse_id(letter_id))


@blp.post(f"{_ONE}/replay")
@requires(_MANAGE)
@blp.arguments(wire.DeadLetterReasonBody, example=wire.REASON)
@blp.response(HTTPStatus.OK, wire.ReplayedView, example=wire.REPLAYED)
def replay_letter(body: dict[str, Any], letter_id: str) -> dict[str, Any]:
    """Take the record over again. `dead` or `frozen` mean that it is still in the way."""
    with atomic() as session:
        letter, outcome = desk.replay(
            session, parse_id(letter_id), actor=current_actor(), now=clock.now(), **body
        )
        shown = {name: getattr(letter, name) for name in wire.DeadLetterView().fields}
    return {**shown, "outcome": outcome.value}


@blp.post(f"{_ONE}/discard")
@requires(_MANAGE)
@blp.arguments(wire.DeadLetterReasonBody, example=wire.REASON)
@blp.response(HTTPStatus.OK, wire.DeadLetterView, example=wire.LETTER)
def ask_to_discard_letter(body: dict[str, Any], letter_id: str) -> DeadLetter:
    """Ask for the record to be dropped for good."""
    with atomic() as session:
        return desk.ask_discard(session, parse_id(letter_id), actor=current_actor(), **body)


@blp.post(f"{_ONE}/discard/confirm")
@requires(_MANAGE)
@blp.response(HTTPStatus.OK, wire.DeadLetterView, example={**wire.LETTER, "state": "discarded"})
def confirm_discard_of_letter(letter_id: str) -> DeadLetter:
    """Agree to the discard that another person asked for."""
    with atomic() as session:
        return desk.confirm_discard(session, parse_id(letter_id), actor=current_actor(), now=clock.now())
