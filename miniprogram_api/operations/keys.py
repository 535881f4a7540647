"""Key rotation: a new key signs and encrypts at once, and old ciphertexts are written again in batches."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, crypto
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import Model, atomic, reading
from miniprogram_api.kernel.ids import short_code

BATCH = 500
_SUFFIX = "_cipher"
_OBJECT, _ROTATED = "key", "operations.keys_rotated"
Progress = Callable[[str, int], None]


def new_key() -> str:
    """An entry for the front of APP_KEYS."""
    return f"{short_code(6).lower()}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """A column of ciphertexts; each is bound to its table, field and row."""

    table: Table
    column: Column[Any]

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    def context(self, row_id: object) -> str:
        return f"{self.table.name}.{self.column.name.removesuffix(_SUFFIX)}:{row_id}"


def encrypted_columns() -> list[EncryptedColumn]:
    """Every column of ciphertexts, found by the naming rule `<field>_cipher`."""
    return [
        EncryptedColumn(table, column)
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith(_SUFFIX)
    ]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs tickets and gates' packages, or one that did and still counts; never the secret."""

    key_id: str
    signs: bool
    rotated_at: datetime | None  # when ciphertexts were first written anew under it, where that was done


def list_signing_keys(session: Session) -> list[SigningKey]:
    """The one that signs, and those whose signatures still count."""
    known = list(crypto.verify_keys())
    active, _ = crypto.signing_key()
    first = (
        select(AuditRow.object_id, func.min(AuditRow.at))
        .where(AuditRow.object_type == _OBJECT, AuditRow.object_id.in_(known), AuditRow.action == _ROTATED)
        .group_by(AuditRow.object_id)
    )
    since = {row.object_id: row[1] for row in session.execute(first)}
    found = [SigningKey(key_id, key_id == active, since.get(key_id)) for key_id in known]
    return sorted(found, key=lambda key: not key.signs)


def rotate(progress: Progress) -> int:
    """Write again what an older key encrypted; returns how many values. May be stopped and run again.

    Each run leaves an audit row, also one that finds nothing: an old key is dropped on its word.
    """
    changed = {column.name: _rotate_column(column, progress) for column in encrypted_columns()}
    active, _ = crypto.signing_key()
    after = {"changed": {name: count for name, count in changed.items() if count}}
    with atomic() as session:
        audit.record(
            session,
            actor=SYSTEM,
            action=_ROTATED,
            object_type=_OBJECT,
            object_id=active,
            after=after,
        )
    return sum(changed.values())


def _rotate_column(encrypted: EncryptedColumn, progress: Progress) -> int:
    changed, last = 0, None
    while True:
        with reading() as session:
            rows = _next_rows(session, encrypted, last)
        if not rows:
            return changed
        last = rows[-1][0]
        changed += _write_again(encrypted, rows)
        progress(encrypted.name, changed)


def _next_rows(session: Session, encrypted: EncryptedColumn, last: Any) -> list[tuple[Any, str]]:
    ids = encrypted.table.c.id
    query = select(ids, encrypted.column).where(encrypted.column.is_not(None)).order_by(ids).limit(BATCH)
    if last is not None:
        query = query.where(ids > last)
    return [(row_id, cipher) for row_id, cipher in session.execute(query)]


def _write_again(encrypted: EncryptedColumn, rows: list[tuple[Any, str]]) -> int:
    stale = [(row_id, cipher) for row_id, cipher in rows if crypto.needs_rotation(cipher)]
    changed = 0
    with atomic() as session:
        for row_id, cipher in stale:
            context = encrypted.context(row_id)
            fresh = crypto.encrypt(crypto.decrypt(cipher, context=context), context=context)
            # Compared with what was read: a value changed meanwhile is the newer one.
            statement = (
                update(encrypted.table)
                .where(encrypted.table.c.id == row_id, encrypted.column == cipher)
                .values({encrypted.column: fresh})
            )
            changed += session.execute(statement).rowcount  # type: ignore[attr-defined]  # a DML result has it
    return changed
