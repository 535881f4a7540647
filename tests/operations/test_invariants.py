"""Invariants hold after whatever the product does, and name the row that somebody breaks behind its back."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.orm import Session

from miniprogram_api.engagement.models import EngagementDay
from miniprogram_api.engagement.rules import SUMMED
from miniprogram_api.identity.models import Member, MemberSession, RoleGrant
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import Model, db
from miniprogram_api.kernel.events import DeliveryRow, EventRow
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.messaging.models import Message, MessageKind, SubscriptionCredit
from miniprogram_api.operations import invariants, invariants_personal
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.registry.models import HeldProject, ProjectState
from miniprogram_api.sites.models import Lifecycle, Site
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    DayCap,
    Hold,
    Scan,
    ScanResult,
    Slot,
    Ticket,
    TicketState,
    Visitor,
)
from tests.factories.feedback import make_feedback
from tests.factories.notices import make_objection
from tests.factories.sites import LONG_AGO
from tests.operations.conftest import World, status_of
from tests.operations.content_breakages import CONTENT_BREAKAGES

Breakage = Callable[["Vandal", World], Any]


class Vandal:
    """Changes rows past every service, in a transaction that is rolled back."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def set(self, model: Any, which: Any, **values: Any) -> None:
        changed = self.connection.execute(update(model).where(which).values(**values)).rowcount
        assert changed, "nothing was broken"

    def unguard(self, table: str, *names: str) -> None:
        """Take away what the database itself would refuse by."""
        for name in names:
            if name.startswith("uq_"):
                self.connection.execute(text(f"DROP INDEX {name}"))
            elif db.engine.dialect.name == "postgresql":
                self.connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))

    def one(self, statement: Any) -> Any:
        return self.connection.execute(statement.limit(1)).scalar_one()


@contextmanager
def vandalism() -> Generator[Vandal]:
    with db.engine.connect() as connection:
        sqlite = db.engine.dialect.name == "sqlite"
        driver: Any = connection.connection.driver_connection
        if sqlite:
            driver.execute("PRAGMA ignore_check_constraints=ON")
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            connection.begin()
            yield Vandal(connection)
        finally:
            connection.rollback()
            if sqlite:
                driver.execute("PRAGMA ignore_check_constraints=OFF")
                driver.execute("PRAGMA foreign_keys=ON")


def overfill_slot(vandal: Vandal, world: World) -> UUID:
    vandal.unguard("visits_slots", "ck_visits_slots_seats")
    vandal.set(Slot, Slot.id == world.slot, booked=Slot.capacity + 1)
    return world.slot


def overfill_children(vandal: Vandal, world: World) -> UUID:
    vandal.unguard("visits_slots", "ck_visits_slots_children")
    vandal.set(Slot, Slot.id == world.slot, children_booked=11)
    return world.slot


def overfill_wheelchairs(vandal: Vandal, world: World) -> UUID:
    vandal.unguard("visits_slots", "ck_visits_slots_wheelchairs")
    vandal.set(Slot, Slot.id == world.slot, wheelchairs_booked=3)
    return world.slot


def overfill_day(vandal: Vandal, world: World) -> Any:
    vandal.unguard("visits_days", "ck_visits_days_seats")
    vandal.set(DayCap, DayCap.site_id == world.site, booked=31)
    return vandal.one(select(DayCap.visit_on).order_by(DayCap.visit_on))


def lose_seats(vandal: Vandal, world: World) -> UUID:
    vandal.set(Slot, Slot.id == world.slot, booked=Slot.booked - 1)
    return world.slot


def lose_children(vandal: Vandal, world: World) -> UUID:
    vandal.set(Slot, Slot.id == world.slot, children_booked=Slot.children_booked - 1)
    return world.slot


def lose_wheelchairs(vandal: Vandal, world: World) -> UUID:
    vandal.set(Booking, Booking.id == world.admitted, wheelchairs=1)
    return world.slot


def lose_hold(vandal: Vandal, world: World) -> UUID:
    vandal.set(Hold, Hold.slot_id == world.later_slot, seats=2)
    return world.later_slot


def forget_a_no_show(vandal: Vandal, world: World) -> UUID:
    vandal.set(Booking, Booking.id == world.missed, status=BookingStatus.CANCELLED)
    return world.slot


def lose_day(vandal: Vandal, world: World) -> Any:
    vandal.set(DayCap, DayCap.site_id == world.site, booked=DayCap.booked - 1)
    return vandal.one(select(DayCap.visit_on).order_by(DayCap.visit_on))


def count_a_day_without_slots(vandal: Vandal, world: World) -> Any:
    on = vandal.one(select(DayCap.visit_on).order_by(DayCap.visit_on)) + timedelta(days=9)
    vandal.connection.execute(insert(DayCap).values(site_id=world.site, visit_on=on, capacity=5, booked=1))
    return on


def revoke_ticket(vandal: Vandal, world: World) -> UUID:
    vandal.set(Ticket, Ticket.booking_id == world.confirmed, state=TicketState.REVOKED)
    return world.confirmed


def change_ticket(vandal: Vandal, world: World) -> UUID:
    vandal.set(Ticket, Ticket.booking_id == world.confirmed, seats=5)
    return world.confirmed


def revive_ticket(vandal: Vandal, world: World) -> UUID:
    vandal.set(Ticket, Ticket.booking_id == world.cancelled, state=TicketState.CURRENT)
    return world.cancelled


def admit_by_revoked_ticket(vandal: Vandal, world: World) -> UUID:
    mine = Scan.booking_id == world.admitted, Scan.result == ScanResult.OK
    early = vandal.one(select(Booking.created_at))
    vandal.set(Ticket, Ticket.booking_id == world.admitted, revoked_at=early)
    return vandal.one(select(Scan.id).where(*mine).order_by(Scan.id))


def admit_without_scan(vandal: Vandal, world: World) -> UUID:
    vandal.set(Booking, Booking.id == world.confirmed, admitted=1)
    return world.confirmed


def annul_scan(vandal: Vandal, world: World) -> UUID:
    scan = vandal.one(select(Scan.id).where(Scan.booking_id == world.admitted, Scan.result == ScanResult.OK))
    vandal.set(Scan, Scan.id == scan, annulled_at=Scan.received_at)
    return world.admitted


def admit_too_many(vandal: Vandal, world: World) -> UUID:
    vandal.unguard("visits_bookings", "ck_visits_bookings_admitted")
    vandal.set(Booking, Booking.id == world.admitted, admitted=4)
    vandal.set(Scan, Scan.booking_id == world.admitted, seats=2)
    return world.admitted


def spoil_a_walk_in(vandal: Vandal, world: World) -> UUID:
    walk_in = vandal.one(select(Booking.id).where(Booking.channel == "walk_in", Booking.admitted == 2))
    vandal.set(Booking, Booking.id == walk_in, admitted=1)
    return UUID(str(walk_in))


def orphan_answer(vandal: Vandal, world: World) -> str:
    key = str(vandal.one(select(StoredAnswer.key)))
    vandal.set(StoredAnswer, StoredAnswer.key == key, body={"id": "lost"})
    return key


def delete_audit(vandal: Vandal, world: World) -> UUID:
    row = vandal.one(select(AuditRow.id).where(AuditRow.object_id == str(world.missed)))
    vandal.connection.execute(delete(AuditRow).where(AuditRow.id == row))
    return world.missed


def delete_event(vandal: Vandal, world: World) -> UUID:
    mine = EventRow.payload["booking_id"].as_string() == str(world.cancelled)
    row = vandal.one(select(EventRow.id).where(mine))
    vandal.connection.execute(delete(DeliveryRow).where(DeliveryRow.event_id == row))
    vandal.connection.execute(delete(EventRow).where(EventRow.id == row))
    return world.cancelled


def invent_event(vandal: Vandal, world: World) -> str:
    row = vandal.one(select(EventRow.id).where(EventRow.name == "visits.visit_admitted"))
    vandal.set(EventRow, EventRow.id == row, payload={"booking_id": "nobody"})
    return "nobody"


def rewrite_audit(vandal: Vandal, world: World) -> str:
    vandal.set(AuditRow, AuditRow.sequence == 3, reason="nothing to see")
    return "sequence 3"


def delete_sealed_audit(vandal: Vandal, world: World) -> str:
    last = vandal.one(
        select(AuditRow.sequence).where(AuditRow.sequence.is_not(None)).order_by(AuditRow.sequence.desc())
    )
    vandal.connection.execute(delete(AuditRow).where(AuditRow.sequence == last))
    return f"sequence {last}"


def half_erase_member(vandal: Vandal, world: World) -> UUID:
    vandal.set(Member, Member.id == world.member, erased_at=Member.created_at)
    return world.member


def half_erase_booking(vandal: Vandal, world: World) -> UUID:
    half_erase_member(vandal, world)
    return world.confirmed


def half_erase_visitor(vandal: Vandal, world: World) -> Any:
    half_erase_member(vandal, world)
    return vandal.one(select(Visitor.id).where(Visitor.booking_id == world.confirmed).order_by(Visitor.id))


def keep_a_session(vandal: Vandal, world: World) -> Any:
    half_erase_member(vandal, world)
    return vandal.one(select(MemberSession.id).where(MemberSession.member_id == world.member))


def keep_an_answer(vandal: Vandal, world: World) -> str:
    half_erase_member(vandal, world)
    return f"member:{world.member}"


def keep_a_message(vandal: Vandal, world: World) -> Any:
    half_erase_member(vandal, world)
    wording = {"wording": 1, "title": "参观已取消", "body": "场馆临时关闭"}
    row = {"id": uuid4(), "member_id": world.member, "kind": MessageKind.VISIT_CANCELLED_BY_SITE}
    row |= {"subject_id": "1", "created_at": LONG_AGO} | wording
    vandal.connection.execute(insert(Message).values(row))
    return row["id"]


def keep_a_credit(vandal: Vandal, world: World) -> Any:
    half_erase_member(vandal, world)
    row = {"member_id": world.member, "template": "visit_cancelled", "credits": 1, "updated_at": LONG_AGO}
    vandal.connection.execute(insert(SubscriptionCredit).values(row))
    return world.member


def keep_the_words(vandal: Vandal, world: World) -> UUID:
    half_erase_member(vandal, world)
    vandal.set(Booking, Booking.id == world.confirmed, contact_name_cipher=None, contact_phone_cipher=None)
    vandal.set(Booking, Booking.id == world.confirmed, contact_phone_index=None, cancel_reason="张小林来电")
    return world.confirmed


def keep_an_objection(vandal: Vandal, world: World) -> Any:
    with Session(vandal.connection) as session:
        objection = make_objection(session, member_id=world.member)
        session.flush()
    half_erase_member(vandal, world)
    return objection.id


def keep_feedback(vandal: Vandal, world: World) -> Any:
    with Session(vandal.connection) as session:
        feedback = make_feedback(session, member_id=world.member)
        session.flush()
    half_erase_member(vandal, world)
    return feedback.id


def agree_with_oneself(vandal: Vandal, world: World) -> Any:
    one = uuid4()
    vandal.set(
        RoleGrant,
        RoleGrant.role == Role.SITE_MANAGER.value,
        role=Role.ADMIN.value,
        site_id=None,
        scope="city",
        granted_by=one,
        approved_by=one,
    )
    return vandal.one(select(RoleGrant.id))


def book_twice(vandal: Vandal, world: World) -> str:
    vandal.unguard("visits_bookings", "uq_visits_bookings_member_day")
    living = Booking.status.in_([BookingStatus.ADMITTED, BookingStatus.CONFIRMED])
    vandal.set(Booking, living & (Booking.slot_id == world.slot), member_id=world.member)
    return str(world.member)


def book_two_at_once(vandal: Vandal, world: World) -> Any:
    book_twice(vandal, world)
    mine = Booking.member_id == world.member, Booking.slot_id == world.slot
    return vandal.one(select(Booking.id).where(*mine).order_by(Booking.id))


def bring_a_person_twice(vandal: Vandal, world: World) -> Any:
    vandal.unguard("visits_visitors", "uq_visits_visitors_person_day")
    vandal.set(Visitor, Visitor.active & (Visitor.booking_id == world.confirmed), person_index=b"\1" * 32)
    return world.confirmed


def book_late(vandal: Vandal, world: World) -> UUID:
    vandal.set(Booking, Booking.id == world.confirmed, created_at=Booking.starts_at)
    return world.confirmed


def misplace_booking(vandal: Vandal, world: World) -> UUID:
    vandal.set(Booking, Booking.id == world.confirmed, site_id=world.other_site)
    return world.confirmed


def misplace_visitor(vandal: Vandal, world: World) -> Any:
    vandal.set(Visitor, Visitor.booking_id == world.confirmed, site_id=world.other_site)
    return vandal.one(select(Visitor.id).where(Visitor.booking_id == world.confirmed).order_by(Visitor.id))


def misplace_scan(vandal: Vandal, world: World) -> Any:
    vandal.set(Scan, Scan.booking_id == world.admitted, site_id=world.other_site)
    return vandal.one(select(Scan.id).where(Scan.booking_id == world.admitted).order_by(Scan.id))


def unbind_grant(vandal: Vandal, world: World) -> Any:
    vandal.set(RoleGrant, RoleGrant.role == Role.SITE_MANAGER.value, site_id=None, scope="city")
    return vandal.one(select(RoleGrant.id))


def mislabel_grant(vandal: Vandal, world: World) -> Any:
    vandal.set(RoleGrant, RoleGrant.role == Role.SITE_MANAGER.value, scope="organisation:1")
    return vandal.one(select(RoleGrant.id))


def _count_a_day(vandal: Vandal, world: World, **figures: Any) -> str:
    """A day on which nobody came, with these figures instead."""
    nothing = dict.fromkeys((name for name in SUMMED if not name.startswith("minors")), 0)
    on = date(2026, 1, 5)
    row = {"project_id": "P-1", "counted_on": on, "site_id": world.other_site, "revision": 0, "final": True}
    row |= {"counted_at": LONG_AGO} | nothing | figures
    vandal.connection.execute(insert(EngagementDay).values(row))
    return f"P-1@{on}"


def invent_visitors(vandal: Vandal, world: World) -> str:
    return _count_a_day(vandal, world, visitors=12)


def invent_emissions(vandal: Vandal, world: World) -> str:
    return _count_a_day(vandal, world, avoided_co2_g=500)


def invent_a_revision(vandal: Vandal, world: World) -> str:
    return _count_a_day(vandal, world, revision=1)


def show_few_people(vandal: Vandal, world: World) -> str:
    return _count_a_day(vandal, world, shown={"visitors": 3, "hidden": {}})


def rename_a_site(vandal: Vandal, world: World) -> str:
    site = {"site_id": world.other_site, "version": 1, "digest": "0" * 64, "state": ProjectState.LIVE}
    said = {"lifecycle": "titled", "name": "登记的名称（示例）", "data": {}}
    coded = {"type_code": "park", "level_code": "low_carbon", "district_code": "220104"}
    times = {"occurred_at": LONG_AGO, "received_at": LONG_AGO}
    row = {"project_id": "P-renamed"} | site | said | coded | times
    vandal.connection.execute(insert(HeldProject).values(row))
    return "P-renamed"


def withdraw_a_site_and_forget_its_slots(vandal: Vandal, world: World) -> UUID:
    vandal.set(Site, Site.id == world.site, lifecycle=Lifecycle.WITHDRAWN)
    return world.later_slot


BREAKAGES: list[tuple[str, Breakage]] = [
    ("I1", overfill_slot),
    ("I1", overfill_children),
    ("I1", overfill_wheelchairs),
    ("I1", overfill_day),
    ("I2", lose_seats),
    ("I2", lose_children),
    ("I2", lose_wheelchairs),
    ("I2", lose_hold),
    ("I2", forget_a_no_show),
    ("I2-day", lose_day),
    ("I2-day", count_a_day_without_slots),
    ("I3", revoke_ticket),
    ("I3", change_ticket),
    ("I3", revive_ticket),
    ("I3", admit_by_revoked_ticket),
    ("I4", admit_without_scan),
    ("I4", annul_scan),
    ("I4", admit_too_many),
    ("I4", spoil_a_walk_in),
    ("I5", orphan_answer),
    ("I6", delete_audit),
    ("I6", delete_event),
    ("I6", invent_event),
    ("I8", withdraw_a_site_and_forget_its_slots),
    ("I9", rewrite_audit),
    ("I9", delete_sealed_audit),
    ("I11", rename_a_site),
    ("I10", half_erase_member),
    ("I10", half_erase_booking),
    ("I10", half_erase_visitor),
    ("I10", keep_a_session),
    ("I10", keep_an_answer),
    ("I10", keep_a_message),
    ("I10", keep_a_credit),
    ("I10", keep_the_words),
    ("I10", keep_an_objection),
    ("I10", keep_feedback),
    ("I13", book_twice),
    ("I13-overlap", book_two_at_once),
    ("I13-person", bring_a_person_twice),
    ("I14", book_late),
    ("I15", misplace_booking),
    ("I15", misplace_visitor),
    ("I15", misplace_scan),
    ("I15", unbind_grant),
    ("I15", mislabel_grant),
    ("I15", agree_with_oneself),
    ("I12", invent_emissions),
    ("I16", invent_visitors),
    ("I17", invent_a_revision),
    ("I17", show_few_people),
    *CONTENT_BREAKAGES,
]


@pytest.mark.usefixtures("world")
def test_every_invariant_holds_whatever_has_happened(app: Flask) -> None:
    with snapshot() as session:
        results = invariants.check(session)
    assert {invariant.code: broken for invariant, broken in results if broken} == {}


def test_the_world_holds_every_outcome(world: World) -> None:
    outcomes = [status_of(it) for it in (world.confirmed, world.admitted, world.cancelled, world.missed)]
    assert [outcome.value for outcome in outcomes] == ["confirmed", "admitted", "cancelled", "no_show"]


def test_every_invariant_is_broken_by_some_test() -> None:
    assert {code for code, _ in BREAKAGES} == {invariant.code for invariant in invariants.INVARIANTS}


def test_each_invariant_names_what_breaks_it(world: World, subtests: pytest.Subtests) -> None:
    for code, breakage in BREAKAGES:
        with subtests.test(breakage.__name__), vandalism() as vandal:
            culprit = str(breakage(vandal, world))
            found = _violations(vandal.connection)
            assert culprit.replace("-", "") in {name.replace("-", "") for name in found[code]}, found


def _violations(connection: Connection) -> dict[str, list[str]]:
    with Session(connection) as session:
        return {invariant.code: broken for invariant, broken in invariants.check(session)}


def test_every_table_that_speaks_of_members_is_settled() -> None:
    """A new one is asked to be empty of erased members, unless it is named as kept."""
    assert invariants_personal.tables_of_members().keys() == invariants_personal.KEPT | {
        "content_favourites",
        "content_likes",
        "content_quiz_attempts",
        "content_reads",
        "content_topic_follows",
        "feedback_pictures",
        "identity_consents",
        "identity_member_sessions",
        "messaging_credits",
        "messaging_deliveries",
        "messaging_messages",
        "registry_objection_files",
        "visits_calendar_feeds",
    }


def test_every_column_that_is_encrypted_or_looked_up_blind_is_labelled_personal() -> None:
    """Names, phones and documents are only ever kept so; secrets of staff and partners are named here."""
    secrets = {"identity_staff.totp_cipher", "registry_partner_keys.hmac_cipher"}
    secrets |= {"registry_subscriptions.secret_cipher", "registry_subscriptions.old_secret_cipher"}
    hidden = {
        f"{table.name}.{column.name}"
        for table in Model.metadata.sorted_tables
        for column in table.c
        if column.name.endswith(("_cipher", "_index")) and "pii" not in column.info
    }
    assert hidden == secrets | {"identity_sign_in_failures.username_index"}
