"""What can go wrong around feedback.

NotFound
├── FeedbackMissing     no such feedback or picture, or somebody else's
└── SubjectMissing      no such article, or none that is shown
Conflict
├── NotUnderReview      nobody has to decide about it (any more)
├── NotOpen             it is not waiting for an answer
├── NotEnded            there is nothing to reopen
├── NothingToCorrect    there is no answer, or it was corrected once
└── AlreadyDecided      the picture is shown, or hidden, already
Invalid
└── PicturesUnknown     a picture is not there, is used already, or is named twice
TooMany
├── FeedbackLimited     as much a day as one may write
└── PicturesLimited     as many unused pictures as one may leave lying
"""

from miniprogram_api.kernel.errors import Conflict, Invalid, NotFound, TooMany


class FeedbackMissing(NotFound):
    """Keeps the code of its parent: somebody else's looks like none."""


class SubjectMissing(NotFound):
    """Keeps the code of its parent: nobody learns what is not shown."""


class NotUnderReview(Conflict):
    code = "feedback.not_under_review"


class NotOpen(Conflict):
    code = "feedback.not_open"


class NotEnded(Conflict):
    code = "feedback.not_ended"


class NothingToCorrect(Conflict):
    code = "feedback.nothing_to_correct"


class AlreadyDecided(Conflict):
    code = "feedback.picture_decided"


class PicturesUnknown(Invalid):
    code = "feedback.pictures_unknown"


class FeedbackLimited(TooMany):
    code = "feedback.limited"


class PicturesLimited(TooMany):
    code = "feedback.pictures_limited"
