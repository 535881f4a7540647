"""Many at once: as many objections as a day allows, each picture used once, each objection sent once."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry import jobs_objections as jobs
from miniprogram_api.registry import sources
from miniprogram_api.registry.models import Objection, ObjectionState
from miniprogram_api.registry.service.objection_checks import Turn
from tests.conftest import Clock
from tests.factories.notices import make_notice
from tests.registry.test_objections_delivery import Desk
from tests.support.objections import Objector, held
from tests.support.races import at_once, meeting_first

RACERS = 6


@pytest.fixture
def alice(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Objector:
    return Objector(app, fake_wechat)


@pytest.fixture
def notice(app: Flask, clock: Clock) -> str:
    with atomic() as session:
        return make_notice(session).project_id


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    monkeypatch.setattr(sources, "current", lambda: desk)
    return desk


def test_six_at_once_are_three(app: Flask, alice: Objector, notice: str) -> None:
    answers = at_once(app, [lambda: alice.object_to(notice).status_code] * RACERS)
    assert Counter(answers) == {201: 3, 429: 3}


def test_without_the_lock_the_index_still_holds_the_limit(
    app: Flask, alice: Objector, notice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from miniprogram_api.identity.service import members

    def unlocked(session: Session, member_id: Any) -> Any:
        return member_id

    monkeypatch.setattr(members, "lock_member", unlocked)
    answers = at_once(app, [lambda: alice.object_to(notice).status_code] * RACERS)
    assert set(answers) <= {201, 429, 503}
    with reading() as session:
        ordinals = session.scalars(select(Objection.ordinal).order_by(Objection.ordinal)).all()
    assert ordinals == list(range(1, len(ordinals) + 1))
    assert len(ordinals) <= 3


def test_a_picture_is_used_by_one(app: Flask, alice: Objector, notice: str) -> None:
    file_id = alice.uploaded()
    answers = at_once(app, [lambda: alice.object_to(notice, file_ids=[file_id]).status_code] * 3)
    assert Counter(answers) == {201: 1, 422: 2}


def test_the_same_key_at_once_files_one(app: Flask, alice: Objector, notice: str) -> None:
    answers = at_once(app, [lambda: alice.object_to(notice, key="same").status_code] * RACERS)
    assert set(answers) <= {201, 409}
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Objection)) == 1


class TestWorkersAtOnce:
    def queued(self, alice: Objector, notice: str) -> list[str]:
        filed = [alice.objected(notice) for _ in range(3)]
        jobs.check_objections()
        return filed

    def test_each_is_sent_once(self, app: Flask, alice: Objector, notice: str, desk: Desk) -> None:
        filed = self.queued(alice, notice)
        at_once(app, [jobs.deliver_objections] * 4)
        assert Counter(desk.calls) == dict.fromkeys(filed, 1)
        assert {held(one).state for one in filed} == {ObjectionState.DELIVERED}

    def test_without_a_claim_they_are_sent_again_and_filed_once_all_the_same(
        self, app: Flask, alice: Objector, notice: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The positive control of the claim; the key is the second guard."""
        filed = self.queued(alice, notice)

        def look_only(state: ObjectionState) -> list[Turn]:
            with reading() as session:
                due = select(Objection.id, Objection.attempts).where(Objection.state == state)
                return sorted(Turn(*row) for row in session.execute(due))

        monkeypatch.setattr(jobs, "_claim", look_only)
        monkeypatch.setattr(desk, "file_objection", meeting_first(desk.file_objection, 2))
        at_once(app, [jobs.deliver_objections] * 2)

        assert sum(Counter(desk.calls).values()) > len(filed)
        assert sorted(desk.filed) == sorted(filed)
        assert {held(one).state for one in filed} == {ObjectionState.DELIVERED}
        assert [step["state"] for step in alice.look(filed[0])["steps"]].count("delivered") == 1
