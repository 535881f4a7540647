"""Facts about feedback; who wrote it and what it says is in none of them."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class FeedbackSent(Event):
    """A member wrote about an article or a site."""

    name: ClassVar[str] = "feedback.sent"

    feedback_id: str
    subject_type: str
    subject_id: str


@dataclass(frozen=True, slots=True)
class FeedbackMoved(Event):
    """Feedback came into another state that its member need not hear of."""

    name: ClassVar[str] = "feedback.moved"

    feedback_id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FeedbackAnswered(Event):
    """Staff answered, or corrected their answer; `occasion` tells one message to the member from another."""

    name: ClassVar[str] = "feedback.answered"

    feedback_id: str
    occasion: int
    corrected: bool


@dataclass(frozen=True, slots=True)
class FeedbackRefused(Event):
    """A person found it not fit to be dealt with."""

    name: ClassVar[str] = "feedback.refused"

    feedback_id: str
    occasion: int


@dataclass(frozen=True, slots=True)
class FeedbackClosed(Event):
    """It came to an end without an answer, for a reason."""

    name: ClassVar[str] = "feedback.closed"

    feedback_id: str
    occasion: int


@dataclass(frozen=True, slots=True)
class PictureUploaded(Event):
    """A member uploaded a picture for feedback."""

    name: ClassVar[str] = "feedback.picture_uploaded"

    picture_id: str


@dataclass(frozen=True, slots=True)
class PictureMoved(Event):
    """A picture is shown from now on, hidden, or left to a person."""

    name: ClassVar[str] = "feedback.picture_moved"

    picture_id: str
    feedback_id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FeedbackErased(Event):
    """The words and pictures of feedback were erased, its time being over."""

    name: ClassVar[str] = "feedback.erased"

    count: int
