"""A change of many slots, so that there is one to look at: fewer seats on one day of the first site."""

from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select

from miniprogram_api.devtools.demo_data.catalogue import SITES
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import SlotAct, SlotChange, Treatment
from miniprogram_api.visits.rules.slot_choice import SlotChoice, Wanted
from miniprogram_api.visits.service import slot_changes

_ID = uuid5(NAMESPACE_URL, "demonstration:slot-change")
_AHEAD = timedelta(days=12)
_SEATS = 30


def change_slots() -> None:
    """Make the change that is not there yet; bookings are kept."""
    now, on = clock.now(), clock.today() + _AHEAD
    with atomic() as session:
        site_id = session.scalar(select(Site.id).where(Site.code == SITES[0].code))
        choice = SlotChoice(first=on, last=on)
        wanted = Wanted(act=SlotAct.CAPACITY, capacity=_SEATS, treatment=Treatment.KEEP)
        if site_id is None or session.get(SlotChange, _ID) is not None:
            return
        outlook = slot_changes.preview_change(session, site_id=site_id, choice=choice, wanted=wanted, now=now)
        if outlook.slots:
            slot_changes.change_slots(
                session,
                change_id=_ID,
                site_id=site_id,
                choice=choice,
                wanted=wanted,
                actor=SYSTEM,
                now=now,
            )
