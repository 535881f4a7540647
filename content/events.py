"""Facts about content that others may act on; ids and plain values only."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ArticleEvent(Event):
    """Something happened to an article."""

    article_id: str


@dataclass(frozen=True, slots=True)
class ArticleCreated(ArticleEvent):
    """An article has its first revision."""

    name: ClassVar[str] = "content.article_created"


@dataclass(frozen=True, slots=True)
class RevisionSaved(ArticleEvent):
    """Something else is worked on from now; what is shown stays."""

    name: ClassVar[str] = "content.revision_saved"

    revision_id: str
    number: int


@dataclass(frozen=True, slots=True)
class ArticleDeleted(ArticleEvent):
    """A draft that was never shown lies in the bin."""

    name: ClassVar[str] = "content.article_deleted"


@dataclass(frozen=True, slots=True)
class ArticlePutBack(ArticleEvent):
    """It is out of the bin again."""

    name: ClassVar[str] = "content.article_put_back"


@dataclass(frozen=True, slots=True)
class ArticleSubmitted(ArticleEvent):
    """A text waits for its first step of review."""

    name: ClassVar[str] = "content.article_submitted"

    submission_id: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class SubmissionWithdrawn(ArticleEvent):
    """Whoever put a text forward has taken it back."""

    name: ClassVar[str] = "content.submission_withdrawn"

    submission_id: str


@dataclass(frozen=True, slots=True)
class StepApproved(ArticleEvent):
    """A step of review is passed; with `complete` it was the last."""

    name: ClassVar[str] = "content.step_approved"

    submission_id: str
    step: str
    content_hash: str
    complete: bool


@dataclass(frozen=True, slots=True)
class SubmissionReturned(ArticleEvent):
    """A text goes back to its writers, with a note."""

    name: ClassVar[str] = "content.submission_returned"

    submission_id: str
    step: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class DecisionUndone(ArticleEvent):
    """A reviewer has taken their decision back."""

    name: ClassVar[str] = "content.decision_undone"

    submission_id: str
    step: str


@dataclass(frozen=True, slots=True)
class ArticleScheduled(ArticleEvent):
    """A revision will be shown from an instant on."""

    name: ClassVar[str] = "content.article_scheduled"

    revision_id: str
    publish_at: str


@dataclass(frozen=True, slots=True)
class ArticleUnscheduled(ArticleEvent):
    """It will not."""

    name: ClassVar[str] = "content.article_unscheduled"

    revision_id: str


@dataclass(frozen=True, slots=True)
class ArticlePublished(ArticleEvent):
    """A revision is shown from now on; `first` unless the article had been shown before.

    `push`: those who follow its topics are to be told. `official`: it is to go to the official account.
    `decided_by` is who published or planned it.
    """

    name: ClassVar[str] = "content.article_published"

    revision_id: str
    first: bool
    push: bool
    official: bool
    decided_by: str


@dataclass(frozen=True, slots=True)
class ArticlePushRequested(ArticleEvent):
    """Those who follow its topics are to be told of it."""

    name: ClassVar[str] = "content.article_push_requested"

    push_id: str


@dataclass(frozen=True, slots=True)
class OfficialPostChanged(ArticleEvent):
    """An article has come further on its way into the official account."""

    name: ClassVar[str] = "content.official_post_changed"

    state: str


@dataclass(frozen=True, slots=True)
class ArticleRetracted(ArticleEvent):
    """It is no longer shown, and its page says so."""

    name: ClassVar[str] = "content.article_retracted"


@dataclass(frozen=True, slots=True)
class ArticleExpired(ArticleEvent):
    """Its last day is over."""

    name: ClassVar[str] = "content.article_expired"


@dataclass(frozen=True, slots=True)
class PinChanged(ArticleEvent):
    """It stands above the others until then, or (None) no longer."""

    name: ClassVar[str] = "content.pin_changed"

    until: str | None


@dataclass(frozen=True, slots=True)
class ExpiryChanged(ArticleEvent):
    """It is shown until then, or (None) without an end."""

    name: ClassVar[str] = "content.expiry_changed"

    expires_at: str | None


@dataclass(frozen=True, slots=True)
class WordAllowed(ArticleEvent):
    """A listed word may stand in an article."""

    name: ClassVar[str] = "content.word_allowed"

    list: str


@dataclass(frozen=True, slots=True)
class WordListChanged(Event):
    """A list of words has a new version."""

    name: ClassVar[str] = "content.word_list_changed"

    list: str
    number: int


@dataclass(frozen=True, slots=True)
class TopicChanged(Event):
    """A topic was added, edited, moved, retired or put back."""

    name: ClassVar[str] = "content.topic_changed"

    topic_id: str


@dataclass(frozen=True, slots=True)
class AssetChanged(Event):
    """A picture of the library was added, described, removed or put back."""

    name: ClassVar[str] = "content.asset_changed"

    asset_id: str
