"""Taking over what the core registry says of a project: the only way into the fields that it owns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.events import Event
from miniprogram_api.kernel.geo import Crs, Point, to_gcj02, unit_vector
from miniprogram_api.kernel.ids import new_id, short_code
from miniprogram_api.sites.events import DesignationEnded, OverlayChanged, ProjectApplied, RecordTakenBack
from miniprogram_api.sites.models import TAKEN_BACK, BookingMode, Lifecycle, Overlay, Site
from miniprogram_api.sites.rules import overlay_after
from miniprogram_api.sites.service.search import index_sites

_UNRANKED = 1000
_CLOSES_ON = 1  # Monday, until the site says otherwise
# Columns of Site that carry a record's field under the same name.
_PLAIN = (
    "name",
    "name_en",
    "type",
    "level",
    "district",
    "operator_id",
    "operator_name",
    "lifecycle",
    "lifecycle_since",
    "title_document_no",
    "title_awarded_on",
    "title_valid_until",
    "re_review_due_on",
    "withdrawn_on",
    "withdrawal_effective_at",
    "withdrawal_reason_code",
    "withdrawal_document_no",
    "education_base_since",
    "education_base_until",
    "official_summary",
    "official_carbon_tonnes",
    "official_carbon_method",
    "official_carbon_year",
    "official_media",
    "share_class",
)
# What the search finds a site by.
_INDEXED = ("name", "type", "level", "district")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRecord:
    """The full state of a project at one version, as the registry gives it.

    Without a place (all three of `lng`, `lat` and `crs` are None) a site stays where it is.
    """

    project_id: str
    version: int
    name: str
    type: str
    level: str
    district: str
    lng: float | None
    lat: float | None
    crs: Crs | None
    lifecycle: Lifecycle
    education_base: bool
    name_en: str | None = None
    operator_id: UUID | None = None
    operator_name: str | None = None
    lifecycle_since: date | None = None
    title_document_no: str | None = None
    title_awarded_on: date | None = None
    title_valid_until: date | None = None
    re_review_due_on: date | None = None
    withdrawn_on: date | None = None
    withdrawal_effective_at: datetime | None = None
    withdrawal_reason_code: str | None = None
    withdrawal_document_no: str | None = None
    education_base_since: date | None = None
    education_base_until: date | None = None
    official_summary: str | None = None
    official_carbon_tonnes: str | None = None
    official_carbon_method: str | None = None
    official_carbon_year: int | None = None
    official_media: list[dict[str, Any]] | None = None
    share_class: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """A site after a record of it was taken over, and whose and in which state it was before."""

    site: Site
    changed: bool
    lifecycle_before: Lifecycle | None
    operator_before: UUID | None
    operator_changed: bool


def apply_project(
    session: Session, record: ProjectRecord, *, actor: Actor, now: datetime, code: str | None = None
) -> Site:
    """Bring a site to the record's state, making it if it is new; an old version changes nothing.

    The coordinates are converted once, here, and the given ones kept. A withdrawal closes the site; what
    follows it never reopens by itself.
    """
    codes = {} if code is None else {record.project_id: code}
    return apply_projects(session, [record], actor=actor, now=now, codes=codes)[record.project_id].site


def apply_projects(
    session: Session,
    records: Sequence[ProjectRecord],
    *,
    actor: Actor,
    now: datetime,
    codes: Mapping[str, str] | None = None,
) -> dict[str, Applied]:
    """`apply_project` for many projects at once, each named once; by project, with what was there before.

    A new project without a place becomes no site and is left out. The number of statements does not grow
    with the number of records.
    """
    held = _locked(session, [record.project_id for record in records])
    applied: dict[str, Applied] = {}
    trail: list[dict[str, Any]] = []
    facts: list[Event] = []
    reindexed: list[Site] = []
    for record in records:
        site = held.get(record.project_id)
        if site is None and record.lng is None:
            continue
        if site is not None and site.project_version >= record.version:
            applied[record.project_id] = Applied(site, False, site.lifecycle, site.operator_id, False)
            continue
        before = None if site is None else _held(site)
        if site is None:
            code = (codes or {}).get(record.project_id) or f"CC{short_code(6)}"
            site = _new_site(record, code, now)
            session.add(site)
        overlay = site.overlay
        _take_over(site, record, now)
        _follow_overlay(site, record, before)
        applied[record.project_id] = _applied(site, record, before)
        trail.append(_audit_row(site, record, before, actor))
        facts += _facts(site, applied[record.project_id], overlay)
        if before is None or any(before[name] != getattr(record, name) for name in _INDEXED):
            reindexed.append(site)
    session.flush()
    audit.record_all(session, trail)
    events.publish_all(session, facts)
    index_sites(session, reindexed)
    return applied


def end_designations(session: Session, *, actor: Actor, now: datetime, limit: int = 500) -> int:
    """Take the designation of education bases back whose last day is over; returns how many."""
    over = (
        select(Site)
        .where(Site.education_base.is_(True), Site.education_base_until < beijing_date(now))
        .order_by(Site.id)
        .limit(limit)
        .with_for_update(key_share=True)
    )
    sites = session.scalars(over.execution_options(populate_existing=True)).all()
    for site in sites:
        site.education_base = False
    session.flush()
    trail = [
        audit.row_of(
            actor=actor,
            action="sites.end_designation",
            object_type="site",
            object_id=str(site.id),
            before={"education_base": True},
            after={"education_base": False, "education_base_until": str(site.education_base_until)},
        )
        for site in sites
    ]
    audit.record_all(session, trail)
    events.publish_all(session, [DesignationEnded(site_id=str(site.id)) for site in sites])
    return len(sites)


def _locked(session: Session, project_ids: Iterable[str]) -> dict[str, Site]:
    """The sites there are, locked in one order."""
    held = select(Site).where(Site.project_id.in_(sorted(project_ids))).order_by(Site.project_id)
    locked = held.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {site.project_id: site for site in session.scalars(locked)}


def _new_site(record: ProjectRecord, code: str, now: datetime) -> Site:
    return Site(
        id=new_id(),
        code=code,
        project_id=record.project_id,
        overlay=Overlay.NONE,
        booking_mode=BookingMode.NONE,
        listed_rank=_UNRANKED,
        weekly_closing_weekday=_CLOSES_ON,
        summary="",
        address="",
        facilities=[],
        accessibility=[],
        updated_at=now,
    )


def _take_over(site: Site, record: ProjectRecord, now: datetime) -> None:
    for name in _PLAIN:
        setattr(site, name, getattr(record, name))
    until = record.education_base_until
    site.education_base = record.education_base and (until is None or until >= beijing_date(now))
    if record.lng is not None and record.lat is not None and record.crs is not None:
        given = Point(record.lng, record.lat)
        exact = to_gcj02(given, record.crs)
        place = Point(round(exact.lng, 6), round(exact.lat, 6))
        unit = unit_vector(place)
        site.source_lng, site.source_lat, site.source_crs = given.lng, given.lat, record.crs.value
        site.lng_gcj02, site.lat_gcj02 = place.lng, place.lat
        site.unit_x, site.unit_y, site.unit_z = unit.x, unit.y, unit.z
    site.project_version, site.registry_synced_at = record.version, now


def _held(site: Site) -> dict[str, Any]:
    kept = {name: getattr(site, name) for name in (*_PLAIN, "education_base", "project_version", "overlay")}
    return _summed(kept)


def _follow_overlay(site: Site, record: ProjectRecord, before: Mapping[str, Any] | None) -> None:
    was = None if before is None else before["lifecycle"]
    overlay = site.overlay
    site.overlay = overlay_after(overlay, was=was, now_is=record.lifecycle)
    if site.overlay is not overlay:
        site.overlay_reason, site.overlay_until = None, None


def _applied(site: Site, record: ProjectRecord, before: Mapping[str, Any] | None) -> Applied:
    if before is None:
        return Applied(site, True, None, None, False)
    operator = before["operator_id"]
    return Applied(site, True, before["lifecycle"], operator, operator != record.operator_id)


def _audit_row(
    site: Site, record: ProjectRecord, before: dict[str, Any] | None, actor: Actor
) -> dict[str, Any]:
    after = asdict(record) | {"education_base": site.education_base, "overlay": site.overlay}
    return audit.row_of(
        actor=actor,
        action="sites.apply_project",
        object_type="site",
        object_id=str(site.id),
        before=None if before is None else _plain(before),
        after=_plain(_summed(after)),
    )


def _facts(site: Site, applied: Applied, overlay: Overlay) -> list[Event]:
    was = applied.lifecycle_before
    told: list[Event] = [
        ProjectApplied(
            site_id=str(site.id),
            version=site.project_version,
            lifecycle_before=None if was is None else str(was),
            lifecycle_after=str(site.lifecycle),
            operator_changed=applied.operator_changed,
        )
    ]
    if (was in TAKEN_BACK) != (site.lifecycle in TAKEN_BACK):
        ended = was in TAKEN_BACK
        told.append(RecordTakenBack(site_id=str(site.id), project_id=site.project_id, ended=ended))
    if site.overlay is not overlay:
        told.append(OverlayChanged(site_id=str(site.id), before=str(overlay), after=str(site.overlay)))
    return told


def _summed(values: dict[str, Any]) -> dict[str, Any]:
    """The values, with official media as their number."""
    return values | {"official_media": len(values["official_media"] or ())}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """The values as JSON holds them."""
    return {
        name: value if value is None or isinstance(value, bool | int | float) else str(value)
        for name, value in values.items()
    }
