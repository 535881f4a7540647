"""Every planned fault of the fake as a raw client sees it, and whether the call had its effect."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests

from miniprogram_api.devtools.fake_wechat import (
    BOOKING_CONFIRMED_TEMPLATE,
    DEMO_APPID,
    DEMO_SECRET,
    FakeWeChat,
)

pytestmark = pytest.mark.once

Call = Callable[..., Any]
Http = Callable[..., requests.Response]

TOKEN = "/cgi-bin/token"
STABLE = "/cgi-bin/stable_token"
TEMPLATES = "/wxaapi/newtmpl/gettemplate"
SEND = "/cgi-bin/message/subscribe/send"
CREDENTIALS = {"grant_type": "client_credential", "appid": DEMO_APPID, "secret": DEMO_SECRET}


@pytest.fixture
def fault(control: Call) -> Call:
    def call(path: str, name: str, **fields: Any) -> Any:
        return control("POST", "faults", path=path, fault=name, **fields)

    return call


@pytest.fixture
def fetch(get: Http) -> Callable[[], requests.Response]:
    return lambda: get(TOKEN, **CREDENTIALS)


@pytest.fixture
def send(control: Call, login: Call, post: Http, token: str) -> Callable[[], requests.Response]:
    """Send one message for which there is consent."""
    control("POST", "templates", template_id="t", title="通知", fields=[{"key": "thing1", "label": "内容"}])
    control("POST", "subscriptions", person="alice", template_id="t", count=5)
    body = {"touser": login()["openid"], "template_id": "t", "data": {"thing1": {"value": "开园"}}}
    return lambda: post(SEND, body, access_token=token)


class TestErrcode:
    def test_once_n_times_and_for_ever(self, control: Call, fault: Call, fetch: Call) -> None:
        fault(TOKEN, "errcode", errcode=-1)
        fault(TOKEN, "errcode:45009", times=2)
        assert [fetch().json().get("errcode") for _ in range(4)] == [-1, 45009, 45009, None]
        fault(TOKEN, "40164", times="forever")
        assert {fetch().json()["errcode"] for _ in range(5)} == {40164}
        assert control("GET", "faults")["faults"][0]["hits"] == 5
        assert control("DELETE", "faults")["cleared"] == 1
        assert "access_token" in fetch().json()

    def test_it_has_a_rid_and_no_effect(self, control: Call, fault: Call, send: Call) -> None:
        fault(SEND, "errcode", errcode=45009)
        reply = send().json()
        assert ", rid: " in reply["errmsg"]
        assert control("GET", "messages")["messages"] == []
        assert control("GET", "logs")["requests"][-1]["rid"] in reply["errmsg"]

    def test_permanent_40001_is_sticky(self, fault: Call, get: Http, token: str) -> None:
        fault(TEMPLATES, "permanent_40001")
        assert {get(TEMPLATES, access_token=token).json()["errcode"] for _ in range(5)} == {40001}

    def test_string_errcode_and_missing_errmsg(self, fault: Call, fetch: Call, get: Http, token: str) -> None:
        fault(TOKEN, "string_errcode", errcode=40164)
        assert fetch().json()["errcode"] == "40164"
        fault(TEMPLATES, "string_errcode")
        assert get(TEMPLATES, access_token=token).json()["errcode"] == "0"
        fault(TOKEN, "missing_errmsg", errcode=40164)
        assert fetch().json() == {"errcode": 40164}


class TestTransport:
    @pytest.mark.parametrize(("name", "delivered"), [("reset_before", 0), ("reset_after_effect", 1)])
    def test_a_reset_looks_the_same_with_and_without_effect(
        self, control: Call, fault: Call, send: Call, name: str, delivered: int
    ) -> None:
        fault(SEND, name)
        with pytest.raises(requests.ConnectionError):
            send()
        assert len(control("GET", "messages")["messages"]) == delivered
        entry = next(e for e in control("GET", "logs")["requests"] if e["path"] == SEND)
        assert entry["verdict"] == ("ok" if delivered else "no effect")

    def test_a_reset_is_a_tcp_reset_and_the_server_lives_on(
        self, fake: FakeWeChat, fault: Call, fetch: Call
    ) -> None:
        fault(TOKEN, "reset")
        host, port = fake.base_url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(f"GET {TOKEN} HTTP/1.1\r\nHost: fake\r\n\r\n".encode())
            with pytest.raises(ConnectionResetError):
                raw.recv(100)
        assert "access_token" in fetch().json()

    def test_a_truncated_body_breaks_the_transfer_after_the_effect(
        self, control: Call, fault: Call, send: Call
    ) -> None:
        fault(SEND, "truncated")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            send()
        assert len(control("GET", "messages")["messages"]) == 1

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize(
        "shape", [("empty", 200, ""), ("html_200", 200, "<!DOCTYPE"), ("502", 502, "<html>")]
    )
    def test_bodies_that_are_not_json(
        self, control: Call, fault: Call, send: Call, shape: tuple[str, int, str], when: str
    ) -> None:
        name, status, start = shape
        fault(SEND, name, when=when)
        response = send()
        assert response.status_code == status
        assert response.text.startswith(start)
        assert (response.text == "") == (start == "")
        assert len(control("GET", "messages")["messages"]) == (when == "after")


class TestLatency:
    def test_a_late_reply_meets_the_clients_timeout_and_after_it_had_its_effect(
        self, fake: FakeWeChat, control: Call, fault: Call, http: requests.Session
    ) -> None:
        fault(TOKEN, "latency_after", seconds=60)
        with pytest.raises(requests.exceptions.ReadTimeout):
            http.get(f"{fake.base_url}{TOKEN}", params=CREDENTIALS, timeout=0.5)
        assert len(control("GET", "tokens")["tokens"]) == 1

    def test_latency_before_the_effect_leaves_nothing_behind(
        self, fake: FakeWeChat, control: Call, fault: Call, http: requests.Session
    ) -> None:
        fault(TOKEN, "timeout", seconds=60)
        with pytest.raises(requests.exceptions.ReadTimeout):
            http.get(f"{fake.base_url}{TOKEN}", params=CREDENTIALS, timeout=0.5)
        assert control("GET", "tokens")["tokens"] == []
        assert control("GET", "counts")["counts"] == {TOKEN: 1}

    def test_a_short_latency_still_answers(self, fault: Call, fetch: Call) -> None:
        fault(TOKEN, "latency", seconds=0.01)
        assert "access_token" in fetch().json()


class TestTokenFaults:
    def test_rotation_by_another_server_costs_one_40001(
        self, fault: Call, get: Http, post: Http, token: str
    ) -> None:
        fault(TEMPLATES, "token_rotated")
        assert get(TEMPLATES, access_token=token).json()["errcode"] == 40001
        fresh = post(STABLE, CREDENTIALS).json()["access_token"]
        assert fresh != token
        assert get(TEMPLATES, access_token=fresh).json()["errcode"] == 0

    def test_a_short_expires_in_is_announced_and_true(
        self, control: Call, fault: Call, get: Http, post: Http
    ) -> None:
        fault(STABLE, "short_expires_in", expires_in=30)
        reply = post(STABLE, CREDENTIALS).json()
        assert reply["expires_in"] == 30
        control("POST", "clock", advance_s=30)
        assert get(TEMPLATES, access_token=reply["access_token"]).json()["errcode"] == 42001


class TestPlanning:
    def test_skip_match_and_path(self, fault: Call, fetch: Call, get: Http, post: Http) -> None:
        fault(TOKEN, "errcode", errcode=-1, skip=1)
        assert "access_token" in fetch().json()
        assert fetch().json()["errcode"] == -1
        fault("*", "errcode", errcode=-1, match={"appid": "wx-other"}, times="forever")
        assert "access_token" in fetch().json()
        assert post(STABLE, {**CREDENTIALS, "appid": "wx-other"}).json()["errcode"] == -1
        assert get(TOKEN, **{**CREDENTIALS, "appid": "wx-other"}).json()["errcode"] == -1

    def test_a_probability_is_seeded(self, fault: Call, fetch: Call) -> None:
        fault(TOKEN, "empty", probability=0.5, times="forever")
        empty = sum(fetch().text == "" for _ in range(40))
        assert 5 < empty < 35

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"path": TOKEN}, "fault"),
            ({"path": "/nowhere", "fault": "reset"}, "path"),
            ({"path": TOKEN, "fault": "explode"}, "fault"),
            ({"path": TOKEN, "fault": "reset", "times": 0}, "times"),
            ({"path": TOKEN, "fault": "reset", "times": 1.5}, "times"),
            ({"path": TOKEN, "fault": "reset", "times": []}, "times"),
            ({"path": TOKEN, "fault": "reset", "when": "during"}, "when"),
            ({"path": TOKEN, "fault": "latency", "seconds": -1}, "seconds"),
            ({"path": TOKEN, "fault": "errcode", "errcode": "x"}, "errcode"),
            ({"path": TOKEN, "fault": "reset", "probability": 2}, "probability"),
            ({"path": TOKEN, "fault": "reset", "match": []}, "match"),
            ({"path": SEND, "fault": "short_expires_in"}, "path"),
            ({"path": TOKEN, "fault": "reset", "time": 2}, "time"),
        ],
    )
    def test_a_mistaken_plan_is_422_and_plans_nothing(
        self, fake: FakeWeChat, control: Call, http: requests.Session, fields: dict[str, Any], field: str
    ) -> None:
        response = http.post(f"{fake.base_url}/_fake/faults", json=fields, timeout=5)
        assert response.status_code == 422
        assert response.json()["field"] == field
        assert control("GET", "faults")["faults"] == []


def test_a_template_of_the_demo_needs_no_set_up(control: Call) -> None:
    assert BOOKING_CONFIRMED_TEMPLATE in {t["template_id"] for t in control("GET", "templates")["templates"]}
