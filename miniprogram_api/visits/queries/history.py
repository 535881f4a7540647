"""What happened to a booking, when and by whom, from the audit trail and the scans that let nobody in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import devices
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.visits.models import Scan, ScanResult, Slot
from miniprogram_api.visits.rules.history_words import Change, SlotName, refusal_in_words, sentence_of

_MOST = 200
_MOVES = ("visits.reschedule", "visits.move_by_site")
_KINDS = ("booking", "contact")
_PEOPLE = {"member": "游客本人", "system": "系统"}
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened: a sentence, who did it by name, and the reason they gave."""

    at: datetime
    who: str
    sentence: str
    reason: str | None


def list_history(session: Session, booking_id: UUID) -> list[Happening]:
    """Everything that happened to a booking, the latest first; five statements at most."""
    changes = _changes(session, booking_id)
    refusals = _refusals(session, booking_id)
    by = {f"{row.actor_kind}:{row.actor_id}" for row in changes} | {row.scanner for row in refusals}
    names = devices.names_of(session, {each for each in by if each.startswith(("staff:", "device:"))})
    slot_name = _slot_names(session, changes)
    told = [_of_change(row, names, slot_name) for row in changes]
    told += [
        Happening(
            at=row.scanned_at,
            who=names.get(row.scanner, "闸口"),
            sentence=refusal_in_words(row.result.value),
            reason=None,
        )
        for row in refusals
    ]
    # Sorted by time alone: what happened at one moment stays in the order it was written.
    return sorted(told, key=lambda each: each.at)[::-1]


def _changes(session: Session, booking_id: UUID) -> Sequence[Row[Any]]:
    columns: tuple[Any, ...] = (
        AuditRow.at,
        AuditRow.actor_kind,
        AuditRow.actor_id,
        AuditRow.action,
        AuditRow.before,
        AuditRow.after,
        AuditRow.reason,
    )
    about = (AuditRow.object_type.in_(_KINDS), AuditRow.object_id == str(booking_id))
    latest = select(*columns).where(*about).order_by(AuditRow.id.desc()).limit(_MOST)
    return session.execute(latest).all()[::-1]


def _refusals(session: Session, booking_id: UUID) -> Sequence[Row[Any]]:
    columns: tuple[Any, ...] = (Scan.scanned_at, Scan.scanner, Scan.result)
    refused = select(*columns).where(Scan.booking_id == booking_id, Scan.result != ScanResult.OK)
    return session.execute(refused.order_by(Scan.scanned_at.desc()).limit(_MOST)).all()[::-1]


def _of_change(row: Row[Any], names: dict[str, str], slot_name: SlotName) -> Happening:
    who = names.get(f"{row.actor_kind}:{row.actor_id}") or _PEOPLE.get(row.actor_kind, "系统")
    change = Change(row.action, row.before or {}, row.after or {})
    return Happening(at=row.at, who=who, sentence=sentence_of(change, slot_name), reason=row.reason)


def _slot_names(session: Session, changes: Sequence[Row[Any]]) -> SlotName:
    moves = [row for row in changes if row.action in _MOVES]
    wanted = {UUID(facts["slot_id"]) for row in moves for facts in (row.before, row.after)}
    columns: tuple[Any, ...] = (Slot.id, Slot.starts_at, Slot.ends_at)
    rows = session.execute(select(*columns).where(Slot.id.in_(wanted))).all() if wanted else ()
    known = {str(slot_id): _span(starts_at, ends_at) for slot_id, starts_at, ends_at in rows}
    return lambda slot_id: known.get(slot_id, "其他场次")


def _span(starts_at: datetime, ends_at: datetime) -> str:
    begin, end = starts_at.astimezone(BEIJING), ends_at.astimezone(BEIJING)
    day = f"{begin.month}月{begin.day}日（周{_WEEKDAYS[begin.weekday()]}）"
    return f"{day}{begin:%H:%M}–{end:%H:%M}"
