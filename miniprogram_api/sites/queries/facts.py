"""What the features above may know of a site, and the table of visibility as SQL."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from itertools import product
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.sites.errors import SiteMissing, SiteWithdrawn
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay, Site
from miniprogram_api.sites.rules import Detail, Visibility, visibility

_SITES = Site.__table__
_COLUMNS = (
    Site.id,
    Site.code,
    Site.name,
    Site.address,
    Site.lng_gcj02.label("lng"),
    Site.lat_gcj02.label("lat"),
    Site.operator_id,
    Site.lifecycle,
    Site.education_base,
    Site.overlay,
    Site.overlay_reason,
    Site.overlay_until,
    Site.booking_mode,
    Site.district,
    Site.type,
    Site.level,
    Site.work_phone,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """One site, as `site_facts` describes it."""

    id: UUID
    code: str
    name: str
    address: str
    lng: float
    lat: float
    operator_id: UUID | None
    lifecycle: Lifecycle
    education_base: bool
    overlay: Overlay
    overlay_reason: str | None
    overlay_until: date | None
    booking_mode: BookingMode
    district: str
    type: str
    level: str
    work_phone: str | None

    @property
    def shown(self) -> Visibility:
        return visibility(self.lifecycle, self.education_base, self.overlay)


def site_facts() -> Subquery:
    """Every site, to join in a statement of one's own; its columns are the fields of SiteFacts."""
    return select(*_COLUMNS).subquery("site_facts")


def find_site(session: Session, site_id: UUID) -> SiteFacts | None:
    """A site, whatever the public sees of it."""
    row = session.execute(select(*_COLUMNS).where(Site.id == site_id)).one_or_none()
    return None if row is None else SiteFacts(**row._mapping)


def list_site_names(session: Session) -> list[tuple[UUID, str]]:
    """Every site by name, for who chooses one."""
    return [(row.id, row.name) for row in session.execute(select(Site.id, Site.name).order_by(Site.name))]


def names_of_sites(session: Session, site_ids: Collection[UUID]) -> dict[UUID, str]:
    """What sites are called; one statement."""
    if not site_ids:
        return {}
    named = select(Site.id, Site.name).where(Site.id.in_(site_ids))
    return {row.id: row.name for row in session.execute(named)}


def operates_sites(session: Session, organisation_id: UUID) -> bool:
    """Whether an organisation operates any site."""
    return bool(session.scalar(select(exists().where(Site.operator_id == organisation_id))))


def hold_standing(session: Session, site_id: UUID) -> None:
    """Keep what decides about a site's standing from changing until the transaction ends."""
    session.execute(select(Site.id).where(Site.id == site_id).with_for_update(read=True))


def get_shown_site(session: Session, site_id: UUID) -> SiteFacts:
    """A site that has a public page. Raises SiteMissing, or SiteWithdrawn of one known to have ended."""
    site = find_site(session, site_id)
    if site is None or site.shown.detail is Detail.HIDDEN:
        raise SiteMissing
    if site.shown.detail is Detail.CLOSED_PAGE:
        raise withdrawn(session, site_id)
    return site


def withdrawn(session: Session, site_id: UUID) -> SiteWithdrawn:
    """What may be said of a withdrawn site: since when, and by which document."""
    told = select(Site.withdrawn_on, Site.withdrawal_document_no).where(Site.id == site_id)
    since, document_no = session.execute(told).one()
    return SiteWithdrawn(since=None if since is None else since.isoformat(), document_no=document_no)


def holds(wanted: Callable[[Visibility], bool]) -> ColumnElement[bool]:
    """SQL for the rows of the visibility table that are wanted, over the table of sites."""
    groups: dict[tuple[bool, tuple[Overlay, ...]], list[Lifecycle]] = defaultdict(list)
    for designated, lifecycle in product((True, False), Lifecycle):
        overlays = tuple(o for o in Overlay if wanted(visibility(lifecycle, designated, o)))
        if overlays:
            groups[designated, overlays].append(lifecycle)
    return or_(
        false(),
        *(
            and_(
                _SITES.c.overlay.in_(overlays),
                _SITES.c.lifecycle.in_(lifecycles),
                _SITES.c.education_base.is_(designated),
            )
            for (designated, overlays), lifecycles in groups.items()
        ),
    )
