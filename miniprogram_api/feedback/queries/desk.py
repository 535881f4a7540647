"""Feedback as staff see it: within their scope, the oldest first, never by whom."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from content.queries.references import article_ids_within
from miniprogram_api.feedback.models import (
    Feedback,
    FeedbackPicture,
    FeedbackState,
    PictureState,
    SubjectType,
)
from miniprogram_api.feedback.queries.shown import FeedbackShown, found_picture, show, show_one
from miniprogram_api.feedback.rules import UNENDED
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.sites.queries import sites_within

VIEW, MANAGE = "feedback.view", "feedback.manage"


class Waits(StrEnum):
    """What is listed: by what has to be done about it."""

    STAFF = "staff"  # for staff at all
    PERSON = "person"  # for a person's judgement of the words or of a picture
    ANSWER = "answer"
    ANSWERED = "answered"
    ENDED = "ended"  # without an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody at the desk looks for."""

    waits: Waits | None = None
    subject: SubjectType | None = None


def list_feedback(
    session: Session, principal: Principal, wanted: Wanted, *, limit: int, cursor: str | None
) -> Page[FeedbackShown]:
    """A page of what the caller may see, the oldest first. Raises InvalidCursor."""
    statement = select(Feedback).where(within_scope(principal, VIEW))
    if wanted.waits is not None:
        statement = statement.where(_waits(wanted.waits))
    if wanted.subject is not None:
        about = Feedback.site_id if wanted.subject is SubjectType.SITE else Feedback.article_id
        statement = statement.where(about.is_not(None))
    found = page(session, statement, (Feedback.sent_at, Feedback.id), limit=limit, cursor=cursor)
    return Page(show(session, found.items), found.next_cursor)


def get_feedback(
    session: Session, principal: Principal, feedback_id: UUID, permission: str = VIEW
) -> FeedbackShown:
    """One without who wrote it. Raises FeedbackMissing outside the caller's scope."""
    return show_one(session, session.scalar(managed(principal, permission, feedback_id)))


def may_manage(session: Session, principal: Principal, feedback_id: UUID) -> bool:
    """Whether the caller may decide about it."""
    return session.scalar(managed(principal, MANAGE, feedback_id)) is not None


def get_picture(
    session: Session, principal: Principal, feedback_id: UUID, picture_id: UUID
) -> FeedbackPicture:
    """A picture of it in any state. Raises FeedbackMissing."""
    its = (
        select(FeedbackPicture)
        .join(Feedback, Feedback.id == FeedbackPicture.feedback_id)
        .where(FeedbackPicture.id == picture_id, Feedback.id == feedback_id, within_scope(principal, VIEW))
    )
    return found_picture(session.scalar(its))


def count_waiting(session: Session, principal: Principal) -> dict[Waits, int]:
    """How many wait for a person's judgement, and how many for an answer, that the caller may see to."""
    mine = select(func.count()).select_from(Feedback).where(within_scope(principal, MANAGE))
    return {waits: session.scalar(mine.where(_waits(waits))) or 0 for waits in (Waits.PERSON, Waits.ANSWER)}


def managed(principal: Principal, permission: str, feedback_id: UUID) -> Select[Any]:
    """The statement that finds one within a caller's scope."""
    return select(Feedback).where(Feedback.id == feedback_id, within_scope(principal, permission))


def within_scope(principal: Principal, permission: str) -> ColumnElement[bool]:
    """SQL for the feedback about the sites and articles over which a caller holds a permission."""
    return or_(
        Feedback.site_id.in_(sites_within(principal, permission)),
        Feedback.article_id.in_(article_ids_within(principal, permission)),
    )


def _waits(waits: Waits) -> ColumnElement[bool]:
    match waits:
        case Waits.STAFF:
            return or_(_waits(Waits.PERSON), _waits(Waits.ANSWER))
        case Waits.PERSON:
            picture = exists().where(
                FeedbackPicture.feedback_id == Feedback.id, FeedbackPicture.state == PictureState.HELD
            )
            return or_(Feedback.state == FeedbackState.HELD, and_(Feedback.state.in_(UNENDED), picture))
        case Waits.ANSWER:
            return Feedback.state == FeedbackState.OPEN
        case Waits.ANSWERED:
            return Feedback.state == FeedbackState.ANSWERED
        case Waits.ENDED:
            ended = (FeedbackState.CLOSED, FeedbackState.REFUSED, FeedbackState.DROPPED)
            return Feedback.state.in_(ended)
