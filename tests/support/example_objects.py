"""An object for each path parameter of the application, made for the caller's side or for somebody else's.

A new parameter gets an entry in EXAMPLES; every route that has it is then tried with own, foreign and unknown
ids.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from content.models import Revision, WordList
from content.service import words
from miniprogram_api.feedback.models import FeedbackState, PictureState
from miniprogram_api.identity.models import RequestChannel, RequestKind
from miniprogram_api.identity.permissions import Reach, Role
from miniprogram_api.identity.service import data_requests, devices, staff_sessions
from miniprogram_api.identity.service.staff_sessions import Origin
from miniprogram_api.kernel import clock, runtime_settings
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging.models import Message, MessageKind
from miniprogram_api.registry.models import (
    DeadLetter,
    DeadLetterClass,
    DeadLetterState,
    ObjectionState,
    ReconciliationReport,
    WithdrawalCase,
    WithdrawalState,
)
from miniprogram_api.registry.models.announcements import Announcement, EventType, Sending, SendingState
from miniprogram_api.registry.models.partners import PartnerKey
from miniprogram_api.registry.models.reconciliation import Difference
from miniprogram_api.registry.models.reconciliation import Kind as DifferenceKind
from miniprogram_api.registry.service import subscriptions
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    ConflictState,
    GateConflict,
    Hold,
    HoldState,
    Scan,
    ScanResult,
    Slot,
    SlotAct,
    Strike,
    StrikeKind,
)
from miniprogram_api.visits.rules.slot_choice import SlotChoice, Wanted
from miniprogram_api.visits.service import slot_changes
from tests.factories import articles as article_factory
from tests.factories import feedback as feedback_factory
from tests.factories import members as member_factory
from tests.factories import notices as notice_factory
from tests.factories import partners as partner_factory
from tests.factories import sites as site_factory
from tests.factories import staff as staff_factory
from tests.factories import visits as visit_factory
from tests.support.callers import CALLERS, MEMBER, Caller, Person, Route, Side, routes_of
from tests.support.withdrawing import PHONE, give_contact


class Requests(Protocol):
    """What a maker needs of the world: people, and the documented requests."""

    app: Flask

    def sign_in(self, caller: Caller, side: Side) -> Person: ...

    def ids_of(self, route: Route, person: Person) -> dict[str, str]: ...

    def call(
        self, route: Route, person: Person | None, ids: dict[str, str], body: dict[str, Any] | None = None
    ) -> TestResponse: ...


Maker = Callable[[Requests, Person, dict[str, str]], str]


@dataclass(frozen=True, slots=True)
class Example:
    """How an object for a path parameter is made for somebody, given those before it, and whose it is.

    `of` is "site" (covered by grants), "person" (nobody else's business), both, neither, or "partner" (of one
    partner, and of the staff).
    """

    make: Maker
    of: frozenset[str]


def _example(make: Maker, *of: str) -> Example:
    return Example(make, frozenset(of))


def _row(make: Callable[[Session, Person, dict[str, str]], UUID | str]) -> Maker:
    """An object made by a factory, in a transaction of its own."""

    def maker(_world: Requests, person: Person, before: dict[str, str]) -> str:
        with atomic() as session:
            return str(make(session, person, before))

    return maker


def _posted(template: str, *, by: Caller | None = None, **changes: Any) -> Maker:
    """An object made over HTTP with the documented example, by the person or by whoever may at their site."""

    def maker(world: Requests, person: Person, before: dict[str, str]) -> str:
        author = person if by is None or person.caller == by else world.sign_in(by, person.side)
        route = next(route for route in routes_of(world.app) if str(route) == f"POST {template}")
        answer = world.call(route, author, world.ids_of(route, author) | before, body=changes)
        assert answer.status_code == 201, f"cannot make an example by {route}: {answer.text}"
        return str(answer.get_json()["id"])

    return maker


def _session(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    opened, _token = staff_sessions.open_session(
        session, staff_id=person.id, origin=Origin(), now=clock.now()
    )
    return opened.id


def _site(session: Session, person: Person) -> Site:
    return session.get_one(Site, person.side.site_id)


def _slot(session: Session, person: Person) -> Slot:
    """One to book for members, one being entered for those who work at the site."""
    there = select(func.count()).select_from(Slot).where(Slot.site_id == person.side.site_id)
    ahead = timedelta(days=2 if person.caller == MEMBER else 0, minutes=session.scalar(there) or 0)
    return visit_factory.make_slot(session, person.side.site_id, starts_at=clock.now() + ahead)


def _booking(session: Session, person: Person) -> Booking:
    booker = person.id if person.caller == MEMBER else member_factory.make_member(session).id
    return visit_factory.make_booking(session, _slot(session, person), member_id=booker)


def _hold(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    slot, now = _slot(session, person), clock.now()
    hold = Hold(
        id=new_id(),
        slot_id=slot.id,
        member_id=person.id,
        seats=1,
        state=HoldState.ACTIVE,
        expires_at=now + timedelta(minutes=5),
        extended=False,
        created_at=now,
    )
    slot.held += 1
    session.add(hold)
    session.flush()
    return hold.id


def _scan(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    booking, now = _booking(session, person), clock.now()
    booking.admitted, booking.status = booking.seats, BookingStatus.ADMITTED
    scan = Scan(
        id=new_id(),
        site_id=booking.site_id,
        scanner=f"{person.caller.kind}:{person.id}",
        nonce=str(new_id()),
        request_digest=bytes(32),
        ticket_id=None,
        booking_id=booking.id,
        result=ScanResult.OK,
        seats=booking.seats,
        admitted=booking.seats,
        remaining=0,
        scanned_at=now,
        received_at=now,
    )
    session.add(scan)
    session.flush()
    return scan.id


def _conflict(session: Session, person: Person, before: dict[str, str]) -> UUID:
    """Somebody whom a gate let in without a network, and who had come before."""
    scan = session.get_one(Scan, _scan(session, person, before))
    assert scan.booking_id is not None
    conflict = GateConflict(
        id=new_id(),
        scan_id=scan.id,
        site_id=scan.site_id,
        booking_id=scan.booking_id,
        heads=1,
        state=ConflictState.OPEN,
        opened_at=clock.now(),
    )
    session.add(conflict)
    session.flush()
    return conflict.id


def _strike(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    booking, now = _booking(session, person), clock.now()
    assert booking.member_id is not None
    strike = Strike(
        id=new_id(),
        member_id=booking.member_id,
        booking_id=booking.id,
        kind=StrikeKind.NO_SHOW,
        half_points=2,
        struck_at=now,
        counts_until=now + timedelta(days=180),
    )
    session.add(strike)
    session.flush()
    return strike.id


def _message(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    message = Message(
        id=new_id(),
        member_id=person.id,
        kind=MessageKind.VISIT_CANCELLED_BY_SITE,
        subject_id=str(new_id()),
        wording=1,
        title="预约已取消",
        body="示范点临时关闭。",
        created_at=clock.now(),
        read_at=None,
    )
    session.add(message)
    session.flush()
    return message.id


def _project(session: Session, person: Person, _before: dict[str, str]) -> str:
    """One under notice, and for partners one with a site."""
    if person.caller.kind == "partner":
        return site_factory.make_site(session).project_id
    return notice_factory.make_notice(session).project_id


def _partner_key(session: Session, _person: Person, before: dict[str, str]) -> UUID:
    """The first key of the partner before it."""
    found = select(PartnerKey.id).where(PartnerKey.client_id == UUID(before["partner_id"]))
    return session.scalars(found).one()


def _member_of(session: Session, person: Person) -> UUID:
    """The caller, or for staff somebody they have never heard of."""
    return person.id if person.caller == MEMBER else member_factory.make_member(session).id


def _objection(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    member_id = _member_of(session, person)
    return notice_factory.make_objection(session, member_id=member_id, state=ObjectionState.HELD).id


def _objection_file(session: Session, person: Person, before: dict[str, str]) -> UUID:
    known = before.get("objection_id")
    return notice_factory.make_objection_file(
        session, member_id=_member_of(session, person), objection_id=UUID(known) if known else None
    ).id


def _feedback(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    """About the side's site, waiting for a person's decision."""
    return feedback_factory.make_feedback(
        session,
        site_id=person.side.site_id,
        member_id=_member_of(session, person),
        state=FeedbackState.HELD,
    ).id


def _feedback_picture(session: Session, person: Person, before: dict[str, str]) -> UUID:
    """One that its member may see, or for staff one to decide about."""
    known = before.get("feedback_id")
    is_own = person.caller == MEMBER
    return feedback_factory.make_feedback_picture(
        session,
        member_id=_member_of(session, person),
        feedback_id=UUID(known) if known else None,
        state=PictureState.SHOWN if is_own else PictureState.HELD,
    ).id


def _subscription(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    """One that waits for approval: the partner's own, or a new partner's for staff."""
    is_partner = person.caller.kind == "partner"
    partner_id = person.id if is_partner else partner_factory.make_client(session).client.id
    subscription, _secret = subscriptions.request_subscription(
        session,
        partner_id=partner_id,
        url="https://registry.example/inbox",
        types=[EventType.SITE_OPENED.value],
        actor=SYSTEM,
        now=clock.now(),
    )
    session.flush()
    return subscription.id


def _sending(session: Session, person: Person, before: dict[str, str]) -> UUID:
    """An event that reached nobody."""
    subscription_id, now = _subscription(session, person, before), clock.now()
    announced = Announcement(
        id=new_id(), type=EventType.SITE_OPENED, subject="CC-0001", data={}, occurred_at=now
    )
    session.add(announced)
    session.flush()
    sending = Sending(
        id=new_id(),
        announcement_id=announced.id,
        subscription_id=subscription_id,
        state=SendingState.FAILED,
        attempts=10,
        replays=0,
        next_attempt_at=now,
        created_at=now,
    )
    session.add(sending)
    session.flush()
    return sending.id


def _call(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    """A visit that the site's withdrawal cancelled, of somebody who left a phone."""
    booking, now = visit_factory.make_booking(session, _slot(session, person)), clock.now()
    give_contact(booking, "王小明", PHONE)
    booking.status, booking.cancelled_by, booking.cancelled_at = BookingStatus.CANCELLED, "authority", now
    known = select(WithdrawalCase.id).where(WithdrawalCase.site_id == person.side.site_id)
    if session.scalar(known) is None:
        session.add(
            WithdrawalCase(
                id=new_id(),
                project_id=_site(session, person).project_id,
                version=2,
                site_id=person.side.site_id,
                state=WithdrawalState.COMPLETED,
                effective_at=now,
                reason_code=None,
                doc_no=None,
                slots_closed=1,
                bookings_cancelled=1,
                people_notified=0,
                unreachable=1,
                opened_at=min(now, booking.starts_at - timedelta(hours=1)),
                completed_at=now,
            )
        )
    session.flush()
    return booking.id


def _report(session: Session) -> UUID:
    """A comparison that found nothing."""
    report = ReconciliationReport(
        id=new_id(), started_at=clock.now(), finished_at=clock.now(), counts={}, repaired=0
    )
    session.add(report)
    session.flush()
    return report.id


def _difference(session: Session, _person: Person, _before: dict[str, str]) -> UUID:
    """A project that we hold and the registry does not know."""
    found = Difference(
        id=new_id(),
        report_id=_report(session),
        kind=DifferenceKind.UNKNOWN_THERE,
        project_id="CC-2026-0001",
        repaired=False,
        outcome="",
        since=clock.now(),
    )
    session.add(found)
    session.flush()
    return found.id


def _data_request(session: Session, _person: Person, _before: dict[str, str]) -> UUID:
    """Somebody asked on paper to have their data corrected."""
    return data_requests.file_request(
        session,
        kind=RequestKind.CORRECTION,
        channel=RequestChannel.LETTER,
        received_on=clock.today(),
        file_number=None,
        actor=SYSTEM,
        now=clock.now(),
    ).id


def _setting_change(session: Session, _person: Person, _before: dict[str, str]) -> UUID:
    """A change that takes effect tomorrow, to another value than the last."""
    name = "identity.audit_export_rows"
    return runtime_settings.change(
        session,
        name,
        value=5000 + len(runtime_settings.list_changes(session, name)),
        effective_at=clock.now() + timedelta(days=1),
        reason="试行",
        actor=SYSTEM,
        now=clock.now(),
    ).id


def _slot_change(_world: Requests, person: Person, _before: dict[str, str]) -> str:
    """Every slot of a day closed at once."""
    with atomic() as session:
        tomorrow = clock.now() + timedelta(days=1)
        slot = visit_factory.make_slot(session, person.side.site_id, starts_at=tomorrow)
        first = last = slot.visit_on
    with atomic() as session:
        change = slot_changes.change_slots(
            session,
            change_id=new_id(),
            site_id=person.side.site_id,
            choice=SlotChoice(first=first, last=last),
            wanted=Wanted(act=SlotAct.CLOSE, reason_code="maintenance", public_text="设备检修"),
            actor=SYSTEM,
            now=clock.now(),
        )
        return str(change.id)


def _day_of_report(session: Session) -> str:
    _report(session)
    return clock.today().isoformat()


def _dead_letter(session: Session, _person: Person, _before: dict[str, str]) -> UUID:
    """One that somebody else has asked to be discarded."""
    letter_id = new_id()
    session.add(
        DeadLetter(
            id=letter_id,
            payload_sha256=letter_id.hex * 2,
            payload_bytes=2,
            payload="{}",
            kind=DeadLetterClass.SCHEMA_INVALID,
            detail="required",
            state=DeadLetterState.OPEN,
            attempts=1,
            first_seen_at=clock.now(),
            last_seen_at=clock.now(),
            discard_asked_by=str(new_id()),
        )
    )
    session.flush()
    return letter_id


def _asset(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    """A picture of their site's library."""
    return article_factory.make_asset(session, site_id=person.side.site_id).id


def _revision(session: Session, _person: Person, before: dict[str, str]) -> UUID:
    """The first revision of the article before it."""
    return session.scalars(
        select(Revision.id).where(Revision.article_id == UUID(before["article_id"]), Revision.number == 1)
    ).one()


def _word(session: Session, _person: Person, _before: dict[str, str]) -> UUID:
    """A word of the list of wrong ones."""
    return words.add_word(
        session,
        of=WordList.WRONG,
        word=f"错词{new_id().hex[-8:]}",
        staff_id=staff_factory.make_staff(session).id,
        actor=SYSTEM,
        now=clock.now(),
    ).id


MANAGER = next(caller for caller in CALLERS if (caller.role, caller.reach) == (Role.SITE_MANAGER, Reach.SITE))
_SITE = "/api/staff/v1/sites/{site_id}"


def _article(session: Session, person: Person, _before: dict[str, str]) -> UUID:
    """One of the site's desk that is shown, with a question."""
    side, quiz = person.side, article_factory.QUIZ[:1]
    return article_factory.make_article(
        session, site_id=side.site_id, organisation_id=side.operator_id, quiz=quiz
    ).id


EXAMPLES: dict[str, Example] = {
    "site_id": _example(lambda _world, person, _before: str(person.side.site_id), "site"),
    "organisation_id": _example(lambda _world, person, _before: str(person.side.operator_id)),
    "staff_id": _example(_row(lambda session, _person, _before: staff_factory.make_staff(session).id)),
    "grant_id": _example(
        _row(
            lambda session, _person, before: staff_factory.give_role(
                session, UUID(before["staff_id"]), Role.AUDITOR
            )
        )
    ),
    "session_id": _example(_row(_session), "person"),
    "rule_id": _example(_posted(f"{_SITE}/opening-rules", by=MANAGER), "site"),
    "closure_id": _example(_posted(f"{_SITE}/closures", by=MANAGER), "site"),
    "technology_id": _example(_posted(f"{_SITE}/technologies", by=MANAGER), "site"),
    "notice_id": _example(_posted(f"{_SITE}/notices", by=MANAGER), "site"),
    "indicator_id": _example(
        _row(lambda session, person, _before: site_factory.make_indicator(session, person.side.site_id).id),
        "site",
    ),
    "photo_id": _example(
        _row(lambda session, person, _before: site_factory.make_photo(session, _site(session, person)).id),
        "site",
    ),
    "device_id": _example(
        _row(
            lambda session, person, _before: (
                devices.create_device(
                    session, site_id=person.side.site_id, name="东门", actor=SYSTEM, now=clock.now()
                ).device.id
            )
        ),
        "site",
    ),
    "slot_id": _example(_row(lambda session, person, _before: _slot(session, person).id), "site"),
    "booking_id": _example(
        _row(lambda session, person, _before: _booking(session, person).id), "site", "person"
    ),
    "hold_id": _example(_row(_hold), "person"),
    "scan_id": _example(_row(_scan), "site"),
    "change_id": _example(_slot_change, "site"),
    "request_id": _example(_row(_data_request)),
    "difference_id": _example(_row(_difference)),
    "setting_change_id": _example(_row(_setting_change)),
    "conflict_id": _example(_row(_conflict), "site"),
    "strike_id": _example(_row(_strike), "site"),
    "project_id": _example(_row(_project)),
    "objection_id": _example(_row(_objection), "site", "person"),
    "file_id": _example(_row(_objection_file), "site", "person"),
    "feedback_id": _example(_row(_feedback), "site", "person"),
    "picture_id": _example(_row(_feedback_picture), "site", "person"),
    "call_id": _example(_row(_call), "site"),
    "message_id": _example(_row(_message), "person"),
    "partner_id": _example(
        _row(lambda session, _person, _before: partner_factory.make_client(session).client.id)
    ),
    "key_id": _example(_row(_partner_key)),
    "subscription_id": _example(_row(_subscription), "partner"),
    "sending_id": _example(_row(_sending), "partner"),
    "note_id": _example(_posted(f"{_SITE}/local-notes", by=MANAGER), "site"),
    "report_id": _example(_row(lambda session, _person, _before: _report(session))),
    "day": _example(_row(lambda session, _person, _before: _day_of_report(session))),
    "letter_id": _example(_row(_dead_letter)),
    "article_id": _example(_row(_article), "site"),
    "topic_id": _example(_row(lambda session, _person, _before: article_factory.make_topic(session).id)),
    "asset_id": _example(_row(_asset), "site"),
    "revision_id": _example(_row(_revision)),
    "word_id": _example(_row(_word)),
}
