"""What may become of an objection, how often one may object, and when background work comes back to one."""

from datetime import timedelta

from miniprogram_api.registry.models.objections import ObjectionState

MOST_FILES = 5
# Where pictures are served.
FILES = "/api/v1/objections/files"
# An unused upload is forgotten after this.
FILE_LIFE = timedelta(hours=24)
# Counted from an objection's last step; then who made it and what they wrote is erased.
KEPT = timedelta(days=2 * 365)
# WeChat judges pictures within half an hour; what it has not said by then is left to people.
PICTURE_WINDOW = timedelta(minutes=35)
# Longer than any call takes; a turn that has not ended by then belonged to a worker that died.
LEASE = timedelta(minutes=5)

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=30)
_FIRST_LOOK = timedelta(minutes=10)
_LONGEST_LOOK = timedelta(hours=12)

# Not delivered, and still to be.
UNDELIVERED = frozenset({ObjectionState.CHECKING, ObjectionState.HELD, ObjectionState.QUEUED})
# Where the content check may still say something; a person may be quicker.
CHECKED_STATES = frozenset({ObjectionState.CHECKING, ObjectionState.HELD})
# What staff may decide about.
REVIEWABLE = frozenset({ObjectionState.HELD, ObjectionState.RETURNED})

_OUTCOMES = {
    "accepted": ObjectionState.ACCEPTED,
    "rejected": ObjectionState.REJECTED,
    "answered": ObjectionState.ANSWERED,
    "closed": ObjectionState.ANSWERED,
}


def outcome_of(registry_state: str, *, has_answer: bool) -> ObjectionState | None:
    """What the registry's word for an objection's state ends it with; None while it has not decided.

    A word we do not know is an end only when it comes with an answer.
    """
    known = _OUTCOMES.get(registry_state)
    return known or (ObjectionState.ANSWERED if has_answer else None)


def wait_after(attempts: int) -> timedelta:
    """How long to leave a service alone that has failed so many times in a row."""
    factor: int = 2 ** min(attempts - 1, 10)
    return min(_FIRST_WAIT * factor, _LONGEST_WAIT)


def look_again_after(looks: int) -> timedelta:
    """How long until the registry is asked again for an answer it had not given so many times."""
    factor: int = 2 ** min(looks, 10)
    return min(_FIRST_LOOK * factor, _LONGEST_LOOK)
