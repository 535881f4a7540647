"""A withdrawal ends what can be visited at a site, tells whoever had booked, and says when it is done."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging.models import Message
from miniprogram_api.operations import invariants
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.registry import jobs_withdrawals
from miniprogram_api.registry.models import Announcement, HeldProject, WithdrawalCase, WithdrawalState
from miniprogram_api.registry.service import withdrawals
from miniprogram_api.sites.models import Lifecycle, Overlay, Site
from miniprogram_api.visits import jobs as visit_jobs
from miniprogram_api.visits.errors.slots import SiteNotOpen
from miniprogram_api.visits.models import Booking, BookingStatus, Hold, HoldState, Slot, SlotState, Ticket
from miniprogram_api.visits.service import slots as slot_service
from tests.conftest import Clock
from tests.factories.gate import Gate
from tests.factories.members import make_member
from tests.factories.sites import make_opening_rule, make_site
from tests.factories.staff import signed_in
from tests.factories.visits import make_booking, make_slot
from tests.support.clients import BearerClient, MemberClient
from tests.support.statements import statements
from tests.support.withdrawing import (
    PHONE,
    Withdrawn,
    find_case,
    get_case,
    give_contact,
    make_visited_site,
    statuses,
    title_again,
    withdraw,
)

STAFF = "/api/staff/v1"

pytestmark = pytest.mark.usefixtures("app", "clock")


def settle() -> None:
    """Everything that events bring about."""
    while events.drain():
        pass


def slot_states(found: Withdrawn) -> set[tuple[str, str | None]]:
    with reading() as session:
        rows = session.execute(select(Slot.state, Slot.closed_reason).where(Slot.site_id == found.site_id))
        return {(row.state.value, row.closed_reason) for row in rows}


def announced() -> list[dict[str, Any]]:
    with reading() as session:
        rows = session.scalars(select(Announcement).order_by(Announcement.id)).all()
    return [
        {"subject": row.subject, **row.data} for row in rows if row.type == "engagement.withdrawal.completed"
    ]


def broken() -> dict[str, list[str]]:
    with snapshot() as session:
        found = {it.code: rows for it, rows in invariants.check(session) if rows}
    # Bookings that a factory made have no trail, and nobody sealed the audit rows.
    return {code: rows for code, rows in found.items() if code not in {"I6", "I9"}}


def test_a_withdrawal_closes_every_slot_to_come_with_the_record() -> None:
    found = make_visited_site()

    withdraw(found)

    assert slot_states(found) == {("closed", "withdrawn")}
    case = get_case(found)
    assert (case.state, case.slots_closed, case.version) == (WithdrawalState.RUNNING, 3, 2)
    # Nobody is cancelled in the registry's own transaction, which may hold a whole page of records.
    assert set(statuses(found).values()) == {BookingStatus.CONFIRMED}


def test_every_visit_is_cancelled_and_every_member_told_once() -> None:
    found = make_visited_site(slots=3, members=2, guests=1)

    withdraw(found)
    settle()

    assert set(statuses(found).values()) == {BookingStatus.CANCELLED}
    with reading() as session:
        bookings = session.scalars(select(Booking)).all()
        assert {(it.cancelled_by, it.cancel_reason) for it in bookings} == {
            ("authority", "示范点已停止开放（依据：文〔2026〕8号）")
        }
        assert {ticket.state.value for ticket in session.scalars(select(Ticket))} == {"revoked"}
        assert {(slot.booked, slot.held) for slot in session.scalars(select(Slot))} == {(0, 0)}
        told = session.execute(select(Message.member_id, Message.subject_id)).all()
    assert sorted(told) == sorted((it.member_id, str(it.id)) for it in bookings if it.member_id)
    assert announced() == [
        {
            "subject": found.project_id,
            "version": 2,
            "slots_closed": 3,
            "bookings_cancelled": None,
            "people_notified": None,
            "unreachable": None,
            "suppressed": True,
        }
    ]
    case = get_case(found)
    assert (case.state, case.bookings_cancelled) == (WithdrawalState.COMPLETED, 9)
    assert (case.people_notified, case.unreachable) == (6, 3)
    assert broken() == {}


def test_partners_are_told_of_days_with_five_or_more_and_of_no_other() -> None:
    """The figures of days say 6 and hide one: 8 in all would tell that it is 2."""
    found = make_visited_site(slots=2, members=2, guests=0)
    with atomic() as session:
        slot = session.get_one(Slot, found.slots[0])
        for _ in range(4):
            make_booking(session, slot, member_id=make_member(session).id)

    withdraw(found)
    settle()

    (event,) = announced()
    told = {name: event[name] for name in ("bookings_cancelled", "people_notified", "unreachable")}
    assert told == {"bookings_cancelled": 6, "people_notified": 6, "unreachable": 0}
    assert event["suppressed"] is True
    case = get_case(found)
    assert (case.bookings_cancelled, case.people_notified) == (8, 8)


def test_each_cancelled_visit_has_its_audit_row_and_event() -> None:
    found = make_visited_site(slots=1, members=2, guests=0)
    withdraw(found)
    settle()
    ids = sorted(str(booking_id) for booking_id in found.bookings)
    with reading() as session:
        rows = session.scalars(
            select(AuditRow.object_id).where(AuditRow.action == "visits.cancel_by_authority")
        )
        assert sorted(rows) == ids
        facts = session.scalars(
            select(EventRow.payload).where(EventRow.name == "visits.visit_cancelled_by_authority")
        )
        assert sorted(fact["booking_id"] for fact in facts) == ids


def test_the_nearest_visits_come_off_first(clock: Clock) -> None:
    found = make_visited_site(slots=3, members=2, guests=0)
    case_id = withdraw(found)
    assert case_id is not None

    with atomic() as session:
        more = withdrawals.advance(session, case_id=case_id, actor=SYSTEM, now=clock.now, limit=2)

    cancelled = [id_ for id_, status in statuses(found).items() if status is BookingStatus.CANCELLED]
    assert (more, sorted(cancelled)) == (True, sorted(found.bookings[:2]))


def test_taking_the_record_over_again_changes_nothing() -> None:
    found = make_visited_site()
    first = withdraw(found)
    settle()
    assert withdraw(found) == first
    settle()
    assert len(announced()) == 1


def test_a_later_version_with_the_same_date_is_no_news(clock: Clock) -> None:
    found = make_visited_site()
    first = withdraw(found, effective_at=clock.now)
    settle()
    assert withdraw(found, version=3, effective_at=clock.now) == first
    assert len(announced()) == 1


def test_visits_before_the_effective_date_are_honoured_in_closed_slots(
    app: Flask, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    found = make_visited_site(slots=3, members=1, guests=0)
    with reading() as session:
        second = session.get_one(Slot, found.slots[1])

    withdraw(found, effective_at=second.starts_at)
    settle()

    honoured, *others = found.bookings
    assert statuses(found) == {honoured: BookingStatus.CONFIRMED} | dict.fromkeys(
        others, BookingStatus.CANCELLED
    )
    assert slot_states(found) == {("closed", "withdrawn")}
    assert broken() == {}
    with reading() as session:
        booking = session.get_one(Booking, honoured)
        code = session.scalars(select(Ticket.short_code).where(Ticket.booking_id == honoured)).one()
        late = session.scalars(select(Ticket.short_code).where(Ticket.booking_id == others[0])).one()
    clock.set(booking.starts_at)
    gate = Gate(app, found.site_id)
    assert gate.scan(code)["result"] == "ok"
    assert gate.scan(late)["result"] == "revoked"


def test_nothing_is_bookable_once_the_record_is_taken_over(
    app: Flask, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    found = make_visited_site(slots=2, members=0, guests=0)
    alice = MemberClient(app, fake_wechat)
    withdraw(found, effective_at=clock.now + timedelta(days=30))

    body = {"slot_id": str(found.slots[0]), "party": {"adults": 1}}
    answer = alice.post("/api/v1/bookings", json=body, headers={"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.get_json()["code"]) == (409, "visits.site_not_bookable")


def test_an_earlier_date_reopens_the_case(clock: Clock) -> None:
    found = make_visited_site(slots=3, members=1, guests=0)
    withdraw(found, effective_at=clock.now + timedelta(days=20))
    settle()
    assert set(statuses(found).values()) == {BookingStatus.CONFIRMED}

    withdraw(found, version=3, effective_at=clock.now)
    settle()

    assert set(statuses(found).values()) == {BookingStatus.CANCELLED}
    assert [(it["version"], it["bookings_cancelled"]) for it in announced()] == [(2, 0), (3, None)]
    assert get_case(found).bookings_cancelled == 3


def test_a_later_date_gives_nothing_back(clock: Clock) -> None:
    found = make_visited_site(slots=1, members=1, guests=0)
    withdraw(found)
    settle()
    withdraw(found, version=3, effective_at=clock.now + timedelta(days=30))
    settle()
    assert set(statuses(found).values()) == {BookingStatus.CANCELLED}
    assert get_case(found).state is WithdrawalState.COMPLETED


def test_a_newer_version_carries_an_unfinished_case_on(clock: Clock) -> None:
    found = make_visited_site(slots=2, members=2, guests=0)
    first = withdraw(found)
    assert first is not None
    with atomic() as session:
        withdrawals.advance(session, case_id=first, actor=SYSTEM, now=clock.now, limit=1)

    withdraw(found, version=3, effective_at=clock.now - timedelta(hours=1))
    settle()

    with reading() as session:
        assert session.get_one(WithdrawalCase, first).state is WithdrawalState.SUPERSEDED
    assert [(it["version"], it["slots_closed"]) for it in announced()] == [(3, 2)]
    case = get_case(found)
    assert (case.bookings_cancelled, case.people_notified) == (4, 4)


def test_a_title_given_back_restores_nothing(clock: Clock) -> None:
    found = make_visited_site(slots=1)
    with atomic() as session:
        make_opening_rule(session, found.site_id)
    withdraw(found)
    settle()

    title_again(found, version=3)
    with atomic() as session:
        visit_jobs._regenerate(session, found.site_id)

    assert slot_states(found) == {("closed", "withdrawn")}
    assert set(statuses(found).values()) == {BookingStatus.CANCELLED}


def test_a_case_that_was_left_behind_spares_what_was_booked_after_the_title_came_back(clock: Clock) -> None:
    found = make_visited_site(slots=1, members=1, guests=0)
    case_id = withdraw(found)
    assert case_id is not None
    clock.advance(days=1)
    title_again(found, version=3)
    with atomic() as session:
        session.get_one(Site, found.site_id).overlay = Overlay.OPEN
        slot = make_slot(session, found.site_id, starts_at=clock.now + timedelta(days=3))
        member = make_member(session)
        fresh = make_booking(session, slot, member_id=member.id, created_at=clock.now).id

    jobs_withdrawals.resume_withdrawals()

    assert statuses(found) == {
        found.bookings[0]: BookingStatus.CANCELLED,
        fresh: BookingStatus.CONFIRMED,
    }
    with reading() as session:
        assert session.get_one(Slot, slot.id).state is SlotState.OPEN


def test_holds_are_given_back(clock: Clock) -> None:
    found = make_visited_site(slots=1, members=0, guests=0)
    with atomic() as session:
        slot = session.get_one(Slot, found.slots[0])
        slot.held = 2
        session.add(
            Hold(
                id=new_id(),
                slot_id=slot.id,
                member_id=make_member(session).id,
                seats=2,
                state=HoldState.ACTIVE,
                expires_at=clock.now + timedelta(minutes=5),
                extended=False,
                created_at=clock.now,
            )
        )
    withdraw(found)
    settle()
    with reading() as session:
        assert session.scalars(select(Hold.state)).one() is HoldState.RELEASED
        assert session.scalars(select(Slot.held)).one() == 0


def test_a_party_of_which_somebody_is_inside_stays(clock: Clock) -> None:
    found = make_visited_site(slots=1, members=1, guests=0)
    with atomic() as session:
        booking = session.get_one(Booking, found.bookings[0])
        booking.status, booking.admitted = BookingStatus.ADMITTED, booking.seats
    withdraw(found)
    settle()
    assert set(statuses(found).values()) == {BookingStatus.ADMITTED}
    assert get_case(found).state is WithdrawalState.COMPLETED


def test_a_project_without_a_site_has_nothing_to_withdraw() -> None:
    found = make_visited_site(slots=1, members=0, guests=0)
    with atomic() as session:
        session.get_one(HeldProject, found.project_id).site_id = None
    assert withdraw(found) is None
    assert slot_states(found) == {("open", None)}


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_the_sweep_ends_what_a_crash_left(steps: int, clock: Clock) -> None:
    """The events are lost; the rows say how far it got."""
    found = make_visited_site(slots=3, members=1, guests=0)
    case_id = withdraw(found)
    assert case_id is not None
    for _ in range(steps):
        with atomic() as session:
            withdrawals.advance(session, case_id=case_id, actor=SYSTEM, now=clock.now, limit=1)

    jobs_withdrawals.resume_withdrawals()
    jobs_withdrawals.resume_withdrawals()

    assert set(statuses(found).values()) == {BookingStatus.CANCELLED}
    assert len(announced()) == 1
    assert get_case(found).bookings_cancelled == 3
    assert broken() == {}


def test_a_slot_that_opened_behind_its_back_is_closed_before_the_case_ends(clock: Clock) -> None:
    found = make_visited_site(slots=1, members=0, guests=0)
    withdraw(found)
    with atomic() as session:
        make_slot(session, found.site_id, starts_at=clock.now + timedelta(days=5))
    settle()
    assert slot_states(found) == {("closed", "withdrawn")}
    assert announced()[0]["slots_closed"] == 2


def end_as(found: Withdrawn, how: Lifecycle) -> None:
    """Leave the site as another end of its record does."""
    with atomic() as session:
        session.get_one(Site, found.site_id).lifecycle = how


def an_open_slot(found: Withdrawn) -> Any:
    return update(Slot).where(Slot.site_id == found.site_id).values(state=SlotState.OPEN)


def a_living_visit(found: Withdrawn) -> Any:
    mine = update(Booking).where(Booking.id == found.bookings[0])
    return mine.values(status=BookingStatus.CONFIRMED)


@pytest.mark.parametrize("how", [Lifecycle.WITHDRAWN, Lifecycle.REMOVED])
@pytest.mark.parametrize("break_it", [an_open_slot, a_living_visit])
def test_the_invariant_sees_what_is_left(break_it: Callable[[Withdrawn], Any], how: Lifecycle) -> None:
    found = make_visited_site(slots=1, members=1, guests=0)
    withdraw(found)
    end_as(found, how)
    settle()
    assert "I8" not in broken()
    with atomic() as session:
        session.execute(break_it(found).execution_options(synchronize_session=False))
    assert "I8" in broken()


@pytest.mark.parametrize("how", [Lifecycle.REMOVED, Lifecycle.RECALLED])
def test_what_slips_in_beside_the_end_of_a_record_is_ended_too(how: Lifecycle, clock: Clock) -> None:
    found = make_visited_site(slots=1, members=0, guests=0)
    withdraw(found)
    end_as(found, how)
    with atomic() as session:
        slot = make_slot(session, found.site_id, starts_at=clock.now + timedelta(days=3))
        member = make_member(session)
        late = make_booking(
            session, slot, member_id=member.id, created_at=clock.now + timedelta(seconds=1)
        ).id
    settle()
    assert statuses(found) == {late: BookingStatus.CANCELLED}
    assert slot_states(found) == {("closed", "withdrawn")}


def test_a_case_that_is_stuck_breaks_the_invariant_in_the_end(clock: Clock) -> None:
    found = make_visited_site(slots=1, members=1, guests=0)
    withdraw(found)
    assert "I8" not in broken()
    clock.advance(minutes=20)
    assert "I8" in broken()


def test_a_withdrawn_site_gets_no_new_slots_and_reopens_none(clock: Clock) -> None:
    found = make_visited_site(slots=1, members=0, guests=0)
    with atomic() as session:
        make_opening_rule(session, found.site_id)
    withdraw(found)
    settle()
    with atomic() as session, pytest.raises(SiteNotOpen):
        slot_service.reopen_slot(
            session, site_id=found.site_id, slot_id=found.slots[0], actor=SYSTEM, now=clock.now
        )
    with atomic() as session, pytest.raises(SiteNotOpen):
        slot_service.add_slot(
            session,
            site_id=found.site_id,
            wanted=slot_service.NewSlot(
                starts_at=clock.now + timedelta(days=9),
                ends_at=clock.now + timedelta(days=9, hours=1),
                capacity=5,
            ),
            actor=SYSTEM,
            now=clock.now,
        )
    with atomic() as session:
        visit_jobs._regenerate(session, found.site_id)
    assert slot_states(found) == {("closed", "withdrawn")}


def test_statements_do_not_grow_with_the_batch(clock: Clock) -> None:
    counts = []
    for members in (20, 80):
        found = make_visited_site(slots=1, members=members, guests=0)
        case_id = withdraw(found)
        assert case_id is not None
        with statements() as sent, atomic() as session:
            withdrawals.advance(session, case_id=case_id, actor=SYSTEM, now=clock.now)
        counts.append(len(sent))
        assert get_case(found).bookings_cancelled == members
    assert counts[0] == counts[1]


class TestStaff:
    def manager(self, app: Flask, found: Withdrawn) -> BearerClient:
        return BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=found.site_id))

    def test_staff_see_how_it_goes(self, app: Flask) -> None:
        found = make_visited_site(slots=2, members=1, guests=1)
        manager, path = self.manager(app, found), f"{STAFF}/sites/{found.site_id}/withdrawal"
        assert manager.get(path).get_json() == {"case": None}

        withdraw(found)
        running = manager.get(path).get_json()["case"]
        settle()
        done = manager.get(path).get_json()["case"]

        assert (running["state"], running["bookings_left"], running["doc_no"]) == (
            "running",
            4,
            "文〔2026〕8号",
        )
        assert (done["state"], done["bookings_left"], done["unreachable"]) == ("completed", 0, 2)
        assert (done["people_to_call"], done["people_called"]) == (2, 0)

    def test_people_to_call_are_near_visits_and_those_without_an_inbox(self, app: Flask) -> None:
        found = make_visited_site(slots=3, members=1, guests=1)
        with atomic() as session:
            for booking in session.scalars(select(Booking).where(Booking.member_id.is_not(None))):
                give_contact(booking, "李四", "13800138000")
        withdraw(found)
        settle()

        manager, path = self.manager(app, found), f"{STAFF}/sites/{found.site_id}/withdrawal/calls"
        answer = manager.get(f"{path}?reason=通知参观取消")

        # The slots are two, three and four days ahead: the first is within 72 hours, the second is not.
        shown = [(item["id"], item["name"], item["phone"]) for item in answer.get_json()["items"]]
        with reading() as session:
            guests = set(session.scalars(select(Booking.id).where(Booking.member_id.is_(None))))
        assert {UUID(id_) for id_, _, _ in shown} == guests | {found.bookings[0]}
        assert {phone for _, name, phone in shown if name == "王小明"} == {PHONE}
        assert answer.headers["Cache-Control"] == "no-store"
        with reading() as session:
            rows = session.scalars(
                select(AuditRow).where(AuditRow.action == "registry.reveal_for_call")
            ).all()
        assert {row.object_id for row in rows} == {id_ for id_, _, _ in shown}
        assert {row.reason for row in rows} == {"通知参观取消"}

    def test_a_look_without_a_reason_is_refused(self, app: Flask) -> None:
        found = make_visited_site(slots=1)
        withdraw(found)
        settle()
        path = f"{STAFF}/sites/{found.site_id}/withdrawal/calls"
        assert self.manager(app, found).get(path).status_code == 422
        with reading() as session:
            looked = select(func.count()).where(AuditRow.action == "registry.reveal_for_call")
            assert session.scalar(looked) == 0

    def test_a_call_is_ticked_off_once(self, app: Flask, clock: Clock) -> None:
        found = make_visited_site(slots=1, members=0, guests=1)
        withdraw(found)
        settle()
        manager, path = self.manager(app, found), f"{STAFF}/sites/{found.site_id}/withdrawal"
        done = f"{path}/calls/{found.bookings[0]}/done"

        first = manager.post(done)
        clock.advance(minutes=5)
        second = manager.post(done)

        assert (first.status_code, first.get_json()) == (200, second.get_json())
        assert manager.get(path).get_json()["case"]["people_called"] == 1
        (item,) = manager.get(f"{path}/calls?reason=x").get_json()["items"]
        assert item["called_at"] == "2026-11-23T10:00:00+08:00"

    def test_a_newer_case_hides_nobody_who_is_still_to_be_called(self, app: Flask, clock: Clock) -> None:
        found = make_visited_site(slots=1, members=0, guests=2)
        withdraw(found)
        settle()
        manager, path = self.manager(app, found), f"{STAFF}/sites/{found.site_id}/withdrawal"
        assert manager.post(f"{path}/calls/{found.bookings[0]}/done").status_code == 200

        clock.advance(minutes=20)
        withdraw(found, version=3, effective_at=clock.now + timedelta(days=30))
        settle()
        manager = self.manager(app, found)  # the second factor was shown too long ago for the list

        items = manager.get(f"{path}/calls?reason=x").get_json()["items"]
        assert {UUID(it["id"]): it["called_at"] is not None for it in items} == {
            found.bookings[0]: True,
            found.bookings[1]: False,
        }
        case = manager.get(path).get_json()["case"]
        assert (case["people_to_call"], case["people_called"]) == (2, 1)
        assert manager.post(f"{path}/calls/{found.bookings[1]}/done").status_code == 200

    def test_only_those_on_the_list_are_ticked(self, app: Flask) -> None:
        found, other = make_visited_site(slots=1), make_visited_site(slots=1, members=0, guests=1)
        withdraw(found)
        withdraw(other)
        settle()
        manager = self.manager(app, found)
        for booking_id in (other.bookings[0], new_id()):
            path = f"{STAFF}/sites/{found.site_id}/withdrawal/calls/{booking_id}/done"
            assert manager.post(path).status_code == 404

    def test_others_see_nothing_of_it(self, app: Flask) -> None:
        found = make_visited_site(slots=1)
        withdraw(found)
        with atomic() as session:
            elsewhere = make_site(session).id
        stranger = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=elsewhere))
        gate = BearerClient(app, signed_in(Role.GATE, site_id=found.site_id))
        path = f"{STAFF}/sites/{found.site_id}/withdrawal"
        assert stranger.get(path).status_code == 404
        assert stranger.get(f"{path}/calls?reason=x").status_code == 404
        assert gate.get(f"{path}/calls?reason=x").status_code == 403


def test_a_site_that_was_never_withdrawn_has_no_case() -> None:
    assert find_case(make_visited_site(slots=1, members=0, guests=0)) is None
