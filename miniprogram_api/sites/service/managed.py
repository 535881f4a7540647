"""Access to a site for those who work on it, and the trail that every change of one leaves."""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.sites.errors import ListFull, PartMissing, SiteMissing
from miniprogram_api.sites.events import SiteChanged
from miniprogram_api.sites.models import (
    Closure,
    Indicator,
    LocalNote,
    Notice,
    OpeningRule,
    Photo,
    Site,
    Technology,
)

Part = Photo | Technology | Indicator | Notice | OpeningRule | Closure | LocalNote
P = TypeVar("P", Photo, Technology, Indicator, Notice, OpeningRule, Closure, LocalNote)


def get_managed_site(session: Session, principal: Principal, permission: str, site_id: UUID) -> Site:
    """The site, whatever the public sees of it. Raises SiteMissing outside the caller's scope."""
    return _within_scope(session.get(Site, site_id), principal, permission)


def lock_managed_site(session: Session, principal: Principal, permission: str, site_id: UUID) -> Site:
    """The same, and nobody else edits the site until the transaction ends. Raises SiteMissing.

    Bookings go on: the lock is the one that rows referring to the site do not wait for.
    """
    lock = select(Site).where(Site.id == site_id).with_for_update(key_share=True)
    site = session.scalars(lock.execution_options(populate_existing=True)).one_or_none()
    return _within_scope(site, principal, permission)


def _within_scope(site: Site | None, principal: Principal, permission: str) -> Site:
    if site is None or not principal.may_at(permission, site_id=site.id, organisation_id=site.operator_id):
        raise SiteMissing
    return site


def get_part(session: Session, kind: type[P], part_id: UUID, *, site_id: UUID) -> P:
    """A photo, rule, closure, … of the site that is still in force. Raises PartMissing."""
    part = session.get(kind, part_id)
    ended = getattr(part, "retired_at", None) or getattr(part, "lifted_at", None)
    if part is None or part.site_id != site_id or ended is not None:
        raise PartMissing
    return part


def check_room(session: Session, kind: type[Part], *, site_id: UUID, most: int) -> None:
    """Raises ListFull when the site has as many of a kind as it can have."""
    statement = select(func.count()).select_from(kind).where(kind.site_id == site_id)
    if not issubclass(kind, Closure):
        statement = statement.where(kind.retired_at.is_(None))
    if session.scalars(statement).one() >= most:
        raise ListFull(most=most)


def next_position(session: Session, kind: type[Photo] | type[Technology], *, site_id: UUID) -> int:
    """The place after the last one of a list."""
    last = session.scalar(select(func.max(kind.position)).where(kind.site_id == site_id))
    return 0 if last is None else last + 1


def note_change(
    session: Session,
    site: Site,
    *,
    part: str,
    action: str,
    actor: Actor,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Leave the audit row and the event of an edit, and the time of it on the site."""
    site.updated_at = now
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"sites.{action}",
        object_type="site",
        object_id=str(site.id),
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, SiteChanged(site_id=str(site.id), part=part))
