"""Pushes of WeChat as they arrive: in every mode and format, signed now unless a test wants otherwise."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_PUSH_AES_KEY, DEMO_PUSH_TOKEN
from miniprogram_api.devtools.fake_wechat.pushing import SAFE_JSON, Form, wrap
from miniprogram_api.devtools.fake_wechat.records import Push
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.events import EventRow

PLAIN, SAFE_XML, PLAIN_XML = Form(safe=False), Form(xml=True), Form(safe=False, xml=True)
FORMS = {"safe JSON": SAFE_JSON, "safe XML": SAFE_XML, "plain JSON": PLAIN, "plain XML": PLAIN_XML}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def configure(app: Flask, **changes: Any) -> Flask:
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], **changes)
    return app


def in_the_mode_of(app: Flask, form: Form) -> Flask:
    key = DEMO_PUSH_AES_KEY if form.safe else ""
    return configure(app, wechat_push_token=DEMO_PUSH_TOKEN, wechat_push_aes_key=key)


def stamp(*, ago_s: float = 0) -> str:
    return str(int(time.time() - ago_s))


def pushed(
    message: Mapping[str, Any],
    form: Form = SAFE_JSON,
    *,
    appid: str = DEMO_APPID,
    at: str | None = None,
    nonce: str = "n",
) -> tuple[str, bytes]:
    """The query and the body of a push, signed now unless another time is given."""
    whole = {"FromUserName": "o-a", "ToUserName": "gh", "CreateTime": 1764500000, **message}
    push = Push(DEMO_PUSH_TOKEN, DEMO_PUSH_AES_KEY)
    return wrap(push, form, appid=appid, message=whole, timestamp=at or stamp(), nonce=nonce)


def post(app: Flask, query: str, body: bytes) -> TestResponse:
    return app.test_client().post(f"/wechat/push?{query}", data=body)


def judged(trace_id: str = "t-1", **more: Any) -> dict[str, Any]:
    return {"Event": "wxa_media_check", "trace_id": trace_id, "errcode": -1008, **more}


def taken() -> list[str]:
    """The pictures of which a verdict was kept."""
    return sorted(fact["check_id"] for fact in facts("wechat.picture_judged"))


def facts(name: str) -> list[dict[str, Any]]:
    with reading() as session:
        rows = session.scalars(select(EventRow).where(EventRow.name == name).order_by(EventRow.id))
        return [row.payload for row in rows]
