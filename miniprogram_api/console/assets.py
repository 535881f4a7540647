"""Files of the console: their hash is in the address, so a browser keeps them for good."""

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from flask import Response, request, url_for

from miniprogram_api.console.blueprint import console
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.web.auth import public

STATIC = Path(__file__).parent / "static"
_FOR_GOOD = "public, max-age=31536000, immutable"
_SHORTLY = "public, max-age=60"
_DIGITS = 10
_SQUEEZED = {"text/css", "text/javascript", "image/svg+xml", "application/json", "application/manifest+json"}

mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("text/javascript", ".js")


@cache
def digest_of(name: str) -> str:
    """The first digits of a file's SHA-256."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:_DIGITS]


def address_of(name: str) -> str:
    """Where a browser finds a file as it is now."""
    return url_for("console.send_asset", name=name, v=digest_of(name))


@cache
def _files() -> frozenset[str]:
    return frozenset(str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file())


@cache
def _content(name: str, squeezed: bool) -> bytes:
    raw = (STATIC / name).read_bytes()
    return gzip.compress(raw, mtime=0) if squeezed else raw


@console.get("/static/<path:name>")
@public
def send_asset(name: str) -> Response:
    """A file of the console."""
    if name not in _files():
        raise NotFound
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    squeezed = kind in _SQUEEZED and bool(request.accept_encodings["gzip"])
    response = Response(_content(name, squeezed), mimetype=kind)
    response.headers["Cache-Control"] = _FOR_GOOD if request.args.get("v") == digest_of(name) else _SHORTLY
    response.headers["Vary"] = "Accept-Encoding"
    if squeezed:
        response.headers["Content-Encoding"] = "gzip"
    return response
