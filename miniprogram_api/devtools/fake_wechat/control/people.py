"""Control calls that play a user: open the mini-program, tap buttons, accept or refuse messages."""

from typing import Any

from miniprogram_api.devtools.fake_wechat.control.routes import (
    Route,
    read_account,
    read_person,
    read_template,
)
from miniprogram_api.devtools.fake_wechat.records import CodeKind, Person
from miniprogram_api.devtools.fake_wechat.state import CODE_LIFE_S, State
from miniprogram_api.devtools.inputs import Inputs, invalid

MAX_HOURS = 24 * 365


def issue_login_code(state: State, inputs: Inputs) -> dict[str, Any]:
    """wx.login: a code of five minutes, used once; counts as a visit unless visit is false."""
    account = read_account(state, inputs)
    visits = inputs.flag("visit", default=True)
    person = read_person(state, inputs)
    if visits:
        state.visit(person, account.appid)
    code = state.issue_code(CodeKind.LOGIN, person, account.appid)
    return {"code": code.value, "person": person.name, "appid": account.appid, "expires_in": CODE_LIFE_S}


def issue_phone_code(state: State, inputs: Inputs) -> dict[str, Any]:
    """Tap on the getPhoneNumber button: a code of five minutes, used once."""
    account = read_account(state, inputs)
    person = read_person(state, inputs)
    state.visit(person, account.appid)
    code = state.issue_code(CodeKind.PHONE, person, account.appid)
    return {
        "code": code.value,
        "person": person.name,
        "phone": person.phone,
        "appid": account.appid,
        "expires_in": CODE_LIFE_S,
    }


def answer_subscription(state: State, inputs: Inputs) -> dict[str, Any]:
    """accept true adds one consent, false refuses (none left); ban and main_switch set those."""
    account = read_account(state, inputs)
    accept = inputs.flag("accept", default=True)
    count = inputs.integer("count", low=1, high=1000, default=1)
    ban = inputs.flag("ban", default=False) if inputs.has("ban") else None
    switch = inputs.flag("main_switch", default=True) if inputs.has("main_switch") else None
    template = read_template(account, inputs)
    membership = state.visit(read_person(state, inputs), account.appid)
    if ban is not None:
        (membership.banned.add if ban else membership.banned.discard)(template.id)
    if switch is not None:
        membership.main_switch = switch
    if inputs.has("accept") or (ban is None and switch is None):
        membership.accepted[template.id] = membership.accepted[template.id] + count if accept else 0
    return {
        "person": inputs.text("person"),
        "template_id": template.id,
        "remaining": membership.accepted[template.id],
        "banned": template.id in membership.banned,
        "main_switch": membership.main_switch,
    }


def record_visit(state: State, inputs: Inputs) -> dict[str, Any]:
    """The person was last in the mini-program this long ago; moderation needs two hours or less."""
    account = read_account(state, inputs)
    hours = inputs.number("hours_ago", low=0, high=MAX_HOURS, default=0)
    person = read_person(state, inputs)
    state.visit(person, account.appid, seconds_ago=hours * 3600)
    return {"person": person.name, "hours_ago": hours}


def set_risk(state: State, inputs: Inputs) -> dict[str, Any]:
    """Risk rank 0 to 4; at 4 every login of the person is refused with 40226."""
    rank = inputs.integer("rank", low=0, high=4)
    person = read_person(state, inputs)
    person.risk_rank = rank
    return {"person": person.name, "rank": rank}


def save_person(state: State, inputs: Inputs) -> dict[str, Any]:
    """Make a person, or change the phone number and country code."""
    for name, longest in (("phone", 15), ("country_code", 3)):
        if inputs.has(name):
            value = inputs.text(name, max_length=longest)
            if not (value.isascii() and value.isdigit()):
                raise invalid(name, "must be digits")
    account = read_account(state, inputs)
    person = read_person(state, inputs)
    person.phone = inputs.text("phone") if inputs.has("phone") else person.phone
    person.country_code = inputs.text("country_code") if inputs.has("country_code") else person.country_code
    state.membership(person, account.appid)
    return _describe(state, person)


def list_persons(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Everybody known, with openid per appid and phone."""
    return {"persons": [_describe(state, person) for person in state.persons.values()]}


def expire_session(state: State, inputs: Inputs) -> dict[str, Any]:
    """The person's session_key runs out: checksession answers 87007 until the next login."""
    account = read_account(state, inputs)
    person = read_person(state, inputs)
    state.membership(person, account.appid).session_key = None
    return {"person": person.name}


def list_messages(state: State, inputs: Inputs) -> dict[str, Any]:
    """Delivered subscribe messages, oldest first, of one person or of all."""
    wanted = inputs.text("person") if inputs.raw("person") else None
    found = [m for m in state.journal.messages if wanted in {None, m["person"]}]
    return {"messages": found}


def clear_messages(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Forget the delivered messages."""
    dropped = len(state.journal.messages)
    state.journal.messages.clear()
    return {"cleared": dropped}


def _describe(state: State, person: Person) -> dict[str, Any]:
    memberships = {
        appid: {
            "openid": membership.openid,
            "unionid": state.unionid(person, state.accounts[appid]),
            "accepted": +membership.accepted,
            "last_visit_at": membership.last_visit_at,
        }
        for appid, membership in person.memberships.items()
    }
    return {
        "person": person.name,
        "phone": person.phone,
        "country_code": person.country_code,
        "risk_rank": person.risk_rank,
        "memberships": memberships,
    }


ROUTES = (
    Route("POST", "/login-codes", issue_login_code, ("person", "appid", "visit")),
    Route("POST", "/phone-codes", issue_phone_code, ("person", "appid")),
    Route(
        "POST",
        "/subscriptions",
        answer_subscription,
        ("person", "template_id", "accept", "count", "ban", "main_switch", "appid"),
    ),
    Route("GET", "/messages", list_messages, ("person",)),
    Route("DELETE", "/messages", clear_messages),
    Route("POST", "/visits", record_visit, ("person", "hours_ago", "appid")),
    Route("POST", "/risk", set_risk, ("person", "rank")),
    Route("GET", "/persons", list_persons),
    Route("POST", "/persons", save_person, ("person", "phone", "country_code", "appid")),
    Route("POST", "/sessions/expire", expire_session, ("person", "appid")),
)
