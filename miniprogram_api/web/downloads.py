"""Pictures of the private store over HTTP."""

from pathlib import Path
from typing import Protocol
from uuid import UUID

from flask import Response, send_file

from miniprogram_api.kernel import files

_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png"}


class PrivatePicture(Protocol):
    """A picture as a feature lists it."""

    id: UUID
    file_name: str
    media_type: str


def as_download(picture: PrivatePicture) -> Response:
    """A picture of the private store: to be saved, not shown within a page, and kept by nobody between."""
    path: Path = files.private().path_of(picture.file_name)
    name = f"{picture.id}.{_SUFFIXES[picture.media_type]}"
    response = send_file(
        path, mimetype=picture.media_type, as_attachment=True, download_name=name, etag=False
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response
