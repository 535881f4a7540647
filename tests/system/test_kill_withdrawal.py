"""The worker is killed at any statement of a withdrawal: the next one ends it as if nothing had happened."""

import os
import random
import signal
from collections import Counter
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from config.settings import Settings
from miniprogram_api.kernel import clock, events
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.messaging.models import Message
from miniprogram_api.registry import jobs_withdrawals
from miniprogram_api.registry.models import Announcement
from miniprogram_api.registry.service import withdrawals
from miniprogram_api.visits.models import Booking, Slot, Ticket
from tests.support.forked import run_forked
from tests.support.withdrawal_worker import in_small_batches, withdraw_and_die
from tests.support.withdrawing import Withdrawn, get_case, make_visited_site, withdraw

POINTS = 40 if "FUZZ_LONG" in os.environ else 4


@pytest.fixture(autouse=True)
def _small_batches() -> Generator[None]:
    before = withdrawals.advance
    in_small_batches()
    yield
    vars(withdrawals)["advance"] = before


def run_worker(settings: Settings, found: Withdrawn, *, kill_before: int) -> tuple[int, str]:
    """How a worker ended, and what it printed."""
    ended = run_forked(withdraw_and_die, settings, found, kill_before, folder=settings.data_dir)
    assert ended.status in {0, -signal.SIGKILL}, ended.printed
    return ended.status, ended.printed


def resume(found: Withdrawn) -> None:
    """The registry's record comes again, the sweep runs, and leases of the dead run out."""
    withdraw(found)
    jobs_withdrawals.resume_withdrawals()
    clock.freeze(clock.now() + timedelta(minutes=10))
    while events.drain():
        pass
    clock.reset()


def end_state(found: Withdrawn) -> dict[str, Any]:
    """Everything that a withdrawal leaves, without ids and times."""
    case = get_case(found)
    with reading() as session:
        bookings = session.scalars(select(Booking).where(Booking.site_id == found.site_id)).all()
        ids = {str(booking.id) for booking in bookings}
        slots = session.scalars(select(Slot).where(Slot.site_id == found.site_id)).all()
        tickets = session.scalars(
            select(Ticket.state).where(Ticket.booking_id.in_([booking.id for booking in bookings]))
        ).all()
        told = session.scalars(select(Message.subject_id)).all()
        audited = session.scalars(
            select(AuditRow.object_id).where(AuditRow.action == "visits.cancel_by_authority")
        ).all()
        facts = select(EventRow.payload).where(EventRow.name == "visits.visit_cancelled_by_authority")
        published = [fact["booking_id"] for fact in session.scalars(facts)]
        announced = session.scalars(
            select(Announcement.data).where(Announcement.subject == found.project_id)
        ).all()
    return {
        "bookings": Counter((it.status, it.cancelled_by, it.cancel_reason, it.revision) for it in bookings),
        "slots": Counter((it.state, it.closed_reason, it.booked, it.held) for it in slots),
        "tickets": Counter(tickets),
        "told": Counter(Counter(subject for subject in told if subject in ids).values()),
        "audited": Counter(Counter(id_ for id_ in audited if id_ in ids).values()),
        "published": Counter(Counter(id_ for id_ in published if id_ in ids).values()),
        "announced": announced,
        "case": (case.state, case.slots_closed, case.bookings_cancelled),
        "people": (case.people_notified, case.unreachable),
    }


def visited_site() -> Withdrawn:
    return make_visited_site(slots=3, members=2, guests=1)


def test_a_worker_killed_anywhere_changes_nothing_in_the_end(app: Flask, settings: Settings) -> None:
    undisturbed = visited_site()
    status, printed = run_worker(settings, undisturbed, kill_before=0)
    assert status == 0
    expected = end_state(undisturbed)
    assert (expected["case"], expected["people"]) == (("completed", 3, 9), (6, 3))
    assert (len(expected["announced"]), expected["told"]) == (1, Counter({1: 6}))
    statements = int(printed.split()[-1])

    chance = random.Random(statements)
    points = sorted({2, statements - 1, *chance.sample(range(3, statements - 1), POINTS)})
    for point in points:
        found = visited_site()
        assert run_worker(settings, found, kill_before=point)[0] == -signal.SIGKILL
        resume(found)
        assert end_state(found) == expected, f"killed before statement {point} of {statements}"


def test_what_a_killed_worker_left_is_not_the_end(app: Flask, settings: Settings) -> None:
    """The control: without anybody who resumes, the same kill is seen."""
    undisturbed = visited_site()
    _, printed = run_worker(settings, undisturbed, kill_before=0)
    found = visited_site()
    run_worker(settings, found, kill_before=int(printed.split()[-1]) // 2)
    assert end_state(found) != end_state(undisturbed)
