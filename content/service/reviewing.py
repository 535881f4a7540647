"""Review, 三审三校: a text is put forward, and each step decides about the hash of that text."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content import rendering
from content.errors import (
    AlreadySubmitted,
    CannotUndo,
    NothingNew,
    NotReady,
    NotUnderReview,
    PlanStands,
    StepTaken,
    TextChanged,
)
from content.events import (
    ArticleSubmitted,
    DecisionUndone,
    StepApproved,
    SubmissionReturned,
    SubmissionWithdrawn,
)
from content.models import (
    Article,
    ContentClass,
    Decision,
    Plan,
    Review,
    Revision,
    Standing,
    Step,
    Submission,
    SubmissionState,
)
from content.queries.readiness import list_open_points
from content.queries.submissions import (
    find_last_submission,
    find_standing_submission,
    list_decisions,
    writers_of,
)
from content.rules.publishing import instant_text
from content.rules.review import (
    MOST_QUOTE,
    STEPS,
    USUAL_STEPS,
    check_reviewer,
    clean_note,
    step_due,
)
from content.service.asset_uses import follow_uses
from content.service.drafting import draft_of
from content.service.managed import latest_revision, live_revision, note_article
from content.service.publishing import unschedule_article
from miniprogram_api.kernel import runtime_settings
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import execute_counting
from miniprogram_api.kernel.ids import new_id

STEPS_OF = {
    of: runtime_settings.declare(
        f"content.steps_{of.value}", default=USUAL_STEPS[of], least=1, most=len(STEPS)
    )
    for of in ContentClass
}


def submit_article(
    session: Session,
    article: Article,
    *,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> Submission:
    """Put the latest text of a locked article forward for review.

    Its class says how many steps it takes, and a later change of that number changes nothing for it. Raises
    NotReady with the whole checklist, AlreadySubmitted, NothingNew when what is shown says the same.
    """
    revision = latest_revision(session, article)
    if find_standing_submission(session, article.id) is not None:
        raise AlreadySubmitted
    if article.standing is Standing.LIVE and _shown_hash(session, article) == revision.content_hash:
        raise NothingNew
    open_points = list_open_points(session, article, draft_of(revision))
    if open_points:
        raise NotReady(fields=open_points)
    submission = Submission(
        id=new_id(),
        article_id=article.id,
        revision_id=revision.id,
        content_hash=revision.content_hash,
        steps=STEPS_OF[revision.content_class].value(session, now),
        approved_steps=0,
        state=SubmissionState.OPEN,
        submitted_by=staff_id,
        submitted_at=now,
        state_at=now,
    )
    session.add(submission)
    follow_uses(session, article)
    after = {
        "revision_number": revision.number,
        "content_hash": revision.content_hash,
        "steps": submission.steps,
    }
    told = ArticleSubmitted(str(article.id), str(submission.id), submission.content_hash)
    note_article(session, article, action="submit_article", event=told, actor=actor, after=after)
    return submission


def withdraw_submission(session: Session, article: Article, *, actor: Actor, now: datetime) -> None:
    """Take a text of a locked article back from review, or from its approval while nothing came of it.

    Raises NotUnderReview, PlanStands.
    """
    submission = find_standing_submission(session, article.id)
    if submission is None or _is_published(session, article, submission):
        raise NotUnderReview
    _check_unplanned(session, article, submission)
    submission.state, submission.state_at = SubmissionState.WITHDRAWN, now
    session.flush()
    follow_uses(session, article)
    before = {"content_hash": submission.content_hash, "approved_steps": submission.approved_steps}
    told = SubmissionWithdrawn(str(article.id), str(submission.id))
    note_article(session, article, action="withdraw_submission", event=told, actor=actor, before=before)


def approve_step(
    session: Session,
    article: Article,
    *,
    content_hash: str,
    step: Step,
    reviewer_id: UUID,
    note: str = "",
    actor: Actor,
    now: datetime,
) -> Submission:
    """Let a text of a locked article pass the step that the reviewer looked at.

    Of two reviewers at one step the first decides. Raises NotUnderReview, TextChanged, StepTaken, OwnText,
    SecondStep.
    """
    kept = clean_note(note, required=False)
    submission = _decidable(session, article, content_hash, step, reviewer_id)
    passed = submission.approved_steps + 1
    complete = passed == submission.steps
    state = SubmissionState.APPROVED if complete else SubmissionState.OPEN
    _move(session, submission, approved_steps=passed, state=state, now=now)
    session.add(_review(submission, step, Decision.APPROVED, reviewer_id, note=kept, now=now))
    after = {"step": step.value, "content_hash": content_hash, "complete": complete}
    told = StepApproved(str(article.id), str(submission.id), step.value, content_hash, complete)
    note_article(session, article, action="approve_step", event=told, actor=actor, after=after)
    return submission


def return_submission(
    session: Session,
    article: Article,
    *,
    content_hash: str,
    step: Step,
    note: str,
    block: int | None = None,
    reviewer_id: UUID,
    actor: Actor,
    now: datetime,
) -> Submission:
    """Give a text back to its writers, with a note that may point at a block of its body.

    A plan for the same text, which rests on an earlier approval, goes with it: what came back is not
    published. A plan for another text stands. Raises NoteMissing, and what `approve_step` raises.
    """
    kept = clean_note(note, required=True)
    submission = _decidable(session, article, content_hash, step, reviewer_id)
    _move(
        session,
        submission,
        approved_steps=submission.approved_steps,
        state=SubmissionState.RETURNED,
        now=now,
    )
    review = _review(submission, step, Decision.RETURNED, reviewer_id, note=kept, now=now)
    review.quote = _quote(session.get(Revision, submission.revision_id), block)
    review.block = block if review.quote is not None else None
    session.add(review)
    session.flush()
    if _planned_for(session, article, submission) is not None:
        unschedule_article(session, article, actor=actor)
    follow_uses(session, article)
    after = {"step": step.value, "content_hash": content_hash, "block": review.block}
    told = SubmissionReturned(str(article.id), str(submission.id), step.value, content_hash)
    note_article(session, article, action="return_submission", event=told, actor=actor, after=after)
    return submission


def undo_decision(
    session: Session, article: Article, *, reviewer_id: UUID, actor: Actor, now: datetime
) -> Submission:
    """Take one's last decision about a locked article back, until the next step or the publication.

    A return is taken back until the text has changed; a plan that went with it does not come back. Raises
    CannotUndo, PlanStands.
    """
    submission = find_last_submission(session, article.id)
    decisions = [] if submission is None else list_decisions(session, submission.id)
    if submission is None or not decisions or decisions[-1].reviewer_id != reviewer_id:
        raise CannotUndo
    review = decisions[-1]
    if not _is_open_to_undo(session, article, submission):
        raise CannotUndo
    _check_unplanned(session, article, submission)
    review.undone_at = now
    passed = submission.approved_steps - (review.decision is Decision.APPROVED)
    _move(session, submission, approved_steps=passed, state=SubmissionState.OPEN, now=now)
    follow_uses(session, article)
    before = {"step": review.step.value, "decision": review.decision.value}
    told = DecisionUndone(str(article.id), str(submission.id), review.step.value)
    note_article(session, article, action="undo_decision", event=told, actor=actor, before=before)
    return submission


def _decidable(
    session: Session, article: Article, content_hash: str, step: Step, reviewer_id: UUID
) -> Submission:
    """The submission that a reviewer may decide about now."""
    submission = find_standing_submission(session, article.id)
    if submission is None:
        last = find_last_submission(session, article.id)
        if last is not None and last.state is SubmissionState.SUPERSEDED:
            raise TextChanged(content_hash=latest_revision(session, article).content_hash)
        raise NotUnderReview
    if submission.content_hash != content_hash:
        raise TextChanged(content_hash=submission.content_hash)
    if submission.state is not SubmissionState.OPEN:
        raise NotUnderReview
    due = step_due(submission.approved_steps)
    if due is not step:
        raise StepTaken(step=due.value)
    decided = {review.reviewer_id for review in list_decisions(session, submission.id)}
    check_reviewer(reviewer_id, writers=writers_of(session, article, submission), decided_before=decided)
    return submission


def _move(
    session: Session, submission: Submission, *, approved_steps: int, state: SubmissionState, now: datetime
) -> None:
    """Go on from what was read, or not at all: nobody can have moved it meanwhile. Raises StepTaken."""
    as_read = (
        Submission.id == submission.id,
        Submission.state == submission.state,
        Submission.approved_steps == submission.approved_steps,
    )
    moved = update(Submission).where(*as_read)
    values = {"approved_steps": approved_steps, "state": state, "state_at": now}
    if execute_counting(session, moved.values(**values)) != 1:
        raise StepTaken(step=step_due(min(submission.approved_steps + 1, len(STEPS) - 1)).value)
    session.refresh(submission)


def _review(
    submission: Submission,
    step: Step,
    decision: Decision,
    reviewer_id: UUID,
    *,
    note: str | None,
    now: datetime,
) -> Review:
    return Review(
        id=new_id(),
        submission_id=submission.id,
        content_hash=submission.content_hash,
        step=step,
        decision=decision,
        reviewer_id=reviewer_id,
        decided_at=now,
        note=note,
        block=None,
        quote=None,
        undone_at=None,
    )


def _quote(revision: Revision | None, block: int | None) -> str | None:
    """How a block began, for the note to be understood when blocks have moved; None: no such block."""
    blocks = [] if revision is None else revision.body.get("content") or []
    if block is None or not 0 <= block < len(blocks):
        return None
    text = rendering.to_text({"type": "doc", "content": [blocks[block]]})
    return " ".join(text.split())[:MOST_QUOTE]


def _is_open_to_undo(session: Session, article: Article, submission: Submission) -> bool:
    if submission.state is SubmissionState.RETURNED:
        return latest_revision(session, article).content_hash == submission.content_hash
    standing = submission.state in (SubmissionState.OPEN, SubmissionState.APPROVED)
    return standing and not _is_published(session, article, submission)


def _is_published(session: Session, article: Article, submission: Submission) -> bool:
    """Whether a text is shown, or was until its last day; a retraction takes its approval back."""
    shown = article.standing in (Standing.LIVE, Standing.EXPIRED)
    return shown and _shown_hash(session, article) == submission.content_hash


def _shown_hash(session: Session, article: Article) -> str | None:
    shown = live_revision(session, article)
    return None if shown is None else shown.content_hash


def _check_unplanned(session: Session, article: Article, submission: Submission) -> None:
    publish_at = _planned_for(session, article, submission)
    if publish_at is not None:
        raise PlanStands(publish_at=instant_text(publish_at))


def _planned_for(session: Session, article: Article, submission: Submission) -> datetime | None:
    """When a text is to be published, whichever of the revisions that say it the plan names."""
    planned = select(Plan.publish_at).join(Revision, Revision.id == Plan.revision_id)
    same = (Plan.article_id == article.id, Revision.content_hash == submission.content_hash)
    return session.scalar(planned.where(*same))
