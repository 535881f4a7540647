"""What the exchange with the registry asks of sites: which project each is, and what it says of itself."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.sites.models import TAKEN_BACK, BookingMode, Overlay, Site
from miniprogram_api.sites.queries.opening import find_openings
from miniprogram_api.sites.rules.opening import OpeningRuleFacts
from miniprogram_api.sites.rules.words import opening_in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteProfile:
    """What a site itself decides: whether and when it opens and for how many at once."""

    id: UUID
    project_id: str
    code: str
    opening_state: Overlay
    opening_reason: str | None
    opening_until: date | None
    booking_mode: BookingMode
    hours: Sequence[str]
    slot_capacity: int | None
    day_capacity: int | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ProjectOfSite:
    """Which project a site is, and whether the registry took its record back."""

    project_id: str
    taken_back: bool


def find_projects(session: Session, site_ids: Collection[UUID]) -> dict[UUID, ProjectOfSite]:
    """The project of each site, in one statement."""
    wanted = select(Site.id, Site.project_id, Site.lifecycle).where(Site.id.in_(site_ids))
    return {
        row.id: ProjectOfSite(row.project_id, row.lifecycle in TAKEN_BACK) for row in session.execute(wanted)
    }


def list_profiles(session: Session, *, on: date, limit: int, cursor: str | None) -> Page[SiteProfile]:
    """What sites say of themselves, by project; two statements. Raises InvalidCursor."""
    wanted = select(
        Site.id,
        Site.project_id,
        Site.code,
        Site.overlay,
        Site.overlay_reason,
        Site.overlay_until,
        Site.booking_mode,
        Site.updated_at,
    )
    found = page_rows(session, wanted, (Site.project_id,), limit=limit, cursor=cursor)
    openings = find_openings(session, Site.id.in_([row.id for row in found.items]), on, None)
    return Page(
        [
            _profile(row, openings[row.id].rules, openings[row.id].weekly_closing_weekday, on)
            for row in found.items
        ],
        found.next_cursor,
    )


def _profile(row: Row[Any], rules: Sequence[OpeningRuleFacts], closes: int | None, on: date) -> SiteProfile:
    held = [rule for rule in rules if rule.valid_to is None or rule.valid_to >= on]
    return SiteProfile(
        id=row.id,
        project_id=row.project_id,
        code=row.code,
        opening_state=row.overlay,
        opening_reason=row.overlay_reason,
        opening_until=row.overlay_until,
        booking_mode=row.booking_mode,
        hours=opening_in_words(held, weekly_closing_weekday=closes),
        slot_capacity=max((rule.capacity for rule in held), default=None),
        day_capacity=max((rule.day_capacity for rule in held if rule.day_capacity is not None), default=None),
        updated_at=row.updated_at,
    )


def has_project(session: Session, project_id: str) -> bool:
    """Whether any site belongs to the project."""
    return session.scalar(select(Site.id).where(Site.project_id == project_id)) is not None
