"""The invariants of the product, each as a query that finds violations on a live database."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from miniprogram_api.feedback.models import Feedback
from miniprogram_api.identity.models import RoleGrant
from miniprogram_api.identity.permissions import TWO_PERSON, Role, can_be_held, reach_of
from miniprogram_api.kernel import audit, clock
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.operations import invariants_content as content
from miniprogram_api.operations import invariants_engagement as engagement
from miniprogram_api.operations import invariants_personal
from miniprogram_api.registry.models import Objection, WithdrawalCase, WithdrawalState
from miniprogram_api.registry.queries.replica import differences
from miniprogram_api.sites.models import Lifecycle, Site
from miniprogram_api.visits.models import (
    ACTIVE,
    Booking,
    BookingStatus,
    Channel,
    DayCap,
    Hold,
    HoldState,
    Scan,
    ScanResult,
    Slot,
    SlotState,
    Ticket,
    TicketState,
    Visitor,
)

SHOWN = 20
WITHDRAWN_WITHIN = timedelta(minutes=15)
# A no-show keeps its seat in the slot's figures: the slot is over, and the seat was taken.
SEATED = (*ACTIVE, BookingStatus.NO_SHOW)


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence that must be true, and how to find rows for which it is not."""

    code: str
    sentence: str
    violations: Callable[[Session], Iterable[str]]


def _ids(*queries: Select[Any]) -> Callable[[Session], Iterable[str]]:
    """The first column of what the queries find."""
    return lambda session: [str(found) for query in queries for found in session.scalars(query.limit(SHOWN))]


def _overfull_slots() -> Select[Any]:
    return select(Slot.id).where(
        or_(
            Slot.booked + Slot.held > Slot.capacity,
            Slot.children_booked > Slot.child_capacity,
            Slot.wheelchairs_booked > Slot.wheelchair_capacity,
            Slot.sign_language_booked > Slot.sign_language_capacity,
        )
    )


def _overfull_days() -> Select[Any]:
    return select(DayCap.visit_on).where(DayCap.booked > DayCap.capacity)


def _seats_of_slots() -> Select[Any]:
    seated = (
        select(
            Booking.slot_id,
            func.sum(Booking.seats).label("seats"),
            func.sum(Booking.children).label("children"),
            func.sum(Booking.wheelchairs).label("wheelchairs"),
            func.sum(Booking.sign_language).label("sign_language"),
        )
        .where(Booking.status.in_(SEATED))
        .group_by(Booking.slot_id)
        .subquery()
    )
    held = (
        select(Hold.slot_id, func.sum(Hold.seats).label("seats"))
        .where(Hold.state == HoldState.ACTIVE)
        .group_by(Hold.slot_id)
        .subquery()
    )
    return (
        select(Slot.id)
        .outerjoin(seated, seated.c.slot_id == Slot.id)
        .outerjoin(held, held.c.slot_id == Slot.id)
        .where(
            or_(
                Slot.booked != func.coalesce(seated.c.seats, 0),
                Slot.held != func.coalesce(held.c.seats, 0),
                Slot.children_booked != func.coalesce(seated.c.children, 0),
                Slot.wheelchairs_booked != func.coalesce(seated.c.wheelchairs, 0),
                Slot.sign_language_booked != func.coalesce(seated.c.sign_language, 0),
            )
        )
    )


def _day_counters() -> Select[Any]:
    taken = (
        select(Slot.site_id, Slot.visit_on, func.sum(Slot.booked + Slot.held).label("seats"))
        .group_by(Slot.site_id, Slot.visit_on)
        .subquery()
    )
    return (
        select(DayCap.visit_on)
        .outerjoin(taken, and_(taken.c.site_id == DayCap.site_id, taken.c.visit_on == DayCap.visit_on))
        .where(DayCap.booked != func.coalesce(taken.c.seats, 0))
    )


def _tickets() -> Select[Any]:
    current = func.count(case((Ticket.state == TicketState.CURRENT, 1)))
    fitting = func.count(case((and_(Ticket.state == TicketState.CURRENT, Ticket.seats == Booking.seats), 1)))
    return (
        select(Booking.id)
        .outerjoin(Ticket, Ticket.booking_id == Booking.id)
        .where(Booking.channel != Channel.WALK_IN)
        .group_by(Booking.id, Booking.status)
        .having(
            or_(
                and_(Booking.status.in_(ACTIVE), or_(current != 1, fitting != 1)),
                and_(Booking.status == BookingStatus.CANCELLED, current != 0),
            )
        )
    )


def _admissions_by_revoked_tickets() -> Select[Any]:
    return (
        select(Scan.id)
        .join(Ticket, Ticket.id == Scan.ticket_id)
        .where(Scan.result == ScanResult.OK, Ticket.revoked_at < Scan.received_at)
    )


def _admissions() -> Select[Any]:
    scanned = (
        select(Scan.booking_id, func.sum(Scan.seats).label("seats"))
        .where(Scan.result == ScanResult.OK, Scan.annulled_at.is_(None))
        .group_by(Scan.booking_id)
        .subquery()
    )
    return (
        select(Booking.id)
        .outerjoin(scanned, scanned.c.booking_id == Booking.id)
        .where(or_(Booking.admitted != func.coalesce(scanned.c.seats, 0), Booking.admitted > Booking.seats))
    )


def _orphan_answers(session: Session) -> list[str]:
    """Answers that name something there is not: an effect that was lost, or an answer without one."""
    known = {
        str(found)
        for model in (Booking, Hold, Objection, Feedback)
        for found in session.scalars(select(model.id))
    }
    answers = session.execute(select(StoredAnswer.key, StoredAnswer.body).where(StoredAnswer.status == 201))
    return [key for key, body in answers if body.get("id") not in known][:SHOWN]


def _silent_changes(session: Session) -> list[str]:
    """Bookings with fewer audit rows or events than changes, and events of bookings that there are not."""
    # A strike is about a booking and changes none.
    of_booking = and_(AuditRow.object_type == "booking", AuditRow.action.not_like("%strike%"))
    audited = _counted(session, AuditRow.object_id, of_booking)
    booking_id = EventRow.payload["booking_id"].as_string()
    changing = and_(
        booking_id.is_not(None), EventRow.name.not_like("%strike%"), EventRow.name.not_like("%revealed")
    )
    published = _counted(session, booking_id, changing)
    changes = {str(found): n for found, n in session.execute(select(Booking.id, _changes()))}
    silent = [found for found, n in changes.items() if min(audited[found], published[found]) < n]
    return [*silent, *sorted(published.keys() - changes.keys())][:SHOWN]


def _changes() -> ColumnElement[int]:
    """How often a booking was made or changed; undoing a walk-in raises its revision twice."""
    undone = case((Booking.revision > 0, 2), else_=1)
    return case((Booking.channel == Channel.WALK_IN, undone), else_=Booking.revision + 1)


def _counted(session: Session, key: ColumnElement[str] | Any, which: ColumnElement[bool]) -> Counter[str]:
    rows = session.execute(select(key, func.count()).where(which).group_by(key))
    return Counter({str(found): count for found, count in rows})


def _audit_chain(session: Session) -> list[str]:
    verdict = audit.verify(session)
    return [] if verdict.ok else [f"sequence {verdict.broken_at}"]


def _left_of_erased(session: Session) -> list[str]:
    return invariants_personal.left_of_erased(session, shown=SHOWN)


def _two_on_a_day() -> Select[Any]:
    """Members with two living bookings at one site on one day, whatever the index says."""
    return (
        select(cast(Booking.member_id, String))
        .where(Booking.member_id.is_not(None), Booking.status.in_(ACTIVE))
        .group_by(Booking.member_id, Booking.site_id, Booking.visit_on)
        .having(func.count() > 1)
    )


def _overlaps() -> Select[Any]:
    other = aliased(Booking)
    return (
        select(Booking.id)
        .join(other, and_(other.member_id == Booking.member_id, other.id > Booking.id))
        .where(
            Booking.status.in_(ACTIVE),
            other.status.in_(ACTIVE),
            other.starts_at < Booking.ends_at,
            Booking.starts_at < other.ends_at,
        )
    )


def _persons_twice() -> Select[Any]:
    return (
        select(func.min(cast(Visitor.booking_id, String)))  # PostgreSQL has no least of uuids
        .where(Visitor.person_index.is_not(None), Visitor.active)
        .group_by(Visitor.person_index, Visitor.site_id, Visitor.visit_on)
        .having(func.count() > 1)
    )


def _late_bookings() -> Select[Any]:
    return select(Booking.id).where(Booking.channel == Channel.APP, Booking.created_at >= Booking.starts_at)


def _bookings_out_of_place() -> Select[Any]:
    """Scopes are read from the copies that a booking keeps of its slot."""
    return (
        select(Booking.id)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(or_(Booking.site_id != Slot.site_id, Booking.visit_on != Slot.visit_on))
    )


def _visitors_out_of_place() -> Select[Any]:
    moved = and_(Visitor.active, Visitor.visit_on != Booking.visit_on)
    return (
        select(Visitor.id)
        .join(Booking, Booking.id == Visitor.booking_id)
        .where(or_(Visitor.site_id != Booking.site_id, moved))
    )


def _scans_out_of_place() -> Select[Any]:
    """Only a refusal as `wrong_site` may name a booking of another site."""
    return (
        select(Scan.id)
        .join(Booking, Booking.id == Scan.booking_id)
        .where(Scan.site_id != Booking.site_id, Scan.result != ScanResult.WRONG_SITE)
    )


def _left_at_withdrawn_sites(session: Session) -> list[str]:
    """Slots on sale and visits to come that a withdrawal should have ended, once it has had the time to."""
    now = clock.now()
    other = aliased(WithdrawalCase)
    newest = (
        select(func.max(other.version))
        .where(other.site_id == Site.id, other.state != WithdrawalState.SUPERSEDED)
        .correlate(Site)
        .scalar_subquery()
    )
    gone = Site.lifecycle.in_((Lifecycle.WITHDRAWN, Lifecycle.REMOVED))
    of_site = and_(WithdrawalCase.site_id == Site.id, WithdrawalCase.version == newest)
    under_way = and_(
        WithdrawalCase.state == WithdrawalState.RUNNING, WithdrawalCase.opened_at > now - WITHDRAWN_WITHIN
    )
    honoured = Booking.starts_at < WithdrawalCase.effective_at
    slots = (
        select(Slot.id)
        .join(Site, Site.id == Slot.site_id)
        .where(gone, Slot.state == SlotState.OPEN, Slot.starts_at > now)
    )
    # Whoever is inside already has visited: only parties of which nobody has come are called off.
    visits = (
        select(Booking.id)
        .join(Site, Site.id == Booking.site_id)
        .outerjoin(WithdrawalCase, of_site)
        .where(gone, Booking.status == BookingStatus.CONFIRMED, Booking.starts_at > now)
        .where(or_(WithdrawalCase.id.is_(None), and_(not_(under_way), not_(honoured))))
    )
    return list(_ids(slots, visits)(session))


def _boundless_grants(session: Session) -> list[str]:
    """Live grants of a role over more than it can be held over, of another scope than they say, or approved
    by one person alone where that takes two."""
    live = select(RoleGrant).where(RoleGrant.revoked_at.is_(None)).order_by(RoleGrant.id)
    wrong = (grant for grant in session.scalars(live) if not (_is_bounded(grant) and _is_agreed(grant)))
    return [str(grant.id) for grant in wrong][:SHOWN]


def _is_agreed(grant: RoleGrant) -> bool:
    """Grants that nobody signed in gave are the server's operators'."""
    if grant.role not in TWO_PERSON or grant.granted_by is None or grant.approved_at is None:
        return True
    return grant.approved_by not in {None, grant.granted_by}


def _is_bounded(grant: RoleGrant) -> bool:
    reach = reach_of(organisation_id=grant.organisation_id, site_id=grant.site_id)
    if grant.role in list(Role) and not can_be_held(Role(grant.role), reach):
        return False
    return grant.scope.partition(":")[0] == reach.value


def _scopes(session: Session) -> Iterable[str]:
    in_place = _ids(_bookings_out_of_place(), _visitors_out_of_place(), _scans_out_of_place())
    return [*in_place(session), *_boundless_grants(session)]


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "I1",
        "Seats, children and wheelchairs of a slot or day never exceed what it takes.",
        _ids(_overfull_slots(), _overfull_days()),
    ),
    Invariant("I2", "A slot's counters equal the sum of its rows.", _ids(_seats_of_slots())),
    Invariant("I2-day", "A day's counter equals the sum of its slots.", _ids(_day_counters())),
    Invariant(
        "I3",
        "A living booking has one ticket for its seats, a cancelled one none; revoked ones admit nobody.",
        _ids(_tickets(), _admissions_by_revoked_tickets()),
    ),
    Invariant("I4", "Admitted heads equal the scans that admitted them, and fit.", _ids(_admissions())),
    Invariant("I5", "Every stored answer has its effect.", _orphan_answers),
    Invariant("I6", "Every change of a booking has its audit row and its event.", _silent_changes),
    Invariant(
        "I8",
        "A withdrawn or removed site has no slot on sale and no visit to come after its effective date.",
        _left_at_withdrawn_sites,
    ),
    Invariant("I9", "The audit chain verifies.", _audit_chain),
    Invariant("I11", "Sites say what the registry's records say that are held.", differences),
    Invariant(
        "I10",
        "An erased member has left no identifier.",
        _left_of_erased,
    ),
    Invariant("I12", "Avoided CO2 is the sum of its check-ins, in whole grams.", engagement.wrong_emissions),
    Invariant("I13", "One living booking per member, site and day.", _ids(_two_on_a_day())),
    Invariant("I13-overlap", "No member has two living bookings at once.", _ids(_overlaps())),
    Invariant("I13-person", "One living visit per person, site and day.", _ids(_persons_twice())),
    Invariant("I14", "No member booked a visit that had begun.", _ids(_late_bookings())),
    Invariant("I15", "What scopes are read from agrees with what it was copied from.", _scopes),
    Invariant("I16", "A closed day's figures are what counting gives.", engagement.wrong_figures),
    Invariant(
        "I17",
        "A day is given away as its last revision says, and tells of no one to four people.",
        engagement.wrongly_given_away,
    ),
    Invariant(
        "I18",
        "A live article shows a revision of its own, and one that is not live stands in no list.",
        _ids(*content.wrongly_shown()),
    ),
    Invariant(
        "I19",
        "A text passed by as many people as steps, for its very hash, none of whom wrote it.",
        _ids(*content.wrongly_approved()),
    ),
    Invariant("I20", "What is shown or planned has passed review.", _ids(*content.unreviewed())),
    Invariant(
        "I21", "Counts of an article and the changes that wait equal its rows.", _ids(content.wrong_counts())
    ),
)


Progress = Callable[[Invariant], None]


def check(session: Session, progress: Progress = lambda _next: None) -> list[tuple[Invariant, list[str]]]:
    """Every invariant with the rows that break it, some twenty at most; `progress` hears of each first."""
    results = []
    for invariant in INVARIANTS:
        progress(invariant)
        results.append((invariant, list(invariant.violations(session))))
    return results
