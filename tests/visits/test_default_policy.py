"""The city's booking rules: sites without rules of their own follow, bookings keep what they were made by."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import Invalid
from miniprogram_api.visits import jobs
from miniprogram_api.visits.availability import SlotAvailability
from miniprogram_api.visits.errors.slots import DefaultPolicyUnchanged
from miniprogram_api.visits.models import Booking, PolicyVersion, Slot
from miniprogram_api.visits.queries.access import get_making_access
from miniprogram_api.visits.rules import policy as rules
from miniprogram_api.visits.rules.policy import DEFAULT
from miniprogram_api.visits.service import default_policy, policies, timetable
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.factories.sites import make_opening_rule, make_site
from tests.factories.visits import make_booking
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("app", "clock")
TODAY = date(2026, 11, 23)
IN_A_WEEK = TODAY + timedelta(days=7)


def _site(clock: Clock) -> UUID:
    """A site with slots that has stated no rules of its own."""
    with atomic() as session:
        site = make_site(session)
        make_opening_rule(session, site.id)
        session.flush()
        access = get_making_access(session, site.id, now=clock.now)
        timetable.materialise(session, site_id=site.id, access=access, days=30, actor=SYSTEM, now=clock.now)
        return site.id


def _change(clock: Clock, on: date = IN_A_WEEK, **numbers: int) -> None:
    with atomic() as session:
        default_policy.change_default(
            session, numbers=numbers, effective_on=on, reason="旺季", actor=SYSTEM, now=clock.now
        )
    while events.drain():
        pass


def _policy(site_id: UUID, on: date) -> rules.Policy:
    with reading() as session:
        return policies.find_policy(session, site_id, on)


def _own(site_id: UUID, clock: Clock, on: date, **numbers: int) -> None:
    with atomic() as session:
        policies.change_policy(
            session,
            site_id=site_id,
            policy=policies.merged(session, site_id, numbers, on=on),
            effective_on=on,
            actor=SYSTEM,
            now=clock.now,
        )


def test_a_site_without_rules_of_its_own_follows_from_the_day_on(clock: Clock) -> None:
    site = _site(clock)
    _change(clock, party_max=3)
    assert _policy(site, IN_A_WEEK - timedelta(days=1)).party_max == 5
    assert _policy(site, IN_A_WEEK).party_max == 3


def test_its_slots_follow_too(clock: Clock) -> None:
    site = _site(clock)
    _change(clock, notice_minutes=120)
    with reading() as session:
        slots = session.scalars(select(Slot).where(Slot.site_id == site)).all()
    assert {slot.starts_at - slot.books_until for slot in slots if slot.visit_on < IN_A_WEEK} == {
        timedelta(hours=1)
    }
    assert {slot.starts_at - slot.books_until for slot in slots if slot.visit_on >= IN_A_WEEK} == {
        timedelta(hours=2)
    }


def test_a_booking_keeps_the_rules_it_was_made_by(clock: Clock) -> None:
    site = _site(clock)
    with atomic() as session:
        first = select(Slot).where(Slot.site_id == site, Slot.visit_on >= IN_A_WEEK)
        slot = session.scalars(first.order_by(Slot.starts_at).limit(1)).one()
        booking = make_booking(session, slot, member_id=make_member(session).id).id
    _change(clock, cancel_last_minutes_before=600)
    with reading() as session:
        kept = session.get_one(Booking, booking)
        numbers = session.get_one(PolicyVersion, kept.policy_id).numbers
        ruling = session.get_one(Slot, kept.slot_id).policy_id
    assert numbers["cancel_last_minutes_before"] == 0
    assert ruling != kept.policy_id


def test_what_visitors_read_changes_with_it(clock: Clock) -> None:
    site = _site(clock)
    _change(clock, TODAY, party_max=3)
    with reading() as session:
        words = SlotAvailability().policy_of(session, site, TODAY)["words"]
    assert "每次可预约 1 至 3 人。" in words


def test_a_site_with_rules_of_its_own_does_not_follow(clock: Clock) -> None:
    site = _site(clock)
    _own(site, clock, TODAY, party_max=8)
    _change(clock, party_max=3)
    assert _policy(site, IN_A_WEEK).party_max == 8


def test_rules_of_its_own_win_over_a_change_that_was_to_come(clock: Clock) -> None:
    site = _site(clock)
    _change(clock, party_max=3)
    _own(site, clock, TODAY, party_max=8)
    assert _policy(site, IN_A_WEEK).party_max == 8
    with reading() as session:
        coming = session.scalars(select(Slot).where(Slot.site_id == site, Slot.visit_on >= IN_A_WEEK)).all()
        ruling = {session.get_one(PolicyVersion, slot.policy_id).numbers["party_max"] for slot in coming}
    assert ruling == {8}


def test_a_site_that_opens_later_begins_with_them(clock: Clock) -> None:
    _change(clock, TODAY, party_max=3)
    with atomic() as session:
        newcomer = make_site(session).id
    assert _policy(newcomer, TODAY).party_max == 3
    site = _site(clock)
    assert _policy(site, TODAY).party_max == 3
    _change(clock, IN_A_WEEK, party_max=4)
    assert _policy(site, IN_A_WEEK).party_max == 4


def test_many_sites_follow_batch_by_batch(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_policy, "_BATCH", 2)
    sites = [_site(clock) for _ in range(5)]
    _change(clock, party_max=3)
    assert [_policy(site, IN_A_WEEK).party_max for site in sites] == [3] * 5


def test_following_twice_changes_nothing(clock: Clock) -> None:
    site = _site(clock)
    _change(clock, party_max=3)
    with atomic() as session:
        policies.follow_default(session, site, actor=SYSTEM, now=clock.now)
        versions = policies.list_versions(session, site)
    assert [version.default_version for version in versions] == [1, 0]


def test_the_outlook_tells_what_changes_and_for_how_many(clock: Clock) -> None:
    _site(clock)
    own = _site(clock)
    _own(own, clock, TODAY, party_max=8)
    with reading() as session:
        outlook = default_policy.preview_default(
            session, numbers={"party_max": 3}, effective_on=IN_A_WEEK, now=clock.now
        )
    assert outlook.changed == {"party_max": (5, 3)}
    assert (outlook.version, outlook.sites) == (1, 1)
    assert outlook.slots == 7 * 24
    with reading() as session:
        assert default_policy.default_on(session, IN_A_WEEK) == DEFAULT


@pytest.mark.parametrize(
    ("numbers", "on", "field"),
    [
        ({"party_max": 0}, IN_A_WEEK, "party_max"),
        ({"none": 1}, IN_A_WEEK, "none"),
        ({"party_max": 3}, TODAY - timedelta(days=1), "effective_on"),
    ],
)
def test_what_is_wrong_is_named(clock: Clock, numbers: dict[str, int], on: date, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        _change(clock, on, **numbers)
    assert [fault.field for fault in refused.value.fields] == [field]


def test_the_same_rules_again_are_refused(clock: Clock) -> None:
    with pytest.raises(DefaultPolicyUnchanged):
        _change(clock, party_max=5)


def test_the_change_has_its_line_and_each_site_its_own(clock: Clock) -> None:
    _site(clock)
    _change(clock, party_max=3)
    with reading() as session:
        city = session.scalars(
            select(AuditRow).where(AuditRow.action == "visits.change_default_policy")
        ).one()
        followed = session.scalars(select(AuditRow).where(AuditRow.action == "visits.change_policy")).all()
    assert city.before == {"party_max": 5}
    assert city.after == {"effective_on": IN_A_WEEK.isoformat(), "party_max": 3}
    assert city.reason == "旺季"
    assert len(followed) == 1


def test_a_first_timetable_that_was_being_made_meanwhile_catches_up(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read the city's rules before the change was there, and was no follower when the change spread."""
    with reading() as session:
        read_before = policies._defaults(session)
    _change(clock, TODAY, party_max=3, notice_minutes=120)
    with monkeypatch.context() as patch:
        patch.setattr(policies, "_defaults", lambda _: read_before)
        site = _site(clock)
    assert _policy(site, TODAY).party_max == 5
    jobs.catch_up_default_policy()
    assert _policy(site, TODAY).party_max == 3
    with reading() as session:
        slots = session.scalars(select(Slot).where(Slot.site_id == site)).all()
        versions = policies.list_versions(session, site)
    assert {slot.starts_at - slot.books_until for slot in slots} == {timedelta(hours=2)}
    assert [version.default_version for version in versions] == [1, 0]


def test_catching_up_with_nothing_to_do_only_reads(clock: Clock) -> None:
    _site(clock)
    jobs.catch_up_default_policy()  # before the city has stated anything
    _change(clock, party_max=3)
    own = _site(clock)
    _own(own, clock, TODAY, party_max=8)
    with statements() as sent:
        jobs.catch_up_default_policy()
    assert all(statement.lstrip().upper().startswith("SELECT") for statement in sent), sent
    assert _policy(own, IN_A_WEEK).party_max == 8


def test_many_that_were_missed_catch_up_batch_by_batch(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_policy, "_BATCH", 2)
    with reading() as session:
        read_before = policies._defaults(session)
    _change(clock, TODAY, party_max=3)
    with monkeypatch.context() as patch:
        patch.setattr(policies, "_defaults", lambda _: read_before)
        sites = [_site(clock) for _ in range(3)]
    jobs.catch_up_default_policy()
    while events.drain():
        pass
    assert [_policy(site, TODAY).party_max for site in sites] == [3] * 3
