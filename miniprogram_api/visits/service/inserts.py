"""Inserting rows that another transaction may be inserting too: whoever comes second leaves them be."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import Model, is_sqlite


def insert_missing(
    session: Session,
    model: type[Model],
    rows: Sequence[dict[str, Any]],
    *,
    unique: Sequence[str],
    returning: Any,
) -> list[UUID]:
    """Insert the rows whose unique columns nothing has yet; returns the given column of those inserted."""
    if not rows:
        return []
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    # By the table, and the rows as parameters: the statement is compiled once, however many they are.
    statement = make(cast("Table", model.__table__)).on_conflict_do_nothing(index_elements=list(unique))
    return list(session.scalars(statement.returning(returning), list(rows)))
