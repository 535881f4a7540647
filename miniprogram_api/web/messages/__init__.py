"""What people read for each error code, Chinese first and English second; one module per feature."""

import importlib
import pkgutil
import re
from datetime import datetime
from functools import cache
from typing import Any

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?[+-]\d\d:\d\d")

Messages = dict[str, tuple[str, str]]


@cache
def catalogue() -> Messages:
    """Every code with its Chinese and English text."""
    merged: Messages = {}
    for module in pkgutil.iter_modules(__path__):
        merged |= importlib.import_module(f"{__name__}.{module.name}").MESSAGES
    return merged


def text(code: str, params: dict[str, Any], *, english: bool) -> str:
    """The text of a code in one language, with its values filled in."""
    chinese_text, english_text = catalogue()[code]
    shown = {name: _for_people(value, english=english) for name, value in params.items()}
    return (english_text if english else chinese_text).format_map(_Lenient(shown))


def _for_people(value: Any, *, english: bool) -> Any:
    """An instant as people say it; everything else as it is."""
    if not (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return value
    at = datetime.fromisoformat(value)
    return f"{at:%Y-%m-%d %H:%M}" if english else f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
