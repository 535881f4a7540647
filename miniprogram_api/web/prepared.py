"""Public pages as prepared bytes: made once for everybody, kept for two seconds, sent with a strong ETag.

A short life instead of invalidation: a change is visible two seconds later whatever caused it (a booking, an
editor, the clock), with no invalidation to forget and no store to ask.

A page that is there is handed out before Flask is entered, which would cost more than all the rest. It is
logged and counted like any request; limits are not asked, for they guard what it takes to make a page.
"""

import functools
import gzip
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, Protocol, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request
from werkzeug.http import parse_accept_header, parse_etags

from miniprogram_api.web import telemetry

View = TypeVar("View", bound=Callable[..., Any])
T = TypeVar("T")

LIFE_S = 2.0
_MOST_BYTES = 8_000_000
_GZIP_FROM = 1_000
_BYTES_OF_AN_ELEMENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A prepared page that is not JSON, or that others may keep for longer than this process does."""

    body: bytes
    media_type: str
    max_age_s: int
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Page:
    etag: str
    plain: bytes
    zipped: bytes | None
    media_type: str
    headers: tuple[tuple[str, str], ...]
    route: str
    made_at: float

    @property
    def size(self) -> int:
        return len(self.plain) + len(self.zipped or b"")


@dataclass(frozen=True, slots=True)
class _Part(Generic[T]):
    """What several pages are made of."""

    content: Sequence[T]
    made_at: float

    @property
    def size(self) -> int:
        return _BYTES_OF_AN_ELEMENT * len(self.content)


class _Kept(Protocol):
    @property
    def made_at(self) -> float: ...

    @property
    def size(self) -> int: ...


Kept = TypeVar("Kept", bound=_Kept)


class _Shelf(Generic[Kept]):
    """What this process keeps for two seconds: the least used go when there are too many bytes of it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0
        self._makers: dict[str, threading.Lock] = {}

    def take(self, key: str, make: Callable[[], Kept]) -> Kept:
        """What is kept while it is fresh, else made by one caller while the others of its moment wait."""
        kept = self.find(key)
        if kept is not None:
            return kept
        with self._guard:
            maker = self._makers.setdefault(key, threading.Lock())
        with maker:
            kept = self.find(key)
            if kept is None:
                try:
                    kept = make()
                    self._keep(key, kept)
                finally:
                    with self._guard:
                        self._makers.pop(key, None)
        return kept

    def clear(self) -> None:
        with self._guard:
            self._kept.clear()
            self._bytes = 0

    def find(self, key: str) -> Kept | None:
        """What is kept while it is fresh."""
        with self._guard:
            kept = self._kept.get(key)
            if kept is None or time.monotonic() - kept.made_at >= LIFE_S:
                return None
            self._kept.move_to_end(key)
            return kept

    def _keep(self, key: str, kept: Kept) -> None:
        with self._guard:
            self._drop(key)
            self._kept[key] = kept
            self._bytes += kept.size
            while self._bytes > _MOST_BYTES:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        gone = self._kept.pop(key, None)
        self._bytes -= gone.size if gone else 0


_pages: _Shelf[_Page] = _Shelf()
_parts: _Shelf[_Part[Any]] = _Shelf()


def prepared(view: View) -> View:
    """Answer a public GET from bytes made at most two seconds ago; its address alone decides the answer.

    The view returns what JSON can say, or a Document.
    """

    @functools.wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        page = _pages.take(_key_of(request.environ), lambda: _make(view(*args, **kwargs)))
        answer = _answer(page, request.environ)
        return Response(answer.body, status=answer.status, headers=answer.headers)

    return wrapper  # type: ignore[return-value]  # a view either way


def kept(key: str, produce: Callable[[], Sequence[T]]) -> Sequence[T]:
    """What `produce` answered at most two seconds ago, for views of which many share it."""
    return _parts.take(key, lambda: _Part(produce(), time.monotonic())).content


def init_prepared(app: Flask) -> None:
    """Hand out pages that are there at the door of the application."""
    app.wsgi_app = _Door(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own advice for middleware


class _Door:
    """Answers what needs no application, and lets everything else in."""

    def __init__(self, inside: WSGIApplication) -> None:
        self._inside = inside

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        page = _pages.find(_key_of(environ)) if environ["REQUEST_METHOD"] == "GET" else None
        if page is None:
            return self._inside(environ, start_response)
        started = time.perf_counter()
        request_id = telemetry.request_id_of(environ)
        answer = _answer(page, environ)
        headers = [*answer.headers, *telemetry.common_headers(request_id, _OWN_HEADERS)]
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        telemetry.account(
            route=page.route,
            method="GET",
            status=answer.status,
            seconds=time.perf_counter() - started,
            request_id=request_id,
        )
        return [answer.body]


def forget() -> None:
    """Drop everything, when what they show changes between two requests: the clock, or a test's database."""
    _pages.clear()
    _parts.clear()


def _key_of(environ: WSGIEnvironment) -> str:
    return f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"


def _make(content: Any) -> _Page:
    if not isinstance(content, Document):
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        content = Document(body=body, media_type="application/json", max_age_s=int(LIFE_S))
    plain = content.body
    etag = hashlib.sha256(plain).hexdigest()[:32]
    zipped = gzip.compress(plain, 5, mtime=0) if len(plain) >= _GZIP_FROM else None
    rule = request.url_rule
    headers = (("Cache-Control", f"public, max-age={content.max_age_s}"), *content.headers)
    route = rule.rule if rule else request.path
    return _Page(etag, plain, zipped, content.media_type, headers, route, time.monotonic())


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    headers: list[tuple[str, str]]
    body: bytes


_OWN_HEADERS = {"cache-control"}


def _answer(page: _Page, environ: WSGIEnvironment) -> _Answer:
    headers = [*page.headers, ("Vary", "Accept-Encoding")]
    body, etag = page.plain, page.etag
    zipped = page.zipped if _takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")) else None
    if zipped is not None:
        # Two encodings are two representations, and a strong tag names one.
        body, etag = zipped, f"{etag}-gz"
    headers.append(("ETag", f'"{etag}"'))
    # A proxy that compresses on its way weakens the tag; the page behind it is the same.
    if parse_etags(environ.get("HTTP_IF_NONE_MATCH")).contains_weak(etag):
        return _Answer(HTTPStatus.NOT_MODIFIED, headers, b"")
    if zipped is not None:
        headers.append(("Content-Encoding", "gzip"))
    headers += [("Content-Type", page.media_type), ("Content-Length", str(len(body)))]
    return _Answer(HTTPStatus.OK, headers, body)


@functools.lru_cache(maxsize=500)
def _takes_gzip(accept_encoding: str) -> bool:
    return parse_accept_header(accept_encoding)["gzip"] > 0
