"""Shared wire formats: instants, ids, strict numbers and lists."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import marshmallow as ma
from marshmallow import fields, validate

from miniprogram_api.kernel.clock import BEIJING

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def without_control(text: str) -> str:
    """A text without the characters that nobody types and PostgreSQL does not keep."""
    return _CONTROL.sub("", text)


class Schema(ma.Schema):
    """Our base: unknown fields are refused (marshmallow 4's own default), order is kept."""


class Instant(fields.AwareDateTime):
    """RFC 3339 with Beijing's offset out; any offset in, but never without one."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(BEIJING).isoformat(timespec="seconds")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            at = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise ma.ValidationError("field.type") from None
        if at.tzinfo is None or not 2000 <= at.year <= 2100:
            raise ma.ValidationError("field.invalid")
        return at


class Id(fields.String):
    """An opaque id of ours; what cannot be one of ours is read as an id that nothing has."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return parse_id(text)


_NOBODY = UUID(int=0)


def parse_id(text: str) -> UUID:
    """The id a client sent; anything malformed becomes an id that no row has, and so is simply not found."""
    try:
        return UUID(text)
    except ValueError:
        return _NOBODY


class Text(fields.String):
    """Text of a person, trimmed, without control characters, of limited length."""

    def __init__(self, *, max_length: int, min_length: int = 1, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=min_length, max=max_length), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and _CONTROL.search(text):
            raise ma.ValidationError("field.characters")
        return None if text is None else text.strip()


class Whole(fields.Integer):
    """A whole number between two bounds; never a string or a fraction from JSON."""

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=least, max=most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ma.ValidationError("field.type")
        return super()._deserialize(value, attr, data, **kwargs)


class Paging(Schema):
    """`?limit=` and `?cursor=` of every list."""

    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=100))
    cursor = fields.String(load_default=None, validate=validate.Length(max=500))
