"""Values of subscribe messages in the form WeChat accepts, so that no message is lost to 47003."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.wechat.errors import ArgumentRefused
from miniprogram_api.wechat.moderation import utf16_units

Value = str | int | date | datetime

_BLANK = "-"
_ELLIPSIS = "..."
_THING_UNITS = 20
_NAME_UNITS = 20
_CHINESE_NAME_UNITS = 10
_CAR_NUMBER_UNITS = 8

_KEY = re.compile(r"([a-z]+(?:_[a-z]+)*)[0-9]{1,4}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
_DAY = r"[0-9]{4}(?:年[0-9]{1,2}月[0-9]{1,2}日|([-/.])[0-9]{1,2}\1[0-9]{1,2})"
_DAY_AGAIN = _DAY.replace(r"\1", r"\2")
_FORMS = {
    "number": re.compile(r"(?=.{1,32}\Z)[0-9]+(?:\.[0-9]+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(rf"(?:{_DAY} ?)?{_CLOCK}(?: ?~ ?(?:{_DAY_AGAIN} ?)?{_CLOCK})?"),
    "date": re.compile(rf"{_DAY}(?: {_CLOCK})?(?: ?~ ?{_DAY_AGAIN}(?: {_CLOCK})?)?"),
    "amount": re.compile(r"[¥￥$€£]?[0-9]{1,10}(?:\.[0-9]{1,2})?元?"),
    "phone_number": re.compile(r"[0-9+\-() *]{1,17}"),
    "car_number": re.compile(r"[\u4e00-\u9fffA-Za-z0-9]{1,8}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}


def format_fields(
    values: Mapping[str, Value], enums: Mapping[str, Sequence[str]] | None = None
) -> dict[str, dict[str, str]]:
    """The `data` of a message, by the template's own keys; raise ArgumentRefused for what will not fit.

    Free text is shortened and a blank becomes a dash. Codes, numbers and times are never altered: half a
    code is a wrong code.
    """
    allowed = enums or {}
    return {key: {"value": format_field(key, value, allowed.get(key))} for key, value in values.items()}


def format_field(key: str, value: Value, allowed: Sequence[str] | None = None) -> str:
    """One value by the rules of its key's type (`thing4` is a `thing`); raise ArgumentRefused."""
    matched = _KEY.fullmatch(key)
    kind = matched[1] if matched else ""
    if allowed is not None or kind in {"enum", "enum_string"}:
        return _one_of(key, str(value), allowed or ())
    text = _one_line(_as_text(kind, value))
    if kind in _FREE_TEXT:
        return _FREE_TEXT[kind](text)
    form = _FORMS.get(kind)
    if form is None:
        raise ArgumentRefused(name=key, rule="unknown_type")
    if not form.fullmatch(text) or (kind == "car_number" and utf16_units(text) > _CAR_NUMBER_UNITS):
        raise ArgumentRefused(name=key, rule=kind)
    return text


def _one_of(key: str, text: str, allowed: Sequence[str]) -> str:
    if text not in allowed:
        raise ArgumentRefused(name=key, rule="enum")
    return text


def _as_text(kind: str, value: Value) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(BEIJING)
        clock = f" {local:%H:%M}" if kind != "date" else ""
        return f"{local.year}年{local.month}月{local.day}日{clock}"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    return str(value)


def _one_line(text: str) -> str:
    # Controls, lone surrogates and line ends of every script; joiners inside emoji (Cf) stay.
    printable = (" " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in text)
    return " ".join("".join(printable).split())


def _thing(text: str) -> str:
    if utf16_units(text) <= _THING_UNITS:
        return text or _BLANK
    return _cut(text, _THING_UNITS - len(_ELLIPSIS)) + _ELLIPSIS


def _name(text: str) -> str:
    letters = "".join(char for char in text if not char.isdigit()).strip()
    limit = _CHINESE_NAME_UNITS if _CHINESE.search(letters) or not letters.isascii() else _NAME_UNITS
    return _cut(letters, limit) or _BLANK


def _cut(text: str, units: int) -> str:
    kept = text[:units]
    while utf16_units(kept) > units:
        kept = kept[:-1]
    # A joiner or a variation selector at the end would wait for what was cut off.
    return kept.rstrip("\u200d\ufe0f ")


_FREE_TEXT: dict[str, Callable[[str], str]] = {"thing": _thing, "name": _name}
