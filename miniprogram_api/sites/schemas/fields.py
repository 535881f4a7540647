"""Fields that only sites have on the wire: codes with names, positions, times and days of the year."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import marshmallow as ma
from marshmallow import fields

from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.geo import Point
from miniprogram_api.sites.rules import note_in_words
from miniprogram_api.sites.rules.dictionary import OTHER, shown_code, shown_name
from miniprogram_api.web.schemas import Schema

MEDIA_PREFIX = "/media/"

_DEGREES = r"-?\d{1,3}(?:\.\d{1,15})?"
_POSITION = re.compile(rf"({_DEGREES}),({_DEGREES})", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_SEASON_DAY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_YEARS = range(2000, 2101)
_LEAP_YEAR = 2000


class ShownCode(fields.String):
    """A code as the public sees it: one that is not in the dictionary is `other`."""

    def __init__(self, names: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(metadata={"enum": [*names, OTHER]}, **kwargs)
        self._names = names

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return shown_code(self._names, value)


class ShownName(fields.String):
    """The Chinese name of a code."""

    def __init__(self, names: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(dump_only=True, **kwargs)
        self._names = names

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return shown_name(self._names, value)


class CodeFilter(fields.String):
    """A code of a dictionary, its Chinese name, or `other`."""

    def __init__(self, names: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(metadata={"enum": [*names, OTHER]}, **kwargs)
        self._names = names

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        by_name = {name: code for code, name in self._names.items()}
        code = by_name.get(text, text)
        if code not in self._names and code != OTHER:
            raise ma.ValidationError("field.choice")
        return code


class MediaUrl(fields.String):
    """Where a stored picture is served, on this host."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{MEDIA_PREFIX}{value}"


class Position(fields.String):
    """`lng,lat` in degrees, longitude first."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = _POSITION.fullmatch(str(super()._deserialize(value, attr, data, **kwargs)))
        if found is None:
            raise ma.ValidationError("sites.position")
        point = Point(float(found[1]), float(found[2]))
        if not (-180 <= point.lng <= 180 and -90 <= point.lat <= 90):
            raise ma.ValidationError("field.range")
        return point


class Day(fields.Date):
    """A date near enough to plan for."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        on: date = super()._deserialize(value, attr, data, **kwargs)
        if on.year not in _YEARS:
            raise ma.ValidationError("field.range")
        return on


class LocalDay(fields.Date):
    """An instant as the day it falls on in Beijing."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else beijing_date(value).isoformat()


class TimeOfDay(fields.String):
    """`HH:MM` on the wire, minutes after midnight inside; 24:00 is the end of the day."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value // 60:02d}:{value % 60:02d}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if text == "24:00":
            return 1440
        found = _TIME.fullmatch(text)
        if found is None:
            raise ma.ValidationError("sites.time_of_day")
        return int(found[1]) * 60 + int(found[2])


class SeasonDay(fields.String):
    """`MM-DD` on the wire, (month, day) inside."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value[0]:02d}-{value[1]:02d}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = _SEASON_DAY.fullmatch(str(super()._deserialize(value, attr, data, **kwargs)))
        try:
            if found is not None:
                on = date(_LEAP_YEAR, int(found[1]), int(found[2]))
                return on.month, on.day
        except ValueError:
            pass
        raise ma.ValidationError("sites.season_day")


class NoteText(fields.String):
    """What has to be said beside a site's name, in words; null for most sites."""

    def serialize(self, attr: str, obj: Any, accessor: Any = None, **kwargs: Any) -> str | None:
        if obj.note is None:
            return None
        # A listed site carries its reason itself, a page on its site.
        site = getattr(obj, "site", obj)
        return note_in_words(obj.note, reason=site.overlay_reason, until=site.overlay_until)


class OfTheSame(fields.Nested):
    """A part of the answer that groups fields of the same object."""

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = ma.missing) -> Any:
        return obj


class LocationView(Schema):
    """A place in degrees, always in GCJ-02, which WeChat's maps use."""

    lng = fields.Float(required=True)
    lat = fields.Float(required=True)
    crs = fields.Constant("gcj02", metadata={"type": "string", "enum": ["gcj02"]})
