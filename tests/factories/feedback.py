"""Feedback for tests, written and brought into a state as in life."""

from io import BytesIO
from uuid import UUID

from PIL import Image
from sqlalchemy.orm import Session

from miniprogram_api.feedback.models import (
    Feedback,
    FeedbackKind,
    FeedbackPicture,
    FeedbackState,
    HeldBecause,
    PictureState,
    SubjectType,
)
from miniprogram_api.feedback.queries.sealed import seal
from miniprogram_api.feedback.service import deciding, moving, sending
from miniprogram_api.feedback.service.sending import Written
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.audit import SYSTEM, Actor
from tests.factories.members import make_member
from tests.factories.sites import make_site

TEXT = "二楼展厅的数据屏离得太远，老人看不清。"
STAFF = Actor(kind="staff", id="somebody")


def make_feedback(
    session: Session,
    *,
    site_id: UUID | None = None,
    article_id: UUID | None = None,
    member_id: UUID | None = None,
    state: FeedbackState | None = None,
    text: str = TEXT,
) -> Feedback:
    """Feedback as it was sent, about a site unless told otherwise, or brought into a state since."""
    member_id = member_id or make_member(session).id
    about_a_site = article_id is None
    written = Written(
        subject_type=SubjectType.SITE if about_a_site else SubjectType.ARTICLE,
        subject_id=article_id or site_id or make_site(session).id,
        kind=FeedbackKind.SUGGESTION,
        text=text,
        picture_ids=(),
    )
    actor, now = Actor(kind="member", id=str(member_id)), clock.now()
    feedback = sending.send_feedback(session, member_id=member_id, written=written, actor=actor, now=now)
    match state:
        case None | FeedbackState.CHECKING:
            pass
        case FeedbackState.HELD:
            feedback.held_because = HeldBecause.REVIEW
            moving.move(session, feedback, FeedbackState.HELD, actor=SYSTEM, now=now)
        case FeedbackState.ANSWERED:
            moving.move(session, feedback, FeedbackState.OPEN, actor=SYSTEM, now=now)
            deciding.answer(session, feedback, text="谢谢，已经调整。", actor=STAFF, now=now)
        case _:
            if state in {FeedbackState.CLOSED, FeedbackState.REFUSED}:
                seal(feedback, "reason", "与示范点无关")
            moving.move(session, feedback, state, actor=SYSTEM, now=now)
    return feedback


def make_feedback_picture(
    session: Session,
    *,
    member_id: UUID,
    feedback_id: UUID | None = None,
    state: PictureState = PictureState.WAITING,
) -> FeedbackPicture:
    """A picture in the private store, of feedback or of none yet."""
    content = BytesIO()
    Image.new("RGB", (40, 30), "green").save(content, "JPEG")
    image = files.private().save_image(content.getvalue())
    picture = sending.add_picture(session, member_id=member_id, image=image, actor=SYSTEM, now=clock.now())
    picture.feedback_id, picture.state = feedback_id, state
    picture.position = None if feedback_id is None else 0
    session.flush()
    return picture
