"""Recognises a member's access token with one indexed read, so that a revocation holds at once."""

from sqlalchemy import bindparam, select

from miniprogram_api.identity.models import Member, MemberSession
from miniprogram_api.identity.permissions import MEMBER
from miniprogram_api.identity.service import sessions
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Principal, PrincipalKind
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import token_hash

_GRANTS = (MEMBER,)

# Built once: SQLAlchemy then finds its compiled form by the statement's memoised key.
_BY_TOKEN = (
    select(
        MemberSession.id,
        MemberSession.member_id,
        MemberSession.access_expires_at,
        MemberSession.created_at,
    )
    .join(Member, Member.id == MemberSession.member_id)
    .where(
        MemberSession.access_hash == bindparam("access_hash"),
        MemberSession.superseded_at.is_(None),
        MemberSession.revoked_at.is_(None),
        Member.erased_at.is_(None),
    )
)


def authenticate_member(token: str) -> Principal | None:
    """Who holds this access token; None when it is unknown, over, replaced or revoked."""
    now = clock.now()
    with reading() as session:
        found = session.execute(_BY_TOKEN, {"access_hash": token_hash(token)}).one_or_none()
    if found is None:
        return None
    if found.access_expires_at > now:
        return Principal(PrincipalKind.MEMBER, found.member_id, found.id, _GRANTS)
    if found.access_expires_at > found.created_at:
        with atomic() as session:
            sessions.close_access(session, found.id)
    return None
