"""The operators' commands say what they found by their exit status, as scripts need it."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import update

from config.settings import Settings
from miniprogram_api.kernel import audit, workdays
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import BEIJING, beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.workdays import DayKind
from miniprogram_api.operations import invariants
from miniprogram_api.operations.keys import new_key
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.visits.models import Slot
from tests.conftest import Clock
from tests.factories.sites import make_opening_rule, make_site
from tests.factories.visits import make_booking, make_slot
from tests.operations.conftest import World

NOTICE = {
    "source": "国办发明电〔2026〕8号",
    "rest_days": {"2027-01-01": "元旦", "2027-01-02": "元旦", "2027-01-03": "元旦"},
    "make_up_days": ["2027-01-10"],
}


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=arguments)


@pytest.mark.usefixtures("world")
def test_selftest_succeeds_when_all_is_well(app: Flask) -> None:
    result = run(app, "selftest")
    assert result.exit_code == 0, result.output
    assert "BROKEN" not in result.output


def test_selftest_fails_and_names_what_is_broken(app: Flask, world: World) -> None:
    with atomic() as session:
        session.execute(update(Slot).where(Slot.id == world.slot).values(booked=Slot.booked - 1))
    result = run(app, "selftest")
    assert result.exit_code == 1
    assert "BROKEN" in result.output


@pytest.mark.usefixtures("world")
def test_verifying_the_audit_trail_fails_where_somebody_wrote_in_it(app: Flask) -> None:
    assert run(app, "audit", "verify").exit_code == 0
    with atomic() as session:
        session.execute(update(AuditRow).where(AuditRow.sequence == 2).values(actor_id="somebody else"))
    result = run(app, "audit", "verify")
    assert result.exit_code == 1
    assert "breaks at sequence 2" in result.output


def test_sealing_leaves_nothing_waiting(app: Flask) -> None:
    with atomic() as session:
        audit.record(
            session, actor=audit.SYSTEM, action="test", object_type="test", object_id="1", reason=None
        )
    assert run(app, "audit", "seal").exit_code == 0
    assert "1 sealed rows, 0 waiting" in run(app, "audit", "verify").output


def test_a_gazetted_year_is_settled(app: Flask, tmp_path: Path) -> None:
    result = run(app, "calendar", "gazette", "2027", _file(tmp_path, json.dumps(NOTICE)))
    assert result.exit_code == 0, result.output
    assert "3 rest days, 1 make-up working days" in result.output
    with reading() as session:
        days = workdays.days(session, date(2027, 1, 1), date(2027, 1, 10))
    assert days[date(2027, 1, 1)].kind is DayKind.STATUTORY_HOLIDAY
    assert days[date(2027, 1, 10)].is_working
    assert not any(day.provisional for day in days.values())


def test_a_notice_that_is_tried_names_the_bookings_it_hits_and_changes_nothing(
    app: Flask, tmp_path: Path, clock: Clock
) -> None:
    clock.set(datetime(2026, 12, 28, 10, tzinfo=BEIJING))
    monday, weekdays = date(2027, 1, 4), list(range(1, 8))
    with atomic() as session:
        site = make_site(session, weekly_closing_weekday=1)
        rule = make_opening_rule(session, site.id, weekdays=weekdays)
        slot = make_slot(session, site.id, starts_at=beijing_time(date(2027, 1, 5), 9 * 60), rule_id=rule.id)
        number = make_booking(session, slot).number
    notice = NOTICE | {"rest_days": {monday.isoformat(): "元旦"}}
    result = run(app, "calendar", "gazette", "2027", _file(tmp_path, json.dumps(notice)), "--dry-run")
    assert result.exit_code == 0, result.output
    assert f"1 kept for bookings {number}" in result.output
    assert "Nothing was changed." in result.output
    with reading() as session:
        assert workdays.days(session, monday, monday)[monday].provisional


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        json.dumps(NOTICE | {"rest_days": ["2027-01-01"]}),
        json.dumps(NOTICE | {"rest_days": {"2028-01-01": "元旦"}}),
        json.dumps(NOTICE | {"make_up_days": ["2027-01-11"]}),
        json.dumps({"source": "…", "make_up_days": []}),
    ],
)
def test_a_notice_that_cannot_be_meant_changes_nothing(app: Flask, tmp_path: Path, text: str) -> None:
    result = run(app, "calendar", "gazette", "2027", _file(tmp_path, text))
    assert result.exit_code == 2
    assert "NOTICE" in result.output
    with reading() as session:
        assert workdays.days(session, date(2027, 1, 1), date(2027, 1, 1))[date(2027, 1, 1)].provisional


def _file(folder: Path, text: str) -> str:
    path = folder / "notice.json"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_new_key_fits_into_the_ring(app: Flask, settings: Settings) -> None:
    printed = run(app, "keys", "new").output.strip()
    ring, _ = Settings(app_keys=f"{printed},{new_key()}", index_key=new_key().partition(":")[2]).key_ring()
    assert [len(secret) for _, secret in ring] == [32, 32]
    assert ring[0][0] == printed.partition(":")[0]


def test_the_selftest_tells_of_each_invariant_before_it_looks(app: Flask) -> None:
    told = []
    with snapshot() as session:
        results = invariants.check(session, lambda invariant: told.append(invariant.code))
    assert told == [invariant.code for invariant, _ in results]
