"""Partners' clients with their keys, for those who manage them; never anything that proves a client."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.registry.models.partners import PartnerClient, PartnerKey
from miniprogram_api.registry.rules.partners import masked


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as it is told from others."""

    id: UUID
    kind: str
    fingerprint: str | None
    created_at: datetime
    expires_at: datetime | None
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShownPartner:
    """A client and its keys, the oldest first."""

    id: UUID
    client_id: str
    name: str
    environment: str
    scopes: list[str]
    allowed_networks: list[str]
    certificate: str | None
    created_at: datetime
    ended_at: datetime | None
    keys: list[ShownKey]


def list_partners(session: Session, *, limit: int, cursor: str | None) -> Page[ShownPartner]:
    """Clients in the order they were added, ended ones too. Raises InvalidCursor."""
    found = page(session, select(PartnerClient), [PartnerClient.id], limit=limit, cursor=cursor)
    return Page(_shown(session, found.items), found.next_cursor)


def names_of_partners(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """What clients are called; one statement."""
    named = select(PartnerClient.id, PartnerClient.name).where(PartnerClient.id.in_(ids))
    return {row.id: row.name for row in session.execute(named)}


def get_partner(session: Session, partner_id: UUID) -> ShownPartner:
    """One client. Raises NotFound."""
    client = session.get(PartnerClient, partner_id)
    if client is None:
        raise NotFound
    return _shown(session, [client])[0]


def show_key(key: PartnerKey) -> ShownKey:
    """A key without what it proves."""
    return ShownKey(
        key.id, key.kind.value, masked(key.fingerprint), key.created_at, key.expires_at, key.retired_at
    )


def _shown(session: Session, clients: Sequence[PartnerClient]) -> list[ShownPartner]:
    ids = [client.id for client in clients]
    keys = session.scalars(
        select(PartnerKey).where(PartnerKey.client_id.in_(ids)).order_by(PartnerKey.id)
    ).all()
    return [
        ShownPartner(
            id=client.id,
            client_id=client.client_id,
            name=client.name,
            environment=client.environment,
            scopes=client.scopes,
            allowed_networks=client.allowed_networks,
            certificate=masked(client.certificate_fingerprint),
            created_at=client.created_at,
            ended_at=client.ended_at,
            keys=[show_key(key) for key in keys if key.client_id == client.id],
        )
        for client in clients
    ]
