"""Subscription messages: template list and the send call with its template, field, page and consent rules."""

from typing import Any

from miniprogram_api.devtools.fake_wechat.checks import (
    account_by_token,
    member_by_openid,
    parse_object,
    require_method,
)
from miniprogram_api.devtools.fake_wechat.fields import is_valid
from miniprogram_api.devtools.fake_wechat.records import Account, Membership, Template, TemplateKind
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply, WeChatError, json_reply

PAGE_VERSIONS = {"formal": ("release",), "trial": ("release", "trial"), "developer": ("release", "develop")}
LANGUAGES = {"zh_CN", "en_US", "zh_HK", "zh_TW"}
TEMPLATE_TYPES = {TemplateKind.ONE_TIME: 2, TemplateKind.LONG_TERM: 3}


def send(state: State, call: Call) -> Reply:
    """Deliver one message, using up one consent of a one-time template.

    The user is busy for as long as a delivery takes; a second send meanwhile is 43108.
    """
    require_method(call, "POST")
    with state.lock:
        account = account_by_token(state, call)
        body = parse_object(call)
        person, membership = member_by_openid(state, account, body.get("touser"))
        template = _check_message(account, body, state.settings.thing_units)
        if account.subscribe_banned or template.id in membership.banned:
            raise WeChatError(43107)
        if membership.openid in state.sending:
            raise WeChatError(43108)
        _refuse_sensitive(state, body["data"])
        _use_consent(membership, template)
        msgid = state.new_msgid()
        whom = {"msgid": str(msgid), "at": state.timestamp(), "appid": account.appid, "person": person.name}
        state.journal.messages.append({**whom, **_delivered(template, body)})
        sending = state.sending
        sending.add(membership.openid)
    try:
        state.pause(state.settings.delivery_s)
    finally:
        with state.lock:
            sending.discard(membership.openid)
    return json_reply({"errcode": 0, "errmsg": "ok", "msgid": msgid})


def gettemplate(state: State, call: Call) -> Reply:
    """The account's own templates with their ordered keys and enum values."""
    require_method(call, "GET")
    with state.lock:
        account = account_by_token(state, call)
        data = [_describe(template) for template in account.templates.values()]
    return json_reply({"errcode": 0, "errmsg": "ok", "data": data})


def _check_message(account: Account, body: dict[str, Any], thing_units: str) -> Template:
    """The template, once every field of the message fits; 40037, 40097, 41030 or 47003 otherwise."""
    template_id = body.get("template_id")
    template = account.templates.get(template_id) if isinstance(template_id, str) else None
    if template is None:
        raise WeChatError(40037)
    state_name = body.get("miniprogram_state", "formal")
    if not isinstance(state_name, str) or state_name not in PAGE_VERSIONS:
        raise WeChatError(40097, "miniprogram_state")
    lang = body.get("lang", "zh_CN")
    if not isinstance(lang, str) or lang not in LANGUAGES:
        raise WeChatError(40097, "lang")
    _check_page(account, body.get("page"), state_name)
    _check_data(template, body.get("data"), thing_units)
    return template


def _check_page(account: Account, page: object, state_name: str) -> None:
    if page is None or page == "":
        return
    known: set[str] = set()
    for version in PAGE_VERSIONS[state_name]:
        known |= account.pages.get(version, set())
    if not isinstance(page, str) or page.partition("?")[0] not in known:
        raise WeChatError(41030)


def _check_data(template: Template, data: object, thing_units: str) -> None:
    if not isinstance(data, dict):
        raise WeChatError(47003, "data is empty")
    known = {field.key for field in template.fields}
    for key in data:
        if key not in known:
            raise WeChatError(47003, f"data.{key} is not in the template")
    for field in template.fields:
        item = data.get(field.key)
        value = item.get("value") if isinstance(item, dict) else None
        if value is None or value == "":
            raise WeChatError(47003, f"data.{field.key}.value is empty")
        if not is_valid(field, value, thing_units=thing_units):
            raise WeChatError(47003, f"data.{field.key}.value invalid")


def _refuse_sensitive(state: State, data: dict[str, dict[str, str]]) -> None:
    texts = [item["value"] for item in data.values()]
    for word, verdict in state.words.items():
        if verdict.suggest == "risky" and any(word in text for text in texts):
            raise WeChatError(45168)


def _use_consent(membership: Membership, template: Template) -> None:
    if not membership.main_switch or membership.accepted[template.id] < 1:
        raise WeChatError(43101)
    if template.kind is TemplateKind.ONE_TIME:
        membership.accepted[template.id] -= 1


def _delivered(template: Template, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "openid": body["touser"],
        "template_id": template.id,
        "title": template.title,
        "page": body.get("page"),
        "miniprogram_state": body.get("miniprogram_state", "formal"),
        "lang": body.get("lang", "zh_CN"),
        "data": body["data"],
    }


def _describe(template: Template) -> dict[str, Any]:
    described: dict[str, Any] = {
        "priTmplId": template.id,
        "title": template.title,
        "content": "".join(f"{field.label}:{{{{{field.key}.DATA}}}}\n" for field in template.fields),
        "example": "".join(f"{field.label}:示例\n" for field in template.fields),
        "type": TEMPLATE_TYPES[template.kind],
    }
    enums = [field for field in template.fields if field.enum_values]
    if enums:
        described["keywordEnumValueList"] = [
            {"keywordCode": f"{field.key}.DATA", "enumValueList": list(field.enum_values)} for field in enums
        ]
    return described
