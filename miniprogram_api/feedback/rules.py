"""How often one may write, what staff may decide when, and when background work comes back."""

from datetime import timedelta

from miniprogram_api.feedback.models import FeedbackState, Finding, HeldBecause, PictureState

# Where pictures are served.
PICTURES = "/api/v1/feedback/pictures"
MOST_CHARACTERS = 500
MOST_PICTURES = 3
MOST_PER_DAY = 10
MOST_UNUSED_PICTURES = 10
# An unused upload is forgotten after this.
PICTURE_LIFE = timedelta(hours=24)
# Counted from the last step; then what was written and answered is erased.
KEPT = timedelta(days=2 * 365)
# WeChat judges pictures within half an hour; what it has not said by then is left to people.
VERDICT_WINDOW = timedelta(minutes=35)
# Longer than any call takes; a turn that has not ended by then belonged to a worker that died.
LEASE = timedelta(minutes=5)
# A picture that WeChat could not fetch is submitted once more, and then left to people.
MOST_SUBMISSIONS = 2

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=30)

# Where the content check may still say something; a person may be quicker.
CHECKED_STATES = frozenset({FeedbackState.CHECKING, FeedbackState.HELD})
# Not at an end.
UNENDED = frozenset({FeedbackState.CHECKING, FeedbackState.HELD, FeedbackState.OPEN})

# What staff may do in which state.
RELEASABLE = frozenset({FeedbackState.HELD})
REFUSABLE = frozenset({FeedbackState.HELD, FeedbackState.OPEN})
ANSWERABLE = frozenset({FeedbackState.OPEN})
CLOSABLE = frozenset({FeedbackState.OPEN})
REOPENABLE = frozenset({FeedbackState.ANSWERED, FeedbackState.CLOSED, FeedbackState.REFUSED})


def wait_after(attempts: int) -> timedelta:
    """How long to leave a check alone that has failed so many times in a row."""
    factor: int = 2 ** min(attempts - 1, 10)
    return min(_FIRST_WAIT * factor, _LONGEST_WAIT)


def held_for(finding: Finding) -> HeldBecause | None:
    """Why a text of this finding waits for a person; None when it need not. Nothing is refused unseen."""
    return {Finding.RISKY: HeldBecause.RISKY, Finding.DOUBTFUL: HeldBecause.REVIEW}.get(finding)


def picture_after(finding: Finding) -> PictureState:
    """What becomes of a picture of this finding."""
    return PictureState.SHOWN if finding is Finding.CLEAN else PictureState.HELD
