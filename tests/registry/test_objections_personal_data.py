"""Personal data of objections: exported to their member, erased with them or in time, the fact kept."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from config import Settings
from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity.service import personal_data
from miniprogram_api.kernel import files
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry import jobs_objections as jobs
from miniprogram_api.registry import sources
from miniprogram_api.registry.models import ObjectionState
from miniprogram_api.registry.rules.objections import KEPT
from miniprogram_api.registry.service.objection_erasure import ObjectionsOfMember
from miniprogram_api.registry.sources import Filed
from tests.conftest import Clock
from tests.factories.notices import make_notice
from tests.registry.test_objections_delivery import Desk
from tests.support.canaries import find_canaries, personal_values
from tests.support.objections import PERSON, TEXT, Objector, held

TITLE, ANSWER = "排放数据与实际不符", "经现场核查，锅炉已封存。"


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


@pytest.fixture
def answered(alice: Objector, notice: str, desk: Desk, clock: Clock) -> str:
    filed = alice.objected(notice, title=TITLE)
    jobs.check_objections()
    jobs.deliver_objections()
    desk.answers["OBJ-1"] = Filed("OBJ-1", "rejected", answer=ANSWER, decided_at=clock.now)
    clock.advance(minutes=10)
    jobs.follow_objections()
    assert held(filed).state is ObjectionState.REJECTED
    return filed


def erase(member_id: str, clock: Clock) -> None:
    with atomic() as session:
        personal_data.erase_member(session, member_id=UUID(member_id), actor=SYSTEM, now=clock.now)


def divide_after_erasing(session: Session, member_id: str, clock: Clock) -> float:
    ObjectionsOfMember.erase(session, UUID(member_id), clock.now)
    return 1 / 0


def test_a_member_gets_a_copy_with_the_phone_masked(alice: Objector, answered: str) -> None:
    alice.uploaded()
    with reading() as session:
        copy = personal_data.export_member(session, UUID(alice.id))["objections"]
    [item] = copy["items"]
    assert (item["title"], item["text"], item["name"]) == (TITLE, TEXT, PERSON["name"])
    assert (item["phone_masked"], item["answer"], item["state"]) == ("138****8111", ANSWER, "rejected")
    assert item["registry_id"] == "OBJ-1"
    assert len(copy["pictures"]) == 1
    assert PERSON["phone"] not in str(copy)


class TestErasingAMember:
    def test_keeps_that_it_was_delivered_and_not_by_whom_or_what(
        self, alice: Objector, answered: str, clock: Clock
    ) -> None:
        before = personal_values(held(answered))
        assert len(before) == 5
        erase(alice.id, clock)
        row = held(answered)
        assert personal_values(row) == set()
        assert (row.state, row.registry_id) == (ObjectionState.REJECTED, "OBJ-1")
        with reading() as session:
            assert find_canaries(session, [*before, TEXT, TITLE, *PERSON.values()]) == set()

    def test_one_that_was_not_delivered_is_not_sent_any_more(
        self, alice: Objector, notice: str, desk: Desk, clock: Clock, settings: Settings
    ) -> None:
        filed = alice.objected(notice, file_ids=[alice.uploaded()])
        alice.uploaded()
        erase(alice.id, clock)
        jobs.check_objections()
        jobs.deliver_objections()
        assert held(filed).state is ObjectionState.DROPPED
        assert desk.calls == []
        assert [path for path in (settings.data_dir / "uploads").rglob("*") if path.is_file()] == []

    def test_an_answer_that_comes_afterwards_is_kept_without_its_words(
        self, alice: Objector, notice: str, desk: Desk, clock: Clock
    ) -> None:
        filed = alice.objected(notice)
        jobs.check_objections()
        jobs.deliver_objections()
        erase(alice.id, clock)
        desk.answers["OBJ-1"] = Filed("OBJ-1", "accepted", answer=ANSWER)
        clock.advance(minutes=10)
        jobs.follow_objections()
        assert held(filed).state is ObjectionState.ACCEPTED
        assert held(filed).answer_cipher is None

    def test_one_under_way_when_its_member_leaves_is_noted_as_delivered(
        self, alice: Objector, notice: str, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        filed = alice.objected(notice)
        jobs.check_objections()
        send = desk.file_objection

        def leave_meanwhile(*args: object, **kwargs: object) -> Filed:
            erase(alice.id, clock)
            return send(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(desk, "file_objection", leave_meanwhile)
        jobs.deliver_objections()
        assert (held(filed).state, held(filed).registry_id) == (ObjectionState.DROPPED, "OBJ-1")

    def test_may_be_done_again_after_a_restore(self, alice: Objector, answered: str, clock: Clock) -> None:
        for _ in range(2):
            with atomic() as session:
                ObjectionsOfMember.erase(session, UUID(alice.id), clock.now)
        assert personal_values(held(answered)) == set()

    def test_pictures_stay_when_the_erasure_fails(
        self, alice: Objector, notice: str, clock: Clock, settings: Settings
    ) -> None:
        alice.uploaded()
        with pytest.raises(ZeroDivisionError), atomic() as session:
            divide_after_erasing(session, alice.id, clock)
        folder = settings.data_dir / "uploads" / "private"
        [path] = [path for path in folder.rglob("*") if path.is_file()]
        assert files.private().path_of(path.name) == path


class TestRetention:
    def test_two_years_after_the_last_step_identity_and_words_go(
        self, alice: Objector, answered: str, clock: Clock
    ) -> None:
        clock.advance(seconds=KEPT.total_seconds() - 1)
        jobs.erase_objections()
        assert personal_values(held(answered)) != set()
        clock.advance(seconds=1)
        jobs.erase_objections()
        assert personal_values(held(answered)) == set()
        assert held(answered).state is ObjectionState.REJECTED

    def test_one_that_still_waits_is_not_touched(self, alice: Objector, notice: str, clock: Clock) -> None:
        filed = alice.objected(notice)
        clock.advance(seconds=(KEPT + timedelta(days=1)).total_seconds())
        jobs.erase_objections()
        assert personal_values(held(filed)) != set()
