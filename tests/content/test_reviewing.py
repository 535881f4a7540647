"""三审三校: steps by class, bound to the hash of a text, each by another person, none by who wrote it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from content.errors import (
    AlreadySubmitted,
    CannotUndo,
    NoteMissing,
    NothingNew,
    NotReady,
    NotUnderReview,
    OwnText,
    PlanStands,
    SecondStep,
    StepTaken,
    TextChanged,
)
from content.models import (
    Article,
    Audience,
    ContentClass,
    Decision,
    Review,
    Step,
    Submission,
    SubmissionState,
)
from content.queries.desk_reviews import list_waiting
from content.queries.submissions import find_standing_submission, list_decisions
from content.rules.drafts import EMPTY_BODY
from content.service import drafting, reviewing
from content.service.managed import lock_article
from miniprogram_api.kernel import runtime_settings
from miniprogram_api.kernel.access import Grant, Principal, PrincipalKind
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.content import body_of, heading, make_asset
from tests.factories.staff import make_staff
from tests.support.publishing import (
    Desk,
    approve,
    approved_article,
    make_desk,
    publish,
    publish_article,
    rewrite,
    schedule,
    staff_actor,
    submit,
    write_article,
)
from tests.support.races import at_once, meeting_first


def decide(
    session: Session,
    article: Article,
    by: UUID,
    step: Step = Step.FIRST,
    *,
    content_hash: str | None = None,
) -> Submission:
    standing = find_standing_submission(session, article.id)
    return reviewing.approve_step(
        session,
        article,
        content_hash=content_hash or (standing.content_hash if standing else ""),
        step=step,
        reviewer_id=by,
        actor=staff_actor(by),
        now=clock_now(),
    )


def send_back(
    session: Session, article: Article, by: UUID, note: str = "第二段缺来源。", block: int | None = None
) -> Submission:
    standing = find_standing_submission(session, article.id)
    assert standing is not None
    return reviewing.return_submission(
        session,
        article,
        content_hash=standing.content_hash,
        step=Step.FIRST,
        note=note,
        block=block,
        reviewer_id=by,
        actor=staff_actor(by),
        now=clock_now(),
    )


def undo(session: Session, article: Article, by: UUID) -> Submission:
    return reviewing.undo_decision(session, article, reviewer_id=by, actor=staff_actor(by), now=clock_now())


def submitted(session: Session, **values: Any) -> tuple[Desk, Article, Submission]:
    desk = make_desk(session)
    article = write_article(session, desk, **values)
    return desk, article, submit(session, desk, article)


SENSITIVE = {"content_class": ContentClass.SENSITIVE}


# Steps.


@pytest.mark.parametrize(
    ("of", "names"),
    [
        (ContentClass.NORMAL, [Step.FIRST]),
        (ContentClass.IMPORTANT, [Step.FIRST, Step.SECOND]),
        (ContentClass.SENSITIVE, [Step.FIRST, Step.SECOND, Step.FINAL]),
    ],
)
def test_the_class_decides_the_steps(app: Flask, of: ContentClass, names: list[Step]) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session, content_class=of)
        approve(session, desk, article, submission)
        assert submission.state is SubmissionState.APPROVED
        assert [review.step for review in list_decisions(session, submission.id)] == names


def test_the_table_of_steps_is_in_the_settings_and_holds_for_what_is_submitted_later(
    app: Flask, clock: Clock
) -> None:
    with atomic() as session:
        _, _, before = submitted(session)
        runtime_settings.change(
            session,
            "content.steps_normal",
            value=2,
            effective_at=None,
            reason="严一些",
            actor=SYSTEM,
            now=clock.now,
        )
    with atomic() as session:
        _, _, after = submitted(session)
        assert (before.steps, after.steps) == (1, 2)


def test_a_step_is_not_skipped(app: Flask) -> None:
    with atomic() as session:
        desk, article, _ = submitted(session, **SENSITIVE)
        with pytest.raises(StepTaken) as due:
            decide(session, article, desk.reviewers[0], Step.FINAL)
        assert due.value.params == {"step": "first"}


# Who may decide.


def test_nobody_approves_their_own_text(app: Flask) -> None:
    with atomic() as session:
        desk, article, _ = submitted(session)
        with pytest.raises(OwnText):
            decide(session, article, desk.writer)


def test_whoever_saved_any_of_the_text_since_it_was_shown_does_not_approve_it(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        helper = desk.reviewers[1]
        article = write_article(session, desk)
        rewrite(session, article, by=helper, summary="换了一句。", autosaved=True)
        rewrite(session, article, by=desk.writer, summary="又换了一句。")
        submission = submit(session, desk, article)
        with pytest.raises(OwnText):
            decide(session, article, helper)
        approve(session, desk, article, submission)
        publish(session, desk, article)
        # What they wrote is out; of the next text they wrote nothing.
        rewrite(session, article, by=desk.writer, summary="新的一句。")
        submit(session, desk, article)
        decide(session, article, helper)


def test_whoever_put_it_forward_or_answers_for_it_does_not_approve_it(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = write_article(session, desk)
        by, owner = desk.reviewers[:2]
        article.owner_id = owner
        reviewing.submit_article(session, article, staff_id=by, actor=staff_actor(by), now=clock_now())
        for barred in (by, owner):
            with pytest.raises(OwnText):
                decide(session, article, barred)
        decide(session, article, desk.reviewers[2])


def restore(session: Session, desk: Desk, article: Article, number: int) -> None:
    by = desk.writer
    drafting.restore_revision(session, article, number, staff_id=by, actor=staff_actor(by), now=clock_now())


def may_decide(session: Session, by: UUID) -> bool:
    """What the queue says of the only text in it."""
    city = Grant(role="reviewer", permissions=frozenset({"content.review"}))
    reviewer = Principal(kind=PrincipalKind.STAFF, id=by, session_id=new_id(), grants=(city,))
    (waiting,) = list_waiting(session, reviewer, step=None, limit=2, cursor=None).items
    return waiting.may_decide


def test_whoever_wrote_a_text_that_is_brought_back_does_not_approve_it(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        helper, second, third = desk.reviewers
        article = write_article(session, desk)
        rewrite(session, article, by=helper, summary="审核人写的一句。")
        rewrite(session, article, by=second, summary="另一位改的一句。")
        submit(session, desk, article)
        decide(session, article, third)
        publish(session, desk, article)
        restore(session, desk, article, 2)
        rewrite(session, article, by=desk.writer, title="带回来又改过的")
        submit(session, desk, article)
        assert [may_decide(session, each) for each in desk.reviewers] == [False, True, True]
        with pytest.raises(OwnText):
            decide(session, article, helper)
        decide(session, article, second)
        publish(session, desk, article)
        # Brought back by way of another text that was brought back.
        restore(session, desk, article, 4)
        rewrite(session, article, by=desk.writer, title="再带回来的")
        submit(session, desk, article)
        assert [may_decide(session, each) for each in desk.reviewers] == [False, False, True]
        with pytest.raises(OwnText):
            decide(session, article, helper)
        decide(session, article, third)


def test_going_back_to_what_is_shown_makes_nobody_its_writer_anew(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        helper, second, _ = desk.reviewers
        article = write_article(session, desk)
        rewrite(session, article, by=helper, summary="审核人写的一句。")
        submit(session, desk, article)
        decide(session, article, second)
        publish(session, desk, article)
        rewrite(session, article, by=desk.writer, summary="没写好的一句。")
        restore(session, desk, article, 2)
        rewrite(session, article, by=desk.writer, summary="写好的一句。")
        submit(session, desk, article)
        assert may_decide(session, helper)
        decide(session, article, helper)


def test_one_person_does_not_take_two_steps_of_one_text(app: Flask) -> None:
    with atomic() as session:
        desk, article, _ = submitted(session, **SENSITIVE)
        decide(session, article, desk.reviewers[0])
        with pytest.raises(SecondStep):
            decide(session, article, desk.reviewers[0], Step.SECOND)
        decide(session, article, desk.reviewers[1], Step.SECOND)
        for again in desk.reviewers[:2]:
            with pytest.raises(SecondStep):
                decide(session, article, again, Step.FINAL)


# The hash.


def test_an_approval_is_for_the_hash_that_was_looked_at(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        with pytest.raises(TextChanged) as changed:
            decide(session, article, desk.reviewers[0], content_hash="0" * 64)
        assert changed.value.params == {"content_hash": submission.content_hash}
        decide(session, article, desk.reviewers[0])
        (review,) = list_decisions(session, submission.id)
        assert review.content_hash == submission.content_hash


def test_who_looked_at_a_text_that_was_changed_meanwhile_hears_of_it(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        latest = rewrite(session, article, by=desk.writer, title="改过的标题").revision
        with pytest.raises(TextChanged) as changed:
            decide(session, article, desk.reviewers[0], content_hash=submission.content_hash)
        assert changed.value.params == {"content_hash": latest.content_hash}


def test_a_save_that_changes_nothing_keeps_approvals(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session, **SENSITIVE)
        decide(session, article, desk.reviewers[0])
        assert not rewrite(session, article, by=desk.writer).changed
        assert (submission.state, submission.approved_steps) == (SubmissionState.OPEN, 1)


CHANGES: dict[str, Callable[[Session], dict[str, Any]]] = {
    "text": lambda _: {"body": body_of("另一段话。")},
    "cover": lambda session: {"cover_asset_id": str(make_asset(session).id)},
    "title": lambda _: {"title": "另一个标题"},
    "audience": lambda _: {"audience": Audience.SCHOOLS},
    "class": lambda _: {"content_class": ContentClass.NORMAL},
    "source": lambda _: {"source_name": "另一个来源"},
}


@pytest.mark.parametrize("approved", [1, 3])
@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_what_was_reviewed_resets_it(app: Flask, what: str, approved: int) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session, **SENSITIVE)
        for step, reviewer in list(zip(Step, desk.reviewers, strict=True))[:approved]:
            decide(session, article, reviewer, step)
        rewrite(session, article, by=desk.writer, **CHANGES[what](session))
        assert submission.state is SubmissionState.SUPERSEDED
        again = submit(session, desk, article)
        assert again.approved_steps == 0


def test_a_restored_text_is_reviewed_anew_unless_it_is_the_same(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        restore = {"staff_id": desk.writer, "actor": SYSTEM, "now": clock_now()}
        drafting.restore_revision(session, article, 1, **restore)
        assert submission.state is SubmissionState.OPEN
        rewrite(session, article, by=desk.writer, title="第三稿")
        assert submission.state is SubmissionState.SUPERSEDED


# Putting forward and taking back.


def test_everything_that_blocks_submission_is_told_at_once(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        values = {"title": " ", "summary": "", "cover_asset_id": None, "body": EMPTY_BODY}
        article = write_article(session, desk, **values)
        with pytest.raises(NotReady) as missing:
            submit(session, desk, article)
        assert {fault.code for fault in missing.value.fields} == {
            "content.title_missing",
            "content.summary_missing",
            "content.cover_missing",
            "content.body_empty",
        }


def test_a_text_is_put_forward_once(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        with pytest.raises(AlreadySubmitted):
            submit(session, desk, article)
        approve(session, desk, article, submission)
        with pytest.raises(AlreadySubmitted):
            submit(session, desk, article)


def test_what_is_shown_is_not_put_forward_again(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = publish_article(session, desk=desk, title="发布的标题")
        rewrite(session, article, by=desk.writer, title="改坏的标题")
        rewrite(session, article, by=desk.writer, title="发布的标题")
        with pytest.raises(NothingNew):
            submit(session, desk, article)


def test_a_submission_is_taken_back_and_put_forward_again(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        reviewing.withdraw_submission(session, article, actor=SYSTEM, now=clock.now)
        assert submission.state is SubmissionState.WITHDRAWN
        with pytest.raises(NotUnderReview):
            decide(session, article, desk.reviewers[0])
        with pytest.raises(NotUnderReview):
            reviewing.withdraw_submission(session, article, actor=SYSTEM, now=clock.now)
        assert submit(session, desk, article).state is SubmissionState.OPEN


def test_what_is_planned_or_shown_is_not_taken_back(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        later = clock.now.replace(year=2027)
        schedule(session, desk, article, later)
        with pytest.raises(PlanStands):
            reviewing.withdraw_submission(session, article, actor=SYSTEM, now=clock.now)
        live = publish_article(session, desk=desk)
        with pytest.raises(NotUnderReview):
            reviewing.withdraw_submission(session, live, actor=SYSTEM, now=clock.now)


# Returning.


def test_returning_needs_a_note(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        for note in ("", "  \n", "长" * 1001):
            with pytest.raises(NoteMissing) as missing:
                send_back(session, article, desk.reviewers[0], note)
            assert missing.value.fields[0].field == "note"
        assert submission.state is SubmissionState.OPEN


def test_a_note_may_point_at_a_paragraph_and_remembers_how_it_began(app: Flask) -> None:
    with atomic() as session:
        body = body_of(heading("角度"), "四十三度最合适，全年发电最多。")
        desk, article, submission = submitted(session, body=body)
        send_back(session, article, desk.reviewers[0], "这个角度有误。", block=1)
        (review,) = list_decisions(session, submission.id)
        assert (review.decision, review.note) == (Decision.RETURNED, "这个角度有误。")
        assert (review.block, review.quote) == (1, "四十三度最合适，全年发电最多。")
        assert submission.state is SubmissionState.RETURNED


def test_a_note_that_points_at_nothing_is_about_the_whole(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        send_back(session, article, desk.reviewers[0], block=99)
        (review,) = list_decisions(session, submission.id)
        assert (review.block, review.quote) == (None, None)


def test_what_came_back_is_put_forward_again_as_it_is_or_mended(app: Flask) -> None:
    with atomic() as session:
        desk, article, _ = submitted(session)
        send_back(session, article, desk.reviewers[0])
        rewrite(session, article, by=desk.writer, source_name="统计局")
        again = submit(session, desk, article)
        approve(session, desk, article, again)
        assert again.state is SubmissionState.APPROVED


# Taking a decision back.


def test_an_approval_is_taken_back_until_the_next_step(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session, **SENSITIVE)
        first, second, _ = desk.reviewers
        decide(session, article, first)
        undo(session, article, first)
        assert submission.approved_steps == 0
        decide(session, article, first)
        decide(session, article, second, Step.SECOND)
        with pytest.raises(CannotUndo):
            undo(session, article, first)
        undo(session, article, second)
        undo(session, article, first)
        assert (submission.approved_steps, submission.state) == (0, SubmissionState.OPEN)


def test_the_last_approval_is_taken_back_until_the_publication(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        decide(session, article, desk.reviewers[0])
        undo(session, article, desk.reviewers[0])
        assert submission.state is SubmissionState.OPEN
        decide(session, article, desk.reviewers[0])
        publish(session, desk, article)
        with pytest.raises(CannotUndo):
            undo(session, article, desk.reviewers[0])


def test_an_approval_that_a_plan_rests_on_is_not_taken_back(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk, article, _ = submitted(session)
        decide(session, article, desk.reviewers[0])
        schedule(session, desk, article, clock.now.replace(year=2027))
        with pytest.raises(PlanStands):
            undo(session, article, desk.reviewers[0])


def test_a_return_is_taken_back_until_the_text_has_changed(app: Flask) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        send_back(session, article, desk.reviewers[0])
        with pytest.raises(CannotUndo):
            undo(session, article, desk.reviewers[1])
        undo(session, article, desk.reviewers[0])
        assert submission.state is SubmissionState.OPEN
        send_back(session, article, desk.reviewers[0])
        rewrite(session, article, by=desk.writer, title="改过的标题")
        with pytest.raises(CannotUndo):
            undo(session, article, desk.reviewers[0])


def test_there_is_nothing_to_take_back_where_nothing_was_decided(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = write_article(session, desk)
        with pytest.raises(CannotUndo):
            undo(session, article, desk.reviewers[0])
        submit(session, desk, article)
        with pytest.raises(CannotUndo):
            undo(session, article, desk.reviewers[0])


# The trail.


def test_every_step_leaves_who_when_which_hash_and_what_note(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk, article, submission = submitted(session)
        clock.advance(minutes=5)
        send_back(session, article, desk.reviewers[0], "请核对数字。")
        undo(session, article, desk.reviewers[0])
        clock.advance(minutes=5)
        decide(session, article, desk.reviewers[1])
        kept = select(Review).where(Review.submission_id == submission.id).order_by(Review.id)
        returned, approved = session.scalars(kept).all()
        assert (returned.reviewer_id, returned.note) == (desk.reviewers[0], "请核对数字。")
        assert returned.undone_at is not None
        assert (approved.reviewer_id, approved.decided_at) == (desk.reviewers[1], clock.now)
        assert {returned.content_hash, approved.content_hash} == {submission.content_hash}
        actions = select(AuditRow.action).where(AuditRow.object_id == str(article.id)).order_by(AuditRow.id)
        told = select(EventRow.name).where(EventRow.name.like("content.%")).order_by(EventRow.id)
        assert list(session.scalars(actions))[1:] == [
            "content.submit_article",
            "content.return_submission",
            "content.undo_decision",
            "content.approve_step",
        ]
        assert list(session.scalars(told))[-4:] == [
            "content.article_submitted",
            "content.submission_returned",
            "content.decision_undone",
            "content.step_approved",
        ]


# Two reviewers at once.


def race(app: Flask, article_id: UUID, reviewers: list[UUID], *, locked: bool = True) -> list[str]:
    """What each reviewer hears who approves the first step at the same time as the others."""

    def approve_first(by: UUID) -> Callable[[], str]:
        def run() -> str:
            try:
                with atomic() as session:
                    article = (
                        lock_article(session, article_id) if locked else session.get(Article, article_id)
                    )
                    assert article is not None
                    decide(session, article, by)
            except AppError as error:
                return error.code
            return "approved"

        return run

    return at_once(app, [approve_first(by) for by in reviewers])


def _find_article(session: Session, article_id: UUID) -> Article | None:
    return session.get(Article, article_id)


def start_race() -> tuple[UUID, list[UUID]]:
    with atomic() as session:
        desk, article, _ = submitted(session, **SENSITIVE)
        return article.id, list(desk.reviewers)


def approved_steps(article_id: UUID) -> int:
    with reading() as session:
        submission = find_standing_submission(session, article_id)
        assert submission is not None
        return submission.approved_steps


def test_of_reviewers_who_approve_a_step_at_once_one_wins(app: Flask) -> None:
    article_id, reviewers = start_race()
    assert sorted(race(app, article_id, reviewers)) == ["approved", *["content.step_taken"] * 2]
    assert approved_steps(article_id) == 1


def test_one_wins_even_if_all_looked_before_anybody_wrote(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("writers come one by one there")
    article_id, reviewers = start_race()
    monkeypatch.setattr(reviewing, "_move", meeting_first(reviewing._move, len(reviewers)))
    heard = race(app, article_id, reviewers, locked=False)
    assert sorted(heard) == ["approved", *["content.step_taken"] * 2]
    assert approved_steps(article_id) == 1


def test_without_its_guards_several_would_win(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control of the races above."""
    article_id, reviewers = start_race()
    index = {
        "uq_content_reviews_step": "CREATE UNIQUE INDEX uq_content_reviews_step ON content_reviews"
        " (submission_id, step) WHERE undone_at IS NULL"
    }

    def look_away(session: Session, article: Article, *_: object) -> Submission:
        submission = find_standing_submission(session, article.id)
        assert submission is not None
        return submission

    monkeypatch.setattr(reviewing, "_decidable", look_away)
    for name in index:
        with atomic() as session:
            session.execute(text(f"DROP INDEX {name}"))
    try:
        assert race(app, article_id, reviewers) == ["approved"] * 3
    finally:
        with atomic() as session:
            session.execute(text("DELETE FROM content_reviews"))
            for statement in index.values():
                session.execute(text(statement))


def test_a_stranger_can_review(app: Flask) -> None:
    """The positive control of who may not."""
    with atomic() as session:
        _, article, submission = submitted(session)
        decide(session, article, make_staff(session).id)
        assert submission.state is SubmissionState.APPROVED
