"""The content check: what passes goes to staff; whatever else it says, or fails to, waits for a person."""

import dataclasses
from collections.abc import Generator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.devtools.loopback import LoopbackServer
from miniprogram_api.feedback import jobs
from miniprogram_api.feedback.models import FeedbackState, Finding, HeldBecause, PictureState
from miniprogram_api.feedback.rules import LEASE, PICTURES, VERDICT_WINDOW, wait_after
from miniprogram_api.feedback.service import checks, deciding, moving, picture_checks
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, db
from miniprogram_api.web.picture_links import path_for_check
from miniprogram_api.wechat.events import PictureJudged
from miniprogram_api.wechat.gateway import Gateway
from tests.conftest import Clock
from tests.factories.feedback import STAFF
from tests.support.clients import FakePeople
from tests.support.feedback import Writer, hear, kept, kept_picture, reachable
from tests.support.objections import DOUBTFUL, RISKY

CHECK_TEXT, CHECK_MEDIA = "/wxa/msg_sec_check", "/wxa/media_check_async"


def steps(alice: Writer, feedback_id: str) -> list[str]:
    return [step["state"] for step in alice.look(feedback_id)["steps"]]


class TestWords:
    def test_clean_ones_go_to_staff_and_their_member_sees_that(self, alice: Writer, site: UUID) -> None:
        sent = alice.wrote(site)
        jobs.check_feedback()
        assert steps(alice, sent) == ["checking", "open"]
        assert alice.look(sent)["state_text"] == "处理中"
        assert kept(sent).finding is Finding.CLEAN

    @pytest.mark.parametrize(
        ("word", "because", "finding"),
        [
            (RISKY, HeldBecause.RISKY, Finding.RISKY),
            (DOUBTFUL, HeldBecause.REVIEW, Finding.DOUBTFUL),
        ],
    )
    def test_others_wait_for_a_person_and_are_not_refused_by_a_machine(
        self, alice: Writer, site: UUID, word: str, because: HeldBecause, finding: Finding
    ) -> None:
        sent = alice.wrote(site, text=f"{word}，展厅太暗")
        jobs.check_feedback()
        row = kept(sent)
        assert (row.state, row.held_because, row.finding) == (FeedbackState.HELD, because, finding)
        assert row.next_attempt_at is None
        assert alice.look(sent)["state_text"] == "审核中"
        assert alice.messages() == []

    def test_those_of_somebody_long_away_wait_for_a_person(
        self, alice: Writer, site: UUID, wechat: FakePeople
    ) -> None:
        sent = alice.wrote(site)
        wechat.control("POST", "/clock", advance_s=7300)
        jobs.check_feedback()
        assert kept(sent).held_because is HeldBecause.UNCHECKED
        assert kept(sent).next_attempt_at is None

    def test_the_check_comes_with_the_sending(self, alice: Writer, site: UUID) -> None:
        """The event has the sweep run at once; the openid would be too old for it later."""
        sent = alice.wrote(site)
        events.drain()
        jobs.check_feedback()
        assert kept(sent).state is FeedbackState.OPEN

    def test_the_check_is_asked_outside_transactions(
        self, alice: Writer, site: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[bool] = []
        check = Gateway.check_text

        def watched(*args: Any, **kwargs: Any) -> Any:
            seen.append(db.session().in_transaction())
            return check(*args, **kwargs)

        monkeypatch.setattr(Gateway, "check_text", watched)
        alice.wrote(site)
        jobs.check_feedback()
        assert seen == [False]


class TestTheCheckIsDown:
    @pytest.mark.parametrize("fault", ["500", "reset_before", "html"])
    def test_nothing_is_lost_and_it_goes_on_when_the_check_is_back(
        self, alice: Writer, site: UUID, wechat: FakePeople, clock: Clock, fault: str
    ) -> None:
        sent = alice.wrote(site)
        wechat.control("POST", "/faults", path=CHECK_TEXT, fault=fault, times=-1)
        jobs.check_feedback()
        assert kept(sent).held_because is HeldBecause.SERVICE_DOWN
        assert alice.look(sent)["state_text"] == "审核中"
        for attempt in (1, 2):
            assert kept(sent).next_attempt_at == clock.now + wait_after(attempt)
            clock.advance(seconds=wait_after(attempt).total_seconds())
            jobs.check_feedback()
        wechat.control("DELETE", "/faults")
        clock.advance(minutes=10)

        jobs.check_feedback()

        alice.sign_in_again()
        assert steps(alice, sent) == ["checking", "held", "open"]

    def test_a_check_that_does_not_answer_in_time_is_one_that_is_down(
        self, alice: Writer, site: UUID, wechat: FakePeople
    ) -> None:
        sent = alice.wrote(site)
        wechat.control("POST", "/faults", path=CHECK_TEXT, fault="timeout", times=-1)
        jobs.check_feedback()
        assert kept(sent).held_because is HeldBecause.SERVICE_DOWN

    def test_a_person_may_be_quicker(
        self, alice: Writer, site: UUID, wechat: FakePeople, clock: Clock
    ) -> None:
        sent = alice.wrote(site)
        wechat.control("POST", "/faults", path=CHECK_TEXT, fault="500", times=-1)
        jobs.check_feedback()
        with atomic() as session:
            feedback = moving.lock_feedback(session, UUID(sent))
            assert feedback is not None
            deciding.release(session, feedback, actor=STAFF, now=clock.now)
        calls = wechat.calls()[CHECK_TEXT]
        clock.advance(minutes=10)

        jobs.check_feedback()

        assert wechat.calls()[CHECK_TEXT] == calls
        assert kept(sent).state is FeedbackState.OPEN

    def test_what_a_dead_worker_had_taken_up_is_taken_up_again(
        self, alice: Writer, site: UUID, clock: Clock
    ) -> None:
        sent = alice.wrote(site)
        with atomic() as session:
            [turn] = checks.claim(session, now=clock.now, limit=10)
        jobs.check_feedback()
        assert kept(sent).state is FeedbackState.CHECKING

        clock.advance(seconds=LEASE.total_seconds())
        jobs.check_feedback()

        assert kept(sent).state is FeedbackState.OPEN
        with atomic() as session:
            checks.settle_down(session, turn, error="late", now=clock.now)
            checks.settle(session, turn, Finding.RISKY, now=clock.now)
        assert kept(sent).state is FeedbackState.OPEN


@pytest.fixture
def served(app: Flask, fake_wechat: FakeWeChat) -> Generator[LoopbackServer]:
    with reachable(app) as server:
        yield server


class TestPictures:
    def sent(self, alice: Writer, site: UUID, pictures: int = 1) -> tuple[str, list[str]]:
        ids = [alice.uploaded() for _ in range(pictures)]
        sent = alice.wrote(site, picture_ids=ids)
        jobs.check_feedback()
        return sent, ids

    @pytest.mark.usefixtures("served")
    def test_one_is_hidden_until_its_verdict_passes_it(
        self, app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat
    ) -> None:
        sent, [picture] = self.sent(alice, site)
        before = alice.look(sent)
        assert (before["pictures"], before["pictures_in_check"]) == ([], 1)
        assert before["state"] == "open"

        hear(app, fake_wechat)

        after = alice.look(sent)
        assert ([shown["id"] for shown in after["pictures"]], after["pictures_in_check"]) == ([picture], 0)
        assert alice.get(f"/api/v1/feedback/pictures/{picture}").status_code == 200

    @pytest.mark.usefixtures("served")
    @pytest.mark.parametrize("suggest", ["risky", "review"])
    def test_another_verdict_leaves_it_to_a_person(
        self, app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat, suggest: str
    ) -> None:
        verdicts = [{"suggest": "pass", "label": 100}, {"suggest": suggest, "label": 20002}]
        FakePeople(fake_wechat).control("POST", "/pictures", verdicts=verdicts)
        sent, pictures = self.sent(alice, site, 2)
        hear(app, fake_wechat)
        states = {kept_picture(picture).state for picture in pictures}
        assert states == {PictureState.SHOWN, PictureState.HELD}
        shown = alice.look(sent)
        assert (len(shown["pictures"]), shown["pictures_in_check"]) == (1, 1)

    @pytest.mark.usefixtures("served")
    def test_a_verdict_that_is_told_again_changes_nothing(
        self, app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat
    ) -> None:
        _, [picture] = self.sent(alice, site)
        hear(app, fake_wechat, times=2)
        check_id = kept_picture(picture).check_id
        assert check_id is not None
        with atomic() as session:
            events.publish(session, PictureJudged(check_id=check_id, suggest="risky", labels=[20002]))
        events.drain()
        row = kept_picture(picture)
        assert (row.state, row.finding) == (PictureState.SHOWN, Finding.CLEAN)

    @pytest.mark.usefixtures("served")
    def test_one_that_never_comes_leaves_it_to_a_person(
        self, alice: Writer, site: UUID, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        _, [picture] = self.sent(alice, site)
        fake_wechat.pushed()
        clock.advance(seconds=VERDICT_WINDOW.total_seconds() - 1)
        jobs.check_feedback()
        assert kept_picture(picture).state is PictureState.WAITING
        clock.advance(seconds=1)
        jobs.check_feedback()
        assert kept_picture(picture).state is PictureState.HELD

    @pytest.mark.usefixtures("served")
    def test_one_that_comes_after_all_still_counts(
        self, app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        _, [picture] = self.sent(alice, site)
        fake_wechat.pushed()  # it has been fetched
        clock.advance(seconds=VERDICT_WINDOW.total_seconds())
        jobs.check_feedback()
        hear(app, fake_wechat)
        assert kept_picture(picture).state is PictureState.SHOWN

    @pytest.mark.usefixtures("served")
    def test_a_late_one_does_not_undo_what_a_person_decided(
        self, app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        sent, [picture] = self.sent(alice, site)
        fake_wechat.pushed()  # it has been fetched
        with atomic() as session:
            feedback = moving.lock_feedback(session, UUID(sent))
            assert feedback is not None
            deciding.hide_picture(session, feedback, UUID(picture), actor=STAFF)
        hear(app, fake_wechat)
        row = kept_picture(picture)
        assert (row.state, row.finding) == (PictureState.HIDDEN, Finding.CLEAN)
        assert alice.look(sent)["pictures"] == []

    @pytest.mark.usefixtures("served")
    def test_one_that_wechat_could_not_fetch_is_submitted_once_more(
        self, app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat
    ) -> None:
        wechat, settings = FakePeople(fake_wechat), app.extensions["settings"]
        app.extensions["settings"] = dataclasses.replace(settings, public_base_url="http://127.0.0.1:9")
        _, [picture] = self.sent(alice, site)
        hear(app, fake_wechat)
        assert kept_picture(picture).state is PictureState.WAITING
        app.extensions["settings"] = settings

        jobs.check_feedback()
        hear(app, fake_wechat)

        assert wechat.calls()[CHECK_MEDIA] == 2
        assert kept_picture(picture).state is PictureState.SHOWN

    @pytest.mark.usefixtures("served")
    def test_one_that_it_cannot_fetch_again_is_left_to_a_person(
        self, app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        wechat, settings = FakePeople(fake_wechat), app.extensions["settings"]
        app.extensions["settings"] = dataclasses.replace(settings, public_base_url="http://127.0.0.1:9")
        _, [picture] = self.sent(alice, site)
        for _ in range(3):
            hear(app, fake_wechat)
            clock.advance(minutes=1)
            jobs.check_feedback()
        assert wechat.calls()[CHECK_MEDIA] == 2
        row = kept_picture(picture)
        assert (row.state, row.finding) == (PictureState.HELD, Finding.DOUBTFUL)

    def test_without_an_address_for_wechat_a_person_looks(self, alice: Writer, site: UUID) -> None:
        _, [picture] = self.sent(alice, site)
        assert kept_picture(picture).state is PictureState.HELD

    @pytest.mark.usefixtures("served")
    def test_one_of_somebody_long_away_waits_for_a_person(
        self, alice: Writer, site: UUID, wechat: FakePeople
    ) -> None:
        picture = alice.uploaded()
        alice.wrote(site, picture_ids=[picture])
        wechat.control("POST", "/clock", advance_s=7300)
        jobs.check_feedback()
        assert kept_picture(picture).state is PictureState.HELD

    @pytest.mark.usefixtures("served")
    def test_it_waits_for_a_check_that_is_down(
        self, app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        wechat = FakePeople(fake_wechat)
        wechat.control("POST", "/faults", path=CHECK_MEDIA, fault="500", times=1)
        _, [picture] = self.sent(alice, site)
        row = kept_picture(picture)
        assert (row.state, row.next_attempt_at) == (PictureState.WAITING, clock.now + wait_after(1))
        clock.advance(minutes=1)
        jobs.check_feedback()
        hear(app, fake_wechat)
        assert kept_picture(picture).state is PictureState.SHOWN

    @pytest.mark.usefixtures("served")
    def test_a_verdict_that_overtakes_the_note_of_its_id_is_not_lost(
        self, alice: Writer, site: UUID, clock: Clock
    ) -> None:
        picture = alice.uploaded()
        alice.wrote(site, picture_ids=[picture])
        with atomic() as session:
            [turn] = picture_checks.claim(session, now=clock.now, limit=10)
        with atomic() as session:
            events.publish(session, PictureJudged(check_id="early", suggest="pass", labels=[]))
        events.drain()
        with atomic() as session:
            picture_checks.settle_submitted(session, turn, "early", now=clock.now)
        clock.advance(minutes=1)

        events.drain()

        assert kept_picture(picture).state is PictureState.SHOWN

    def test_what_is_nobodys_is_taken_for_heard(self, alice: Writer, site: UUID) -> None:
        """A picture of another feature's: nothing of ours is under way, so it is not told again and again."""
        alice.wrote(site, picture_ids=[alice.uploaded()])
        with atomic() as session:
            events.publish(session, PictureJudged(check_id="another", suggest="pass", labels=[]))
        events.drain()
        assert events.measure_backlog().pending == 0

    @pytest.mark.usefixtures("served")
    def test_the_address_for_wechat_is_of_one_picture_and_ends(
        self, app: Flask, alice: Writer, site: UUID, clock: Clock
    ) -> None:
        first, other = alice.uploaded(), alice.uploaded()
        path, foreign = (path_for_check(PICTURES, UUID(each), clock.now) for each in (first, other))
        client = app.test_client()
        assert client.get(path).status_code == 404  # of no feedback
        alice.wrote(site, picture_ids=[first, other])
        assert client.get(path).status_code == 200
        assert client.get(path.replace(first, other)).status_code == 404
        assert client.get(path[:-1] + ("0" if path[-1] != "0" else "1")).status_code == 404
        assert client.get(foreign).status_code == 200
        clock.advance(seconds=timedelta(minutes=40).total_seconds())
        assert client.get(path).status_code == 404
