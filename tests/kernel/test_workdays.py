from collections.abc import Generator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import Actor, AuditRow
from miniprogram_api.kernel.db import Model
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.workdays import (
    LOOK_AROUND,
    CalendarDay,
    Day,
    DayKind,
    closed_on_mondays,
    closed_weekly,
    days,
    gazette_year,
    working_days_between,
)

EDITOR = Actor(kind="staff", id="7")
SUNDAY = 6

REST_DAYS_2027 = {date(2027, 1, 1): "元旦", date(2027, 2, 8): "春节", date(2027, 2, 9): "春节"}


def enter_notice_of_2027(session: Session) -> None:
    gazette_year(
        session,
        year=2027,
        rest_days=REST_DAYS_2027,
        make_up_days=[date(2027, 2, 14)],
        source="国务院办公厅通知",
        actor=EDITOR,
    )


@pytest.fixture
def session(bare_engine: Engine, bare_session: Session) -> Generator[Session]:
    tables = ["kernel_calendar_days", "kernel_audit", "kernel_events", "kernel_deliveries"]
    Model.metadata.create_all(bare_engine, tables=[Model.metadata.tables[name] for name in tables])
    yield bare_session
    bare_session.rollback()


def on(session: Session, day: date) -> Day:
    return days(session, day, day)[day]


def around(session: Session, first: date, last: date) -> dict[date, Day]:
    return days(session, first - LOOK_AROUND, last + LOOK_AROUND)


class TestGazettedYears:
    @pytest.mark.parametrize(
        ("day", "kind"),
        [
            (date(2026, 1, 1), DayKind.STATUTORY_HOLIDAY),
            (date(2026, 1, 2), DayKind.STATUTORY_HOLIDAY),
            (date(2026, 1, 3), DayKind.WEEKEND),
            (date(2026, 1, 4), DayKind.MAKE_UP_WORKING_DAY),
            (date(2026, 1, 5), DayKind.WORKING),
            (date(2026, 10, 10), DayKind.MAKE_UP_WORKING_DAY),
            # The make-up day of 2012's new year belongs to 2011.
            (date(2011, 12, 31), DayKind.MAKE_UP_WORKING_DAY),
        ],
    )
    def test_a_date_is_what_the_notice_says(self, session: Session, day: date, kind: DayKind) -> None:
        assert on(session, day).kind is kind
        assert not on(session, day).provisional

    def test_a_make_up_sunday_is_a_working_day(self, session: Session) -> None:
        sunday = on(session, date(2026, 1, 4))

        assert (sunday.on_date.weekday(), sunday.is_working, sunday.name) == (SUNDAY, True, "调休上班")

    def test_a_holiday_has_its_chinese_name_and_every_day_its_source(self, session: Session) -> None:
        assert on(session, date(2026, 10, 1)).name == "国庆节"
        assert on(session, date(2026, 10, 1)).source.startswith("holidays 0.")

    def test_every_year_from_2001_to_2026_is_gazetted_in_the_package(self, session: Session) -> None:
        found = days(session, date(2001, 1, 1), date(2026, 12, 31))

        assert not any(day.provisional for day in found.values())


class TestEstimatedYears:
    def test_a_year_without_a_notice_is_provisional(self, session: Session) -> None:
        """Fails once the package knows 2027: then move the year here and in the test above."""
        found = days(session, date(2027, 1, 1), date(2027, 12, 31))

        assert all(day.provisional for day in found.values())
        assert found[date(2027, 10, 1)].kind is DayKind.STATUTORY_HOLIDAY
        assert DayKind.MAKE_UP_WORKING_DAY not in {day.kind for day in found.values()}

    @pytest.mark.parametrize("day", [date(1949, 10, 1), date(2150, 10, 1), date.min, date.max])
    def test_a_year_beyond_all_tables_knows_weekends_only(self, session: Session, day: date) -> None:
        found = on(session, day)

        assert found.provisional
        assert found.kind in {DayKind.WORKING, DayKind.WEEKEND}


class TestOverrides:
    def test_a_row_wins_over_the_package(self, session: Session) -> None:
        session.add(
            CalendarDay(
                on_date=date(2027, 9, 18),
                kind=DayKind.MAKE_UP_WORKING_DAY,
                name="中秋节调休",
                source="notice",
                gazetted=True,
            )
        )
        session.flush()

        found = on(session, date(2027, 9, 18))
        assert (found.kind, found.name, found.source) == (DayKind.MAKE_UP_WORKING_DAY, "中秋节调休", "notice")
        assert not found.provisional
        assert on(session, date(2027, 9, 19)).provisional

    def test_a_row_that_is_not_gazetted_stays_provisional(self, session: Session) -> None:
        session.add(
            CalendarDay(
                on_date=date(2027, 5, 6), kind=DayKind.WORKING, name="", source="rumour", gazetted=False
            )
        )
        session.flush()

        assert on(session, date(2027, 5, 6)).provisional

    def test_a_notice_settles_the_whole_year(self, session: Session) -> None:
        enter_notice_of_2027(session)

        found = days(session, date(2027, 1, 1), date(2027, 12, 31))
        assert len(found) == 365
        assert not any(day.provisional for day in found.values())
        assert {day.on_date for day in found.values() if day.kind is DayKind.STATUTORY_HOLIDAY} == set(
            REST_DAYS_2027
        )
        assert found[date(2027, 2, 14)].is_working
        assert found[date(2027, 2, 13)].kind is DayKind.WEEKEND
        assert found[date(2027, 10, 1)].kind is DayKind.WORKING

    def test_a_corrected_notice_replaces_the_first(self, session: Session) -> None:
        enter_notice_of_2027(session)
        gazette_year(
            session,
            year=2027,
            rest_days={date(2027, 1, 1): "元旦"},
            make_up_days=[],
            source="b",
            actor=EDITOR,
        )

        assert on(session, date(2027, 2, 8)).kind is DayKind.WORKING
        assert on(session, date(2027, 2, 14)).kind is DayKind.WEEKEND

    def test_a_notice_is_audited_and_announced(self, session: Session) -> None:
        enter_notice_of_2027(session)

        row = session.scalars(select(AuditRow)).one()
        assert (row.action, row.object_id, row.actor_id) == ("kernel.gazette_year", "2027", "7")
        announced = session.scalars(select(EventRow)).one()
        assert (announced.name, announced.payload) == ("kernel.calendar_gazetted", {"year": 2027})

    @pytest.mark.parametrize(
        ("rest_days", "make_up_days"),
        [
            ({date(2026, 12, 31): "元旦"}, []),
            ({}, [date(2028, 1, 1)]),
            ({}, [date(2027, 2, 15)]),
            ({date(2027, 2, 14): "春节"}, [date(2027, 2, 14)]),
        ],
    )
    def test_a_notice_that_cannot_be_right_is_refused(
        self, session: Session, rest_days: dict[date, str], make_up_days: list[date]
    ) -> None:
        with pytest.raises(ValueError, match=r"date|weekend"):
            gazette_year(
                session, year=2027, rest_days=rest_days, make_up_days=make_up_days, source="x", actor=EDITOR
            )


class TestRanges:
    def test_a_range_holds_each_date_in_order_and_asks_once(self, session: Session) -> None:
        session.connection()
        asked: list[str] = []
        event.listen(
            session.get_bind(), "before_cursor_execute", lambda *call: asked.append(call[2]), named=False
        )

        found = days(session, date(2025, 12, 1), date(2027, 1, 31))

        assert list(found) == [date(2025, 12, 1) + timedelta(days=count) for count in range(427)]
        assert len(asked) == 1

    def test_an_inverted_range_is_empty(self, session: Session) -> None:
        assert days(session, date(2026, 5, 2), date(2026, 5, 1)) == {}


class TestClosingDays:
    def test_an_ordinary_monday_is_closed(self, session: Session) -> None:
        closed = closed_on_mondays(around(session, date(2026, 3, 1), date(2026, 3, 31)))

        assert {day for day in closed if day.month == 3} == {date(2026, 3, day) for day in (2, 9, 16, 23, 30)}

    @pytest.mark.parametrize(
        ("monday", "instead"),
        [
            (date(2026, 4, 6), date(2026, 4, 7)),
            (date(2026, 10, 5), date(2026, 10, 8)),
            # The next working day was a Sunday worked to make up for the holiday.
            (date(2024, 2, 12), date(2024, 2, 18)),
        ],
    )
    def test_a_holiday_monday_is_open_and_the_next_working_day_closed(
        self, session: Session, monday: date, instead: date
    ) -> None:
        closed = closed_on_mondays(around(session, monday, monday))

        assert monday not in closed
        assert instead in closed

    def test_a_holiday_before_the_range_closes_a_day_in_it(self, session: Session) -> None:
        assert date(2026, 10, 8) in closed_on_mondays(around(session, date(2026, 10, 8), date(2026, 10, 9)))

    def test_a_displaced_day_beyond_what_is_known_is_left_out(self, session: Session) -> None:
        assert closed_on_mondays(days(session, date(2026, 10, 5), date(2026, 10, 7))) == frozenset()

    def test_the_closing_day_may_be_another_weekday(self, session: Session) -> None:
        closed = closed_weekly(around(session, date(2026, 5, 1), date(2026, 5, 10)), SUNDAY)

        assert {date(2026, 5, 3), date(2026, 5, 10)} <= closed
        assert date(2026, 5, 4) not in closed


class TestWorkingDaysBetween:
    def test_make_up_days_count_and_holidays_do_not(self, session: Session) -> None:
        known = days(session, date(2026, 9, 28), date(2026, 10, 12))

        # 28, 29 and 30 September, 8 and 9 October, and Saturday the 10th.
        assert working_days_between(known, date(2026, 9, 28), date(2026, 10, 12)) == 6

    def test_nothing_lies_between_a_date_and_itself(self, session: Session) -> None:
        assert working_days_between({}, date(2026, 5, 6), date(2026, 5, 6)) == 0
