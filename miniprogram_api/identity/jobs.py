"""Housekeeping of identity: tokens that are over are not kept."""

from miniprogram_api.identity.service import sessions
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.tasks import periodic


@periodic("identity.purge_member_sessions", every_minutes=60)
def purge_member_sessions() -> None:
    """Delete members' sessions whose refresh token is over."""
    with atomic() as session:
        sessions.purge(session, clock.now())
