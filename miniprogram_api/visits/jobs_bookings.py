"""Background work of bookings: tidying up holds that have run out, and erasing personal data on time."""

from datetime import date
from uuid import UUID

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.visits.service import (
    erasure,  # noqa: F401  its part of a member's personal data registers itself
    visitors,
)
from miniprogram_api.visits.service.holds import clear_expired, list_days_to_clear

_DAYS_AT_ONCE = 200


@periodic("visits.clear_expired_holds", every_minutes=5)
def clear_expired_holds() -> None:
    """Tidy up; seats under expired holds have been free since they ran out."""
    with reading() as session:
        days = list_days_to_clear(session, now=clock.now(), limit=_DAYS_AT_ONCE)
    for site_id, visit_on in days:
        _clear(site_id, visit_on)


@retrying
def _clear(site_id: UUID, visit_on: date) -> None:
    with atomic() as session:
        clear_expired(session, site_id=site_id, visit_on=visit_on, now=clock.now())


@periodic("visits.erase_visitor_data", every_minutes=60)
def erase_visitor_data() -> None:
    """Erase documents and contacts whose time has come, batch by batch."""
    while _erase_batch():
        pass


@retrying
def _erase_batch() -> bool:
    with atomic() as session:
        erased = visitors.erase_due(session, now=clock.now())
    return visitors.BATCH in (erased.visitors, erased.contacts)
