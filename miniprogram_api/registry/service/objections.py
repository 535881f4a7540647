"""Filing objections, uploading pictures for them, and the one way in which an objection changes its state."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import consents, members
from miniprogram_api.kernel import audit, clock, crypto, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError, NotFound, Unavailable
from miniprogram_api.kernel.files import StoredImage
from miniprogram_api.kernel.ids import new_id, short_code
from miniprogram_api.registry.errors_objections import (
    FilesUnknown,
    NoticeClosed,
    NoticeMissing,
    NoticeNotOpen,
    ObjectionsLimited,
    UploadsLimited,
)
from miniprogram_api.registry.events_objections import ObjectionFiled, ObjectionFileUploaded, ObjectionMoved
from miniprogram_api.registry.models import Objection, ObjectionFile, ObjectionState, ObjectionStep
from miniprogram_api.registry.models.objections import MOST_PER_DAY
from miniprogram_api.registry.queries.notices import find_shown_project, period_of
from miniprogram_api.registry.queries.objections import context_of
from miniprogram_api.registry.rules.notices import NoticeState, state_of

CONSENT = "objection_identity"
MOST_UNUSED = 10
_AGAIN_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a member says against a project, and who they are; `consent_version` is what they read."""

    title: str | None
    text: str
    name: str
    phone: str
    file_ids: Sequence[UUID]
    consent_version: str | None


def file_objection(
    session: Session, *, project_id: str, member_id: UUID, statement: Statement, actor: Actor, now: datetime
) -> Objection:
    """Keep an objection, to be checked and delivered behind the answer.

    Raises NoticeMissing, NoticeNotOpen, NoticeClosed, ObjectionsLimited, FilesUnknown, and
    ConsentTextOutdated when the member read another text than the one in force.
    """
    if members.lock_member(session, member_id) is None:
        raise NotFound
    _check_open(session, project_id, now)
    consent = consents.agree(
        session,
        member_id=member_id,
        purpose=CONSENT,
        text_version=statement.consent_version,
        actor=actor,
        now=now,
    )
    objection = Objection(
        id=new_id(),
        number=f"YY{clock.beijing_date(now):%Y%m%d}-{short_code()}",
        project_id=project_id,
        member_id=member_id,
        filed_on=clock.beijing_date(now),
        ordinal=_next_ordinal(session, project_id, member_id, now),
        consent_version=consent.version,
        consent_sha256=consent.sha256,
        filed_at=now,
        state=ObjectionState.CHECKING,
        state_at=now,
        text_cleared=False,
        attempts=0,
        next_attempt_at=now,
    )
    _seal(objection, statement)
    session.add(objection)
    with _numbers_drawn_again():
        session.flush()
    _attach(session, objection, statement.file_ids)
    _add_step(session, objection)
    filed = ObjectionFiled(objection_id=str(objection.id), project_id=project_id)
    after = {"project_id": project_id, "consent_version": consent.version, "files": len(statement.file_ids)}
    _leave_trace(session, objection, filed, actor=actor, after=after)
    return objection


def add_file(
    session: Session, *, member_id: UUID, image: StoredImage, actor: Actor, now: datetime
) -> ObjectionFile:
    """List a picture that the private store has written. Raises UploadsLimited."""
    if members.lock_member(session, member_id) is None:
        raise NotFound
    lying = select(func.count()).where(
        ObjectionFile.member_id == member_id, ObjectionFile.objection_id.is_(None)
    )
    if session.scalars(lying).one() >= MOST_UNUSED:
        raise UploadsLimited(most=MOST_UNUSED)
    file = ObjectionFile(
        id=new_id(),
        member_id=member_id,
        file_name=image.name,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        sha256=image.sha256,
        uploaded_at=now,
    )
    session.add(file)
    session.flush()
    uploaded = ObjectionFileUploaded(file_id=str(file.id))
    audit.record(
        session,
        actor=actor,
        action=uploaded.name,
        object_type="objection_file",
        object_id=uploaded.file_id,
        after={"sha256": image.sha256, "size_bytes": image.size_bytes},
    )
    events.publish(session, uploaded)
    return file


def move(
    session: Session,
    objection: Objection,
    state: ObjectionState,
    *,
    actor: Actor,
    now: datetime,
    due_at: datetime | None = None,
    reason: str | None = None,
) -> None:
    """Bring a locked objection into another state: its step, the audit row and the event come with it.

    Background work takes it up at `due_at`, counting its turns anew; with None it is left alone.
    """
    moved = ObjectionMoved(
        objection_id=str(objection.id),
        project_id=objection.project_id,
        before=objection.state.value,
        after=state.value,
    )
    objection.state, objection.state_at = state, now
    objection.attempts, objection.next_attempt_at, objection.last_error = 0, due_at, None
    if state is not ObjectionState.HELD:
        objection.held_because = None
    session.flush()
    _add_step(session, objection)
    _leave_trace(
        session,
        objection,
        moved,
        actor=actor,
        before={"state": moved.before},
        after={"state": moved.after, "held_because": objection.held_because},
        reason=reason,
    )


def lock_objection(session: Session, objection_id: UUID) -> Objection | None:
    """The objection as last committed, kept from changing until the transaction ends."""
    mine = select(Objection).where(Objection.id == objection_id)
    return session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _check_open(session: Session, project_id: str, now: datetime) -> None:
    today = clock.beijing_date(now)
    project = find_shown_project(session, project_id, today=today)
    if project is None:
        raise NoticeMissing
    period = period_of(project)
    match state_of(period, lifecycle=project.lifecycle, today=today):
        case NoticeState.UPCOMING:
            raise NoticeNotOpen(first_day=period.begins_on.isoformat())
        case NoticeState.CLOSED:
            # A project that moved on early ended its notice on that day, which nobody announced.
            raise NoticeClosed(last_day=period.last_day.isoformat())


def _next_ordinal(session: Session, project_id: str, member_id: UUID, now: datetime) -> int:
    today = clock.beijing_date(now)
    filed = select(func.count()).where(
        Objection.member_id == member_id, Objection.project_id == project_id, Objection.filed_on == today
    )
    ordinal = session.scalars(filed).one() + 1
    if ordinal > MOST_PER_DAY:
        tomorrow = clock.beijing_time(today + timedelta(days=1), 0)
        raise ObjectionsLimited(retry_after_s=int((tomorrow - now).total_seconds()) + 1, most=MOST_PER_DAY)
    return ordinal


def _seal(objection: Objection, statement: Statement) -> None:
    def sealed(field: str, value: str) -> str:
        return crypto.encrypt(value, context=context_of(field, objection.id))

    objection.title_cipher = None if statement.title is None else sealed("title", statement.title)
    objection.text_cipher = sealed("text", statement.text)
    objection.name_cipher = sealed("name", statement.name)
    objection.phone_cipher = sealed("phone", statement.phone)


def _attach(session: Session, objection: Objection, file_ids: Sequence[UUID]) -> None:
    free = select(ObjectionFile).where(
        ObjectionFile.id.in_(file_ids),
        ObjectionFile.member_id == objection.member_id,
        ObjectionFile.objection_id.is_(None),
    )
    found = {file.id: file for file in session.scalars(free.with_for_update())}
    wrong = [n for n, file_id in enumerate(file_ids) if file_id not in found or file_id in file_ids[:n]]
    if wrong:
        raise FilesUnknown(fields=[FieldError(f"file_ids.{n}", FilesUnknown.code) for n in wrong])
    for position, file_id in enumerate(file_ids):
        found[file_id].objection_id, found[file_id].position = objection.id, position
    session.flush()


def _add_step(session: Session, objection: Objection) -> None:
    session.add(
        ObjectionStep(id=new_id(), objection_id=objection.id, state=objection.state, at=objection.state_at)
    )
    session.flush()


def _leave_trace(
    session: Session,
    objection: Objection,
    event: ObjectionFiled | ObjectionMoved,
    *,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=event.name,
        object_type="objection",
        object_id=str(objection.id),
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, event)


@contextmanager
def _numbers_drawn_again() -> Generator[None]:
    """A number, or a member's ordinal, that somebody else took in this very moment: tried again it fits."""
    try:
        yield
    except IntegrityError as error:
        raise Unavailable(retry_after_s=_AGAIN_S) from error
