"""Telling members what became of their objections."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.messaging.models import MessageKind
from miniprogram_api.messaging.rules import Wording
from miniprogram_api.messaging.service import inbox


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a message is for, and which objection it is about."""

    member_id: UUID
    objection_id: UUID


def tell_of_refusal(session: Session, to: Addressee, wording: Wording, now: datetime) -> None:
    """An objection was not passed on; told once."""
    _tell(session, MessageKind.OBJECTION_REFUSED, to, wording, now)


def tell_of_delivery(session: Session, to: Addressee, wording: Wording, now: datetime) -> None:
    """The registry has an objection; told once."""
    _tell(session, MessageKind.OBJECTION_DELIVERED, to, wording, now)


def tell_of_answer(session: Session, to: Addressee, wording: Wording, now: datetime) -> None:
    """The registry has decided about an objection; told once."""
    _tell(session, MessageKind.OBJECTION_ANSWERED, to, wording, now)


def _tell(session: Session, kind: MessageKind, to: Addressee, wording: Wording, now: datetime) -> None:
    inbox.tell(
        session,
        member_id=to.member_id,
        kind=kind,
        subject_id=str(to.objection_id),
        wording=wording,
        now=now,
    )
