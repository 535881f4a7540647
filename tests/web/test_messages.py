"""Texts of codes: both languages, values filled in, and instants as people say them."""

import string

import pytest

from miniprogram_api.web import messages


def test_every_text_is_in_both_languages_and_the_chinese_one_names_no_value_of_its_own() -> None:
    assert len(messages.catalogue()) > 50
    for code, (chinese, english) in messages.catalogue().items():
        named = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (chinese, english)
        ]
        assert named[0] <= named[1], code


@pytest.mark.parametrize(
    ("english", "text"),
    [(False, "操作太频繁，请 9 秒后再试。"), (True, "Too many requests; try again in 9 seconds.")],
)
def test_values_are_filled_in(english: bool, text: str) -> None:
    assert messages.text("request.too_many", {"retry_after_s": 9, "more": 1}, english=english) == text


def test_a_value_that_is_missing_breaks_no_answer() -> None:
    assert messages.text("request.too_many", {}, english=False) == "操作太频繁，请 … 秒后再试。"


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        ("2026-11-23T09:05:00+08:00", "2026年11月23日 09:05", "2026-11-23 09:05"),
        ("2026-11-23T09:05+08:00", "2026年11月23日 09:05", "2026-11-23 09:05"),
        ("2026-11-23", "2026-11-23", "2026-11-23"),
        (5, "5", "5"),
    ],
)
def test_an_instant_is_said_as_people_say_it(
    monkeypatch: pytest.MonkeyPatch, value: object, chinese: str, english: str
) -> None:
    monkeypatch.setattr(messages, "catalogue", lambda: {"test.at": ("{at}起", "from {at}")})
    assert messages.text("test.at", {"at": value}, english=False) == f"{chinese}起"
    assert messages.text("test.at", {"at": value}, english=True) == f"from {english}"
