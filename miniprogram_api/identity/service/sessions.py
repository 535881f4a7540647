"""Members' sessions: pairs of opaque tokens in families, each family ended as one.

A pair is valid until it is refreshed, ended or over. Only hashes are stored, so a copy of the database signs
nobody in.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from miniprogram_api.identity import events
from miniprogram_api.identity.models import Member, MemberSession
from miniprogram_api.identity.rules import ACCESS_LIFE, REFRESH_LIFE
from miniprogram_api.identity.service import members, trail
from miniprogram_api.identity.service.members import Profile
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.ids import new_id, opaque_token, token_hash

ACCESS_PREFIX = "mp_"
REFRESH_PREFIX = "rf_"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh pair of tokens, known in plain text this once, and whose it is."""

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime
    member: Profile


def sign_in(
    session: Session, *, openid: str, unionid: str | None, now: datetime, request_id: str | None
) -> SignedIn:
    """Open a session for whom WeChat vouches; an openid not seen before becomes a member."""
    member, joined = members.find_or_join(session, openid=openid, unionid=unionid, now=now)
    signed_in, opened = _issue(session, member, family_id=new_id(), now=now)
    event_type = events.MemberJoined if joined else events.SessionOpened
    trail.leave(
        session,
        event_type(str(member.id)),
        actor=_as_member(member.id, request_id),
        after={"session": str(opened.id)},
    )
    return signed_in


def rotate(session: Session, *, refresh_token: str, now: datetime, request_id: str | None) -> SignedIn | None:
    """Exchange a refresh token for a new pair, once; None when it is refused.

    A token that was exchanged before is in two hands, so its whole family ends, whichever hand it is in now;
    and one that is over stays over, should the clock go back. Both are changes to commit: hence no error.
    """
    by_token = MemberSession.refresh_hash == token_hash(refresh_token)
    member_id = session.scalar(select(MemberSession.member_id).where(by_token))
    member = None if member_id is None else members.lock_member(session, member_id)
    pair = None if member is None else session.scalar(select(MemberSession).where(by_token))
    if member is None or pair is None or pair.revoked_at is not None:
        return None
    actor = _as_member(member.id, request_id)
    was_used = pair.superseded_at is not None
    if was_used or pair.refresh_expires_at <= now:
        reason = "refresh_reused" if was_used else "refresh_expired"
        _end(
            session, member.id, MemberSession.family_id == pair.family_id, actor=actor, reason=reason, now=now
        )
        return None
    pair.superseded_at = now
    signed_in, opened = _issue(session, member, family_id=pair.family_id, now=now)
    trail.leave(
        session,
        events.SessionRefreshed(str(member.id)),
        actor=actor,
        before={"session": str(pair.id)},
        after={"session": str(opened.id)},
    )
    return signed_in


def end_session(session: Session, *, member_id: UUID, session_id: UUID, actor: Actor, now: datetime) -> None:
    """Log out on one device: every token of the session's family is refused from now on."""
    members.lock_member(session, member_id)
    family = select(MemberSession.family_id).where(MemberSession.id == session_id).scalar_subquery()
    which = MemberSession.family_id == family
    _end(session, member_id, which, actor=actor, reason="logged_out", now=now)


def end_all_sessions(session: Session, *, member_id: UUID, actor: Actor, now: datetime) -> None:
    """Log out everywhere."""
    members.lock_member(session, member_id)
    _end(
        session,
        member_id,
        MemberSession.member_id == member_id,
        actor=actor,
        reason="logged_out_everywhere",
        now=now,
    )


def close_access(session: Session, session_id: UUID) -> None:
    """Note that an access token was refused as over, so that a clock set back does not revive it."""
    expired = update(MemberSession).where(MemberSession.id == session_id)
    session.execute(expired.values(access_expires_at=MemberSession.created_at))


def purge(session: Session, now: datetime) -> int:
    """Delete pairs that nobody can refresh any more; returns how many."""
    over = delete(MemberSession).where(MemberSession.refresh_expires_at <= now).returning(MemberSession.id)
    return len(session.scalars(over.execution_options(synchronize_session=False)).all())


def _issue(
    session: Session, member: Member, *, family_id: UUID, now: datetime
) -> tuple[SignedIn, MemberSession]:
    access, refresh = ACCESS_PREFIX + opaque_token(), REFRESH_PREFIX + opaque_token()
    pair = MemberSession(
        id=new_id(),
        family_id=family_id,
        member_id=member.id,
        access_hash=token_hash(access),
        access_expires_at=now + ACCESS_LIFE,
        refresh_hash=token_hash(refresh),
        refresh_expires_at=now + REFRESH_LIFE,
        created_at=now,
    )
    session.add(pair)
    session.flush()
    signed_in = SignedIn(
        access_token=access,
        expires_at=pair.access_expires_at,
        refresh_token=refresh,
        refresh_expires_at=pair.refresh_expires_at,
        member=members.profile_of(member),
    )
    return signed_in, pair


def _end(
    session: Session,
    member_id: UUID,
    which: ColumnElement[bool],
    *,
    actor: Actor,
    reason: str,
    now: datetime,
) -> None:
    living = update(MemberSession).where(which, MemberSession.revoked_at.is_(None))
    ended = len(session.scalars(living.values(revoked_at=now).returning(MemberSession.id)).all())
    if ended:
        event = events.SessionsEnded(str(member_id), ended=ended)
        trail.leave(session, event, actor=actor, after={"ended": ended}, reason=reason)


def _as_member(member_id: UUID, request_id: str | None) -> Actor:
    return Actor(kind="member", id=str(member_id), request_id=request_id)
