"""Keyset pages: a cursor names the last row seen, so no row is skipped or repeated while others are added.

A cursor is opaque but neither secret nor signed: whatever a client makes of it, it can only choose where in
its own list to go on. It is checked like any other input, type by type, before a database sees it.
"""

import base64
import binascii
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Generic, NoReturn, TypeVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    SmallInteger,
    TypeDecorator,
    and_,
    literal,
    or_,
)
from sqlalchemy.orm import QueryableAttribute, Session

from miniprogram_api.kernel.errors import Invalid

T = TypeVar("T")
Scalar = str | int | float | bool | datetime | date | UUID | None
Column = ColumnElement[Any] | QueryableAttribute[Any]

_MAX_CURSOR_CHARS = 2000


class InvalidCursor(Invalid):
    """The cursor is not one this list has given out."""

    code = "request.cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, and where the next one begins."""

    items: Sequence[T]
    next_cursor: str | None


def encode_cursor(values: Sequence[Scalar]) -> str:
    """Pack the sort values of a row into an opaque text."""
    text = json.dumps([_pack(value) for value in values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> list[Scalar]:
    """Unpack a cursor. Raises InvalidCursor for anything `encode_cursor` would not have written."""
    if len(cursor) > _MAX_CURSOR_CHARS:
        raise InvalidCursor
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        packed = json.loads(raw, parse_constant=_refuse)
        if not isinstance(packed, list):
            raise InvalidCursor
        return [_unpack(value) for value in packed]
    except (binascii.Error, ValueError, OverflowError, RecursionError) as error:
        raise InvalidCursor from error


def _pack(value: Scalar) -> Any:
    if isinstance(value, datetime):
        return {"t": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, UUID):
        return {"u": value.hex}
    return value


def _unpack(value: Any) -> Scalar:
    match value:
        case {"t": str(text), **rest} if not rest:
            return _instant(text)
        case {"d": str(text), **rest} if not rest:
            return date.fromisoformat(text)
        case {"u": str(text), **rest} if not rest:
            return UUID(hex=text)
        case str() if _is_storable(value):
            return value
        case float() if math.isfinite(value):
            return value
        case bool() | int() | None:
            return value
        case _:
            raise InvalidCursor


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise InvalidCursor
    return at.astimezone(UTC)


def _is_storable(text: str) -> bool:
    """PostgreSQL takes no NUL, and no driver takes half a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def keyset(
    statement: Select[Any],
    columns: Sequence[Column],
    cursor: str | None,
    *,
    descending: bool | Sequence[bool] = False,
) -> Select[Any]:
    """Order a statement by the columns and start it after the cursor's row; `descending` is for all or each.

    The columns together must be unique and none may be NULL, which the two databases sort differently.
    Raises InvalidCursor.
    """
    downs = [descending] * len(columns) if isinstance(descending, bool) else list(descending)
    order = [column.desc() if down else column.asc() for column, down in zip(columns, downs, strict=True)]
    ordered = statement.order_by(*order)
    if cursor is None:
        return ordered
    values = decode_cursor(cursor)
    if len(values) != len(columns):
        raise InvalidCursor
    bounds = [
        _Bound(column.expression, literal(_fit(column.expression, value), column.expression.type), down)
        for column, value, down in zip(columns, values, downs, strict=True)
    ]
    return ordered.where(_after(bounds))


@dataclass(frozen=True, slots=True)
class _Bound:
    """One column and its value in the last row seen."""

    column: ColumnElement[Any]
    value: ColumnElement[Any]
    descending: bool

    def beyond(self) -> ColumnElement[bool]:
        beyond: ColumnElement[bool] = (
            self.column < self.value if self.descending else self.column > self.value
        )
        return beyond

    def at_or_beyond(self) -> ColumnElement[bool]:
        return or_(self.column == self.value, self.beyond())


def _after(bounds: Sequence[_Bound]) -> ColumnElement[bool]:
    """(a, b) > (x, y) written out, for directions may differ: a >= x AND (a > x OR b > y).

    The outer comparison follows from the inner ones; it gives an index on the first column its range.
    """
    first, rest = bounds[0], bounds[1:]
    return and_(first.at_or_beyond(), or_(first.beyond(), _after(rest))) if rest else first.beyond()


def page(
    session: Session,
    statement: Select[T],
    columns: Sequence[Column],
    *,
    limit: int,
    cursor: str | None,
    descending: bool | Sequence[bool] = False,
) -> Page[T]:
    """Read one page of a statement that selects one thing, such as `select(Site)`. Raises InvalidCursor."""
    found, next_cursor = _read(session, statement, columns, limit=limit, cursor=cursor, descending=descending)
    return Page(items=[row[0] for row in found], next_cursor=next_cursor)


def page_rows(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    columns: Sequence[Column],
    *,
    limit: int,
    cursor: str | None,
    descending: bool | Sequence[bool] = False,
) -> Page[Row[*tuple[Any, ...]]]:
    """Read one page of a statement that selects several things, as named rows. Raises InvalidCursor."""
    return Page(*_read(session, statement, columns, limit=limit, cursor=cursor, descending=descending))


def _read(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    columns: Sequence[Column],
    *,
    limit: int,
    cursor: str | None,
    descending: bool | Sequence[bool],
) -> tuple[Sequence[Row[*tuple[Any, ...]]], str | None]:
    """The rows without, and the cursor made of, the sort values, which ride along as extra columns."""
    width = len(statement.column_descriptions)
    keys = [column.label(f"page_key_{number}") for number, column in enumerate(columns)]
    positioned = keyset(statement, columns, cursor, descending=descending).add_columns(*keys).limit(limit + 1)
    # One row more than asked for tells whether there is a next page.
    result = session.execute(positioned).freeze()
    rows = result().columns(*range(width)).all()
    if len(rows) <= limit:
        return rows, None
    last = result().columns(*range(width, width + len(keys))).all()[limit - 1]
    return rows[:limit], encode_cursor(last)


_INTEGER_BITS: tuple[tuple[type[Integer], int], ...] = ((SmallInteger, 16), (BigInteger, 64), (Integer, 32))


def _fit(column: ColumnElement[Any], value: Scalar) -> Any:
    """The value as the column takes it: what it cannot hold would be a database error, not an empty page."""
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    expected = kind.python_type
    if issubclass(expected, Enum) and isinstance(value, str):
        try:
            return expected(value)
        except ValueError as error:
            raise InvalidCursor from error
    if type(value) is not expected:
        raise InvalidCursor
    if isinstance(kind, Integer) and isinstance(value, int):
        bits = next(bits for integer, bits in _INTEGER_BITS if isinstance(kind, integer))
        if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise InvalidCursor
    return value
