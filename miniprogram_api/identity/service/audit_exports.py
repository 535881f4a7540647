"""Carrying rows of the audit trail away: who did it, which rows, and why stand in the trail too."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from miniprogram_api.identity import audit_queries
from miniprogram_api.identity.audit_queries import TrailFilter
from miniprogram_api.identity.service import staff_trail
from miniprogram_api.identity.staff_events import AuditExported
from miniprogram_api.kernel import runtime_settings
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.ids import new_id

MOST_ROWS = runtime_settings.declare("identity.audit_export_rows", default=10_000, least=100, most=50_000)


def export_trail(
    session: Session, wanted: TrailFilter, *, reason: str, actor: Actor, now: datetime
) -> list[Row[*tuple[Any, ...]]]:
    """The newest rows that fit, as many as may be carried away at once; leaves a row of its own."""
    rows = audit_queries.list_for_export(session, wanted, most=MOST_ROWS.value(session, now))
    filters = {name: _plain(value) for name, value in asdict(wanted).items() if value is not None}
    event = AuditExported(str(new_id()), rows=len(rows))
    after = {"rows": len(rows), "filters": filters}
    staff_trail.leave(session, event, actor=actor, after=after, reason=reason)
    return rows


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
