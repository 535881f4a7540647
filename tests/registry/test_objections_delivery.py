"""Objections reach the registry once, whatever is lost on the way, and its answer reaches the member."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic
from miniprogram_api.operations import invariants
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.registry import jobs_objections as jobs
from miniprogram_api.registry import sources
from miniprogram_api.registry.models import ObjectionState
from miniprogram_api.registry.rules.objections import LEASE, look_again_after, outcome_of, wait_after
from miniprogram_api.registry.service import objection_checks
from miniprogram_api.registry.service import objection_delivery as delivery
from miniprogram_api.registry.sources import Filed, SourceRefused, SourceUnavailable
from tests.conftest import Clock
from tests.factories.notices import make_notice
from tests.factories.staff import signed_in
from tests.support.clients import BearerClient
from tests.support.objections import PERSON, TEXT, Objector, held


class Desk:
    """A registry of objections in memory: one for each key, and troubles as they are planned."""

    def __init__(self) -> None:
        self.filed: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.files: dict[str, Sequence[tuple[str, str, bytes]]] = {}
        self.answers: dict[str, Filed] = {}
        self.lost_answers = 0
        self.refusal: SourceRefused | None = None
        self.down = False
        self.asks_for: float | None = None
        self.prefix = "OBJ-"

    def file_objection(
        self, objection: Mapping[str, Any], *, files: Sequence[tuple[str, str, bytes]], key: str
    ) -> Filed:
        self.calls.append(key)
        if self.down:
            raise SourceUnavailable("connection_lost", self.asks_for)
        if self.refusal is not None:
            raise self.refusal
        self.filed.setdefault(key, dict(objection))
        self.files[key] = files
        if self.lost_answers:
            self.lost_answers -= 1
            raise SourceUnavailable("read_timeout")
        return Filed(id=f"{self.prefix}{list(self.filed).index(key) + 1}", state="received")

    def get_objection(self, objection_id: str) -> Filed:
        if self.down:
            raise SourceUnavailable("connection_lost")
        return self.answers.get(objection_id, Filed(id=objection_id, state="under_review"))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    monkeypatch.setattr(sources, "current", lambda: desk)
    return desk


@pytest.fixture
def alice(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Objector:
    return Objector(app, fake_wechat)


@pytest.fixture
def notice(app: Flask, clock: Clock) -> str:
    with atomic() as session:
        return make_notice(session).project_id


def test_each_step_is_taken_as_soon_as_the_one_before_it(
    alice: Objector, notice: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(jobs, "run_soon", rung.append)
    alice.objected(notice)
    while events.drain():
        pass
    assert rung == ["registry.check_objections"]
    jobs.check_objections()
    while events.drain():
        pass
    assert rung == ["registry.check_objections", "registry.deliver_objections"]
    # The self-test knows that an objection is what a stored answer tells of.
    with snapshot() as session:
        assert {it.code: rows for it, rows in invariants.check(session)}["I5"] == []


@pytest.fixture
def queued(alice: Objector, notice: str) -> str:
    filed = alice.objected(notice, title="排放数据与实际不符")
    jobs.check_objections()
    assert held(filed).state is ObjectionState.QUEUED
    return filed


@pytest.mark.parametrize(
    ("word", "has_answer", "outcome"),
    [
        ("received", False, None),
        ("under_review", False, None),
        ("accepted", False, ObjectionState.ACCEPTED),
        ("rejected", True, ObjectionState.REJECTED),
        ("closed", False, ObjectionState.ANSWERED),
        ("something_new", False, None),
        ("something_new", True, ObjectionState.ANSWERED),
    ],
)
def test_the_registrys_word_ends_an_objection_or_not(
    word: str, has_answer: bool, outcome: ObjectionState | None
) -> None:
    assert outcome_of(word, has_answer=has_answer) is outcome


class TestDelivery:
    def test_the_registry_gets_who_and_what_under_the_objections_own_key(
        self, alice: Objector, queued: str, notice: str, desk: Desk
    ) -> None:
        jobs.deliver_objections()

        assert desk.filed == {
            queued: {
                "project_id": notice,
                "reference": held(queued).number,
                "title": "排放数据与实际不符",
                "text": TEXT,
                "person": PERSON,
                "filed_at": "2026-11-23T10:00:00+08:00",
            }
        }
        shown = alice.look(queued)
        assert (shown["state"], shown["state_text"]) == ("delivered", "已送达登记系统")
        assert shown["delivery"] == {"at": "2026-11-23T10:00:00+08:00", "registry_id": "OBJ-1"}
        assert alice.messages() == ["objection_delivered"]

    def test_pictures_go_with_it_without_their_metadata(
        self, app: Flask, alice: Objector, notice: str, desk: Desk
    ) -> None:
        filed = alice.objected(notice, file_ids=[alice.uploaded(), alice.uploaded()])
        jobs.check_objections()
        reviewer = BearerClient(app, signed_in(Role.REVIEWER))
        assert reviewer.post(f"/api/staff/v1/objections/{filed}/release").status_code == 200
        jobs.deliver_objections()
        assert [(kind, content[:3]) for _, kind, content in desk.files[filed]] == [
            ("image/jpeg", b"\xff\xd8\xff")
        ] * 2

    def test_a_lost_answer_makes_no_second_objection(
        self, alice: Objector, queued: str, desk: Desk, clock: Clock
    ) -> None:
        desk.lost_answers = 2
        for attempt in (1, 2):
            jobs.deliver_objections()
            assert held(queued).state is ObjectionState.QUEUED
            jobs.deliver_objections()  # not before its time
            clock.advance(seconds=wait_after(attempt).total_seconds())
        jobs.deliver_objections()
        jobs.deliver_objections()

        assert desk.calls == [queued] * 3
        assert list(desk.filed) == [queued]
        assert held(queued).state is ObjectionState.DELIVERED

    def test_a_worker_killed_between_sending_and_noting_leaves_one_objection(
        self, alice: Objector, queued: str, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        def die(*_: Any, **__: Any) -> None:
            raise Killed

        with monkeypatch.context() as dying:
            dying.setattr(delivery, "settle_delivered", die)
            with pytest.raises(Killed):
                jobs.deliver_objections()
        assert (list(desk.filed), held(queued).state) == ([queued], ObjectionState.QUEUED)
        jobs.deliver_objections()
        assert desk.calls == [queued]

        clock.advance(seconds=LEASE.total_seconds())
        jobs.deliver_objections()

        assert desk.calls == [queued] * 2
        assert list(desk.filed) == [queued]
        assert (held(queued).state, held(queued).registry_id) == (ObjectionState.DELIVERED, "OBJ-1")

    def test_two_workers_at_once_send_it_once(self, queued: str, desk: Desk, clock: Clock) -> None:
        with atomic() as session:
            turns = objection_checks.claim(session, states=[ObjectionState.QUEUED], now=clock.now, limit=10)
        assert len(turns) == 1
        jobs.deliver_objections()
        assert desk.calls == []

    def test_the_same_turn_settled_late_changes_nothing(
        self, alice: Objector, queued: str, desk: Desk, clock: Clock
    ) -> None:
        with atomic() as session:
            [turn] = objection_checks.claim(session, states=[ObjectionState.QUEUED], now=clock.now, limit=10)
        clock.advance(seconds=LEASE.total_seconds())
        jobs.deliver_objections()
        with atomic() as session:
            delivery.settle_delivered(session, turn, Filed("OBJ-9", "received"), now=clock.now)
            delivery.settle_returned(session, turn, code="late", now=clock.now)
        assert (held(queued).state, held(queued).registry_id) == (ObjectionState.DELIVERED, "OBJ-1")
        assert [step["state"] for step in alice.look(queued)["steps"]].count("delivered") == 1

    @pytest.mark.parametrize("status", [401, 403, 409, 429, 503])
    def test_what_is_not_about_the_objection_is_tried_again(
        self, queued: str, desk: Desk, clock: Clock, status: int
    ) -> None:
        desk.refusal = SourceRefused(status, "some_code")
        jobs.deliver_objections()
        assert (held(queued).state, held(queued).last_error) == (ObjectionState.QUEUED, "some_code")
        desk.refusal = None
        clock.advance(minutes=1)
        jobs.deliver_objections()
        assert held(queued).state is ObjectionState.DELIVERED

    def test_what_the_registry_calls_it_is_kept_whole(self, queued: str, desk: Desk) -> None:
        desk.prefix = "OBJ-" + "9" * 75
        jobs.deliver_objections()
        assert held(queued).registry_id == f"{desk.prefix}1"

    def test_a_registry_that_asks_for_time_is_given_it(self, queued: str, desk: Desk, clock: Clock) -> None:
        desk.down, desk.asks_for = True, 900
        jobs.deliver_objections()
        desk.down = False
        clock.advance(minutes=14)
        jobs.deliver_objections()
        assert held(queued).state is ObjectionState.QUEUED
        clock.advance(minutes=2)
        jobs.deliver_objections()
        assert held(queued).state is ObjectionState.DELIVERED

    def test_one_that_the_registry_does_not_take_waits_for_a_person_who_may_send_it_again(
        self, app: Flask, alice: Objector, queued: str, desk: Desk
    ) -> None:
        desk.refusal = SourceRefused(422, "schema_invalid")
        jobs.deliver_objections()
        assert alice.look(queued)["state"] == "returned"
        desk.refusal = None

        reviewer = BearerClient(app, signed_in(Role.REVIEWER))
        assert reviewer.get(f"/api/staff/v1/objections/{queued}").get_json()["last_error"] == "schema_invalid"
        assert reviewer.post(f"/api/staff/v1/objections/{queued}/release").status_code == 200
        jobs.deliver_objections()

        assert held(queued).state is ObjectionState.DELIVERED

    def test_it_is_delivered_after_the_period_too(self, queued: str, desk: Desk, clock: Clock) -> None:
        desk.down = True
        jobs.deliver_objections()
        clock.advance(days=10)
        desk.down = False
        jobs.deliver_objections()
        assert held(queued).state is ObjectionState.DELIVERED

    def test_without_a_registry_it_waits(self, queued: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sources, "current", lambda: None)
        jobs.deliver_objections()
        jobs.follow_objections()
        assert (held(queued).state, held(queued).attempts) == (ObjectionState.QUEUED, 0)

    def test_a_consent_taken_back_stops_it(self, alice: Objector, queued: str, desk: Desk) -> None:
        answer = alice.put(
            "/api/v1/me/consents", json={"items": [{"purpose": "objection_identity", "granted": False}]}
        )
        assert answer.status_code == 200, answer.text
        jobs.deliver_objections()
        assert desk.calls == []
        assert alice.look(queued)["state_text"] == "已停止办理"


class TestTheAnswer:
    @pytest.fixture
    def delivered(self, queued: str, desk: Desk) -> str:
        jobs.deliver_objections()
        return queued

    def test_it_is_asked_for_ever_more_rarely(self, delivered: str, desk: Desk, clock: Clock) -> None:
        for looks in (0, 1, 2):
            assert held(delivered).next_attempt_at == clock.now + look_again_after(looks)
            clock.advance(seconds=look_again_after(looks).total_seconds())
            jobs.follow_objections()
        assert look_again_after(30) == timedelta(hours=12)

    @pytest.mark.parametrize(
        ("word", "state", "text"),
        [("accepted", "accepted", "异议成立"), ("rejected", "rejected", "异议不成立")],
    )
    def test_the_member_is_told_the_decision_and_the_answer(
        self,
        alice: Objector,
        delivered: str,
        desk: Desk,
        clock: Clock,
        word: str,
        state: str,
        text: str,
    ) -> None:
        desk.answers["OBJ-1"] = Filed("OBJ-1", word, answer="经现场核查，锅炉已封存。", decided_at=clock.now)
        clock.advance(minutes=10)
        jobs.follow_objections()
        jobs.follow_objections()

        shown = alice.look(delivered)
        assert (shown["state"], shown["state_text"]) == (state, text)
        assert shown["answer"] == {"text": "经现场核查，锅炉已封存。", "at": "2026-11-23T10:00:00+08:00"}
        [message, _] = alice.get("/api/v1/messages").get_json()["items"]
        assert message["title"] == f"您的异议有了结果：{text}"
        assert message["body"].endswith("答复：经现场核查，锅炉已封存。")
        assert held(delivered).next_attempt_at is None

    def test_a_registry_that_is_away_is_asked_again(self, delivered: str, desk: Desk, clock: Clock) -> None:
        desk.down = True
        clock.advance(minutes=10)
        jobs.follow_objections()
        assert held(delivered).state is ObjectionState.DELIVERED
        desk.down = False
        desk.answers["OBJ-1"] = Filed("OBJ-1", "closed")
        clock.advance(hours=12)
        jobs.follow_objections()
        assert held(delivered).state is ObjectionState.ANSWERED
