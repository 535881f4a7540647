"""Members for tests, made by the services that make them in life."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.identity.models import Member
from miniprogram_api.identity.service import members, sessions
from miniprogram_api.identity.service.sessions import SignedIn
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.ids import new_id


def make_member(session: Session, *, openid: str | None = None, now: datetime | None = None) -> Member:
    """Somebody who has signed in once."""
    signed_in = sign_in(session, openid=openid or f"o-{new_id()}", now=now)
    return session.get_one(Member, signed_in.member.id)


def sign_in(
    session: Session, *, openid: str = "o-alice", unionid: str | None = None, now: datetime | None = None
) -> SignedIn:
    return sessions.sign_in(
        session, openid=openid, unionid=unionid, now=now or clock_now(), request_id="request-1"
    )


def give_phone(session: Session, member_id: UUID, phone: str = "13800138000") -> None:
    members.set_phone(
        session,
        member_id=member_id,
        phone=phone,
        source=members.PhoneSource.WECHAT,
        actor=acting(member_id),
        now=clock_now(),
    )


def acting(member_id: UUID) -> Actor:
    """The member as the audit trail names them."""
    return Actor(kind="member", id=str(member_id), request_id="request-1")
