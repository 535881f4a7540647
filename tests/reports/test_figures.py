"""Every figure is the sum of the rows it stands for, whatever the rows, and of the caller's sites only."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role, staff_grant
from miniprogram_api.kernel.access import Principal, PrincipalKind
from miniprogram_api.kernel.clock import BEIJING, beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.reports.queries import Line, Report, list_choices, make_report
from miniprogram_api.reports.rules import NAMES, Figures, Period, total_of
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, BookingStatus, Channel, Slot, SlotState
from miniprogram_api.visits.rules import words
from tests.conftest import Clock
from tests.factories.sites import make_organisation, make_site
from tests.factories.visits import make_booking, make_slot
from tests.support.statements import statements

FIRST = date(2026, 11, 2)
PERIOD = Period(FIRST, FIRST + timedelta(days=13))
NOW = beijing_time(FIRST + timedelta(days=9), 12 * 60)


def holder(
    role: Role = Role.ADMIN, *, site: UUID | None = None, organisation: UUID | None = None
) -> Principal:
    grant = staff_grant(role, organisation_id=organisation, site_id=site)
    return Principal(kind=PrincipalKind.STAFF, id=uuid4(), session_id=uuid4(), grants=(grant,))


def report(principal: Principal | None = None, *, site: UUID | None = None) -> Report:
    with reading() as session:
        return make_report(session, principal or holder(), site_id=site, period=PERIOD, now=NOW)


@pytest.fixture
def sites(app: Flask, clock: Clock) -> list[Site]:
    with atomic() as session:
        return [make_site(session, name=name) for name in ("甲馆", "乙馆")]


def fill_at_random(sites: list[Site], chance: random.Random) -> None:
    """Slots inside the period and around it, some closed, with bookings in every state."""
    with atomic() as session:
        for site in sites:
            for number in range(chance.randint(1, 6)):
                day = FIRST + timedelta(days=chance.randint(-2, 15))
                minute = chance.choice((0, 9 * 60, 9 * 60 + 30, 13 * 60, 23 * 60)) + number
                slot = make_slot(
                    session,
                    site.id,
                    starts_at=beijing_time(day, minute),
                    minutes=chance.choice((30, 60, 90)),
                    capacity=chance.choice((30, 50)),
                    state=chance.choice((SlotState.OPEN, SlotState.OPEN, SlotState.CLOSED)),
                )
                for _ in range(chance.randint(0, 4)):
                    add_booking_at_random(session, slot, chance)


def add_booking_at_random(session: object, slot: Slot, chance: random.Random) -> None:
    adults, children = chance.randint(1, 3), chance.randint(0, 2)
    seats = adults + children
    status = chance.choice(list(BookingStatus))
    admitted = {
        BookingStatus.ADMITTED: seats,
        BookingStatus.PARTLY_ADMITTED: chance.randint(1, seats),
    }.get(status, 0)
    make_booking(
        session,  # type: ignore[arg-type]  # the session of the caller's transaction
        slot,
        adults=adults,
        children=children,
        status=status,
        admitted=admitted,
        channel=chance.choice(list(Channel)),
    )


def counted(rows: Iterable[tuple[Slot, list[Booking]]]) -> Figures:
    """The same figures by walking over every row."""
    sums = dict.fromkeys(NAMES, 0)
    for slot, bookings in rows:
        kept = [booking for booking in bookings if booking.status is not BookingStatus.CANCELLED]
        if slot.state is SlotState.OPEN or kept:
            sums["slots"] += 1
            sums["capacity"] += slot.capacity
        sums["bookings"] += len(bookings)
        sums["cancelled"] += len(bookings) - len(kept)
        for booking in kept:
            sums["seats"] += booking.seats
            sums["arrived"] += booking.admitted
            walk_in = booking.channel is Channel.WALK_IN
            sums["walk_ins"] += booking.seats if walk_in else 0
            if booking.status is not BookingStatus.CONFIRMED and booking.ends_at <= NOW and not walk_in:
                sums["settled"] += booking.seats
                sums["no_shows"] += booking.seats - booking.admitted
    return Figures(**sums)


def rows_of_period() -> list[tuple[Slot, list[Booking]]]:
    with reading() as session:
        slots = session.scalars(select(Slot).where(Slot.visit_on.between(PERIOD.first, PERIOD.last))).all()
        bookings = session.scalars(select(Booking)).all()
    return [(slot, [each for each in bookings if each.slot_id == slot.id]) for slot in slots]


def local(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%H:%M}"


def without_places(figures: Figures) -> Figures:
    """Of bookings alone: a channel has no slots of its own."""
    return replace(figures, slots=0, capacity=0)


def as_table(lines: Iterable[Line]) -> dict[str, Figures]:
    return {line.name: line.figures for line in lines}


@pytest.mark.parametrize("seed", range(6))
def test_every_figure_is_the_sum_of_its_rows(sites: list[Site], seed: int) -> None:
    fill_at_random(sites, random.Random(seed))
    rows, told = rows_of_period(), report()
    names = {site.id: site.name for site in sites}
    assert told.total == counted(rows)
    for table, key in (
        (told.by_site, lambda slot: names[slot.site_id]),
        (told.by_day, lambda slot: slot.visit_on.isoformat()),
        (told.by_weekday, lambda slot: f"周{'一二三四五六日'[slot.visit_on.weekday()]}"),
        (told.by_time, lambda slot: f"{local(slot.starts_at)}–{local(slot.ends_at)}"),
    ):
        assert total_of(line.figures for line in table) == told.total
        for name, figures in as_table(table).items():
            assert figures == counted(row for row in rows if key(row[0]) == name)
    assert total_of(line.figures for line in told.by_channel) == without_places(told.total)
    for value, name in words.CHANNEL.items():
        theirs = [(slot, [each for each in bookings if each.channel == value]) for slot, bookings in rows]
        assert as_table(told.by_channel)[name] == without_places(counted(theirs))


def test_days_without_slots_and_channels_without_bookings_are_there_too(sites: list[Site]) -> None:
    told = report()
    assert [line.name for line in told.by_day][:2] == ["2026-11-02", "2026-11-03"]
    assert len(told.by_day) == PERIOD.days
    assert [line.name for line in told.by_weekday] == [f"周{day}" for day in "一二三四五六日"]
    assert [line.name for line in told.by_channel] == ["小程序", "电话", "窗口", "现场"]


def test_a_manager_sees_the_figures_of_their_sites_only(sites: list[Site]) -> None:
    with atomic() as session:
        organisation = make_organisation(session)
        theirs = make_site(session, name="丙馆", operator_id=organisation.id)
        for site in (*sites, theirs):
            slot = make_slot(session, site.id, starts_at=beijing_time(FIRST, 600))
            make_booking(session, slot, adults=2)
    of_site = holder(Role.SITE_MANAGER, site=sites[0].id)
    of_organisation = holder(Role.SITE_MANAGER, organisation=organisation.id)
    of_city = holder(Role.DPO)
    for principal, names in (
        (of_site, {"甲馆"}),
        (of_organisation, {"丙馆"}),
        (of_city, {"甲馆", "乙馆", "丙馆"}),
        (holder(Role.GATE, site=sites[0].id), set()),
    ):
        assert set(as_table(report(principal).by_site)) == names
        assert report(principal).total.seats == 2 * len(names)
        with reading() as session:
            assert {choice.name for choice in list_choices(session, principal)} == names
    assert report(of_site, site=sites[1].id).total == Figures()
    assert set(as_table(report(of_city, site=sites[1].id).by_site)) == {"乙馆"}


def test_a_report_takes_four_statements_however_much_there_is(sites: list[Site]) -> None:
    for seed in (1, 2):
        fill_at_random(sites, random.Random(seed))
        with statements() as sent:
            report()
        assert len(sent) == 4
