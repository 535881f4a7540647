"""Recognising partners: which client stands behind a name or a token, and what has been used before."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import execute_counting, is_sqlite
from miniprogram_api.kernel.ids import opaque_token, token_hash
from miniprogram_api.registry.models.partners import (
    KeyKind,
    PartnerClient,
    PartnerKey,
    PartnerToken,
    UsedOnce,
)
from miniprogram_api.registry.rules.partners import CLIENT_ID, KEEP_USED, TOKEN_LIFE, comes_from

TOKEN_PREFIX = "pt_"  # noqa: S105  says whose token it is


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call comes from: its address, and the certificate that the proxy in front has checked."""

    address: str | None
    certificate: str | None
    environment: str

    def is_of(self, client: PartnerClient) -> bool:
        """Whether the client may call from here at all."""
        pinned = client.certificate_fingerprint
        return (
            client.ended_at is None
            and client.environment == self.environment
            and (pinned is None or pinned == self.certificate)
            and comes_from(self.address, client.allowed_networks)
        )


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client and the keys that count now."""

    client: PartnerClient
    keys: tuple[PartnerKey, ...] = field(repr=False)

    def keys_of(self, kind: KeyKind) -> list[PartnerKey]:
        return [key for key in self.keys if key.kind is kind]


def find_client(session: Session, client_id: str, *, now: datetime) -> KnownClient | None:
    """The client of that name with its keys, in one read; None for a name that nobody has."""
    if CLIENT_ID.fullmatch(client_id) is None:
        return None
    standing = and_(PartnerKey.client_id == PartnerClient.id, PartnerKey.retired_at.is_(None))
    rows = session.execute(
        select(PartnerClient, PartnerKey)
        .outerjoin(PartnerKey, standing)
        .where(PartnerClient.client_id == client_id)
        .order_by(PartnerKey.id)
    ).all()
    if not rows:
        return None
    keys = tuple(key for _, key in rows if key is not None and key.counts(now))
    return KnownClient(rows[0][0], keys)


# Built once: SQLAlchemy then finds its compiled form by the statement's memoised key.
_BY_TOKEN = (
    select(PartnerClient, PartnerToken.scopes, PartnerToken.audience, PartnerToken.expires_at)
    .join(PartnerClient, PartnerClient.id == PartnerToken.client_id)
    .where(PartnerToken.token_hash == bindparam("token_hash"))
)


def find_token(session: Session, token: str) -> Row[PartnerClient, list[str], str, datetime] | None:
    """Whose token it is, with its scopes, audience and end; whether it counts is for the caller to say."""
    return session.execute(_BY_TOKEN, {"token_hash": token_hash(token)}).one_or_none()


def new_token() -> str:
    """An access token that nobody has yet."""
    return TOKEN_PREFIX + opaque_token()


def keep_token(
    session: Session, token: str, *, key: PartnerKey, scopes: list[str], audience: str, now: datetime
) -> None:
    """Let a token count for ten minutes."""
    row = PartnerToken(
        token_hash=token_hash(token),
        client_id=key.client_id,
        key_id=key.id,
        scopes=scopes,
        audience=audience,
        created_at=now,
        expires_at=now + TOKEN_LIFE,
    )
    session.add(row)
    session.flush()


def use_once(session: Session, *, kind: str, client_id: UUID, value: str, now: datetime) -> bool:
    """Use a value up; False when it was used before, by whichever of two that came at the same time."""
    digest = hashlib.sha256(f"{kind}\n{client_id}\n{value}".encode()).digest()
    insert: Any = sqlite.insert if is_sqlite(session) else postgresql.insert
    statement = insert(UsedOnce).values(digest=digest, used_at=now).on_conflict_do_nothing()
    return session.scalar(statement.returning(UsedOnce.digest)) is not None


def purge(session: Session, now: datetime) -> int:
    """Forget tokens that are over, and what was used too long ago to count again; returns how many."""
    over = execute_counting(session, delete(PartnerToken).where(PartnerToken.expires_at <= now))
    return over + execute_counting(session, delete(UsedOnce).where(UsedOnce.used_at <= now - KEEP_USED))
