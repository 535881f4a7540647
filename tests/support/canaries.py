"""Looks for what must not be kept: every column of every table, whatever its type."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import Model


def find_canaries(session: Session, canaries: Collection[str | bytes]) -> set[str]:
    """The `table.column` of every place that holds one of the canaries, as text, as bytes or within JSON."""
    found = set()
    for table in Model.metadata.sorted_tables:
        for row in session.execute(select(table)).mappings():
            found |= {
                f"{table.name}.{column.name}"
                for column in table.columns
                if any(_holds(row[column.name], canary) for canary in canaries)
            }
    return found


def personal_values(row: Model) -> set[str | bytes]:
    """What a row holds in columns labelled as personal: ciphers and indexes count as identifiers."""
    mapper = inspect(type(row))
    values = {getattr(row, attr.key) for attr in mapper.column_attrs if "pii" in attr.columns[0].info}
    return {value for value in values if value is not None}


def _holds(value: Any, canary: str | bytes) -> bool:
    if isinstance(canary, bytes):
        return isinstance(value, bytes) and canary in value
    if isinstance(value, bytes):
        return canary.encode() in value
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return canary in text
