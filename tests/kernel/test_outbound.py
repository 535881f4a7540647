"""The guarded HTTP client: which addresses it refuses, and that no answer is too slow or too large."""

import gzip
import socket
import threading
from collections.abc import Generator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from miniprogram_api.kernel.outbound import AddressGuard, Outbound, OutboundFailed, OutboundRefused

INTERNAL = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "2002:0a00:0001::",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
]
PUBLIC = ["8.8.8.8", "111.26.0.1", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]


class Service(BaseHTTPRequestHandler):
    """Answers by path, on loopback."""

    protocol_version = "HTTP/1.1"
    seen: list[str]
    stop: threading.Event

    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/redirect":
            self._answer(302, b"", Location="/elsewhere")
        elif self.path == "/bomb":
            self._answer(200, gzip.compress(b"0" * 3_000_000), **{"Content-Encoding": "gzip"})
        elif self.path == "/drip":
            self._drip()
        elif self.path == "/drip-head":
            self._drip_the_head()
        elif self.path == "/silent":
            self.server.stop.wait(20)  # type: ignore[attr-defined]
        elif self.path == "/text":
            self._answer(200, b"not json")
        else:
            self._answer(200, b'{"ok": true}', ETag='"v1"')

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b"x")
            self.wfile.flush()
            if self.server.stop.wait(0.02):  # type: ignore[attr-defined]
                return

    def _drip_the_head(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1000):
            with suppress(OSError):  # the client has gone
                self.wfile.write(f"X-{number}: drop\r\n".encode())
            if self.server.stop.wait(0.02):  # type: ignore[attr-defined]
                return

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Generator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    server.seen, server.stop = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.stop.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def url(service: ThreadingHTTPServer, path: str, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{service.server_port}{path}"


def client(**options: Any) -> Outbound:
    return Outbound(**{"allow_loopback": True} | options)


@pytest.mark.parametrize("address", INTERNAL)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    guard = AddressGuard(allow_loopback=False, resolver=lambda host, port: [address])
    with pytest.raises(OutboundRefused):
        guard.pick("registry.example", 443, only_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    guard = AddressGuard(allow_loopback=False, resolver=lambda host, port: [address])
    assert guard.pick("registry.example", 443, only_loopback=False)


def test_one_internal_address_among_public_ones_refuses_the_name() -> None:
    guard = AddressGuard(allow_loopback=False, resolver=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(OutboundRefused):
        guard.pick("registry.example", 443, only_loopback=False)


def test_a_named_network_may_be_called_though_it_is_private() -> None:
    guard = AddressGuard(
        allow_loopback=False, networks=["10.1.0.0/16"], resolver=lambda host, port: ["10.1.2.3"]
    )
    assert guard.pick("registry.example", 443, only_loopback=False) == "10.1.2.3"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"]
)
def test_an_address_in_the_url_is_judged_like_a_name(address: str) -> None:
    with pytest.raises((OutboundRefused, OutboundFailed)):
        Outbound(allow_loopback=False).request("GET", f"https://{address}:1/")


@pytest.mark.parametrize(
    "bad",
    [
        "http://8.8.8.8/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://user:pw@127.0.0.1/",
        "https://",
        "//x",
        "https://127.0.0.1:99999/",
    ],
)
def test_only_https_goes_out_and_no_url_with_credentials(bad: str) -> None:
    with pytest.raises(OutboundRefused):
        client().request("GET", bad)


def test_plain_http_is_for_this_machine_where_that_is_allowed(service: ThreadingHTTPServer) -> None:
    assert client().request("GET", url(service, "/")).json() == {"ok": True}
    with pytest.raises(OutboundRefused):
        Outbound(allow_loopback=False).request("GET", url(service, "/"))
    assert service.seen == ["/"]  # type: ignore[attr-defined]


def test_the_connection_goes_to_the_address_that_was_checked(
    service: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers otherwise the second time is asked only once."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    outbound = client(resolver=lambda host, port: next(answers))

    def lookup(*_: Any, **__: Any) -> Any:
        raise AssertionError("resolved again")

    found = socket.getaddrinfo("127.0.0.1", service.server_port, type=socket.SOCK_STREAM)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: found if host == "127.0.0.1" else lookup()
    )
    assert outbound.request("GET", url(service, "/", host="registry.example")).status == 200
    assert next(answers) == ["10.0.0.1"]


def test_a_name_that_turns_inward_is_refused_when_it_is_connected_to(service: ThreadingHTTPServer) -> None:
    outbound = client(resolver=lambda host, port: ["169.254.169.254"])
    with pytest.raises(OutboundRefused):
        outbound.request("GET", url(service, "/", host="registry.example"))
    assert service.seen == []  # type: ignore[attr-defined]


def test_a_redirect_is_an_answer_and_is_not_followed(service: ThreadingHTTPServer) -> None:
    assert client().request("GET", url(service, "/redirect")).status == 302
    assert service.seen == ["/redirect"]  # type: ignore[attr-defined]


def test_the_cap_counts_what_comes_out_of_the_compression(service: ThreadingHTTPServer) -> None:
    with pytest.raises(OutboundFailed, match="too_large"):
        client(max_bytes=1_000_000).request("GET", url(service, "/bomb"))


def test_a_server_that_drips_does_not_outlast_the_deadline(service: ThreadingHTTPServer) -> None:
    with pytest.raises(OutboundFailed, match="timeout"):
        client(total_timeout_s=0.1).request("GET", url(service, "/drip"))


def test_nor_does_one_that_drips_its_head(service: ThreadingHTTPServer) -> None:
    with pytest.raises(OutboundFailed, match="timeout"):
        client(total_timeout_s=0.1).request("GET", url(service, "/drip-head"))


def test_a_silent_server_is_a_timeout(service: ThreadingHTTPServer) -> None:
    with pytest.raises(OutboundFailed, match="timeout"):
        client(read_timeout_s=0.1).request("GET", url(service, "/silent"))


def test_a_closed_port_is_known_not_to_have_been_reached() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OutboundFailed, match="connection") as failed:
        client().request("GET", f"http://127.0.0.1:{port}/")
    assert failed.value.sent is False
    assert failed.value.__cause__ is None


def test_what_is_no_json_is_malformed(service: ThreadingHTTPServer) -> None:
    with pytest.raises(OutboundFailed, match="malformed"):
        client().request("GET", url(service, "/text")).json()


def test_headers_are_found_in_any_case(service: ThreadingHTTPServer) -> None:
    assert client().request("GET", url(service, "/")).headers["etag"] == '"v1"'
