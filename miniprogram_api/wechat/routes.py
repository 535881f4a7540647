"""The address WeChat pushes to: verified, of this moment, kept once as an event, answered at once."""

from http import HTTPStatus

from flask import Response, current_app, request

from miniprogram_api.kernel import clock, events, idempotency
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.idempotency import Attempt
from miniprogram_api.web.api import Routes, read_body, read_json
from miniprogram_api.web.auth import public
from miniprogram_api.wechat.push import (
    PushRefused,
    PushSecrets,
    is_fresh,
    is_from_wechat,
    key_of,
    open_push,
    read_event,
)

blp = Routes("wechat-push", __name__, url_prefix="/wechat", description="WeChat's push")
APP_BLUEPRINTS = (blp,)

MAX_BODY = 64 * 1024
_TEXT = {"type": "string"}


def _secrets() -> PushSecrets:
    """What the call at hand is checked by. Raises NotFound when there is none, or it is of another time."""
    settings = current_app.extensions["settings"]
    if not (settings.wechat_push_token and settings.wechat_push_aes_key):
        raise NotFound
    if not is_fresh(request.args, clock.real_now()):
        raise NotFound
    return PushSecrets(settings.wechat_appid, settings.wechat_push_token, settings.wechat_push_aes_key)


@blp.get("/push")
@public
@blp.response(HTTPStatus.OK, _TEXT, content_type="text/plain")
def verify_push() -> Response:
    """Prove to WeChat that this address is ours."""
    if not is_from_wechat(_secrets(), request.args):
        raise NotFound
    return Response(request.args.get("echostr", ""), content_type="text/plain")


@blp.post("/push")
@public
@blp.response(HTTPStatus.OK, _TEXT, content_type="text/plain")
def take_push() -> Response:
    """Take a push of safe mode, in JSON; WeChat repeats what it got no answer to, and it counts once."""
    secrets, body = _secrets(), read_json(read_body(request, most=MAX_BODY) or b"null")
    try:
        message = open_push(secrets, request.args, body if isinstance(body, dict) else {})
    except PushRefused:
        raise NotFound from None
    event = read_event(message)
    if event is not None:
        push = Attempt("wechat-push", key_of(message), bytes(32))
        with atomic() as session:
            idempotency.claim(session, push)
            if idempotency.find_answer(session, push) is None:
                idempotency.keep(session, push, status=HTTPStatus.OK, body={})
                events.publish(session, event)
    return Response("success", content_type="text/plain")
