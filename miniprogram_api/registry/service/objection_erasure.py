"""When objections lose their identity: two years after their last step, or when their member leaves.

What was delivered stays as a fact (which project, when, what came of it); what was not is not sent any more.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.identity.personal_data import contributes, instant
from miniprogram_api.kernel import audit, events, files
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.crypto import mask_phone
from miniprogram_api.kernel.db import after_commit
from miniprogram_api.registry.events_objections import ObjectionsErased
from miniprogram_api.registry.models import Objection, ObjectionFile, ObjectionState
from miniprogram_api.registry.queries.objections import read_sealed
from miniprogram_api.registry.rules.objections import FILE_LIFE, KEPT, UNDELIVERED
from miniprogram_api.registry.service.objections import move

BATCH = 200


def sweep_files(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Forget pictures that no objection named within a day; returns how many."""
    unused = select(ObjectionFile).where(
        ObjectionFile.objection_id.is_(None), ObjectionFile.uploaded_at <= now - FILE_LIFE
    )
    due = session.scalars(
        unused.order_by(ObjectionFile.id).limit(limit).with_for_update(skip_locked=True)
    ).all()
    _remove(session, due)
    return len(due)


def erase_due(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Erase who made objections whose time is over, and what they wrote; returns how many."""
    over = select(Objection).where(
        Objection.erased_at.is_(None),
        Objection.state_at <= now - KEPT,
        Objection.state.not_in(UNDELIVERED),
    )
    due = session.scalars(over.order_by(Objection.id).limit(limit).with_for_update(skip_locked=True)).all()
    _erase(session, due, now=now)
    if due:
        erased = ObjectionsErased(count=len(due))
        audit.record(
            session,
            actor=SYSTEM,
            action=erased.name,
            object_type="objection",
            object_id="retention",
            after={"objection_ids": [str(objection.id) for objection in due]},
        )
        events.publish(session, erased)
    return len(due)


@contributes("objections")
class ObjectionsOfMember:
    """A member's objections with their pictures, and the consent each was made under."""

    @staticmethod
    def export(session: Session, member_id: UUID) -> dict[str, Any]:
        mine = select(Objection).where(Objection.member_id == member_id).order_by(Objection.filed_at)
        pictures = select(ObjectionFile).where(ObjectionFile.member_id == member_id)
        return {
            "items": [_export(objection) for objection in session.scalars(mine)],
            "pictures": [
                {"id": str(file.id), "uploaded_at": instant(file.uploaded_at), "sha256": file.sha256}
                for file in session.scalars(pictures.order_by(ObjectionFile.uploaded_at))
            ],
        }

    @staticmethod
    def erase(session: Session, member_id: UUID, now: datetime) -> None:
        mine = select(Objection).where(Objection.member_id == member_id).order_by(Objection.id)
        objections = session.scalars(mine.with_for_update()).all()
        for objection in objections:
            if objection.state in UNDELIVERED:
                move(session, objection, ObjectionState.DROPPED, actor=SYSTEM, now=now)
        _erase(session, [objection for objection in objections if objection.erased_at is None], now=now)
        unused = select(ObjectionFile).where(ObjectionFile.member_id == member_id)
        _remove(session, session.scalars(unused).all())


def _erase(session: Session, objections: Sequence[Objection], *, now: datetime) -> None:
    for objection in objections:
        objection.title_cipher = objection.text_cipher = objection.answer_cipher = None
        objection.name_cipher = objection.phone_cipher = None
        objection.refusal_reason = None  # it may quote what was written
        objection.erased_at = now
    session.flush()
    of_them = select(ObjectionFile).where(
        ObjectionFile.objection_id.in_([objection.id for objection in objections])
    )
    _remove(session, session.scalars(of_them).all())


def _remove(session: Session, pictures: Sequence[ObjectionFile]) -> None:
    """The rows now, the files once that is certain."""
    store = files.private()
    for picture in pictures:
        session.delete(picture)
        after_commit(session, partial(store.delete, picture.file_name))
    session.flush()


def _export(objection: Objection) -> dict[str, Any]:
    phone = read_sealed(objection, "phone")
    return {
        "number": objection.number,
        "project_id": objection.project_id,
        "state": objection.state.value,
        "title": read_sealed(objection, "title"),
        "text": read_sealed(objection, "text"),
        "name": read_sealed(objection, "name"),
        # Masked as everywhere: a copy that goes astray gives nothing away.
        "phone_masked": None if phone is None else mask_phone(phone),
        "consent_version": objection.consent_version,
        "consent_sha256": objection.consent_sha256,
        "filed_at": instant(objection.filed_at),
        "delivered_at": instant(objection.delivered_at),
        "registry_id": objection.registry_id,
        "answer": read_sealed(objection, "answer"),
        "answered_at": instant(objection.answered_at),
        "refusal_reason": objection.refusal_reason,
    }
