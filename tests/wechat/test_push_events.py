"""What pushes tell us: how publications of the official account ended, and what members take back."""

import json
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from miniprogram_api.devtools.fake_wechat import (
    DEMO_APPID,
    DEMO_OFFICIAL_APPID,
    DEMO_OFFICIAL_PUSH_AES_KEY,
    DEMO_OFFICIAL_PUSH_TOKEN,
    DEMO_PUSH_AES_KEY,
    DEMO_PUSH_TOKEN,
    FakeWeChat,
)
from miniprogram_api.devtools.fake_wechat.pushing import wrap
from miniprogram_api.devtools.fake_wechat.records import Push
from miniprogram_api.identity.service import members
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import reading
from tests.support.clients import FakePeople, MemberClient
from tests.support.wechat_pushes import SAFE_XML, configure, facts, post, pushed, stamp


@pytest.fixture
def redis_url() -> str:
    """None: nothing here is cached."""
    return ""


@pytest.fixture
def configured(app: Flask) -> Flask:
    """In safe mode."""
    return configure(app, wechat_push_token=DEMO_PUSH_TOKEN, wechat_push_aes_key=DEMO_PUSH_AES_KEY)


OFFICIAL_PUSH = Push(DEMO_OFFICIAL_PUSH_TOKEN, DEMO_OFFICIAL_PUSH_AES_KEY)
ENDED = {
    "Event": "PUBLISHJOBFINISH",
    "FromUserName": "o-b",
    "CreateTime": 1,
    "PublishEventInfo": {
        "publish_id": "1900000000000000002",
        "publish_status": 0,
        "article_detail": {"count": 1, "item": [{"idx": 1, "article_url": "https://mp.weixin.qq.com/s/x"}]},
    },
}


class TestTheOfficialAccount:
    @pytest.fixture
    def official(self, configured: Flask) -> Flask:
        return configure(
            configured,
            wechat_oa_appid=DEMO_OFFICIAL_APPID,
            wechat_oa_secret="s",
            wechat_oa_push_token=DEMO_OFFICIAL_PUSH_TOKEN,
            wechat_oa_push_aes_key=DEMO_OFFICIAL_PUSH_AES_KEY,
        )

    def sent(
        self,
        app: Flask,
        message: dict[str, Any],
        *,
        push: Push = OFFICIAL_PUSH,
        appid: str = DEMO_OFFICIAL_APPID,
        to: str = "/wechat/official/push",
    ) -> int:
        query, body = wrap(push, SAFE_XML, appid=appid, message=message, timestamp=stamp(), nonce="n")
        return app.test_client().post(f"{to}?{query}", data=body).status_code

    def test_the_end_of_a_publication_is_kept_once(self, official: Flask) -> None:
        assert [self.sent(official, ENDED), self.sent(official, ENDED)] == [200, 200]
        assert facts("wechat.official_publishing_ended") == [
            {"publish_id": "1900000000000000002", "status": 0, "url": "https://mp.weixin.qq.com/s/x"}
        ]

    def test_neither_account_takes_the_others(self, official: Flask) -> None:
        mine = Push(DEMO_PUSH_TOKEN, DEMO_PUSH_AES_KEY)
        assert self.sent(official, ENDED, push=mine, appid=DEMO_APPID) == 404
        assert self.sent(official, ENDED, to="/wechat/push") == 404
        assert self.sent(official, ENDED, push=mine, appid=DEMO_OFFICIAL_APPID) == 404
        assert facts("wechat.official_publishing_ended") == []

    @pytest.mark.parametrize(
        "info", [None, "x", {}, {"publish_id": "1"}, {"publish_id": "1", "publish_status": "soon"}]
    )
    def test_one_that_says_nothing_is_taken_for_that(self, official: Flask, info: Any) -> None:
        assert self.sent(official, {**ENDED, "PublishEventInfo": info}) == 200
        assert facts("wechat.official_publishing_ended") == []


class TestWhatMembersTakeBack:
    @pytest.fixture
    def alice(self, configured: Flask, fake_wechat: FakeWeChat) -> MemberClient:
        alice = MemberClient(configured, fake_wechat)
        alice.patch("/api/v1/me", json={"nickname": "小明"})
        code = FakePeople(fake_wechat).phone_code("alice")
        assert alice.post("/api/v1/me/phone", json={"code": code}).status_code == 200
        return alice

    def told(self, app: Flask, fake: FakeWeChat, event: str, revoked: Any) -> None:
        openid = FakePeople(fake).openid("alice")
        message = {"Event": event, "OpenID": openid, "AppID": DEMO_APPID, "RevokeInfo": revoked}
        assert post(app, *pushed({**message, "FromUserName": openid}, SAFE_XML)).status_code == 200
        events.drain()

    @pytest.mark.parametrize(
        ("event", "revoked", "left"),
        [
            ("user_authorization_revoke", "8", ("小明", None)),
            ("user_info_modified", "19", (None, "kept")),
            ("user_authorization_revoke", ["6", "8"], (None, None)),
            ("user_authorization_revoke", "13", ("小明", "kept")),
        ],
    )
    def test_what_is_named_is_forgotten(
        self,
        configured: Flask,
        fake_wechat: FakeWeChat,
        alice: MemberClient,
        event: str,
        revoked: Any,
        left: tuple[str | None, str | None],
    ) -> None:
        self.told(configured, fake_wechat, event, revoked)
        with reading() as session:
            profile = members.get_profile(session, UUID(alice.id))
        assert (profile.nickname, "kept" if profile.phone_masked else None) == left

    def test_whoever_leaves_wechat_is_erased(
        self, configured: Flask, fake_wechat: FakeWeChat, alice: MemberClient
    ) -> None:
        self.told(configured, fake_wechat, "user_authorization_cancellation", "1")
        with reading() as session:
            assert not members.is_living(session, UUID(alice.id))

    def test_a_stranger_is_nothing_to_us(self, configured: Flask) -> None:
        message = {"Event": "user_authorization_cancellation", "OpenID": "o-nobody"}
        assert post(configured, *pushed(message)).status_code == 200
        assert (events.drain(), events.measure_backlog().pending) == (1, 0)

    def test_no_openid_lies_in_the_open(
        self, configured: Flask, fake_wechat: FakeWeChat, alice: MemberClient
    ) -> None:
        self.told(configured, fake_wechat, "user_authorization_revoke", "13")
        (fact,) = facts("wechat.authorisation_withdrawn")
        assert FakePeople(fake_wechat).openid("alice") not in json.dumps(fact)
