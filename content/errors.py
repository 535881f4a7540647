"""What can go wrong with content.

NotFound
├── ArticleMissing      no such article, or none that the caller may know of
├── RevisionMissing     the article has no revision of that number
├── TopicMissing        no such topic
├── AssetMissing        no such picture
├── PlaceMissing        no such site or organisation to write for
└── WordMissing         the list has no such word
Gone
└── ArticleWithdrawn    it was shown, and is no longer; says since when
Invalid
├── DraftRefused        cannot be kept at all; names the fields
├── DocumentRefused     the text is no document that we know; names the places
├── NotReady            cannot be put forward; names everything that is missing
├── NoteMissing         returned without a word why
└── InstantRefused      a time that is over, or in the wrong order
Conflict
├── VersionConflict     somebody saved meanwhile; `number` is the latest
├── TextChanged         the text is no longer the one that was looked at
├── AlreadySubmitted    it is under review, or through it
├── NothingNew          what is shown says the same
├── NotUnderReview      there is nothing to decide
├── StepTaken           another step is due than the one that was looked at
├── OwnText             nobody approves their own text
├── SecondStep          nobody takes two steps of one text
├── CannotUndo          the next step, or the publication, has come
├── NotApproved         review has not passed it
├── PlanStands          it is planned; take it off the plan first
├── NoPlan              it is not planned
├── NotLive             it is not shown
├── AlreadyPublished    it was shown once: it can be retracted, not deleted
├── AssetInUse          articles show the picture; `uses` names them
├── AssetInReview       reviewers have read what is said of the picture, with an article
├── TopicNameTaken      another topic has the name
├── WordListed          the list has the word
├── WordNotMarked       the word is not in the text, or may stand there already
└── OfficialNotOpen     it is on its way into the official account, or there
"""

from collections.abc import Sequence

from miniprogram_api.kernel.errors import Conflict, FieldError, Gone, Invalid, NotFound


class ArticleMissing(NotFound):
    """There is no such article, or the caller may not know of it."""

    code = "content.article_not_found"


class RevisionMissing(NotFound):
    """The article has no such revision."""

    code = "content.revision_not_found"


class TopicMissing(NotFound):
    """There is no such topic."""

    code = "content.topic_not_found"


class AssetMissing(NotFound):
    """There is no such picture, or it was taken out of the library."""

    code = "content.asset_not_found"


class PlaceMissing(NotFound):
    """There is no such site or organisation, or the caller does not write for it."""

    code = "content.place_not_found"


class WordMissing(NotFound):
    """The list has no such word."""

    code = "content.word_not_found"


class ArticleWithdrawn(Gone):
    """It was retracted or has expired; `since`, `title` and `reason` are what may be told."""

    code = "content.article_withdrawn"


class DraftRefused(Invalid):
    """Something of it does not fit where it is kept."""

    code = "content.draft_refused"


class DocumentRefused(Invalid):
    """The text holds what an article cannot hold; each field is a place in it, `content[3].attrs.level`."""

    code = "content.document_refused"

    def __init__(self, fields: Sequence[FieldError]) -> None:
        super().__init__(fields=fields)


class NotReady(Invalid):
    """The checklist is not through; every open point is a field."""

    code = "content.not_ready"


class NoteMissing(Invalid):
    """A text is returned with a note."""

    code = "content.note_missing"


class InstantRefused(Invalid):
    """An instant is over, or comes before another that it has to follow."""

    code = "content.instant_refused"


class VersionConflict(Conflict):
    """Somebody saved since; `number` is the latest revision's."""

    code = "content.version_conflict"


class TextChanged(Conflict):
    """The text under review is another one now; `content_hash` is its hash."""

    code = "content.text_changed"


class AlreadySubmitted(Conflict):
    """This text is under review or approved."""

    code = "content.already_submitted"


class NothingNew(Conflict):
    """What is shown says exactly this."""

    code = "content.nothing_new"


class NotUnderReview(Conflict):
    """No text of the article waits for a decision."""

    code = "content.not_under_review"


class StepTaken(Conflict):
    """Somebody has decided about this step; `step` is the one that is due."""

    code = "content.step_taken"


class OwnText(Conflict):
    """The reviewer wrote some of the text, or put it forward."""

    code = "content.own_text"


class SecondStep(Conflict):
    """The reviewer has decided about this text at an earlier step."""

    code = "content.second_step"


class CannotUndo(Conflict):
    """There is no decision of the caller's that could still be taken back."""

    code = "content.cannot_undo"


class NotApproved(Conflict):
    """No text of the article has passed all steps of its review."""

    code = "content.not_approved"


class PlanStands(Conflict):
    """A revision is planned for `publish_at`."""

    code = "content.plan_stands"


class NoPlan(Conflict):
    """Nothing is planned."""

    code = "content.no_plan"


class NotLive(Conflict):
    """The article is not shown."""

    code = "content.not_live"


class AlreadyPublished(Conflict):
    """The article has been shown."""

    code = "content.already_published"


class AssetInUse(Conflict):
    """Articles show the picture; `uses` lists each as {id, title}."""

    code = "content.asset_in_use"


class AssetInReview(Conflict):
    """An article with the picture is under review, approved, planned or live."""

    code = "content.asset_in_review"


class TopicNameTaken(Conflict):
    """Another topic has this name."""

    code = "content.topic_name_taken"


class WordListed(Conflict):
    """The word is on the list."""

    code = "content.word_listed"


class WordNotMarked(Conflict):
    """The text has no such mark that is still open."""

    code = "content.word_not_marked"


class OfficialNotOpen(Conflict):
    code = "content.official_not_open"
