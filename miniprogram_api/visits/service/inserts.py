"""Inserting rows that another transaction may be inserting too: whoever comes second leaves them be."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import Model, is_sqlite

_CHUNK = 500


def insert_missing(
    session: Session,
    model: type[Model],
    rows: Sequence[dict[str, Any]],
    *,
    unique: Sequence[str],
    returning: Any,
) -> list[UUID]:
    """Insert the rows whose unique columns nothing has yet; returns the given column of those inserted."""
    inserted: list[UUID] = []
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        make = sqlite.insert if is_sqlite(session) else postgresql.insert
        statement = make(model).values(chunk).on_conflict_do_nothing(index_elements=list(unique))
        inserted += session.scalars(statement.returning(returning))
    return inserted
