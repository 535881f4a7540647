"""The checks endpoints share: method, credentials, token, JSON body, openid, each with WeChat's errcode."""

import json
from typing import Any, NoReturn

from miniprogram_api.devtools.fake_wechat.records import Account, AccountKind, Membership, Person
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, WeChatError


def require_method(call: Call, method: str) -> None:
    """43001 or 43002 for the wrong method."""
    if call.method != method:
        raise WeChatError(43002 if method == "POST" else 43001)


def parse_object(call: Call, *, bad_json_errcode: int = 47001) -> dict[str, Any]:
    """The JSON object in the raw body, whatever its Content-Type; 44002 when empty, 47001 when not JSON."""
    if not call.body.strip():
        raise WeChatError(44002)
    try:
        data = json.loads(call.body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WeChatError(bad_json_errcode) from error
    if not isinstance(data, dict):
        raise WeChatError(bad_json_errcode)
    return data


def account_by_secret(state: State, appid: object, secret: object) -> Account:
    """The account these credentials open; 41002, 41004, 40013, 40125, 40243 or 50007 otherwise."""
    if not appid:
        raise WeChatError(41002)
    if not secret:
        raise WeChatError(41004)
    account = state.accounts.get(appid) if isinstance(appid, str) else None
    if account is None:
        raise WeChatError(40013)
    if account.secret_frozen:
        raise WeChatError(40243)
    if secret != account.secret:
        raise WeChatError(40125)
    if account.disabled:
        raise WeChatError(50007)
    return account


def refuse_foreign_ip(account: Account, call: Call) -> None:
    """40164 naming the caller's address while the account's whitelist refuses it."""
    if account.ip_refused:
        raise WeChatError(40164, f"invalid ip {call.peer}, not in whitelist")


def account_by_token(state: State, call: Call, *, kind: AccountKind = AccountKind.MP) -> Account:
    """The account of a living token of the right kind, with the call counted against its quota.

    41001, 40001, 42001 for the token, 48001 for another kind of account, 45009 and minute codes for quotas.
    """
    token = state.tokens.check(
        call.query.get("access_token", ""), state.now(), state.settings.stale_token_errcode
    )
    account = state.accounts[token.appid]
    if account.disabled:
        raise WeChatError(50007)
    refuse_foreign_ip(account, call)
    if account.kind is not kind:
        raise WeChatError(48001)
    state.meters.count(account.appid, call.path, state.now())
    return account


def member_by_openid(state: State, account: Account, openid: object) -> tuple[Person, Membership]:
    """The person behind an openid of this appid, or 40003."""
    person = state.find_person(account, openid)
    if person is None:
        raise WeChatError(40003)
    return person, state.membership(person, account.appid)


def is_int(value: object) -> bool:
    """Whether a JSON value is an integer; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)
