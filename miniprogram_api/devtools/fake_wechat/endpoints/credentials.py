"""Access tokens by appid and secret: the plain kind and the stable kind."""

from miniprogram_api.devtools.fake_wechat.checks import (
    account_by_secret,
    parse_object,
    refuse_foreign_ip,
    require_method,
)
from miniprogram_api.devtools.fake_wechat.records import Token
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply, WeChatError, json_reply

GRANT_TYPE = "client_credential"


def token(state: State, call: Call) -> Reply:
    """A new plain token at every call."""
    require_method(call, "GET")
    with state.lock:
        if call.query.get("grant_type") != GRANT_TYPE:
            raise WeChatError(40002)
        account = account_by_secret(state, call.query.get("appid"), call.query.get("secret"))
        refuse_foreign_ip(account, call)
        state.meters.count(account.appid, call.path, state.now())
        return _token_reply(state, state.tokens.issue_plain(account.appid, state.now()))


def stable_token(state: State, call: Call) -> Reply:
    """The same token until five minutes before its end; `force_refresh` replaces it, 20 times a day."""
    require_method(call, "POST")
    body = parse_object(call)
    with state.lock:
        if body.get("grant_type") != GRANT_TYPE:
            raise WeChatError(40002)
        account = account_by_secret(state, body.get("appid"), body.get("secret"))
        refuse_foreign_ip(account, call)
        force = body.get("force_refresh", False)
        if not isinstance(force, bool):
            raise WeChatError(47001)
        state.meters.count(account.appid, call.path, state.now())
        if not force:
            return _token_reply(state, state.tokens.stable(account.appid, state.now()))
        if not state.tokens.may_force(account.appid, state.now()):
            raise WeChatError(45011)
        state.meters.count(account.appid, f"{call.path}#force", state.now())
        return _token_reply(state, state.tokens.force(account.appid, state.now()))


def _token_reply(state: State, issued: Token) -> Reply:
    return json_reply({"access_token": issued.value, "expires_in": round(issued.expires_at - state.now())})
