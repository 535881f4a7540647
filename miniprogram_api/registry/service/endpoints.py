"""The endpoints of partners: which addresses may be one, and whether one wants our events.

Everything here talks to the network or asks it for names: never inside a transaction.
"""

from urllib.parse import urlsplit

from config.registry import RegistrySettings
from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.kernel.outbound import AddressGuard, Outbound, OutboundFailed, OutboundRefused
from miniprogram_api.registry.errors_subscriptions import EndpointRefused, HandshakeFailed
from miniprogram_api.registry.rules.sendings import ORIGIN

_PORTS = {"https": 443, "http": 80}
_MOST_ANSWER = 64_000  # an answer is read to its end and forgotten


def make_client(registry: RegistrySettings) -> Outbound:
    """The client that events are sent by: to public addresses, and into the networks of the registry."""
    return Outbound(
        allow_loopback=registry.allow_loopback,
        networks=registry.networks,
        read_timeout_s=20,
        total_timeout_s=25,
        max_bytes=_MOST_ANSWER,
    )


def check_endpoint(url: str, registry: RegistrySettings) -> None:
    """Raises EndpointRefused for an address that nothing would be sent to, as its name resolves now."""
    parts = urlsplit(url)
    plain = parts.scheme != "https"
    guard = AddressGuard(allow_loopback=registry.allow_loopback, networks=registry.networks)
    try:
        if plain and not registry.allow_loopback:
            raise OutboundRefused("scheme")
        guard.pick(parts.hostname or "", parts.port or _PORTS[parts.scheme], only_loopback=plain)
    except (OutboundRefused, OutboundFailed, OSError, ValueError):  # a name of odd form is a ValueError
        raise EndpointRefused(fields=[FieldError("url", "registry.endpoint_refused")]) from None


def shake_hands(client: Outbound, url: str) -> None:
    """Ask an endpoint whether it wants our events. Raises HandshakeFailed."""
    try:
        reply = client.request("OPTIONS", url, headers={"WebHook-Request-Origin": ORIGIN})
    except OutboundRefused:
        raise HandshakeFailed(reason="refused") from None
    except OutboundFailed:
        raise HandshakeFailed(reason="unreachable") from None
    if not 200 <= reply.status < 300:
        raise HandshakeFailed(reason="status")
    if (reply.headers.get("WebHook-Allowed-Origin") or "").strip() not in {"*", ORIGIN}:
        raise HandshakeFailed(reason="origin")
