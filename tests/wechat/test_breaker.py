"""The breaker: opens on failure, on quotas and on a refused account, and lets one probe through."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from miniprogram_api.wechat.breaker import FAILURES_TO_OPEN, OPEN_S, Breaker
from miniprogram_api.wechat.errors import WeChatUnavailable
from miniprogram_api.wechat.gateway import Gateway
from tests.wechat.conftest import LogWatch
from tests.wechat.support import LOGIN, PROGRAM_CODE, SEND, STABLE_TOKEN, Clocks, FakeControl

pytestmark = pytest.mark.once


@pytest.fixture
def breaker(clocks: Clocks) -> Breaker:
    return Breaker(now=clocks.now, monotonic=clocks.monotonic)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        with breaker.attempt():
            breaker.failed()


def succeed(breaker: Breaker) -> None:
    with breaker.attempt():
        breaker.succeeded()


def wait_of(breaker: Breaker) -> int:
    with pytest.raises(WeChatUnavailable) as refused, breaker.attempt():
        pytest.fail("the breaker let a call through")
    return refused.value.retry_after_s


def test_failures_in_a_row_open_it_and_say_for_how_long(breaker: Breaker, clocks: Clocks) -> None:
    fail(breaker, FAILURES_TO_OPEN)

    assert wait_of(breaker) == OPEN_S
    clocks.advance(10.5)
    assert wait_of(breaker) == OPEN_S - 10


def test_a_success_in_between_starts_the_count_anew(breaker: Breaker) -> None:
    fail(breaker, FAILURES_TO_OPEN - 1)
    succeed(breaker)
    fail(breaker, FAILURES_TO_OPEN - 1)

    succeed(breaker)


def test_one_probe_goes_through_and_closes_it(breaker: Breaker, clocks: Clocks) -> None:
    fail(breaker, FAILURES_TO_OPEN)
    clocks.advance(OPEN_S)

    with breaker.attempt():
        assert wait_of(breaker) > 0, "a second call while the probe is out"
        breaker.succeeded()

    succeed(breaker)
    succeed(breaker)


def test_a_failing_probe_opens_it_again_at_once(breaker: Breaker, clocks: Clocks) -> None:
    fail(breaker, FAILURES_TO_OPEN)
    clocks.advance(OPEN_S)

    fail(breaker)

    assert wait_of(breaker) == OPEN_S


def test_a_failing_probe_after_another_stop_opens_it_again_too(breaker: Breaker, clocks: Clocks) -> None:
    with breaker.attempt():
        breaker.trip(60)
    clocks.advance(60)

    fail(breaker)

    assert wait_of(breaker) == OPEN_S


def test_a_probe_that_ends_without_a_word_leaves_room_for_another(breaker: Breaker, clocks: Clocks) -> None:
    fail(breaker, FAILURES_TO_OPEN)
    clocks.advance(OPEN_S)

    with pytest.raises(ZeroDivisionError), breaker.attempt():
        raise ZeroDivisionError

    succeed(breaker)


def test_a_probe_that_never_comes_back_does_not_shut_the_door_for_ever(
    breaker: Breaker, clocks: Clocks
) -> None:
    fail(breaker, FAILURES_TO_OPEN)
    clocks.advance(OPEN_S)
    lost = breaker.attempt()
    lost.__enter__()
    assert wait_of(breaker) > 0

    clocks.advance(60)

    succeed(breaker)
    lost.__exit__(None, None, None)


def test_a_hold_outlasts_successes_and_ends_at_its_instant(breaker: Breaker, clocks: Clocks) -> None:
    with breaker.attempt():
        breaker.hold_until(datetime(2026, 6, 1, 16, 0, tzinfo=UTC))
        breaker.succeeded()

    assert wait_of(breaker) == 14 * 3600
    clocks.advance(14 * 3600)
    succeed(breaker)


def test_a_longer_stop_is_not_shortened_by_a_late_failure(breaker: Breaker) -> None:
    with breaker.attempt():
        breaker.trip(600)
        breaker.failed()

    assert wait_of(breaker) == 600


def test_a_used_up_day_stops_the_calls_until_midnight_in_beijing(
    gateway: Gateway, wechat: FakeControl, clocks: Clocks, logs: LogWatch
) -> None:
    wechat.fault(LOGIN, "errcode", errcode=45009)
    waits = []
    for _ in range(5):
        with pytest.raises(WeChatUnavailable) as refused:
            gateway.login(wechat.login_code("alice"))
        waits.append(refused.value.retry_after_s)

    assert wechat.count(LOGIN) == 1
    # It is 10:00 in Beijing.
    assert all(abs(wait - 14 * 3600) <= 1 for wait in waits)
    assert sum(event["event"] == "wechat.alarm" for event in logs.events) == 1
    gateway.mini_program_code("a", "pages/index/index")

    clocks.advance(14 * 3600)
    gateway.login(wechat.login_code("alice"))


@pytest.mark.parametrize("errcode", [40164, 40013, 40125, 40243, 41002, 41004])
def test_a_refused_account_is_asked_about_once_a_minute(
    gateway: Gateway, wechat: FakeControl, clocks: Clocks, logs: LogWatch, errcode: int
) -> None:
    wechat.fault(LOGIN, "errcode", times=2, errcode=errcode)
    for _ in range(3):
        for _ in range(5):
            with suppress(WeChatUnavailable):
                gateway.login(wechat.login_code("alice"))
        clocks.advance(60)

    assert wechat.count(LOGIN) == 2 + 5
    assert sum(event["event"] == "wechat.alarm" for event in logs.events) == 2


def test_the_alarm_shows_operators_our_own_address(
    gateway: Gateway, wechat: FakeControl, logs: LogWatch
) -> None:
    wechat.post("/accounts", appid="wx0000000000demo01", ip_refused=True)

    with pytest.raises(WeChatUnavailable) as refused:
        gateway.mini_program_code("a", "pages/index/index")

    (alarm,) = (event for event in logs.events if event["event"] == "wechat.alarm")
    assert (alarm["errcode"], alarm["our_address"]) == ("40164", "127.0.0.1")
    assert "127.0.0.1" not in repr(refused.value.params)


def test_a_minute_s_limit_of_ours_pauses_a_minute(
    gateway: Gateway, wechat: FakeControl, clocks: Clocks
) -> None:
    wechat.fault(SEND, "errcode", errcode=45011)
    for _ in range(3):
        with pytest.raises(WeChatUnavailable):
            gateway.send_subscribe_message(openid="o", template_id="t", fields={"thing1": "x"})

    assert wechat.count(SEND) == 1
    clocks.advance(60)
    wechat.fault(SEND, "errcode", errcode=45011)
    with pytest.raises(WeChatUnavailable):
        gateway.send_subscribe_message(openid="o", template_id="t", fields={"thing1": "x"})
    assert wechat.count(SEND) == 2


@pytest.mark.parametrize("fault", ["reset_before", "html", "bad_gateway", "empty", "truncated"])
def test_a_dead_wechat_is_left_alone_after_a_few_tries_and_found_again(
    gateway: Gateway, wechat: FakeControl, clocks: Clocks, fault: str
) -> None:
    wechat.fault(LOGIN, fault, times=-1)
    for _ in range(FAILURES_TO_OPEN + 10):
        with pytest.raises(WeChatUnavailable):
            gateway.login(wechat.login_code("alice"))
    assert wechat.count(LOGIN) == FAILURES_TO_OPEN

    wechat.mend()
    clocks.advance(OPEN_S)

    gateway.login(wechat.login_code("alice"))
    gateway.login(wechat.login_code("bob"))


def test_a_crowd_at_a_dead_wechat_sends_one_probe(
    gateway: Gateway, wechat: FakeControl, clocks: Clocks
) -> None:
    wechat.fault(LOGIN, "reset_before", times=-1)
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(WeChatUnavailable):
            gateway.login(wechat.login_code("alice"))
    wechat.mend()
    wechat.fault(LOGIN, "timeout_before", seconds=0.3)
    clocks.advance(OPEN_S)
    codes = [wechat.login_code(f"person-{number}") for number in range(12)]

    def attempt(code: str) -> bool:
        try:
            gateway.login(code)
        except WeChatUnavailable:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(attempt, codes))

    assert outcomes.count(True) == 1
    assert wechat.count(LOGIN) == FAILURES_TO_OPEN + 1


def test_one_api_in_trouble_stops_no_other(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(PROGRAM_CODE, "reset_before", times=-1)
    for _ in range(FAILURES_TO_OPEN + 1):
        with pytest.raises(WeChatUnavailable):
            gateway.mini_program_code("a", "pages/index/index")

    gateway.login(wechat.login_code("alice"))
    gateway.phone_number(wechat.phone_code("alice"))


def test_a_dead_token_server_is_asked_rarely(gateway: Gateway, wechat: FakeControl, clocks: Clocks) -> None:
    wechat.fault(STABLE_TOKEN, "bad_gateway", times=-1)
    for _ in range(120):
        with pytest.raises(WeChatUnavailable):
            gateway.mini_program_code("a", "pages/index/index")
        clocks.advance(1)

    assert wechat.count(STABLE_TOKEN) <= FAILURES_TO_OPEN + 4, "then one probe per 30 seconds"
    assert wechat.count(PROGRAM_CODE) == 0
