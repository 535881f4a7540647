"""What every answer of open data has in common: anybody's page may read it, and how long it may be kept."""

from flask import Response

from miniprogram_api.web.api import Routes
from miniprogram_api.web.prepared import Document

ANY_ORIGIN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Link, Content-Disposition"),
)
# A withdrawn site has to be gone from maps soon; figures of past days change seldom.
SITES_KEPT_S, FIGURES_KEPT_S, CATALOGUE_KEPT_S = 10, 300, 3600


def open_to_any_origin(blp: Routes) -> None:
    """Let scripts of any origin read the answers, failures included, and ask beforehand whether they may."""
    blp.after_request(_allow)


def _allow(response: Response) -> Response:
    for name, value in ANY_ORIGIN:
        response.headers[name] = value
    response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
    response.headers["Access-Control-Allow-Headers"] = "If-None-Match"
    response.headers["Access-Control-Max-Age"] = "86400"
    return response


def document(
    body: bytes,
    media_type: str,
    *,
    max_age_s: int,
    next_page: str | None = None,
    file_name: str | None = None,
) -> Document:
    """A page of open data with the headers that go on where it ends, and name it when it is saved."""
    headers = list(ANY_ORIGIN)
    if next_page is not None:
        headers.append(("Link", f'<{next_page}>; rel="next"'))
    if file_name is not None:
        headers.append(("Content-Disposition", f'attachment; filename="{file_name}"'))
    return Document(body=body, media_type=media_type, max_age_s=max_age_s, headers=tuple(headers))
