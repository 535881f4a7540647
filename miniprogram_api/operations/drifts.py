"""A counter that disagrees with its rows, and how it is set right."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import SYSTEM


@dataclass(frozen=True, slots=True)
class Drift:
    """One slot, day or article whose counter does not equal the sum of its rows."""

    object_type: str
    object_id: str
    counted: dict[str, int]
    summed: dict[str, int]


def write_sums(session: Session, drifted: list[Drift], change: Any, reason: str) -> Drift | None:
    """Write what the rows say, with an audit row; returns what was done, None when all is well."""
    if not drifted:
        return None
    drift = drifted[0]
    session.execute(change.values(**drift.summed).execution_options(synchronize_session=False))
    audit.record(
        session,
        actor=SYSTEM,
        action="operations.reconcile",
        object_type=drift.object_type,
        object_id=drift.object_id,
        before=drift.counted,
        after=drift.summed,
        reason=reason,
    )
    return drift
