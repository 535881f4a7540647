"""A site with visitors whose project the registry withdraws."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.models import HeldProject, WithdrawalCase
from miniprogram_api.registry.service import withdrawals
from miniprogram_api.sites.models import Lifecycle, Overlay, Site
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking, BookingStatus, Slot
from miniprogram_api.visits.rules.party import Contact
from tests.factories.members import make_member
from tests.factories.projects import hold_project
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot

PHONE = "13900000000"


@dataclass(slots=True)
class Withdrawn:
    """A site, its slots and bookings as they were before the withdrawal, the nearest first."""

    site_id: UUID
    project_id: str
    slots: list[UUID] = field(default_factory=list)
    bookings: list[UUID] = field(default_factory=list)


def make_visited_site(*, slots: int = 3, members: int = 2, guests: int = 1) -> Withdrawn:
    """A site with a slot on each day from the day after tomorrow on, and parties in each of them."""
    first = clock.now() + timedelta(days=2)
    with atomic() as session:
        site = make_site(session)
        said = {"name": site.name, "type_code": site.type, "level_code": site.level}
        hold_project(session, site.project_id, site_id=site.id, district_code=site.district, **said)
        found = Withdrawn(site.id, site.project_id)
        for number in range(slots):
            starts_at = first + timedelta(days=number)
            slot = make_slot(session, site.id, starts_at=starts_at, capacity=max(20, members + guests))
            found.slots.append(slot.id)
            for _ in range(members):
                booking = make_booking(session, slot, member_id=make_member(session).id)
                found.bookings.append(booking.id)
            for guest in range(guests):
                found.bookings.append(_add_guest(session, slot, phone=str(int(PHONE) + guest)))
    return found


def _add_guest(session: Session, slot: Slot, *, phone: str) -> UUID:
    booking = make_booking(session, slot)
    give_contact(booking, "王小明", phone)
    session.flush()
    return booking.id


def give_contact(booking: Booking, name: str, phone: str) -> None:
    """Whom to call about a booking."""
    sealed = personal.seal_contact(Contact(name, phone), booking.id, site_id=booking.site_id)
    for column, value in sealed.items():
        setattr(booking, column, value)


def withdraw(
    found: Withdrawn,
    *,
    version: int = 2,
    effective_at: datetime | None = None,
    doc_no: str | None = "文〔2026〕8号",
) -> UUID | None:
    """What the registry's record brings about, in one transaction; the id of the case it leaves."""
    now = clock.now()
    with atomic() as session:
        site = session.get_one(Site, found.site_id)
        site.lifecycle, site.overlay, site.project_version = Lifecycle.WITHDRAWN, Overlay.CLOSED, version
        project = session.get_one(HeldProject, found.project_id)
        project.version, project.lifecycle = version, "withdrawn"
        session.flush()
        withdrawals.open_case(
            session,
            project=project,
            effective_at=effective_at or now,
            reason_code="title_revoked",
            doc_no="文〔2026〕8号",
            now=now,
            actor=SYSTEM,
        )
    case = find_case(found)
    return None if case is None else case.id


def title_again(found: Withdrawn, *, version: int) -> None:
    """The registry changes its mind; the site prepares, and nothing comes back by itself."""
    with atomic() as session:
        site = session.get_one(Site, found.site_id)
        site.lifecycle, site.overlay = Lifecycle.TITLED, Overlay.PREPARING
        session.get_one(HeldProject, found.project_id).version = version


def find_case(found: Withdrawn) -> WithdrawalCase | None:
    """The newest case of the site."""
    with reading() as session:
        cases = select(WithdrawalCase).where(WithdrawalCase.site_id == found.site_id)
        return session.scalars(cases.order_by(WithdrawalCase.version.desc()).limit(1)).one_or_none()


def get_case(found: Withdrawn) -> WithdrawalCase:
    """The newest case of the site, which there is."""
    case = find_case(found)
    assert case is not None
    return case


def statuses(found: Withdrawn) -> dict[UUID, BookingStatus]:
    """How each booking stands."""
    with reading() as session:
        rows = session.execute(select(Booking.id, Booking.status).where(Booking.site_id == found.site_id))
        return {row.id: row.status for row in rows}
