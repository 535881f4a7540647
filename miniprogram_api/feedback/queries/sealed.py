"""The words of feedback, which are kept encrypted."""

from uuid import UUID

from miniprogram_api.feedback.models import Feedback
from miniprogram_api.kernel import crypto


def context_of(field: str, feedback_id: UUID) -> str:
    """What a ciphertext of feedback is bound to."""
    return f"feedback_items.{field}:{feedback_id}"


def read_sealed(feedback: Feedback, field: str) -> str | None:
    """The plain `text`, `reason` or `answer`; None when absent or erased."""
    cipher: str | None = getattr(feedback, f"{field}_cipher")
    return None if cipher is None else crypto.decrypt(cipher, context=context_of(field, feedback.id))


def seal(feedback: Feedback, field: str, value: str | None) -> None:
    """Keep `text`, `reason` or `answer`, or forget it."""
    cipher = None if value is None else crypto.encrypt(value, context=context_of(field, feedback.id))
    setattr(feedback, f"{field}_cipher", cipher)
