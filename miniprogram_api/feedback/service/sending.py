"""Writing feedback, and uploading pictures for it."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content.queries.references import find_shown_article
from miniprogram_api.feedback.errors import (
    FeedbackLimited,
    PicturesLimited,
    PicturesUnknown,
    SubjectMissing,
)
from miniprogram_api.feedback.events import FeedbackSent, PictureUploaded
from miniprogram_api.feedback.models import (
    Feedback,
    FeedbackKind,
    FeedbackPicture,
    FeedbackState,
    PictureState,
    SubjectType,
)
from miniprogram_api.feedback.queries.sealed import seal
from miniprogram_api.feedback.rules import MOST_PER_DAY, MOST_UNUSED_PICTURES
from miniprogram_api.feedback.service.moving import add_step, leave_trace
from miniprogram_api.identity.service import members
from miniprogram_api.kernel import audit, clock, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError, NotFound, Unavailable
from miniprogram_api.kernel.files import StoredImage
from miniprogram_api.kernel.ids import new_id, short_code
from miniprogram_api.sites.queries import get_shown_site

_AGAIN_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a member writes, about what, and the pictures they uploaded for it."""

    subject_type: SubjectType
    subject_id: UUID
    kind: FeedbackKind | None
    text: str
    picture_ids: Sequence[UUID]


def send_feedback(
    session: Session, *, member_id: UUID, written: Written, actor: Actor, now: datetime
) -> Feedback:
    """Keep what a member wrote, to be checked behind the answer.

    Raises SubjectMissing, or what is raised for a site that is not shown; FeedbackLimited, PicturesUnknown.
    """
    if members.lock_member(session, member_id) is None:
        raise NotFound
    _check_shown(session, written)
    _check_room(session, member_id, now)
    about_a_site = written.subject_type is SubjectType.SITE
    feedback = Feedback(
        id=new_id(),
        number=f"FK{clock.beijing_date(now):%Y%m%d}-{short_code()}",
        member_id=member_id,
        site_id=written.subject_id if about_a_site else None,
        article_id=None if about_a_site else written.subject_id,
        kind=written.kind,
        sent_at=now,
        state=FeedbackState.CHECKING,
        state_at=now,
        told=0,
        attempts=0,
        next_attempt_at=now,
    )
    seal(feedback, "text", written.text)
    session.add(feedback)
    with _numbers_drawn_again():
        session.flush()
    _attach(session, feedback, written.picture_ids, now)
    add_step(session, feedback)
    sent = FeedbackSent(
        feedback_id=str(feedback.id),
        subject_type=written.subject_type.value,
        subject_id=str(written.subject_id),
    )
    after = {
        "subject_type": sent.subject_type,
        "subject_id": sent.subject_id,
        "pictures": len(written.picture_ids),
    }
    leave_trace(session, feedback, sent, actor=actor, after=after)
    return feedback


def add_picture(
    session: Session, *, member_id: UUID, image: StoredImage, actor: Actor, now: datetime
) -> FeedbackPicture:
    """List a picture that the private store has written. Raises PicturesLimited."""
    if members.lock_member(session, member_id) is None:
        raise NotFound
    lying = select(func.count()).where(
        FeedbackPicture.member_id == member_id, FeedbackPicture.feedback_id.is_(None)
    )
    if session.scalars(lying).one() >= MOST_UNUSED_PICTURES:
        raise PicturesLimited(most=MOST_UNUSED_PICTURES)
    picture = FeedbackPicture(
        id=new_id(),
        member_id=member_id,
        file_name=image.name,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        sha256=image.sha256,
        uploaded_at=now,
        state=PictureState.WAITING,
        submissions=0,
        attempts=0,
    )
    session.add(picture)
    session.flush()
    uploaded = PictureUploaded(picture_id=str(picture.id))
    audit.record(
        session,
        actor=actor,
        action=uploaded.name,
        object_type="feedback_picture",
        object_id=uploaded.picture_id,
        after={"sha256": image.sha256, "size_bytes": image.size_bytes},
    )
    events.publish(session, uploaded)
    return picture


def _check_shown(session: Session, written: Written) -> None:
    if written.subject_type is SubjectType.SITE:
        get_shown_site(session, written.subject_id)
    elif find_shown_article(session, written.subject_id) is None:
        raise SubjectMissing


def _check_room(session: Session, member_id: UUID, now: datetime) -> None:
    """The member is locked: nobody counts beside us."""
    today = clock.beijing_date(now)
    since = clock.beijing_time(today, 0)
    written = select(func.count()).where(Feedback.member_id == member_id, Feedback.sent_at >= since)
    if session.scalars(written).one() >= MOST_PER_DAY:
        tomorrow = since + timedelta(days=1)
        raise FeedbackLimited(retry_after_s=int((tomorrow - now).total_seconds()) + 1, most=MOST_PER_DAY)


def _attach(session: Session, feedback: Feedback, picture_ids: Sequence[UUID], now: datetime) -> None:
    free = select(FeedbackPicture).where(
        FeedbackPicture.id.in_(picture_ids),
        FeedbackPicture.member_id == feedback.member_id,
        FeedbackPicture.feedback_id.is_(None),
    )
    found = {picture.id: picture for picture in session.scalars(free.with_for_update())}
    wrong = [n for n, each in enumerate(picture_ids) if each not in found or each in picture_ids[:n]]
    if wrong:
        raise PicturesUnknown(fields=[FieldError(f"picture_ids.{n}", PicturesUnknown.code) for n in wrong])
    for position, picture_id in enumerate(picture_ids):
        picture = found[picture_id]
        picture.feedback_id, picture.position, picture.next_attempt_at = feedback.id, position, now
    session.flush()


@contextmanager
def _numbers_drawn_again() -> Generator[None]:
    """A number that somebody else drew in this very moment: tried again it fits."""
    try:
        yield
    except IntegrityError as error:
        raise Unavailable(retry_after_s=_AGAIN_S) from error
