"""Login by code: one request, no token, no session key, and one call per code whatever the client does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import pytest

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, FakeWeChat
from miniprogram_api.kernel.cache import MemoryCache, RedisCache
from miniprogram_api.wechat.errors import (
    CodeRejected,
    Misconfigured,
    TooFrequent,
    UserBlocked,
    WeChatUnavailable,
)
from miniprogram_api.wechat.gateway import Gateway, Login
from tests.wechat.conftest import LogWatch, MakeGateway
from tests.wechat.support import LOGIN, FakeControl, assert_tells_nothing, secrets_of


def test_a_login_is_exactly_one_request_and_fetches_no_token(gateway: Gateway, wechat: FakeControl) -> None:
    login = gateway.login(wechat.login_code("alice"))

    assert login.openid == wechat.openid("alice")
    assert wechat.counts() == {LOGIN: 1}


def test_a_login_carries_no_session_key_and_shows_nobody(gateway: Gateway, wechat: FakeControl) -> None:
    login = gateway.login(wechat.login_code("alice"))

    assert [item.name for item in fields(Login)] == ["openid", "unionid"]
    assert login.openid not in repr(login)


def test_the_unionid_comes_only_from_a_bound_account(gateway: Gateway, wechat: FakeControl) -> None:
    assert gateway.login(wechat.login_code("alice")).unionid is None

    wechat.post("/accounts", appid=DEMO_APPID, open_account="municipal")

    assert gateway.login(wechat.login_code("alice")).unionid is not None


def test_the_same_person_keeps_the_same_openid(gateway: Gateway, wechat: FakeControl) -> None:
    logins = {gateway.login(wechat.login_code(name)).openid for name in ("alice", "bob", "alice")}

    assert len(logins) == 2


def test_a_code_works_once(gateway: Gateway, wechat: FakeControl) -> None:
    code = wechat.login_code("alice")
    gateway.login(code)

    with pytest.raises(CodeRejected):
        gateway.login(code)


def test_a_used_code_is_rejected_by_wechat_too(make_gateway: MakeGateway, wechat: FakeControl) -> None:
    code = wechat.login_code("alice")
    make_gateway().login(code)

    with pytest.raises(CodeRejected):
        make_gateway().login(code)

    assert wechat.count(LOGIN) == 2


def test_an_expired_code_is_rejected(gateway: Gateway, wechat: FakeControl) -> None:
    code = wechat.login_code("alice")
    wechat.post("/clock", advance_s=301)

    with pytest.raises(CodeRejected):
        gateway.login(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "short",
        "a" * 257,
        "with space in it",
        "drop' or 1=1 --",
        "中文中文中文中文",
        "abcdefgh\n",
        "abc/def?x=1&y=2",
    ],
)
def test_a_malformed_code_is_refused_without_a_call(gateway: Gateway, wechat: FakeControl, code: str) -> None:
    with pytest.raises(CodeRejected):
        gateway.login(code)

    assert wechat.counts() == {}


def test_parallel_posts_of_one_code_make_one_call_and_one_login(
    gateway: Gateway, wechat: FakeControl
) -> None:
    code = wechat.login_code("alice")
    wechat.fault(LOGIN, "latency_before", seconds=0.3)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: _login_or_error(gateway, code), range(8)))

    assert sum(isinstance(outcome, Login) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, CodeRejected) for outcome in outcomes) == 7
    assert wechat.count(LOGIN) == 1


def test_two_processes_share_the_claim_on_a_code(
    make_gateway: MakeGateway, wechat: FakeControl, redis_cache: RedisCache, redis_url: str
) -> None:
    code = wechat.login_code("alice")
    make_gateway(cache=redis_cache).login(code)

    with pytest.raises(CodeRejected):
        make_gateway(cache=RedisCache(redis_url)).login(code)

    assert wechat.count(LOGIN) == 1


def test_a_code_that_wechat_may_still_honour_can_be_tried_again(
    gateway: Gateway, wechat: FakeControl
) -> None:
    code = wechat.login_code("alice")
    wechat.fault(LOGIN, "errcode", errcode=-1)

    with pytest.raises(WeChatUnavailable):
        gateway.login(code)

    assert gateway.login(code).openid == wechat.openid("alice")


def test_a_code_consumed_by_a_lost_answer_asks_for_a_new_one(gateway: Gateway, wechat: FakeControl) -> None:
    code = wechat.login_code("alice")
    wechat.fault(LOGIN, "reset_after")

    with pytest.raises(WeChatUnavailable):
        gateway.login(code)
    with pytest.raises(CodeRejected):
        gateway.login(code)


def test_a_blocked_user_is_refused_without_detail(gateway: Gateway, wechat: FakeControl) -> None:
    code = wechat.login_code("mallory")
    wechat.post("/risk", person="mallory", rank=4)

    with pytest.raises(UserBlocked) as refused:
        gateway.login(code)

    assert refused.value.params == {}


def test_a_user_too_fast_for_wechat_slows_nobody_else(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(LOGIN, "errcode", errcode=45011)

    with pytest.raises(TooFrequent) as refused:
        gateway.login(wechat.login_code("alice"))

    assert refused.value.retry_after_s == 60
    gateway.login(wechat.login_code("bob"))


@pytest.mark.parametrize("errcode", [-1, 40163, 40029, 40125, 45009, 12345])
def test_a_login_is_never_repeated_by_us(gateway: Gateway, wechat: FakeControl, errcode: int) -> None:
    wechat.fault(LOGIN, "errcode", times=9, errcode=errcode)

    with pytest.raises((CodeRejected, WeChatUnavailable)):
        gateway.login(wechat.login_code("alice"))

    assert wechat.count(LOGIN) == 1


def test_a_wrong_secret_alarms_operators_and_tells_users_nothing(
    gateway: Gateway, wechat: FakeControl, server: FakeWeChat, logs: LogWatch
) -> None:
    wechat.fault(LOGIN, "errcode", errcode=40125)

    with pytest.raises(Misconfigured) as refused:
        gateway.login(wechat.login_code("alice"))

    assert refused.value.code == "wechat.unavailable"
    alarm = next(event for event in logs.events if event["event"] == "wechat.alarm")
    assert (alarm["log_level"], alarm["api"], alarm["errcode"]) == ("error", "jscode2session", "40125")
    assert_tells_nothing(refused.value, secrets_of(server))


def test_login_works_while_tokens_do_not(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault("/cgi-bin/stable_token", "errcode", times=9, errcode=45009)

    with pytest.raises(WeChatUnavailable):
        gateway.mini_program_code("a", "pages/index/index")

    gateway.login(wechat.login_code("alice"))


def test_login_refuses_at_once_while_the_cache_is_down(
    make_gateway: MakeGateway, wechat: FakeControl
) -> None:
    gateway = make_gateway(cache=RedisCache("redis://127.0.0.1:1/0"))

    with pytest.raises(WeChatUnavailable):
        gateway.login(wechat.login_code("alice"))

    assert wechat.counts() == {}


def test_without_the_claim_parallel_posts_would_reach_wechat(
    make_gateway: MakeGateway, wechat: FakeControl
) -> None:
    """Positive control: gateways that share no cache do race, so the test above proves the claim."""
    code = wechat.login_code("alice")
    gateways = [make_gateway(cache=MemoryCache()) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda gateway: _login_or_error(gateway, code), gateways))

    assert wechat.count(LOGIN) == 4


def _login_or_error(gateway: Gateway, code: str) -> object:
    try:
        return gateway.login(code)
    except CodeRejected as error:
        return error
