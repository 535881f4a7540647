"""What gates keep in a browser goes when whoever used it leaves: the page that asks to sign in sees to it."""

from flask import session

_LEFT = "console.left"


def leave() -> None:
    """Have the next page that asks to sign in or to pair forget what gates keep; only a script can."""
    session[_LEFT] = True


def forgets_gates() -> bool:
    """Whether this page is to do so; said once."""
    return bool(session.pop(_LEFT, False))
