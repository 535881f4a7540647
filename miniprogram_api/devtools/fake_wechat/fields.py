"""Type and length rules of subscription message fields, one check per field type of the template language."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from miniprogram_api.devtools.fake_wechat.records import TemplateField

KEY = re.compile(r"([a-z_]+?)\d+")
CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
DAY = r"(\d{4})(?:年(\d{1,2})月(\d{1,2})日|([-/.])(\d{1,2})\4(\d{1,2}))"
DAY_AND_CLOCK = re.compile(rf"{DAY}(?: ?{CLOCK})?")
ONLY_CLOCK = re.compile(CLOCK)
MAX_THING, MAX_NUMBER, MAX_SYMBOLS, MAX_CHINESE_NAME, MAX_OTHER_NAME = 20, 32, 5, 10, 20
RANGE_ENDS = (1, 2)
CHINESE = r"\u3400-\u4dbf\u4e00-\u9fff"


def field_type(key: str) -> str:
    """`thing4` is of type `thing`; a key outside the pattern has no type."""
    match = KEY.fullmatch(key)
    return match.group(1) if match else ""


def is_valid(field: TemplateField, value: object, *, thing_units: str) -> bool:
    """Whether a value may be sent in this field: a string, not empty, without control characters."""
    if not isinstance(value, str) or not value.strip():
        return False
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in value):
        return False
    if field.enum_values:
        return value in field.enum_values
    kind = field_type(field.key)
    if kind == "thing":
        return _length(value, thing_units) <= MAX_THING
    rule = RULES.get(kind)
    return rule is not None and rule(value)


def _length(value: str, units: str) -> int:
    return len(value.encode("utf-16-le", "surrogatepass")) // 2 if units == "utf16" else len(value)


def _pattern(expression: str) -> Callable[[str], bool]:
    compiled = re.compile(expression)
    return lambda value: compiled.fullmatch(value) is not None


def _is_number(value: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None and len(value.replace(".", "")) <= MAX_NUMBER


def _is_symbols(value: str) -> bool:
    return len(value) <= MAX_SYMBOLS and all(unicodedata.category(char)[0] in "PS" for char in value)


def _is_day(text: str) -> bool:
    match = DAY_AND_CLOCK.fullmatch(text)
    if match is None:
        return False
    year, month, day = match.group(1), match.group(2) or match.group(5), match.group(3) or match.group(6)
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _is_clock(text: str) -> bool:
    if ONLY_CLOCK.fullmatch(text):
        return True
    return ":" in text and _is_day(text)


def _range(point: Callable[[str], bool]) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        ends = [end.strip() for end in value.split("~")]
        return len(ends) in RANGE_ENDS and all(point(end) for end in ends)

    return check


def _is_name(value: str) -> bool:
    if any(char.isdigit() for char in value):
        return False
    return len(value) <= (MAX_CHINESE_NAME if re.search(f"[{CHINESE}]", value) else MAX_OTHER_NAME)


RULES: dict[str, Callable[[str], bool]] = {
    "number": _is_number,
    "letter": _pattern(r"[A-Za-z]{1,32}"),
    "symbol": _is_symbols,
    "character_string": _pattern(r"[\x21-\x7e]{1,32}"),
    "time": _range(_is_clock),
    "date": _range(_is_day),
    "amount": _pattern(r"[¥￥$€£]?[0-9]{1,10}(\.[0-9]+)?元?"),
    "phone_number": _pattern(r"(?=.*[0-9])[0-9+\-*#()/., ]{1,17}"),
    "car_number": _pattern(rf"[A-Za-z0-9{CHINESE}]{{1,8}}"),
    "name": _is_name,
    "phrase": _pattern(rf"[{CHINESE}]{{1,5}}"),
}
