"""The content check of pictures: submitted one by one, judged by a push that may be late, double or missing.

A picture is shown when the verdict says so, or a person does; what the verdict leaves open, and what has none
within its time, waits for a person.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from miniprogram_api.feedback.models import Feedback, FeedbackPicture, Finding, PictureState
from miniprogram_api.feedback.rules import (
    LEASE,
    MOST_SUBMISSIONS,
    VERDICT_WINDOW,
    picture_after,
    wait_after,
)
from miniprogram_api.feedback.service.checks import Turn
from miniprogram_api.feedback.service.moving import lock_picture, move_picture
from miniprogram_api.identity.service import members
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.errors import NotFound

_ATTACHED = and_(FeedbackPicture.feedback_id.is_not(None), FeedbackPicture.state == PictureState.WAITING)


@dataclass(frozen=True, slots=True)
class Submission:
    """Of whom a picture is, and whether its verdict is overdue."""

    openid: str = field(repr=False)
    is_overdue: bool


def claim(session: Session, *, now: datetime, limit: int) -> list[Turn]:
    """Take up the pictures that are to be submitted, and those whose verdict is overdue."""
    due = (
        select(FeedbackPicture.id)
        .where(_ATTACHED, FeedbackPicture.next_attempt_at <= now)
        .order_by(FeedbackPicture.next_attempt_at, FeedbackPicture.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(FeedbackPicture)
        .where(FeedbackPicture.id.in_(due))
        .values(attempts=FeedbackPicture.attempts + 1, next_attempt_at=now + LEASE, last_error=None)
        .returning(FeedbackPicture.id, FeedbackPicture.attempts)
        .execution_options(synchronize_session=False)
    )
    return sorted(Turn(*row) for row in session.execute(claimed))


def read_submission(session: Session, turn: Turn) -> Submission | None:
    """What to do in this turn; None when there is nothing to do any more."""
    picture = _mine(session.get(FeedbackPicture, turn.id), turn)
    if picture is None or picture.feedback_id is None:
        return None
    feedback = session.get_one(Feedback, picture.feedback_id)
    try:
        openid = members.get_openid(session, feedback.member_id)
    except NotFound:
        return None
    return Submission(openid=openid, is_overdue=picture.check_id is not None)


def settle_submitted(session: Session, turn: Turn, check_id: str, *, now: datetime) -> None:
    """Note under which id a picture was submitted, to wait for its verdict."""
    picture = _mine(lock_picture(session, turn.id), turn)
    if picture is not None:
        picture.check_id, picture.next_attempt_at = check_id, now + VERDICT_WINDOW
        picture.submissions += 1
        session.flush()


def settle_unchecked(session: Session, turn: Turn) -> None:
    """Leave to a person what the check cannot judge, or did not within its time."""
    picture = _mine(lock_picture(session, turn.id), turn)
    if picture is not None:
        move_picture(session, picture, PictureState.HELD, actor=SYSTEM)


def settle_down(session: Session, turn: Turn, *, error: str, now: datetime) -> None:
    """Try it again later."""
    picture = _mine(lock_picture(session, turn.id), turn)
    if picture is not None:
        picture.next_attempt_at = now + wait_after(turn.attempt)
        picture.last_error = error[:80]
        session.flush()


def note_verdict(
    session: Session, check_id: str, finding: Finding, *, was_fetched: bool, now: datetime
) -> bool:
    """Keep a verdict and draw the consequence; False when it has overtaken the note of its id."""
    known = session.scalar(select(FeedbackPicture.id).where(FeedbackPicture.check_id == check_id))
    picture = None if known is None else lock_picture(session, known)
    if picture is None:
        return not _is_submitting(session, now)
    if picture.check_id != check_id or picture.finding is not None:
        return True  # of a former submission, or told twice
    if not was_fetched and picture.state is PictureState.WAITING and picture.submissions < MOST_SUBMISSIONS:
        picture.check_id, picture.next_attempt_at = None, now
        session.flush()
        return True
    picture.finding = finding
    _follow(session, picture, picture_after(finding))
    session.flush()
    return True


def _follow(session: Session, picture: FeedbackPicture, state: PictureState) -> None:
    """What a person decided about a picture stands, whatever a late verdict says."""
    undecided = picture.state in {PictureState.WAITING, PictureState.HELD}
    if undecided and picture.state is not state:
        move_picture(session, picture, state, actor=SYSTEM)


def _is_submitting(session: Session, now: datetime) -> bool:
    """Whether a picture may be under way at this moment whose id has not been noted."""
    under_way: ColumnElement[bool] = and_(
        _ATTACHED,
        FeedbackPicture.check_id.is_(None),
        FeedbackPicture.attempts > 0,
        FeedbackPicture.last_error.is_(None),
        FeedbackPicture.next_attempt_at > now,
    )
    return session.scalar(select(FeedbackPicture.id).where(under_way).limit(1)) is not None


def _mine(picture: FeedbackPicture | None, turn: Turn) -> FeedbackPicture | None:
    """The picture of a turn, unless it was decided about or taken up by somebody else meanwhile."""
    if picture is None or picture.attempts != turn.attempt or picture.state is not PictureState.WAITING:
        return None
    return picture
