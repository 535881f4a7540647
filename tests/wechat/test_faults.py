"""Whatever the network or a broken WeChat sends: one of our errors, in bounded time, and nothing leaks."""

import json
import socket
import struct
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from miniprogram_api.devtools.fake_wechat import BOOKING_CONFIRMED_TEMPLATE, DEMO_SECRET, FakeWeChat
from miniprogram_api.kernel.cache import MemoryCache
from miniprogram_api.web.messages.wechat import MESSAGES
from miniprogram_api.wechat.client import MiniProgramClient
from miniprogram_api.wechat.errors import OutcomeUnknown, WeChatError, WeChatUnavailable
from miniprogram_api.wechat.fields import Value
from miniprogram_api.wechat.gateway import Gateway, Login
from miniprogram_api.wechat.moderation import TextScene
from tests.wechat.conftest import MakeGateway
from tests.wechat.scripted_server import Answer, ScriptedServer, http
from tests.wechat.support import (
    CHECK_TEXT,
    LOGIN,
    PHONE,
    PROGRAM_CODE,
    SEND,
    STABLE_TOKEN,
    FakeControl,
    assert_tells_nothing,
    secrets_of,
    settings_for,
)

pytestmark = pytest.mark.once

Call = Callable[[Gateway, FakeControl], object]

FIELDS: dict[str, Value] = {
    "thing2": "示范基地",
    "time5": "2026年6月1日 10:00",
    "number3": 2,
    "character_string7": "AB12",
    "thing9": "请准时",
}


def send(gateway: Gateway, wechat: FakeControl) -> object:
    openid = wechat.openid("alice")
    return gateway.send_subscribe_message(
        openid=openid, template_id=BOOKING_CONFIRMED_TEMPLATE, fields=FIELDS
    )


CALLS: dict[str, Call] = {
    LOGIN: lambda gateway, wechat: gateway.login(wechat.login_code("alice")),
    PHONE: lambda gateway, wechat: gateway.phone_number(wechat.phone_code("alice")),
    PROGRAM_CODE: lambda gateway, wechat: gateway.mini_program_code("a", "pages/index/index"),
    SEND: send,
    CHECK_TEXT: lambda gateway, wechat: gateway.check_text(wechat.openid("alice"), TextScene.COMMENT, "你好"),
}
FAULTS = ["reset_before", "reset_after", "truncated", "empty", "html", "bad_gateway"]


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_answer_is_one_of_our_errors_and_the_next_call_works(
    gateway: Gateway, wechat: FakeControl, server: FakeWeChat, path: str, fault: str
) -> None:
    wechat.fault(path, fault)
    expected = OutcomeUnknown if path == SEND else WeChatUnavailable

    with pytest.raises(expected) as raised:
        CALLS[path](gateway, wechat)

    assert wechat.count(path) == 1, "an answer that did not come is not asked for again"
    assert_tells_nothing(raised.value, secrets_of(server))
    wechat.post("/subscriptions", person="alice", template_id=BOOKING_CONFIRMED_TEMPLATE, accept=True)
    assert CALLS[path](gateway, wechat)


@pytest.mark.parametrize("path", [PHONE, PROGRAM_CODE, SEND, CHECK_TEXT])
@pytest.mark.parametrize("fault", [*FAULTS, "string_errcode", "missing_errmsg", "errcode"])
def test_a_broken_token_answer_leaves_every_call_unmade(
    gateway: Gateway, wechat: FakeControl, server: FakeWeChat, path: str, fault: str
) -> None:
    wechat.fault(STABLE_TOKEN, fault, times=3, errcode=-1)

    with pytest.raises(WeChatUnavailable) as raised:
        CALLS[path](gateway, wechat)

    assert wechat.count(path) == 0, "and so a message can safely be sent later"
    assert_tells_nothing(raised.value, secrets_of(server))


@pytest.mark.parametrize("path", CALLS)
def test_an_errcode_sent_as_text_is_read_as_a_number(
    gateway: Gateway, wechat: FakeControl, path: str
) -> None:
    wechat.fault(path, "string_errcode", errcode=48001)

    with pytest.raises(WeChatUnavailable):
        CALLS[path](gateway, wechat)


@pytest.mark.parametrize("path", [LOGIN, PROGRAM_CODE, SEND])
def test_a_late_answer_is_not_waited_for(
    make_gateway: MakeGateway, server: FakeWeChat, wechat: FakeControl, path: str
) -> None:
    gateway = make_gateway(settings=settings_for(server.base_url, read_timeout_s=0.2))
    wechat.fault(path, "timeout_before", seconds=20)

    # Waiting for it would end in a success.
    with pytest.raises(OutcomeUnknown if path == SEND else WeChatUnavailable):
        CALLS[path](gateway, wechat)


def test_a_late_token_is_not_waited_for(
    make_gateway: MakeGateway, server: FakeWeChat, wechat: FakeControl
) -> None:
    gateway = make_gateway(settings=settings_for(server.base_url, read_timeout_s=0.2))
    wechat.fault(STABLE_TOKEN, "timeout_before", seconds=20)

    with pytest.raises(WeChatUnavailable):
        gateway.mini_program_code("a", "pages/index/index")

    assert wechat.count(PROGRAM_CODE) == 0


def test_nobody_listening_means_certainly_not_sent(make_gateway: MakeGateway, server: FakeWeChat) -> None:
    cache = MemoryCache()
    make_gateway(cache=cache).mini_program_code("a", "pages/index/index")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    gateway = make_gateway(cache=cache, settings=settings_for(closed))

    with pytest.raises(WeChatUnavailable):
        gateway.send_subscribe_message(openid="o", template_id="t", fields={"thing1": "x"})


@pytest.fixture
def scripted(make_gateway: MakeGateway) -> Generator[Callable[..., tuple[Gateway, ScriptedServer]]]:
    """A gateway to a server that answers with the given bytes."""
    servers: list[ScriptedServer] = []

    def start(*answers: Answer) -> tuple[Gateway, ScriptedServer]:
        server = ScriptedServer(*answers)
        server.__enter__()
        servers.append(server)
        return make_gateway(settings=settings_for(server.base_url, read_timeout_s=0.5)), server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def _drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def _drip_the_head(connection: socket.socket) -> None:
    """In the end it would be a sound answer."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(30):
        connection.sendall(b"x")
        time.sleep(0.05)
    connection.sendall(b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(OPENID), OPENID))


def _reset_in_the_middle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


TOKEN = http(json.dumps({"access_token": "T" * 200, "expires_in": 7200}).encode())
OPENID = b'{"openid": "oABC", "session_key": "k"}'
STRANGE: dict[str, Answer] = {
    "no HTTP": b"hello\r\n\r\n",
    "nothing": b"",
    "a list": http(b"[1, 2]"),
    "a number": http(b"42"),
    "null": http(b"null"),
    "no openid": http(b"{}"),
    "an openid of the wrong kind": http(b'{"openid": {"a": 1}}'),
    "an empty openid": http(b'{"openid": ""}'),
    "an openid with a line end": http(b'{"openid": "o1\\n"}'),
    "an errcode that is no number": http(b'{"errcode": "many"}'),
    "an errcode that is null": http(b'{"errcode": null}'),
    "an errcode that is an object": http(b'{"errcode": {}}'),
    "an errcode beyond all bounds": http(b'{"errcode": 1e400}'),
    "a base_resp that is no object": http(b'{"base_resp": 7}'),
    "brackets without end": http(b"[" * 100_000),
    "four megabytes": http(b" " * 4_000_000 + OPENID),
    "a body shorter than promised": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + OPENID,
    "a chunk shorter than promised": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + OPENID,
    "a chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + OPENID,
    "a compression that is none": http(OPENID, headers=("Content-Encoding: gzip",)),
    "a reset in the middle": _reset_in_the_middle,
    "a drip": _drip,
    "a dripping head": _drip_the_head,
    "404": http(OPENID, status="404 Not Found"),
    "500": http(OPENID, status="500 Internal Server Error"),
    "a redirect": http(b"", status="302 Found", headers=("Location: http://127.0.0.1:9/elsewhere",)),
    "a hundred headers": http(OPENID, headers=tuple(f"X-{n}: 1" for n in range(150))),
}


@pytest.mark.parametrize("strange", STRANGE)
def test_a_strange_answer_is_no_login(
    scripted: Callable[..., tuple[Gateway, ScriptedServer]], strange: str
) -> None:
    gateway, server = scripted(STRANGE[strange])

    with pytest.raises(WeChatUnavailable) as raised:
        gateway.login("code-of-alice")

    assert len(server.requests) == 1
    assert_tells_nothing(raised.value, [DEMO_SECRET, "code-of-alice", server.base_url])


@pytest.mark.parametrize(
    "strange", ["no openid", "a list", "a number", "four megabytes", "a dripping head", "a redirect", "500"]
)
def test_a_strange_answer_leaves_a_message_in_doubt(
    scripted: Callable[..., tuple[Gateway, ScriptedServer]], strange: str
) -> None:
    gateway, server = scripted(TOKEN, STRANGE[strange])

    with pytest.raises(OutcomeUnknown) as raised:
        gateway.send_subscribe_message(openid="oABC", template_id="t", fields={"thing1": "x"})

    assert len(server.requests) == 2
    assert_tells_nothing(raised.value, [DEMO_SECRET, "T" * 20, "oABC"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": "T"},
        {"access_token": "T", "expires_in": 0},
        {"access_token": "T", "expires_in": -7200},
        {"access_token": "T", "expires_in": "soon"},
        {"access_token": "", "expires_in": 7200},
        {"access_token": "T\r\nX: 1", "expires_in": 7200},
        {"access_token": ["T"], "expires_in": 7200},
        {"access_token": "T" * 5000, "expires_in": 7200},
    ],
)
def test_a_token_that_makes_no_sense_is_not_used(
    scripted: Callable[..., tuple[Gateway, ScriptedServer]], body: dict[str, object]
) -> None:
    gateway, server = scripted(http(json.dumps(body).encode()))

    with pytest.raises(WeChatUnavailable):
        gateway.mini_program_code("a", "pages/index/index")

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "info",
    [
        None,
        "13800138000",
        {},
        {"purePhoneNumber": "13800138000"},
        {"purePhoneNumber": "13800138000", "countryCode": "86", "watermark": {"appid": "wx-another"}},
        {"purePhoneNumber": "138 0013 8000", "countryCode": "86"},
        {"purePhoneNumber": "１３８００１３８０００", "countryCode": "86"},
        {"purePhoneNumber": True, "countryCode": "86"},
        {"purePhoneNumber": "13800138000", "countryCode": "+86"},
    ],
)
def test_a_phone_number_that_makes_no_sense_is_not_taken(
    scripted: Callable[..., tuple[Gateway, ScriptedServer]], info: object
) -> None:
    gateway, _ = scripted(TOKEN, http(json.dumps({"errcode": 0, "phone_info": info}).encode()))

    with pytest.raises(WeChatUnavailable):
        gateway.phone_number("code-of-alice")


def test_a_judgement_without_a_verdict_is_none(
    scripted: Callable[..., tuple[Gateway, ScriptedServer]],
) -> None:
    gateway, _ = scripted(TOKEN, http(b'{"errcode": 0, "result": {}}'))

    with pytest.raises(WeChatUnavailable):
        gateway.check_text("oABC", TextScene.COMMENT, "x")


def test_a_connection_that_takes_too_long_was_certainly_not_used(
    monkeypatch: pytest.MonkeyPatch, make_gateway: MakeGateway, wechat: FakeControl
) -> None:
    gateway = make_gateway()
    gateway.mini_program_code("a", "pages/index/index")

    def too_long(*_: object, **__: object) -> requests.Response:
        raise requests.ConnectTimeout("http://127.0.0.1/?secret=s")

    with monkeypatch.context() as patched:
        patched.setattr(HTTPAdapter, "send", too_long)
        with pytest.raises(WeChatUnavailable) as raised:
            gateway.send_subscribe_message(openid="oABC", template_id="t", fields={"thing1": "x"})

    assert wechat.count(SEND) == 0
    assert_tells_nothing(raised.value, [DEMO_SECRET])


def test_the_library_cannot_fetch_a_token_behind_our_back() -> None:
    client = MiniProgramClient(settings_for("http://127.0.0.1:1"))

    with pytest.raises(RuntimeError):
        client.wxa.get_wxa_code("pages/index/index")
    client.close()


def test_a_redirect_is_not_followed(scripted: Callable[..., tuple[Gateway, ScriptedServer]]) -> None:
    with ScriptedServer(http(OPENID)) as elsewhere:
        away = http(b"", status="307 Temporary Redirect", headers=(f"Location: {elsewhere.base_url}/",))
        gateway, _ = scripted(away)

        with pytest.raises(WeChatUnavailable):
            gateway.login("code-of-alice")

    assert elsewhere.requests == []


def test_the_environment_s_proxies_and_passwords_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scripted: Callable[..., tuple[Gateway, ScriptedServer]]
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.weixin.qq.com login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    gateway, server = scripted(http(OPENID))

    assert gateway.login("code-of-alice") == Login("oABC")
    assert server.requests[0].startswith(b"GET /sns/jscode2session?")
    assert b"\r\nauthorization:" not in server.requests[0].lower()


def test_a_cookie_is_not_sent_back(scripted: Callable[..., tuple[Gateway, ScriptedServer]]) -> None:
    gateway, server = scripted(http(OPENID, headers=("Set-Cookie: a=b",)))

    gateway.login("code-of-alice")
    gateway.login("code-of-bobby")

    assert b"cookie" not in server.requests[1].lower()


def test_json_is_sent_as_utf8_and_named(scripted: Callable[..., tuple[Gateway, ScriptedServer]]) -> None:
    gateway, server = scripted(TOKEN, http(b'{"errcode": 0, "msgid": 1}'))

    gateway.send_subscribe_message(openid="oABC", template_id="t", fields={"thing1": "低碳"})

    head, _, body = server.requests[1].partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    assert "低碳".encode() in body


def test_every_failure_has_a_text_in_both_languages() -> None:
    codes = {error.code for error in _subclasses(WeChatError)}

    assert codes == set(MESSAGES)
    assert all(chinese and english for chinese, english in MESSAGES.values())


def _subclasses(kind: type[WeChatError]) -> set[type[WeChatError]]:
    return {kind}.union(*(_subclasses(child) for child in kind.__subclasses__()))
