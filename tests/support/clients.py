"""Clients that speak the HTTP contract for tests, each signed in as somebody."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.devtools.fake_wechat import FakeWeChat


class FakePeople:
    """The people who use WeChat, played through the fake's control interface."""

    def __init__(self, fake: FakeWeChat) -> None:
        self._control = fake.app.test_client()

    def login_code(self, person: str) -> str:
        """What wx.login gives this person."""
        return str(self.control("POST", "/login-codes", person=person)["code"])

    def phone_code(self, person: str) -> str:
        """What the phone button gives this person."""
        return str(self.control("POST", "/phone-codes", person=person)["code"])

    def openid(self, person: str) -> str:
        persons = self.control("GET", "/persons")["persons"]
        memberships = next(p for p in persons if p["person"] == person)["memberships"]
        return str(next(iter(memberships.values()))["openid"])

    def calls(self) -> dict[str, int]:
        """How many requests WeChat got, by path."""
        return dict(self.control("GET", "/counts")["counts"])

    def control(self, method: str, path: str, /, **body: Any) -> dict[str, Any]:
        answer = self._control.open(f"/_fake{path}", method=method, json=body or None)
        assert answer.status_code < 300, answer.text
        return dict(answer.get_json())


class BearerClient:
    """A client that sends one token with every request."""

    def __init__(self, app: Flask, token: str) -> None:
        self._client: FlaskClient = app.test_client()
        self.token = token

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._open("GET", path, options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self._open("POST", path, options)

    def put(self, path: str, **options: Any) -> TestResponse:
        return self._open("PUT", path, options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        return self._open("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self._open("DELETE", path, options)

    def _open(self, method: str, path: str, options: dict[str, Any]) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return self._client.open(path, method=method, headers=headers, **options)


class MemberClient(BearerClient):
    """A member in the mini-program, signed in over HTTP with a code of the fake WeChat."""

    def __init__(self, app: Flask, fake: FakeWeChat, person: str = "alice") -> None:
        self.person = person
        code = FakePeople(fake).login_code(person)
        answer = app.test_client().post("/api/v1/sessions", json={"code": code})
        assert answer.status_code == 201, answer.text
        self.session: dict[str, Any] = answer.get_json()
        super().__init__(app, self.session["access_token"])

    @property
    def id(self) -> str:
        return str(self.session["member"]["id"])

    @property
    def refresh_token(self) -> str:
        return str(self.session["refresh_token"])
