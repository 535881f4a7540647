"""Mini-program codes: pictures that are pictures, and arguments refused before they cost a call."""

from dataclasses import replace

import pytest

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.wechat.errors import ArgumentRefused, Misconfigured, WeChatUnavailable
from miniprogram_api.wechat.gateway import Gateway
from tests.wechat.conftest import LogWatch, MakeGateway
from tests.wechat.support import PROGRAM_CODE, FakeControl, settings_for

PAGE = "pages/site/index"


def test_a_code_is_a_picture_made_with_our_arguments(gateway: Gateway, wechat: FakeControl) -> None:
    jpeg = gateway.mini_program_code("a=1&b=~x", PAGE, width=280)
    png = gateway.mini_program_code("b" * 32, PAGE, is_hyaline=True)

    assert jpeg.startswith(b"\xff\xd8\xff")
    assert png.startswith(b"\x89PNG")
    first, second = wechat.get("/codes")["codes"]
    assert (first["scene"], first["page"], first["width"]) == ("a=1&b=~x", PAGE, 280)
    assert (first["check_path"], first["env_version"]) == (True, "release")
    assert (second["scene"], second["is_hyaline"]) == ("b" * 32, True)


def test_a_trial_version_does_not_ask_for_a_released_page(
    make_gateway: MakeGateway, server: FakeWeChat, wechat: FakeControl
) -> None:
    gateway = make_gateway(settings=replace(settings_for(server.base_url), env_version="trial"))

    gateway.mini_program_code("a", "pages/not/released")

    (made,) = wechat.get("/codes")["codes"]
    assert (made["check_path"], made["env_version"]) == (False, "trial")


@pytest.mark.parametrize("scene", ["", "a" * 33, "百分", "a%20b", "a b", "a\n", "scancode_time=1", 'a"b'])
def test_a_scene_wechat_would_refuse_is_not_sent(gateway: Gateway, wechat: FakeControl, scene: str) -> None:
    with pytest.raises(ArgumentRefused) as refused:
        gateway.mini_program_code(scene, PAGE)

    assert refused.value.params["name"] == "scene"
    assert wechat.counts() == {}


@pytest.mark.parametrize(
    "page", ["", "/pages/site/index", "pages/site/index?id=1", "pages//index", "pages/index/", "p#x"]
)
def test_a_page_wechat_would_refuse_is_not_sent(gateway: Gateway, wechat: FakeControl, page: str) -> None:
    with pytest.raises(ArgumentRefused) as refused:
        gateway.mini_program_code("a", page)

    assert refused.value.params["name"] == "page"
    assert wechat.counts() == {}


@pytest.mark.parametrize("width", [0, 279, 1281, -430])
def test_a_width_out_of_range_is_not_sent(gateway: Gateway, wechat: FakeControl, width: int) -> None:
    with pytest.raises(ArgumentRefused):
        gateway.mini_program_code("a", PAGE, width=width)

    assert wechat.counts() == {}


def test_an_unreleased_page_is_an_operator_s_matter_and_stops_no_other_page(
    gateway: Gateway, wechat: FakeControl, logs: LogWatch
) -> None:
    with pytest.raises(Misconfigured):
        gateway.mini_program_code("a", "pages/not/released")

    assert any(event["event"] == "wechat.alarm" and event["errcode"] == "41030" for event in logs.events)
    gateway.mini_program_code("a", PAGE)


@pytest.mark.parametrize(
    "fault", ["html", "empty", "truncated", "bad_gateway", "string_errcode", "missing_errmsg"]
)
def test_nothing_but_a_picture_is_saved_as_one(gateway: Gateway, wechat: FakeControl, fault: str) -> None:
    wechat.fault(PROGRAM_CODE, fault, errcode=40097)

    with pytest.raises(WeChatUnavailable):
        gateway.mini_program_code("a", PAGE)


def test_a_busy_answer_is_asked_again_twice(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(PROGRAM_CODE, "errcode", times=2, errcode=-1)

    assert gateway.mini_program_code("a", PAGE)

    assert wechat.count(PROGRAM_CODE) == 3


def test_the_minute_s_codes_being_used_up_ends_with_the_minute(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(PROGRAM_CODE, "errcode", errcode=45009)

    with pytest.raises(WeChatUnavailable) as refused:
        gateway.mini_program_code("a", PAGE)

    assert refused.value.retry_after_s == 60
