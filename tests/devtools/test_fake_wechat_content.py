"""Mini-program codes and text moderation of the fake: each parameter rule, and what success looks like."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import requests
from PIL import Image

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_SECRET, FakeWeChat

pytestmark = pytest.mark.once

Call = Callable[..., Any]
Http = Callable[..., requests.Response]


class TestMiniProgramCode:
    PATH = "/wxa/getwxacodeunlimit"

    def test_success_is_a_jpeg_of_the_asked_width(self, control: Call, post: Http, token: str) -> None:
        body = {"scene": "a=1&b=~", "page": "pages/site/index", "width": 300}
        response = post(self.PATH, body, access_token=token)
        assert response.headers["Content-Type"] == "image/jpeg"
        picture = Image.open(io.BytesIO(response.content))
        assert (picture.format, picture.size) == ("JPEG", (300, 300))
        assert control("GET", "codes")["codes"][0]["scene"] == "a=1&b=~"
        other = post(self.PATH, {**body, "scene": "a=2"}, access_token=token)
        assert other.content != response.content

    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"scene": "x" * 33}, 40169),
            ({"scene": ""}, 40129),
            ({"scene": 7}, 40129),
            ({"scene": "100%"}, 40129),
            ({"scene": "长春"}, 40129),
            ({"scene": "a b"}, 40129),
            ({"scene": "scancode_time=1"}, 85096),
            ({"page": "/pages/site/index"}, 41030),
            ({"page": "pages/site/index?id=1"}, 41030),
            ({"page": "pages/unreleased/index"}, 41030),
            ({"page": 5}, 40097),
            ({"width": 279}, 40097),
            ({"width": 1281}, 40097),
            ({"width": "430"}, 40097),
            ({"env_version": "formal"}, 40097),
            ({"env_version": ["release"]}, 40097),
            ({"check_path": "false"}, 40097),
            ({"line_color": {"r": 0, "g": 0, "b": 256}}, 40097),
        ],
    )
    def test_each_parameter_rule_has_its_code_and_answers_json(
        self, control: Call, post: Http, token: str, changes: dict[str, Any], errcode: int
    ) -> None:
        body = {"scene": "id", "page": "pages/site/index", **changes}
        response = post(self.PATH, body, access_token=token)
        assert response.headers["Content-Type"] == "application/json; encoding=utf-8"
        assert response.json()["errcode"] == errcode
        assert control("GET", "codes")["codes"] == []

    def test_every_documented_scene_character_and_32_of_them_are_fine(self, post: Http, token: str) -> None:
        for scene in ("!#$&'()*+,/:;=?@-._~", "z" * 32):
            assert post(self.PATH, {"scene": scene}, access_token=token).content.startswith(b"\xff\xd8\xff")

    def test_an_unreleased_page_needs_check_path_false(self, control: Call, post: Http, token: str) -> None:
        body = {"scene": "id", "page": "pages/new/index"}
        reply = post(self.PATH, {**body, "check_path": False}, access_token=token)
        assert reply.headers["Content-Type"] == "image/jpeg"
        control("POST", "pages", pages=["pages/new/index"])
        assert post(self.PATH, body, access_token=token).headers["Content-Type"] == "image/jpeg"

    def test_a_body_that_is_not_json_is_40169_and_quotas_are_45009(
        self, control: Call, post: Http, token: str
    ) -> None:
        assert post(self.PATH, b"scene=1", access_token=token).json()["errcode"] == 40169
        control("POST", "quotas", api=self.PATH, minute=0)
        assert post(self.PATH, {"scene": "id"}, access_token=token).json()["errcode"] == 45009


class TestModeration:
    PATH = "/wxa/msg_sec_check"

    @pytest.fixture
    def check(self, login: Call, post: Http, token: str) -> Call:
        openid = login()["openid"]

        def call(**changes: Any) -> Any:
            body = {"version": 2, "openid": openid, "scene": 2, "content": "今天参观了示范区", **changes}
            return post(self.PATH, body, access_token=token).json()

        return call

    def test_a_clean_text_passes(self, check: Call) -> None:
        reply = check()
        assert (reply["errcode"], reply["result"]) == (0, {"suggest": "pass", "label": 100})
        assert reply["trace_id"]

    def test_a_risky_text_has_errcode_zero_and_the_worst_verdict(self, control: Call, check: Call) -> None:
        words = {
            "甲": {"suggest": "review", "label": 21000},
            "乙": {"suggest": "risky", "label": 20006},
            "丙": {"suggest": "pass", "label": 100},
        }
        control("POST", "moderation", words=words)
        assert check(content="只有甲")["result"] == {"suggest": "review", "label": 21000}
        reply = check(content="甲和丙", title="乙")
        assert (reply["errcode"], reply["result"]) == (0, {"suggest": "risky", "label": 20006})
        assert {entry.get("keyword") for entry in reply["detail"]} == {"甲", "乙", "丙", None}
        assert [call["suggest"] for call in control("GET", "moderation")["calls"]] == ["review", "risky"]

    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"version": None}, 40097),
            ({"version": 1}, 40097),
            ({"version": "2"}, 40097),
            ({"scene": 0}, 40129),
            ({"scene": 5}, 40129),
            ({"scene": None}, 40129),
            ({"content": ""}, 44002),
            ({"content": "字" * 2501}, 45002),
            ({"content": 5}, 47001),
            ({"openid": "o-nobody"}, 40003),
            ({"openid": None}, 40003),
        ],
    )
    def test_wrong_parameters_have_their_own_code(
        self, check: Call, changes: dict[str, Any], errcode: int
    ) -> None:
        assert check(**changes)["errcode"] == errcode

    def test_2500_characters_are_allowed(self, check: Call) -> None:
        assert check(content="字" * 2500)["errcode"] == 0

    def test_an_author_away_for_more_than_two_hours_is_61010(
        self, control: Call, check: Call, login: Call, fake: FakeWeChat
    ) -> None:
        control("POST", "visits", person="alice", hours_ago=2)
        assert check()["errcode"] == 0
        control("POST", "visits", person="alice", hours_ago=2.01)
        assert check()["errcode"] == 61010
        login()
        assert check()["errcode"] == 0

    def test_a_login_outside_wechat_is_no_visit(
        self, control: Call, get: Http, post: Http, token: str
    ) -> None:
        code = control("POST", "login-codes", person="dev", visit=False)["code"]
        openid = get(
            "/sns/jscode2session",
            appid=DEMO_APPID,
            secret=DEMO_SECRET,
            js_code=code,
            grant_type="authorization_code",
        ).json()["openid"]
        body = {"version": 2, "openid": openid, "scene": 1, "content": "文字"}
        assert post(self.PATH, body, access_token=token).json()["errcode"] == 61010

    def test_an_openid_of_another_appid_is_43104(self, control: Call, check: Call) -> None:
        control("POST", "accounts", appid="wx-second", secret="s2")
        person = control("POST", "persons", person="bob", appid="wx-second")
        assert check(openid=person["memberships"]["wx-second"]["openid"])["errcode"] == 43104

    def test_minute_and_day_limits_differ_in_code(self, control: Call, check: Call) -> None:
        control("POST", "quotas", api=self.PATH, minute=1)
        check()
        assert check()["errcode"] == 44991
        control("POST", "quotas", api=self.PATH, day=1)
        assert check()["errcode"] == 45009

    def test_a_detail_may_carry_its_own_errcode(self, control: Call, check: Call) -> None:
        control("POST", "settings", detail_errcode=-1)
        assert check()["detail"] == [{"strategy": "content_model", "errcode": -1}]
