"""Where a request comes from: one clean address or none, whatever a proxy or a client wrote."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_IPV4_NETWORK, _IPV6_NETWORK = 24, 64
UNKNOWN = "unknown"


class CleanAddress:
    """Leaves the application an address it can parse and store, or none at all."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        address = clean(environ.pop("REMOTE_ADDR", ""))
        if address is not None:
            environ["REMOTE_ADDR"] = address
        return self._app(environ, start_response)


@lru_cache(maxsize=10_000)
def clean(written: str) -> str | None:
    """The address in its one spelling, without port, brackets or zone; None when it is not one.

    An IPv4 address in IPv6 dress is the IPv4 address: else all of them would be one network.
    """
    bare = written.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return str(mapped or parsed)


@lru_cache(maxsize=10_000)
def is_loopback(address: str | None) -> bool:
    """Whether a request came from this machine."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


@lru_cache(maxsize=10_000)
def subscriber_of(address: str | None) -> str:
    """What one subscriber holds: an IPv4 address, or the 2^64 addresses of an IPv6 network."""
    parsed = _parse(address)
    if parsed is None:
        return UNKNOWN
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


@lru_cache(maxsize=10_000)
def neighbourhood_of(address: str | None) -> str:
    """The network whose addresses somebody can easily change between: a /24, or a /64 of IPv6."""
    parsed = _parse(address)
    if parsed is None:
        return UNKNOWN
    width = _IPV4_NETWORK if parsed.version == 4 else _IPV6_NETWORK
    return str(ipaddress.ip_network((parsed, width), strict=False))


def _parse(address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address or "")
    except ValueError:
        return None
