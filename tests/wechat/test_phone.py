"""The phone number behind a button's code: strict about the answer, never asked twice."""

import pytest

from miniprogram_api.devtools.fake_wechat import DEMO_APPID
from miniprogram_api.kernel.cache import MemoryCache
from miniprogram_api.wechat.errors import Misconfigured, PhoneCodeRejected, TooFrequent, WeChatUnavailable
from miniprogram_api.wechat.gateway import Gateway
from tests.wechat.conftest import MakeGateway
from tests.wechat.support import PHONE, STABLE_TOKEN, FakeControl


def test_a_code_yields_number_and_country(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.post("/persons", person="alice", phone="13800138000")

    phone = gateway.phone_number(wechat.phone_code("alice"))

    assert (phone.number, phone.country_code) == ("13800138000", "86")
    assert "13800138000" not in repr(phone)
    assert wechat.counts() == {STABLE_TOKEN: 1, PHONE: 1}


def test_a_country_code_sent_as_a_number_is_read(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.post("/settings", country_code_type="number")
    wechat.post("/persons", person="alice", phone="5551234567", country_code="1")

    phone = gateway.phone_number(wechat.phone_code("alice"))

    assert (phone.number, phone.country_code) == ("5551234567", "1")


def test_the_code_must_belong_to_the_person_who_is_logged_in(gateway: Gateway, wechat: FakeControl) -> None:
    bob = gateway.login(wechat.login_code("bob"))

    with pytest.raises(PhoneCodeRejected):
        gateway.phone_number(wechat.phone_code("alice"), openid=bob.openid)


def test_the_owner_of_the_code_is_accepted(gateway: Gateway, wechat: FakeControl) -> None:
    alice = gateway.login(wechat.login_code("alice"))

    assert gateway.phone_number(wechat.phone_code("alice"), openid=alice.openid).country_code == "86"


@pytest.mark.parametrize("code", ["", "short", "a b c d e f g h", "a" * 257])
def test_a_malformed_code_is_refused_without_a_call(gateway: Gateway, wechat: FakeControl, code: str) -> None:
    with pytest.raises(PhoneCodeRejected):
        gateway.phone_number(code)

    assert wechat.counts() == {}


def test_a_used_code_and_a_login_code_are_rejected(make_gateway: MakeGateway, wechat: FakeControl) -> None:
    code = wechat.phone_code("alice")
    make_gateway().phone_number(code)

    for stale in (code, wechat.login_code("alice")):
        with pytest.raises(PhoneCodeRejected):
            make_gateway().phone_number(stale)


def test_a_code_of_another_mini_program_is_no_alarm(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.post("/accounts", appid="wx-another", secret="another-secret")
    foreign = str(wechat.post("/phone-codes", person="alice", appid="wx-another")["code"])

    with pytest.raises(PhoneCodeRejected):
        gateway.phone_number(foreign)

    gateway.phone_number(wechat.phone_code("alice"))


def test_an_account_without_the_permission_alarms(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.post("/accounts", appid=DEMO_APPID, personal=True)

    with pytest.raises(Misconfigured):
        gateway.phone_number(wechat.phone_code("alice"))


@pytest.mark.parametrize("errcode", [-1, 45011])
def test_a_paid_call_is_never_repeated_by_us(gateway: Gateway, wechat: FakeControl, errcode: int) -> None:
    wechat.fault(PHONE, "errcode", times=9, errcode=errcode)

    with pytest.raises((TooFrequent, WeChatUnavailable)):
        gateway.phone_number(wechat.phone_code("alice"))

    assert wechat.count(PHONE) == 1


def test_a_code_is_claimed_while_it_is_in_flight(make_gateway: MakeGateway, wechat: FakeControl) -> None:
    cache, code = MemoryCache(), wechat.phone_code("alice")
    make_gateway(cache=cache).phone_number(code)

    with pytest.raises(PhoneCodeRejected):
        make_gateway(cache=cache).phone_number(code)

    assert wechat.count(PHONE) == 1
