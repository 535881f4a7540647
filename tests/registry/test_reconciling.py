"""Comparing with the registry: every class is made to occur, mended where it can be, reported where not."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select, update

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import Actor, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry import jobs_reconciling as jobs
from miniprogram_api.registry import sources
from miniprogram_api.registry.models.dead_letters import DeadLetter
from miniprogram_api.registry.models.projects import HeldProject
from miniprogram_api.registry.models.reconciliation import Difference, Kind, ReconciliationReport
from miniprogram_api.registry.rules.reconciliation import Stand, compare, night_of, read_stand
from miniprogram_api.registry.service import dead_letter_desk as desk
from miniprogram_api.registry.service.reconciling import Result
from miniprogram_api.registry.service.taking_over import Outcome
from miniprogram_api.registry.sources import SourceUnavailable
from miniprogram_api.sites.models import Lifecycle, Site
from tests.conftest import Clock
from tests.factories import partners
from tests.factories.registry import change, taken
from tests.factories.staff import signed_in
from tests.factories.visits import make_booking, make_slot
from tests.support.clients import BearerClient
from tests.support.leaks import Watcher
from tests.support.registry_source import MemorySource

API = "/api/registry/v1/reconciliation"
DESK = "/api/staff/v1/registry/reports"


@pytest.fixture
def registry(app: Flask, clock: Clock) -> MemorySource:
    source = MemorySource()
    sources.use(source)
    return source


@pytest.fixture
def agree(registry: MemorySource, clock: Clock) -> Callable[..., dict[str, Any]]:
    """Have both sides know a project, the same one."""

    def both(project_id: str = "P-1", version: int = 1, **changes: Any) -> dict[str, Any]:
        record = change(project_id, version, **changes)
        registry.records[project_id] = record
        with atomic() as session:
            taken(session, record, now=clock.now)
        return record

    return both


def run(registry: MemorySource) -> Result:
    report_id = jobs.begin()
    assert report_id is not None
    return jobs.compare(registry, report_id)


def differences() -> list[Difference]:
    with reading() as session:
        last = select(ReconciliationReport.id).order_by(ReconciliationReport.started_at.desc()).limit(1)
        return list(session.scalars(select(Difference).where(Difference.report_id.in_(last))))


def only_difference() -> Difference:
    (found,) = differences()
    return found


def held(project_id: str = "P-1") -> HeldProject | None:
    with reading() as session:
        return session.get(HeldProject, project_id)


def counts_of(result: Result) -> dict[str, int]:
    return {kind.value: count for kind, count in result.counts.items() if count}


Agree = Callable[..., dict[str, Any]]


class TestClasses:
    def test_two_sides_that_agree_match(self, registry: MemorySource, agree: Agree) -> None:
        for number in range(5):
            agree(f"P-{number}")
        result = run(registry)
        assert counts_of(result) == {"match": 5}
        assert result.unrepaired == 0
        assert differences() == []

    def test_a_version_that_we_missed_is_behind_and_mended(
        self, registry: MemorySource, agree: Agree
    ) -> None:
        agree()
        registry.records["P-1"] = change("P-1", 2, name="新名称")
        result = run(registry)
        assert (counts_of(result), result.repaired) == ({"behind": 1}, 1)
        found = only_difference()
        assert (found.kind, found.repaired, found.outcome) == (Kind.BEHIND, True, "applied")
        assert (found.held_version, found.their_version) == (1, 2)
        project = held()
        assert project is not None
        assert (project.version, project.name) == (2, "新名称")

    def test_a_project_that_we_never_got_is_missing_and_mended(self, registry: MemorySource) -> None:
        registry.records["P-1"] = change("P-1")
        result = run(registry)
        assert (counts_of(result), result.repaired) == ({"missing_here": 1}, 1)
        assert held() is not None

    def test_a_version_of_ours_that_the_registry_lost_is_ahead_and_left(
        self, registry: MemorySource, agree: Agree
    ) -> None:
        agree(version=5)
        registry.records["P-1"] = change("P-1", 3)
        result = run(registry)
        assert (counts_of(result), result.unrepaired) == ({"ahead": 1}, 1)
        assert (only_difference().repaired, only_difference().outcome) == (False, "stale")
        project = held()
        assert project is not None
        assert project.version == 5

    def test_what_was_pulled_while_the_snapshot_was_read_is_ahead_and_explained(
        self, registry: MemorySource, agree: Agree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        agree(version=2)
        snapshot = {"P-1": change("P-1", 1)}
        monkeypatch.setattr(registry, "records", snapshot)
        now = {"P-1": change("P-1", 2)}
        read = registry.get_project
        monkeypatch.setattr(
            registry, "get_project", lambda key: monkeypatch.setattr(registry, "records", now) or read(key)
        )
        result = run(registry)
        assert (counts_of(result), result.unrepaired) == ({"ahead": 1}, 0)
        assert only_difference().outcome == "duplicate"

    def test_other_data_under_one_version_is_a_mismatch_and_left_to_people(
        self, registry: MemorySource, agree: Agree
    ) -> None:
        agree()
        registry.records["P-1"] = change("P-1", 1, name="别的名称")
        result = run(registry)
        assert (counts_of(result), result.unrepaired) == ({"digest_mismatch": 1}, 1)
        assert only_difference().outcome == "dead"
        with reading() as session:
            (letter,) = session.scalars(select(DeadLetter)).all()
        assert letter.kind.value == "conflict"

    def test_a_project_that_the_registry_does_not_know_is_reported_and_kept(
        self, registry: MemorySource, agree: Agree
    ) -> None:
        agree()
        registry.records.clear()
        result = run(registry)
        assert (counts_of(result), result.unrepaired) == ({"unknown_there": 1}, 1)
        assert only_difference().outcome == "not_known_there"
        assert held() is not None

    def test_a_tombstone_is_known_to_both_when_only_we_remember_it(
        self, registry: MemorySource, agree: Agree
    ) -> None:
        agree()
        agree(version=2, op="tombstone")
        registry.records.clear()
        assert counts_of(run(registry)) == {"match": 1}

    def test_a_site_that_stands_otherwise_than_its_record_is_illegal(
        self, registry: MemorySource, agree: Agree
    ) -> None:
        agree()
        with atomic() as session:
            session.execute(update(Site).values(lifecycle=Lifecycle.CONFIRMED))
        result = run(registry)
        assert counts_of(result) == {"match": 1, "lifecycle_illegal": 1}
        assert (only_difference().repaired, only_difference().outcome) == (False, "not_repairable")

    def test_visits_at_a_withdrawn_site_are_found_from_its_last_day_on(
        self, registry: MemorySource, agree: Agree, clock: Clock
    ) -> None:
        tomorrow = clock.now + timedelta(days=1)
        agree()
        with atomic() as session:
            site = session.scalars(select(Site)).one()
            slot = make_slot(session, site.id, starts_at=tomorrow)
            make_booking(session, slot)
        assert counts_of(run(registry)) == {"match": 1}
        late = {
            "effective_at": (tomorrow + timedelta(days=1)).isoformat(),
            "reason_code": None,
            "doc_no": None,
        }
        agree(version=2, lifecycle="withdrawn", withdrawal=late)
        assert counts_of(run(registry)) == {"match": 1}
        early = late | {"effective_at": clock.now.isoformat()}
        agree(version=3, lifecycle="withdrawn", withdrawal=early)
        result = run(registry)
        assert counts_of(result) == {"match": 1, "bookings_on_closed": 1}
        assert result.unrepaired == 1

    def test_each_class_has_its_row_in_the_rule(self) -> None:
        one, two = Stand(1, "a"), Stand(2, "b")
        assert compare(one, one) is Kind.MATCH
        assert compare(one, two) is Kind.BEHIND
        assert compare(two, one) is Kind.AHEAD
        assert compare(one, Stand(1, "b")) is Kind.DIGEST_MISMATCH
        assert compare(None, one) is Kind.MISSING_HERE
        assert compare(one, None) is Kind.UNKNOWN_THERE
        assert compare(Stand(1, "a", removed=True), None) is Kind.MATCH

    @pytest.mark.parametrize(
        "line",
        [None, [], "P-1", {}, {"project_id": "P-1", "version": 1},
         {"project_id": "", "version": 1, "digest": "a" * 64},
         {"project_id": "P-1", "version": True, "digest": "a" * 64},
         {"project_id": "P-1", "version": 2**60, "digest": "a" * 64},
         {"project_id": "P-1", "version": 1, "digest": "A" * 64},
         {"project_id": "P\0", "version": 1, "digest": "a" * 64}],
        ids=range(10),
    )  # fmt: skip
    def test_a_line_that_cannot_be_one_is_none(self, line: Any) -> None:
        assert read_stand(line) is None


class TestReporting:
    def test_a_difference_keeps_the_day_it_was_first_seen_and_alarms_after_one(
        self, registry: MemorySource, agree: Agree, clock: Clock, watcher: Watcher
    ) -> None:
        agree(version=5)
        registry.records["P-1"] = change("P-1", 3)
        first = clock.now
        run(registry)
        clock.advance(hours=23)
        run(registry)
        assert only_difference().since == first
        assert not any("difference_unexplained" in line for line in watcher.lines)
        clock.advance(hours=2)
        run(registry)
        assert only_difference().since == first
        assert any("difference_unexplained" in line and "P-1" in line for line in watcher.lines)

    def test_one_that_went_away_begins_anew(self, registry: MemorySource, agree: Agree, clock: Clock) -> None:
        agree(version=5)
        registry.records["P-1"] = change("P-1", 3)
        run(registry)
        right, registry.records["P-1"] = registry.records["P-1"], change("P-1", 5)
        clock.advance(hours=1)
        run(registry)
        registry.records["P-1"] = right
        clock.advance(hours=1)
        run(registry)
        assert only_difference().since == clock.now

    def test_a_registry_that_is_away_leaves_a_report_that_says_so(
        self, registry: MemorySource, agree: Agree
    ) -> None:
        agree()
        registry.failures = [SourceUnavailable("timeout")]
        result = run(registry)
        assert result.failure == "timeout"
        with reading() as session:
            report = session.scalars(select(ReconciliationReport)).one()
        assert (report.failure, report.finished_at is not None) == ("timeout", True)

    def test_a_registry_that_goes_away_halfway_leaves_the_rest_unmended_and_reported(
        self, registry: MemorySource
    ) -> None:
        registry.records = {f"P-{number}": change(f"P-{number}") for number in range(3)}
        registry.page_size = 10
        registry.failures = []
        calls = iter([None, SourceUnavailable("timeout")])
        get = registry.get_project

        def failing(project_id: str) -> Any:
            failure = next(calls, AssertionError("asked again"))
            if failure is not None:
                raise failure
            return get(project_id)

        registry.get_project = failing  # type: ignore[method-assign,assignment]
        result = run(registry)
        assert (result.repaired, result.unrepaired) == (1, 2)
        assert sorted(row.outcome for row in differences()) == ["applied", "not_tried", "unavailable"]

    def test_there_is_an_end_to_single_requests(
        self, registry: MemorySource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs, "MOST_REPAIRS", 2)
        registry.records = {f"P-{number}": change(f"P-{number}") for number in range(4)}
        result = run(registry)
        assert (result.repaired, result.unrepaired) == (2, 2)

    def test_a_snapshot_of_several_pages_is_read_whole(self, registry: MemorySource, agree: Agree) -> None:
        for number in range(5):
            agree(f"P-{number}")
        assert counts_of(run(registry)) == {"match": 5}
        assert registry.calls.count("read_snapshot") == 3

    def test_a_lie_about_one_project_does_not_mend_another(
        self, registry: MemorySource, agree: Agree
    ) -> None:
        agree("P-1")
        registry.records["P-2"] = change("P-2")
        monkey = change("P-3")
        registry.get_project = lambda *_, **__: sources.Versioned("e", monkey)  # type: ignore[method-assign,assignment]
        result = run(registry)
        assert (result.repaired, result.unrepaired) == (0, 1)


class TestNights:
    @pytest.mark.parametrize(("hour", "due"), [(0, False), (2, False), (3, True), (23, True)])
    def test_a_night_is_due_from_three_in_beijing(self, clock: Clock, hour: int, due: bool) -> None:
        at = clock.now.replace(hour=0) - timedelta(hours=8) + timedelta(hours=hour)
        assert (night_of(at) is not None) == due

    def test_a_night_is_compared_once(self, registry: MemorySource, agree: Agree, clock: Clock) -> None:
        agree()
        jobs.reconcile_due()
        clock.advance(hours=1)
        jobs.reconcile_due()
        clock.advance(days=1)
        jobs.reconcile_due()
        with reading() as session:
            nights = session.scalars(
                select(ReconciliationReport.night).order_by(ReconciliationReport.night)
            ).all()
        assert [str(night) for night in nights] == ["2026-11-23", "2026-11-24"]

    def test_a_night_that_failed_is_compared_again(
        self, registry: MemorySource, agree: Agree, clock: Clock
    ) -> None:
        agree()
        registry.failures = [SourceUnavailable("timeout")]
        jobs.reconcile_due()
        jobs.reconcile_due()
        assert registry.calls == ["read_snapshot"]
        clock.advance(minutes=31)
        jobs.reconcile_due()
        with reading() as session:
            report = session.scalars(select(ReconciliationReport)).one()
        assert (report.failure, report.counts["match"]) == (None, 1)

    def test_a_night_whose_worker_died_is_compared_again(self, registry: MemorySource, clock: Clock) -> None:
        night = night_of(clock.now)
        assert jobs.begin(night) is not None
        assert jobs.begin(night) is None
        clock.advance(hours=6, minutes=1)
        assert jobs.begin(night) is not None

    def test_what_a_discarded_letter_kept_out_is_fetched(
        self, registry: MemorySource, agree: Agree, clock: Clock
    ) -> None:
        agree(version=1)
        registry.records["P-1"] = change("P-1", 2, name="新名（示例）")
        jobs.reconcile_due()  # this night's
        with atomic() as session:
            taken(session, change("P-1", 900, name=""), now=clock.now)
            assert taken(session, change("P-1", 3, name="再改（示例）"), now=clock.now) is Outcome.FROZEN
            letter = session.scalars(select(DeadLetter)).one()
            desk.ask_discard(session, letter.id, reason="演练", actor=Actor(kind="staff", id="one"))
            desk.confirm_discard(session, letter.id, actor=Actor(kind="staff", id="other"), now=clock.now)
        registry.records["P-1"] = change("P-1", 3, name="再改（示例）")
        while events.drain():
            pass
        jobs.reconcile_due()
        project = held()
        assert project is not None
        assert (project.version, project.frozen_at) == (3, None)

    def test_without_a_registry_nothing_is_compared(self, app: Flask, clock: Clock) -> None:
        sources.use(None)
        jobs.reconcile_due()
        with reading() as session:
            assert session.scalars(select(ReconciliationReport)).all() == []

    def test_reports_are_kept_for_three_years(
        self, registry: MemorySource, agree: Agree, clock: Clock
    ) -> None:
        agree(version=5)
        registry.records["P-1"] = change("P-1", 3)
        run(registry)
        clock.advance(days=3 * 365)
        jobs.purge_reports()
        assert len(differences()) == 1
        clock.advance(days=4)
        jobs.purge_reports()
        with reading() as session:
            assert session.scalars(select(ReconciliationReport)).all() == []
            assert session.scalars(select(Difference)).all() == []

    def test_a_comparison_is_in_the_trail(self, registry: MemorySource, agree: Agree) -> None:
        agree()
        run(registry)
        with reading() as session:
            row = session.scalars(select(AuditRow).where(AuditRow.action == "registry.reconcile")).one()
        assert row.after is not None
        assert row.after["counts"]["match"] == 1


@pytest.fixture
def partner(app: Flask, clock: Clock) -> BearerClient:
    with atomic() as session:
        return BearerClient(app, partners.sign_in(session).token)


@pytest.fixture
def admin(app: Flask, clock: Clock) -> BearerClient:
    return BearerClient(app, signed_in(Role.ADMIN))


@pytest.fixture
def report(registry: MemorySource, agree: Agree) -> UUID:
    """A report with one match and one difference that is left."""
    agree("P-1")
    agree("P-2", version=5)
    registry.records["P-2"] = change("P-2", 3)
    run(registry)
    with reading() as session:
        return session.scalars(select(ReconciliationReport.id)).one()


class TestForPartners:
    def test_what_we_hold_is_listed_page_by_page(self, agree: Agree, partner: BearerClient) -> None:
        records = [agree(f"P-{number}", version=number + 1) for number in range(3)]
        agree("P-9")
        agree("P-9", version=2, op="tombstone")
        first = partner.get(f"{API}/digests?view=held&limit=2").get_json()
        rest = partner.get(f"{API}/digests?view=held&limit=2&cursor={first['next_cursor']}").get_json()
        assert first["items"] + rest["items"] == [
            {name: record[name] for name in ("project_id", "version", "digest")} for record in records
        ]
        assert rest["next_cursor"] is None
        assert partner.get(f"{API}/digests?view=full").status_code == 422

    def test_a_days_report_is_read_by_its_date(self, report: UUID, partner: BearerClient) -> None:
        shown = partner.get(f"{API}/reports/2026-11-23").get_json()
        assert shown["id"] == str(report)
        assert (shown["counts"]["match"], shown["counts"]["ahead"]) == (1, 1)
        assert [row["project_id"] for row in shown["items"]] == ["P-2"]

    @pytest.mark.parametrize("day", ["2026-11-22", "2026-13-01", "yesterday", "9999-12-31", "0001-01-01"])
    def test_a_day_without_one_has_none(self, report: UUID, partner: BearerClient, day: str) -> None:
        assert partner.get(f"{API}/reports/{day}").status_code == 404

    def test_a_report_that_failed_is_none(self, registry: MemorySource, partner: BearerClient) -> None:
        registry.failures = [SourceUnavailable("timeout")]
        run(registry)
        assert partner.get(f"{API}/reports/2026-11-23").status_code == 404

    def test_the_registry_accepts_or_objects(self, report: UUID, partner: BearerClient) -> None:
        accepted = partner.post(f"{API}/acks", json={"report_id": str(report), "accepted": True})
        assert accepted.status_code == 201
        objection = {
            "report_id": str(report),
            "accepted": False,
            "comment": "P-2 应为 5",
            "project_ids": ["P-2"],
        }
        answer = partner.post(f"{API}/acks", json=objection)
        assert (answer.status_code, answer.get_json()["project_ids"]) == (201, ["P-2"])
        again = partner.post(f"{API}/acks", json=objection)
        assert (again.status_code, again.get_json()) == (201, answer.get_json())
        later = partner.post(f"{API}/acks", json={"report_id": str(report), "accepted": True})
        assert later.get_json()["id"] != accepted.get_json()["id"]

    @pytest.mark.parametrize(
        ("change", "status"),
        [({"comment": None}, 422), ({"report_id": str(new_id())}, 404), ({"report_id": "x"}, 404),
         ({"accepted": "no"}, 422), ({"project_ids": ["x" * 41]}, 422)],
        ids=["silent", "unknown", "odd", "word", "long"],
    )  # fmt: skip
    def test_an_objection_says_to_what(
        self, report: UUID, partner: BearerClient, change: dict[str, Any], status: int
    ) -> None:
        body = {"report_id": str(report), "accepted": False, "comment": "x"} | change
        assert partner.post(f"{API}/acks", json=body).status_code == status

    def test_scopes_are_needed(self, app: Flask, report: UUID) -> None:
        with atomic() as session:
            token = partners.sign_in(session, scopes=["engagement.read"]).token
        stranger = BearerClient(app, token)
        assert stranger.get(f"{API}/digests").status_code == 403
        assert stranger.get(f"{API}/reports/2026-11-23").status_code == 403
        assert stranger.post(f"{API}/acks", json={}).status_code == 403


class TestForStaff:
    def test_reports_and_their_differences_are_read(self, report: UUID, admin: BearerClient) -> None:
        (listed,) = admin.get(DESK).get_json()["items"]
        assert (listed["id"], listed["repaired"]) == (str(report), 0)
        shown = admin.get(f"{DESK}/{report}").get_json()
        assert [(row["kind"], row["outcome"]) for row in shown["items"]] == [("ahead", "stale")]
        assert admin.get(f"{DESK}/{new_id()}").status_code == 404

    def test_the_workbook_says_the_same_and_holds_no_formula(self, report: UUID, admin: BearerClient) -> None:
        evil = '=HYPERLINK("http://evil.example","x")'
        with atomic() as session:
            session.execute(update(Difference).values(project_id=evil, outcome="+1+1"))
        answer = admin.get(f"{DESK}/{report}.xlsx")
        assert answer.status_code == 200
        assert "registry-20261123" in answer.headers["Content-Disposition"]
        book = load_workbook(BytesIO(answer.data))
        (_, row) = list(book["差异"].iter_rows())
        assert (row[0].value, row[1].value, row[7].value) == ("本地超前", evil, "+1+1")
        assert {cell.data_type for cell in row} <= {"s", "n"}
        summary = {row[0].value: row[1].value for row in book["汇总"].iter_rows()}
        assert (summary["一致"], summary["本地超前"]) == (1, 1)
        assert admin.get(f"{DESK}/{new_id()}.xlsx").status_code == 404

    def test_only_administrators_read_them(self, app: Flask, report: UUID) -> None:
        reviewer = BearerClient(app, signed_in(Role.REVIEWER))
        for address in (DESK, f"{DESK}/{report}", f"{DESK}/{report}.xlsx"):
            assert reviewer.get(address).status_code == 403


class TestCommand:
    def test_it_tells_what_it_found_and_fails_while_a_difference_is_left(
        self, app: Flask, registry: MemorySource, agree: Agree
    ) -> None:
        agree(version=5)
        registry.records["P-2"] = change("P-2")
        done = app.test_cli_runner().invoke(args=["registry", "reconcile"])
        assert done.exit_code == 0, done.output
        assert "1 mended, 0 left" in done.output
        registry.records["P-1"] = change("P-1", 3)
        left = app.test_cli_runner().invoke(args=["registry", "reconcile"])
        assert left.exit_code == 1
        assert "0 mended, 1 left" in left.output

    def test_without_a_registry_it_says_so(self, app: Flask) -> None:
        sources.use(None)
        done = app.test_cli_runner().invoke(args=["registry", "reconcile"])
        assert done.exit_code == 1
        assert "There is no registry" in done.output
