"""Control calls about the official account and about pushes: how things end, and what is told of them."""

import threading
from dataclasses import replace
from typing import Any

from miniprogram_api.devtools.fake_wechat.control.routes import Route, read_account, read_person
from miniprogram_api.devtools.fake_wechat.publications import finish
from miniprogram_api.devtools.fake_wechat.pushing import Form, push_message
from miniprogram_api.devtools.fake_wechat.records import AccountKind
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.inputs import Inputs, invalid

STATUSES = range(7)


def read_official(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Drafts, publications, pictures and material of the official account."""
    shelf = state.official
    return {
        "drafts": [{"media_id": it.media_id, "articles": it.articles} for it in shelf.drafts.values()],
        "publications": [
            {**it.describe(), "articles": it.draft.articles} for it in shelf.publications.values()
        ],
        "pictures": list(shelf.pictures),
        "materials": [{"media_id": it.media_id, "size": it.size} for it in shelf.materials.values()],
    }


def plan_publications(state: State, inputs: Inputs) -> dict[str, Any]:
    """How the next publications end: statuses 0 to 6 in their order; later ones end well."""
    statuses = inputs.raw("statuses")
    if not isinstance(statuses, list) or not all(status in STATUSES for status in statuses):
        raise invalid("statuses", "must be a list of numbers from 0 to 6")
    state.official.verdicts = list(statuses)
    return {"statuses": statuses}


def finish_publication(state: State, inputs: Inputs) -> dict[str, Any]:
    """Let a held publication end now, and push how."""
    publication = state.official.publications.get(inputs.text("publish_id"))
    if publication is None:
        raise invalid("publish_id", "unknown")
    _in_background(state, lambda: finish(state, publication))
    return {"publish_id": publication.publish_id}


def push_event(state: State, inputs: Inputs) -> dict[str, Any]:
    """Push an event about a person to the mini-program's address: {event, fields, xml, plain}."""
    account = read_account(state, inputs)
    fields = inputs.raw("fields") or {}
    if not isinstance(fields, dict):
        raise invalid("fields", "must be an object")
    openid = state.membership(read_person(state, inputs), account.appid).openid
    message = {
        "ToUserName": "gh_0000000000demo",
        "FromUserName": openid,
        "CreateTime": int(state.now()),
        "MsgType": "event",
        "Event": inputs.text("event", max_length=64),
        **{name: openid if value == "$openid" else value for name, value in fields.items()},
    }
    form = Form(safe=not inputs.flag("plain", default=False), xml=inputs.flag("xml", default=False))
    push = state.official_push if account.kind is AccountKind.OA else state.push
    _in_background(state, lambda: push_message(state, push, message, appid=account.appid, form=form))
    return {"pushed": message["Event"]}


def set_official_push(state: State, inputs: Inputs) -> dict[str, Any]:
    """Push what becomes of publications to an address on loopback; an empty one only journals it."""
    url = inputs.text("url", max_length=200) if inputs.has("url") else ""
    state.official_push = replace(state.official_push, url=url)
    return {"url": url}


def _in_background(state: State, work: Any) -> None:
    # The caller holds the lock, which a push needs and an address that answers late would keep.
    job = threading.Thread(target=work, name="fake WeChat push", daemon=True)
    state.pushing.append(job)
    job.start()


ROUTES = (
    Route("GET", "/official", read_official),
    Route("POST", "/official/statuses", plan_publications, ("statuses",)),
    Route("POST", "/official/finish", finish_publication, ("publish_id",)),
    Route("POST", "/official/push", set_official_push, ("url",)),
    Route("POST", "/events", push_event, ("person", "event", "fields", "xml", "plain", "appid")),
)
