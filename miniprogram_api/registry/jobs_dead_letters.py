"""Watches over dead letters that nobody settles."""

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.registry.service import dead_letter_desk as desk


@periodic("registry.alarm_dead_letters", every_minutes=60)
def alarm_dead_letters() -> None:
    """Tell operators of dead letters that are older than a day."""
    with reading() as session:
        desk.alarm_old(session, now=clock.now())
