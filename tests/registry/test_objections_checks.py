"""The content check: what passes goes on, what does not is told, what cannot be judged waits for a person."""

import dataclasses
from collections.abc import Generator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.devtools.fake_wechat import DEMO_PUSH_AES_KEY, DEMO_PUSH_TOKEN, FakeWeChat
from miniprogram_api.devtools.loopback import LoopbackServer
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry import jobs_objections as jobs
from miniprogram_api.registry.models import Finding, HeldBecause, ObjectionState
from miniprogram_api.registry.rules.objections import LEASE, PICTURE_WINDOW, wait_after
from miniprogram_api.registry.service import objection_checks
from tests.conftest import Clock
from tests.factories.notices import make_notice
from tests.factories.staff import signed_in
from tests.support.clients import BearerClient, FakePeople
from tests.support.objections import DOUBTFUL, RISKY, TEXT, Objector, held

CHECK_TEXT, CHECK_MEDIA = "/wxa/msg_sec_check", "/wxa/media_check_async"


@pytest.fixture
def alice(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Objector:
    return Objector(app, fake_wechat)


@pytest.fixture
def wechat(fake_wechat: FakeWeChat) -> FakePeople:
    return FakePeople(fake_wechat)


@pytest.fixture
def notice(app: Flask, clock: Clock) -> str:
    with atomic() as session:
        return make_notice(session).project_id


def states(alice: Objector, objection_id: str) -> list[str]:
    return [step["state"] for step in alice.look(objection_id)["steps"]]


class TestTexts:
    def test_a_clean_text_goes_on_its_way(self, alice: Objector, notice: str) -> None:
        filed = alice.objected(notice)
        jobs.check_objections()
        assert states(alice, filed) == ["checking", "queued"]

    @pytest.mark.parametrize("where", ["text", "title"])
    def test_a_risky_one_is_refused_and_its_member_told_why(
        self, alice: Objector, notice: str, where: str
    ) -> None:
        filed = alice.objected(notice, **{where: f"{RISKY}，公示材料与实际不符"})
        jobs.check_objections()
        shown = alice.look(filed)
        assert shown["state_text"] == "未通过内容审核"
        assert shown["refusal_reason"] == "内容未通过平台的内容安全审核"
        [message] = alice.get("/api/v1/messages").get_json()["items"]
        assert message["kind"] == "objection_refused"
        assert "您可以修改内容后重新提交" in message["body"]
        assert TEXT not in message["body"]
        assert alice.object_to(notice).status_code == 201

    def test_a_doubtful_one_waits_for_a_person(self, alice: Objector, notice: str) -> None:
        filed = alice.objected(notice, text=f"{DOUBTFUL}，公示材料与实际不符")
        jobs.check_objections()
        assert (held(filed).state, held(filed).held_because) == (ObjectionState.HELD, HeldBecause.REVIEW)
        assert alice.look(filed)["state_text"] == "待人工审核"
        assert alice.messages() == []

    def test_one_of_somebody_long_away_waits_for_a_person(
        self, alice: Objector, notice: str, wechat: FakePeople
    ) -> None:
        filed = alice.objected(notice)
        wechat.control("POST", "/clock", advance_s=7300)
        jobs.check_objections()
        assert held(filed).held_because is HeldBecause.UNCHECKED
        assert held(filed).next_attempt_at is None


class TestTheCheckIsDown:
    def test_nothing_is_lost_and_it_goes_on_when_the_check_is_back(
        self, alice: Objector, notice: str, wechat: FakePeople, clock: Clock
    ) -> None:
        filed = alice.objected(notice)
        wechat.control("POST", "/faults", path=CHECK_TEXT, fault="500", times=-1)
        jobs.check_objections()
        assert held(filed).held_because is HeldBecause.SERVICE_DOWN
        for attempt in (1, 2, 3):
            assert held(filed).next_attempt_at == clock.now + wait_after(attempt)
            clock.advance(seconds=wait_after(attempt).total_seconds())
            jobs.check_objections()
        wechat.control("DELETE", "/faults")
        clock.advance(minutes=10)

        jobs.check_objections()

        alice.sign_in_again()
        assert states(alice, filed) == ["checking", "held", "queued"]

    def test_a_person_may_be_quicker(
        self, app: Flask, alice: Objector, notice: str, wechat: FakePeople, clock: Clock
    ) -> None:
        filed = alice.objected(notice)
        wechat.control("POST", "/faults", path=CHECK_TEXT, fault="500", times=-1)
        jobs.check_objections()
        reviewer = BearerClient(app, signed_in(Role.REVIEWER))
        assert reviewer.post(f"/api/staff/v1/objections/{filed}/release").status_code == 200
        calls = wechat.calls()[CHECK_TEXT]
        clock.advance(minutes=10)

        jobs.check_objections()

        assert wechat.calls()[CHECK_TEXT] == calls
        assert held(filed).state is ObjectionState.QUEUED

    def test_what_a_dead_worker_had_taken_up_is_taken_up_again(
        self, alice: Objector, notice: str, clock: Clock
    ) -> None:
        filed = alice.objected(notice)
        with atomic() as session:
            [turn] = objection_checks.claim(
                session, states=[ObjectionState.CHECKING], now=clock.now, limit=10
            )
        jobs.check_objections()
        assert held(filed).state is ObjectionState.CHECKING

        clock.advance(seconds=LEASE.total_seconds())
        jobs.check_objections()

        assert held(filed).state is ObjectionState.QUEUED
        with atomic() as session:
            objection_checks.settle_down(session, turn, error="late", now=clock.now)
        assert held(filed).state is ObjectionState.QUEUED

    def test_the_check_is_asked_outside_transactions(
        self, alice: Objector, notice: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from miniprogram_api.kernel.db import db
        from miniprogram_api.wechat.gateway import Gateway

        seen: list[bool] = []
        check = Gateway.check_text

        def watched(*args: Any, **kwargs: Any) -> Any:
            seen.append(db.session().in_transaction())
            return check(*args, **kwargs)

        monkeypatch.setattr(Gateway, "check_text", watched)
        alice.objected(notice)
        jobs.check_objections()
        assert seen == [False]


class TestReview:
    @pytest.fixture
    def reviewer(self, app: Flask, clock: Clock) -> BearerClient:
        return BearerClient(app, signed_in(Role.REVIEWER))

    @pytest.fixture
    def doubtful(self, alice: Objector, notice: str) -> str:
        filed = alice.objected(notice, text=f"{DOUBTFUL}，公示材料与实际不符")
        jobs.check_objections()
        return filed

    def test_a_released_one_goes_on_its_way_and_the_decision_is_in_the_trail(
        self, alice: Objector, reviewer: BearerClient, doubtful: str
    ) -> None:
        answer = reviewer.post(f"/api/staff/v1/objections/{doubtful}/release")
        assert (answer.status_code, answer.get_json()["state"]) == (200, "queued")
        with reading() as session:
            rows = session.scalars(select(AuditRow).where(AuditRow.object_id == doubtful)).all()
        released = [row for row in rows if row.actor_kind == "staff"]
        assert [(row.before, row.after) for row in released] == [
            ({"state": "held"}, {"state": "queued", "held_because": None})
        ]

    def test_a_refused_one_tells_its_member_the_reason(
        self, alice: Objector, reviewer: BearerClient, doubtful: str
    ) -> None:
        answer = reviewer.post(
            f"/api/staff/v1/objections/{doubtful}/refuse", json={"reason": "与公示内容无关"}
        )
        assert (answer.status_code, answer.get_json()["state"]) == (200, "refused")
        assert alice.look(doubtful)["refusal_reason"] == "与公示内容无关"
        [message] = alice.get("/api/v1/messages").get_json()["items"]
        assert "原因：与公示内容无关。" in message["body"]

    def test_nothing_is_decided_twice(self, reviewer: BearerClient, doubtful: str) -> None:
        reviewer.post(f"/api/staff/v1/objections/{doubtful}/release")
        for verb, body in (("release", None), ("refuse", {"reason": "与公示内容无关"})):
            answer = reviewer.post(f"/api/staff/v1/objections/{doubtful}/{verb}", json=body)
            assert (answer.status_code, answer.get_json()["code"]) == (
                409,
                "registry.objection_not_under_review",
            )


@pytest.fixture
def served(app: Flask, fake_wechat: FakeWeChat) -> Generator[LoopbackServer]:
    """The application where WeChat can reach it, its push set up."""
    server = LoopbackServer(app, name="application", host="127.0.0.1", port=0)
    server.start()
    app.extensions["settings"] = dataclasses.replace(
        app.extensions["settings"],
        public_base_url=server.base_url,
        wechat_push_token=DEMO_PUSH_TOKEN,
        wechat_push_aes_key=DEMO_PUSH_AES_KEY,
    )
    yield server
    server.stop()


class TestPictures:
    def judged(self, app: Flask, fake: FakeWeChat, *, twice: bool = False) -> None:
        """WeChat has looked, and what it pushed arrives."""
        for pushed in fake.pushed():
            for _ in range(2 if twice else 1):
                answer = app.test_client().post(f"/wechat/push?{pushed['query']}", data=pushed["body"])
                assert (answer.status_code, answer.text) == (200, "success")
        events.drain()

    def filed(self, alice: Objector, notice: str, pictures: int = 2) -> str:
        ids = [alice.uploaded() for _ in range(pictures)]
        filed = alice.objected(notice, file_ids=ids)
        jobs.check_objections()
        return filed

    @pytest.mark.usefixtures("served")
    def test_clean_pictures_go_on_their_way_once_all_are_judged(
        self, app: Flask, alice: Objector, notice: str, fake_wechat: FakeWeChat
    ) -> None:
        filed = self.filed(alice, notice)
        assert held(filed).state is ObjectionState.CHECKING
        fetched = [pushed["bytes"] for pushed in fake_wechat.pushed()]
        assert len(fetched) == 2
        assert min(fetched) > 0

        self.judged(app, fake_wechat, twice=True)

        assert states(alice, filed) == ["checking", "queued"]

    @pytest.mark.usefixtures("served")
    @pytest.mark.parametrize(
        ("verdicts", "state"),
        [(["pass", "risky"], ObjectionState.REFUSED), (["review", "pass"], ObjectionState.HELD)],
    )
    def test_the_worst_picture_decides(
        self,
        app: Flask,
        alice: Objector,
        notice: str,
        fake_wechat: FakeWeChat,
        verdicts: list[str],
        state: ObjectionState,
    ) -> None:
        found = [{"suggest": verdict, "label": 20002} for verdict in verdicts]
        FakePeople(fake_wechat).control("POST", "/pictures", verdicts=found)
        filed = self.filed(alice, notice)
        self.judged(app, fake_wechat)
        assert held(filed).state is state

    def test_without_an_address_for_wechat_a_person_looks(self, alice: Objector, notice: str) -> None:
        filed = self.filed(alice, notice)
        assert (held(filed).state, held(filed).held_because) == (ObjectionState.HELD, HeldBecause.UNCHECKED)

    @pytest.mark.usefixtures("served")
    def test_a_verdict_that_never_comes_leaves_it_to_a_person(
        self, alice: Objector, notice: str, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        filed = self.filed(alice, notice)
        fake_wechat.pushed()
        clock.advance(seconds=PICTURE_WINDOW.total_seconds() - 1)
        jobs.check_objections()
        assert held(filed).state is ObjectionState.CHECKING
        clock.advance(seconds=1)
        jobs.check_objections()
        assert held(filed).held_because is HeldBecause.UNCHECKED

    @pytest.mark.usefixtures("served")
    def test_a_picture_that_wechat_cannot_fetch_is_not_taken_for_clean(
        self, app: Flask, alice: Objector, notice: str, fake_wechat: FakeWeChat
    ) -> None:
        app.extensions["settings"] = dataclasses.replace(
            app.extensions["settings"], public_base_url="http://127.0.0.1:9"
        )
        filed = self.filed(alice, notice)
        self.judged(app, fake_wechat)
        assert held(filed).held_because is HeldBecause.REVIEW

    @pytest.mark.usefixtures("served")
    def test_a_verdict_that_overtakes_the_note_of_its_id_is_not_lost(
        self, app: Flask, alice: Objector, notice: str, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        file_id = alice.uploaded()
        filed = alice.objected(notice, file_ids=[file_id])
        with atomic() as session:
            [turn] = objection_checks.claim(
                session, states=[ObjectionState.CHECKING], now=clock.now, limit=10
            )
            objection_checks.settle_text(session, turn, Finding.CLEAN, now=clock.now)
        from miniprogram_api.wechat.events import PictureJudged

        with atomic() as session:
            events.publish(session, PictureJudged(check_id="early", suggest="pass", labels=[]))
        events.drain()
        with atomic() as session:
            objection_checks.settle_submission(session, turn, UUID(file_id), "early", now=clock.now)
        clock.advance(minutes=1)

        events.drain()

        assert held(filed).state is ObjectionState.QUEUED

    @pytest.mark.usefixtures("served")
    def test_while_the_check_is_down_a_verdict_of_others_is_not_waited_for(
        self, alice: Objector, notice: str, fake_wechat: FakeWeChat
    ) -> None:
        from miniprogram_api.wechat.events import PictureJudged

        FakePeople(fake_wechat).control("POST", "/faults", path=CHECK_MEDIA, fault="500", times=1)
        self.filed(alice, notice)
        with atomic() as session:
            events.publish(session, PictureJudged(check_id="others", suggest="pass", labels=[]))
        events.drain()
        assert events.measure_backlog().pending == 0

    @pytest.mark.usefixtures("served")
    def test_pictures_wait_for_a_check_that_is_down(
        self, app: Flask, alice: Objector, notice: str, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        wechat = FakePeople(fake_wechat)
        wechat.control("POST", "/faults", path=CHECK_MEDIA, fault="500", times=1)
        filed = self.filed(alice, notice)
        assert held(filed).held_because is HeldBecause.SERVICE_DOWN
        assert held(filed).text_cleared
        clock.advance(minutes=1)
        jobs.check_objections()
        self.judged(app, fake_wechat)
        assert held(filed).state is ObjectionState.QUEUED
        assert wechat.calls()[CHECK_TEXT] == 1

    @pytest.mark.usefixtures("served")
    def test_the_address_for_wechat_is_of_one_picture_and_ends(
        self, app: Flask, alice: Objector, notice: str, clock: Clock
    ) -> None:
        from miniprogram_api.registry.rules.objections import FILES
        from miniprogram_api.web.picture_links import path_for_check

        first, other = alice.uploaded(), alice.uploaded()
        path, foreign = (path_for_check(FILES, UUID(file_id), clock.now) for file_id in (first, other))
        client = app.test_client()
        assert client.get(path).status_code == 404  # of no objection
        alice.objected(notice, file_ids=[first, other])
        assert client.get(path).status_code == 200
        assert client.get(path.replace(first, other)).status_code == 404
        assert client.get(path[:-1] + ("0" if path[-1] != "0" else "1")).status_code == 404
        assert client.get(foreign).status_code == 200
        clock.advance(minutes=40)
        assert client.get(path).status_code == 404
