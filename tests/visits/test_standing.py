"""Strikes and bans: the rules replayed, three museums' published policies, and members' standing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, PolicyVersion, Standing, Strike, StrikeKind
from miniprogram_api.visits.rules.policy import DEFAULT, Policy, from_numbers
from miniprogram_api.visits.rules.standing import Mark, Verdict, counts_until, judge
from miniprogram_api.visits.service import standing
from tests.conftest import Clock
from tests.factories.members import sign_in
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_policy, make_slot
from tests.support.clients import BearerClient
from tests.visits.test_policy import MEMORIAL_HALL, NATIONAL_MUSEUM, PALACE_MUSEUM

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def on(day: float) -> datetime:
    return START + timedelta(days=day)


def mark(day: float, half_points: int = 2, policy: Policy = DEFAULT) -> Mark:
    return Mark(half_points, on(day), counts_until(on(day), policy), policy)


# Rules


def test_three_strikes_within_half_a_year_bar_for_thirty_days() -> None:
    marks = [mark(0), mark(100), mark(179)]
    assert judge(marks[:2], on(179)) == Verdict(half_points=4)
    verdict = judge(marks, on(179))
    assert verdict.barred_until == on(209)
    assert verdict.is_barred(on(209) - SECOND)
    assert not verdict.is_barred(on(209))


def test_a_strike_that_is_forgotten_bars_nobody() -> None:
    assert judge([mark(0), mark(100), mark(180)], on(180)).barred_until is None


def test_a_late_cancellation_weighs_half() -> None:
    assert judge([mark(0), mark(1), mark(2, half_points=1)], on(2)).barred_until is None
    assert judge([mark(0), mark(1), mark(2, 1), mark(3, 1)], on(3)).barred_until == on(33)


def test_a_ban_settles_the_strikes_that_led_to_it() -> None:
    marks = [mark(day) for day in (0, 1, 2, 40, 41)]
    assert judge(marks, on(41)) == Verdict(half_points=4, barred_until=on(32))
    assert judge([*marks, mark(42)], on(42)).barred_until == on(72)


def test_points_fade_one_strike_after_another() -> None:
    marks = [mark(0), mark(100)]
    assert [judge(marks, on(day)).half_points for day in (100, 179, 180, 279, 280)] == [4, 4, 2, 2, 0]


def test_strikes_of_two_sites_are_judged_by_the_later_ones_policy() -> None:
    strict = from_numbers({"ban_half_points": 4, "ban_days": 10})
    assert judge([mark(0), mark(1, policy=strict)], on(1)).barred_until == on(11)
    assert judge([mark(0, policy=strict), mark(1)], on(1)).barred_until is None


def test_a_policy_without_a_threshold_bars_nobody() -> None:
    lenient = from_numbers({"ban_half_points": None})
    assert judge([mark(day, policy=lenient) for day in range(9)], on(9)).barred_until is None


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 2)), max_size=12), st.randoms())
def test_the_order_in_which_strikes_are_read_means_nothing(
    given_on: list[tuple[int, int]], random: Any
) -> None:
    marks = [mark(day, points) for day, points in dict(given_on).items()]
    shuffled = random.sample(marks, len(marks))
    assert judge(shuffled, on(401)) == judge(marks, on(401))


# Three museums, as published


@pytest.mark.parametrize(
    ("policy", "kind", "weighs"),
    [
        (NATIONAL_MUSEUM, "no_show", 2),
        (NATIONAL_MUSEUM, "cancel", 2),
        (PALACE_MUSEUM, "no_show", 2),
        (PALACE_MUSEUM, "late_cancel", 2),
        (PALACE_MUSEUM, "cancel", 0),
        (MEMORIAL_HALL, "no_show", 2),
        (MEMORIAL_HALL, "cancel", 0),
    ],
)
def test_what_each_museum_counts_as_a_strike(policy: Policy, kind: str, weighs: int) -> None:
    assert getattr(policy, f"{kind}_half_points") == weighs


def test_the_national_museum_bars_for_thirty_days_after_three_broken_promises() -> None:
    missed, called_off = NATIONAL_MUSEUM.no_show_half_points, NATIONAL_MUSEUM.cancel_half_points
    marks = [mark(0, missed, NATIONAL_MUSEUM), mark(10, called_off, NATIONAL_MUSEUM)]
    assert judge(marks, on(10)).barred_until is None
    assert judge([*marks, mark(20, called_off, NATIONAL_MUSEUM)], on(20)).barred_until == on(50)


def test_the_palace_museum_bars_after_three_strikes_of_either_kind() -> None:
    late = PALACE_MUSEUM.late_cancel_half_points
    marks = [mark(day, late, PALACE_MUSEUM) for day in (0, 30, 60)]
    assert judge(marks[:2], on(30)).barred_until is None
    assert judge(marks, on(60)).barred_until == on(60 + PALACE_MUSEUM.ban_days)


def test_the_memorial_hall_warns_once_and_locks_for_120_days() -> None:
    first = mark(0, policy=MEMORIAL_HALL)
    assert judge([first], on(0)) == Verdict(half_points=2, warned=True)
    assert judge([first, mark(119, policy=MEMORIAL_HALL)], on(119)).barred_until == on(239)
    assert judge([first, mark(120, policy=MEMORIAL_HALL)], on(120)) == Verdict(half_points=2, warned=True)


# On a database


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def alice(app: Flask, site: Site) -> Any:
    with atomic() as session:
        return sign_in(session, openid="o-alice")


def booked(site: Site, member_id: Any, days: int, **numbers: Any) -> Booking:
    with atomic() as session:
        policy = make_policy(session, site.id, **numbers) if numbers else None
        starts_at = WEDNESDAY_AT_NINE + timedelta(days=days)
        return make_booking(
            session, make_slot(session, site.id, starts_at=starts_at, policy=policy), member_id=member_id
        )


def strike(
    booking: Booking, clock: Clock, *, half_points: int = 2, kind: StrikeKind = StrikeKind.NO_SHOW
) -> None:
    assert booking.member_id is not None
    with atomic() as session:
        numbers = session.get_one(PolicyVersion, booking.policy_id).numbers
        standing.add_strike(
            session,
            member_id=booking.member_id,
            booking_id=booking.id,
            kind=kind,
            half_points=half_points,
            policy=from_numbers(numbers),
            now=clock.now,
            actor=SYSTEM,
        )


def barred_until(member_id: Any) -> datetime | None:
    with reading() as session:
        found = session.get(Standing, member_id)
        return found.barred_until if found else None


def facts(name: str) -> list[dict[str, Any]]:
    with reading() as session:
        wanted = select(EventRow).where(EventRow.name == name).order_by(EventRow.id)
        return [row.payload for row in session.scalars(wanted)]


def test_the_third_strike_bars_and_time_ends_it(app: Flask, site: Site, alice: Any, clock: Clock) -> None:
    for days in range(3):
        assert barred_until(alice.member.id) is None
        strike(booked(site, alice.member.id, days), clock)
    assert barred_until(alice.member.id) == clock.now + timedelta(days=30)
    (changed,) = facts("visits.standing_changed")
    assert changed == {"member_id": str(alice.member.id), "barred_until": "2026-12-23T10:00:00+08:00"}
    me = BearerClient(app, alice.access_token)
    assert me.get("/api/v1/me/standing").get_json()["barred_until"] == "2026-12-23T10:00:00+08:00"
    with reading() as session:
        trail = session.scalars(select(AuditRow).where(AuditRow.action == "visits.change_standing")).one()
        assert trail.after == {"barred_until": "2026-12-23T10:00:00+08:00"}


def test_a_booking_is_held_against_its_member_once(site: Site, alice: Any, clock: Clock) -> None:
    booking = booked(site, alice.member.id, 0)
    for _ in range(3):
        strike(booking, clock)
    with reading() as session:
        assert len(session.scalars(select(Strike)).all()) == 1
    assert len(facts("visits.strike_added")) == 1


def test_a_visit_moved_late_and_then_missed_counts_for_both_and_each_can_be_waived(
    app: Flask, site: Site, alice: Any, clock: Clock
) -> None:
    booking = booked(site, alice.member.id, 0)
    strike(booking, clock, half_points=1, kind=StrikeKind.LATE_CANCEL)
    strike(booking, clock)
    me = BearerClient(app, alice.access_token)
    assert me.get("/api/v1/me/standing").get_json()["points"] == 1.5
    with reading() as session:
        missed = session.scalars(select(Strike.id).where(Strike.kind == StrikeKind.NO_SHOW)).one()
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    waived = manager.post(f"/api/staff/v1/strikes/{missed}/waive", json={"reason": "暴雪"})
    assert waived.status_code == 200
    assert me.get("/api/v1/me/standing").get_json()["points"] == 0.5


def test_no_points_are_no_strike(site: Site, alice: Any, clock: Clock) -> None:
    strike(booked(site, alice.member.id, 0), clock, half_points=0)
    with reading() as session:
        assert session.scalars(select(Strike)).all() == []


def test_a_strike_makes_a_booking_that_is_being_checked_look_again(
    site: Site, alice: Any, clock: Clock
) -> None:
    strike(booked(site, alice.member.id, 0), clock)
    with reading() as session:
        before = session.get_one(Standing, alice.member.id).revision
    strike(booked(site, alice.member.id, 1), clock)
    with reading() as session:
        assert session.get_one(Standing, alice.member.id).revision > before


def test_a_member_sees_what_counts(app: Flask, site: Site, alice: Any, clock: Clock) -> None:
    me = BearerClient(app, alice.access_token)
    empty: dict[str, Any] = {"points": 0.0, "warned": False, "barred_until": None, "strikes": []}
    assert me.get("/api/v1/me/standing").get_json() == empty
    booking = booked(site, alice.member.id, 0, warn_half_points=1)
    strike(booking, clock, half_points=1)
    shown = me.get("/api/v1/me/standing").get_json()
    assert (shown["points"], shown["warned"]) == (0.5, True)
    (only,) = shown["strikes"]
    assert (only["booking_number"], only["kind"], only["points"]) == (booking.number, "no_show", 0.5)
    assert only["counts_until"] == "2027-05-22T10:00:00+08:00"


def test_a_member_sees_only_their_own_standing(app: Flask, site: Site, alice: Any, clock: Clock) -> None:
    strike(booked(site, alice.member.id, 0), clock)
    with atomic() as session:
        bob = sign_in(session, openid="o-bob")
    assert BearerClient(app, bob.access_token).get("/api/v1/me/standing").get_json()["strikes"] == []


def test_a_waived_strike_ends_the_ban_that_rested_on_it(
    app: Flask, site: Site, alice: Any, clock: Clock
) -> None:
    for days in range(3):
        strike(booked(site, alice.member.id, days), clock)
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    listed = manager.get(f"/api/staff/v1/sites/{site.id}/strikes").get_json()["items"]
    assert len(listed) == 3
    path = f"/api/staff/v1/strikes/{listed[0]['id']}/waive"
    waived = manager.post(path, json={"reason": "暴雪，交通中断"})
    assert waived.status_code == 200
    assert waived.get_json()["waive_reason"] == "暴雪，交通中断"
    assert barred_until(alice.member.id) is None
    assert facts("visits.standing_changed")[-1]["barred_until"] is None
    again = manager.post(path, json={"reason": "再一次"})
    assert (again.status_code, again.get_json()["code"]) == (409, "visits.strike_already_waived")
    with reading() as session:
        trail = session.scalars(select(AuditRow).where(AuditRow.action == "visits.waive_strike")).one()
        assert trail.reason == "暴雪，交通中断"


def test_a_strike_of_another_site_is_as_unknown_as_none(
    app: Flask, site: Site, alice: Any, clock: Clock
) -> None:
    booking = booked(site, alice.member.id, 0)
    strike(booking, clock)
    with atomic() as session:
        strike_id = session.scalars(select(Strike.id)).one()
        other = make_site(session).id
    stranger = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=other))
    body = {"reason": "熟人"}
    foreign = stranger.post(f"/api/staff/v1/strikes/{strike_id}/waive", json=body)
    unknown = stranger.post(f"/api/staff/v1/strikes/{booking.id}/waive", json=body)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json()["code"] == unknown.get_json()["code"]
    assert stranger.get(f"/api/staff/v1/sites/{site.id}/strikes").status_code == 404


def test_gate_staff_waive_nothing(app: Flask, site: Site) -> None:
    gate = BearerClient(app, signed_in(Role.GATE, site_id=site.id))
    assert gate.get(f"/api/staff/v1/sites/{site.id}/strikes").status_code == 403


def test_the_list_of_strikes_is_paged(app: Flask, site: Site, alice: Any, clock: Clock) -> None:
    for days in range(3):
        strike(booked(site, alice.member.id, days), clock)
        clock.advance(minutes=1)
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    path = f"/api/staff/v1/sites/{site.id}/strikes?limit=2"
    first = manager.get(path).get_json()
    second = manager.get(f"{path}&cursor={first['next_cursor']}").get_json()
    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]
