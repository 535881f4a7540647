"""Clients of partners and their keys: added, replaced, ended. What proves a client is shown once, here."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from joserfc import jwk
from joserfc.errors import JoseError
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, crypto, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import execute_counting
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id, opaque_token, token_hash
from miniprogram_api.registry import errors_partners as errors
from miniprogram_api.registry.events_partners import (
    PartnerAdded,
    PartnerEnded,
    PartnerEvent,
    PartnerKeyAdded,
    PartnerKeyRetired,
)
from miniprogram_api.registry.models.partners import KeyKind as KeyKind
from miniprogram_api.registry.models.partners import PartnerClient, PartnerKey, PartnerToken
from miniprogram_api.registry.rules.partners import MOST_KEYS, masked, public_part

_PREFIXES = {KeyKind.SECRET: "ps_", KeyKind.HMAC: "ph_"}


class AddedKey(NamedTuple):
    """A key and, unless it is a public one, its secret, known in plain text this once."""

    key: PartnerKey
    secret: str | None


class AddedClient(NamedTuple):
    """A client with its first key."""

    client: PartnerClient
    key: PartnerKey
    secret: str | None


def add_client(
    session: Session,
    *,
    client_id: str,
    name: str,
    environment: str,
    scopes: Sequence[str],
    actor: Actor,
    now: datetime,
    kind: KeyKind = KeyKind.SECRET,
    secret: str | None = None,
    public_jwk: object = None,
    allowed_networks: Sequence[str] = (),
    certificate_fingerprint: str | None = None,
) -> AddedClient:
    """Add a client of an environment (the setting's value) with a first key; without a secret one is drawn.

    Only demonstration data and tests choose a secret. Raises PartnerExists, PartnerKeyUnfit.
    """
    client = PartnerClient(
        id=new_id(),
        client_id=client_id,
        name=name,
        environment=environment,
        scopes=sorted(set(scopes)),
        allowed_networks=list(allowed_networks),
        certificate_fingerprint=certificate_fingerprint,
        created_at=now,
        ended_at=None,
    )
    session.add(client)
    try:
        session.flush()
    except IntegrityError as error:
        raise errors.PartnerExists from error
    after = {
        "scopes": client.scopes,
        "environment": environment,
        "networks": client.allowed_networks,
        "certificate": masked(certificate_fingerprint),
    }
    _leave(session, PartnerAdded(client_id), actor=actor, after=after)
    key = _insert_key(
        session,
        client,
        place=1,
        kind=kind,
        secret=secret,
        public_jwk=public_jwk,
        expires_at=None,
        actor=actor,
        now=now,
    )
    return AddedClient(client, *key)


def add_key(
    session: Session,
    *,
    partner_id: UUID,
    kind: KeyKind,
    actor: Actor,
    now: datetime,
    public_jwk: object = None,
    expires_at: datetime | None = None,
) -> AddedKey:
    """Add a key beside the one in use. Raises NotFound, PartnerEnded, PartnerKeysFull, PartnerKeyUnfit."""
    client = _lock_client(session, partner_id)
    if client.ended_at is not None:
        raise errors.PartnerEnded
    standing = select(PartnerKey).where(
        PartnerKey.client_id == client.id, PartnerKey.kind == kind, PartnerKey.retired_at.is_(None)
    )
    keys = list(session.scalars(standing))
    for key in [key for key in keys if not key.counts(now)]:
        _retire(session, client, key, actor=actor, now=now)
        keys.remove(key)
    free = sorted(set(range(1, MOST_KEYS + 1)) - {key.place for key in keys})
    if not free:
        raise errors.PartnerKeysFull(most=MOST_KEYS)
    return _insert_key(
        session,
        client,
        place=free[0],
        kind=kind,
        secret=None,
        public_jwk=public_jwk,
        expires_at=expires_at,
        actor=actor,
        now=now,
    )


def retire_key(session: Session, *, partner_id: UUID, key_id: UUID, actor: Actor, now: datetime) -> None:
    """Let a key prove nothing any more and drop the tokens got by it. Raises NotFound unless it stands."""
    client = _lock_client(session, partner_id)
    standing = select(PartnerKey).where(
        PartnerKey.id == key_id, PartnerKey.client_id == client.id, PartnerKey.retired_at.is_(None)
    )
    key = session.scalar(standing)
    if key is None:
        raise NotFound
    _retire(session, client, key, actor=actor, now=now)


def end_client(session: Session, *, partner_id: UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Let a client call no more, from its next request on. Raises NotFound, PartnerEnded."""
    client = _lock_client(session, partner_id)
    if client.ended_at is not None:
        raise errors.PartnerEnded
    client.ended_at = now
    execute_counting(session, delete(PartnerToken).where(PartnerToken.client_id == client.id))
    _leave(session, PartnerEnded(client.client_id), actor=actor, reason=reason)


def id_of(session: Session, client_id: str) -> UUID:
    """The id of a client that people know by name. Raises NotFound."""
    found = session.scalar(select(PartnerClient.id).where(PartnerClient.client_id == client_id))
    if found is None:
        raise NotFound
    return found


def secret_of(key: PartnerKey) -> bytes:
    """What a client signs requests with; only for a key of that kind."""
    if key.hmac_cipher is None:
        raise ValueError(key.kind)
    return crypto.decrypt(key.hmac_cipher, context=_context(key.id)).encode()


def _lock_client(session: Session, partner_id: UUID) -> PartnerClient:
    client = session.scalar(select(PartnerClient).where(PartnerClient.id == partner_id).with_for_update())
    if client is None:
        raise NotFound
    return client


def _insert_key(
    session: Session,
    client: PartnerClient,
    *,
    place: int,
    kind: KeyKind,
    secret: str | None,
    public_jwk: object,
    expires_at: datetime | None,
    actor: Actor,
    now: datetime,
) -> AddedKey:
    key = PartnerKey(
        id=new_id(),
        client_id=client.id,
        kind=kind,
        place=place,
        created_at=now,
        expires_at=expires_at,
        retired_at=None,
    )
    secret = None if kind is KeyKind.PUBLIC_KEY else secret or _PREFIXES[kind] + opaque_token()
    if secret is None:
        key.public_jwk = _fit(public_jwk)
        key.fingerprint = _digest(json.dumps(key.public_jwk, sort_keys=True))
    else:
        key.fingerprint = _digest(f"{client.client_id}\n{secret}")
        if kind is KeyKind.SECRET:
            key.secret_hash = token_hash(secret)
        else:
            key.hmac_cipher = crypto.encrypt(secret, context=_context(key.id))
    session.add(key)
    session.flush()
    _leave(
        session,
        PartnerKeyAdded(client.client_id, str(key.id), kind.value),
        actor=actor,
        after={"key": str(key.id), "kind": kind.value, "fingerprint": masked(key.fingerprint)},
    )
    return AddedKey(key, secret)


def _retire(session: Session, client: PartnerClient, key: PartnerKey, *, actor: Actor, now: datetime) -> None:
    key.retired_at = now
    execute_counting(session, delete(PartnerToken).where(PartnerToken.key_id == key.id))
    # The place is free for the next key only when the index sees that this one has left it.
    session.flush()
    _leave(
        session,
        PartnerKeyRetired(client.client_id, str(key.id), key.kind.value),
        actor=actor,
        before={"key": str(key.id), "kind": key.kind.value, "fingerprint": masked(key.fingerprint)},
    )


def _fit(public_jwk: object) -> dict[str, str]:
    """The public part of a key that the library can use. Raises PartnerKeyUnfit."""
    part = public_part(public_jwk)
    if part is None:
        raise errors.PartnerKeyUnfit
    try:
        # Imported to the end: a point that is not on its curve only shows then.
        jwk.import_key(dict(part)).get_op_key("verify")
    except (JoseError, ValueError) as error:
        raise errors.PartnerKeyUnfit from error
    return part


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _context(key_id: UUID) -> str:
    return f"{PartnerKey.__tablename__}.hmac:{key_id}"


def _leave(
    session: Session,
    event: PartnerEvent,
    *,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=event.name,
        object_type="partner",
        object_id=event.client_id,
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, event)
