"""The cookies that a browser of staff carries, and when one stands for the `Authorization` header.

A page under `/console/` is known to be ours by its form's token. A call of the API is known to come from one
of our pages by a header that no other origin can send without asking, and by its origin where it is told.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.wrappers import Response

STAFF = "sid"
DEVICE = "gid"
PAGES = "/console/"
PAGE_HEADER = "X-Console"
_API = "/api/staff/v1/"


def name_of(cookie: str) -> str:
    """What the cookie is called: in production no other host and no plain connection can set it."""
    return f"__Host-{cookie}" if _is_secure() else cookie


def keep(response: Response, cookie: str, token: str, *, lasts: timedelta) -> None:
    """Have the browser keep a token that no script can read; for how long, as its own clock may be off."""
    response.set_cookie(
        name_of(cookie), token, max_age=lasts, httponly=True, secure=_is_secure(), samesite="Strict"
    )


def drop(response: Response, cookie: str) -> None:
    """Have the browser forget a token."""
    response.delete_cookie(name_of(cookie), httponly=True, secure=_is_secure(), samesite="Strict")


def _is_secure() -> bool:
    return bool(current_app.extensions["settings"].production)


def presented() -> list[str]:
    """The tokens of the request's cookies, a person's before a device's; none unless a page of ours asks."""
    is_page = request.path.startswith(PAGES)
    if not is_page and not (request.path.startswith(_API) and request.headers.get(PAGE_HEADER)):
        return []
    if is_from_elsewhere():
        return []
    tokens = (request.cookies.get(name_of(cookie)) for cookie in (STAFF, DEVICE))
    return [token for token in tokens if token]


def is_from_elsewhere() -> bool:
    """Whether the browser says that another origin sent this."""
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc != request.host
    except ValueError:  # no browser writes such a one
        return True
