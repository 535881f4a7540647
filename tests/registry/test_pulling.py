"""Pulling from a registry over real HTTP: first load, changes, every fault, and how fresh we are."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from miniprogram_api.devtools.fake_registry import FakeRegistry
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.registry import jobs_pulling, sources
from miniprogram_api.registry.jobs_pulling import Pulled, pull, pull_due
from miniprogram_api.registry.jobs_reconciling import reconcile_due
from miniprogram_api.registry.models import (
    DeadLetter,
    DeadLetterState,
    HeldDictionary,
    HeldProject,
    UnknownCode,
)
from miniprogram_api.registry.models.feed import THE_FEED, Feed
from miniprogram_api.registry.models.reconciliation import ReconciliationReport
from miniprogram_api.registry.routes import names
from miniprogram_api.registry.rules.pulling import Ages, Freshness, freshness, wait_after
from miniprogram_api.registry.rules.records import parse_instant
from miniprogram_api.registry.service import pulling
from miniprogram_api.sites import freshness as freshness_port
from miniprogram_api.sites.models import Lifecycle, Site
from miniprogram_api.sites.queries.search import INDEX
from miniprogram_api.sites.rules import dictionary
from miniprogram_api.visits.jobs import make_slots
from miniprogram_api.visits.models import Slot, SlotState
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.sites import make_opening_rule, make_site
from tests.factories.visits import make_slot
from tests.support.booking import Visitor

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture(autouse=True)
def _own_names() -> Any:
    yield
    dictionary.forget()


def pulled(**options: Any) -> Pulled:
    source = sources.current()
    assert source is not None
    return pull(source, **options)


def feed() -> Feed:
    with reading() as session:
        found = session.get(Feed, THE_FEED)
        assert found is not None
        return found


def replica() -> dict[str, tuple[int, str]]:
    with reading() as session:
        rows = session.execute(select(HeldProject.project_id, HeldProject.version, HeldProject.digest))
        return {project_id: (version, digest) for project_id, version, digest in rows}


def provider(fake: FakeRegistry, *project_ids: str) -> dict[str, tuple[int, str]]:
    records = {project_id: fake.record(project_id) for project_id in project_ids}
    return {project_id: (it["version"], it["digest"]) for project_id, it in records.items()}


def found_by(session: Session, text: str) -> list[str]:
    """The projects of the sites that a word finds."""
    matches = INDEX.matches(text)
    found = select(Site.project_id).join(matches, matches.c.object_id == Site.id)
    return sorted(session.scalars(found))


def settled(fake: FakeRegistry, clock: Clock, *project_ids: str, rounds: int = 12) -> None:
    """Pull until quiet: what we hold is what the registry holds, and nothing waits."""
    for _ in range(rounds):
        clock.advance(minutes=6)
        pull_due()
    assert replica() == provider(fake, *project_ids)


class TestLoading:
    def test_the_first_pull_takes_a_snapshot_and_the_next_ones_the_changes(
        self, app: Flask, fake_registry: FakeRegistry
    ) -> None:
        for number in range(3):
            fake_registry.put(f"P-{number}", lifecycle="titled")
        first = pulled()
        assert (first.error, first.outcomes) == (None, {"applied": 3})
        assert replica() == provider(fake_registry, "P-0", "P-1", "P-2")
        fake_registry.put("P-1", name="新名（示例）")
        assert pulled().outcomes == {"applied": 1}
        assert pulled().outcomes == {}
        assert replica() == provider(fake_registry, "P-0", "P-1", "P-2")

    def test_a_load_of_several_pages_moves_on_page_by_page(
        self, app: Flask, fake_registry: FakeRegistry
    ) -> None:
        for number in range(620):
            fake_registry.put(f"P-{number:04}")
        heard: list[int] = []
        done = pulled(told=lambda so_far: heard.append(so_far.records))
        assert (done.records, heard[0] < heard[-1]) == (620, True)
        assert len(replica()) == 620

    def test_what_a_snapshot_lacks_is_not_dropped_and_is_told(
        self, app: Flask, fake_registry: FakeRegistry
    ) -> None:
        fake_registry.put("P-0")
        fake_registry.put("P-1")
        pulled()
        fake_registry.tombstone("P-1")
        with atomic() as session:
            pulling.want(session, now=kernel_clock.now(), resync=True)
        pulled()
        assert set(replica()) == {"P-0", "P-1"}
        with reading() as session:
            told = session.scalars(select(EventRow).where(EventRow.name == "registry.snapshot_taken")).all()
        assert len(told) == 2

    def test_a_resync_that_is_asked_for_while_a_page_is_read_is_not_lost(
        self, app: Flask, fake_registry: FakeRegistry
    ) -> None:
        for number in range(620):
            fake_registry.put(f"P-{number:04}")

        def ask_once(so_far: Pulled) -> None:
            if so_far.pages == 1:
                source = sources.current()
                assert source is not None
                read = source.read_snapshot

                def read_and_be_asked(**options: Any) -> Any:
                    page = read(**options)
                    with atomic() as session:
                        pulling.want(session, now=kernel_clock.now(), resync=True)
                    source.read_snapshot = read  # type: ignore[method-assign]
                    return page

                source.read_snapshot = read_and_be_asked  # type: ignore[method-assign]

        done = pulled(told=ask_once)
        # The second page belongs to a snapshot from before the request: a new one follows it.
        assert (done.error, done.records) == (None, 620 + 620)
        assert feed().resync_wanted is False
        assert len(replica()) == 620

    def test_the_names_of_codes_come_along(self, app: Flask, fake_registry: FakeRegistry) -> None:
        fake_registry.put("P-0")
        pulled()
        with reading() as session:
            assert {row.name for row in session.scalars(select(HeldDictionary))} == {
                "types",
                "levels",
                "districts",
            }
        while events.drain():
            pass
        assert dictionary.version() != "2026.1"

    def test_names_that_come_along_are_known_to_the_records_of_the_same_pull(
        self, app: Flask, fake_registry: FakeRegistry
    ) -> None:
        fake_registry.state.change_dictionary("types", [{"code": "harbour", "name": "港口"}])
        fake_registry.put("P-0", lifecycle="titled", type_code="harbour")
        pulled()
        with reading() as session:
            assert session.scalars(select(UnknownCode)).all() == []
            assert found_by(session, "港口") == ["P-0"]

    def test_names_that_come_after_the_records_are_found_and_end_the_alarm(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        fake_registry.put("P-0", lifecycle="titled", type_code="harbour")
        pulled()
        with reading() as session:
            assert [row.code for row in session.scalars(select(UnknownCode))] == ["harbour"]
            assert found_by(session, "港口") == []
        # Nobody rings: that a code has no name is reason enough to look for one.
        fake_registry.state.dictionaries["types"] |= {
            "dictionary_version": "9",
            "items": [{"code": "harbour", "name": "港口"}],
        }
        clock.advance(minutes=2)
        pull_due()
        while events.drain():
            pass
        with reading() as session:
            assert session.scalars(select(UnknownCode)).all() == []
            assert found_by(session, "港口") == ["P-0"]

    def test_names_are_read_again_now_and_then_though_nobody_rings(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        pulled()
        fake_registry.state.dictionaries["levels"] |= {
            "dictionary_version": "9",
            "items": [{"code": "low_carbon", "name": "低碳级"}],
        }
        clock.advance(minutes=14)
        pull_due()
        assert dictionary.shown_name(dictionary.LEVELS, "low_carbon") == "低碳"
        clock.advance(minutes=2)
        pull_due()
        assert dictionary.shown_name(dictionary.LEVELS, "low_carbon") == "低碳级"

    def test_a_server_process_looks_for_the_names_by_itself(
        self, app: Flask, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pulled()
        dictionary.forget()
        client = app.test_client()
        assert client.get("/api/v1/dictionaries").get_json()["dictionary_version"] == "2026.1"
        monkeypatch.setattr(names, "_EVERY_S", 0.0)
        prepared.forget()
        assert client.get("/api/v1/dictionaries").get_json()["dictionary_version"] != "2026.1"

    def test_without_a_registry_nothing_happens(self, app: Flask) -> None:
        sources.use(None)
        pull_due()
        with reading() as session:
            assert session.get(Feed, THE_FEED) is None


class TestFaults:
    def test_an_expired_cursor_is_a_new_snapshot(self, app: Flask, fake_registry: FakeRegistry) -> None:
        fake_registry.put("P-0")
        pulled()
        fake_registry.fault("/registry/v1/projects/changes", "cursor_expired")
        fake_registry.put("P-0", name="新名（示例）")
        done = pulled()
        assert (done.error, done.outcomes) == (None, {"applied": 1})

    def test_a_new_epoch_is_a_full_resync(self, app: Flask, fake_registry: FakeRegistry) -> None:
        fake_registry.put("P-0")
        pulled()
        before = feed().feed_epoch
        fake_registry.fault("/registry/v1/projects/changes", "epoch_reset")
        fake_registry.put("P-1")
        pulled()
        pulled()
        assert feed().feed_epoch != before
        assert replica() == provider(fake_registry, "P-0", "P-1")

    def test_what_ended_while_changes_were_passed_over_ends_here_at_once(
        self, app: Flask, fake_registry: FakeRegistry
    ) -> None:
        fake_registry.put("P-0", lifecycle="titled")
        fake_registry.put("P-1", lifecycle="titled")
        pulled()
        reconcile_due()  # this night's
        fake_registry.tombstone("P-1")
        fake_registry.state.feed.begin_epoch("restored")
        pulled()
        reconcile_due()
        assert replica() == provider(fake_registry, "P-0", "P-1")
        with reading() as session:
            gone = session.scalars(select(Site.lifecycle).where(Site.project_id == "P-1")).one()
            reports = session.scalars(select(ReconciliationReport)).all()
        assert gone is Lifecycle.REMOVED
        reconcile_due()
        with reading() as session:
            assert len(session.scalars(select(ReconciliationReport)).all()) == len(reports) == 2

    def test_a_failing_registry_is_left_alone_longer_and_longer(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        fake_registry.put("P-0")
        fake_registry.fault("*", "500", times=None)
        waits = []
        for _ in range(6):
            assert pulled().error is not None
            waits.append((feed().next_attempt_at - clock.now).total_seconds())
        assert 1 <= waits[0] <= 2
        assert waits == sorted(waits)[: len(waits)] or waits[4] > 200
        assert waits[5] <= 300
        before = len(waits)
        pull_due()
        assert (feed().failures, before) == (6, 6)

    def test_a_registry_is_left_alone_for_as_long_as_it_asks(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        fake_registry.put("P-0")
        fake_registry.fault("/registry/v1/projects", "503", times=None, seconds=1200)
        assert pulled().error is not None
        assert feed().next_attempt_at >= clock.now + timedelta(seconds=1200)
        fake_registry.state.faults.clear()
        clock.advance(minutes=19)
        pull_due()
        assert replica() == {}
        clock.advance(minutes=2)
        pull_due()
        assert replica() == provider(fake_registry, "P-0")

    def test_a_doorbell_does_not_hurry_a_failing_registry(
        self, app: Flask, fake_registry: FakeRegistry
    ) -> None:
        fake_registry.fault("*", "500", times=None)
        pulled()
        before = feed().next_attempt_at
        with atomic() as session:
            pulling.want(session, now=kernel_clock.now())
        assert feed().next_attempt_at == before

    @pytest.mark.parametrize("fault", ["html", "empty", "truncated", "reset", "503", "401"])
    def test_a_page_that_does_not_come_whole_is_read_again(
        self, app: Flask, fake_registry: FakeRegistry, fault: str
    ) -> None:
        fake_registry.put("P-0")
        fake_registry.fault("/registry/v1/projects", fault)
        pulled()
        pulled()
        assert replica() == provider(fake_registry, "P-0")

    def test_a_clock_ahead_of_ours_makes_nothing_younger(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        fake_registry.put("P-0")
        fake_registry.fault("*", "clock_skew", times=None, seconds=7200)
        pulled()
        assert feed().as_of <= clock.now  # type: ignore[operator]

    @pytest.mark.parametrize(
        "fault", ["drop", "duplicate", "reorder", "stale", "conflict", "schema_invalid", "bad_digest"]
    )
    def test_whatever_happens_to_a_page_we_end_where_the_registry_is(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock, fault: str
    ) -> None:
        ids = [f"P-{number}" for number in range(4)]
        for project_id in ids:
            fake_registry.put(project_id, lifecycle="titled")
        pulled()
        fake_registry.fault("/registry/v1/projects/changes", fault, times=2)
        for round_ in range(3):
            for project_id in ids:
                fake_registry.put(project_id, name=f"第{round_}轮")
            clock.advance(minutes=2)
            pull_due()
        with atomic() as session:
            pulling.want(session, now=kernel_clock.now(), resync=True)
        settled(fake_registry, clock, *ids, rounds=2)
        with reading() as session:
            left = session.scalars(select(DeadLetter).where(DeadLetter.state == DeadLetterState.OPEN)).all()
            frozen = session.scalars(select(HeldProject).where(HeldProject.frozen_at.is_not(None))).all()
        assert (list(left), list(frozen)) == ([], [])

    def test_one_bad_record_holds_nothing_else_up(self, app: Flask, fake_registry: FakeRegistry) -> None:
        fake_registry.put("P-0")
        pulled()
        for number in range(3):
            fake_registry.put(f"P-{number}", name="新名（示例）")
        fake_registry.fault("/registry/v1/projects/changes", "schema_invalid", project_id="P-1")
        done = pulled()
        assert (done.error, done.outcomes["applied"], done.outcomes["dead"]) == (None, 2, 1)
        assert pulled().records == 0


class TestOnePuller:
    def test_a_second_one_lets_the_first_go_on(self, app: Flask, fake_registry: FakeRegistry) -> None:
        with atomic() as session:
            assert pulling.claim(session, lease="another", now=kernel_clock.now(), due_only=False)
        assert pulled().busy

    def test_one_that_died_is_waited_for_no_longer_than_its_lease(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        fake_registry.put("P-0")
        with atomic() as session:
            pulling.claim(session, lease="dead", now=kernel_clock.now(), due_only=False)
        clock.advance(seconds=pulling.LEASE.total_seconds() + 1)
        assert pulled().outcomes == {"applied": 1}

    def test_one_whose_lease_was_taken_keeps_nothing_of_its_page(
        self, app: Flask, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake_registry.put("P-0")
        read = jobs_pulling.read_record

        def stolen_meanwhile(raw: Any) -> Any:
            with atomic() as session:
                session.get_one(Feed, THE_FEED).lease = "thief"
            return read(raw)

        monkeypatch.setattr(jobs_pulling, "read_record", stolen_meanwhile)
        assert pulled().busy
        assert replica() == {}

    def test_a_ring_during_a_pull_is_answered_by_it(
        self, app: Flask, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake_registry.put("P-0")
        finish, rung = pulling.finish, []

        def rung_before_the_end(*args: Any, **options: Any) -> bool:
            if not rung:
                rung.append(True)
                fake_registry.put("P-1")
                pulling.want(args[0], now=kernel_clock.now())
            return finish(*args, **options)

        monkeypatch.setattr(pulling, "finish", rung_before_the_end)
        assert pulled().outcomes == {"applied": 2}


class TestFreshness:
    @pytest.mark.parametrize(
        ("age", "state"),
        [
            (timedelta(minutes=59), Freshness.FRESH),
            (timedelta(hours=1, seconds=1), Freshness.DEGRADED),
            (timedelta(hours=25), Freshness.ALARMING),
            (timedelta(days=7), Freshness.ALARMING),
            (timedelta(days=7, seconds=1), Freshness.SILENT),
        ],
    )
    def test_its_bounds(self, clock: Clock, age: timedelta, state: Freshness) -> None:
        assert freshness(Ages(clock.now - age, clock.now - age), clock.now) is state
        assert freshness(Ages(None, clock.now - age), clock.now) is state

    def test_waits_grow_from_a_second_to_five_minutes(self) -> None:
        waits = [wait_after(failures, 0.0).total_seconds() for failures in range(1, 8)]
        assert waits == [1, 4, 16, 64, 270, 270, 270]

    def test_no_new_slots_on_a_copy_that_is_a_week_old_and_nothing_closes(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        fake_registry.put("P-0")
        pulled()
        port = freshness_port.current()
        clock.advance(days=6, hours=23)
        with reading() as session:
            assert port.promises_more(session, now=clock.now)
        clock.advance(hours=2)
        with reading() as session:
            assert not port.promises_more(session, now=clock.now)
            assert session.scalars(select(Site)).one().registry_synced_at is not None

    @pytest.mark.parametrize(("hours", "level"), [(0, None), (2, "warning"), (25, "error")])
    def test_the_older_the_data_the_louder_it_is_said(
        self,
        app: Flask,
        fake_registry: FakeRegistry,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
        hours: int,
        level: str | None,
    ) -> None:
        pulled()
        clock.advance(hours=hours)
        said: list[str] = []
        log = SimpleNamespace(
            warning=lambda event, **_: said.append("warning"), error=lambda event, **_: said.append("error")
        )
        monkeypatch.setattr(jobs_pulling, "log", log)
        jobs_pulling.alarm_about_age()
        assert said == ([] if level is None else [level])

    def test_whoever_comes_while_the_registry_is_silent_finds_a_product_at_work(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        pulled()
        heard_at = clock.now
        with atomic() as session:
            site = make_site(session)
            make_opening_rule(session, site.id)
            slot = make_slot(session, site.id, starts_at=clock.now + timedelta(days=10))
        fake_registry.fault("*", "500", times=None)
        clock.advance(days=8)
        pull_due()
        make_slots()
        visitor = Visitor(app)
        page = visitor.get(f"/api/v1/sites/{site.id}")
        assert (page.status_code, parse_instant(page.get_json()["registry_as_of"])) == (200, heard_at)
        assert [one["id"] for one in visitor.get("/api/v1/sites").get_json()["items"]] == [str(site.id)]
        assert visitor.book(slot.id).status_code == 201
        with reading() as session:
            assert [row.state for row in session.scalars(select(Slot))] == [SlotState.OPEN]

    def test_slots_are_made_again_once_the_registry_speaks(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        pulled()
        clock.advance(days=8)
        with atomic() as session:
            make_opening_rule(session, make_site(session).id)
        make_slots()
        with reading() as session:
            assert session.scalars(select(Slot)).all() == []
        pulled()
        make_slots()
        with reading() as session:
            assert session.scalars(select(Slot)).all() != []

    def test_a_stale_copy_is_degraded_and_not_unready(
        self, app: Flask, fake_registry: FakeRegistry, clock: Clock
    ) -> None:
        fake_registry.put("P-0")
        pulled()
        client = app.test_client()
        assert client.get("/readyz").json["degraded"] == []
        while events.drain():
            pass
        clock.advance(hours=2)
        app.extensions["health"].checked_at = float("-inf")
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json["degraded"]) == (200, ["registry"])


def test_the_commands_pull_resync_and_tell(app: Flask, fake_registry: FakeRegistry) -> None:
    fake_registry.put("P-0")
    run = app.test_cli_runner().invoke
    assert "1 applied" in run(args=["registry", "pull"]).output
    assert "1 duplicate" in run(args=["registry", "resync", "--reason", "演练"]).output
    told = run(args=["registry", "status"]).output
    assert "fresh" in told
    assert "dead letters 0" in told


def test_a_new_installation_without_a_registry_is_never_stale(app: Flask, settings: Settings) -> None:
    assert settings.registry.transport == "off"
    with reading() as session:
        assert freshness_port.current().promises_more(session, now=kernel_clock.now())
