"""The fake WeChat server's login, session-key and phone calls, over raw HTTP."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_SECRET, FakeWeChat
from miniprogram_api.devtools.fake_wechat.endpoints.sessions import session_signature

pytestmark = pytest.mark.once

Call = Callable[..., Any]
Http = Callable[..., requests.Response]

RID = re.compile(r", rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$")
VECTOR_KEY = "o0q0otL8aEzpcZL/FT9WsQ=="
VECTOR_EMPTY = "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"


def exchange(get: Http, code: str, **changes: str) -> Any:
    params = {
        "appid": DEMO_APPID,
        "secret": DEMO_SECRET,
        "js_code": code,
        "grant_type": "authorization_code",
        **changes,
    }
    return get("/sns/jscode2session", **params).json()


class TestLogin:
    def test_a_code_gives_openid_and_session_key_as_text_without_errcode(
        self, control: Call, get: Http
    ) -> None:
        code = control("POST", "login-codes", person="alice")["code"]
        response = get(
            "/sns/jscode2session",
            appid=DEMO_APPID,
            secret=DEMO_SECRET,
            js_code=code,
            grant_type="authorization_code",
        )
        assert response.headers["Content-Type"] == "text/plain"
        assert set(response.json()) == {"openid", "session_key"}
        assert re.fullmatch(r"o[\w-]{27}", response.json()["openid"])

    def test_a_person_keeps_the_openid_and_gets_a_new_session_key(self, control: Call, login: Call) -> None:
        first, second = login(), login()
        assert first["openid"] == second["openid"]
        assert first["session_key"] != second["session_key"]
        assert login("bob")["openid"] != first["openid"]
        control("POST", "reset")
        assert login()["openid"] == first["openid"]

    def test_a_second_use_of_a_code_is_40163_with_a_rid(self, control: Call, get: Http) -> None:
        code = control("POST", "login-codes", person="alice")["code"]
        exchange(get, code)
        reply = exchange(get, code)
        assert reply["errcode"] == 40163
        assert RID.search(reply["errmsg"])

    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"appid": ""}, 41002),
            ({"secret": ""}, 41004),
            ({"js_code": ""}, 41008),
            ({"grant_type": "client_credential"}, 40002),
            ({"appid": "wx-unknown"}, 40013),
            ({"secret": "wrong"}, 40125),
            ({"js_code": "never-issued"}, 40029),
        ],
    )
    def test_wrong_parameters_have_their_own_code_and_keep_the_code_usable(
        self, control: Call, get: Http, changes: dict[str, str], errcode: int
    ) -> None:
        code = control("POST", "login-codes", person="alice")["code"]
        assert exchange(get, code, **changes)["errcode"] == errcode
        assert "openid" in exchange(get, code)

    def test_a_code_lives_five_virtual_minutes(self, control: Call, get: Http) -> None:
        code = control("POST", "login-codes", person="alice")["code"]
        late = control("POST", "login-codes", person="alice")["code"]
        control("POST", "clock", advance_s=299)
        assert "openid" in exchange(get, code)
        control("POST", "clock", advance_s=1)
        assert exchange(get, late)["errcode"] == 40029

    def test_phone_codes_and_codes_of_another_appid_are_unknown(self, control: Call, get: Http) -> None:
        control("POST", "accounts", appid="wx-second", secret="other-secret")
        phone = control("POST", "phone-codes", person="alice")["code"]
        foreign = control("POST", "login-codes", person="alice", appid="wx-second")["code"]
        assert exchange(get, phone)["errcode"] == 40029
        assert exchange(get, foreign)["errcode"] == 40029
        assert "openid" in exchange(get, foreign, appid="wx-second", secret="other-secret")

    def test_a_person_of_high_risk_is_refused(self, control: Call, login: Call) -> None:
        control("POST", "risk", person="alice", rank=4)
        assert login()["errcode"] == 40226
        assert "openid" in login("bob")

    def test_the_minute_limit_is_per_user(self, control: Call, login: Call) -> None:
        control("POST", "quotas", api="/sns/jscode2session#user", minute=2)
        assert "errcode" not in login()
        assert "errcode" not in login()
        assert login()["errcode"] == 45011
        assert "errcode" not in login("bob")
        control("POST", "clock", advance_s=60)
        assert "errcode" not in login()

    def test_a_unionid_comes_only_with_a_bound_open_account_and_is_shared(
        self, control: Call, get: Http
    ) -> None:
        control("POST", "accounts", appid="wx-second", secret="s2", open_account="group")
        control("POST", "accounts", appid=DEMO_APPID, open_account="group")
        one = exchange(get, control("POST", "login-codes", person="alice")["code"])
        code = control("POST", "login-codes", person="alice", appid="wx-second")["code"]
        other = exchange(get, code, appid="wx-second", secret="s2")
        assert one["unionid"] == other["unionid"]
        assert one["openid"] != other["openid"]

    @pytest.mark.parametrize(
        ("flag", "errcode"), [("secret_frozen", 40243), ("disabled", 50007), ("ip_refused", 40164)]
    )
    def test_account_states_refuse_login(self, control: Call, login: Call, flag: str, errcode: int) -> None:
        control("POST", "accounts", appid=DEMO_APPID, **{flag: True})
        assert login()["errcode"] == errcode


class TestSessionCheck:
    def ask(self, get: Http, path: str, token: str, openid: str, key: str, **changes: str) -> Any:
        params = {
            "access_token": token,
            "openid": openid,
            "signature": session_signature(key),
            "sig_method": "hmac_sha256",
            **changes,
        }
        return get(path, **params).json()

    def test_the_signature_agrees_with_the_published_vectors(self) -> None:
        assert session_signature(VECTOR_KEY) == VECTOR_EMPTY
        expected = "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
        assert session_signature(VECTOR_KEY, '{"foo":"bar"}') == expected

    def test_the_published_vector_is_accepted_over_http(
        self, fake: FakeWeChat, login: Call, get: Http, token: str
    ) -> None:
        openid = login()["openid"]
        fake.state.persons["alice"].memberships[DEMO_APPID].session_key = VECTOR_KEY
        reply = get(
            "/wxa/checksession",
            access_token=token,
            openid=openid,
            signature=VECTOR_EMPTY,
            sig_method="hmac_sha256",
        ).json()
        assert reply == {"errcode": 0, "errmsg": "ok"}

    def test_only_the_latest_session_key_counts(
        self, control: Call, login: Call, get: Http, token: str
    ) -> None:
        old, new = login(), login()
        openid = new["openid"]
        assert self.ask(get, "/wxa/checksession", token, openid, old["session_key"])["errcode"] == 87009
        assert self.ask(get, "/wxa/checksession", token, openid, new["session_key"])["errcode"] == 0
        reply = self.ask(get, "/wxa/checksession", token, openid, new["session_key"], sig_method="md5")
        assert reply["errcode"] == 87008
        control("POST", "sessions/expire", person="alice")
        assert self.ask(get, "/wxa/checksession", token, openid, new["session_key"])["errcode"] == 87007

    def test_a_reset_replaces_the_key(self, login: Call, get: Http, token: str) -> None:
        session = login()
        reply = self.ask(get, "/wxa/resetusersessionkey", token, session["openid"], session["session_key"])
        assert reply["openid"] == session["openid"]
        assert reply["session_key"] != session["session_key"]
        ask = self.ask(get, "/wxa/checksession", token, session["openid"], session["session_key"])
        assert ask["errcode"] == 87009
        assert (
            self.ask(get, "/wxa/checksession", token, session["openid"], reply["session_key"])["errcode"] == 0
        )

    def test_missing_or_foreign_openids_are_bad_arguments(self, login: Call, get: Http, token: str) -> None:
        key = login()["session_key"]
        assert self.ask(get, "/wxa/checksession", token, "", key)["errcode"] == 40097
        assert self.ask(get, "/wxa/checksession", token, "o-nobody", key)["errcode"] == 40097


class TestPhone:
    PATH = "/wxa/business/getuserphonenumber"

    def test_a_code_gives_the_persons_stable_number_once(self, control: Call, post: Http, token: str) -> None:
        issued = control("POST", "phone-codes", person="alice")
        reply = post(self.PATH, {"code": issued["code"]}, access_token=token).json()
        info = reply["phone_info"]
        assert reply["errcode"] == 0
        assert info["purePhoneNumber"] == info["phoneNumber"] == issued["phone"]
        assert re.fullmatch(r"1\d{10}", issued["phone"])
        assert info["countryCode"] == "86"
        assert info["watermark"]["appid"] == DEMO_APPID
        assert post(self.PATH, {"code": issued["code"]}, access_token=token).json()["errcode"] == 40029
        control("POST", "reset")
        assert control("POST", "phone-codes", person="alice")["phone"] == issued["phone"]

    def test_login_codes_and_expired_codes_are_refused(self, control: Call, post: Http, token: str) -> None:
        login_code = control("POST", "login-codes", person="alice")["code"]
        assert post(self.PATH, {"code": login_code}, access_token=token).json()["errcode"] == 40029
        code = control("POST", "phone-codes", person="alice")["code"]
        control("POST", "clock", advance_s=300)
        assert post(self.PATH, {"code": code}, access_token=token).json()["errcode"] == 40029

    def test_the_openid_must_be_the_persons_own(
        self, control: Call, login: Call, post: Http, token: str
    ) -> None:
        alice, bob = login("alice")["openid"], login("bob")["openid"]
        code = control("POST", "phone-codes", person="alice")["code"]
        assert post(self.PATH, {"code": code, "openid": bob}, access_token=token).json()["errcode"] == 40003
        assert post(self.PATH, {"code": code, "openid": alice}, access_token=token).json()["errcode"] == 0

    def test_a_code_of_another_appid_is_40013(self, control: Call, post: Http, token: str) -> None:
        control("POST", "accounts", appid="wx-second", secret="s2")
        code = control("POST", "phone-codes", person="alice", appid="wx-second")["code"]
        assert post(self.PATH, {"code": code}, access_token=token).json()["errcode"] == 40013

    @pytest.mark.parametrize("change", [{"personal": True}, {"certified": False}, {"kind": "oa"}])
    def test_only_certified_organisations_with_a_mini_program_may_ask(
        self, control: Call, post: Http, token: str, change: dict[str, Any]
    ) -> None:
        code = control("POST", "phone-codes", person="alice")["code"]
        control("POST", "accounts", appid=DEMO_APPID, **change)
        assert post(self.PATH, {"code": code}, access_token=token).json()["errcode"] == 48001

    def test_foreign_numbers_carry_their_area_code(self, control: Call, post: Http, token: str) -> None:
        control("POST", "persons", person="carol", phone="2025550123", country_code="1")
        control("POST", "settings", country_code_type="number")
        code = control("POST", "phone-codes", person="carol")["code"]
        info = post(self.PATH, {"code": code}, access_token=token).json()["phone_info"]
        assert (info["phoneNumber"], info["purePhoneNumber"], info["countryCode"]) == (
            "+12025550123",
            "2025550123",
            1,
        )


def test_wrong_methods_are_43001_and_43002(get: Http, post: Http, token: str) -> None:
    assert post("/wxa/checksession", {}, access_token=token).json()["errcode"] == 43001
    assert get("/wxa/msg_sec_check", access_token=token).json()["errcode"] == 43002


def test_calls_it_does_not_serve_are_404_and_listed(control: Call, get: Http, token: str) -> None:
    assert get("/cgi-bin/menu/create", access_token=token).status_code == 404
    assert get("/").status_code == 404
    listed = control("GET", "unexpected")["unexpected"]
    assert [entry["path"] for entry in listed] == ["/cgi-bin/menu/create", "/"]
    assert token not in str(listed)
