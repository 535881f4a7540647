"""Figures of days: counted from visits, revised when what leaves is new, final on the third day after."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.engagement import contributions, queries, queries_checks, rules, service
from miniprogram_api.engagement.jobs import keep_figures
from miniprogram_api.engagement.models import DayRevision, DayToRecount, EngagementDay, Reason
from miniprogram_api.identity.service import personal_data
from miniprogram_api.kernel import audit, events, feeds
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.events import RecordTakenBack
from miniprogram_api.sites.models import Lifecycle, Site
from miniprogram_api.visits.jobs_gate import mark_no_shows
from miniprogram_api.visits.models import Booking, BookingStatus, Channel, Slot
from miniprogram_api.visits.service import no_shows
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.booking import Visitor
from tests.support.races import at_once
from tests.support.statements import statements

DAY = date(2026, 11, 25)


def after_day(days: int = 1) -> datetime:
    """The moment at which a day is closed, so many days after it."""
    return beijing_time(DAY + timedelta(days=days), 3 * 60)


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session, project_id="CC-2026-0001")


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, capacity=500)


def book(slot: Slot, seats: int = 1, *, times: int = 1, **values: Any) -> list[Booking]:
    with atomic() as session:
        held = session.get_one(Slot, slot.id)
        return [make_booking(session, held, adults=seats, **values) for _ in range(times)]


def came(slot: Slot, *parties: int, channel: Channel = Channel.PHONE) -> None:
    for party in parties:
        book(slot, party, admitted=party, status=BookingStatus.ADMITTED, channel=channel)


def changed(booking: Booking, action: str = "visits.cancel", **values: Any) -> None:
    """A booking changes as a command changes it: the row, and its row in the audit trail."""
    with atomic() as session:
        row = session.get_one(Booking, booking.id)
        for name, value in values.items():
            setattr(row, name, value)
        row.revision += 1
        audit.record(session, actor=SYSTEM, action=action, object_type="booking", object_id=str(booking.id))


def days() -> list[EngagementDay]:
    with reading() as session:
        order = (EngagementDay.counted_on, EngagementDay.project_id)
        return list(session.scalars(select(EngagementDay).order_by(*order)))


def revisions() -> list[DayRevision]:
    with reading() as session:
        return list(session.scalars(select(DayRevision).order_by(DayRevision.revision)))


def figures() -> EngagementDay:
    (day,) = days()
    return day


def test_nothing_leaves_before_the_night_after_the_day(slot: Slot, clock: Clock) -> None:
    came(slot, 6)
    clock.set(after_day() - timedelta(seconds=1))
    keep_figures()
    assert days() == []
    clock.set(after_day())
    keep_figures()
    assert (figures().counted_on, figures().revision, figures().reason) == (DAY, 1, Reason.INITIAL)


def test_a_day_counts_parties_by_outcome_and_heads_that_came(slot: Slot, clock: Clock) -> None:
    came(slot, 4, 3)
    came(slot, 2, channel=Channel.WALK_IN)
    book(slot, 5, times=2, status=BookingStatus.CANCELLED)
    book(slot, 5, status=BookingStatus.CANCELLED, channel=Channel.WALK_IN)
    book(slot, 2, status=BookingStatus.NO_SHOW)
    book(slot, 6, status=BookingStatus.PARTLY_ADMITTED, admitted=1)
    clock.set(after_day())
    keep_figures()
    day = figures()
    assert (day.bookings, day.cancellations, day.no_shows, day.visitors) == (6, 2, 1, 10)
    assert (day.minors_under14, day.minors_14_17, day.factor_set) == (None, None, None)
    assert (day.cancellations, day.no_shows) == (2, 1)
    assert day.project_id == "CC-2026-0001"


def test_a_visit_just_before_midnight_belongs_to_its_beijing_day(site: Site, clock: Clock) -> None:
    with atomic() as session:
        late = make_slot(session, site.id, starts_at=beijing_time(DAY, 23 * 60 + 30), minutes=20)
    came(late, 7)
    clock.set(after_day())
    keep_figures()
    assert (figures().counted_on, figures().visitors) == (DAY, 7)


def test_a_day_with_slots_and_nobody_is_a_row_of_zeros_and_no_slot_is_no_row(
    site: Site, slot: Slot, clock: Clock
) -> None:
    with atomic() as session:
        make_site(session, project_id="CC-2026-0002")
    clock.set(after_day())
    keep_figures()
    assert (figures().visitors, figures().bookings, figures().revision) == (0, 0, 1)


def test_counting_again_makes_no_revision_where_nothing_changed(slot: Slot, clock: Clock) -> None:
    came(slot, 9)
    for days_after in range(1, 6):
        clock.set(after_day(days_after))
        keep_figures()
        keep_figures()
    assert [row.reason for row in revisions()] == [Reason.INITIAL, Reason.FINAL]


def test_a_day_is_final_on_the_third_day_after(slot: Slot, clock: Clock) -> None:
    came(slot, 9)
    states = []
    for days_after in (1, 2, 3):
        clock.set(after_day(days_after))
        keep_figures()
        states.append(figures().final)
    assert states == [False, False, True]


def test_the_feed_tells_that_a_day_is_final(slot: Slot, clock: Clock) -> None:
    """Else one revision would be said to be final here and not final there."""
    came(slot, 9)
    for days_after in (1, 3, 4):
        clock.set(after_day(days_after))
        keep_figures()
    told = [(row.revision, row.reason, row.final) for row in revisions()]
    assert told == [(1, "initial", False), (2, "final", True)]
    assert revisions()[0].shown == revisions()[1].shown
    with reading() as session:
        assert list(queries_checks.find_unpublished_days(session)) == []


def test_a_day_without_anything_to_visit_becomes_final_too(
    monkeypatch: pytest.MonkeyPatch, site: Site, clock: Clock
) -> None:
    monkeypatch.setattr(contributions, "_parts", {})

    @contributions.contributes("content", figures=("content_views",))
    class Content:
        @staticmethod
        def count(session: Any, days: Any) -> Any:
            return {day: {"content_views": 8} for day in days}

    clock.set(after_day())
    keep_figures()
    with atomic() as session:
        service.mark_days(session, [(site.id, DAY)], reason=Reason.CORRECTION, now=clock.now)
    for days_after in (1, 2, 3):
        clock.set(after_day(days_after))
        keep_figures()
    assert (figures().content_views, figures().final) == (8, True)


def test_days_missed_while_nothing_ran_are_closed_one_by_one(site: Site, clock: Clock) -> None:
    with atomic() as session:
        for back in range(5):
            starts_at = WEDNESDAY_AT_NINE + timedelta(days=back)
            make_booking(session, make_slot(session, site.id, starts_at=starts_at), adults=8)
    clock.set(after_day(5))
    keep_figures()
    assert [day.counted_on for day in days()] == [DAY + timedelta(days=n) for n in range(5)]
    assert [day.final for day in days()] == [True, True, True, False, False]


def test_a_late_scan_reopens_a_final_day_as_a_new_revision(
    app: Flask, site: Site, slot: Slot, clock: Clock
) -> None:
    came(slot, 9)
    (party,) = book(slot, 6)
    clock.set(after_day(3))
    keep_figures()
    changed(party, "visits.admit", status=BookingStatus.ADMITTED, admitted=6)
    clock.advance(minutes=5)
    keep_figures()
    assert (figures().visitors, figures().final, figures().reason) == (15, True, Reason.LATE_SCAN)
    assert [(row.revision, row.reason) for row in revisions()] == [(1, "initial"), (2, "late_scan")]
    assert revisions()[1].shown["visitors"] == 15


def test_scans_of_a_gate_are_followed_through_the_audit_trail(
    app: Flask, site: Site, slot: Slot, clock: Clock
) -> None:
    parties = book(slot, 3, times=3)
    clock.set(WEDNESDAY_AT_NINE)
    gate = Gate(app, site.id)
    for party in parties:
        assert gate.scan(code_of(party))["result"] == "ok"
    clock.set(after_day())
    keep_figures()
    assert figures().visitors == 9


def test_a_correction_of_few_people_is_counted_and_does_not_leave(slot: Slot, clock: Clock) -> None:
    came(slot, 9)
    (missed,) = book(slot, 2, status=BookingStatus.NO_SHOW)
    clock.set(after_day())
    keep_figures()
    with atomic() as session:
        no_shows.correct_no_show(
            session, booking_id=missed.id, came=2, reason="入场时网络中断", actor=SYSTEM, now=clock.now
        )
    keep_figures()
    assert (figures().visitors, figures().revision) == (11, 1)
    assert figures().shown is not None
    assert figures().shown["visitors"] == 9


def test_a_visit_that_moves_is_counted_on_its_new_day_and_no_more_on_the_old(
    app: Flask, site: Site, slot: Slot, clock: Clock
) -> None:
    with atomic() as session:
        later = make_slot(session, site.id, starts_at=WEDNESDAY_AT_NINE + timedelta(days=1))
    member = Visitor(app)
    booking = member.booked(slot.id, adults=1)
    assert member.move(booking["id"], later.id).status_code == 200
    clock.set(after_day(2))
    with atomic() as session:
        service.close_day(session, now=clock.now)
        session.query(DayToRecount).delete()
    audit.seal_audit()
    with atomic() as session:
        service.follow_visits(session, now=clock.now)
        marked = session.execute(select(DayToRecount.counted_on, DayToRecount.reason)).all()
    assert sorted(marked) == [(DAY, "correction"), (DAY + timedelta(days=1), "correction")]


def test_changes_before_a_day_is_closed_mark_nothing(app: Flask, slot: Slot, clock: Clock) -> None:
    Visitor(app).booked(slot.id, adults=1)
    audit.seal_audit()
    with atomic() as session:
        service.follow_visits(session, now=clock.now)
        assert session.scalar(select(func.count()).select_from(DayToRecount)) == 0


def test_erasing_members_leaves_closed_days_as_they_are(app: Flask, slot: Slot, clock: Clock) -> None:
    members = [Visitor(app) for _ in range(6)]
    for member in members:
        member.booked(slot.id, adults=1)
    clock.set(WEDNESDAY_AT_NINE + timedelta(hours=5))
    mark_no_shows()
    clock.set(after_day())
    keep_figures()
    before = figures()
    _erase(members, clock.now)
    keep_figures()
    after = figures()
    assert (after.bookings, after.no_shows, after.visitors) == (6, 6, 0)
    assert (after.revision, after.shown) == (before.revision, before.shown)


def _erase(members: list[Visitor], now: datetime) -> None:
    for member in members:
        with atomic() as session:
            personal_data.erase_member(session, member_id=member.id, actor=SYSTEM, now=now)


def test_each_revision_has_its_event_its_audit_row_and_its_place_in_the_feed(
    slot: Slot, clock: Clock
) -> None:
    came(slot, 9)
    clock.set(after_day())
    keep_figures()
    feeds.sequence_feeds()
    with reading() as session:
        events = session.scalars(
            select(EventRow.payload).where(EventRow.name == "engagement.day_changed")
        ).all()
        audited = session.scalars(
            select(AuditRow.object_id).where(AuditRow.action == "engagement.revise_day")
        ).all()
        page = queries.list_revisions(session, cursor=None, limit=10)
    assert events == [{"project_id": "CC-2026-0001", "on": "2026-11-25", "revision": 1}]
    assert audited == ["CC-2026-0001@2026-11-25"]
    assert [(row.feed_seq, row.revision) for row in page.items] == [(1, 1)]


def test_a_recount_takes_the_same_statements_for_any_number_of_days(app: Flask, clock: Clock) -> None:
    counts = []
    for number in (1, 12):
        with atomic() as session:
            for _ in range(number):
                place = make_site(session)
                make_booking(session, make_slot(session, place.id), adults=7)
        clock.set(after_day())
        with atomic() as session:
            session.query(DayToRecount).delete()
            places = session.scalars(select(Slot.site_id)).all()
            service.mark_days(
                session, [(place, DAY) for place in places], reason=Reason.CORRECTION, now=clock.now
            )
        with statements() as sent, atomic() as session:
            service.recount(session, actor=SYSTEM, now=clock.now)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_figures_leave_while_the_registry_stands_by_its_record(site: Site, slot: Slot, clock: Clock) -> None:
    came(slot, 9)
    taken_back(site, ended=False)
    clock.set(after_day())
    keep_figures()
    assert given_away() == 0
    assert revisions() == []
    taken_back(site, ended=True)
    keep_figures()
    assert given_away() == 1
    taken_back(site, ended=False)
    assert given_away() == 0
    assert [row.operation for row in revisions()] == ["upsert", "tombstone"]


def test_a_day_that_left_while_its_record_was_taken_back_is_called_back(
    site: Site, slot: Slot, clock: Clock
) -> None:
    came(slot, 9)
    clock.set(after_day())
    keep_figures()
    with atomic() as session:
        session.get_one(Site, site.id).lifecycle = Lifecycle.RECALLED
        service.mark_days(session, [(site.id, DAY)], reason=Reason.CORRECTION, now=clock.now)
    keep_figures()
    assert given_away() == 0
    assert [row.operation for row in revisions()] == ["upsert", "tombstone"]


def test_what_changed_while_a_record_was_taken_back_is_told_with_its_return(
    site: Site, slot: Slot, clock: Clock
) -> None:
    came(slot, 9)
    clock.set(after_day())
    keep_figures()
    taken_back(site, ended=False)
    came(slot, 6)
    with atomic() as session:
        service.mark_days(session, [(site.id, DAY)], reason=Reason.CORRECTION, now=clock.now)
    keep_figures()
    assert [row.operation for row in revisions()] == ["upsert", "tombstone"]
    taken_back(site, ended=True)
    keep_figures()
    assert revisions()[-1].shown["visitors"] == 15
    with reading() as session:
        (listed,) = queries.list_daily(session, first=DAY, last=DAY, limit=10, cursor=None).items
    assert (listed.values["visitors"], listed.revision) == (15, 3)


def test_what_happened_to_a_record_may_be_told_in_any_order(site: Site, slot: Slot, clock: Clock) -> None:
    came(slot, 9)
    clock.set(after_day())
    keep_figures()
    for ended in (True, False):
        with atomic() as session:
            fact = RecordTakenBack(site_id=str(site.id), project_id=site.project_id, ended=ended)
            events.publish(session, fact)
        while events.drain():
            pass
    keep_figures()
    assert given_away() == 1


def taken_back(site: Site, *, ended: bool) -> None:
    with atomic() as session:
        session.get_one(Site, site.id).lifecycle = Lifecycle.TITLED if ended else Lifecycle.RECALLED
        fact = RecordTakenBack(site_id=str(site.id), project_id=site.project_id, ended=ended)
        events.publish(session, fact)
    while events.drain():
        pass


def given_away() -> int:
    with reading() as session:
        return len(queries.list_daily(session, first=DAY, last=DAY, limit=10, cursor=None).items)


def test_a_retracted_project_is_dropped_by_readers_until_it_is_restored(slot: Slot, clock: Clock) -> None:
    came(slot, 9)
    clock.set(after_day())
    keep_figures()
    for step in (service.retract_project, service.restore_project):
        with atomic() as session:
            assert step(session, "CC-2026-0001", actor=SYSTEM, now=clock.now) == 1
        keep_figures()
        with reading() as session:
            listed = queries.list_daily(session, first=DAY, last=DAY, limit=10, cursor=None).items
        assert len(listed) == (1 if step is service.restore_project else 0)
    told = [(row.revision, row.operation, row.shown is None) for row in revisions()]
    assert told == [(1, "upsert", False), (2, "tombstone", True), (3, "upsert", False)]


def test_a_contributor_adds_its_figures_and_only_those_it_registered(
    monkeypatch: pytest.MonkeyPatch, site: Site, slot: Slot, clock: Clock
) -> None:
    monkeypatch.setattr(contributions, "_parts", {})
    figures_of_travel = {"green_checkins": 8, "avoided_co2_g": 12_345, "factor_set": "2026-1"}

    @contributions.contributes("travel", figures=tuple(figures_of_travel))
    class Travel:
        @staticmethod
        def count(session: Any, days: Any) -> Any:
            return {(site.id, DAY): figures_of_travel}

    with pytest.raises(ValueError, match="green_checkins"):
        contributions.contributes("other", figures=("green_checkins",))
    with pytest.raises(ValueError, match="visitors"):
        contributions.contributes("other", figures=("visitors",))
    clock.set(after_day())
    keep_figures()
    assert (figures().green_checkins, figures().avoided_co2_g, figures().factor_set) == (8, 12_345, "2026-1")
    figures_of_travel["ratings_n"] = 3
    with atomic() as session:
        service.mark_days(session, [(site.id, DAY)], reason=Reason.FACTOR_CHANGE, now=clock.now)
        with pytest.raises(ValueError, match="ratings_n"):
            service.recount(session, actor=SYSTEM, now=clock.now)


def test_what_nobody_counts_is_unknown_and_what_somebody_counts_and_did_not_find_is_zero(
    monkeypatch: pytest.MonkeyPatch, site: Site, slot: Slot, clock: Clock
) -> None:
    monkeypatch.setattr(contributions, "_parts", {})

    @contributions.contributes("ratings", figures=("ratings_n", "rating_sum"))
    class Ratings:
        @staticmethod
        def count(session: Any, days: Any) -> Any:
            return {}

    clock.set(after_day())
    keep_figures()
    with reading() as session:
        (told,) = queries.list_daily(session, first=DAY, last=DAY, limit=10, cursor=None).items
        assert list(queries_checks.find_wrong_days(session)) == []
    assert (told.values["ratings_n"], told.values["rating_sum"], told.values["visitors"]) == (0, 0, 0)
    unknown = {name for name, value in told.values.items() if value is None}
    assert unknown == {
        "school_groups",
        "group_visitors",
        "minors_under14",
        "minors_14_17",
        "green_checkins",
        "avoided_co2_g",
        "factor_set",
        "content_published",
        "content_views",
    }
    assert told.hidden == set()


def test_other_factors_are_a_new_revision(
    monkeypatch: pytest.MonkeyPatch, site: Site, slot: Slot, clock: Clock
) -> None:
    monkeypatch.setattr(contributions, "_parts", {})
    told = {"green_checkins": 8, "avoided_co2_g": 12_345, "factor_set": "2026-1"}

    @contributions.contributes("travel", figures=tuple(told))
    class Travel:
        @staticmethod
        def count(session: Any, days: Any) -> Any:
            return {(site.id, DAY): dict(told)}

    clock.set(after_day())
    keep_figures()
    told |= {"avoided_co2_g": 11_000, "factor_set": "2026-2"}
    with atomic() as session:
        service.mark_days(session, [(site.id, DAY)], reason=Reason.FACTOR_CHANGE, now=clock.now)
    keep_figures()
    assert [(row.revision, row.reason) for row in revisions()] == [(1, "initial"), (2, "factor_change")]


def test_a_change_that_commits_while_its_day_is_counted_is_counted_too(
    app: Flask, site: Site, slot: Slot, clock: Clock
) -> None:
    clock.set(after_day())
    keep_figures()

    def change() -> int:
        for _ in range(10):
            came(slot, 7)
            with atomic() as session:
                service.mark_days(session, [(site.id, DAY)], reason=Reason.LATE_SCAN, now=clock.now)
        return 0

    def count() -> int:
        for _ in range(15):
            with atomic() as session:
                service.recount(session, actor=SYSTEM, now=clock.now)
        return 0

    at_once(app, [change, change, count, count])
    keep_figures()
    assert figures().visitors == 2 * 10 * 7
    numbers = [row.revision for row in revisions()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_rules_of_time_agree_with_each_other() -> None:
    for hour in range(72):
        now = beijing_time(DAY, 0) + timedelta(hours=hour)
        assert rules.is_closed(rules.last_closed(now), now)
        assert not rules.is_closed(rules.last_closed(now) + timedelta(days=1), now)
