"""Stored answers: the same caller, key and request get the first answer again, and one effect.

The record is written in the command's own transaction; its primary key makes a second effect impossible.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary, SmallInteger, String, cast, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import Model, UtcDateTime, atomic, execute_counting, is_sqlite
from miniprogram_api.kernel.errors import BadRequest, Conflict, Invalid
from miniprogram_api.kernel.tasks import periodic

KEPT = timedelta(hours=24)


class KeyMissing(BadRequest):
    """The command needs an Idempotency-Key."""

    code = "idempotency.missing"


class KeyReused(Invalid):
    """The key belongs to another request of the same caller."""

    code = "idempotency.reused"


class InFlight(Conflict):
    """The same request is being worked on."""

    code = "idempotency.in_flight"

    def __init__(self) -> None:
        super().__init__(retry_after_s=1)


class StoredAnswer(Model):
    """The answer one caller got for one key."""

    __tablename__ = "kernel_answers"

    principal: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    def is_old(self, now: datetime) -> bool:
        """Whether its key may be used anew."""
        return self.kept_at <= now - KEPT


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that carries a key."""

    principal: str
    key: str
    request_digest: bytes

    @property
    def lock_number(self) -> int:
        """A signed 64-bit number for PostgreSQL's advisory locks."""
        digest = hashlib.sha256(f"{self.principal}\n{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def row_of(self, *, status: int, body: dict[str, Any]) -> dict[str, Any]:
        """The column values `keep` would insert, for a command that writes in one statement."""
        return {
            "principal": self.principal,
            "key": self.key,
            "request_digest": self.request_digest,
            "status": status,
            "body": body,
            "kept_at": clock.now(),
        }


def claim(session: Session, attempt: Attempt) -> None:
    """Be the only one at work on this key until the transaction ends, or raise InFlight.

    SQLite needs no lock: its writers come one by one, and the second finds the first one's record.
    """
    if is_sqlite(session):
        return
    lock = select(func.pg_try_advisory_xact_lock(cast(attempt.lock_number, BigInteger)))
    if not session.scalar(lock):
        raise InFlight


def keep(session: Session, attempt: Attempt, *, status: int, body: dict[str, Any]) -> None:
    """Store the answer with its effect; a duplicate key fails the flush and with it the whole transaction."""
    session.add(StoredAnswer(**attempt.row_of(status=status, body=body)))
    session.flush()


def find_answer(session: Session, attempt: Attempt) -> StoredAnswer | None:
    """The first answer under this key, if any. Raises KeyReused when it answered another request."""
    answer = session.get(StoredAnswer, (attempt.principal, attempt.key))
    if (
        answer is not None
        and answer.request_digest != attempt.request_digest
        and not answer.is_old(clock.now())
    ):
        raise KeyReused
    return answer


def forget(session: Session, attempt: Attempt) -> None:
    """Free a key whose answer is older than a day and not purged yet."""
    mine = (StoredAnswer.principal == attempt.principal, StoredAnswer.key == attempt.key)
    execute_counting(session, delete(StoredAnswer).where(*mine, StoredAnswer.kept_at <= clock.now() - KEPT))


def purge(session: Session, now: datetime) -> int:
    """Forget answers older than a day; returns how many."""
    return execute_counting(session, delete(StoredAnswer).where(StoredAnswer.kept_at <= now - KEPT))


@periodic("kernel.purge_answers", every_minutes=60)
def purge_answers() -> None:
    """Forget old answers each hour."""
    with atomic() as session:
        purge(session, clock.now())
