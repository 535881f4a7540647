"""Login by code and the care of session keys: jscode2session, checksession, resetusersessionkey."""

import hashlib
import hmac
from typing import Any

from miniprogram_api.devtools.fake_wechat.checks import (
    account_by_secret,
    account_by_token,
    refuse_foreign_ip,
    require_method,
)
from miniprogram_api.devtools.fake_wechat.records import Account, AccountKind, Code, CodeKind, Membership
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import TEXT_TYPE, Call, Reply, WeChatError, json_reply

BLOCKED_RANK = 4


def jscode2session(state: State, call: Call) -> Reply:
    """Exchange a login code for openid and a new session_key; needs no access token and gives no errcode."""
    require_method(call, "GET")
    with state.lock:
        account = account_by_secret(state, call.query.get("appid"), call.query.get("secret"))
        if account.kind is not AccountKind.MP:
            raise WeChatError(48001)
        refuse_foreign_ip(account, call)
        code = _redeemable(state, account, call)
        membership = state.membership(code.person, account.appid)
        state.meters.count(account.appid, call.path, state.now())
        state.meters.count(account.appid, f"{call.path}#user", state.now(), who=membership.openid)
        code.used_at = state.now()
        membership.session_key = state.new_session_key()
        payload: dict[str, Any] = {"session_key": membership.session_key, "openid": membership.openid}
        unionid = state.unionid(code.person, account)
        if unionid is not None:
            payload["unionid"] = unionid
        return json_reply(payload, TEXT_TYPE)


def checksession(state: State, call: Call) -> Reply:
    """Say whether a signature was made with the user's current session_key."""
    require_method(call, "GET")
    with state.lock:
        _signed_membership(state, call)
        return json_reply({"errcode": 0, "errmsg": "ok"})


def resetusersessionkey(state: State, call: Call) -> Reply:
    """Replace the user's session_key; the old one dies at once."""
    require_method(call, "GET")
    with state.lock:
        membership = _signed_membership(state, call)
        membership.session_key = state.new_session_key()
        return json_reply(
            {"errcode": 0, "errmsg": "ok", "openid": membership.openid, "session_key": membership.session_key}
        )


def session_signature(session_key: str, data: str = "") -> str:
    """HMAC-SHA256 keyed with the session_key string as it is, not base64-decoded."""
    return hmac.new(session_key.encode(), data.encode(), hashlib.sha256).hexdigest()


def _redeemable(state: State, account: Account, call: Call) -> Code:
    """A living, unused login code of this appid; 41008, 40002, 40029, 40163 or 40226 otherwise."""
    value = call.query.get("js_code")
    if not value:
        raise WeChatError(41008)
    if call.query.get("grant_type") != "authorization_code":
        raise WeChatError(40002)
    code = state.codes.get(value)
    if (
        code is None
        or code.kind is not CodeKind.LOGIN
        or code.appid != account.appid
        or not state.is_live(code)
    ):
        raise WeChatError(40029)
    if code.used_at is not None:
        raise WeChatError(40163)
    if code.person.risk_rank >= BLOCKED_RANK:
        raise WeChatError(40226)
    return code


def _signed_membership(state: State, call: Call) -> Membership:
    """The membership a signed call speaks of; 40097, 87007, 87008 or 87009 otherwise."""
    account = account_by_token(state, call)
    openid, signature = call.query.get("openid"), call.query.get("signature")
    if not openid or not signature:
        raise WeChatError(40097)
    if call.query.get("sig_method") != "hmac_sha256":
        raise WeChatError(87008)
    person = state.find_person(account, openid)
    if person is None:
        raise WeChatError(40097)
    membership = state.membership(person, account.appid)
    if membership.session_key is None:
        raise WeChatError(87007)
    expected = session_signature(membership.session_key)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass")):
        raise WeChatError(87009)
    return membership
