"""Picture moderation: submitted by address, judged later; whatever is no submission holds the picture."""

import base64
import json
from typing import Any

import pytest

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_PUSH_AES_KEY, DEMO_PUSH_TOKEN, FakeWeChat
from miniprogram_api.devtools.fake_wechat.pushing import SAFE_JSON, wrap
from miniprogram_api.devtools.fake_wechat.records import Push
from miniprogram_api.wechat.errors import Misconfigured, TextUnchecked, WeChatUnavailable
from miniprogram_api.wechat.events import PictureJudged
from miniprogram_api.wechat.gateway import Gateway
from miniprogram_api.wechat.moderation import TextScene
from miniprogram_api.wechat.push import PushRefused, PushSecrets, open_push
from miniprogram_api.wechat.push_events import read_events
from tests.wechat.support import FakeControl

CHECK_MEDIA = "/wxa/media_check_async"
NOWHERE = "http://127.0.0.1:9/a.jpg"
SECRETS = PushSecrets(DEMO_APPID, DEMO_PUSH_TOKEN, DEMO_PUSH_AES_KEY)


def check(gateway: Gateway, wechat: FakeControl) -> str:
    return gateway.check_image(wechat.openid("alice"), TextScene.FORUM, NOWHERE)


def test_a_picture_is_submitted_as_a_picture(
    gateway: Gateway, wechat: FakeControl, server: FakeWeChat
) -> None:
    trace_id = check(gateway, wechat)
    [call] = wechat.get("/moderation")["calls"]
    assert (call["trace_id"], call["media_type"]) == (trace_id, 2)
    assert [pushed["trace_id"] for pushed in server.pushed()] == [trace_id]


def test_someone_not_recently_in_the_mini_program_cannot_be_judged(
    gateway: Gateway, wechat: FakeControl
) -> None:
    openid = wechat.openid("alice")
    wechat.post("/visits", person="alice", hours_ago=3)
    with pytest.raises(TextUnchecked):
        gateway.check_image(openid, TextScene.FORUM, NOWHERE)


@pytest.mark.parametrize("errcode", [-1, 44991, 45009, 40004, 87020, 999])
def test_any_other_answer_holds_the_picture(gateway: Gateway, wechat: FakeControl, errcode: int) -> None:
    wechat.fault(CHECK_MEDIA, "errcode", times=9, errcode=errcode)
    with pytest.raises(WeChatUnavailable):
        check(gateway, wechat)


def test_a_missing_permission_is_an_operators_matter(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(CHECK_MEDIA, "errcode", errcode=48001)
    with pytest.raises(Misconfigured):
        check(gateway, wechat)


@pytest.mark.parametrize("fault", ["500", "html", "empty", "truncated", "reset_before"])
def test_no_answer_is_no_submission(gateway: Gateway, wechat: FakeControl, fault: str) -> None:
    wechat.fault(CHECK_MEDIA, fault, times=9)
    with pytest.raises(WeChatUnavailable):
        check(gateway, wechat)


def pushed(message: dict[str, Any], **changes: str) -> tuple[dict[str, str], bytes]:
    """A push as it arrives: its query and its body."""
    whole = {"FromUserName": "o-a", "ToUserName": "gh", **message}
    push = Push(changes.get("token", DEMO_PUSH_TOKEN), changes.get("aes_key", DEMO_PUSH_AES_KEY))
    appid = changes.get("appid", DEMO_APPID)
    query, body = wrap(push, SAFE_JSON, appid=appid, message=whole, timestamp="1760000000", nonce="n")
    return dict(pair.split("=", 1) for pair in query.split("&")), body


JUDGED = {
    "Event": "wxa_media_check",
    "trace_id": "t-1",
    "errcode": 0,
    "result": {"suggest": "pass", "label": 100},
    "detail": [],
}


@pytest.mark.parametrize(
    ("changes", "suggest"),
    [
        ({}, "pass"),
        ({"errcode": "0"}, "pass"),
        ({"result": {"suggest": "risky", "label": 20002}}, "risky"),
        ({"errcode": -1008, "detail": []}, "review"),
        ({"result": None}, "review"),
        ({"result": {"suggest": "fine"}}, "review"),
        ({"detail": [{"errcode": -1}]}, "review"),
    ],
)
def test_a_verdict_is_read_and_doubt_is_for_people(changes: dict[str, Any], suggest: str) -> None:
    (event,) = read_events(open_push(SECRETS, *pushed(JUDGED | changes)))
    assert isinstance(event, PictureJudged)
    assert (event.check_id, event.suggest) == ("t-1", suggest)
    assert event.was_fetched is (changes.get("errcode") != -1008)


@pytest.mark.parametrize("message", [{"Event": "other"}, {"Event": "wxa_media_check"}, {}])
def test_anything_else_says_nothing_to_us(message: dict[str, Any]) -> None:
    assert read_events(open_push(SECRETS, *pushed(message))) == []


@pytest.mark.parametrize("changes", [{"token": "other"}, {"appid": "wx-other"}, {"aes_key": "x" * 42 + "A"}])
def test_a_push_for_somebody_else_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(PushRefused):
        open_push(SECRETS, *pushed(JUDGED, **changes))


@pytest.mark.parametrize("sealed", ["", "x", "AAAA", base64.b64encode(bytes(64)).decode(), "é", None, 5])
def test_a_signed_body_that_does_not_open_is_refused(sealed: Any) -> None:
    from miniprogram_api.wechat.push import _digest

    signature = _digest(DEMO_PUSH_TOKEN, "1", "n", str(sealed))
    query = {"timestamp": "1", "nonce": "n", "msg_signature": signature}
    with pytest.raises(PushRefused):
        open_push(SECRETS, query, json.dumps({"Encrypt": sealed}).encode())


def test_the_signature_that_does_not_cover_the_body_is_worth_nothing() -> None:
    query, body = pushed(JUDGED)
    forged = pushed(JUDGED | {"trace_id": "t-2"})[1]
    del query["msg_signature"]
    with pytest.raises(PushRefused):
        open_push(SECRETS, query, forged)
    assert body != forged
