"""What staff see: the sites of their scope in any state, and one site with everything it holds."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import Session, selectinload

from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.kernel.search import tokens
from miniprogram_api.sites.errors import SiteMissing
from miniprogram_api.sites.models import Lifecycle, Notice, Overlay, Site
from miniprogram_api.sites.queries.lists import with_lists
from miniprogram_api.sites.queries.search import INDEX


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSearch:
    """What somebody at a desk looks for."""

    q: str | None = None
    lifecycle: Lifecycle | None = None
    overlay: Overlay | None = None


def list_managed_sites(
    session: Session, principal: Principal, wanted: DeskSearch, *, limit: int, cursor: str | None
) -> Page[Site]:
    """A page of the sites the caller may see at work, by rank. Raises InvalidCursor."""
    statement = select(Site).where(within_scope(principal, "sites.view"))
    if wanted.lifecycle is not None:
        statement = statement.where(Site.lifecycle == wanted.lifecycle)
    if wanted.overlay is not None:
        statement = statement.where(Site.overlay == wanted.overlay)
    if wanted.q is not None:
        if not tokens(wanted.q):
            return Page((), None)
        matches = INDEX.matches(wanted.q)
        statement = statement.join(matches, matches.c.object_id == Site.id)
    return page(session, statement, [Site.listed_rank, Site.id], limit=limit, cursor=cursor)


def within_scope(principal: Principal, permission: str) -> ColumnElement[bool]:
    """SQL for the sites over which a caller holds a permission."""
    granted = [grant for grant in principal.grants if permission in grant.permissions]
    if any(grant.site_id is None and grant.organisation_id is None for grant in granted):
        return true()
    # A grant over a site may name its organisation as well: the site decides, as in Grant.covers.
    organisations = {g.organisation_id for g in granted if g.organisation_id and not g.site_id}
    return or_(
        Site.id.in_({grant.site_id for grant in granted if grant.site_id}),
        Site.operator_id.in_(organisations),
    )


def sites_within(principal: Principal, permission: str) -> Select[UUID]:
    """The ids of the sites over which a caller holds a permission, for the features above."""
    return select(Site.id).where(within_scope(principal, permission))


def get_desk_site(session: Session, principal: Principal, site_id: UUID) -> Site:
    """A site with its lists loaded. Raises SiteMissing outside the caller's scope."""
    statement = (
        select(Site)
        .where(Site.id == site_id, within_scope(principal, "sites.view"))
        .options(
            *with_lists(),
            selectinload(Site.notices.and_(Notice.retired_at.is_(None))),
        )
    )
    site = session.scalars(statement).one_or_none()
    if site is None:
        raise SiteMissing
    return site
