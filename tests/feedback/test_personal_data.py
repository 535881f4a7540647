"""Personal data of feedback: exported to its member, erased with them or in time, the fact kept."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from config import Settings
from miniprogram_api.feedback import jobs
from miniprogram_api.feedback.models import Feedback, FeedbackState
from miniprogram_api.feedback.rules import KEPT
from miniprogram_api.feedback.service import deciding, moving
from miniprogram_api.feedback.service.erasure import FeedbackOfMember
from miniprogram_api.identity.service import personal_data
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.factories.feedback import STAFF, TEXT
from tests.support.canaries import find_canaries, personal_values
from tests.support.clients import FakePeople
from tests.support.feedback import Writer, kept

ANSWER, REASON = "谢谢，入口处的数据屏本周五装好。", "与示范点没有关系"


def locked_and(feedback_id: str, clock: Clock, *, answered: bool) -> None:
    with atomic() as session:
        feedback = moving.lock_feedback(session, UUID(feedback_id))
        assert feedback is not None
        if answered:
            deciding.answer(session, feedback, text=ANSWER, actor=STAFF, now=clock.now)
        else:
            deciding.close(session, feedback, reason=REASON, actor=STAFF, now=clock.now)


@pytest.fixture
def answered(alice: Writer, site: UUID, clock: Clock) -> str:
    sent = alice.wrote(site, picture_ids=[alice.uploaded()])
    jobs.check_feedback()
    locked_and(sent, clock, answered=True)
    return sent


def erase(member_id: str, clock: Clock) -> None:
    with atomic() as session:
        personal_data.erase_member(session, member_id=UUID(member_id), actor=SYSTEM, now=clock.now)


def files_in(settings: Settings) -> list[Path]:
    return [path for path in (settings.data_dir / "uploads").rglob("*") if path.is_file()]


def test_a_member_gets_a_copy(alice: Writer, site: UUID, answered: str, clock: Clock) -> None:
    alice.uploaded()
    closed = alice.wrote(site, kind="question")
    jobs.check_feedback()
    locked_and(closed, clock, answered=False)
    with reading() as session:
        copy = personal_data.export_member(session, UUID(alice.id))["feedback"]
    first, second = copy["items"]
    assert (first["text"], first["answer"], first["state"]) == (TEXT, ANSWER, "answered")
    assert first["about"] == {"type": "site", "id": str(site), "name": "南湖近零碳社区（示例）"}
    assert (second["kind"], second["reason"], second["answer"]) == ("question", REASON, None)
    assert len(copy["pictures"]) == 2


class TestErasingAMember:
    def test_keeps_that_somebody_wrote_and_not_who_or_what(
        self, alice: Writer, answered: str, clock: Clock, settings: Settings
    ) -> None:
        events.drain()
        before = personal_values(kept(answered))
        assert len(before) == 2
        erase(alice.id, clock)
        row = kept(answered)
        assert personal_values(row) == set()
        assert row.state is FeedbackState.ANSWERED
        assert files_in(settings) == []
        with reading() as session:
            assert find_canaries(session, [*before, TEXT, ANSWER]) == set()

    def test_what_was_not_at_an_end_is_dropped_and_not_checked_any_more(
        self, alice: Writer, site: UUID, clock: Clock, wechat: FakePeople, settings: Settings
    ) -> None:
        sent = alice.wrote(site, picture_ids=[alice.uploaded()])
        alice.uploaded()
        erase(alice.id, clock)
        jobs.check_feedback()
        assert kept(sent).state is FeedbackState.DROPPED
        assert "/wxa/msg_sec_check" not in wechat.calls()
        assert files_in(settings) == []

    def test_an_answer_given_meanwhile_is_told_to_nobody(
        self, alice: Writer, answered: str, clock: Clock
    ) -> None:
        erase(alice.id, clock)
        events.drain()
        with reading() as session:
            assert find_canaries(session, [ANSWER]) == set()

    def test_may_be_done_again_after_a_restore(self, alice: Writer, answered: str, clock: Clock) -> None:
        for _ in range(2):
            with atomic() as session:
                FeedbackOfMember.erase(session, UUID(alice.id), clock.now)
        assert personal_values(kept(answered)) == set()


class TestRetention:
    def test_two_years_after_the_end_the_words_and_pictures_go(
        self, answered: str, clock: Clock, settings: Settings
    ) -> None:
        clock.advance(seconds=KEPT.total_seconds() - 1)
        jobs.erase_feedback()
        assert personal_values(kept(answered)) != set()
        clock.advance(seconds=1)
        jobs.erase_feedback()
        row = kept(answered)
        assert (personal_values(row), row.state) == (set(), FeedbackState.ANSWERED)
        assert files_in(settings) == []

    def test_what_still_waits_is_not_touched(self, alice: Writer, site: UUID, clock: Clock) -> None:
        sent = alice.wrote(site)
        jobs.check_feedback()
        clock.advance(seconds=(KEPT + timedelta(days=1)).total_seconds())
        jobs.erase_feedback()
        assert personal_values(kept(sent)) != set()

    def test_what_was_erased_cannot_be_reopened(self, answered: str, clock: Clock) -> None:
        clock.advance(seconds=KEPT.total_seconds())
        jobs.erase_feedback()
        with atomic() as session:
            feedback: Feedback | None = moving.lock_feedback(session, UUID(answered))
            assert feedback is not None
            with pytest.raises(Exception, match=r"feedback\.not_ended"):
                deciding.reopen(session, feedback, actor=STAFF, now=clock.now)
