"""`Idempotency-Key` over HTTP: a repeated request gets the first answer again, and has one effect."""

import copy
import functools
import hashlib
import json
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Response, g, request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock, idempotency
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.kernel.idempotency import Attempt, InFlight, KeyMissing, StoredAnswer
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.web.api import read_body, read_json
from miniprogram_api.web.auth import current_principal

View = TypeVar("View", bound=Callable[..., Any])
T = TypeVar("T")

_KEY = re.compile(r"[\x20-\x7e]{1,64}")
_KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "Chosen by the client, new for each wish: within 24 hours a repeat gets the first answer.",
    "schema": {"type": "string", "pattern": "^[ -~]{1,64}$"},
    "example": "9d8c1f5e-booking-1",
}
_running: set[tuple[str, str]] = set()
_guard = threading.Lock()


def idempotent(view: View) -> View:
    """Require a key. The view calls `begin` first in its transaction, `answer` last; failures are not kept.

    The first answer is looked up only when the command refuses or its record is there already, so that the
    ordinary request pays nothing for it.
    """
    return _keyed(view, is_required=True)


def idempotent_if_keyed(view: View) -> View:
    """The same for who sends a key; who sends none asks for something new each time."""
    return _keyed(view, is_required=False)


def _keyed(view: View, *, is_required: bool) -> View:
    @functools.wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        has_key = is_required or "Idempotency-Key" in request.headers
        g.attempt = attempt = _attempt() if has_key else attempt_of(str(new_id()), _digest())
        return once(
            attempt, lambda: view(*args, **kwargs), again=lambda first: respond(first.status, first.body)
        )

    return _documented(wrapper, is_required=is_required)  # type: ignore[return-value]  # same signature


def once(attempt: Attempt, act: Callable[[], T], *, again: Callable[[StoredAnswer], T]) -> T:
    """What `act` gives, which keeps an answer under the attempt; or `again` of the answer kept before."""
    with _alone(attempt):
        try:
            return act()
        except InFlight:
            raise
        except (AppError, IntegrityError):
            first = _find_first_answer(attempt)
            if first is None:
                raise
            if not first.is_old(clock.now()):
                return again(first)
        with atomic() as session:
            idempotency.forget(session, attempt)
        return act()


def attempt_of(key: str, digest: bytes) -> Attempt:
    """The attempt of the caller under a key, for a request whose digest is known."""
    principal = current_principal()
    return Attempt(f"{principal.kind}:{principal.id}", key, digest)


def _documented(view: Callable[..., Any], *, is_required: bool) -> Callable[..., Any]:
    """The view with its header among the parameters that flask-smorest documents."""
    documented: Any = view
    docs = copy.deepcopy(getattr(documented, "_apidoc", {}))
    header = _KEY_HEADER | {"required": is_required}
    docs.setdefault("arguments", {}).setdefault("parameters", []).append(header)
    documented._apidoc = docs
    return view


def current_attempt() -> Attempt:
    """The key of the request at hand, for a command that stores its answer itself."""
    attempt: Attempt = g.attempt
    return attempt


def begin(session: Session) -> None:
    """Be the only one at work on this key; raises InFlight."""
    idempotency.claim(session, current_attempt())


def answer(session: Session, status: int, body: dict[str, Any]) -> Response:
    """Store the answer with its effect and give it."""
    idempotency.keep(session, current_attempt(), status=status, body=body)
    return respond(status, body)


def respond(status: int, body: dict[str, Any]) -> Response:
    """The response of an answer, first time or again."""
    return Response(json.dumps(body, ensure_ascii=False), status=status, content_type="application/json")


def _attempt() -> Attempt:
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise KeyMissing
    return attempt_of(key, _digest())


def _digest() -> bytes:
    raw = read_body(request)
    body = json.dumps(read_json(raw), sort_keys=True) if raw else ""
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).digest()


@contextmanager
def _alone(attempt: Attempt) -> Generator[None]:
    """Refuse a twin in this process at once; one in another process meets the claim or the record itself."""
    mark = (attempt.principal, attempt.key)
    with _guard:
        if mark in _running:
            raise InFlight
        _running.add(mark)
    try:
        yield
    finally:
        with _guard:
            _running.discard(mark)


def _find_first_answer(attempt: Attempt) -> StoredAnswer | None:
    with reading() as session:
        return idempotency.find_answer(session, attempt)
