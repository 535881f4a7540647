"""Plain and stable access tokens of the fake: renewal, overlap, forced refresh, quotas, stale tokens."""

from collections.abc import Callable
from typing import Any

import requests

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_SECRET

Call = Callable[..., Any]
Http = Callable[..., requests.Response]

STABLE = {"grant_type": "client_credential", "appid": DEMO_APPID, "secret": DEMO_SECRET}


class TestPlainToken:
    def fetch(self, get: Http, **changes: str) -> Any:
        return get("/cgi-bin/token", **{**STABLE, **changes}).json()

    def test_each_call_gives_a_new_token_and_the_former_lives_five_minutes(
        self, control: Call, get: Http
    ) -> None:
        first, second = self.fetch(get), self.fetch(get)
        assert first["access_token"] != second["access_token"]
        assert second["expires_in"] == 7200
        assert 136 <= len(first["access_token"]) <= 512
        control("POST", "clock", advance_s=299)
        assert get("/wxaapi/newtmpl/gettemplate", access_token=first["access_token"]).json()["errcode"] == 0
        control("POST", "clock", advance_s=1)
        assert (
            get("/wxaapi/newtmpl/gettemplate", access_token=first["access_token"]).json()["errcode"] == 40001
        )
        assert get("/wxaapi/newtmpl/gettemplate", access_token=second["access_token"]).json()["errcode"] == 0

    def test_wrong_grant_type_and_credentials(self, get: Http) -> None:
        assert self.fetch(get, grant_type="authorization_code")["errcode"] == 40002
        assert self.fetch(get, appid="nobody")["errcode"] == 40013
        assert self.fetch(get, secret="wrong")["errcode"] == 40125

    def test_the_daily_quota_ends_at_midnight_in_beijing(self, control: Call, get: Http) -> None:
        control("POST", "quotas", api="/cgi-bin/token", day=1)
        assert "access_token" in self.fetch(get)
        assert self.fetch(get)["errcode"] == 45009
        to_midnight = 12 * 3600 + 29 * 60 + 50
        control("POST", "clock", advance_s=to_midnight - 1)
        assert self.fetch(get)["errcode"] == 45009
        control("POST", "clock", advance_s=1)
        assert "access_token" in self.fetch(get)


class TestStableToken:
    def fetch(self, post: Http, **changes: Any) -> Any:
        return post("/cgi-bin/stable_token", {**STABLE, **changes}).json()

    def test_the_same_token_until_five_minutes_are_left_then_both_work(
        self, control: Call, get: Http, post: Http
    ) -> None:
        first = self.fetch(post)
        assert first["expires_in"] == 7200
        control("POST", "clock", advance_s=6899)
        again = self.fetch(post)
        assert again == {"access_token": first["access_token"], "expires_in": 301}
        control("POST", "clock", advance_s=1)
        renewed = self.fetch(post)
        assert renewed["access_token"] != first["access_token"]
        assert renewed["expires_in"] == 7200
        for value in (first["access_token"], renewed["access_token"]):
            assert get("/wxaapi/newtmpl/gettemplate", access_token=value).json()["errcode"] == 0
        control("POST", "clock", advance_s=300)
        assert (
            get("/wxaapi/newtmpl/gettemplate", access_token=first["access_token"]).json()["errcode"] == 42001
        )

    def test_force_kills_the_old_token_and_needs_thirty_seconds_between(
        self, control: Call, get: Http, post: Http
    ) -> None:
        old = self.fetch(post)["access_token"]
        new = self.fetch(post, force_refresh=True)["access_token"]
        assert get("/wxaapi/newtmpl/gettemplate", access_token=old).json()["errcode"] == 40001
        assert self.fetch(post)["access_token"] == new
        control("POST", "clock", advance_s=29)
        assert self.fetch(post, force_refresh=True)["errcode"] == 45011
        control("POST", "clock", advance_s=1)
        assert "access_token" in self.fetch(post, force_refresh=True)

    def test_force_works_twenty_times_a_day(self, control: Call, post: Http) -> None:
        for _ in range(20):
            assert "access_token" in self.fetch(post, force_refresh=True)
            control("POST", "clock", advance_s=30)
        assert self.fetch(post, force_refresh=True)["errcode"] == 45009
        assert "access_token" in self.fetch(post)

    def test_plain_and_stable_tokens_leave_each_other_alone(self, get: Http, post: Http) -> None:
        stable = self.fetch(post)["access_token"]
        plain = get("/cgi-bin/token", **STABLE).json()["access_token"]
        self.fetch(post, force_refresh=True)
        assert get("/wxaapi/newtmpl/gettemplate", access_token=plain).json()["errcode"] == 0
        get("/cgi-bin/token", **STABLE)
        assert get("/wxaapi/newtmpl/gettemplate", access_token=stable).json()["errcode"] == 40001

    def test_it_takes_json_by_post_only(self, get: Http, post: Http) -> None:
        assert get("/cgi-bin/stable_token", **STABLE).json()["errcode"] == 43002
        assert post("/cgi-bin/stable_token", b"grant_type=client_credential").json()["errcode"] == 47001
        assert post("/cgi-bin/stable_token", b"").json()["errcode"] == 44002
        assert post("/cgi-bin/stable_token", b"[" * 100_000).json()["errcode"] == 47001
        assert self.fetch(post, appid=["a"])["errcode"] == 40013
        assert self.fetch(post, force_refresh="yes")["errcode"] == 47001

    def test_missing_and_unknown_tokens_are_told_apart(self, control: Call, get: Http, post: Http) -> None:
        assert get("/wxaapi/newtmpl/gettemplate").json()["errcode"] == 41001
        assert get("/wxaapi/newtmpl/gettemplate", access_token="x" * 150).json()["errcode"] == 40001
        control("POST", "settings", stale_token_errcode=42001)
        old = self.fetch(post)["access_token"]
        control("POST", "tokens/rotate")
        assert get("/wxaapi/newtmpl/gettemplate", access_token=old).json()["errcode"] == 42001
        current = self.fetch(post)["access_token"]
        assert control("POST", "tokens/invalidate")["invalidated"] == 1
        assert self.fetch(post)["access_token"] != current
