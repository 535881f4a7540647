"""Partners' clients for tests, each with a secret, and with a token where one is wanted."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.models.partners import PartnerClient, PartnerKey
from miniprogram_api.registry.rules.partners import PARTNER_SCOPES
from miniprogram_api.registry.service import partner_access, partners
from miniprogram_api.registry.service.partners import AddedClient

# What the settings of tests make of an empty PARTNER_AUDIENCE.
AUDIENCE = "http://127.0.0.1:8000/api/registry/v1"


class Known(NamedTuple):
    """A client that has a token."""

    id: UUID
    client_id: str
    token: str


def make_client(session: Session, *, client_id: str | None = None, **changes: Any) -> AddedClient:
    """A client of the tests' environment with every scope."""
    values = {
        "name": "核心登记系统",
        "environment": "test",
        "scopes": list(PARTNER_SCOPES),
        "actor": SYSTEM,
        "now": clock.now(),
    }
    return partners.add_client(session, client_id=client_id or f"registry-{new_id()}", **(values | changes))


def open_token(session: Session, client: PartnerClient, *, audience: str = AUDIENCE) -> str:
    """A token of the client with all its scopes, got by its first key."""
    key = session.scalars(select(PartnerKey).where(PartnerKey.client_id == client.id)).first()
    assert key is not None
    token = partner_access.new_token()
    partner_access.keep_token(
        session, token, key=key, scopes=client.scopes, audience=audience, now=clock.now()
    )
    return token


def sign_in(session: Session, **changes: Any) -> Known:
    """A new client and its token."""
    client = make_client(session, **changes).client
    return Known(client.id, client.client_id, open_token(session, client))
