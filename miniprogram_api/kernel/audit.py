"""The audit trail: one row per state change in its own transaction, chained by hashes after the commit.

Chaining takes a global lock, so commands only insert a row; a sequencer seals rows in batches behind them.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, String, Text, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import Model, UtcDateTime, atomic
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.kernel.tasks import periodic

_GENESIS = b"\0" * 32
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it; ids only, never a name."""

    kind: str
    id: str
    organisation_id: str | None = None
    ip: str | None = None
    request_id: str | None = None


SYSTEM = Actor(kind="system", id="system")


class AuditRow(Model):
    """One change: who did what to which object, when and why. Append-only; holds no personal data."""

    __tablename__ = "kernel_audit"
    __table_args__ = (Index("ix_kernel_audit_object", "object_type", "object_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(64), index=True)
    organisation_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(80))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str | None] = mapped_column(Text)
    ip: Mapped[str | None] = mapped_column(String(45))
    request_id: Mapped[str | None] = mapped_column(String(64))
    sequence: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class AuditHead(Model):
    """The end of the chain, a row made by the migration; locking it makes one sequencer the only one."""

    __tablename__ = "kernel_audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


def record(
    session: Session,
    *,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Note a change in the transaction that makes it. `before` and `after` hold ids and plain facts only."""
    row = row_of(
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=object_id,
        before=before,
        after=after,
        reason=reason,
    )
    session.add(AuditRow(**row))


def record_all(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Note many changes, each a `row_of`, in one statement."""
    if rows:
        session.execute(insert(AuditRow), rows)


def row_of(
    *,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """The column values `record` would insert, for a command that writes in one statement."""
    return {
        "id": new_id(),
        "at": clock.now(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "organisation_id": actor.organisation_id,
        "action": action,
        "object_type": object_type,
        "object_id": object_id,
        "before": before,
        "after": after,
        "reason": reason,
        "ip": actor.ip,
        "request_id": actor.request_id,
    }


def seal(session: Session, limit: int = _BATCH) -> int:
    """Give the next committed rows their place in the chain; returns how many."""
    head = session.scalars(select(AuditHead).where(AuditHead.id == 1).with_for_update()).one()
    fresh = select(AuditRow).where(AuditRow.sequence.is_(None)).order_by(AuditRow.id).limit(limit)
    rows = session.scalars(fresh).all()
    for row in rows:
        head.sequence += 1
        head.hash = _link(head.hash, head.sequence, row)
        row.sequence, row.hash = head.sequence, head.hash
    session.flush()
    return len(rows)


def list_sealed(session: Session, *, object_type: str, after: int, limit: int) -> tuple[list[AuditRow], int]:
    """The changes of one type of object behind a place in the chain, and up to which place they are all here.

    Places are given after commits and without gaps, so whoever goes on from there misses nothing.
    """
    last = session.scalar(select(AuditHead.sequence).where(AuditHead.id == 1)) or 0
    until = min(last, after + limit)
    stretch = AuditRow.sequence > after, AuditRow.sequence <= until, AuditRow.object_type == object_type
    rows = session.scalars(select(AuditRow).where(*stretch).order_by(AuditRow.sequence)).all()
    return list(rows), max(until, after)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found; `broken_at` is the first sequence that does not verify."""

    rows: int
    unsealed: int
    broken_at: int | None

    @property
    def ok(self) -> bool:
        return self.broken_at is None


def verify(session: Session) -> Verdict:
    """Walk the chain from its start and compare its end with the head, whoever seals meanwhile."""
    count, last, broken_at = 0, _GENESIS, None
    while broken_at is None:
        # The head first: rows that were sealed after it are found by the next round.
        head = session.execute(select(AuditHead.sequence, AuditHead.hash).where(AuditHead.id == 1)).one()
        rows = _sealed_after(session, count)
        if not rows:
            broken_at = None if head == (count, last) else count + 1
            break
        count, last, broken_at = _walk(rows, count, last)
    waiting = select(func.count()).select_from(AuditRow).where(AuditRow.sequence.is_(None))
    unsealed = session.scalars(waiting).one()
    return Verdict(rows=count, unsealed=unsealed, broken_at=broken_at)


def _sealed_after(session: Session, count: int) -> Sequence[AuditRow]:
    later = AuditRow.sequence > count if count else AuditRow.sequence.is_not(None)
    return session.scalars(select(AuditRow).where(later).order_by(AuditRow.sequence).limit(_BATCH)).all()


def _walk(rows: Iterable[AuditRow], count: int, previous: bytes) -> tuple[int, bytes, int | None]:
    for row in rows:
        count += 1
        expected = _link(previous, count, row)
        if row.sequence != count or row.hash != expected:
            return count, previous, count
        previous = expected
    return count, previous, None


def _link(previous: bytes, sequence: int, row: AuditRow) -> bytes:
    content = [
        sequence,
        str(row.id),
        row.at.isoformat(timespec="microseconds"),
        row.actor_kind,
        row.actor_id,
        row.organisation_id,
        row.action,
        row.object_type,
        row.object_id,
        row.before,
        row.after,
        row.reason,
        row.ip,
        row.request_id,
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


@periodic("kernel.seal_audit")
def seal_audit() -> None:
    """Seal what was committed since the last round."""
    sealed = _BATCH
    while sealed == _BATCH:
        with atomic() as session:
            sealed = seal(session)
