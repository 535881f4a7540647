"""Kinds of answers that several desks ask for, each with a refusal that says what to write instead."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from wtforms import DateField, Field, IntegerField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import DateInput, NumberInput, TimeInput

from miniprogram_api.kernel.clock import today
from miniprogram_api.web.schemas import without_control

_TIME = re.compile(r"([01]?\d|2[0-4])[:：]([0-5]\d)", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}")
_DAY_END = 1440
_YEARS = range(2000, 2101)


class WholeField(IntegerField):  # type: ignore[misc]  # the library has no types
    """A whole number; full-width digits are digits too."""

    widget = NumberInput(step=1)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            if not _WHOLE.fullmatch(text):
                raise ValueError("请填写整数，例如 20。")
            self.data = int(text)


class PointsField(StringField):  # type: ignore[misc]
    """Half points, written as 0.5, 1 or 1.5."""

    widget = NumberInput(step="0.5")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data / 2:g}"

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            if not re.fullmatch(r"\d{1,4}(\.[05]0*)?", text, re.ASCII):
                raise ValueError("请填写 0、0.5、1、1.5 这样的数。")
            self.data = round(float(text) * 2)


class ClockField(StringField):  # type: ignore[misc]
    """A time of day as minutes after midnight; the end of a span may be 00:00, which is then midnight."""

    widget = TimeInput()

    def __init__(self, *args: Any, ends: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ends = ends

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        return f"{self.data // 60 % 24:02d}:{self.data % 60:02d}"

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            found = _TIME.fullmatch(text)
            minute = int(found[1]) * 60 + int(found[2]) if found else _DAY_END + 1
            if minute > _DAY_END:
                raise ValueError("请按 09:30 的格式填写时间。")
            self.data = _DAY_END if self.ends and minute == 0 else minute


class DayField(DateField):  # type: ignore[misc]
    """A date."""

    widget = DateInput()

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            try:
                self.data = date.fromisoformat(text)
            except ValueError:
                raise ValueError(f"请按 {today().isoformat()} 的格式填写日期。") from None
            if self.data.year not in _YEARS:
                raise ValueError("请填写 2000 至 2100 年之间的日期。")


class LinesField(TextAreaField):  # type: ignore[misc]
    """A short list, one entry a line."""

    def __init__(self, *args: Any, most: int = 20, longest: int = 30, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most, self.longest = most, longest

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else "\n".join(self.data or [])

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        lines = valuelist[0].splitlines() if valuelist else []
        self.data = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if len(self.data) > self.most:
            raise ValueError(f"最多 {self.most} 行。")
        if any(len(line) > self.longest for line in self.data):
            raise ValueError(f"每行请控制在 {self.longest} 个字以内。")


class PlainText:
    """A filter for a text: trimmed, without control characters, and None where nothing is left."""

    def __call__(self, value: str | None) -> str | None:
        return without_control(value or "").replace("\r\n", "\n").strip() or None


def picks(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """What can be chosen: each value with its label."""
    return [SelectChoice(value, label) for value, label in pairs]


def not_before(first: str, told: str) -> Any:
    """The day is not before the day of another field."""

    def check(form: Any, field: Field) -> None:
        other = form[first].data
        if field.data is not None and other is not None and field.data < other:
            raise ValidationError(told)

    return check


def clean(text: str | None) -> str | None:
    """What PlainText leaves of a text."""
    return PlainText()(text)
