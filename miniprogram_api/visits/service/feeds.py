"""Secret addresses of calendars: one at a time for a member or a site, revocable, stored as a hash."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id, opaque_token, token_hash
from miniprogram_api.visits.events import CalendarFeedChanged
from miniprogram_api.visits.models import CalendarFeed
from miniprogram_api.visits.service.constraints import told_as_refusals


def open_feed(
    session: Session,
    *,
    member_id: UUID | None = None,
    site_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> str:
    """A new secret address for a member's or a site's calendar; a former one ends. Returns the token.

    Raises Conflict when another one is opened at the same moment.
    """
    _revoke(session, _owned_by(member_id, site_id), now)
    token = opaque_token()
    feed = CalendarFeed(
        id=new_id(),
        member_id=member_id,
        site_id=site_id,
        token_hash=token_hash(token),
        created_at=now,
        revoked_at=None,
    )
    session.add(feed)
    with told_as_refusals():
        session.flush()
    _tell(session, member_id, site_id, "opened", actor)
    return token


def close_feed(
    session: Session,
    *,
    member_id: UUID | None = None,
    site_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Make the secret address unknown. Raises NotFound when there is none."""
    if not _revoke(session, _owned_by(member_id, site_id), now):
        raise NotFound
    _tell(session, member_id, site_id, "closed", actor)


def _owned_by(member_id: UUID | None, site_id: UUID | None) -> ColumnElement[bool]:
    return CalendarFeed.site_id == site_id if member_id is None else CalendarFeed.member_id == member_id


def _revoke(session: Session, owned: ColumnElement[bool], now: datetime) -> int:
    live = update(CalendarFeed).where(owned, CalendarFeed.revoked_at.is_(None)).values(revoked_at=now)
    revoked = live.returning(CalendarFeed.id).execution_options(synchronize_session=False)
    return len(session.scalars(revoked).all())


def _tell(session: Session, member_id: UUID | None, site_id: UUID | None, change: str, actor: Actor) -> None:
    owner = "site" if member_id is None else "member"
    owner_id = str(member_id or site_id)
    audit.record(session, actor=actor, action=f"visits.feed_{change}", object_type=owner, object_id=owner_id)
    events.publish(session, CalendarFeedChanged(owner=owner, owner_id=owner_id, change=change))
