"""Taking records over: by version, whole or as dead letters, and what follows from each."""

import random
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import Organisation
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.registry.models import (
    DeadLetter,
    DeadLetterClass,
    DeadLetterState,
    HeldProject,
    ProjectState,
    UnknownCode,
    WithdrawalCase,
)
from miniprogram_api.registry.rules.records import read_record
from miniprogram_api.registry.service import taking_over
from miniprogram_api.registry.service.taking_over import Outcome, take_over_all
from miniprogram_api.sites.events import RecordTakenBack
from miniprogram_api.sites.models import Lifecycle, Overlay, Site
from tests.factories.registry import EPOCH, THEN, change, taken
from tests.factories.sites import make_organisation
from tests.support.statements import statements


@pytest.fixture
def session(app: Flask) -> Generator[Session]:
    with atomic() as session:
        yield session


def held(session: Session, project_id: str = "P-001") -> HeldProject:
    return session.get_one(HeldProject, project_id, populate_existing=True)


def site(session: Session, project_id: str = "P-001") -> Site:
    wanted = select(Site).where(Site.project_id == project_id).execution_options(populate_existing=True)
    return session.scalars(wanted).one()


def letters(session: Session) -> list[DeadLetter]:
    wanted = select(DeadLetter).order_by(DeadLetter.id).execution_options(populate_existing=True)
    return list(session.scalars(wanted))


def page(session: Session, *records: Any) -> list[Outcome]:
    return take_over_all(session, [read_record(raw) for raw in records], now=THEN, feed_epoch=EPOCH)


class TestApplying:
    def test_a_titled_project_becomes_a_site_with_everything_the_registry_says(
        self, session: Session
    ) -> None:
        assert taken(session, change()) is Outcome.APPLIED
        made = site(session)
        assert (made.lifecycle, made.education_base, made.overlay) == (Lifecycle.TITLED, True, Overlay.NONE)
        assert (made.source_crs, made.source_lng) == ("wgs84", 125.3245)
        assert made.lng_gcj02 != made.source_lng
        assert (made.share_class, made.official_carbon_tonnes) == ("conditional", "1200.5")
        assert made.operator_name == "运营单位 P-001（示例）"
        kept = held(session)
        assert (kept.site_id, kept.version, kept.state) == (made.id, 1, ProjectState.LIVE)

    def test_what_we_do_not_know_is_kept_as_it_came(self, session: Session) -> None:
        taken(session, change(of_the_future={"a": [1, None]}))
        assert held(session).data["of_the_future"] == {"a": [1, None]}

    def test_a_project_without_a_place_is_held_and_is_no_site_yet(self, session: Session) -> None:
        place: dict[str, Any] = {"geometry": None, "datum": None}
        assert taken(session, change(lifecycle="under_review", **place)) is Outcome.APPLIED
        assert held(session).site_id is None
        assert session.scalars(select(Site)).all() == []
        assert [row.action for row in session.scalars(select(AuditRow))][-1] == "registry.take_over"
        assert taken(session, change(version=2)) is Outcome.APPLIED
        assert held(session).site_id == site(session).id

    def test_a_site_stays_where_it_is_when_a_later_record_names_no_place(self, session: Session) -> None:
        taken(session, change())
        place = site(session).lng_gcj02
        taken(session, change(version=2, lifecycle="withdrawn", geometry=None, datum=None))
        assert site(session).lng_gcj02 == place

    def test_the_period_of_a_notice_ends_after_its_last_day(self, session: Session) -> None:
        notice = {"from": "2026-11-20", "until": "2026-11-26", "url": None, "doc_no": "公示〔2026〕1号"}
        taken(session, change(lifecycle="public_notice", notice=notice))
        kept = held(session)
        assert (str(kept.notice_from), str(kept.notice_until)) == ("2026-11-20", "2026-11-27")

    def test_codes_that_nobody_named_are_kept_and_alarmed_once(self, session: Session) -> None:
        taken(session, change(type_code="harbour"))
        taken(session, change("P-002", type_code="harbour"))
        assert site(session).type == "harbour"
        assert [row.code for row in session.scalars(select(UnknownCode))] == ["harbour"]

    def test_a_designation_that_is_over_does_not_count(self, session: Session) -> None:
        base = {"designated": True, "since": None, "until": "2026-11-22"}
        taken(session, change(education_base=base))
        assert site(session).education_base is False


class TestOperators:
    def test_the_credit_code_tells_the_operator_whatever_its_name_is(self, session: Session) -> None:
        known = make_organisation(session, name="旧名（示例）", credit_code="91220101MA00000001")
        taken(session, change(operator={"name": "新名（示例）", "uscc": "91220101MA00000001"}))
        assert site(session).operator_id == known.id

    def test_a_name_tells_it_where_there_is_no_code(self, session: Session) -> None:
        known = make_organisation(session, name="运营单位（示例）")
        taken(session, change(operator={"name": "运营单位（示例）", "uscc": None}))
        assert site(session).operator_id == known.id

    def test_a_namesake_with_another_code_is_another_organisation(self, session: Session) -> None:
        known = make_organisation(session, name="运营单位（示例）", credit_code="91220101MA00000001")
        taken(session, change(operator={"name": "运营单位（示例）", "uscc": "91220101MA00000002"}))
        assert site(session).operator_id != known.id
        assert site(session).operator_name == "运营单位（示例）"

    def test_projects_of_one_page_share_a_new_operator(self, session: Session) -> None:
        operator = {"name": "新单位（示例）", "uscc": None}
        page(session, change("P-001", operator=operator), change("P-002", operator=operator))
        assert site(session, "P-001").operator_id == site(session, "P-002").operator_id
        assert len(session.scalars(select(Organisation)).all()) == 1

    def test_a_change_of_operator_freezes_what_the_former_one_held(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        frozen: list[Any] = []
        monkeypatch.setattr(taking_over.roles, "freeze_grants", lambda _, **told: frozen.append(told))
        taken(session, change())
        former = site(session).operator_id
        taken(session, change(version=2, name="别的"))
        assert frozen == []
        taken(session, change(version=3, operator={"name": "另一单位（示例）", "uscc": None}))
        assert [(told["site_id"], told["organisation_id"]) for told in frozen] == [(site(session).id, former)]


class TestVersions:
    def test_the_same_record_again_is_a_duplicate(self, session: Session) -> None:
        taken(session, change())
        rows = len(session.scalars(select(EventRow)).all())
        assert taken(session, change()) is Outcome.DUPLICATE
        assert len(session.scalars(select(EventRow)).all()) == rows

    def test_an_older_one_is_stale(self, session: Session) -> None:
        taken(session, change(version=3, name="新"))
        assert taken(session, change(version=2, name="旧")) is Outcome.STALE
        assert site(session).name == "新"

    def test_the_largest_version_there_is_has_room(self, session: Session) -> None:
        assert taken(session, change(version=2**53 - 1, lifecycle="withdrawn")) is Outcome.APPLIED
        assert (held(session).version, site(session).project_version) == (2**53 - 1, 2**53 - 1)

    def test_a_gap_is_no_trouble(self, session: Session) -> None:
        taken(session, change(version=1))
        assert taken(session, change(version=9, name="新")) is Outcome.APPLIED
        assert held(session).version == 9

    def test_one_version_with_two_contents_is_a_conflict_and_freezes_that_project(
        self, session: Session
    ) -> None:
        taken(session, change())
        assert page(session, change(name="别的"), change("P-002")) == [Outcome.DEAD, Outcome.APPLIED]
        (letter,) = letters(session)
        assert (letter.kind, letter.state, letter.project_id) == (
            DeadLetterClass.CONFLICT,
            DeadLetterState.OPEN,
            "P-001",
        )
        assert held(session).frozen_at == THEN
        assert held(session, "P-002").frozen_at is None
        assert site(session).name != "别的"

    def test_several_versions_in_one_page_are_taken_over_in_turn(self, session: Session) -> None:
        outcomes = page(
            session,
            change(version=1),
            change(version=2, lifecycle="withdrawn"),
            change(version=3),
        )
        assert outcomes == [Outcome.APPLIED] * 3
        assert (site(session).lifecycle, site(session).overlay) == (Lifecycle.TITLED, Overlay.PREPARING)

    def test_any_order_ends_in_the_newest_version(self, session: Session) -> None:
        records = [change(version=version, name=f"第{version}版") for version in range(1, 8)] * 2
        chance = random.Random(12)
        for number in range(20):
            chance.shuffle(records)
            own = [
                change(f"Q-{number}", record["version"], name=record["data"]["name"]) for record in records
            ]
            page(session, *own)
            assert (held(session, f"Q-{number}").version, site(session, f"Q-{number}").name) == (7, "第7版")
        assert letters(session) == []


class TestTakingBack:
    def test_a_recall_hides_at_once_and_keeps_everything(self, session: Session) -> None:
        taken(session, change())
        assert taken(session, change(version=2, op="recall", data=None)) is Outcome.RECALLED
        assert site(session).lifecycle is Lifecycle.RECALLED
        kept = held(session)
        assert (kept.state, kept.lifecycle, kept.data["project_id"]) == (
            ProjectState.RECALLED,
            "titled",
            "P-001",
        )

    def test_a_later_record_ends_a_recall(self, session: Session) -> None:
        taken(session, change())
        taken(session, change(version=2, op="recall", data=None))
        taken(session, change(version=3))
        assert (site(session).lifecycle, held(session).state) == (Lifecycle.TITLED, ProjectState.LIVE)
        told = select(EventRow).where(EventRow.name == RecordTakenBack.name).order_by(EventRow.id)
        assert [row.payload["ended"] for row in session.scalars(told)] == [False, True]

    def test_a_tombstone_removes_the_site_and_opens_a_case_for_its_visits(self, session: Session) -> None:
        taken(session, change())
        assert taken(session, change(version=2, op="tombstone", data=None)) is Outcome.REMOVED
        assert (site(session).lifecycle, site(session).overlay) == (Lifecycle.REMOVED, Overlay.CLOSED)
        case = session.scalars(select(WithdrawalCase)).one()
        assert (case.project_id, case.version) == ("P-001", 2)

    def test_a_tombstone_of_an_unknown_project_keeps_older_records_out(self, session: Session) -> None:
        assert taken(session, change(version=5, op="tombstone", data=None)) is Outcome.REMOVED
        assert taken(session, change(version=4)) is Outcome.STALE
        assert session.scalars(select(Site)).all() == []

    def test_a_withdrawal_opens_a_case_with_the_date_it_takes_effect(self, session: Session) -> None:
        taken(session, change())
        told = {
            "effective_at": "2026-12-01T00:00:00+08:00",
            "reason_code": "failed",
            "doc_no": "撤〔2026〕1号",
        }
        taken(session, change(version=2, lifecycle="withdrawn", withdrawal=told))
        case = session.scalars(select(WithdrawalCase)).one()
        assert (case.effective_at.isoformat(), case.reason_code) == ("2026-11-30T16:00:00+00:00", "failed")
        closed = site(session)
        assert (closed.overlay, str(closed.withdrawn_on), closed.withdrawal_document_no) == (
            Overlay.CLOSED,
            "2026-12-01",
            "撤〔2026〕1号",
        )

    @pytest.mark.parametrize("op", ["upsert", "tombstone"])
    def test_a_clock_that_runs_ahead_postpones_no_withdrawal(self, session: Session, op: str) -> None:
        taken(session, change())
        ahead = {"occurred_at": "2026-11-25T09:30:00+08:00"}
        taken(session, change(version=2, op=op, lifecycle="withdrawn", record=ahead))
        assert session.scalars(select(WithdrawalCase.effective_at)).one() == THEN

    def test_a_withdrawal_that_says_no_date_counts_from_when_it_happened(self, session: Session) -> None:
        taken(session, change())
        taken(session, change(version=2, lifecycle="withdrawn"), now=THEN + timedelta(days=3))
        case = session.scalars(select(WithdrawalCase)).one()
        assert case.effective_at.isoformat() == "2026-11-23T01:30:00+00:00"
        assert str(site(session).withdrawn_on) == "2026-11-23"

    def test_an_address_that_is_none_of_the_web_is_left_out_and_stops_nothing(self, session: Session) -> None:
        digest = "0" * 64
        media = [
            {"url": url, "sha256": digest, "mime": "image/jpeg"}
            for url in ("javascript:alert(1)", "https://example.gov.cn/a.jpg", "file:///etc/passwd")
        ]
        notice = {"from": "2026-11-20", "until": "2026-11-29", "url": "javascript:alert(1)", "doc_no": None}
        assert taken(session, change(notice=notice, official_media=media)) is Outcome.APPLIED
        assert held(session).notice_url is None
        assert [one["url"] for one in site(session).official_media or []] == ["https://example.gov.cn/a.jpg"]

    def test_a_jump_is_taken_over_and_noted(self, session: Session) -> None:
        taken(session, change(lifecycle="withdrawn"))
        assert taken(session, change(version=2)) is Outcome.APPLIED
        (noted,) = session.scalars(select(AuditRow).where(AuditRow.action == "registry.lifecycle_jump"))
        assert (noted.before, noted.after) == (
            {"lifecycle": "withdrawn"},
            {"lifecycle": "titled", "version": 2},
        )


class TestDeadLetters:
    def test_a_bad_record_is_kept_and_only_its_project_stands_still(self, session: Session) -> None:
        taken(session, change())
        outcomes = page(session, change(version=2, lifecycle="merged"), change("P-002"), "nonsense", None)
        assert outcomes == [Outcome.DEAD, Outcome.APPLIED, Outcome.DEAD, Outcome.DEAD]
        assert [(it.kind, it.project_id, it.version) for it in letters(session)] == [
            (DeadLetterClass.SCHEMA_INVALID, "P-001", 2),
            (DeadLetterClass.SCHEMA_INVALID, None, None),
            (DeadLetterClass.SCHEMA_INVALID, None, None),
        ]
        assert held(session).frozen_at == THEN

    def test_a_wrong_digest_is_a_dead_letter(self, session: Session) -> None:
        assert taken(session, change(record={"digest": "0" * 64})) is Outcome.DEAD
        assert letters(session)[0].kind is DeadLetterClass.DIGEST_MISMATCH

    def test_the_same_bad_record_is_one_letter_seen_often(self, session: Session) -> None:
        bad = change(lifecycle="merged")
        taken(session, bad)
        taken(session, bad, now=THEN + timedelta(hours=1))
        (letter,) = letters(session)
        assert (letter.attempts, letter.first_seen_at, letter.last_seen_at) == (
            2,
            THEN,
            THEN + timedelta(hours=1),
        )

    def test_a_discarded_one_stays_discarded_when_it_comes_again(self, session: Session) -> None:
        bad = change(lifecycle="merged")
        taken(session, bad)
        letters(session)[0].state = DeadLetterState.DISCARDED
        taken(session, bad)
        assert letters(session)[0].state is DeadLetterState.DISCARDED

    def test_a_later_valid_record_clears_it(self, session: Session) -> None:
        taken(session, change())
        taken(session, change(version=2, lifecycle="merged"))
        assert taken(session, change(version=3)) is Outcome.APPLIED
        assert (letters(session)[0].state, held(session).frozen_at) == (DeadLetterState.CLEARED, None)

    def test_a_valid_record_of_the_dead_version_clears_it_too(self, session: Session) -> None:
        taken(session, change(version=2, record={"digest": "0" * 64}))
        assert taken(session, change(version=2)) is Outcome.APPLIED
        assert letters(session)[0].state is DeadLetterState.CLEARED

    def test_an_older_record_does_not_pass_a_dead_letter(self, session: Session) -> None:
        taken(session, change())
        taken(session, change(version=5, lifecycle="merged"))
        assert taken(session, change(version=4, name="中间")) is Outcome.FROZEN
        assert (held(session).version, held(session).frozen_at) == (1, THEN)

    def test_what_we_hold_confirmed_by_the_registry_ends_a_conflict(self, session: Session) -> None:
        taken(session, change())
        taken(session, change(name="别的"))
        assert taken(session, change()) is Outcome.DUPLICATE
        assert (letters(session)[0].state, held(session).frozen_at) == (DeadLetterState.CLEARED, None)

    @pytest.mark.parametrize("poison", ["x" * 10_000_000, [[[[[[]]]]]] * 30_000, {"project_id": "P-001"}])
    def test_poison_is_bounded(self, session: Session, poison: Any) -> None:
        assert page(session, poison, change("P-002")) == [Outcome.DEAD, Outcome.APPLIED]
        assert len(letters(session)[0].payload or "") <= 262_144

    def test_nothing_of_it_is_logged(self, session: Session, caplog: pytest.LogCaptureFixture) -> None:
        taken(session, change(lifecycle="秘密"))
        assert "秘密" not in caplog.text


class TestProcessingFailures:
    @pytest.fixture
    def failing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A record that reads well and that our code cannot take."""
        real = taking_over.site_record

        def mapped(record: Any, data: Any, **options: Any) -> Any:
            if data["name"] == "毒":
                raise KeyError("name")
            return real(record, data, **options)

        monkeypatch.setattr(taking_over, "site_record", mapped)

    @pytest.mark.usefixtures("failing")
    def test_one_that_fails_takes_no_other_with_it(self, session: Session) -> None:
        outcomes = page(session, change("P-001"), change("P-002", name="毒"), change("P-003"))
        assert outcomes == [Outcome.APPLIED, Outcome.DEAD, Outcome.APPLIED]
        assert {row.project_id for row in session.scalars(select(HeldProject))} == {"P-001", "P-003"}
        (letter,) = letters(session)
        assert (letter.kind, letter.state) == (DeadLetterClass.PROCESSING, DeadLetterState.RETRYING)

    @pytest.mark.usefixtures("failing")
    def test_it_is_for_people_after_five_tries(self, session: Session) -> None:
        states = []
        for _ in range(5):
            taken(session, change(name="毒"))
            states.append(letters(session)[0].state)
        assert states == [DeadLetterState.RETRYING] * 4 + [DeadLetterState.OPEN]

    def test_a_database_in_trouble_is_no_fault_of_the_records(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any, **__: Any) -> Any:
            raise OperationalError("INSERT", {}, Exception("no such column"))

        monkeypatch.setattr(taking_over, "apply_projects", broken)
        with pytest.raises(OperationalError):
            page(session, change("P-001"), change("P-002"))
        assert letters(session) == []

    @pytest.mark.usefixtures("failing")
    def test_a_held_project_keeps_its_last_good_state(self, session: Session) -> None:
        taken(session, change())
        taken(session, change(version=2, name="毒"))
        assert (held(session).version, held(session).frozen_at, site(session).project_version) == (1, THEN, 1)


def test_the_statements_of_a_page_do_not_grow_with_it(app: Flask) -> None:
    counts = []
    for number, size in enumerate((2, 60)):
        operator = {"name": "同一单位（示例）", "uscc": None}
        records = [read_record(change(f"P-{number}-{place}", operator=operator)) for place in range(size)]
        with atomic() as session, statements() as sent:
            take_over_all(session, records, now=THEN, feed_epoch=EPOCH)
            counts.append(len(sent))
    assert counts[1] <= counts[0] + 2, counts
