"""What a member is told of their feedback, for who tells them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.feedback.models import Feedback
from miniprogram_api.feedback.queries.sealed import read_sealed
from miniprogram_api.feedback.queries.shown import subjects_of


@dataclass(frozen=True, slots=True)
class Told:
    """To whom, about what, and in whose words."""

    member_id: UUID
    subject: str
    number: str
    answer: str | None
    reason: str | None


def find_told(session: Session, feedback_id: UUID) -> Told | None:
    """What there is to tell; None when it has been erased since."""
    feedback = session.get(Feedback, feedback_id)
    if feedback is None or feedback.erased_at is not None:
        return None
    return Told(
        member_id=feedback.member_id,
        subject=subjects_of(session, [feedback])[feedback.id].name,
        number=feedback.number,
        answer=read_sealed(feedback, "answer"),
        reason=read_sealed(feedback, "reason"),
    )
