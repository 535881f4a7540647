"""When a site opens, decided without a database: weekdays, seasons, priority, weekly closing, exceptions."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.kernel.errors import Invalid
from miniprogram_api.kernel.workdays import LOOK_AROUND, Day, DayKind
from miniprogram_api.sites.models import ClosureKind
from miniprogram_api.sites.rules import (
    ClosureFacts,
    DayPlan,
    Opening,
    OpeningRuleFacts,
    Season,
    check_closure,
    check_rule,
    overlapping_rule,
    plan_days,
)

MONDAY = date(2026, 11, 23)
EVERY_DAY = frozenset(range(1, 8))
MAINTENANCE, EVENING, WEATHER = UUID(int=11), UUID(int=12), UUID(int=13)


def a_rule(number: int = 1, **changes: Any) -> OpeningRuleFacts:
    defaults: dict[str, Any] = {
        "weekdays": EVERY_DAY,
        "opens_minute": 540,
        "closes_minute": 960,
        "slot_minutes": 60,
        "capacity": 20,
    }
    return OpeningRuleFacts(id=UUID(int=number), **defaults | changes)


def a_closure(closure_id: UUID = MAINTENANCE, *, on: date = MONDAY, **changes: Any) -> ClosureFacts:
    defaults: dict[str, Any] = {
        "kind": ClosureKind.CLOSED,
        "first_on": on,
        "last_on": on,
        "reason_code": "maintenance",
        "public_text": "设备检修",
    }
    return ClosureFacts(id=closure_id, **defaults | changes)


def an_evening(*, on: date = MONDAY, **changes: Any) -> ClosureFacts:
    special: dict[str, Any] = {
        "kind": ClosureKind.SPECIAL_OPENING,
        "from_minute": 1080,
        "to_minute": 1200,
        "slot_minutes": 60,
        "capacity": 10,
        "reason_code": "event",
        "public_text": "夜场",
    }
    return a_closure(EVENING, on=on, **special | changes)


def ordinary_days(first: date, last: date, changes: Mapping[date, DayKind] | None = None) -> dict[date, Day]:
    """A calendar without holidays but for the changes."""
    known = {}
    for count in range((last - first).days + 1):
        on = first + timedelta(days=count)
        kind = DayKind.WEEKEND if on.isoweekday() > 5 else DayKind.WORKING
        known[on] = Day(on, (changes or {}).get(on, kind), "", False, "test")
    return known


def plan(
    *rules: OpeningRuleFacts,
    closures: tuple[ClosureFacts, ...] = (),
    weekly: int | None = None,
    first: date = MONDAY,
    days: int = 14,
    holidays: Mapping[date, DayKind] | None = None,
) -> dict[date, DayPlan]:
    last = first + timedelta(days=days - 1)
    calendar = ordinary_days(first - LOOK_AROUND, last, holidays)
    return plan_days(Opening(weekly, rules, closures), first, last, calendar=calendar)


def starts(day: DayPlan) -> list[int]:
    return [span.starts_minute for span in day.spans]


class TestRules:
    def test_wednesday_to_sunday_gives_exactly_its_sessions_for_a_fortnight(self) -> None:
        days = plan(a_rule(weekdays=frozenset({3, 4, 5, 6, 7})))
        assert [on.isoweekday() for on, day in days.items() if day.spans] == [3, 4, 5, 6, 7] * 2
        assert all(starts(day) in ([], [540, 600, 660, 720, 780, 840, 900]) for day in days.values())

    def test_what_is_left_of_a_day_makes_no_session(self) -> None:
        day = plan(a_rule(closes_minute=985))[MONDAY]
        assert [(span.starts_minute, span.ends_minute) for span in day.spans][-1] == (900, 960)

    def test_a_session_carries_the_limits_of_its_rule(self) -> None:
        rule = a_rule(child_capacity=8, wheelchair_capacity=2, day_capacity=100)
        day = plan(rule)[MONDAY]
        span = day.spans[0]
        assert (span.capacity, span.child_capacity, span.wheelchair_capacity) == (20, 8, 2)
        assert (span.rule_id, span.closure_id, day.day_capacity) == (rule.id, None, 100)

    def test_two_rules_of_one_priority_make_one_day(self) -> None:
        morning = a_rule(1, closes_minute=660, day_capacity=90)
        afternoon = a_rule(2, opens_minute=780, closes_minute=900, day_capacity=60)
        day = plan(afternoon, morning)[MONDAY]
        assert starts(day) == [540, 600, 780, 840]
        assert day.day_capacity == 60

    def test_the_highest_priority_decides_a_day_alone(self) -> None:
        summer = a_rule(2, opens_minute=480, closes_minute=600, priority=5, weekdays=frozenset({1}))
        days = plan(a_rule(1), summer)
        assert starts(days[MONDAY]) == [480, 540]
        assert len(days[MONDAY + timedelta(days=1)].spans) == 7

    def test_sessions_never_overlap_even_when_rules_do(self) -> None:
        day = plan(a_rule(1, closes_minute=660), a_rule(2, opens_minute=630, closes_minute=780))[MONDAY]
        assert starts(day) == [540, 600, 690]

    @pytest.mark.parametrize(
        ("season", "on", "opens"),
        [
            (Season((4, 1), (10, 31)), date(2027, 4, 1), True),
            (Season((4, 1), (10, 31)), date(2027, 10, 31), True),
            (Season((4, 1), (10, 31)), date(2027, 11, 1), False),
            (Season((11, 1), (3, 31)), date(2027, 1, 15), True),
            (Season((11, 1), (3, 31)), date(2027, 4, 1), False),
            (Season((2, 29), (3, 1)), date(2028, 2, 29), True),
        ],
    )
    def test_a_season_holds_on_its_ends_and_over_new_year(
        self, season: Season, on: date, opens: bool
    ) -> None:
        day = plan(a_rule(season=season), first=on, days=1)[on]
        assert (day.closed is None) is opens
        assert opens or (day.closed is not None and day.closed.reason_code == "off_season")

    def test_validity_includes_its_first_and_last_day(self) -> None:
        first, last = MONDAY + timedelta(days=2), MONDAY + timedelta(days=4)
        days = plan(a_rule(valid_from=first, valid_to=last))
        assert [on for on, day in days.items() if day.spans] == [first, first + timedelta(days=1), last]

    def test_a_day_without_a_rule_says_that_it_does_not_open(self) -> None:
        day = plan(a_rule(weekdays=frozenset({2})))[MONDAY]
        assert day.closed is not None
        assert (day.closed.reason_code, day.closed.public_text) == ("not_open", "当日不开放。")

    def test_a_year_without_a_notice_is_provisional(self) -> None:
        calendar = ordinary_days(MONDAY - LOOK_AROUND, MONDAY)
        calendar[MONDAY] = Day(MONDAY, DayKind.WORKING, "", True, "estimate")
        days = plan_days(Opening(None, (a_rule(),)), MONDAY, MONDAY, calendar=calendar)
        assert days[MONDAY].provisional
        assert days[MONDAY].spans


class TestWeeklyClosing:
    def test_monday_closes(self) -> None:
        day = plan(a_rule(), weekly=1)[MONDAY]
        assert day.spans == ()
        assert day.closed is not None
        assert (day.closed.reason_code, day.closed.public_text) == ("weekly_closing", "每周例行闭馆日。")

    def test_a_statutory_monday_opens_and_the_next_working_day_closes_instead(self) -> None:
        holidays = {
            MONDAY: DayKind.STATUTORY_HOLIDAY,
            MONDAY + timedelta(days=1): DayKind.STATUTORY_HOLIDAY,
        }
        days = plan(a_rule(), weekly=1, holidays=holidays)
        assert days[MONDAY].spans
        assert days[MONDAY + timedelta(days=1)].spans
        moved = days[MONDAY + timedelta(days=2)].closed
        assert moved is not None
        assert moved.public_text == "闭馆日逢法定节假日照常开放，顺延至当日闭馆。"

    def test_a_make_up_sunday_is_the_next_working_day(self) -> None:
        holidays = dict.fromkeys((MONDAY + timedelta(days=n) for n in range(6)), DayKind.STATUTORY_HOLIDAY)
        sunday = MONDAY + timedelta(days=6)
        days = plan(a_rule(), weekly=1, holidays={**holidays, sunday: DayKind.MAKE_UP_WORKING_DAY})
        assert [on for on, day in days.items() if day.closed] == [sunday, MONDAY + timedelta(days=7)]

    def test_a_closing_day_displaced_from_before_the_range_is_found(self) -> None:
        tuesday = MONDAY + timedelta(days=1)
        days = plan(a_rule(), weekly=1, first=tuesday, days=1, holidays={MONDAY: DayKind.STATUTORY_HOLIDAY})
        assert days[tuesday].closed is not None


class TestExceptions:
    def test_a_closed_day_says_why_and_names_what_it_takes_away(self) -> None:
        day = plan(a_rule(), closures=(a_closure(amnesty=False),))[MONDAY]
        assert day.spans == ()
        assert day.closed is not None
        assert (day.closed.reason_code, day.closed.public_text) == ("maintenance", "设备检修")
        assert (day.closed.closure_id, day.closed.amnesty) == (MAINTENANCE, False)
        assert [gone.span.starts_minute for gone in day.shut] == [540, 600, 660, 720, 780, 840, 900]

    def test_closed_hours_take_away_the_sessions_they_touch_and_move_no_other(self) -> None:
        day = plan(a_rule(), closures=(a_closure(from_minute=690, to_minute=780),))[MONDAY]
        assert starts(day) == [540, 600, 780, 840, 900]
        assert day.closed is None
        assert [gone.span.starts_minute for gone in day.shut] == [660, 720]
        assert {gone.because.closure_id for gone in day.shut} == {MAINTENANCE}

    def test_hours_that_close_every_session_close_the_day(self) -> None:
        day = plan(a_rule(), closures=(a_closure(from_minute=0, to_minute=1440),))[MONDAY]
        assert day.closed is not None
        assert day.closed.closure_id == MAINTENANCE

    def test_a_closure_holds_on_every_day_of_it(self) -> None:
        closure = a_closure(last_on=MONDAY + timedelta(days=2))
        days = plan(a_rule(), closures=(closure,))
        assert [bool(day.spans) for day in days.values()][:4] == [False, False, False, True]

    def test_a_special_opening_adds_sessions_to_an_open_day(self) -> None:
        day = plan(a_rule(), closures=(an_evening(),))[MONDAY]
        assert starts(day)[-3:] == [900, 1080, 1140]
        assert (day.spans[-1].capacity, day.spans[-1].closure_id) == (10, EVENING)

    def test_a_special_opening_opens_a_day_that_routine_closes(self) -> None:
        day = plan(a_rule(), weekly=1, closures=(an_evening(),))[MONDAY]
        assert (starts(day), day.closed) == ([1080, 1140], None)

    def test_a_special_opening_replaces_sessions_in_its_way(self) -> None:
        special = an_evening(from_minute=870, to_minute=990, slot_minutes=120)
        assert starts(plan(a_rule(), closures=(special,))[MONDAY]) == [540, 600, 660, 720, 780, 870]

    def test_the_later_word_holds(self) -> None:
        storm = a_closure(WEATHER, reason_code="weather", public_text="暴雪")
        opened_last = plan(a_rule(), closures=(a_closure(), an_evening()))[MONDAY]
        closed_last = plan(a_rule(), closures=(a_closure(), an_evening(), storm))[MONDAY]
        assert starts(opened_last) == [1080, 1140]
        assert closed_last.closed is not None
        assert closed_last.closed.closure_id == WEATHER

    @given(
        opens=st.integers(0, 1400),
        length=st.integers(5, 300),
        hours=st.integers(10, 1440),
        shut=st.tuples(st.integers(0, 1440), st.integers(0, 1440)),
    )
    def test_sessions_lie_within_the_hours_in_order_and_outside_closed_ones(
        self, opens: int, length: int, hours: int, shut: tuple[int, int]
    ) -> None:
        closes = min(1440, opens + hours)
        first, last = sorted(shut)
        closure = a_closure(from_minute=first, to_minute=last)
        rule = a_rule(opens_minute=opens, closes_minute=closes, slot_minutes=length)
        day = plan(rule, closures=(closure,), days=1)[MONDAY]
        ends = [opens]
        for span in day.spans:
            assert ends[-1] <= span.starts_minute
            assert span.ends_minute == span.starts_minute + length <= closes
            assert not span.touches(first, last)
            ends.append(span.ends_minute)


class TestDrafts:
    @pytest.mark.parametrize(
        ("changes", "field", "code"),
        [
            ({"weekdays": frozenset()}, "weekdays", "field.required"),
            ({"closes_minute": 540}, "closes", "sites.closes_before_opens"),
            ({"slot_minutes": 421}, "slot_minutes", "sites.slot_too_long"),
            (
                {"valid_from": MONDAY, "valid_to": MONDAY - timedelta(days=1)},
                "valid_to",
                "sites.ends_before_it_starts",
            ),
            ({"child_capacity": 21}, "child_capacity", "sites.more_than_capacity"),
            ({"wheelchair_capacity": 21}, "wheelchair_capacity", "sites.more_than_capacity"),
        ],
    )
    def test_a_rule_that_contradicts_itself_names_the_field(
        self, changes: dict[str, Any], field: str, code: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            check_rule(a_rule(**changes))
        assert [(wrong.field, wrong.code) for wrong in refused.value.fields] == [(field, code)]

    def test_a_rule_may_use_its_whole_day(self) -> None:
        check_rule(a_rule(opens_minute=0, closes_minute=1440, slot_minutes=1440, child_capacity=20))

    @pytest.mark.parametrize(
        ("closure", "wrong"),
        [
            (a_closure(last_on=MONDAY - timedelta(days=1)), {"last_on": "sites.ends_before_it_starts"}),
            (a_closure(last_on=MONDAY + timedelta(days=367)), {"last_on": "sites.closure_too_long"}),
            (a_closure(on=MONDAY - timedelta(days=31)), {"last_on": "sites.closure_long_over"}),
            (a_closure(from_minute=600), {"to": "field.required"}),
            (a_closure(from_minute=600, to_minute=600), {"to": "sites.closes_before_opens"}),
            (
                a_closure(slot_minutes=60, capacity=5),
                {
                    "slot_minutes": "sites.only_for_special_openings",
                    "capacity": "sites.only_for_special_openings",
                },
            ),
            (
                an_evening(from_minute=None, to_minute=None, slot_minutes=None, capacity=None),
                dict.fromkeys(("from", "to", "slot_minutes", "capacity"), "field.required"),
            ),
            (an_evening(slot_minutes=121), {"slot_minutes": "sites.slot_too_long"}),
        ],
    )
    def test_a_closure_that_makes_no_sense_names_the_fields(
        self, closure: ClosureFacts, wrong: dict[str, str]
    ) -> None:
        with pytest.raises(Invalid) as refused:
            check_closure(closure, today=MONDAY)
        assert {error.field: error.code for error in refused.value.fields} == wrong

    def test_a_closure_may_be_entered_after_the_fact(self) -> None:
        check_closure(a_closure(on=MONDAY - timedelta(days=30)), today=MONDAY)

    def test_overlapping_hours_of_one_priority_are_found_on_their_first_common_day(self) -> None:
        sundays = a_rule(1, weekdays=frozenset({7}), season=Season((1, 1), (1, 31)))
        january = a_rule(2, opens_minute=900, closes_minute=1000)
        found = overlapping_rule(Opening(None, (sundays,)), january, today=MONDAY)
        assert found == (sundays, date(2027, 1, 3))

    @pytest.mark.parametrize(
        "other",
        [
            a_rule(2, priority=1),
            a_rule(2, opens_minute=960, closes_minute=1020),
            a_rule(2, weekdays=frozenset({2})),
            a_rule(1),
            a_rule(2, valid_to=MONDAY - timedelta(days=1)),
        ],
    )
    def test_rules_that_never_meet_do_not_overlap(self, other: OpeningRuleFacts) -> None:
        opening = Opening(None, (a_rule(1, weekdays=frozenset({1})),))
        assert overlapping_rule(opening, other, today=MONDAY) is None


class TestOpening:
    def test_a_draft_takes_the_place_of_the_rule_with_its_id(self) -> None:
        opening = Opening(None, (a_rule(1), a_rule(2)))
        assert opening.with_rule(a_rule(1, capacity=5)).rules == (a_rule(2), a_rule(1, capacity=5))
        assert opening.without_rule(UUID(int=1)).rules == (a_rule(2),)

    def test_closures_come_and_go(self) -> None:
        opening = Opening(1, (), (a_closure(),))
        assert opening.with_closure(an_evening()).closures == (a_closure(), an_evening())
        assert opening.without_closure(MAINTENANCE).closures == ()
