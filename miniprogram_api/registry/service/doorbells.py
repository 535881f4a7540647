"""Letting the registry's doorbell in: signed, of this moment, and each ring once."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import execute_counting, is_sqlite
from miniprogram_api.registry.errors_events import SignatureRefused
from miniprogram_api.registry.events_feed import DoorbellRung
from miniprogram_api.registry.models import Doorbell

TOLERANCE = timedelta(seconds=300)
# How long a sender goes on trying; ids are remembered longer than any ring of theirs could still be let in.
RETRY_HORIZON = timedelta(days=7)
KEPT = max(RETRY_HORIZON, 2 * TOLERANCE)
_LONGEST_ID = 100
_MOST_SIGNATURES = 10


def check_signature(body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now: datetime) -> str:
    """The id of a ring that is signed with one of the secrets. Raises SignatureRefused with a reason."""
    webhook_id = headers.get("webhook-id", "")
    stamp, signatures = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not webhook_id or not stamp or not signatures:
        raise SignatureRefused(reason="headers")
    if len(webhook_id) > _LONGEST_ID or not webhook_id.isascii() or not webhook_id.isprintable():
        raise SignatureRefused(reason="id")
    sent_at = _instant(stamp)
    if sent_at is None or abs(now - sent_at) > TOLERANCE:
        raise SignatureRefused(reason="timestamp")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise SignatureRefused(reason="body") from None
    given = [_signature(part) for part in signatures.split(" ")[:_MOST_SIGNATURES]]
    expected = [_signature(Webhook(secret).sign(webhook_id, sent_at, text)) for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in given for other in expected if one and other]
    if not any(matches):
        raise SignatureRefused(reason="signature")
    return webhook_id


def let_in(
    session: Session,
    *,
    webhook_id: str,
    type: str,
    subject: str | None,
    sequence: str | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Note a ring and what it announces; False, and nothing else, when its id was seen before."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    row = insert(Doorbell).values(
        webhook_id=webhook_id, type=type, subject=subject, sequence=sequence, received_at=now
    )
    fresh = row.on_conflict_do_nothing(index_elements=["webhook_id"]).returning(Doorbell.webhook_id)
    if session.scalar(fresh) is None:
        return False
    audit.record(
        session,
        actor=actor,
        action="registry.let_doorbell_in",
        object_type="doorbell",
        object_id=webhook_id[:64],
        after={"type": type, "subject": subject, "sequence": sequence},
    )
    events.publish(session, DoorbellRung(type))
    return True


def forget_old(session: Session, *, now: datetime) -> int:
    """Forget ids that nobody can use any more."""
    return execute_counting(session, delete(Doorbell).where(Doorbell.received_at < now - KEPT))


def _instant(stamp: str) -> datetime | None:
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        return None
    try:
        return datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _signature(part: str) -> bytes | None:
    version, _, encoded = part.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
