"""Every project we hold, as comparisons and partners go through them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.registry.models.projects import HeldProject, ProjectState
from miniprogram_api.registry.rules.reconciliation import Stand
from miniprogram_api.registry.rules.records import parse_instant
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.rules import visibility

_PAGE = 500
_WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What we hold of a project and how its site stands; `withdrawn_from` is when its visits end."""

    project_id: str
    stand: Stand
    site_id: UUID | None
    withdrawn_from: datetime | None
    site_agrees: bool


def iterate_holdings(session: Session) -> Iterator[Holding]:
    """All of them by id, read in pages of a few hundred."""
    cursor = None
    while True:
        found = page_rows(session, _with_sites(), [HeldProject.project_id], limit=_PAGE, cursor=cursor)
        yield from (_holding(row) for row in found.items)
        cursor = found.next_cursor
        if cursor is None:
            return


def _with_sites() -> Select[Any]:
    site = site_queries.site_facts()
    return select(
        HeldProject.project_id,
        HeldProject.version,
        HeldProject.digest,
        HeldProject.state,
        HeldProject.lifecycle,
        HeldProject.data,
        HeldProject.occurred_at,
        HeldProject.received_at,
        HeldProject.site_id,
        site.c.lifecycle.label("site_lifecycle"),
        site.c.education_base,
        site.c.overlay,
    ).outerjoin(site, site.c.id == HeldProject.site_id)


def _holding(row: Row[Any]) -> Holding:
    removed = row.state is ProjectState.REMOVED
    return Holding(
        project_id=row.project_id,
        stand=Stand(row.version, row.digest, removed=removed),
        site_id=row.site_id,
        withdrawn_from=_withdrawn_from(row),
        site_agrees=row.site_lifecycle is None or _agrees(row),
    )


def _withdrawn_from(row: Row[Any]) -> datetime | None:
    happened_at: datetime = min(row.occurred_at, row.received_at)
    if row.state is ProjectState.REMOVED:
        return happened_at
    if row.state is not ProjectState.LIVE or row.lifecycle != _WITHDRAWN:
        return None
    given = (row.data or {}).get("withdrawal") or {}
    return parse_instant(given.get("effective_at")) or happened_at


def _agrees(row: Row[Any]) -> bool:
    """Whether the site stands as its record says: what is live in its lifecycle, what is not in no list."""
    if row.state is ProjectState.LIVE:
        return bool(row.site_lifecycle == row.lifecycle)
    return not visibility(row.site_lifecycle, row.education_base, row.overlay).listed


def list_digests(session: Session, *, limit: int, cursor: str | None) -> Page[Row[Any]]:
    """Version and digest of what we hold, by project. Raises InvalidCursor."""
    held = select(HeldProject.project_id, HeldProject.version, HeldProject.digest).where(
        HeldProject.state != ProjectState.REMOVED
    )
    return page_rows(session, held, [HeldProject.project_id], limit=limit, cursor=cursor)


def stands_of(session: Session, project_ids: Sequence[str]) -> dict[str, Stand]:
    """How we stand with some projects now."""
    wanted = select(HeldProject.project_id, HeldProject.version, HeldProject.digest, HeldProject.state).where(
        HeldProject.project_id.in_(sorted(project_ids))
    )
    return {
        row.project_id: Stand(row.version, row.digest, removed=row.state is ProjectState.REMOVED)
        for row in session.execute(wanted)
    }
