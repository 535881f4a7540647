"""Anchors of the audit chain, kept apart from the database: who rewrites the chain cannot rewrite these.

An anchor says which hash a place in the chain had on a day. One is noted each day in a file and in the log,
both of which are carried off this machine; the chain is later held against them.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, clock
from miniprogram_api.kernel.audit import AuditHead, AuditRow
from miniprogram_api.kernel.clock import BEIJING, beijing_date
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.operations.snapshots import snapshot

log = structlog.get_logger(__name__)

FILE = "audit-anchors.jsonl"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Anchor:
    """The hash that a place in the chain had at an instant."""

    sequence: int
    hash: str
    at: datetime

    def line(self) -> str:
        """As it is kept: one line of JSON."""
        at = self.at.astimezone(BEIJING).isoformat(timespec="seconds")
        return json.dumps({"sequence": self.sequence, "hash": self.hash, "at": at})


def parse(line: str) -> Anchor:
    """Raises ValueError for what is not the line of an anchor."""
    try:
        found = json.loads(line)
        sequence, chained, at = found["sequence"], found["hash"], datetime.fromisoformat(found["at"])
        return Anchor(int(sequence), bytes.fromhex(chained).hex(), at)
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from None


def current(session: Session, now: datetime) -> Anchor | None:
    """The end of the chain as it is; None of an empty one."""
    head = session.execute(select(AuditHead.sequence, AuditHead.hash).where(AuditHead.id == 1)).one()
    return Anchor(head.sequence, head.hash.hex(), now) if head.sequence else None


def find_mismatch(session: Session, anchors: Iterable[Anchor]) -> Anchor | None:
    """The first anchor that the chain does not reach or contradicts; the chain itself is verified apart."""
    for anchor in anchors:
        found = session.scalar(select(AuditRow.hash).where(AuditRow.sequence == anchor.sequence))
        if found is None or found.hex() != anchor.hash:
            return anchor
    return None


def count_sealed(session: Session, *, after: int) -> int:
    """How many rows an export from there holds."""
    return session.scalar(select(func.count()).where(AuditRow.sequence > after)) or 0


def export(session: Session, *, after: int) -> Iterator[dict[str, Any]]:
    """The sealed rows behind a place in the chain, with all that their hashes are made of."""
    last = after
    while True:
        wanted = select(AuditRow).where(AuditRow.sequence > last).order_by(AuditRow.sequence).limit(_BATCH)
        rows = session.scalars(wanted).all()
        if not rows:
            return
        yield from (_line_of(row) for row in rows)
        last = rows[-1].sequence or last
        session.expunge_all()


def _line_of(row: AuditRow) -> dict[str, Any]:
    values = {column.name: getattr(row, column.name) for column in AuditRow.__table__.columns}
    chained = row.hash.hex() if row.hash else None
    return values | {
        "id": str(row.id),
        "at": row.at.isoformat(timespec="microseconds"),
        "hash": chained,
    }


@periodic("operations.anchor_audit", every_minutes=60)
def anchor_audit() -> None:
    """Once a Beijing day, verify the chain, and note its end in the file and in the log.

    Nothing is noted of a chain that does not verify, or that contradicts what was noted before.
    """
    path: Path = current_app.extensions["settings"].data_dir / FILE
    noted, now = _noted(path), clock.now()
    if noted and beijing_date(noted[-1].at) == beijing_date(now):
        return
    with snapshot() as session:
        anchor, verdict = current(session, now), audit.verify(session)
        denied = find_mismatch(session, noted)
    if not verdict.ok or denied is not None:
        log.error("audit.alarm", broken_at=verdict.broken_at, denies=denied and denied.sequence)
    elif anchor is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(anchor.line() + "\n")
        log.info("audit_anchor", sequence=anchor.sequence, hash=anchor.hash)


def _noted(path: Path) -> list[Anchor]:
    return [parse(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
