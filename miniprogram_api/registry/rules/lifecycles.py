"""The steps the registry's lifecycle is meant to take. Pure.

The registry is the authority: another step is taken over all the same, and flagged.
"""

_ENDS = ("rectifying", "expired", "withdrawn")
_STEPS = {
    "applied": {"under_review", "rejected"},
    "under_review": {"public_notice", "rejected"},
    "public_notice": {"confirmed", "rejected"},
    "confirmed": {"under_construction", "rejected"},
    "under_construction": {"titled", "rejected"},
    "rejected": {"applied"},
    "titled": {"re_review", *_ENDS},
    "re_review": {"titled", *_ENDS},
    "rectifying": {"titled", "re_review", *_ENDS},
    "expired": {"titled", "re_review", *_ENDS},
    "withdrawn": {"applied"},
}


def is_jump(before: str, after: str) -> bool:
    """Whether a project got from one state to another by no step there is."""
    return before != after and after not in _STEPS.get(before, ())
