"""What waits for review and who may decide about it; what somebody decided; the trail of an article."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from content.models import (
    Article,
    Plan,
    Review,
    Revision,
    Step,
    Submission,
    SubmissionState,
    WordOverride,
)
from content.queries.scope import articles_within
from content.queries.submissions import is_part_of
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.paging import Page, page_rows

STEPS = tuple(Step)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that waits for a step, and what of the caller's part in it bars them from deciding."""

    article: Article
    submission: Submission
    title: str
    kind: Any
    step: Step
    since: datetime
    wrote: bool
    decided: bool
    others: int = 0  # how many more wait, where one is looked up

    @property
    def may_decide(self) -> bool:
        """Whether the caller may take the step."""
        return not (self.wrote or self.decided)


def list_waiting(
    session: Session, principal: Principal, *, step: Step | None, limit: int, cursor: str | None
) -> Page[Waiting]:
    """A page of the texts within the caller's scope that wait for a step, who waits longest first.

    Raises InvalidCursor.
    """
    statement = _waiting(principal)
    if step is not None:
        statement = statement.where(Submission.approved_steps == STEPS.index(step))
    found = page_rows(session, statement, _OLDEST_FIRST, limit=limit, cursor=cursor)
    return Page([_read(row) for row in found.items], found.next_cursor)


def find_waiting(session: Session, principal: Principal, article_id: UUID) -> Waiting | None:
    """The text of an article, if it waits for a step within the caller's scope."""
    article, waiting = aliased(Article), aliased(Submission)
    others = (
        select(func.count())
        .select_from(waiting)
        .join(article, article.id == waiting.article_id)
        .where(waiting.state == SubmissionState.OPEN, article.id != article_id)
        .where(articles_within(principal, "content.review", article))
        .scalar_subquery()
    )
    wanted = _waiting(principal).where(Article.id == article_id).add_columns(others.label("others"))
    row = session.execute(wanted).one_or_none()
    return None if row is None else replace(_read(row), others=row.others)


def find_next(
    session: Session, principal: Principal, article_id: UUID, after: Waiting | None
) -> Waiting | None:
    """Of the other texts that the caller may decide about the one that follows, after the last the first."""
    own = _waiting(principal).where(*_decidable(principal), Article.id != article_id)
    if after is not None:
        at, since, last = Submission.submitted_at, after.submission.submitted_at, after.submission.id
        later = or_(at > since, and_(at == since, Submission.id > last))
        own = own.order_by(case((later, 0), else_=1))
    row = session.execute(own.order_by(*_OLDEST_FIRST).limit(1)).one_or_none()
    return None if row is None else _read(row)


@dataclass(frozen=True, slots=True)
class Due:
    """How many texts wait for a step that the caller may take, and whose waits longest."""

    count: int
    article_id: UUID


def list_due(session: Session, principal: Principal) -> dict[Step, Due]:
    """What the caller may decide about, for each step that anything waits for; one statement."""
    step = Submission.approved_steps
    own = (
        _joined(select(step, Article.id.label("article_id")))
        .add_columns(
            func.count().over(partition_by=step).label("of_step"),
            func.row_number().over(partition_by=step, order_by=_OLDEST_FIRST).label("place"),
        )
        .where(*_open(principal), *_decidable(principal))
        .subquery()
    )
    found = session.execute(select(own).where(own.c.place == 1))
    return {STEPS[row.approved_steps]: Due(row.of_step, row.article_id) for row in found}


_Live = aliased(Revision)
_OLDEST_FIRST = (Submission.submitted_at, Submission.id)


def _waiting(principal: Principal) -> Select[*tuple[Any, ...]]:
    columns = select(
        Article,
        Submission,
        Revision.title.label("title"),
        Revision.kind.label("kind"),
        _wrote(principal.id).label("wrote"),
        _decided(principal.id).label("decided"),
    )
    return _joined(columns).where(*_open(principal))


def _joined(columns: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        columns.select_from(Article)
        .join(Submission, Submission.article_id == Article.id)
        .join(Revision, Revision.id == Submission.revision_id)
        .outerjoin(_Live, _Live.id == Article.live_revision_id)
    )


def _open(principal: Principal) -> tuple[ColumnElement[bool], ...]:
    return Submission.state == SubmissionState.OPEN, articles_within(principal, "content.review")


def _decidable(principal: Principal) -> tuple[ColumnElement[bool], ...]:
    """As `Waiting.may_decide` has it."""
    return ~_wrote(principal.id), ~_decided(principal.id)


def _read(row: Row[*tuple[Any, ...]]) -> Waiting:
    submission = row[1]
    return Waiting(
        article=row[0],
        submission=submission,
        title=row.title,
        kind=row.kind,
        step=STEPS[submission.approved_steps],
        since=submission.state_at,
        wrote=bool(row.wrote),
        decided=bool(row.decided),
    )


def _wrote(staff_id: UUID) -> ColumnElement[bool]:
    """Whether somebody has a part in what is worked on, as `submissions.writers_of` finds for one text."""
    saved = aliased(Revision)
    part = is_part_of(saved, Article.id, last=Revision.number, shown=func.coalesce(_Live.number, 0))
    some = select(saved.id).where(saved.saved_by == staff_id, part).correlate_except(saved)
    return or_(Article.owner_id == staff_id, Submission.submitted_by == staff_id, some.exists())


def _decided(staff_id: UUID) -> ColumnElement[bool]:
    own = select(Review.id).where(
        Review.submission_id == Submission.id,
        Review.reviewer_id == staff_id,
        Review.undone_at.is_(None),
    )
    return own.exists()


def count_waiting(session: Session, principal: Principal) -> dict[Step, int]:
    """How many texts wait for each step within the caller's scope, whoever may decide."""
    counted = (
        select(Submission.approved_steps, func.count())
        .join(Article, Article.id == Submission.article_id)
        .where(Submission.state == SubmissionState.OPEN, articles_within(principal, "content.review"))
        .group_by(Submission.approved_steps)
    )
    return {STEPS[steps]: count for steps, count in session.execute(counted)}


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision of the caller's, and whether it is the last word so far."""

    review: Review
    article: Article
    title: str
    may_undo: bool


def list_decided(session: Session, staff_id: UUID, *, limit: int = 8) -> list[Decided]:
    """What somebody decided lately and has not taken back, the last first."""
    live, later = aliased(Revision), aliased(Review)
    last = ~(
        select(later.id)
        .where(
            later.submission_id == Review.submission_id,
            later.undone_at.is_(None),
            later.decided_at > Review.decided_at,
        )
        .exists()
    )
    newer = aliased(Submission)
    newest = ~select(newer.id).where(newer.article_id == Article.id, newer.id > Submission.id).exists()
    shown = and_(live.id.is_not(None), live.content_hash == Submission.content_hash)
    latest = aliased(Revision)
    as_returned = or_(
        Submission.state != SubmissionState.RETURNED, latest.content_hash == Submission.content_hash
    )
    decided = (
        select(
            Review,
            Article,
            Revision.title,
            and_(
                last,
                newest,
                ~shown,
                as_returned,
                Plan.article_id.is_(None),
                Submission.state != SubmissionState.SUPERSEDED,
            ).label("may_undo"),
        )
        .join(Submission, Submission.id == Review.submission_id)
        .join(Revision, Revision.id == Submission.revision_id)
        .join(Article, Article.id == Submission.article_id)
        .join(latest, and_(latest.article_id == Article.id, latest.number == Article.latest_number))
        .outerjoin(live, live.id == Article.live_revision_id)
        .outerjoin(Plan, Plan.article_id == Article.id)
        .where(Review.reviewer_id == staff_id, Review.undone_at.is_(None))
        .order_by(Review.decided_at.desc(), Review.id.desc())
        .limit(limit)
    )
    return [
        Decided(review, article, title, bool(may_undo))
        for review, article, title, may_undo in session.execute(decided)
    ]


def list_standing_reviews(session: Session, article_id: UUID) -> list[Review]:
    """What was decided about an article's texts and not taken back, in order."""
    decided = (
        select(Review)
        .join(Submission, Submission.id == Review.submission_id)
        .where(Submission.article_id == article_id, Review.undone_at.is_(None))
        .order_by(Review.decided_at, Review.id)
    )
    return list(session.scalars(decided))


@dataclass(frozen=True, slots=True)
class TrailRow:
    """A line of an article's trail: what was done about which text, by whom, when, with which words."""

    at: datetime
    staff_id: UUID
    act: str  # submitted, approved, returned, undone, withdrawn, superseded, allowed
    step: Step | None
    number: int | None
    content_hash: str
    note: str | None = None
    quote: str | None = None
    block: int | None = None
    undone_at: datetime | None = None
    planned_for: datetime | None = None


def list_trail(session: Session, article_id: UUID) -> list[TrailRow]:
    """Everything that review did about an article, in order; three statements."""
    put_forward = (
        select(Submission, Revision.number)
        .join(Revision, Revision.id == Submission.revision_id)
        .where(Submission.article_id == article_id)
    )
    submissions = session.execute(put_forward.order_by(Submission.submitted_at, Submission.id)).all()
    numbers = {submission.id: number for submission, number in submissions}
    reviews = session.scalars(select(Review).where(Review.submission_id.in_(numbers)))
    rows = [
        *(row for submission, number in submissions for row in _of_submission(submission, number)),
        *(row for review in reviews for row in _of_review(review, numbers[review.submission_id])),
        *_of_overrides(session.scalars(select(WordOverride).where(WordOverride.article_id == article_id))),
    ]
    return sorted(rows, key=lambda row: row.at)


def _of_submission(submission: Submission, number: int) -> Iterable[TrailRow]:
    by, of = submission.submitted_by, submission.content_hash
    yield TrailRow(submission.submitted_at, by, "submitted", None, number, of)
    if submission.state in {SubmissionState.WITHDRAWN, SubmissionState.SUPERSEDED}:
        yield TrailRow(submission.state_at, by, submission.state.value, None, number, of)


def _of_review(review: Review, number: int) -> Iterable[TrailRow]:
    yield TrailRow(
        review.decided_at,
        review.reviewer_id,
        review.decision.value,
        review.step,
        number,
        review.content_hash,
        review.note,
        review.quote,
        review.block,
        review.undone_at,
    )
    if review.undone_at is not None:
        yield TrailRow(
            review.undone_at, review.reviewer_id, "undone", review.step, number, review.content_hash
        )


def _of_overrides(overrides: Iterable[WordOverride]) -> Iterable[TrailRow]:
    for override in overrides:
        note = f"{override.word}：{override.reason}"
        yield TrailRow(override.allowed_at, override.allowed_by, "allowed", None, None, "", note)
