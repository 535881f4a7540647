"""Feedback with everything around it, and as its own member sees it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.queries.references import name_articles
from miniprogram_api.feedback.errors import FeedbackMissing
from miniprogram_api.feedback.models import (
    Feedback,
    FeedbackKind,
    FeedbackPicture,
    FeedbackState,
    FeedbackStep,
    Finding,
    HeldBecause,
    PictureState,
)
from miniprogram_api.feedback.models import SubjectType as SubjectType
from miniprogram_api.feedback.queries.sealed import read_sealed
from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.sites.queries import names_of_sites


@dataclass(frozen=True, slots=True)
class Subject:
    """What feedback is about."""

    type: SubjectType
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class PictureShown:
    """A picture of feedback, and what was found of it."""

    id: UUID
    width: int
    height: int
    state: PictureState
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class StepShown:
    """A state and when feedback came into it."""

    state: FeedbackState
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """What staff answered; `corrected_at` is when they last changed their words."""

    text: str | None
    at: datetime
    corrected_at: datetime | None


@dataclass(frozen=True, slots=True)
class FeedbackShown:
    """Feedback without who wrote it. Of all its `pictures` a member sees those that are `visible`."""

    id: UUID
    number: str
    subject: Subject
    kind: FeedbackKind | None
    text: str | None
    sent_at: datetime
    state: FeedbackState
    held_because: HeldBecause | None
    finding: Finding | None
    last_error: str | None
    reason: str | None
    answer: AnswerShown | None
    steps: Sequence[StepShown]
    pictures: Sequence[PictureShown]

    @property
    def visible(self) -> list[PictureShown]:
        return [picture for picture in self.pictures if picture.state is PictureState.SHOWN]

    @property
    def pictures_in_check(self) -> int:
        return sum(picture.state in {PictureState.WAITING, PictureState.HELD} for picture in self.pictures)


def list_own(session: Session, *, member_id: UUID, limit: int, cursor: str | None) -> Page[FeedbackShown]:
    """What a member wrote, the newest first."""
    own = select(Feedback).where(Feedback.member_id == member_id)
    found = page(session, own, (Feedback.sent_at, Feedback.id), limit=limit, cursor=cursor, descending=True)
    return Page(show(session, found.items), found.next_cursor)


def get_own(session: Session, feedback_id: UUID, *, member_id: UUID) -> FeedbackShown:
    """One of a member's. Raises FeedbackMissing, for somebody else's too."""
    own = select(Feedback).where(Feedback.id == feedback_id, Feedback.member_id == member_id)
    return show_one(session, session.scalar(own))


def get_own_picture(session: Session, picture_id: UUID, *, member_id: UUID) -> FeedbackPicture:
    """A picture of a member's that is shown. Raises FeedbackMissing, also while it is checked, or hidden."""
    own = select(FeedbackPicture).where(
        FeedbackPicture.id == picture_id,
        FeedbackPicture.member_id == member_id,
        FeedbackPicture.state == PictureState.SHOWN,
    )
    return found_picture(session.scalar(own))


def get_picture_for_check(session: Session, picture_id: UUID) -> FeedbackPicture:
    """A picture that the content check is to judge. Raises FeedbackMissing."""
    waiting = select(FeedbackPicture).where(
        FeedbackPicture.id == picture_id,
        FeedbackPicture.feedback_id.is_not(None),
        FeedbackPicture.state == PictureState.WAITING,
    )
    return found_picture(session.scalar(waiting))


def found_picture(picture: FeedbackPicture | None) -> FeedbackPicture:
    """The picture that was looked for. Raises FeedbackMissing when there is none."""
    if picture is None:
        raise FeedbackMissing
    return picture


def show_one(session: Session, feedback: Feedback | None) -> FeedbackShown:
    """The feedback that was looked for. Raises FeedbackMissing when there is none."""
    if feedback is None:
        raise FeedbackMissing
    return show(session, [feedback])[0]


def show(session: Session, found: Sequence[Feedback]) -> list[FeedbackShown]:
    """Four statements for however many."""
    subjects = subjects_of(session, found)
    ids = [feedback.id for feedback in found]
    steps: dict[UUID, list[StepShown]] = defaultdict(list)
    taken = select(FeedbackStep).where(FeedbackStep.feedback_id.in_(ids))
    for step in session.scalars(taken.order_by(FeedbackStep.at, FeedbackStep.id)):
        steps[step.feedback_id].append(StepShown(step.state, step.at))
    pictures: dict[UUID | None, list[PictureShown]] = defaultdict(list)
    attached = select(FeedbackPicture).where(FeedbackPicture.feedback_id.in_(ids))
    for each in session.scalars(attached.order_by(FeedbackPicture.position)):
        shown = PictureShown(each.id, each.width, each.height, each.state, each.finding)
        pictures[each.feedback_id].append(shown)
    return [
        _shown(feedback, subjects[feedback.id], steps=steps[feedback.id], pictures=pictures[feedback.id])
        for feedback in found
    ]


def subjects_of(session: Session, found: Sequence[Feedback]) -> dict[UUID, Subject]:
    """What each is about; two statements for however many."""
    sites = names_of_sites(session, {feedback.site_id for feedback in found if feedback.site_id})
    articles = name_articles(session, {feedback.article_id for feedback in found if feedback.article_id})
    subjects: dict[UUID, Subject] = {}
    for feedback in found:
        if feedback.site_id is not None:
            name = sites[feedback.site_id]
            subjects[feedback.id] = Subject(SubjectType.SITE, feedback.site_id, name)
        elif feedback.article_id is not None:
            title = articles[feedback.article_id].title
            subjects[feedback.id] = Subject(SubjectType.ARTICLE, feedback.article_id, title)
    return subjects


def _shown(
    feedback: Feedback, subject: Subject, *, steps: Sequence[StepShown], pictures: Sequence[PictureShown]
) -> FeedbackShown:
    answered_at = feedback.answered_at
    answer = read_sealed(feedback, "answer")
    return FeedbackShown(
        id=feedback.id,
        number=feedback.number,
        subject=subject,
        kind=feedback.kind,
        text=read_sealed(feedback, "text"),
        sent_at=feedback.sent_at,
        state=feedback.state,
        held_because=feedback.held_because,
        finding=feedback.finding,
        last_error=feedback.last_error,
        reason=read_sealed(feedback, "reason"),
        answer=AnswerShown(answer, answered_at, feedback.corrected_at) if answered_at else None,
        steps=steps,
        pictures=pictures,
    )
