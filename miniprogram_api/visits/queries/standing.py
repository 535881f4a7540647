"""Strikes as the rules replay them, as a member sees their own, and as a site's staff see those it gave."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.visits.models import Booking, PolicyVersion, Standing, Strike, StrikeKind
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules import standing as rules
from miniprogram_api.visits.rules.standing import Mark

_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeShown:
    """A strike with the booking it was given for."""

    id: UUID
    member_id: UUID
    booking_id: UUID
    booking_number: str
    site_id: UUID
    kind: StrikeKind
    half_points: int
    struck_at: datetime
    counts_until: datetime
    waived_at: datetime | None
    waive_reason: str | None

    @property
    def points(self) -> float:
        return self.half_points / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingShown:
    """What a member's strikes amount to now; `barred_until` only while it lasts."""

    half_points: int
    warned: bool
    barred_until: datetime | None
    strikes: list[StrikeShown]

    @property
    def points(self) -> float:
        return self.half_points / 2


def marks_of(session: Session, member_ids: Sequence[UUID]) -> dict[UUID, list[Mark]]:
    """The strikes that are not waived, by member, oldest first; one statement."""
    statement = (
        select(
            Strike.member_id,
            Strike.half_points,
            Strike.struck_at,
            Strike.counts_until,
            PolicyVersion.id,
            PolicyVersion.numbers,
        )
        .join(Booking, Booking.id == Strike.booking_id)
        .join(PolicyVersion, PolicyVersion.id == Booking.policy_id)
        .where(Strike.member_id.in_(member_ids), Strike.waived_at.is_(None))
        .order_by(Strike.struck_at, Strike.id)
    )
    policies: dict[UUID, policy_rules.Policy] = {}
    marks: dict[UUID, list[Mark]] = defaultdict(list)
    for member_id, half_points, struck_at, counts_until, policy_id, numbers in session.execute(statement):
        if policy_id not in policies:
            policies[policy_id] = policy_rules.from_numbers(numbers)
        marks[member_id].append(Mark(half_points, struck_at, counts_until, policies[policy_id]))
    return marks


def show_standing(session: Session, member_id: UUID, *, now: datetime) -> StandingShown:
    """A member's own standing with their latest strikes, waived ones too."""
    verdict = rules.judge(marks_of(session, [member_id]).get(member_id, []), now)
    barred_until = session.scalar(select(Standing.barred_until).where(Standing.member_id == member_id))
    mine = _strikes().where(Strike.member_id == member_id).order_by(Strike.struck_at.desc(), Strike.id.desc())
    return StandingShown(
        half_points=verdict.half_points,
        warned=verdict.warned,
        barred_until=barred_until if barred_until is not None and barred_until > now else None,
        strikes=[_shown(row) for row in session.execute(mine.limit(_SHOWN))],
    )


def get_strike(session: Session, strike_id: UUID) -> StrikeShown:
    """Any strike, for staff whose scope the caller checks with its site. Raises NotFound."""
    statement = _strikes().where(Strike.id == strike_id).execution_options(populate_existing=True)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return _shown(row)


def list_of_booking(session: Session, booking_id: UUID) -> list[StrikeShown]:
    """The strikes given for one booking; one for a late change and one for not coming at most."""
    rows = session.execute(_strikes().where(Strike.booking_id == booking_id).order_by(Strike.struck_at))
    return [_shown(row) for row in rows]


def list_strikes(session: Session, *, site_id: UUID, limit: int, cursor: str | None) -> Page[StrikeShown]:
    """A page of the strikes for visits to a site, the latest first."""
    statement = _strikes().where(Booking.site_id == site_id)
    columns = (Strike.struck_at, Strike.id)
    found = page_rows(session, statement, columns, limit=limit, cursor=cursor, descending=True)
    return Page([_shown(row) for row in found.items], found.next_cursor)


def _strikes() -> Select[Any]:
    columns: tuple[Any, ...] = (Strike, Booking.number, Booking.site_id)
    return select(*columns).join(Booking, Booking.id == Strike.booking_id)


def _shown(row: Row[Any]) -> StrikeShown:
    strike: Strike = row.Strike
    return StrikeShown(
        id=strike.id,
        member_id=strike.member_id,
        booking_id=strike.booking_id,
        booking_number=row.number,
        site_id=row.site_id,
        kind=strike.kind,
        half_points=strike.half_points,
        struck_at=strike.struck_at,
        counts_until=strike.counts_until,
        waived_at=strike.waived_at,
        waive_reason=strike.waive_reason,
    )
