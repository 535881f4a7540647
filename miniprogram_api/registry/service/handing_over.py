"""What of the exchange hangs on one person: discards they asked for, and corrections they filed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from miniprogram_api.identity.handover import OpenTask, hands_over
from miniprogram_api.kernel.db import execute_counting
from miniprogram_api.registry.models.corrections import OPEN_CORRECTIONS, Correction
from miniprogram_api.registry.models.dead_letters import UNSETTLED, DeadLetter


@hands_over("registry.discards", permission="registry.manage")
class AskedDiscards:
    """Dead letters that the account asked to discard and nobody has agreed to."""

    @staticmethod
    def list_open(session: Session, staff_id: UUID) -> list[OpenTask]:
        """By the project that the record is about."""
        columns = DeadLetter.id, DeadLetter.project_id, DeadLetter.payload_sha256, DeadLetter.first_seen_at
        asked = select(*columns).where(
            DeadLetter.discard_asked_by == str(staff_id), DeadLetter.state.in_(UNSETTLED)
        )
        return [
            OpenTask(row.id, row.project_id or row.payload_sha256[:12], row.first_seen_at)
            for row in session.execute(asked.order_by(DeadLetter.first_seen_at, DeadLetter.id))
        ]

    @staticmethod
    def hand_over(session: Session, *, staff_id: UUID, receiver_id: UUID, now: datetime) -> int:
        """The receiver asks for it now, and a third person has to agree."""
        asked = update(DeadLetter).where(
            DeadLetter.discard_asked_by == str(staff_id), DeadLetter.state.in_(UNSETTLED)
        )
        return execute_counting(session, asked.values(discard_asked_by=str(receiver_id)))


@hands_over("registry.corrections", permission="corrections.view")
class FiledCorrections:
    """Corrections that the account filed and the registry has not settled."""

    @staticmethod
    def list_open(session: Session, staff_id: UUID) -> list[OpenTask]:
        """By project and field."""
        columns = Correction.id, Correction.project_id, Correction.field, Correction.filed_at
        filed = select(*columns).where(
            Correction.filed_by == staff_id, Correction.state.in_(OPEN_CORRECTIONS)
        )
        return [
            OpenTask(row.id, f"{row.project_id} · {row.field}", row.filed_at)
            for row in session.execute(filed.order_by(Correction.filed_at, Correction.id))
        ]

    @staticmethod
    def hand_over(session: Session, *, staff_id: UUID, receiver_id: UUID, now: datetime) -> int:
        """Answers of the registry reach the receiver."""
        filed = update(Correction).where(
            Correction.filed_by == staff_id, Correction.state.in_(OPEN_CORRECTIONS)
        )
        return execute_counting(session, filed.values(filed_by=receiver_id))
