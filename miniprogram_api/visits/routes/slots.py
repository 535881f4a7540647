"""Slots for the public: what can be booked at a site, and why something cannot."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import reading
from miniprogram_api.visits.queries import slots as queries
from miniprogram_api.visits.queries.access import get_public_access
from miniprogram_api.visits.rules.slots import days_asked
from miniprogram_api.visits.schemas import slots as wire
from miniprogram_api.visits.schemas.slot_examples import SLOT, SLOTS
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.prepared import prepared
from miniprogram_api.web.schemas import parse_id

blp = Routes("visits-slots", __name__, url_prefix="/api/v1", description="Slots of a site")


@blp.get("/sites/<string:site_id>/slots")
@public
@limited("availability", "120/minute", per="ip")
@blp.response(HTTPStatus.OK, wire.SlotsView, example=SLOTS)
@prepared
@blp.arguments(wire.SlotFilter, location="query")
def list_slots(days: dict[str, Any], site_id: str) -> dict[str, Any]:
    """The slots of a site; each that cannot be booked says why, and when it may be."""
    now = clock.now()
    with reading() as session:
        site = get_public_access(session, parse_id(site_id), now=now)
        first, last = days_asked(
            days["first"], days["last"], today=beijing_date(now), default_days=site.window_days
        )
        found = queries.list_slots(
            session, site_id=site.site_id, first=first, last=last, access=site.access, now=now
        )
    return wire.slots_view(found)


@blp.get("/slots/<string:slot_id>")
@public
@limited("availability", "120/minute", per="ip")
@blp.response(HTTPStatus.OK, wire.SlotView, example=SLOT)
@prepared
def get_slot(slot_id: str) -> dict[str, Any]:
    """One slot, as the list shows it."""
    now = clock.now()
    wanted = parse_id(slot_id)
    with reading() as session:
        site = get_public_access(session, queries.get_site_id(session, wanted), now=now)
        return wire.slot_view(queries.get_listing(session, wanted, access=site.access, now=now))
