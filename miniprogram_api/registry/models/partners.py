"""The systems that may call as the registry: clients, their keys, their tokens, and what they used once.

The other direction has its credentials in the settings, so a client stands for one environment and one
direction.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class KeyKind(StrEnum):
    """What a client proves itself by."""

    SECRET = "secret"  # noqa: S105  a kind, not one
    PUBLIC_KEY = "public_key"  # the client signs assertions with the private one
    HMAC = "hmac"  # the client signs each request


class PartnerClient(Model):
    """A system of a partner in one environment. `scopes` are all that its tokens may hold.

    `allowed_networks` and `certificate_fingerprint` narrow down where it may call from; empty means anywhere.
    """

    __tablename__ = "registry_partner_clients"
    __table_args__ = (UniqueConstraint("client_id", name="uq_registry_partner_clients_client_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    environment: Mapped[str] = mapped_column(String(16))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    allowed_networks: Mapped[list[str]] = mapped_column(JSON)
    certificate_fingerprint: Mapped[str | None] = mapped_column(String(64))  # SHA-256 of the DER, in hex
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_STANDING = text("retired_at IS NULL")


class PartnerKey(Model):
    """A key of a client. Of each kind two may stand at a time, in two places, so that one can be replaced.

    Of a secret only the hash is kept; what signs requests has to be kept itself, encrypted.
    """

    __tablename__ = "registry_partner_keys"
    __table_args__ = (
        Index(
            "uq_registry_partner_keys_place",
            "client_id",
            "kind",
            "place",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        CheckConstraint("place IN (1, 2)", name="place"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("registry_partner_clients.id"))
    kind: Mapped[KeyKind] = mapped_column(text_enum(KeyKind))
    place: Mapped[int] = mapped_column(SmallInteger)
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    public_jwk: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    hmac_cipher: Mapped[str | None] = mapped_column(String(300))
    fingerprint: Mapped[str] = mapped_column(String(64))  # tells keys apart, proves nothing
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def counts(self, now: datetime) -> bool:
        """Whether the key proves anything at this time."""
        return self.retired_at is None and (self.expires_at is None or now < self.expires_at)


class PartnerToken(Model):
    """An access token, of which only the hash is kept; `audience` is whose token it was made to be."""

    __tablename__ = "registry_partner_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("registry_partner_clients.id"), index=True)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("registry_partner_keys.id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    audience: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class UsedOnce(Model):
    """A value that counts once: an assertion's `jti`, a signed request's nonce. The primary key decides."""

    __tablename__ = "registry_partner_used_once"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
