"""Staff sessions: so many minutes idle and 12 hours in all, ended at once by owner or administrator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select, true, update
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import StaffSession
from miniprogram_api.identity.service import staff_trail
from miniprogram_api.identity.staff_events import SecondFactorShown, StaffSessionsEnded, StaffSignedIn
from miniprogram_api.kernel import paging, runtime_settings
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id, opaque_token, token_hash
from miniprogram_api.kernel.paging import Page

TOKEN_PREFIX = "st_"  # noqa: S105  says whose token it is
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
FRESH = timedelta(minutes=10)
IDLE_MINUTES = runtime_settings.declare("identity.staff_idle_minutes", default=30, least=5, most=120)


@dataclass(frozen=True, slots=True)
class Origin:
    """From where somebody signs in."""

    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    network: str | None = None  # failures count against it, where there is one


def open_session(
    session: Session, *, staff_id: UUID, origin: Origin, now: datetime
) -> tuple[StaffSession, str]:
    """Start a session for who has proven to be this account: the row, and the token that only they have."""
    token = TOKEN_PREFIX + opaque_token()
    opened = StaffSession(
        id=new_id(),
        staff_id=staff_id,
        access_hash=token_hash(token),
        created_at=now,
        last_seen_at=now,
        proven_at=now,
        expires_at=now + ABSOLUTE,
        ip=origin.ip,
        user_agent=(origin.user_agent or "")[:200] or None,
        revoked_at=None,
    )
    session.add(opened)
    session.flush()
    actor = Actor(kind="staff", id=str(staff_id), ip=origin.ip, request_id=origin.request_id)
    event = StaffSignedIn(str(staff_id), session_id=str(opened.id))
    staff_trail.leave(session, event, actor=actor, after={"session": str(opened.id)})
    return opened, token


def idle_life(session: Session, now: datetime) -> timedelta:
    """How long a session may idle."""
    return timedelta(minutes=IDLE_MINUTES.value(session, now))


def is_over(*, last_seen_at: datetime, expires_at: datetime, idle: timedelta, now: datetime) -> bool:
    """Whether a session has idled or lasted too long."""
    return now >= expires_at or now - last_seen_at >= idle


def is_fresh(*, proven_at: datetime, now: datetime) -> bool:
    """Whether the second factor was shown so recently that a sensitive act needs no other."""
    return proven_at <= now < proven_at + FRESH


def mark_proven(
    session: Session, *, staff_id: UUID, session_id: UUID, actor: Actor, now: datetime
) -> datetime:
    """Note that the session's holder has shown the second factor again; returns until when that counts."""
    proven = update(StaffSession).where(StaffSession.id == session_id)
    session.execute(proven.values(proven_at=now).execution_options(synchronize_session=False))
    event = SecondFactorShown(str(staff_id), session_id=str(session_id))
    staff_trail.leave(session, event, actor=actor, after={"session": str(session_id)})
    return now + FRESH


def mark_seen(session: Session, session_id: UUID, now: datetime) -> None:
    """Note that the session is in use."""
    seen = update(StaffSession).where(StaffSession.id == session_id, StaffSession.last_seen_at < now)
    session.execute(seen.values(last_seen_at=now).execution_options(synchronize_session=False))


def close_over(session: Session, session_id: UUID, now: datetime) -> None:
    """Note that a session was refused as over, so that a clock set back does not revive it."""
    over = update(StaffSession).where(StaffSession.id == session_id, StaffSession.revoked_at.is_(None))
    session.execute(over.values(revoked_at=now).execution_options(synchronize_session=False))


def list_sessions(
    session: Session, *, staff_id: UUID, current_id: UUID, now: datetime, limit: int, cursor: str | None
) -> Page[Row[*tuple[Any, ...]]]:
    """The account's living sessions, newest first, the one that asks marked `current`."""
    living = select(
        StaffSession.id,
        StaffSession.created_at,
        StaffSession.last_seen_at,
        StaffSession.expires_at,
        StaffSession.ip,
        StaffSession.user_agent,
        (StaffSession.id == current_id).label("current"),
    ).where(
        StaffSession.staff_id == staff_id,
        StaffSession.revoked_at.is_(None),
        StaffSession.expires_at > now,
        StaffSession.last_seen_at > now - idle_life(session, now),
    )
    return paging.page_rows(session, living, [StaffSession.id], limit=limit, cursor=cursor, descending=True)


def end_session(session: Session, *, staff_id: UUID, session_id: UUID, actor: Actor, now: datetime) -> None:
    """End one session of the account. Raises NotFound when it has no such living session."""
    if not _end(session, staff_id, StaffSession.id == session_id, actor=actor, reason="signed_out", now=now):
        raise NotFound


def end_all(session: Session, *, staff_id: UUID, actor: Actor, reason: str, now: datetime) -> int:
    """End every session of the account; returns how many."""
    return _end(session, staff_id, true(), actor=actor, reason=reason, now=now)


def end_others(
    session: Session, *, staff_id: UUID, session_id: UUID, actor: Actor, reason: str, now: datetime
) -> int:
    """End every session of the account but one; returns how many."""
    return _end(session, staff_id, StaffSession.id != session_id, actor=actor, reason=reason, now=now)


def _end(
    session: Session, staff_id: UUID, which: ColumnElement[bool], *, actor: Actor, reason: str, now: datetime
) -> int:
    of_account = (StaffSession.staff_id == staff_id, StaffSession.revoked_at.is_(None), which)
    ending = update(StaffSession).where(*of_account).values(revoked_at=now).returning(StaffSession.id)
    ended = session.scalars(ending.execution_options(synchronize_session=False)).all()
    if ended:
        event = StaffSessionsEnded(str(staff_id), ended=len(ended))
        after = {"sessions": sorted(str(session_id) for session_id in ended)}
        staff_trail.leave(session, event, actor=actor, after=after, reason=reason)
    return len(ended)
