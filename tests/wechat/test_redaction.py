"""Nothing secret leaves the package: not in logs at any level, not in metrics, not in a value's `repr`."""

import logging

import pytest
from prometheus_client import REGISTRY, generate_latest

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_SECRET, FakeWeChat
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.wechat.errors import WeChatUnavailable
from miniprogram_api.wechat.gateway import Gateway
from miniprogram_api.wechat.moderation import TextScene
from tests.wechat.conftest import LogWatch, MakeGateway
from tests.wechat.support import LOGIN, FakeControl, assert_tells_nothing, secrets_of, settings_for

pytestmark = pytest.mark.once

PATHS = [
    "/sns/jscode2session",
    "/cgi-bin/stable_token",
    "/wxa/business/getuserphonenumber",
    "/wxa/getwxacodeunlimit",
    "/cgi-bin/message/subscribe/send",
    "/wxa/msg_sec_check",
]
ERRCODES = [
    -1,
    40001,
    40003,
    40013,
    40029,
    40125,
    40163,
    40164,
    40226,
    42001,
    43101,
    45009,
    45011,
    47003,
    61010,
]


def use_everything(gateway: Gateway, wechat: FakeControl) -> list[AppError]:
    """Every call once; the errors they raised."""
    openid = wechat.openid("alice")
    calls = (
        lambda: gateway.login(wechat.login_code("alice")),
        lambda: gateway.phone_number(wechat.phone_code("alice"), openid=openid),
        lambda: gateway.mini_program_code("a", "pages/index/index"),
        lambda: gateway.send_subscribe_message(openid=openid, template_id="t", fields={"thing1": "x"}),
        lambda: gateway.check_text(openid, TextScene.COMMENT, "你好"),
    )
    raised: list[AppError] = []
    for call in calls:
        try:
            call()
        except AppError as error:
            raised.append(error)
    return raised


def test_the_watch_does_see_what_is_logged(server: FakeWeChat, logs: LogWatch) -> None:
    """Positive control: a secret that is logged is found, so finding none means something."""
    logging.getLogger("anything").debug("the token is %s", "canary-1")
    assert "canary-1" in logs.text()
    assert DEMO_SECRET in secrets_of(server)


def test_the_library_below_does_log_addresses_and_ours_are_starred(
    gateway: Gateway, wechat: FakeControl, logs: LogWatch
) -> None:
    gateway.login(wechat.login_code("alice"))

    assert "secret=***" in logs.text()
    assert "js_code=***" in logs.text()


@pytest.mark.parametrize("errcode", ERRCODES)
def test_no_errcode_makes_a_secret_heard(
    gateway: Gateway, wechat: FakeControl, server: FakeWeChat, errcode: int
) -> None:
    for path in PATHS:
        wechat.fault(path, "errcode", errcode=errcode)

    for error in use_everything(gateway, wechat):
        assert_tells_nothing(error, secrets_of(server))


@pytest.mark.parametrize(
    "fault", ["reset_before", "reset_after", "truncated", "empty", "html", "bad_gateway"]
)
def test_no_fault_makes_a_secret_heard(
    gateway: Gateway, wechat: FakeControl, server: FakeWeChat, fault: str
) -> None:
    wechat.fault("*", fault, times=4)

    for error in use_everything(gateway, wechat):
        assert_tells_nothing(error, secrets_of(server))


def test_a_request_s_log_line_says_how_it_went_and_nothing_else(
    gateway: Gateway, wechat: FakeControl, logs: LogWatch
) -> None:
    wechat.fault(LOGIN, "errcode", errcode=40029)
    with pytest.raises(AppError):
        gateway.login(wechat.login_code("alice"))

    (event,) = (event for event in logs.events if event["event"] == "wechat.request")
    assert set(event) == {"event", "log_level", "api", "errcode", "rid", "duration_ms"}
    assert (event["api"], event["errcode"]) == ("jscode2session", "40029")
    assert len(event["rid"].split("-")) == 3


def test_requests_are_counted_by_api_and_outcome(gateway: Gateway, wechat: FakeControl) -> None:
    def count(errcode: str) -> float:
        labels = {"api": "jscode2session", "errcode": errcode}
        return REGISTRY.get_sample_value("wechat_requests_total", labels) or 0.0

    before = count("0"), count("http_502")
    gateway.login(wechat.login_code("alice"))
    wechat.fault(LOGIN, "bad_gateway")
    with pytest.raises(WeChatUnavailable):
        gateway.login(wechat.login_code("alice"))

    assert (count("0"), count("http_502")) == (before[0] + 1, before[1] + 1)


def test_metrics_hold_no_secret(gateway: Gateway, wechat: FakeControl, server: FakeWeChat) -> None:
    use_everything(gateway, wechat)
    exposed = generate_latest().decode()

    assert [secret for secret in (*secrets_of(server), DEMO_APPID) if secret in exposed] == []


def test_the_settings_do_not_show_the_secret(server: FakeWeChat) -> None:
    assert DEMO_SECRET not in repr(settings_for(server.base_url))


def test_a_secret_sent_to_the_wrong_place_is_not_told_either(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(settings=settings_for("http://127.0.0.1:1"))

    with pytest.raises(WeChatUnavailable) as raised:
        gateway.login("code-of-alice")

    assert_tells_nothing(raised.value, [DEMO_SECRET, "code-of-alice"])
