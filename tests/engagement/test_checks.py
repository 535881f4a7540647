"""The self-test finds figures that were changed behind the product's back, and only those."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update

from miniprogram_api.engagement import contributions
from miniprogram_api.engagement.jobs import keep_figures
from miniprogram_api.engagement.models import DayRevision, EngagementDay
from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.operations import invariants
from miniprogram_api.visits.models import Booking, BookingStatus
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot

DAY = date(2026, 11, 25)
WHERE = ["CC-2026-0001@2026-11-25"]


@pytest.fixture
def booking(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Booking:
    """The booking of ten who came on a day that is closed, eight of them by a green way."""
    monkeypatch.setattr(contributions, "_parts", {})
    with atomic() as session:
        site = make_site(session, project_id="CC-2026-0001")
        slot = make_slot(session, site.id)
        booking = make_booking(session, slot, adults=10, admitted=10, status=BookingStatus.ADMITTED)

    @contributions.contributes("travel", figures=("green_checkins", "avoided_co2_g", "factor_set"))
    class Travel:
        @staticmethod
        def count(session: Any, days: Any) -> Any:
            told = {"green_checkins": 8, "avoided_co2_g": 9_876, "factor_set": "2026-1"}
            return {day: told for day in days if day == (site.id, DAY)}

    clock.set(beijing_time(DAY, 27 * 60))
    keep_figures()
    return booking


def broken() -> dict[str, list[str]]:
    with reading() as session:
        found = invariants.check(session)
    of_engagement = {"I12", "I16", "I17"}
    return {each.code: rows for each, rows in found if rows and each.code in of_engagement}


@pytest.mark.usefixtures("booking")
def test_nothing_is_wrong_with_figures_that_were_kept() -> None:
    assert broken() == {}


@pytest.mark.usefixtures("booking")
@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"visitors": 11}, ["I16"]),
        ({"bookings": 0}, ["I16"]),
        ({"avoided_co2_g": 9_877}, ["I12", "I16"]),
        ({"factor_set": None}, ["I12", "I16"]),
        ({"revision": 2}, ["I17"]),
        ({"retracted_at": beijing_time(DAY, 0)}, ["I17"]),
        ({"shown": {"visitors": 3, "hidden": {}}}, ["I17"]),
    ],
    ids=str,
)
def test_a_changed_day_is_named(change: dict[str, Any], codes: list[str]) -> None:
    with atomic() as session:
        session.execute(update(EngagementDay).values(change))
    assert broken() == dict.fromkeys(codes, WHERE)


@pytest.mark.usefixtures("booking")
def test_a_lost_revision_is_named() -> None:
    with atomic() as session:
        session.execute(delete(DayRevision))
    assert broken() == {"I17": WHERE}


def test_a_booking_changed_behind_the_audit_trail_is_named(booking: Booking) -> None:
    with atomic() as session:
        session.execute(update(Booking).values(admitted=9))
    assert broken() == {"I16": WHERE}


def test_a_change_that_nobody_has_followed_yet_is_not_wrong(booking: Booking) -> None:
    with atomic() as session:
        session.execute(update(Booking).values(admitted=9))
        audit.record(
            session,
            actor=SYSTEM,
            action="visits.undo_admission",
            object_type="booking",
            object_id=str(booking.id),
        )
    assert broken() == {}
    keep_figures()
    assert broken() == {}
