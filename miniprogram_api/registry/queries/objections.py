"""Objections as their member sees them, and as staff do: the words without who said them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.crypto import mask_name, mask_phone
from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.registry.errors_objections import ObjectionMissing
from miniprogram_api.registry.models import (
    HeldBecause,
    HeldProject,
    Objection,
    ObjectionFile,
    ObjectionStep,
)
from miniprogram_api.registry.models import ObjectionState as ObjectionState
from miniprogram_api.registry.rules.objections import CHECKED_STATES, REVIEWABLE


@dataclass(frozen=True, slots=True)
class StepShown:
    """A state and when the objection came into it."""

    state: ObjectionState
    at: datetime


@dataclass(frozen=True, slots=True)
class FileShown:
    """A picture of an objection."""

    id: UUID
    media_type: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ProjectNamed:
    """The project that an objection is about."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """When the registry got an objection, and what it calls it."""

    at: datetime
    registry_id: str | None


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """What the registry says to an objection."""

    text: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonShown:
    """Who objects, masked: their own eyes know the rest."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class ObjectionShown:
    """An objection with everything around it; `person` is for its own member alone."""

    id: UUID
    number: str
    project: ProjectNamed
    state: ObjectionState
    title: str | None
    text: str | None
    person: PersonShown | None
    files: Sequence[FileShown]
    filed_at: datetime
    held_because: HeldBecause | None
    refusal_reason: str | None
    delivery: DeliveryShown | None
    answer: AnswerShown | None
    last_error: str | None
    steps: Sequence[StepShown]


def context_of(field: str, objection_id: UUID) -> str:
    """What a ciphertext of an objection is bound to."""
    return f"registry_objections.{field}:{objection_id}"


def read_sealed(objection: Objection, field: str) -> str | None:
    """The plain text of `title`, `text`, `name`, `phone` or `answer`; None when absent or erased."""
    cipher: str | None = getattr(objection, f"{field}_cipher")
    return None if cipher is None else crypto.decrypt(cipher, context=context_of(field, objection.id))


def list_own(session: Session, *, member_id: UUID, limit: int, cursor: str | None) -> Page[ObjectionShown]:
    """A member's objections, the newest first."""
    own = select(Objection).where(Objection.member_id == member_id)
    found = page(
        session, own, (Objection.filed_at, Objection.id), limit=limit, cursor=cursor, descending=True
    )
    return Page(_show(session, found.items, own=True), found.next_cursor)


def get_own(session: Session, objection_id: UUID, *, member_id: UUID) -> ObjectionShown:
    """One of a member's objections. Raises ObjectionMissing, for somebody else's too."""
    own = select(Objection).where(Objection.id == objection_id, Objection.member_id == member_id)
    return _one(session, session.scalar(own), own=True)


def list_for_staff(
    session: Session,
    *,
    state: ObjectionState | None,
    project_id: str | None,
    limit: int,
    cursor: str | None,
) -> Page[ObjectionShown]:
    """Objections without who made them, the oldest first."""
    wanted = select(Objection)
    if state is not None:
        wanted = wanted.where(Objection.state == state)
    if project_id is not None:
        wanted = wanted.where(Objection.project_id == project_id)
    found = page(session, wanted, (Objection.filed_at, Objection.id), limit=limit, cursor=cursor)
    return Page(_show(session, found.items, own=False), found.next_cursor)


def count_reviewable(session: Session) -> dict[ObjectionState, int]:
    """How many wait for a person, by what state they are in."""
    counted = (
        select(Objection.state, func.count()).where(Objection.state.in_(REVIEWABLE)).group_by(Objection.state)
    )
    return {row[0]: row[1] for row in session.execute(counted)}


def get_for_staff(session: Session, objection_id: UUID) -> ObjectionShown:
    """One objection without who made it. Raises ObjectionMissing."""
    return _one(session, session.get(Objection, objection_id), own=False)


def get_own_file(session: Session, file_id: UUID, *, member_id: UUID) -> ObjectionFile:
    """A picture the member uploaded, used or not. Raises ObjectionMissing, for somebody else's too."""
    own = select(ObjectionFile).where(ObjectionFile.id == file_id, ObjectionFile.member_id == member_id)
    return _file(session.scalar(own))


def get_file_for_staff(session: Session, objection_id: UUID, file_id: UUID) -> ObjectionFile:
    """A picture of an objection. Raises ObjectionMissing, for one that belongs to another or to none."""
    its = select(ObjectionFile).where(ObjectionFile.id == file_id, ObjectionFile.objection_id == objection_id)
    return _file(session.scalar(its))


def get_file_for_check(session: Session, file_id: UUID) -> ObjectionFile:
    """A picture of an objection whose content is being checked. Raises ObjectionMissing."""
    checked = (
        select(ObjectionFile)
        .join(Objection, Objection.id == ObjectionFile.objection_id)
        .where(ObjectionFile.id == file_id, Objection.state.in_(CHECKED_STATES))
    )
    return _file(session.scalar(checked))


def _file(found: ObjectionFile | None) -> ObjectionFile:
    if found is None:
        raise ObjectionMissing
    return found


def _one(session: Session, objection: Objection | None, *, own: bool) -> ObjectionShown:
    if objection is None:
        raise ObjectionMissing
    return _show(session, [objection], own=own)[0]


def _show(session: Session, objections: Sequence[Objection], *, own: bool) -> list[ObjectionShown]:
    """Three statements for however many."""
    ids = [objection.id for objection in objections]
    projects = {objection.project_id for objection in objections}
    named = select(HeldProject.project_id, HeldProject.name).where(HeldProject.project_id.in_(projects))
    names: dict[str, str] = {row.project_id: row.name for row in session.execute(named)}
    steps: dict[UUID, list[StepShown]] = defaultdict(list)
    taken = select(ObjectionStep).where(ObjectionStep.objection_id.in_(ids))
    for step in session.scalars(taken.order_by(ObjectionStep.at, ObjectionStep.id)):
        steps[step.objection_id].append(StepShown(step.state, step.at))
    files: dict[UUID | None, list[FileShown]] = defaultdict(list)
    attached = select(ObjectionFile).where(ObjectionFile.objection_id.in_(ids))
    for file in session.scalars(attached.order_by(ObjectionFile.position)):
        files[file.objection_id].append(
            FileShown(file.id, file.media_type, file.width, file.height, file.size_bytes)
        )
    return [
        _shown(item, project=names[item.project_id], steps=steps[item.id], files=files[item.id], own=own)
        for item in objections
    ]


def _shown(
    objection: Objection,
    *,
    project: str,
    steps: Sequence[StepShown],
    files: Sequence[FileShown],
    own: bool,
) -> ObjectionShown:
    delivered_at, answered_at = objection.delivered_at, objection.answered_at
    return ObjectionShown(
        id=objection.id,
        number=objection.number,
        project=ProjectNamed(objection.project_id, project),
        state=objection.state,
        title=read_sealed(objection, "title"),
        text=read_sealed(objection, "text"),
        person=_person(objection) if own else None,
        files=files,
        filed_at=objection.filed_at,
        held_because=objection.held_because,
        refusal_reason=objection.refusal_reason,
        delivery=DeliveryShown(delivered_at, objection.registry_id) if delivered_at else None,
        answer=AnswerShown(read_sealed(objection, "answer"), answered_at) if answered_at else None,
        last_error=objection.last_error,
        steps=steps,
    )


def _person(objection: Objection) -> PersonShown | None:
    name, phone = read_sealed(objection, "name"), read_sealed(objection, "phone")
    return PersonShown(mask_name(name), mask_phone(phone)) if name and phone else None
