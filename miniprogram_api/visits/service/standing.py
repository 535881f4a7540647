"""Strikes and bans: giving strikes, waiving them, and keeping each member's standing what the strikes say.

The standing's row is locked before the strikes are read, so that of two strikes given at once the second sees
the first; raising its revision makes a booking that is being checked look again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.visits.errors.gate import StrikeAlreadyWaived
from miniprogram_api.visits.events import StandingChanged, StrikeAdded, StrikeWaived
from miniprogram_api.visits.models import Booking, Standing, Strike, StrikeKind
from miniprogram_api.visits.queries import standing as queries
from miniprogram_api.visits.rules import standing as rules
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.service.inserts import insert_missing

_QUIETLY = {"synchronize_session": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeDue:
    """A strike that somebody's booking calls for; `half_points` of 0 means none."""

    member_id: UUID
    booking_id: UUID
    kind: StrikeKind
    half_points: int
    policy: Policy


def add_strike(
    session: Session,
    *,
    member_id: UUID,
    booking_id: UUID,
    kind: StrikeKind,
    half_points: int,
    policy: Policy,
    now: datetime,
    actor: Actor,
) -> None:
    """Hold a booking against its member, once, and bar them when it is one too many."""
    due = StrikeDue(
        member_id=member_id, booking_id=booking_id, kind=kind, half_points=half_points, policy=policy
    )
    add_strikes(session, [due], now=now, actor=actor)


def add_strikes(session: Session, due: Sequence[StrikeDue], *, now: datetime, actor: Actor) -> int:
    """The same for many at once; a booking gets one strike of a kind. Returns how many were given."""
    wanted = [_row(strike, now) for strike in due if strike.half_points > 0]
    if not wanted:
        return 0
    lock_standings(session, {row["member_id"] for row in wanted})
    given = set(insert_missing(session, Strike, wanted, unique=("booking_id", "kind"), returning=Strike.id))
    rows = [row for row in wanted if row["id"] in given]
    for row in rows:
        _tell_added(session, row, actor)
    _recompute(session, {row["member_id"] for row in rows}, now=now, actor=actor)
    return len(rows)


def waive_strikes(
    session: Session,
    *,
    booking_ids: Sequence[UUID],
    kind: StrikeKind | None = None,
    reason: str,
    now: datetime,
    actor: Actor,
) -> int:
    """Take the strikes of these bookings back, and any ban that rested on them; returns how many counted."""
    of_kind = true() if kind is None else Strike.kind == kind
    which = and_(Strike.booking_id.in_(booking_ids), of_kind)
    return _waive(session, which, reason=reason, now=now, actor=actor)


def waive_strike(
    session: Session, *, strike_id: UUID, site_id: UUID, reason: str, now: datetime, actor: Actor
) -> queries.StrikeShown:
    """Take one strike of a site back. Raises NotFound, StrikeAlreadyWaived."""
    mine = select(Strike).join(Booking, Booking.id == Strike.booking_id)
    strike = session.scalar(mine.where(Strike.id == strike_id, Booking.site_id == site_id))
    if strike is None:
        raise NotFound
    if not _waive(session, Strike.id == strike_id, reason=reason, now=now, actor=actor):
        raise StrikeAlreadyWaived
    return queries.get_strike(session, strike_id)


def lock_standings(session: Session, member_ids: Iterable[UUID]) -> None:
    """Let these members do one thing at a time that looks at several of their visits; in one order."""
    ids = sorted(member_ids)
    first = [{"member_id": member_id, "revision": 0, "barred_until": None} for member_id in ids]
    insert_missing(session, Standing, first, unique=("member_id",), returning=Standing.member_id)
    standings = select(Standing.member_id).where(Standing.member_id.in_(ids))
    session.execute(standings.order_by(Standing.member_id).with_for_update()).all()


def _waive(session: Session, which: ColumnElement[bool], *, reason: str, now: datetime, actor: Actor) -> int:
    counting = and_(which, Strike.waived_at.is_(None))
    members = set(session.scalars(select(Strike.member_id).where(counting)))
    if not members:
        return 0
    lock_standings(session, members)
    statement = (
        update(Strike)
        .where(counting)
        .values(waived_at=now, waive_reason=reason)
        .returning(Strike.id, Strike.member_id, Strike.booking_id)
    )
    rows = session.execute(statement.execution_options(**_QUIETLY)).all()
    for row in rows:
        event = StrikeWaived(str(row.id), str(row.member_id), str(row.booking_id))
        _tell_waived(session, event, reason, actor)
    _recompute(session, members, now=now, actor=actor)
    return len(rows)


def _row(strike: StrikeDue, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "member_id": strike.member_id,
        "booking_id": strike.booking_id,
        "kind": strike.kind,
        "half_points": strike.half_points,
        "struck_at": now,
        "counts_until": rules.counts_until(now, strike.policy),
        "waived_at": None,
        "waive_reason": None,
    }


def _recompute(session: Session, member_ids: Iterable[UUID], *, now: datetime, actor: Actor) -> None:
    ids = sorted(member_ids)
    marks = defaultdict(list, queries.marks_of(session, ids))
    known = select(Standing.member_id, Standing.barred_until).where(Standing.member_id.in_(ids))
    for member_id, before in session.execute(known.order_by(Standing.member_id)).all():
        after = rules.judge(marks[member_id], now).barred_until
        statement = update(Standing).where(Standing.member_id == member_id)
        values = {"revision": Standing.revision + 1, "barred_until": after}
        session.execute(statement.values(values).execution_options(**_QUIETLY))
        if after != before:
            _tell_standing(session, member_id, before, after, actor)


def _tell_added(session: Session, row: dict[str, Any], actor: Actor) -> None:
    member_id, kind, half_points = str(row["member_id"]), str(row["kind"]), row["half_points"]
    audit.record(
        session,
        actor=actor,
        action="visits.add_strike",
        object_type="booking",
        object_id=str(row["booking_id"]),
        after={"member": member_id, "kind": kind, "half_points": half_points},
    )
    added = StrikeAdded(str(row["id"]), member_id, str(row["booking_id"]), kind, half_points)
    events.publish(session, added)


def _tell_waived(session: Session, event: StrikeWaived, reason: str, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.waive_strike",
        object_type="booking",
        object_id=event.booking_id,
        after={"strike": event.strike_id, "member": event.member_id},
        reason=reason,
    )
    events.publish(session, event)


def _tell_standing(
    session: Session, member_id: UUID, before: datetime | None, after: datetime | None, actor: Actor
) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.change_standing",
        object_type="member",
        object_id=str(member_id),
        before={"barred_until": _text(before)},
        after={"barred_until": _text(after)},
    )
    events.publish(session, StandingChanged(str(member_id), _text(after)))


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(BEIJING).isoformat(timespec="seconds")
