"""Why a slot cannot be booked and when it can, and which slots a plan of days makes, keeps and gives up."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.errors import Invalid
from miniprogram_api.sites.rules import ClosedBecause, DayPlan, OpenSpan, ShutSpan
from miniprogram_api.visits.rules.policy import DEFAULT, from_numbers
from miniprogram_api.visits.rules.slots import (
    WITHDRAWN,
    Access,
    Availability,
    Because,
    Explanation,
    SlotFacts,
    days_asked,
    explain,
    seats_left,
)
from miniprogram_api.visits.rules.timetable import (
    Changes,
    DatedPolicy,
    ExistingSlot,
    WantedSlot,
    compare,
    policy_on,
)

DAY = date(2026, 11, 25)
SECOND = timedelta(seconds=1)
RULE = UUID(int=7)
FIRST_VERSION = DatedPolicy(UUID(int=1), 1, date(2026, 1, 1), DEFAULT)
REPAIRS = ClosedBecause("maintenance", "设备检修", UUID(int=9), amnesty=True)


def at(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BEIJING)


NOW = at(10, day=date(2026, 11, 23))
FACTS = SlotFacts(
    visit_on=DAY,
    starts_at=at(9),
    releases_at=DEFAULT.releases_at(DAY),
    books_until=DEFAULT.books_until(at(9)),
    closed=False,
    closed_reason=None,
    provisional=False,
    left=3,
)
TAKES_BOOKINGS = Access(bookable=True)


def test_a_released_slot_with_seats_is_open() -> None:
    assert explain(FACTS, TAKES_BOOKINGS, NOW) == Explanation(Availability.OPEN)


def test_a_slot_opens_at_the_second_of_its_release() -> None:
    a_second_before = explain(FACTS, TAKES_BOOKINGS, FACTS.releases_at - SECOND)

    assert a_second_before == Explanation(
        Availability.NOT_RELEASED, Because.NOT_RELEASED, opens_at=FACTS.releases_at
    )
    assert explain(FACTS, TAKES_BOOKINGS, FACTS.releases_at).state is Availability.OPEN


def test_booking_ends_at_the_second_of_the_cutoff() -> None:
    assert explain(FACTS, TAKES_BOOKINGS, FACTS.books_until - SECOND).state is Availability.OPEN
    assert explain(FACTS, TAKES_BOOKINGS, FACTS.books_until) == Explanation(
        Availability.PAST, Because.PAST_CUTOFF
    )


def test_a_slot_is_past_from_the_second_it_starts() -> None:
    assert explain(FACTS, TAKES_BOOKINGS, FACTS.starts_at - SECOND).reason == Because.PAST_CUTOFF
    assert explain(FACTS, TAKES_BOOKINGS, FACTS.starts_at).reason == Because.PAST


def test_a_closed_slot_gives_the_closures_reason() -> None:
    closed = replace(FACTS, closed=True, closed_reason="weather")

    assert explain(closed, TAKES_BOOKINGS, NOW) == Explanation(Availability.CLOSED, "weather")


def test_a_provisional_slot_is_not_released_and_promises_nothing() -> None:
    provisional = replace(FACTS, provisional=True)

    assert explain(provisional, TAKES_BOOKINGS, NOW) == Explanation(
        Availability.NOT_RELEASED, Because.PROVISIONAL
    )


def test_a_paused_site_has_no_slot_to_book() -> None:
    assert explain(FACTS, Access(bookable=False), NOW) == Explanation(
        Availability.CLOSED, Because.SITE_PAUSED
    )


def test_a_site_under_review_releases_no_further_than_its_horizon() -> None:
    early = replace(FACTS, releases_at=at(18, day=date(2026, 10, 1)))
    reached = at(0, day=date(2026, 11, 11))
    two_weeks = Access(bookable=True, horizon_days=14)

    assert explain(early, two_weeks, reached - SECOND).opens_at == reached
    assert explain(early, two_weeks, reached).state is Availability.OPEN


def test_a_release_after_the_cutoff_is_not_promised() -> None:
    policy = from_numbers({"window_days": 0})
    never = replace(FACTS, releases_at=policy.releases_at(DAY))

    assert explain(never, TAKES_BOOKINGS, NOW) == Explanation(Availability.NOT_RELEASED, Because.NOT_RELEASED)


def test_a_full_slot_and_a_full_day_are_told_apart() -> None:
    assert explain(replace(FACTS, left=0), TAKES_BOOKINGS, NOW).reason == Because.SLOT_FULL
    assert explain(replace(FACTS, day_left=0), TAKES_BOOKINGS, NOW).reason == Because.DAY_FULL


@pytest.mark.parametrize(("left", "day_left", "seats"), [(3, None, 3), (3, 2, 2), (2, 3, 2), (-1, None, 0)])
def test_what_is_left_is_what_slot_and_day_both_have(left: int, day_left: int | None, seats: int) -> None:
    assert seats_left(replace(FACTS, left=left, day_left=day_left)) == seats


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (None, None, (DAY, DAY + timedelta(days=7))),
        (date(2026, 12, 1), None, (date(2026, 12, 1), date(2026, 12, 8))),
        (None, date(2026, 11, 20), (date(2026, 11, 20), date(2026, 11, 20))),
        (None, DAY + timedelta(days=31), (DAY, DAY + timedelta(days=31))),
    ],
)
def test_the_ends_of_a_list_may_be_left_open(
    first: date | None, last: date | None, days: tuple[date, date]
) -> None:
    assert days_asked(first, last, today=DAY, default_days=7) == days


@pytest.mark.parametrize("days", [-1, 32])
def test_a_list_runs_forward_and_at_most_31_days(days: int) -> None:
    with pytest.raises(Invalid):
        days_asked(DAY, DAY + timedelta(days=days), today=DAY, default_days=7)


# Which slots a plan makes, keeps and gives up.


def span(hour: int, *, minutes: int = 60, capacity: int = 20, **caps: int) -> OpenSpan:
    return OpenSpan(
        starts_minute=hour * 60,
        ends_minute=hour * 60 + minutes,
        capacity=capacity,
        rule_id=RULE,
        **caps,  # type: ignore[arg-type]  # capacities only
    )


def plan(
    *spans: OpenSpan,
    shut: tuple[ShutSpan, ...] = (),
    closed: ClosedBecause | None = None,
    provisional: bool = False,
) -> dict[date, DayPlan]:
    day = DayPlan(spans=spans, day_capacity=None, closed=closed, provisional=provisional, shut=shut)
    return {DAY: day}


def existing(hour: int = 9, **values: object) -> ExistingSlot:
    slot = ExistingSlot(
        id=uuid4(),
        visit_on=DAY,
        starts_at=at(hour),
        ends_at=at(hour + 1),
        capacity=20,
        child_capacity=None,
        wheelchair_capacity=None,
        sign_language_capacity=None,
        rule_id=RULE,
        policy_id=FIRST_VERSION.id,
        releases_at=DEFAULT.releases_at(DAY),
        books_until=DEFAULT.books_until(at(hour)),
        provisional=False,
        state="open",
        closed_reason=None,
        closed_text=None,
        closure_id=None,
        amnesty=False,
        edited=False,
        booked=0,
        held=0,
        children_booked=0,
        wheelchairs_booked=0,
        sign_language_booked=0,
        referenced=False,
    )
    return replace(slot, **values)  # type: ignore[arg-type]  # field values by name


OPEN_SITE, SUSPENDED_SITE = Access(bookable=True), Access(bookable=False)
GONE_SITE = Access(bookable=False, gone=True)


def compared(
    plans: dict[date, DayPlan], *slots: ExistingSlot, access: Access = OPEN_SITE, now: datetime = NOW
) -> Changes:
    return compare(plans, [FIRST_VERSION], slots, access, now=now)


def after(slot: ExistingSlot, changes: Changes) -> ExistingSlot:
    return replace(slot, **changes.altered.get(slot.id, {}))


def test_sessions_of_the_plan_become_slots_under_the_days_policy() -> None:
    made = compared(plan(span(9), span(10, child_capacity=5))).made

    assert made[0] == WantedSlot(
        visit_on=DAY,
        starts_at=at(9),
        ends_at=at(10),
        capacity=20,
        child_capacity=None,
        wheelchair_capacity=None,
        sign_language_capacity=None,
        rule_id=RULE,
        policy_id=FIRST_VERSION.id,
        releases_at=DEFAULT.releases_at(DAY),
        books_until=at(8),
        provisional=False,
    )
    assert [slot.child_capacity for slot in made] == [None, 5]


def test_sessions_that_have_begun_are_not_made() -> None:
    assert [slot.starts_at for slot in compared(plan(span(9), span(10)), now=at(9)).made] == [at(10)]


def test_a_slot_that_fits_is_left_alone() -> None:
    changes = compared(plan(span(9)), existing())

    assert (changes.made, changes.removed, changes.altered, changes.hit) == ([], [], {}, [])


def test_a_slot_the_plan_gave_up_is_removed_when_nobody_booked_it() -> None:
    slot = existing()

    assert compared(plan(span(10)), slot).removed == [slot]


def test_a_slot_the_plan_gave_up_stays_for_those_who_have_a_seat() -> None:
    slot = existing(booked=2, referenced=True)
    changes = compared(plan(span(10)), slot)

    assert changes.removed == []
    assert changes.hit == [slot]
    assert (after(slot, changes).state, after(slot, changes).closed_reason) == ("closed", WITHDRAWN)


def test_a_slot_with_history_only_is_withdrawn_without_hitting_anybody() -> None:
    slot = existing(referenced=True)
    changes = compared(plan(), slot)

    assert changes.hit == []
    assert after(slot, changes).closed_reason == WITHDRAWN


def test_a_withdrawn_slot_comes_back_with_the_hours() -> None:
    slot = existing(referenced=True, state="closed", closed_reason=WITHDRAWN)

    assert after(slot, compared(plan(span(9)), slot)) == replace(slot, state="open", closed_reason=None)


@pytest.mark.parametrize("access", [SUSPENDED_SITE, GONE_SITE])
def test_a_withdrawn_slot_does_not_come_back_at_a_site_that_takes_no_bookings(access: Access) -> None:
    slot = existing(referenced=True, state="closed", closed_reason=WITHDRAWN)
    changes = compared(plan(span(9)), slot, access=access)

    assert (after(slot, changes).state, after(slot, changes).closed_reason) == ("closed", WITHDRAWN)


def test_an_open_slot_of_a_suspended_site_stays_open() -> None:
    slot = existing()
    assert after(slot, compared(plan(span(9)), slot, access=SUSPENDED_SITE)).state == "open"


@pytest.mark.parametrize("edited", [False, True])
def test_no_slot_of_a_withdrawn_site_is_open(edited: bool) -> None:
    slot = existing(edited=edited)
    shut = existing(edited=edited, state="closed", closed_reason="maintenance", closure_id=uuid4())
    for found in (slot, shut):
        changes = compared(plan(span(9)), found, access=GONE_SITE)
        assert (after(found, changes).state, after(found, changes).closed_reason) == ("closed", WITHDRAWN)


def test_an_empty_slot_takes_over_new_hours_and_seats() -> None:
    slot = existing()
    changes = compared(plan(span(9, minutes=90, capacity=30)), slot)

    assert after(slot, changes) == replace(slot, ends_at=at(10, 30), capacity=30)
    assert changes.made == []


def test_a_booked_slot_keeps_its_hours_and_is_reported() -> None:
    slot = existing(booked=1, referenced=True)
    changes = compared(plan(span(9, minutes=90)), slot)

    assert after(slot, changes).ends_at == at(10)
    assert changes.hit == [slot]


def test_seats_never_fall_below_those_taken() -> None:
    slot = existing(
        booked=8, held=2, children_booked=4, wheelchairs_booked=1, sign_language_booked=2, referenced=True
    )
    fewer = {"child_capacity": 1, "wheelchair_capacity": 0, "sign_language_capacity": 1}
    changes = compared(plan(span(9, capacity=5, **fewer)), slot)
    left = after(slot, changes)

    assert (left.capacity, left.child_capacity, left.wheelchair_capacity) == (10, 4, 1)
    assert left.sign_language_capacity == 2
    assert changes.hit == [slot]


def test_a_slot_edited_by_hand_is_left_alone() -> None:
    changes = compared(plan(), existing(edited=True, capacity=3))

    assert not changes.touches_existing


def test_the_past_is_left_alone() -> None:
    changes = compared(plan(), existing(), now=at(9))

    assert not changes.touches_existing


def test_a_closed_day_closes_its_slots_edited_ones_too() -> None:
    ruled, added = existing(9), existing(20, edited=True, rule_id=None)
    shut = (ShutSpan(span(9), REPAIRS),)
    changes = compared(plan(shut=shut, closed=REPAIRS), ruled, added)

    assert changes.closed == [ruled, added]
    for slot in (ruled, added):
        closed = after(slot, changes)
        assert (closed.state, closed.closed_reason) == ("closed", "maintenance")
        assert closed.closed_text == "设备检修"
        assert closed.closure_id == REPAIRS.closure_id
        assert closed.amnesty


def test_closed_hours_close_what_lies_in_them() -> None:
    morning, odd, noon = existing(9), existing(10, starts_at=at(9, 30), edited=True), existing(12)
    shut = (ShutSpan(span(9), REPAIRS),)
    changes = compared(plan(span(12), shut=shut), morning, odd, noon)

    assert changes.closed == [morning, odd]
    assert after(noon, changes).state == "open"


def test_a_session_under_a_closure_is_made_closed() -> None:
    made = compared(plan(span(12), shut=(ShutSpan(span(9), REPAIRS),))).made

    assert [(slot.starts_at, slot.closed) for slot in made] == [(at(9), REPAIRS), (at(12), None)]


def test_a_special_opening_wins_over_the_session_it_replaces() -> None:
    shut = (ShutSpan(span(9), REPAIRS),)
    special = OpenSpan(starts_minute=540, ends_minute=600, capacity=4, closure_id=UUID(int=11))
    made = compared(plan(special, shut=shut)).made

    assert [(slot.capacity, slot.closed) for slot in made] == [(4, None)]


def test_lifting_a_closure_opens_its_slots() -> None:
    closed = {
        "state": "closed",
        "closed_reason": "maintenance",
        "closed_text": "设备检修",
        "closure_id": REPAIRS.closure_id,
        "amnesty": True,
    }
    ruled, added = existing(9, **closed), existing(20, edited=True, **closed)
    changes = compared(plan(span(9)), ruled, added)

    assert after(ruled, changes) == existing(9, id=ruled.id)
    assert after(added, changes) == existing(20, id=added.id, edited=True)


def test_what_was_closed_by_hand_outlives_a_closure() -> None:
    slot = existing(edited=True, state="closed", closed_reason="event", closed_text="包场")
    during = compared(plan(shut=(ShutSpan(span(9), REPAIRS),), closed=REPAIRS), slot)
    afterwards = compared(plan(span(9)), slot)

    assert not during.touches_existing
    assert not afterwards.touches_existing


def test_a_gazetted_year_settles_its_slots() -> None:
    slot = existing(provisional=True)

    assert after(slot, compared(plan(span(9)), slot)).provisional is False


@pytest.mark.parametrize("values", [{"state": "open"}, {"state": "closed", "closed_reason": "event"}])
def test_a_gazetted_year_settles_slots_edited_by_hand_too(values: dict[str, str]) -> None:
    slot = existing(20, provisional=True, edited=True, rule_id=None, **values)

    assert after(slot, compared(plan(span(9)), slot)) == replace(slot, provisional=False)


def test_a_slot_closed_while_its_year_is_open_is_settled_when_it_reopens() -> None:
    shut = existing(provisional=True, edited=True)
    closed = after(shut, compared(plan(shut=(ShutSpan(span(9), REPAIRS),), closed=REPAIRS), shut))
    reopened = after(closed, compared(plan(span(9)), closed))

    assert (reopened.state, reopened.provisional) == ("open", False)


def test_the_latest_version_in_force_rules_a_day() -> None:
    spring = DatedPolicy(UUID(int=2), 2, date(2026, 3, 1), DEFAULT)
    again = DatedPolicy(UUID(int=3), 3, date(2026, 3, 1), DEFAULT)
    versions = [again, spring, FIRST_VERSION]

    assert policy_on(versions, date(2026, 2, 28)) is FIRST_VERSION
    assert policy_on(versions, date(2026, 3, 1)) is again
    assert policy_on(versions, date(2020, 1, 1)) is FIRST_VERSION


def test_a_new_version_moves_the_release_of_a_free_slot() -> None:
    slot = existing()
    later = DatedPolicy(UUID(int=2), 2, DAY, from_numbers({"window_days": 1, "notice_minutes": 0}))
    changes = compare(plan(span(9)), [FIRST_VERSION, later], [slot], OPEN_SITE, now=NOW)

    assert after(slot, changes) == replace(
        slot, policy_id=later.id, releases_at=at(18, day=date(2026, 11, 24)), books_until=at(9)
    )


def test_a_new_version_never_takes_a_booked_slot_off_sale() -> None:
    slot = existing(held=1, referenced=True)
    later = DatedPolicy(UUID(int=2), 2, DAY, from_numbers({"window_days": 1}))
    changes = compare(plan(span(9)), [FIRST_VERSION, later], [slot], OPEN_SITE, now=NOW)

    assert after(slot, changes) == replace(slot, policy_id=later.id)


HOURS = st.lists(st.integers(0, 22), unique=True, max_size=8)


@given(
    wanted=HOURS,
    slots=st.lists(
        st.tuples(st.integers(0, 22), st.integers(0, 3), st.booleans(), st.booleans()),
        unique_by=lambda slot: slot[0],
        max_size=8,
    ),
    closed=st.booleans(),
)
def test_doing_it_again_changes_nothing_and_nobody_loses_a_seat(
    wanted: list[int], slots: list[tuple[int, int, bool, bool]], closed: bool
) -> None:
    spans = [span(hour, capacity=2) for hour in sorted(wanted)]
    shut = tuple(ShutSpan(session, REPAIRS) for session in spans)
    plans = plan(shut=shut, closed=REPAIRS) if closed else plan(*spans)
    before = [
        existing(hour, booked=booked, referenced=booked > 0 or history, edited=edited)
        for hour, booked, history, edited in slots
    ]
    first = compared(plans, *before)
    kept = [after(slot, first) for slot in before if slot not in first.removed]
    made = [
        existing(wish.starts_at.astimezone(BEIJING).hour, capacity=wish.capacity)
        for wish in first.made
        if wish.closed is None
    ]
    second = compared(plans, *kept, *made)

    assert all(slot.taken == 0 for slot in first.removed)
    assert all(slot.capacity >= slot.taken for slot in kept)
    assert not second.touches_existing
    assert all(wish.closed for wish in second.made)
