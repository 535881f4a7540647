"""Objections on their way to the registry and back: sent under their own id as the key, twice is once.

Claimed by a turn, sent outside transactions, settled in one. A crash between sending and settling leaves the
objection queued; it is sent again, and the registry answers what it answered before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import consents
from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.registry.models import ObjectionFile, ObjectionState
from miniprogram_api.registry.queries.objections import context_of, read_sealed
from miniprogram_api.registry.rules.objections import look_again_after, outcome_of, wait_after
from miniprogram_api.registry.service import objection_review
from miniprogram_api.registry.service.objection_checks import Turn, find_taken
from miniprogram_api.registry.service.objections import CONSENT, lock_objection, move
from miniprogram_api.registry.sources import Filed

_QUEUED = frozenset({ObjectionState.QUEUED})
_DELIVERED = frozenset({ObjectionState.DELIVERED})
_LONGEST_ANSWER = 4000
_UNTITLED = "公示异议"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What the registry gets; `files` are names of the private store with their types. Never printed."""

    objection: dict[str, Any]
    files: Sequence[tuple[str, str]]

    def __repr__(self) -> str:
        return f"Parcel({len(self.files)} files)"


def pack(session: Session, turn: Turn) -> Parcel | None:
    """The objection as it is sent; None when it is not to be sent any more."""
    objection = find_taken(session, turn, states=_QUEUED, lock=False)
    if objection is None:
        return None
    attached = select(ObjectionFile).where(ObjectionFile.objection_id == objection.id)
    files = session.scalars(attached.order_by(ObjectionFile.position)).all()
    return Parcel(
        objection={
            "project_id": objection.project_id,
            "reference": objection.number,
            # The registry files nothing without a title.
            "title": read_sealed(objection, "title") or _UNTITLED,
            "text": read_sealed(objection, "text"),
            "person": {
                "name": read_sealed(objection, "name"),
                "phone": read_sealed(objection, "phone"),
            },
            "filed_at": objection.filed_at.astimezone(BEIJING).isoformat(timespec="seconds"),
        },
        files=[(file.file_name, file.media_type) for file in files],
    )


def drop_if_consent_is_gone(session: Session, turn: Turn, *, now: datetime) -> None:
    """Stop an objection whose member took back the consent to give name and phone to the registry."""
    objection = find_taken(session, turn, states=_QUEUED, lock=True)
    if objection is not None and not consents.has_agreed(
        session, member_id=objection.member_id, purpose=CONSENT
    ):
        move(session, objection, ObjectionState.DROPPED, actor=SYSTEM, now=now)


def settle_delivered(session: Session, turn: Turn, filed: Filed, *, now: datetime) -> None:
    """Note that the registry has it, whatever happened to it here since it was sent."""
    objection = lock_objection(session, turn.objection_id)
    if objection is None or objection.registry_id is not None:
        return
    objection.registry_id, objection.delivered_at = filed.id, now
    if objection.state is ObjectionState.QUEUED:
        due_at = now + look_again_after(0)
        move(session, objection, ObjectionState.DELIVERED, actor=SYSTEM, now=now, due_at=due_at)
        objection_review.tell_delivered(session, objection, now=now)
    session.flush()


def settle_returned(session: Session, turn: Turn, *, code: str, now: datetime) -> None:
    """Leave to a person what the registry does not take."""
    objection = find_taken(session, turn, states=_QUEUED, lock=True)
    if objection is not None:
        move(session, objection, ObjectionState.RETURNED, actor=SYSTEM, now=now)
        objection.last_error = code[:80]
        session.flush()


def postpone(
    session: Session, turn: Turn, *, error: str, now: datetime, asked_wait_s: float | None = None
) -> None:
    """Send it again later, and not before the registry wants to be asked again."""
    objection = find_taken(session, turn, states=_QUEUED, lock=True)
    if objection is not None:
        objection.next_attempt_at = now + max(wait_after(turn.attempt), timedelta(seconds=asked_wait_s or 0))
        objection.last_error = error[:80]
        session.flush()


def find_registry_id(session: Session, turn: Turn) -> str | None:
    """What the registry calls a delivered objection that is asked about in this turn."""
    objection = find_taken(session, turn, states=_DELIVERED, lock=False)
    return None if objection is None else objection.registry_id


def settle_answer(session: Session, turn: Turn, filed: Filed, *, now: datetime) -> None:
    """Keep the registry's decision and tell the member; ask again later while there is none."""
    objection = find_taken(session, turn, states=_DELIVERED, lock=True)
    if objection is None:
        return
    outcome = outcome_of(filed.state, has_answer=bool(filed.answer))
    if outcome is None:
        look_again(session, turn, now=now)
        return
    if filed.answer and objection.erased_at is None:
        answer, context = filed.answer[:_LONGEST_ANSWER], context_of("answer", objection.id)
        objection.answer_cipher = crypto.encrypt(answer, context=context)
    objection.answered_at = filed.decided_at or now
    move(session, objection, outcome, actor=SYSTEM, now=now)
    objection_review.tell_answered(session, objection, now=now)


def look_again(session: Session, turn: Turn, *, now: datetime) -> None:
    """Ask about it again later."""
    objection = find_taken(session, turn, states=_DELIVERED, lock=True)
    if objection is not None:
        objection.next_attempt_at = now + look_again_after(turn.attempt)
        session.flush()
