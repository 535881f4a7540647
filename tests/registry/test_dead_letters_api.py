"""The desk of dead letters: replay for a reason, discard by two people, alarms for what nobody settles."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry import jobs_dead_letters as jobs
from miniprogram_api.registry.models.dead_letters import DeadLetter
from miniprogram_api.registry.models.projects import HeldProject
from tests.conftest import Clock
from tests.factories.registry import change, taken
from tests.factories.staff import signed_in
from tests.support.clients import BearerClient
from tests.support.leaks import Watcher
from tests.support.races import at_once

DESK = "/api/staff/v1/registry/dead-letters"
WHY = {"reason": "登记系统已更正"}


@pytest.fixture
def admin(app: Flask, clock: Clock) -> BearerClient:
    return BearerClient(app, signed_in(Role.ADMIN))


@pytest.fixture
def colleague(app: Flask, clock: Clock) -> BearerClient:
    return BearerClient(app, signed_in(Role.ADMIN))


@pytest.fixture
def letter(app: Flask, clock: Clock) -> str:
    """A project of version 1, whose version 2 came with an unknown lifecycle."""
    with atomic() as session:
        taken(session, change("P-1", 1), now=clock.now)
        taken(session, change("P-1", 2, lifecycle="dreaming"), now=clock.now)
        return str(session.scalars(select(DeadLetter.id)).one())


@pytest.fixture
def mended(letter: str) -> str:
    """The letter, its record now such that it can be taken over."""

    with atomic() as session:
        session.execute(update(DeadLetter).values(payload=json.dumps(change("P-1", 2, name="新名称"))))
    return letter


def project() -> HeldProject:
    with reading() as session:
        return session.get_one(HeldProject, "P-1")


def is_frozen() -> bool:
    return project().frozen_at is not None


class TestReading:
    def test_a_letter_says_what_is_wrong_and_its_project_stands_still(
        self, admin: BearerClient, letter: str
    ) -> None:
        (listed,) = admin.get(DESK).get_json()["items"]
        assert (listed["id"], listed["kind"], listed["state"]) == (letter, "schema_invalid", "open")
        assert (listed["project_id"], listed["version"]) == ("P-1", 2)
        assert "payload" not in listed
        assert "dreaming" in admin.get(f"{DESK}/{letter}").get_json()["payload"]
        assert is_frozen()

    def test_letters_are_found_by_their_state(self, admin: BearerClient, letter: str) -> None:
        assert admin.get(f"{DESK}?state=discarded").get_json()["items"] == []
        assert len(admin.get(f"{DESK}?state=open").get_json()["items"]) == 1
        assert admin.get(f"{DESK}?state=lost").status_code == 422

    def test_only_administrators_sit_there(self, app: Flask, letter: str) -> None:
        reviewer = BearerClient(app, signed_in(Role.REVIEWER))
        assert reviewer.get(DESK).status_code == 403
        assert reviewer.post(f"{DESK}/{letter}/replay", json=WHY).status_code == 403
        assert reviewer.post(f"{DESK}/{letter}/discard/confirm").status_code == 403

    def test_an_unknown_one_is_not_found(self, admin: BearerClient) -> None:
        one = f"{DESK}/{new_id()}"
        assert admin.get(one).status_code == 404
        assert admin.post(f"{one}/replay", json=WHY).status_code == 404
        assert admin.post(f"{one}/discard", json=WHY).status_code == 404
        assert admin.post(f"{one}/discard/confirm").status_code == 404


class TestReplay:
    def test_a_record_that_now_reads_well_is_taken_over(self, admin: BearerClient, mended: str) -> None:
        answer = admin.post(f"{DESK}/{mended}/replay", json=WHY)
        shown = answer.get_json()
        assert (answer.status_code, shown["outcome"], shown["state"]) == (200, "applied", "replayed")
        assert (shown["reason"], shown["decided_at"] is not None) == (WHY["reason"], True)
        assert (project().version, project().name, is_frozen()) == (2, "新名称", False)

    def test_one_that_is_still_wrong_stays(self, admin: BearerClient, letter: str) -> None:
        shown = admin.post(f"{DESK}/{letter}/replay", json=WHY).get_json()
        assert (shown["outcome"], shown["state"], shown["attempts"]) == ("dead", "open", 2)
        assert is_frozen()

    def test_one_that_was_overtaken_is_settled_and_changes_nothing(
        self, admin: BearerClient, mended: str, clock: Clock
    ) -> None:
        with atomic() as session:
            session.execute(update(HeldProject).values(version=3))
        shown = admin.post(f"{DESK}/{mended}/replay", json=WHY).get_json()
        assert (shown["outcome"], shown["state"]) == ("stale", "replayed")
        assert not is_frozen()

    def test_another_letter_keeps_the_project_still(
        self, admin: BearerClient, mended: str, clock: Clock
    ) -> None:
        with atomic() as session:
            taken(session, change("P-1", 5, lifecycle="sleeping"), now=clock.now)
        shown = admin.post(f"{DESK}/{mended}/replay", json=WHY).get_json()
        assert (shown["outcome"], shown["state"]) == ("frozen", "open")
        assert is_frozen()

    def test_it_is_settled_once(self, admin: BearerClient, mended: str) -> None:
        assert admin.post(f"{DESK}/{mended}/replay", json=WHY).status_code == 200
        again = admin.post(f"{DESK}/{mended}/replay", json=WHY)
        assert (again.status_code, again.get_json()["code"]) == (409, "registry.dead_letter_settled")

    def test_a_payload_that_was_not_kept_cannot_be_replayed(self, admin: BearerClient, letter: str) -> None:
        with atomic() as session:
            session.execute(update(DeadLetter).values(payload=None))
        answer = admin.post(f"{DESK}/{letter}/replay", json=WHY)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "registry.payload_not_kept")

    @pytest.mark.parametrize("step", ["replay", "discard"])
    @pytest.mark.parametrize(
        "body", [{}, {"reason": ""}, {"reason": "x" * 501}], ids=["none", "empty", "long"]
    )
    def test_a_reason_is_needed(
        self, admin: BearerClient, letter: str, step: str, body: dict[str, Any]
    ) -> None:
        assert admin.post(f"{DESK}/{letter}/{step}", json=body).status_code == 422


class TestDiscard:
    def test_it_takes_two_people(self, admin: BearerClient, colleague: BearerClient, letter: str) -> None:
        assert admin.post(f"{DESK}/{letter}/discard", json=WHY).get_json()["state"] == "open"
        alone = admin.post(f"{DESK}/{letter}/discard/confirm")
        assert (alone.status_code, alone.get_json()["code"]) == (409, "registry.second_person_needed")
        assert is_frozen()
        done = colleague.post(f"{DESK}/{letter}/discard/confirm")
        assert (done.status_code, done.get_json()["state"]) == (200, "discarded")
        assert (is_frozen(), project().version) == (False, 1)
        assert colleague.post(f"{DESK}/{letter}/discard/confirm").status_code == 409

    def test_nobody_confirms_what_nobody_asked_for(self, admin: BearerClient, letter: str) -> None:
        answer = admin.post(f"{DESK}/{letter}/discard/confirm")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "registry.discard_not_asked")

    def test_asking_again_makes_oneself_the_one_who_asked(
        self, admin: BearerClient, colleague: BearerClient, letter: str
    ) -> None:
        admin.post(f"{DESK}/{letter}/discard", json=WHY)
        colleague.post(f"{DESK}/{letter}/discard", json=WHY)
        assert colleague.post(f"{DESK}/{letter}/discard/confirm").status_code == 409
        assert admin.post(f"{DESK}/{letter}/discard/confirm").status_code == 200

    def test_of_replay_and_discard_at_once_one_happens(
        self, app: Flask, admin: BearerClient, colleague: BearerClient, mended: str
    ) -> None:
        admin.post(f"{DESK}/{mended}/discard", json=WHY)
        steps: list[Callable[[], Any]] = [
            lambda: admin.post(f"{DESK}/{mended}/replay", json=WHY),
            lambda: colleague.post(f"{DESK}/{mended}/discard/confirm"),
        ]
        answers = at_once(app, steps)
        assert sorted(answer.status_code for answer in answers) == [200, 409]

    def test_a_letter_of_no_project_can_be_discarded(
        self, admin: BearerClient, colleague: BearerClient, clock: Clock
    ) -> None:
        with atomic() as session:
            taken(session, "no record at all", now=clock.now)
            letter = session.scalars(select(DeadLetter.id)).one()
        admin.post(f"{DESK}/{letter}/discard", json=WHY)
        assert colleague.post(f"{DESK}/{letter}/discard/confirm").status_code == 200

    def test_every_step_is_in_the_trail_with_its_reason(
        self, admin: BearerClient, colleague: BearerClient, letter: str
    ) -> None:
        admin.post(f"{DESK}/{letter}/replay", json=WHY)
        admin.post(f"{DESK}/{letter}/discard", json=WHY)
        colleague.post(f"{DESK}/{letter}/discard/confirm")
        with reading() as session:
            rows = session.execute(
                select(AuditRow.action, AuditRow.reason)
                .where(AuditRow.object_type == "dead_letter", AuditRow.actor_kind == "staff")
                .order_by(AuditRow.id)
            ).all()
        assert [tuple(row) for row in rows] == [
            ("registry.replay_dead_letter", WHY["reason"]),
            ("registry.ask_discard", WHY["reason"]),
            ("registry.discard_dead_letter", WHY["reason"]),
        ]


class TestWatching:
    def test_one_that_nobody_settles_for_a_day_is_an_alarm(
        self, letter: str, clock: Clock, watcher: Watcher
    ) -> None:
        jobs.alarm_dead_letters()
        clock.advance(hours=24)
        jobs.alarm_dead_letters()
        assert not any("dead_letters_old" in line for line in watcher.lines)
        clock.advance(seconds=1)
        jobs.alarm_dead_letters()
        assert any("dead_letters_old" in line for line in watcher.lines)

    def test_the_command_lists_what_is_unsettled(self, app: Flask, admin: BearerClient, mended: str) -> None:
        run = app.test_cli_runner()
        assert "P-1 v2" in run.invoke(args=["registry", "dead-letters"]).output
        admin.post(f"{DESK}/{mended}/replay", json=WHY)
        assert run.invoke(args=["registry", "dead-letters"]).output == ""
        assert "replayed" in run.invoke(args=["registry", "dead-letters", "--all"]).output

    def test_the_status_counts_it(self, admin: BearerClient, letter: str) -> None:
        shown = admin.get("/api/staff/v1/registry/status").get_json()
        assert (shown["projects"], shown["frozen_projects"], shown["dead_letters"]) == (1, 1, 1)
        assert (shown["feed"], shown["freshness"]) == (None, "fresh")
