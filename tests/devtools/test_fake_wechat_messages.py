"""Subscription messages of the fake: consent, field rules, pages, concurrency, and what was delivered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from miniprogram_api.devtools.fake_wechat import BOOKING_CONFIRMED_TEMPLATE, DEMO_APPID, FakeWeChat
from miniprogram_api.devtools.fake_wechat.fields import is_valid
from miniprogram_api.devtools.fake_wechat.records import TemplateField

pytestmark = pytest.mark.once

Call = Callable[..., Any]
Http = Callable[..., requests.Response]

PATH = "/cgi-bin/message/subscribe/send"
DATA = {
    "thing2": {"value": "示例低碳示范园区"},
    "time5": {"value": "2026年5月21日 09:00~10:30"},
    "number3": {"value": "3"},
    "character_string7": {"value": "AB12-CD34"},
    "thing9": {"value": "请携带预约二维码入园"},
}


@pytest.fixture
def send(login: Call, post: Http, token: str) -> Call:
    openid = login()["openid"]

    def call(**changes: Any) -> Any:
        body = {
            "touser": openid,
            "template_id": BOOKING_CONFIRMED_TEMPLATE,
            "page": "pages/booking/index?id=1",
            "data": DATA,
            **changes,
        }
        return post(PATH, body, access_token=token).json()

    return call


@pytest.fixture
def accept(control: Call) -> Call:
    def call(**changes: Any) -> Any:
        fields = {"person": "alice", "template_id": BOOKING_CONFIRMED_TEMPLATE, **changes}
        return control("POST", "subscriptions", **fields)

    return call


class TestConsent:
    def test_one_accept_is_one_message_with_an_id_beyond_two_to_the_53(
        self, control: Call, send: Call, accept: Call
    ) -> None:
        assert accept(accept=True)["remaining"] == 1
        reply = send()
        assert reply["errcode"] == 0
        assert reply["msgid"] > 2**53
        assert send()["errcode"] == 43101
        messages = control("GET", "messages?person=alice")["messages"]
        assert [(m["msgid"], m["template_id"]) for m in messages] == [
            (str(reply["msgid"]), BOOKING_CONFIRMED_TEMPLATE)
        ]
        assert messages[0]["data"] == DATA
        assert control("GET", "messages?person=bob")["messages"] == []
        assert len(control("GET", "messages")["messages"]) == 1

    def test_accepts_accumulate_and_a_refusal_ends_them(self, send: Call, accept: Call) -> None:
        accept()
        assert accept()["remaining"] == 2
        assert send()["errcode"] == 0
        assert accept(accept=False)["remaining"] == 0
        assert send()["errcode"] == 43101

    def test_a_ban_is_43107_and_the_main_switch_43101(self, control: Call, send: Call, accept: Call) -> None:
        accept(accept=True, ban=True)
        assert send()["errcode"] == 43107
        accept(ban=False)
        accept(main_switch=False)
        assert send()["errcode"] == 43101
        accept(main_switch=True)
        control("POST", "accounts", appid=DEMO_APPID, subscribe_banned=True)
        assert send()["errcode"] == 43107
        control("POST", "accounts", appid=DEMO_APPID, subscribe_banned=False)
        assert send()["errcode"] == 0

    def test_a_long_term_template_is_not_used_up(self, control: Call, send: Call, accept: Call) -> None:
        fields = [{"key": "thing1", "label": "内容"}]
        control("POST", "templates", template_id="long", title="长期", kind="long_term", fields=fields)
        accept(template_id="long")
        for _ in range(2):
            assert send(template_id="long", data={"thing1": {"value": "开园"}})["errcode"] == 0

    def test_a_failed_check_uses_up_nothing(self, send: Call, accept: Call) -> None:
        accept()
        assert send(data={})["errcode"] == 47003
        assert send()["errcode"] == 0

    def test_the_daily_quota_is_45009(self, control: Call, send: Call, accept: Call) -> None:
        accept()
        control("POST", "quotas", api=PATH, day=0)
        assert send()["errcode"] == 45009


class TestMessageChecks:
    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"touser": "o-nobody"}, 40003),
            ({"touser": None}, 40003),
            ({"template_id": "nothing"}, 40037),
            ({"template_id": ["x"]}, 40037),
            ({"page": "pages/none/index"}, 41030),
            ({"page": "/pages/booking/index"}, 41030),
            ({"page": 1}, 41030),
            ({"miniprogram_state": "release"}, 40097),
            ({"miniprogram_state": ["formal"]}, 40097),
            ({"lang": "de_DE"}, 40097),
            ({"lang": ["zh_CN"]}, 40097),
            ({"data": None}, 47003),
            ({"data": {**DATA, "thing2": {"value": "违规测试词"}}}, 45168),
        ],
    )
    def test_each_mistake_has_its_code(
        self, send: Call, accept: Call, changes: dict[str, Any], errcode: int
    ) -> None:
        accept()
        assert send(**changes)["errcode"] == errcode

    @pytest.mark.parametrize(
        ("key", "item"),
        [
            ("thing2", {"value": ""}),
            ("thing2", {"value": "字" * 21}),
            ("thing2", {"value": "一行\n两行"}),
            ("thing2", {}),
            ("thing2", "裸值"),
            ("number3", {"value": 3}),
            ("time5", {"value": "明天上午"}),
            ("thing1", {"value": "不在模板里"}),
        ],
    )
    def test_47003_names_the_field(self, send: Call, accept: Call, key: str, item: object) -> None:
        accept()
        reply = send(data={**DATA, key: item})
        assert reply["errcode"] == 47003
        assert f"data.{key}" in reply["errmsg"]

    def test_a_missing_field_is_named_too(self, send: Call, accept: Call) -> None:
        accept()
        reply = send(data={key: item for key, item in DATA.items() if key != "thing9"})
        assert reply["errcode"] == 47003
        assert "data.thing9" in reply["errmsg"]

    def test_a_trial_page_is_known_to_trial_messages_only(
        self, control: Call, send: Call, accept: Call
    ) -> None:
        accept(count=2)
        control("POST", "pages", pages=["pages/beta/index"], version="trial")
        assert send(page="pages/beta/index")["errcode"] == 41030
        assert send(page="pages/beta/index", miniprogram_state="trial")["errcode"] == 0

    def test_emoji_count_double_unless_told_otherwise(self, control: Call, send: Call, accept: Call) -> None:
        accept()
        data = {**DATA, "thing2": {"value": "🌱" * 11}}
        assert send(data=data)["errcode"] == 47003
        control("POST", "settings", thing_units="codepoints")
        assert send(data=data)["errcode"] == 0


class TestConcurrency:
    def test_a_second_send_to_a_user_still_being_served_is_43108(
        self, fake: FakeWeChat, login: Call, send: Call, accept: Call
    ) -> None:
        accept(count=2)
        openid = login()["openid"]
        fake.state.sending.add(openid)
        assert send()["errcode"] == 43108
        fake.state.sending.clear()
        assert send()["errcode"] == 0

    def test_parallel_sends_collide_for_one_user(self, control: Call, send: Call, accept: Call) -> None:
        accept(count=8)
        control("POST", "settings", delivery_s=0.5)
        with ThreadPoolExecutor(8) as pool:
            codes = sorted(reply["errcode"] for reply in pool.map(lambda _: send(), range(8)))
        assert 0 in codes
        assert 43108 in codes
        assert set(codes) == {0, 43108}
        assert len(control("GET", "messages")["messages"]) == codes.count(0)


def test_gettemplate_lists_keys_and_enum_values(control: Call, get: Http, token: str) -> None:
    fields = [
        {"key": "thing4", "label": "名称"},
        {"key": "enum1", "label": "状态", "enum_values": ["已开放", "已关闭"]},
    ]
    control("POST", "templates", template_id="state", title="状态通知", fields=fields)
    reply = get("/wxaapi/newtmpl/gettemplate", access_token=token).json()
    confirmed = next(item for item in reply["data"] if item["priTmplId"] == BOOKING_CONFIRMED_TEMPLATE)
    assert confirmed["type"] == 2
    assert confirmed["content"].startswith("预约地点:{{thing2.DATA}}\n")
    state = next(item for item in reply["data"] if item["priTmplId"] == "state")
    assert state["keywordEnumValueList"] == [
        {"keywordCode": "enum1.DATA", "enumValueList": ["已开放", "已关闭"]}
    ]


GOOD = {
    "thing1": ["示例", "A1，。!", "字" * 20],
    "number1": ["0", "12.5", "9" * 32],
    "letter1": ["abcXYZ", "a" * 32],
    "symbol1": ["~!@#$", "。"],
    "character_string1": ["A-1_b", "1" * 32],
    "time1": ["15:01", "15:01:00", "2019年10月1日 15:01", "09:00~10:30", "2019-10-01 09:00~10:30"],
    "date1": ["2019年10月1日", "2019-10-01", "2019/10/1", "2019.10.01 15:01", "2019年10月1日~2019年10月3日"],
    "amount1": ["¥10.5", "100元", "5"],
    "phone_number1": ["+86-0431-8888888", "13800000000"],
    "car_number1": ["吉A12345", "吉AD12345"],
    "name1": ["张三", "张**", "Zhang San", "字" * 10, "a" * 20],
    "phrase1": ["已确认", "字" * 5],
}
BAD: dict[str, list[Any]] = {
    "thing1": ["字" * 21, "a\tb", " ", "\u2028行", 5, None],
    "number1": ["-1", "1,000", "9" * 33, "三", "1."],
    "letter1": ["a1", "a" * 33, "字"],
    "symbol1": ["a", "!!!!!!"],
    "character_string1": ["中文", "1" * 33, "a b"],
    "time1": [
        "24:00",
        "9点",
        "2019年10月1日",
        "2019年13月1日 10:00",
        "09:00~10:00~11:00",
        "2019-10/01 09:00",
    ],
    "date1": ["15:01", "2019年2月30日", "20191001", "2019-10-01~"],
    "amount1": ["12345678901", "十元"],
    "phone_number1": ["1" * 18, "abc", "-"],
    "car_number1": ["吉A1234567", "吉 A1"],
    "name1": ["字" * 11, "a" * 21, "张3"],
    "phrase1": ["已确认1", "字" * 6, "ok"],
    "unknown1": ["x"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in GOOD.items() for value in values])
def test_a_value_within_its_fields_rule_is_accepted(key: str, value: str) -> None:
    assert is_valid(TemplateField(key, ""), value, thing_units="utf16")


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD.items() for value in values])
def test_a_value_outside_its_fields_rule_is_refused(key: str, value: object) -> None:
    assert not is_valid(TemplateField(key, ""), value, thing_units="utf16")
