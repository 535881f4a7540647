"""Pictures, served by random names; a name never means another picture, so it may be kept for a year."""

from http import HTTPStatus

from flask import Response, send_file

from miniprogram_api.kernel import files
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.files import FileMissing
from miniprogram_api.sites import shown_files
from miniprogram_api.sites.queries.page import is_shown_photo
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public

blp = Routes("media", __name__, url_prefix="/media", description="Pictures of sites and articles")

_KEEP_S = 365 * 24 * 3600
_BINARY = {"type": "string", "format": "binary"}


@blp.get("/<string:file_name>")
@public
@blp.response(HTTPStatus.OK, _BINARY, content_type="image/jpeg")
@blp.alt_response(HTTPStatus.OK, schema=_BINARY, content_type="image/png")
def show_photo(file_name: str) -> Response:
    """A photo of a site, or a picture of an article in any of its widths."""
    with reading() as session:
        if not (is_shown_photo(session, file_name) or shown_files.is_shown(session, file_name)):
            raise FileMissing
    path = files.current().path_of(file_name)
    response = send_file(path, conditional=True, max_age=_KEEP_S)
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response
