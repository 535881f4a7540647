"""Picture moderation of the fake: parameter rules, the download, and the sealed push."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_SECRET, FakeWeChat

Call = Callable[..., Any]
Http = Callable[..., requests.Response]
PATH = "/wxa/media_check_async"


@pytest.fixture
def received() -> list[bytes]:
    return []


@pytest.fixture
def neighbour(received: list[bytes]) -> Iterator[str]:
    """A server that gives a picture and takes pushes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if "missing" in self.path else 200)
            self.end_headers()
            self.wfile.write(b"\xff\xd8\xff")

        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def check(control: Call, post: Http, get: Http, neighbour: str) -> Call:
    """Submit a picture of somebody who has just used the mini-program."""
    control("POST", "visits", person="alice")
    [person] = control("GET", "persons")["persons"]
    openid = person["memberships"][DEMO_APPID]["openid"]
    token = post(
        "/cgi-bin/stable_token",
        {"grant_type": "client_credential", "appid": DEMO_APPID, "secret": DEMO_SECRET},
    ).json()["access_token"]

    def call(**changes: Any) -> Any:
        body = {
            "version": 2,
            "openid": openid,
            "scene": 3,
            "media_type": 2,
            "media_url": f"{neighbour}/a.jpg",
        } | changes
        return post(PATH, body, access_token=token).json()

    return call


def test_a_picture_is_fetched_and_its_verdict_pushed_sealed(
    control: Call, check: Call, fake: FakeWeChat, neighbour: str, received: list[bytes]
) -> None:
    control("POST", "push", url=f"{neighbour}/wechat/push")
    reply = check()
    [pushed] = fake.pushed()
    assert (reply["errcode"], pushed["trace_id"], pushed["bytes"]) == (0, reply["trace_id"], 3)
    assert len(received) == 1
    assert reply["trace_id"].encode() not in received[0]


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"version": 1}, 40097),
        ({"media_type": 3}, 40004),
        ({"scene": 9}, 40129),
        ({"media_url": "ftp://127.0.0.1/a.jpg"}, 44002),
        ({"media_url": None}, 44002),
        ({"openid": "o-nobody"}, 40003),
    ],
)
def test_wrong_parameters_have_their_own_code(
    check: Call, fake: FakeWeChat, changes: dict[str, Any], errcode: int
) -> None:
    assert check(**changes)["errcode"] == errcode
    assert fake.pushed() == []


def test_what_cannot_be_fetched_is_pushed_as_such(check: Call, fake: FakeWeChat, neighbour: str) -> None:
    for url in (f"{neighbour}/missing.jpg", "https://example.com/a.jpg"):
        assert check(media_url=url)["errcode"] == 0
    assert [pushed["bytes"] for pushed in fake.pushed()] == [0, 0]


def test_an_author_away_for_more_than_two_hours_is_61010(control: Call, check: Call) -> None:
    control("POST", "visits", person="alice", hours_ago=3)
    assert check()["errcode"] == 61010


def test_pushes_go_to_loopback_only(fake: FakeWeChat, http: requests.Session) -> None:
    answer = http.post(f"{fake.base_url}/_fake/push", json={"url": "http://example.com/push"}, timeout=5)
    assert answer.status_code == 422
