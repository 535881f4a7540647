"""The phone number behind a code of the getPhoneNumber button."""

from miniprogram_api.devtools.fake_wechat.checks import (
    account_by_token,
    member_by_openid,
    parse_object,
    require_method,
)
from miniprogram_api.devtools.fake_wechat.records import Code, CodeKind
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply, WeChatError, json_reply

HOME_COUNTRY = "86"


def getuserphonenumber(state: State, call: Call) -> Reply:
    """Redeem a phone code once, within five minutes, for the appid it was made for."""
    require_method(call, "POST")
    with state.lock:
        account = account_by_token(state, call)
        if account.personal or not account.certified:
            raise WeChatError(48001)
        body = parse_object(call)
        value = body.get("code")
        if not value:
            raise WeChatError(41008)
        code = state.codes.get(value) if isinstance(value, str) else None
        if (
            code is None
            or code.kind is not CodeKind.PHONE
            or code.used_at is not None
            or not state.is_live(code)
        ):
            raise WeChatError(40029)
        if code.appid != account.appid:
            raise WeChatError(40013)
        if "openid" in body and member_by_openid(state, account, body["openid"])[0] is not code.person:
            raise WeChatError(40003)
        code.used_at = state.now()
        return json_reply({"errcode": 0, "errmsg": "ok", "phone_info": _phone_info(state, code)})


def _phone_info(state: State, code: Code) -> dict[str, object]:
    person = code.person
    foreign = person.country_code != HOME_COUNTRY
    as_number = state.settings.country_code_type == "number"
    return {
        "phoneNumber": f"+{person.country_code}{person.phone}" if foreign else person.phone,
        "purePhoneNumber": person.phone,
        "countryCode": int(person.country_code) if as_number else person.country_code,
        "watermark": {"timestamp": int(state.now()), "appid": code.appid},
    }
