"""How the core registry is reached, and what keeps a demonstration registry out of production."""

from base64 import b64decode
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

TRANSPORTS = ("off", "api", "files")


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """The registry's transport and the credentials for it; `api_base` ends before `/projects`."""

    transport: str
    api_base: str
    client_id: str
    client_secret: str = field(repr=False)
    private_key_file: Path | None
    webhook_secrets: tuple[str, ...] = field(repr=False)
    drop_dir: Path | None
    allow_loopback: bool
    networks: tuple[str, ...] = ()


def check_registry(settings: RegistrySettings, *, production: bool) -> None:
    """Refuse a registry that cannot be reached or must not be. Raises ValueError with a sentence."""
    if production and _is_demonstration(settings):
        raise ValueError(
            "The registry's client is the demonstration's: set a REGISTRY_CLIENT_ID of your own."
        )
    if settings.transport == "files" and settings.drop_dir is None:
        raise ValueError("REGISTRY_TRANSPORT=files needs REGISTRY_DROP_DIR.")
    for network in settings.networks:
        try:
            ip_network(network)
        except ValueError:
            raise ValueError("REGISTRY_NETWORKS are networks such as 10.1.0.0/16, comma-separated.") from None
    if not all(_is_webhook_secret(secret) for secret in settings.webhook_secrets):
        raise ValueError("REGISTRY_WEBHOOK_SECRETS are `whsec_` and the base64 of 24 to 64 bytes each.")
    if settings.transport != "api":
        return
    address = urlsplit(settings.api_base)
    if not settings.client_id or not (settings.client_secret or settings.private_key_file):
        raise ValueError(
            "REGISTRY_TRANSPORT=api needs REGISTRY_CLIENT_ID and a secret or REGISTRY_PRIVATE_KEY_FILE."
        )
    if address.scheme == "https" and address.hostname:
        return
    if address.scheme != "http" or not _is_loopback(address.hostname) or production:
        raise ValueError("REGISTRY_API_BASE is an https:// address; http:// only on loopback in development.")


def _is_demonstration(settings: RegistrySettings) -> bool:
    """Whether anything here is known to everybody: the demonstration's secrets begin with `demo-`."""
    return (
        "demo" in settings.client_id
        or settings.client_secret.startswith("demo-")
        or any(secret.startswith("whsec_ZGVtby") for secret in settings.webhook_secrets)
    )


def _is_webhook_secret(text: str) -> bool:
    """As Standard Webhooks has them; another one would fail at every ring."""
    try:
        secret = b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    return text.startswith("whsec_") and 24 <= len(secret) <= 64


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
