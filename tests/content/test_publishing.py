"""Publishing: now or at an instant, on time, once, each article for itself; live stays live; gone is gone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content.errors import (
    InstantRefused,
    NoPlan,
    NotApproved,
    NothingNew,
    NotLive,
    PlanStands,
    TextChanged,
)
from content.jobs import publishing as jobs
from content.models import (
    Article,
    ArticleSite,
    Placement,
    Plan,
    Standing,
    Step,
    Submission,
    SubmissionState,
)
from content.queries.search import INDEX
from content.service import drafting, due, publishing, reviewing, showing
from content.service.managed import latest_revision
from miniprogram_api.identity.permissions import Role, staff_grant
from miniprogram_api.kernel.access import Principal, PrincipalKind
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import AppError, Invalid
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Lifecycle, Site
from miniprogram_api.web.messages import catalogue, text
from tests.conftest import Clock
from tests.factories.content import body_of, make_topic
from tests.factories.sites import make_site
from tests.support.publishing import (
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

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def found(session: Session, query: str) -> set[UUID]:
    matches = INDEX.matches(query)
    return set(session.scalars(select(matches.c.object_id)))


def retract(session: Session, article: Article, clock: Clock, reason: str = "数据有误，正在核实。") -> None:
    publishing.retract_article(session, article, reason=reason, actor=SYSTEM, now=clock.now)


def planned(desk_session: Session, at: datetime, **values: Any) -> Article:
    desk = make_desk(desk_session)
    article = approved_article(desk_session, desk, **values)
    schedule(desk_session, desk, article, at)
    return article


def return_text(session: Session, article: Article, submission: Submission, *, by: UUID) -> None:
    reviewing.return_submission(
        session,
        article,
        content_hash=submission.content_hash,
        step=Step.FIRST,
        note="先不发。",
        reviewer_id=by,
        actor=staff_actor(by),
        now=clock_now(),
    )


def standing_of(article_id: UUID) -> Standing:
    with reading() as session:
        return session.get_one(Article, article_id).standing


def plan_of(article_id: UUID) -> Plan | None:
    with reading() as session:
        return session.get(Plan, article_id)


def events_of(session: Session, name: str) -> list[dict[str, Any]]:
    kept = select(EventRow.payload).where(EventRow.name == name).order_by(EventRow.id)
    return list(session.scalars(kept))


# Now.


def test_what_is_approved_is_shown_listed_and_found(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        topic, site = make_topic(session), make_site(session)
        body = body_of("积雪要及时清理。")
        values = {"topics": [topic.id], "sites": [site.id], "body": body, "technologies": ["热泵"]}
        article = publish_article(session, title="碳普惠怎么用", **values)
        assert (article.standing, article.published_at) == (Standing.LIVE, clock.now)
        assert session.get(Placement, (topic.id, article.id)) is not None
        assert session.get(ArticleSite, (site.id, article.id)) is not None
        for query in ("碳普惠", "积雪", "热泵", "清雪"):
            assert found(session, query) == {article.id}, query
        (told,) = events_of(session, "content.article_published")
        assert (told["article_id"], told["first"]) == (str(article.id), True)


@pytest.mark.parametrize("terms", [{}, {"push": True}, {"official": True}])
def test_whom_else_it_goes_to_is_told(app: Flask, terms: dict[str, bool]) -> None:
    with atomic() as session:
        desk = make_desk(session)
        publish_article(session, desk=desk, **terms)
        (told,) = events_of(session, "content.article_published")
        asked = {name: told[name] for name in ("push", "official")}
        assert asked == {"push": False, "official": False} | terms
        assert told["decided_by"] == str(desk.publisher)


def test_nothing_is_shown_that_has_not_passed_all_steps(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = write_article(session, desk)
        for prepare in (lambda: None, lambda: submit(session, desk, article)):
            prepare()
            with pytest.raises(NotApproved):
                publish(session, desk, article)


def test_only_the_text_that_was_looked_at_is_published_or_planned(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        seen = {"content_hash": latest_revision(session, article).content_hash}
        by: dict[str, Any] = {"staff_id": desk.publisher, "actor": SYSTEM, "now": clock.now}
        rewrite(session, article, by=desk.writer, title="另一个标题")
        again = submit(session, desk, article)
        approve(session, desk, article, again)
        with pytest.raises(TextChanged) as changed:
            publishing.publish_now(session, article, **seen, **by)
        assert changed.value.params == {"content_hash": again.content_hash}
        with pytest.raises(TextChanged):
            publishing.schedule_article(session, article, publish_at=clock.now + DAY, **seen, **by)
        assert article.standing is Standing.DRAFT
        assert session.get(Plan, article.id) is None


def test_what_is_shown_is_not_published_again(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = publish_article(session, desk=desk)
        with pytest.raises(NothingNew):
            publish(session, desk, article)


@pytest.mark.parametrize("end", ["pinned_until", "expires_at"])
def test_nothing_ends_before_it_begins(app: Flask, clock: Clock, end: str) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        with pytest.raises(InstantRefused) as refused:
            publish(session, desk, article, **{end: clock.now})
        assert [(fault.field, fault.code) for fault in refused.value.fields] == [(end, "content.time_over")]
        with pytest.raises(InstantRefused) as refused:
            schedule(session, desk, article, clock.now + DAY, **{end: clock.now + DAY})
        assert refused.value.fields[0].code == "content.before_publication"


# Live content.


def test_what_is_live_stays_live_until_its_update_takes_its_place(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        topic, other = make_topic(session), make_topic(session)
        article = publish_article(session, desk=desk, title="旧标题一号", topics=[topic.id])
        first = (article.published_at, article.live_revision_id)
        clock.advance(hours=5)
        rewrite(session, article, by=desk.writer, title="新标题二号", topic_ids=[str(other.id)])
        submission = submit(session, desk, article)
        approve(session, desk, article, submission)
        assert (article.title, article.live_revision_id) == ("旧标题一号", first[1])
        assert found(session, "旧标题一号") == {article.id}
        publish(session, desk, article)
        assert (article.title, article.published_at) == ("新标题二号", first[0])
        assert (article.changed_at, article.live_revision_id) == (clock.now, submission.revision_id)
        assert found(session, "旧标题一号") == set()
        assert found(session, "新标题二号") == {article.id}
        placed = select(Placement.topic_id).where(Placement.article_id == article.id)
        assert list(session.scalars(placed)) == [other.id]
        assert [told["first"] for told in events_of(session, "content.article_published")] == [True, False]


def test_an_update_that_fails_leaves_what_was_shown(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article_id = publish_article(session, desk=desk, title="旧标题一号").id
    with atomic() as session:
        article = session.get_one(Article, article_id)
        rewrite(session, article, by=desk.writer, title="新标题二号")
        approve(session, desk, article, submit(session, desk, article))
    monkeypatch.setattr(showing.INDEX, "put", _fail)
    with pytest.raises(RuntimeError), atomic() as session:
        publish(session, desk, session.get_one(Article, article_id))
    with reading() as session:
        assert session.get_one(Article, article_id).title == "旧标题一号"
        assert found(session, "旧标题一号") == {article_id}


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("the search is broken")


def test_an_update_keeps_pin_and_expiry_unless_others_are_given(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        ends = {"pinned_until": clock.now + DAY, "expires_at": clock.now + 9 * DAY}
        article = publish_article(session, desk=desk, **ends)
        for number, terms in enumerate(({}, {"pinned_until": clock.now + 2 * DAY})):
            rewrite(session, article, by=desk.writer, title=f"新标题{number}")
            approve(session, desk, article, submit(session, desk, article))
            publish(session, desk, article, **terms)
            assert article.pinned_until == (ends | terms)["pinned_until"]
            assert article.expires_at == ends["expires_at"]


# At an instant.


def test_a_plan_appears_within_a_minute_of_its_time(app: Flask, clock: Clock) -> None:
    at = clock.now + DAY
    with atomic() as session:
        article = planned(session, at)
    clock.set(at - timedelta(seconds=1))
    jobs.publish_due()
    assert standing_of(article.id) is Standing.DRAFT
    clock.set(at + timedelta(seconds=59))
    jobs.publish_due()
    assert standing_of(article.id) is Standing.LIVE
    assert plan_of(article.id) is None
    with reading() as session:
        (told,) = events_of(session, "content.article_published")
        decided = select(AuditRow.actor_id).where(AuditRow.action == "content.publish_article")
        assert list(session.scalars(decided)) == ["system"]
        assert told["decided_by"] != "system"


def test_a_plan_publishes_the_text_that_it_names_whatever_is_written_meanwhile(
    app: Flask, clock: Clock
) -> None:
    at = clock.now + DAY
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk, title="审过的标题")
        schedule(session, desk, article, at, push=True, pinned_until=at + DAY)
        rewrite(session, article, by=desk.writer, title="还没审的标题")
        article_id = article.id
    clock.set(at)
    jobs.publish_due()
    with reading() as session:
        shown = session.get_one(Article, article_id)
        assert (shown.title, shown.pinned, shown.pinned_until) == ("审过的标题", True, at + DAY)
        assert latest_revision(session, shown).title == "还没审的标题"
        (told,) = events_of(session, "content.article_published")
        assert told["push"] is True


def test_a_text_that_is_returned_is_not_published_by_its_plan(app: Flask, clock: Clock) -> None:
    at = clock.now + DAY
    with atomic() as session:
        desk = make_desk(session)
        by = desk.reviewers[1]
        article = approved_article(session, desk)
        schedule(session, desk, article, at)
        rewrite(session, article, by=desk.writer, title="另一个标题")
        again = {"staff_id": desk.writer, "actor": SYSTEM, "now": clock.now}
        drafting.restore_revision(session, article, 1, **again)
        submission = submit(session, desk, article)
        return_text(session, article, submission, by=by)
        article_id = article.id
    assert plan_of(article_id) is None
    clock.set(at)
    jobs.publish_due()
    assert standing_of(article_id) is Standing.DRAFT
    with reading() as session:
        row = select(AuditRow.actor_id).where(AuditRow.action == "content.unschedule_article")
        assert list(session.scalars(row)) == [str(by)]
        assert len(events_of(session, "content.article_unscheduled")) == 1


def test_a_plan_stands_when_another_text_is_returned(app: Flask, clock: Clock) -> None:
    at = clock.now + DAY
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk, title="审过的标题")
        schedule(session, desk, article, at)
        rewrite(session, article, by=desk.writer, title="没通过的标题")
        return_text(session, article, submit(session, desk, article), by=desk.reviewers[1])
        article_id = article.id
    clock.set(at)
    jobs.publish_due()
    with reading() as session:
        shown = session.get_one(Article, article_id)
        assert (shown.standing, shown.title) == (Standing.LIVE, "审过的标题")


def test_a_plan_is_for_an_instant_to_come(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        for at, code in ((clock.now, "content.time_over"), (clock.now + 367 * DAY, "content.too_far_ahead")):
            with pytest.raises(InstantRefused) as refused:
                schedule(session, desk, article, at)
            assert [fault.code for fault in refused.value.fields] == [code]


def test_a_plan_is_moved_and_given_up(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        schedule(session, desk, article, clock.now + HOUR)
        assert schedule(session, desk, article, clock.now + DAY).publish_at == clock.now + DAY
        publishing.unschedule_article(session, article, actor=SYSTEM)
        assert session.get(Plan, article.id) is None
        with pytest.raises(NoPlan):
            publishing.unschedule_article(session, article, actor=SYSTEM)
        publish(session, desk, article)  # the approval stands


def test_publishing_by_hand_ends_the_plan_of_the_same_text_only(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        schedule(session, desk, article, clock.now + DAY)
        rewrite(session, article, by=desk.writer, title="更新的标题")
        approve(session, desk, article, submit(session, desk, article))
        with pytest.raises(PlanStands) as stands:
            publish(session, desk, article)
        said = text(stands.value.code, stands.value.params, english=False)
        assert said.startswith("已定于 2026年11月24日 10:00 发布")  # in Beijing, whatever the server's clock
        schedule(session, desk, article, clock.now + DAY)
        publish(session, desk, article)
        assert session.get(Plan, article.id) is None


def test_what_fails_keeps_its_plan_with_what_went_wrong_and_hinders_no_other(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = clock.now + DAY
    with atomic() as session:
        before, broken, after = (planned(session, at, title=title) for title in ("甲篇", "坏掉的", "乙篇"))
    put = showing.INDEX.put

    def put_unless_broken(session: Session, object_id: UUID, **texts: str) -> None:
        if texts["title"] == "坏掉的":
            raise RuntimeError("the search is broken")
        put(session, object_id, **texts)

    monkeypatch.setattr(showing.INDEX, "put", put_unless_broken)
    clock.set(at)
    jobs.publish_due()
    assert [standing_of(article.id) for article in (before, after)] == [Standing.LIVE] * 2
    assert standing_of(broken.id) is Standing.DRAFT
    for attempt, wait in enumerate((1, 2, 4, 8, 16, 30, 30), start=1):
        plan = plan_of(broken.id)
        assert plan is not None
        assert (plan.attempts, plan.failure) == (attempt, "content.publishing_failed")
        assert (plan.publish_at, plan.next_attempt_at) == (at, clock.now + timedelta(minutes=wait))
        clock.advance(minutes=wait, seconds=-1)
        jobs.publish_due()
        unchanged = plan_of(broken.id)
        assert unchanged is not None
        assert unchanged.attempts == attempt  # not before its time
        clock.advance(seconds=1)
        jobs.publish_due()
    monkeypatch.undo()
    clock.advance(hours=1)
    jobs.publish_due()
    assert standing_of(broken.id) is Standing.LIVE


def test_what_appears_late_is_pinned_and_shown_no_longer_than_was_planned(app: Flask, clock: Clock) -> None:
    at = clock.now + DAY
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        schedule(session, desk, article, at, pinned_until=at + HOUR, expires_at=at + 2 * HOUR)
        article_id = article.id
    clock.set(at + HOUR)
    jobs.publish_due()
    with reading() as session:
        shown = session.get_one(Article, article_id)
        assert (shown.standing, shown.pinned, shown.pinned_until) == (Standing.LIVE, False, None)
    clock.advance(hours=1)
    jobs.end_due()
    assert standing_of(article_id) is Standing.EXPIRED


def test_a_plan_whose_approval_was_lost_says_so(app: Flask, clock: Clock) -> None:
    at = clock.now + DAY
    with atomic() as session:
        article = planned(session, at)
        mine = select(Submission).where(Submission.article_id == article.id)
        session.scalars(mine).one().state = SubmissionState.WITHDRAWN
    clock.set(at)
    jobs.publish_due()
    plan = plan_of(article.id)
    assert plan is not None
    assert plan.failure == "content.not_approved"


def test_two_workers_publish_once(app: Flask, clock: Clock) -> None:
    at = clock.now + DAY
    with atomic() as session:
        articles = [planned(session, at) for _ in range(4)]
    clock.set(at)
    at_once(app, [jobs.publish_due] * 4)
    jobs.publish_due()
    with reading() as session:
        told = [event["article_id"] for event in events_of(session, "content.article_published")]
        assert sorted(told) == sorted(str(article.id) for article in articles)
        rows = select(func.count()).where(AuditRow.action == "content.publish_article")
        assert session.scalar(rows) == 4


def test_without_the_look_at_the_plan_under_the_lock_two_workers_would_publish_twice(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control of the test above."""
    at = clock.now + DAY
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        article_id = article.id
        schedule(session, desk, article, at)

    def publish_unlooked(session: Session, article_id: UUID, *, now: datetime) -> bool:
        article = due.lock_article(session, article_id)
        assert article is not None
        revision = latest_revision(session, article)
        publishing.publish_revision(
            session,
            article,
            revision,
            publishing.Terms(),
            decided_by=desk.publisher,
            actor=staff_actor(desk.publisher),
            now=now,
        )
        return True

    monkeypatch.setattr(due, "publish_planned", publish_unlooked)
    monkeypatch.setattr(jobs, "list_due_articles", meeting_first(jobs.list_due_articles, 2))
    clock.set(at)
    at_once(app, [jobs.publish_due] * 2)
    with reading() as session:
        assert len(events_of(session, "content.article_published")) == 2
        assert session.get_one(Article, article_id).standing is Standing.LIVE


def test_what_is_overdue_is_told_to_operators(client: FlaskClient, clock: Clock) -> None:
    at = clock.now + DAY
    with atomic() as session:
        planned(session, at)

    def figure() -> float:
        lines = client.get("/metrics").text.splitlines()
        (value,) = [line.split()[-1] for line in lines if line.startswith("content_overdue_plans ")]
        return float(value)

    clock.set(at + timedelta(seconds=119))
    assert figure() == 0
    clock.advance(seconds=1)
    assert figure() == 1
    jobs.publish_due()
    assert figure() == 0


# Retracting.


def test_a_retraction_is_immediate_everywhere_and_the_page_says_so(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        topic, site = make_topic(session), make_site(session)
        values = {"title": "碳普惠怎么用", "topics": [topic.id], "sites": [site.id]}
        article = publish_article(session, desk=desk, pinned_until=clock.now + DAY, **values)
        clock.advance(hours=1)
        retract(session, article, clock)
        assert (article.standing, article.retracted_at) == (Standing.RETRACTED, clock.now)
        assert (article.retract_reason, article.title) == ("数据有误，正在核实。", "碳普惠怎么用")
        assert not article.pinned
        assert found(session, "碳普惠") == set()
        for model in (Placement, ArticleSite):
            assert session.scalar(select(func.count()).select_from(model)) == 0
        assert events_of(session, "content.article_retracted") == [{"article_id": str(article.id)}]
        with pytest.raises(NotLive):
            retract(session, article, clock)


def test_a_retraction_needs_a_reason(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = publish_article(session)
        with pytest.raises(Invalid):
            retract(session, article, clock, "  ")
        assert article.standing is Standing.LIVE


def test_nothing_retracted_comes_back_by_itself(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = publish_article(session, desk=desk)
        rewrite(session, article, by=desk.writer, title="更新的标题")
        approve(session, desk, article, submit(session, desk, article))
        schedule(session, desk, article, clock.now + HOUR)
        retract(session, article, clock)
        assert session.get(Plan, article.id) is None
        article_id = article.id
    clock.advance(days=2)
    jobs.publish_due()
    assert standing_of(article_id) is Standing.RETRACTED


def test_what_was_retracted_is_reviewed_anew_before_it_comes_back(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = publish_article(session, desk=desk)
        first = article.published_at
        retract(session, article, clock)
        with pytest.raises(NotApproved):
            publish(session, desk, article)
        clock.advance(days=1)
        approve(session, desk, article, submit(session, desk, article))
        publish(session, desk, article)
        assert (article.standing, article.published_at) == (Standing.LIVE, first)
        assert (article.retracted_at, article.retract_reason) == (None, None)
        assert [told["first"] for told in events_of(session, "content.article_published")] == [True, False]


# Expiry and pins.


def test_what_has_expired_is_gone_within_a_minute(app: Flask, clock: Clock) -> None:
    end = clock.now + DAY
    with atomic() as session:
        desk = make_desk(session)
        article_id = publish_article(session, desk=desk, title="碳普惠怎么用", expires_at=end).id
    clock.set(end - timedelta(seconds=1))
    jobs.end_due()
    assert standing_of(article_id) is Standing.LIVE
    clock.set(end)
    jobs.end_due()
    jobs.end_due()
    assert standing_of(article_id) is Standing.EXPIRED
    with atomic() as session:
        assert found(session, "碳普惠") == set()
        assert len(events_of(session, "content.article_expired")) == 1
        # Its text has passed: it may be shown for another while.
        article = session.get_one(Article, article_id)
        publish(session, desk, article, expires_at=clock.now + DAY)
        assert (article.standing, article.expires_at) == (Standing.LIVE, clock.now + DAY)


def test_a_pin_ends_by_itself(app: Flask, clock: Clock) -> None:
    end = clock.now + DAY
    with atomic() as session:
        article_id = publish_article(session, pinned_until=end).id
    clock.set(end)
    jobs.end_due()
    with reading() as session:
        article = session.get_one(Article, article_id)
        assert (article.standing, article.pinned, article.pinned_until) == (Standing.LIVE, False, None)
        (told,) = events_of(session, "content.pin_changed")
        assert told["until"] is None


def test_pin_and_expiry_are_set_and_lifted(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = publish_article(session)
        until = clock.now + DAY
        publishing.set_pin(session, article, until=until, actor=SYSTEM, now=clock.now)
        publishing.set_expiry(session, article, at=until, actor=SYSTEM, now=clock.now)
        assert (article.pinned, article.pinned_until, article.expires_at) == (True, until, until)
        publishing.set_pin(session, article, until=None, actor=SYSTEM, now=clock.now)
        publishing.set_expiry(session, article, at=None, actor=SYSTEM, now=clock.now)
        assert (article.pinned, article.pinned_until, article.expires_at) == (False, None, None)
        with pytest.raises(InstantRefused):
            publishing.set_pin(session, article, until=clock.now, actor=SYSTEM, now=clock.now)


def test_nothing_is_pinned_for_more_than_a_year(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        for attempt in (publish, lambda *of, **ends: schedule(*of, clock.now + DAY, **ends)):
            with pytest.raises(InstantRefused) as refused:
                attempt(session, desk, article, pinned_until=clock.now + 367 * DAY)
            assert [fault.code for fault in refused.value.fields] == ["content.pinned_too_long"]
        publish(session, desk, article, pinned_until=clock.now + 366 * DAY)


def test_only_who_publishes_for_the_whole_city_pins(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk, site = make_desk(session), make_site(session)

        def reviewer(site_id: UUID | None = None) -> Principal:
            grant = staff_grant(Role.REVIEWER, organisation_id=None, site_id=site_id)
            return Principal(PrincipalKind.STAFF, new_id(), new_id(), (grant,))

        article = approved_article(session, desk, site_id=site.id)
        until, theirs = clock.now + 2 * DAY, {"principal": reviewer(site.id)}
        for attempt in (publish, lambda *of, **terms: schedule(*of, clock.now + DAY, **terms)):
            with pytest.raises(InstantRefused) as refused:
                attempt(session, desk, article, pinned_until=until, **theirs)
            assert [fault.code for fault in refused.value.fields] == ["content.pin_not_yours"]
        publish(session, desk, article, **theirs)
        common: dict[str, Any] = {"actor": SYSTEM, "now": clock.now}
        publishing.set_pin(session, article, until=until, principal=reviewer(), **common)
        for change in (None, until - DAY):
            with pytest.raises(InstantRefused):
                publishing.set_pin(session, article, until=change, **theirs, **common)
        assert article.pinned_until == until


def test_only_what_is_shown_is_pinned_or_expires(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = write_article(session, make_desk(session))
        change: list[Callable[[], None]] = [
            lambda: publishing.set_pin(session, article, until=None, actor=SYSTEM, now=clock.now),
            lambda: publishing.set_expiry(session, article, at=None, actor=SYSTEM, now=clock.now),
        ]
        for attempt in change:
            with pytest.raises(NotLive):
                attempt()


def test_what_cannot_be_ended_hinders_no_other(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = clock.now + DAY
    with atomic() as session:
        desk = make_desk(session)
        articles = [publish_article(session, desk=desk, expires_at=end) for _ in range(2)]
    hide = due.hide

    def hide_unless_broken(session: Session, article: Article) -> None:
        if article.id == articles[0].id:
            raise RuntimeError("it stays")
        hide(session, article)

    monkeypatch.setattr(due, "hide", hide_unless_broken)
    clock.set(end)
    jobs.end_due()
    assert [standing_of(article.id) for article in articles] == [Standing.LIVE, Standing.EXPIRED]
    monkeypatch.undo()
    jobs.end_due()
    assert standing_of(articles[0].id) is Standing.EXPIRED


# Sites.


def test_a_site_that_left_or_never_was_breaks_nothing(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        site = make_site(session)
        article = write_article(session, desk, sites=[site.id])
        approve(session, desk, article, submit(session, desk, article))
        latest_revision(session, article).site_ids = [str(site.id), str(new_id())]
        session.get_one(Site, site.id).lifecycle = Lifecycle.WITHDRAWN
        session.flush()
        publish(session, desk, article)
        assert article.standing is Standing.LIVE
        named = select(ArticleSite.site_id).where(ArticleSite.article_id == article.id)
        assert list(session.scalars(named)) == [site.id]  # whether it is shown is the site's to say


def test_every_failure_of_publishing_has_its_words(app: Flask) -> None:
    known = catalogue()
    for kind in (InstantRefused, NotApproved, NothingNew, NotLive, NoPlan, PlanStands):
        assert issubclass(kind, AppError)
        assert kind.code in known
    assert "content.publishing_failed" in known
