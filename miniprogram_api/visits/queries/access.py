"""What a site's standing lets the public see of its slots, and book."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.sites import freshness
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.errors import SiteMissing
from miniprogram_api.sites.rules import Detail, Lifecycle, may_book, visibility
from miniprogram_api.visits.models import PolicyVersion
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.slots import Access


@dataclass(frozen=True, slots=True)
class SiteAccess:
    """A site's standing and how far ahead it releases slots."""

    site_id: UUID
    detail: Detail
    access: Access
    window_days: int


def get_site_access(session: Session, site_id: UUID, *, now: datetime) -> SiteAccess:
    """The standing of any site, with the policy in force today; one statement. Raises SiteMissing."""
    facts = site_queries.site_facts()
    today = beijing_date(now)
    columns = (facts.c.lifecycle, facts.c.education_base, facts.c.overlay, facts.c.booking_mode)
    in_force = policy_in_force(facts.c.id, today)
    statement = select(*columns, PolicyVersion.numbers).outerjoin(PolicyVersion, PolicyVersion.id == in_force)
    row = session.execute(statement.where(facts.c.id == site_id)).one_or_none()
    if row is None:
        raise SiteMissing
    lifecycle, education_base, overlay, booking_mode, numbers = row
    shown = visibility(lifecycle, education_base, overlay)
    bookable = may_book(shown, booking_mode=booking_mode, visit_on=today, today=today)
    policy = policy_rules.from_numbers(numbers) if numbers else policy_rules.DEFAULT
    gone = shown.detail is Detail.CLOSED_PAGE or lifecycle is Lifecycle.REMOVED
    access = Access(bookable, shown.horizon_days, gone=gone)
    return SiteAccess(site_id, shown.detail, access, policy.window_days)


def get_making_access(session: Session, site_id: UUID, *, now: datetime) -> Access:
    """What the standing allows the making of slots. Raises SiteMissing.

    On a copy of the registry that is too old, none are made beyond those there are.
    """
    access = get_site_access(session, site_id, now=now).access
    return access if freshness.current().promises_more(session, now=now) else replace(access, bookable=False)


def get_public_access(session: Session, site_id: UUID, *, now: datetime) -> SiteAccess:
    """The standing of a site that the public may know of. Raises SiteMissing, SiteWithdrawn."""
    found = get_site_access(session, site_id, now=now)
    if found.detail in {Detail.HIDDEN, Detail.CLOSED_PAGE}:
        site_queries.get_shown_site(session, site_id)
    return found


def policy_in_force(site_id: ColumnElement[UUID], on: date | ColumnElement[date]) -> Any:
    """The id of the version that rules a day of a site, as correlated SQL; the choice of `policy_on`."""
    version = PolicyVersion.__table__.alias("in_force")
    statement: Select[Any] = (
        select(version.c.id)
        .where(and_(version.c.site_id == site_id, version.c.effective_on <= on))
        .order_by(version.c.effective_on.desc(), version.c.version.desc())
        .limit(1)
    )
    return statement.scalar_subquery()


def list_bookable_sites(session: Session) -> list[UUID]:
    """Every site that takes bookings now."""
    facts = site_queries.site_facts()
    columns = (facts.c.id, facts.c.lifecycle, facts.c.education_base, facts.c.overlay, facts.c.booking_mode)
    sites = session.execute(select(*columns).order_by(facts.c.id))
    return [
        site_id
        for site_id, lifecycle, education_base, overlay, booking_mode in sites
        if visibility(lifecycle, education_base, overlay).bookable and booking_mode == "slots"
    ]
