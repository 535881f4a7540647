"""What a year's notice does to the slots of the days ahead, site by site, before it is entered for good."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.consequences import PlanDays
from miniprogram_api.visits.queries.access import get_making_access, list_bookable_sites
from miniprogram_api.visits.service import timetable


@dataclass(frozen=True, slots=True)
class SiteOutlook:
    """A site whose slots change: how many come and go, and who has booked one that no longer fits."""

    code: str
    made: int
    removed: int
    hit: int
    numbers: list[str]

    def in_words(self) -> str:
        kept = f", {self.hit} kept for bookings {', '.join(self.numbers)}" if self.hit else ""
        return f"{self.code}: {self.made} slots made, {self.removed} removed{kept}"


def preview_sites(session: Session, *, days: int, now: datetime) -> Iterator[SiteOutlook]:
    """The sites that open differently under the calendar as this transaction has it; writes nothing."""
    facts = site_queries.site_facts()
    codes = {row.id: row.code for row in session.execute(select(facts.c.id, facts.c.code))}
    for site_id in list_bookable_sites(session):
        report = timetable.preview(
            session,
            site_id=site_id,
            access=get_making_access(session, site_id, now=now),
            plan=_planned(session, site_id),
            days=days,
            now=now,
        )
        if report.made or report.removed or report.hit:
            numbers = [booking.number for booking in report.keeping.bookings]
            yield SiteOutlook(codes[site_id], len(report.made), len(report.removed), len(report.hit), numbers)


def _planned(session: Session, site_id: UUID) -> PlanDays:
    return lambda first, last: site_queries.opening_days(session, site_id, first, last)
