"""Decisions about objections that were left to people, and telling the member how one ended."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import Actor
from miniprogram_api.messaging.service import objections as messages
from miniprogram_api.messaging.service.objections import Addressee
from miniprogram_api.registry.errors_objections import NotUnderReview, ObjectionMissing
from miniprogram_api.registry.models import HeldProject, Objection, ObjectionState
from miniprogram_api.registry.queries.objections import read_sealed
from miniprogram_api.registry.rules import objection_words as words
from miniprogram_api.registry.rules.objections import REVIEWABLE
from miniprogram_api.registry.service.objections import lock_objection, move


def release(session: Session, objection_id: UUID, *, actor: Actor, now: datetime) -> Objection:
    """Send an objection on its way to the registry. Raises ObjectionMissing, NotUnderReview."""
    objection = _reviewed(session, objection_id)
    move(session, objection, ObjectionState.QUEUED, actor=actor, now=now, due_at=now)
    return objection


def refuse(session: Session, objection_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Objection:
    """Do not pass an objection on, and tell its member why. Raises ObjectionMissing, NotUnderReview."""
    objection = _reviewed(session, objection_id)
    end_as_refused(session, objection, reason=reason, actor=actor, now=now)
    return objection


def end_as_refused(
    session: Session, objection: Objection, *, reason: str, actor: Actor, now: datetime
) -> None:
    """End a locked objection that is not fit to be passed on, and tell its member why."""
    objection.refusal_reason = reason
    move(session, objection, ObjectionState.REFUSED, actor=actor, now=now)
    wording = words.refused(project=_project(session, objection), number=objection.number, reason=reason)
    messages.tell_of_refusal(session, _addressee(objection), wording, now)


def tell_delivered(session: Session, objection: Objection, *, now: datetime) -> None:
    """Tell a member, if they are still there, that the registry has their objection."""
    if objection.erased_at is not None:
        return
    wording = words.delivered(project=_project(session, objection), number=objection.number)
    messages.tell_of_delivery(session, _addressee(objection), wording, now)


def tell_answered(session: Session, objection: Objection, *, now: datetime) -> None:
    """Tell a member, if they are still there, what the registry decided."""
    if objection.erased_at is not None:
        return
    wording = words.answered(
        project=_project(session, objection),
        number=objection.number,
        outcome=objection.state,
        answer=read_sealed(objection, "answer"),
    )
    messages.tell_of_answer(session, _addressee(objection), wording, now)


def _reviewed(session: Session, objection_id: UUID) -> Objection:
    objection = lock_objection(session, objection_id)
    if objection is None:
        raise ObjectionMissing
    if objection.state not in REVIEWABLE or objection.erased_at is not None:
        raise NotUnderReview
    return objection


def _project(session: Session, objection: Objection) -> str:
    return session.get_one(HeldProject, objection.project_id).name


def _addressee(objection: Objection) -> Addressee:
    return Addressee(objection.member_id, objection.id)
