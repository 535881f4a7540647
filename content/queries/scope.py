"""Over which articles and pictures somebody on the staff holds a permission."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.orm import Session

from content.models import Article, Asset
from miniprogram_api.kernel.access import Grant, Principal
from miniprogram_api.sites.queries import find_site, sites_within

Placed = type[Article] | type[Asset]


def articles_within(
    principal: Principal, permission: str, articles: type[Article] = Article
) -> ColumnElement[bool]:
    """SQL for the articles over which a caller holds a permission; `articles` may be an alias."""
    return _within(articles, principal, permission)


def assets_within(principal: Principal, permission: str) -> ColumnElement[bool]:
    """SQL for the pictures that a caller may use: their own desk's, and the city's, which are everybody's."""
    if not principal.may(permission):
        return _within(Asset, principal, permission)
    shared = and_(Asset.site_id.is_(None), Asset.organisation_id.is_(None))
    return or_(shared, _within(Asset, principal, permission))


def holds_at(
    session: Session,
    principal: Principal,
    permission: str,
    *,
    organisation_id: UUID | None,
    site_id: UUID | None,
) -> bool:
    """Whether the caller holds a permission over a site's desk, an organisation's, or (neither) the city's.

    A site answers to whoever operates it now.
    """
    if site_id is not None:
        site = find_site(session, site_id)
        organisation_id = None if site is None else site.operator_id
    return principal.may_at(permission, site_id=site_id, organisation_id=organisation_id)


def _within(placed: Placed, principal: Principal, permission: str) -> ColumnElement[bool]:
    granted = [grant for grant in principal.grants if permission in grant.permissions]
    if any(_is_boundless(grant) for grant in granted):
        return true()
    # A grant over a site may name its organisation as well: the site decides, as in Grant.covers.
    organisations = {g.organisation_id for g in granted if g.organisation_id and not g.site_id}
    return or_(
        placed.site_id.in_(sites_within(principal, permission)),
        and_(placed.site_id.is_(None), placed.organisation_id.in_(organisations)),
    )


def _is_boundless(grant: Grant) -> bool:
    return grant.site_id is None and grant.organisation_id is None
