"""The addresses WeChat pushes to: verified, of this moment, kept once as events, answered at once.

One for the mini-program and one for the official account; each knows its own secrets only.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request
from prometheus_client import Counter
from sqlalchemy.orm import Session

from config.settings import Settings
from miniprogram_api.kernel import clock, events, idempotency
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.events import Event
from miniprogram_api.kernel.idempotency import Attempt, KeyReused
from miniprogram_api.web.api import Routes, read_body
from miniprogram_api.web.auth import public
from miniprogram_api.wechat.push import (
    PushRefused,
    PushSecrets,
    is_fresh,
    is_from_wechat,
    key_of,
    nonce_key,
    open_push,
)
from miniprogram_api.wechat.push_events import read_events, read_official_events

blp = Routes("wechat-push", __name__, url_prefix="/wechat", description="WeChat's push")
APP_BLUEPRINTS = (blp,)

# Refusals are all answered alike and say nothing; here an operator sees that there are any.
PUSHES = Counter(
    "wechat_pushes", "Pushes that came, by account and what became of them", ["account", "outcome"]
)

MAX_BODY = 64 * 1024
_TEXT = {"type": "string"}
Reader = Callable[[Mapping[str, Any]], Sequence[Event]]


@blp.get("/push")
@public
@blp.response(HTTPStatus.OK, _TEXT, content_type="text/plain")
def verify_push() -> Response:
    """Prove to WeChat that the mini-program's address is ours."""
    return _echo(_mini_program())


@blp.post("/push")
@public
@blp.response(HTTPStatus.OK, _TEXT, content_type="text/plain")
def take_push() -> Response:
    """Take a push about the mini-program; WeChat repeats what it got no answer to, and it counts once."""
    return _take("mini_program", _mini_program, read_events)


@blp.get("/official/push")
@public
@blp.response(HTTPStatus.OK, _TEXT, content_type="text/plain")
def verify_official_push() -> Response:
    """Prove to WeChat that the official account's address is ours."""
    return _echo(_official_account())


@blp.post("/official/push")
@public
@blp.response(HTTPStatus.OK, _TEXT, content_type="text/plain")
def take_official_push() -> Response:
    """Take a push about the official account, such as how a publication ended; it counts once."""
    return _take("official_account", _official_account, read_official_events)


def _mini_program() -> PushSecrets:
    settings: Settings = current_app.extensions["settings"]
    return _usable(
        PushSecrets(
            settings.wechat_appid,
            settings.wechat_push_token,
            settings.wechat_push_aes_key,
            settings.wechat_push_format,
        )
    )


def _official_account() -> PushSecrets:
    settings: Settings = current_app.extensions["settings"]
    token = settings.wechat_oa_push_token if settings.wechat_oa_appid else ""
    return _usable(PushSecrets(settings.wechat_oa_appid, token, settings.wechat_oa_push_aes_key))


def _usable(secrets: PushSecrets) -> PushSecrets:
    """What the call at hand is checked by. Raises NotFound when there is none, or it is of another time."""
    if not secrets.token or not is_fresh(request.args, clock.real_now()):
        raise NotFound
    return secrets


def _echo(secrets: PushSecrets) -> Response:
    if not is_from_wechat(secrets, request.args):
        raise NotFound
    return Response(request.args.get("echostr", ""), content_type="text/plain")


def _take(account: str, find_secrets: Callable[[], PushSecrets], read: Reader) -> Response:
    body = read_body(request, most=MAX_BODY)
    try:
        secrets = find_secrets()
        message = open_push(secrets, request.args, body)
        outcome = _keep(secrets, message, read(message))
    except (PushRefused, NotFound):
        PUSHES.labels(account, "refused").inc()
        raise NotFound from None
    PUSHES.labels(account, outcome).inc()
    return Response("success", content_type="text/plain")


def _keep(secrets: PushSecrets, message: Mapping[str, Any], facts: Sequence[Event]) -> str:
    """Keep what a message tells, once; a word for what became of it. Raises NotFound: a spent signature."""
    if not facts:
        return "ignored"
    push = Attempt(f"wechat-push:{secrets.appid}", key_of(message), bytes(32))
    with atomic() as session:
        if not secrets.aes_key:
            _spend_signature(session, message)
        idempotency.claim(session, push)
        if idempotency.find_answer(session, push) is not None:
            return "repeated"
        idempotency.keep(session, push, status=HTTPStatus.OK, body={})
        for fact in facts:
            events.publish(session, fact)
    return "taken"


def _spend_signature(session: Session, message: Mapping[str, Any]) -> None:
    """Let a plain push's signature vouch for one message only. Raises NotFound for another one under it."""
    digest = hashlib.sha256(json.dumps(message, sort_keys=True).encode()).digest()
    signature = Attempt("wechat-nonce", nonce_key(request.args), digest)
    idempotency.claim(session, signature)
    try:
        used = idempotency.find_answer(session, signature)
    except KeyReused:
        raise NotFound from None
    if used is None:
        idempotency.keep(session, signature, status=HTTPStatus.OK, body={})
