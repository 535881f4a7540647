"""Many at once: as much as a day allows, each picture used once, each text checked and answered once."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.feedback import jobs
from miniprogram_api.feedback.errors import NotOpen
from miniprogram_api.feedback.models import Feedback, FeedbackState, FeedbackStep
from miniprogram_api.feedback.rules import MOST_PER_DAY
from miniprogram_api.feedback.service import deciding, sending
from miniprogram_api.feedback.service.checks import Turn
from miniprogram_api.feedback.service.sending import Written
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.wechat.gateway import Gateway
from tests.factories.feedback import STAFF, make_feedback
from tests.support.clients import FakePeople
from tests.support.feedback import Writer, kept
from tests.support.races import at_once, meeting_first

CHECK_TEXT = "/wxa/msg_sec_check"
RACERS = 6


def count(model: type) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def write_beside(alice: Writer, site: UUID) -> str:
    """Without the limit per minute, which is another test's."""
    written = Written(
        subject_type=sending.SubjectType.SITE, subject_id=site, kind=None, text="数据屏太远", picture_ids=()
    )
    actor = Actor(kind="member", id=alice.id)
    try:
        with atomic() as session:
            sending.send_feedback(
                session, member_id=UUID(alice.id), written=written, actor=actor, now=kernel_clock.now()
            )
    except sending.FeedbackLimited:
        return "limited"
    return "sent"


class TestTheDailyLimit:
    @pytest.fixture
    def nearly_full(self, alice: Writer, site: UUID) -> None:
        with atomic() as session:
            for _ in range(MOST_PER_DAY - 2):
                make_feedback(session, site_id=site, member_id=UUID(alice.id))

    @pytest.mark.usefixtures("nearly_full")
    def test_two_places_are_taken_by_two(self, app: Flask, alice: Writer, site: UUID) -> None:
        answers = at_once(app, [lambda: write_beside(alice, site)] * RACERS)
        assert Counter(answers) == {"sent": 2, "limited": RACERS - 2}

    @pytest.mark.usefixtures("nearly_full")
    def test_without_the_lock_they_are_taken_by_more(
        self, app: Flask, alice: Writer, site: UUID, monkeypatch: pytest.MonkeyPatch, on_postgres: bool
    ) -> None:
        if not on_postgres:
            pytest.skip("writers come one by one")
        from miniprogram_api.identity.service import members

        def unlocked(_session: Session, member_id: Any) -> Any:
            return member_id

        monkeypatch.setattr(members, "lock_member", unlocked)
        monkeypatch.setattr(sending, "_attach", meeting_first(sending._attach, RACERS))
        answers = at_once(app, [lambda: write_beside(alice, site)] * RACERS)
        assert Counter(answers) == {"sent": RACERS}


def test_a_picture_is_used_by_one(app: Flask, alice: Writer, site: UUID) -> None:
    picture = alice.uploaded()
    answers = at_once(app, [lambda: alice.write(site, picture_ids=[picture]).status_code] * 3)
    assert Counter(answers) == {201: 1, 422: 2}


def test_the_same_key_at_once_sends_one(app: Flask, alice: Writer, site: UUID) -> None:
    answers = at_once(app, [lambda: alice.write(site, key="same").status_code] * RACERS)
    assert set(answers) <= {201, 409}
    assert count(Feedback) == 1


class TestWorkersAtOnce:
    def test_each_text_is_checked_once(
        self, app: Flask, alice: Writer, site: UUID, wechat: FakePeople
    ) -> None:
        sent = [alice.wrote(site) for _ in range(3)]
        at_once(app, [jobs.check_feedback] * 4)
        assert wechat.calls()[CHECK_TEXT] == len(sent)
        assert {kept(each).state for each in sent} == {FeedbackState.OPEN}

    def test_without_a_claim_they_are_checked_again_and_settled_once_all_the_same(
        self,
        app: Flask,
        alice: Writer,
        site: UUID,
        wechat: FakePeople,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The positive control of the claim; the state that is compared is the second guard."""
        sent = alice.wrote(site)

        def look_only() -> list[Turn]:
            with reading() as session:
                due = select(Feedback.id, Feedback.attempts).where(Feedback.state == FeedbackState.CHECKING)
                return sorted(Turn(*row) for row in session.execute(due))

        monkeypatch.setattr(jobs, "_claim_words", look_only)
        monkeypatch.setattr(Gateway, "check_text", meeting_first(Gateway.check_text, 2))
        at_once(app, [jobs.check_feedback] * 2)

        assert wechat.calls()[CHECK_TEXT] == 2
        assert [step["state"] for step in alice.look(sent)["steps"]] == ["checking", "open"]


class TestTwoAnswers:
    @pytest.fixture
    def waiting(self, app: Flask, alice: Writer, site: UUID) -> UUID:
        with atomic() as session:
            return make_feedback(session, site_id=site, state=FeedbackState.OPEN).id

    def answer(self, feedback_id: UUID) -> str:
        try:
            with atomic() as session:
                feedback = deciding.lock_feedback(session, feedback_id)
                assert feedback is not None
                deciding.answer(session, feedback, text="谢谢", actor=STAFF, now=kernel_clock.now())
        except NotOpen:
            return "late"
        return "answered"

    def test_one_is_given(self, app: Flask, waiting: UUID) -> None:
        answers = at_once(app, [lambda: self.answer(waiting)] * RACERS)
        assert Counter(answers) == {"answered": 1, "late": RACERS - 1}

    def test_without_the_lock_more_are_given(
        self, app: Flask, waiting: UUID, monkeypatch: pytest.MonkeyPatch, on_postgres: bool
    ) -> None:
        if not on_postgres:
            pytest.skip("writers come one by one")

        def read_only(session: Session, feedback_id: UUID) -> Feedback:
            return session.get_one(Feedback, feedback_id)

        monkeypatch.setattr(deciding, "lock_feedback", meeting_first(read_only, 2))
        monkeypatch.setattr(deciding, "seal", meeting_first(deciding.seal, 2))
        answers = at_once(app, [lambda: self.answer(waiting)] * 2)
        assert answers == ["answered", "answered"]
        with reading() as session:
            steps = session.scalars(
                select(FeedbackStep.state).where(FeedbackStep.feedback_id == waiting)
            ).all()
        assert steps.count(FeedbackState.ANSWERED) == 2
