"""The registry's settings: what reaches it, and what never does in production."""

from dataclasses import replace
from typing import Any

import pytest

from config.registry import check_registry
from config.settings import Settings
from miniprogram_api.devtools.fake_registry import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_DOORBELL_SECRET,
    DEMO_INBOX_SECRET,
)

SOUND = Settings(
    registry_transport="api",
    registry_api_base="https://registry.example.gov.cn/registry/v1",
    registry_client_id="miniprogram",
    registry_client_secret="canary-secret",
    registry_webhook_secrets="whsec_bm90aGluZyB0aGF0IGFueWJvZHkga25vd3M=",
)


def _check(*, production: bool, **changes: Any) -> None:
    check_registry(replace(SOUND, **changes).registry, production=production)


def test_a_sound_connection_is_taken_in_production() -> None:
    _check(production=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"registry_client_id": DEMO_CLIENT_ID},
        {"registry_client_secret": DEMO_CLIENT_SECRET},
        {"registry_webhook_secrets": f"{SOUND.registry_webhook_secrets}, {DEMO_DOORBELL_SECRET}"},
        {"registry_webhook_secrets": DEMO_INBOX_SECRET},
        {"registry_transport": "off", "registry_client_id": DEMO_CLIENT_ID},
    ],
)
def test_production_refuses_what_everybody_knows(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the demonstration's"):
        _check(production=True, **changes)
    _check(production=False, **changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"registry_api_base": "http://127.0.0.1:8002/registry/v1"}, "https://"),
        ({"registry_api_base": "https:///registry/v1"}, "https://"),
        ({"registry_client_id": ""}, "REGISTRY_CLIENT_ID"),
        ({"registry_client_secret": ""}, "REGISTRY_PRIVATE_KEY_FILE"),
        ({"registry_transport": "files"}, "REGISTRY_DROP_DIR"),
        ({"registry_transport": "off", "registry_networks": "10.1.2.3/16"}, "REGISTRY_NETWORKS"),
        ({"registry_webhook_secrets": "whsec_c2hvcnQ="}, "REGISTRY_WEBHOOK_SECRETS"),
        ({"registry_webhook_secrets": "bm90aGluZyB0aGF0IGFueWJvZHkga25vd3M="}, "REGISTRY_WEBHOOK_SECRETS"),
    ],
)
def test_what_cannot_work_is_refused_and_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _check(production=True, **changes)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_development_may_reach_a_registry_on_loopback(host: str) -> None:
    _check(production=False, registry_api_base=f"http://{host}:8002/registry/v1")
    with pytest.raises(ValueError, match="https://"):
        _check(production=False, registry_api_base="http://registry.example.gov.cn/registry/v1")
