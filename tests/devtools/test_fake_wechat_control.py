"""The fake's control interface, its log without secrets, and its life as a server and as a process."""

import json
import signal
import subprocess
import sys
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

Call = Callable[..., Any]
Http = Callable[..., requests.Response]


class TestMistakes:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("login-codes", {}),
            ("login-codes", {"person": ""}),
            ("login-codes", {"person": 5}),
            ("login-codes", {"person": "a\nb"}),
            ("login-codes", {"person": "x" * 65}),
            ("login-codes", {"person": "alice", "appid": "wx-unknown"}),
            ("login-codes", {"person": "alice", "visit": "yes"}),
            ("phone-codes", {"persona": "alice"}),
            ("subscriptions", {"person": "alice", "template_id": "unknown", "accept": True}),
            ("subscriptions", {"person": "alice", "template_id": BOOKING_CONFIRMED_TEMPLATE, "accept": 1}),
            ("subscriptions", {"template_id": BOOKING_CONFIRMED_TEMPLATE}),
            ("clock", {}),
            ("clock", {"advance_s": -1}),
            ("clock", {"advance_s": "60"}),
            ("clock", {"advance_s": True}),
            ("clock", {"advance_s": 1e300}),
            ("risk", {"person": "alice", "rank": 5}),
            ("visits", {"person": "alice", "hours_ago": -1}),
            ("persons", {"person": "alice", "phone": "abc"}),
            ("accounts", {"appid": "wx-new"}),
            ("accounts", {"appid": "wx-new", "secret": "s", "kind": "bank"}),
            ("pages", {"pages": "pages/index/index"}),
            ("pages", {"pages": [], "version": "formal"}),
            ("templates", {"template_id": "t", "title": "t", "fields": []}),
            ("templates", {"template_id": "t", "title": "t", "fields": [{"key": "4thing"}]}),
            ("templates", {"template_id": "t", "title": "t", "fields": ["thing1"]}),
            ("tokens/rotate", {"kind": "paper"}),
            ("quotas", {"api": "/nowhere", "day": 1}),
            ("quotas", {"api": "/cgi-bin/token"}),
            ("quotas", {"api": "/cgi-bin/token", "day": -1}),
            ("moderation", {"words": ["x"]}),
            ("moderation", {"words": {"x": {"suggest": "maybe", "label": 1}}}),
            ("moderation", {"words": {"x": {"suggest": [], "label": 1}}}),
            ("settings", {"thing_units": "bytes"}),
            ("settings", {"stale_token_errcode": 1}),
        ],
    )
    def test_wrong_fields_are_422_and_named(
        self, fake: FakeWeChat, http: requests.Session, path: str, body: dict[str, Any]
    ) -> None:
        response = http.post(f"{fake.base_url}/_fake/{path}", json=body, timeout=5)
        assert response.status_code == 422
        assert response.json()["error"] == "invalid"
        assert response.json()["field"] in response.json()["message"]

    @pytest.mark.parametrize("raw", [b"{", b"[]", b"5", b"\xff", b"[" * 100_000, b'{"advance_s": NaN}'])
    def test_bodies_that_are_no_json_object_are_422(
        self, fake: FakeWeChat, http: requests.Session, raw: bytes
    ) -> None:
        response = http.post(f"{fake.base_url}/_fake/clock", data=raw, timeout=5)
        assert response.status_code == 422
        assert response.json()["message"]

    def test_unknown_calls_are_404_and_wrong_methods_405(
        self, fake: FakeWeChat, http: requests.Session, control: Call
    ) -> None:
        assert http.get(f"{fake.base_url}/_fake/nothing", timeout=5).status_code == 404
        assert http.get(f"{fake.base_url}/_fake/login-codes", timeout=5).status_code == 405
        assert control("GET", "unexpected")["unexpected"] == []

    def test_a_refused_call_makes_no_person(
        self, fake: FakeWeChat, http: requests.Session, control: Call
    ) -> None:
        http.post(f"{fake.base_url}/_fake/risk", json={"person": "alice", "rank": 9}, timeout=5)
        assert control("GET", "persons")["persons"] == []


class TestEvidence:
    def test_the_log_masks_secrets_and_tells_tokens_apart(
        self, control: Call, get: Http, post: Http, token: str
    ) -> None:
        get("/wxaapi/newtmpl/gettemplate", access_token=token)
        get("/cgi-bin/token", appid=DEMO_APPID, secret=DEMO_SECRET, grant_type="client_credential")
        post("/cgi-bin/stable_token", b"secret=" + DEMO_SECRET.encode())
        log = control("GET", "logs")["requests"]
        text = json.dumps(log)
        assert DEMO_SECRET not in text
        assert token not in text
        assert [entry["verdict"] for entry in log] == ["ok", "ok", "ok", 47001]
        known = {entry["token"] for entry in control("GET", "tokens")["tokens"]}
        assert log[1]["query"]["access_token"] in known

    def test_counts_are_per_path_and_clear_with_the_log(self, control: Call, login: Call, token: str) -> None:
        login()
        login()
        counts = control("GET", "counts")
        assert counts["counts"] == {"/cgi-bin/stable_token": 1, "/sns/jscode2session": 2}
        assert counts["total"] == 3
        control("DELETE", "logs")
        assert control("GET", "counts")["total"] == 0

    def test_quota_use_is_shown(self, control: Call, token: str) -> None:
        rows = control("GET", "quotas")["quotas"]
        used = {row["api"]: row["used_day"] for row in rows if row["appid"] == DEMO_APPID}
        assert used["/cgi-bin/stable_token"] == 1

    def test_nothing_is_written_to_the_servers_own_log(
        self, login: Call, token: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        login()
        assert caplog.text == ""
        assert capfd.readouterr() == ("", "")

    def test_the_index_names_every_control_call(self, fake: FakeWeChat, http: requests.Session) -> None:
        rows = http.get(f"{fake.base_url}/_fake", timeout=5).json()["control"]
        calls = {row["call"] for row in rows}
        assert {"POST /_fake/login-codes", "POST /_fake/faults", "POST /_fake/reset"} <= calls
        assert all(row["does"] for row in rows)


class TestReset:
    def test_it_forgets_everything_but_never_repeats_a_code(
        self, control: Call, login: Call, get: Http
    ) -> None:
        code = control("POST", "login-codes", person="alice")["code"]
        before = login()
        control("POST", "clock", advance_s=86400)
        control("POST", "faults", path="*", fault="empty", times="forever")
        control("POST", "accounts", appid=DEMO_APPID, disabled=True)
        control("POST", "reset")
        assert control("GET", "clock")["offset_s"] == 0
        assert control("GET", "persons")["persons"] == []
        assert control("POST", "login-codes", person="alice")["code"] != code
        after = login()
        assert after["openid"] == before["openid"]
        assert after["session_key"] != before["session_key"]


class TestServer:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
    def test_it_refuses_to_listen_beyond_loopback(self, host: str) -> None:
        with pytest.raises(ValueError, match="loopback"):
            FakeWeChat(host=host)

    def test_it_starts_again_after_a_stop_and_keeps_its_state(self, http: requests.Session) -> None:
        fake = FakeWeChat()
        fake.stop()
        for _ in range(2):
            fake.start()
            http.post(f"{fake.base_url}/_fake/login-codes", json={"person": "alice"}, timeout=5)
            fake.stop()
        assert len(fake.state.codes) == 2
        with pytest.raises(RuntimeError, match="not running"):
            _ = fake.base_url

    def test_equal_seeds_give_equal_runs(self, http: requests.Session) -> None:
        codes = []
        for _ in range(2):
            with FakeWeChat(seed=7) as fake:
                reply = http.post(f"{fake.base_url}/_fake/login-codes", json={"person": "alice"}, timeout=5)
                codes.append(reply.json()["code"])
        assert codes[0] == codes[1]

    def test_as_a_process_it_serves_and_ends_cleanly_on_sigterm(self, http: requests.Session) -> None:
        command = [sys.executable, "-m", "miniprogram_api.devtools.fake_wechat", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                assert process.stderr is not None
                base_url = process.stdout.readline().split()[3]
                reply = http.post(f"{base_url}/_fake/login-codes", json={"person": "alice"}, timeout=5)
                assert reply.status_code == 200
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=10) == 0
                assert process.stderr.read() == ""
            finally:
                process.kill()
