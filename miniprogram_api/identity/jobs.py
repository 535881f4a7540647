"""Housekeeping of identity: tokens that are over are not kept, nor is what a member takes back in WeChat."""

from sqlalchemy.orm import Session

from miniprogram_api.identity.service import members, personal_data, sessions
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.wechat.events import AuthorisationWithdrawn


@periodic("identity.purge_member_sessions", every_minutes=60)
def purge_member_sessions() -> None:
    """Delete members' sessions whose refresh token is over."""
    with atomic() as session:
        sessions.purge(session, clock.now())


@subscribe(AuthorisationWithdrawn, name="identity.take_back")
def take_back(session: Session, event: AuthorisationWithdrawn) -> None:
    """Forget what a member no longer lets us know; nothing to do for somebody who is no member."""
    member_id = members.find_by_index(session, bytes.fromhex(event.person))
    if member_id is None:
        return
    if event.whole:
        personal_data.erase_member(session, member_id=member_id, actor=SYSTEM, now=clock.now())
    else:
        members.take_back(session, member_id=member_id, kinds=event.kinds, actor=SYSTEM)
