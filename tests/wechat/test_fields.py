"""The forms of message values, by the strictest reading of WeChat's rules."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.wechat.errors import ArgumentRefused
from miniprogram_api.wechat.fields import Value, format_field, format_fields
from miniprogram_api.wechat.moderation import utf16_units

AT = datetime(2026, 10, 1, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "value", "formatted"),
    [
        ("thing1", "低碳示范", "低碳示范"),
        ("thing12", "二" * 20, "二" * 20),
        ("thing1", "二" * 21, "二" * 17 + "..."),
        ("thing1", "😀" * 10, "😀" * 10),
        ("thing1", "😀" * 11, "😀" * 8 + "..."),
        ("thing1", "一" * 16 + "👍🏽", "一" * 16 + "👍🏽"),
        ("thing1", "a\u200d" * 20, "a\u200d" * 8 + "a" + "..."),
        ("thing1", "  两  端\t空白\n", "两 端 空白"),
        ("thing1", "", "-"),
        ("thing1", "\r\n", "-"),
        ("thing1", 7, "7"),
        ("number3", 12, "12"),
        ("number3", "3.50", "3.50"),
        ("letter1", "ABC", "ABC"),
        ("symbol1", "!?", "!?"),
        ("character_string7", "AB-12/3", "AB-12/3"),
        ("time5", AT, "2026年10月1日 09:05"),
        ("time5", "15:01", "15:01"),
        ("time5", "15:01:00", "15:01:00"),
        ("time5", "2026-10-01 09:00", "2026-10-01 09:00"),
        ("time5", "2026年10月1日 09:00~10:30", "2026年10月1日 09:00~10:30"),
        ("time5", "2026年10月1日 09:00 ~ 2026年10月2日 10:30", "2026年10月1日 09:00 ~ 2026年10月2日 10:30"),
        ("date2", date(2026, 10, 1), "2026年10月1日"),
        ("date2", AT, "2026年10月1日"),
        ("date2", "2026.10.1~2026.10.3", "2026.10.1~2026.10.3"),
        ("amount1", "¥12.50元", "¥12.50元"),
        ("phone_number1", "+86-0431-8888", "+86-0431-8888"),
        ("car_number1", "吉A12345D", "吉A12345D"),
        ("name1", "张三", "张三"),
        ("name1", "张三丰张三丰张三丰张三丰", "张三丰张三丰张三丰张"),
        ("name1", "Alexander Hamilton Junior", "Alexander Hamilton J"),
        ("name1", "李4", "李"),
        ("name1", "123", "-"),
        ("phrase8", "已取消", "已取消"),
    ],
)
def test_a_value_takes_the_form_of_its_type(key: str, value: Value, formatted: str) -> None:
    assert format_field(key, value) == formatted


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("number3", "twelve"),
        ("number3", "-1"),
        ("number3", ""),
        ("number3", "1" * 33),
        ("number3", "１２"),
        ("letter1", "abc1"),
        ("letter1", "a" * 33),
        ("symbol1", "!!!!!!"),
        ("character_string7", "单号1"),
        ("character_string7", "A" * 33),
        ("character_string7", "A B"),
        ("character_string7", ""),
        ("time5", "24:00"),
        ("time5", "9点"),
        ("time5", "2026-10/01 09:00"),
        ("date2", "2026年10月"),
        ("amount1", "12345678901"),
        ("phone_number1", "1" * 18),
        ("car_number1", "吉A1234567"),
        ("phrase8", "已取消1"),
        ("phrase8", "超过五个汉字"),
        ("phrase8", "ok"),
        ("enum_string1", "甲"),
        ("unknown1", "x"),
        ("thing", "x"),
        ("Thing1", "x"),
        ("thing1.DATA", "x"),
    ],
)
def test_a_value_that_cannot_be_made_fit_is_refused_and_not_repeated(key: str, value: Value) -> None:
    with pytest.raises(ArgumentRefused) as refused:
        format_field(key, value)

    assert refused.value.params["name"] == key
    assert set(refused.value.params) == {"name", "rule"}


def test_an_enumerated_field_takes_one_of_its_values() -> None:
    enums = {"enum1": ["上午", "下午"], "thing3": ["甲"]}

    assert format_fields({"enum1": "上午", "thing3": "甲"}, enums) == {
        "enum1": {"value": "上午"},
        "thing3": {"value": "甲"},
    }
    with pytest.raises(ArgumentRefused):
        format_fields({"enum1": "晚上"}, enums)


@given(st.text())
def test_a_thing_always_fits_and_never_ends_in_half_a_character(text: str) -> None:
    formatted = format_field("thing1", text)

    assert 1 <= utf16_units(formatted) <= 20
    assert not any(ord(char) < 32 for char in formatted)
    assert formatted.encode()


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_name_always_fits(text: str) -> None:
    formatted = format_field("name1", text)

    assert 1 <= utf16_units(formatted) <= 20
    assert not any(char.isdigit() for char in formatted)
