"""A guarded HTTP client for addresses that others had a say in: where it may go, how long, how much.

A name is resolved once for each connection, every address it has is checked, and the connection goes to the
address that was checked; TLS still proves the name. No redirect is followed and no proxy of the environment
used.
"""

import ipaddress
import json as json_module
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

_BLOCK = 64 * 1024
_MEBIBYTE = 1024 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class OutboundRefused(Exception):
    """The address is not one that may be called; nothing was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutboundFailed(Exception):
    """No whole answer came: `timeout`, `connection`, `too_large` or `malformed`.

    `sent` is False only when the request certainly never left.
    """

    def __init__(self, reason: str, *, sent: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, whatever its status; `headers` are found in any case of letters."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The body as JSON. Raises OutboundFailed where it is none, RecursionError where it is too deep."""
        try:
            return json_module.loads(self.content)
        except ValueError:
            raise OutboundFailed("malformed") from None


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


class AddressGuard:
    """Which addresses may be connected to: public ones, loopback if allowed, and networks that are named."""

    def __init__(
        self, *, allow_loopback: bool, networks: Sequence[str] = (), resolver: Resolver = resolve
    ) -> None:
        self._allow_loopback = allow_loopback
        self._networks: tuple[Network, ...] = tuple(ipaddress.ip_network(network) for network in networks)
        self._resolve = resolver

    def pick(self, host: str, port: int, *, only_loopback: bool) -> str:
        """An address of the host. Raises OutboundRefused if any of them may not be called."""
        addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in self._resolve(host, port)]
        if not addresses:
            raise OutboundFailed("connection", sent=False)
        for address in addresses:
            if not self.allows(address) or (only_loopback and not address.is_loopback):
                raise OutboundRefused("address")
        return str(addresses[0])

    def allows(self, address: IPAddress) -> bool:
        """Whether an address may be called; one that carries an IPv4 address inside is judged by that."""
        inner = _embedded(address)
        if inner is not None:
            return self.allows(inner)
        if address.is_loopback:
            return self._allow_loopback
        if any(address in network for network in self._networks if network.version == address.version):
            return True
        return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: IPAddress) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


class Outbound:
    """Calls one address at a time: https, or http to this machine where `allow_loopback` says so."""

    def __init__(
        self,
        *,
        allow_loopback: bool,
        connect_timeout_s: float = 5,
        read_timeout_s: float = 10,
        total_timeout_s: float = 15,
        max_bytes: int = _MEBIBYTE,
        networks: Sequence[str] = (),
        resolver: Resolver = resolve,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._guard = AddressGuard(allow_loopback=allow_loopback, networks=networks, resolver=resolver)
        self._timeout = (connect_timeout_s, read_timeout_s)
        self._total_s = total_timeout_s
        self._max_bytes = max_bytes
        self._monotonic = monotonic
        self._session = _UnredirectedSession()
        self._session.trust_env = False
        self._session.adapters.clear()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _GuardedAdapter(self._guard, total_timeout_s))

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
    ) -> Reply:
        """One request and its whole answer. Raises OutboundRefused and OutboundFailed."""
        self._check(url)
        deadline = self._monotonic() + self._total_s
        try:
            response = self._session.request(
                method,
                url,
                headers=headers,
                params=params,
                json=json,
                data=data,
                files=files,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = self._read(response, deadline)
            return Reply(response.status_code, response.headers, content)
        except (OutboundRefused, OutboundFailed) as own:
            fault: Exception = own
        except requests.ConnectTimeout:
            fault = OutboundFailed("timeout", sent=False)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            fault = OutboundFailed("timeout")
        except requests.ConnectionError as lost:
            fault = OutboundFailed("connection", sent=not _never_connected(lost))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            fault = OutboundFailed("connection")
        # Raised outside the handlers: a chained cause would carry the address, and secrets with it.
        raise fault

    def close(self) -> None:
        """Let go of the connections that are kept open."""
        self._session.close()

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            usable = parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = None
        if not usable or parts.username is not None or parts.password is not None:
            raise OutboundRefused("url")
        if parts.scheme != "https" and not (parts.scheme == "http" and self._allow_loopback):
            raise OutboundRefused("scheme")

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        # read1 gives what is there: a server that drips cannot outlast the deadline, nor a small answer that
        # unpacks into a large one the cap.
        while block := response.raw.read1(_BLOCK, decode_content=True):
            body += block
            if len(body) > self._max_bytes:
                raise OutboundFailed("too_large")
            if self._monotonic() > deadline:
                raise OutboundFailed("timeout")
        return bytes(body)


def _never_connected(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), urllib3.exceptions.NewConnectionError)


class _UnredirectedSession(requests.Session):
    """Sees no redirect in any answer: another address was never agreed to."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _GuardedAdapter(HTTPAdapter):
    """Opens its connections to addresses that the guard has picked."""

    def __init__(self, guard: AddressGuard, head_within_s: float) -> None:
        self._guard = guard
        self._head_within_s = head_within_s
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": pool_of(HTTPConnectionPool, self._connection(HTTPConnection, only_loopback=True)),
            "https": pool_of(HTTPSConnectionPool, self._connection(HTTPSConnection, only_loopback=False)),
        }

    def _connection(self, kind: type[HTTPConnection], *, only_loopback: bool) -> type[HTTPConnection]:
        return _connection(kind, self._guard, self._head_within_s, only_loopback=only_loopback)


def pool_of(kind: type[HTTPConnectionPool], connection: type[HTTPConnection]) -> type[HTTPConnectionPool]:
    """A kind of pool that opens such connections."""
    return type(f"Guarded{kind.__name__}", (kind,), {"ConnectionCls": connection})


def _connection(
    kind: type[HTTPConnection], guard: AddressGuard, head_within_s: float, *, only_loopback: bool
) -> type[HTTPConnection]:
    def _new_conn(self: HTTPConnection) -> socket.socket:
        try:
            address = guard.pick(self._dns_host, self.port, only_loopback=only_loopback)
            return create_connection(
                (address, self.port),
                self.timeout,
                source_address=self.source_address,
                socket_options=self.socket_options,
            )
        except TimeoutError as error:
            raise urllib3.exceptions.ConnectTimeoutError(self, "timed out") from error
        except OSError as error:
            raise urllib3.exceptions.NewConnectionError(self, "failed") from error

    return type(f"Guarded{kind.__name__}", (with_timed_head(kind, head_within_s),), {"_new_conn": _new_conn})


def with_timed_head(kind: type[HTTPConnection], within_s: float) -> type[HTTPConnection]:
    """A kind of connection that is cut unless the whole head of an answer has come within a time.

    The library times each read: a server that drips its head would outlast every deadline.
    """

    def getresponse(self: Any) -> Any:
        is_cut = threading.Event()
        cut = threading.Timer(within_s, _shut, [self.sock, is_cut])
        cut.start()
        try:
            response = kind.getresponse(self)
        except Exception:
            if is_cut.is_set():
                raise TimeoutError from None
            raise
        finally:
            cut.cancel()
        if is_cut.is_set():
            raise TimeoutError  # what was read until then may look like a whole head
        return response

    return type(f"Timed{kind.__name__}", (kind,), {"getresponse": getresponse})


def _shut(connection: socket.socket, is_cut: threading.Event) -> None:
    is_cut.set()
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
