"""Which questions can be kept with a draft."""

from typing import Any

import pytest
from hypothesis import given

from content.rules.quiz import questions_of
from content.rules.quiz_checks import MOST_QUESTIONS, malformed
from miniprogram_api.web.messages import text as message
from tests.support.documents import json_values

pytestmark = pytest.mark.once


def question(name: str = "q1", **changes: Any) -> dict[str, Any]:
    made = {
        "id": name,
        "text": "COP 是 2，意思是？",
        "options": [{"id": "a", "text": "一份电，两份热"}, {"id": "b", "text": "升高两度"}],
        "right": ["a"],
        "explanation": "多出来的热是从室外搬来的。",
    }
    return made | changes


def wrong(*quiz: Any) -> list[tuple[str, str]]:
    faults = malformed(list(quiz))
    for fault in faults:
        assert "…" not in message(fault.code, fault.params, english=False)
    return [(fault.field, fault.code.removeprefix("content.")) for fault in faults]


def test_questions_that_are_finished_or_begun_can_be_kept() -> None:
    begun = {"id": "q2"}
    assert wrong() == []
    assert wrong(question(), begun, question("q3", options=[], right=[], text="", explanation="")) == []
    assert wrong(*(question(f"q{number}") for number in range(MOST_QUESTIONS))) == []
    assert wrong(question(right=["b", "a"])) == []


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("no question", [("quiz[0]", "quiz_shape")]),
        ({"text": "无编号"}, [("quiz[0]", "quiz_shape")]),
        (question(""), [("quiz[0]", "quiz_shape")]),
        (question("a b"), [("quiz[0]", "quiz_shape")]),
        (question(score=5), [("quiz[0]", "quiz_shape")]),
        (question(text=5), [("quiz[0].text", "quiz_shape")]),
        (question(text="\x00"), [("quiz[0].text", "quiz_shape")]),
        (question(text="\ud800"), [("quiz[0].text", "quiz_shape")]),
        (question(text="一" * 201), [("quiz[0].text", "too_long")]),
        (question(explanation="一" * 501), [("quiz[0].explanation", "too_long")]),
        (question(options={"a": "一"}), [("quiz[0]", "quiz_shape")]),
        (question(options=["一"]), [("quiz[0].options[0]", "quiz_shape")]),
        (
            question(options=[{"id": "a", "text": "一", "right": True}]),
            [("quiz[0].options[0]", "quiz_shape")],
        ),
        (question(options=[{"id": "a", "text": "一" * 101}]), [("quiz[0].options[0].text", "too_long")]),
        (question(options=[{"id": f"o{n}"} for n in range(7)]), [("quiz[0].options", "quiz_many_options")]),
        (question(options=[{"id": "a"}, {"id": "a"}]), [("quiz[0].options", "quiz_twice")]),
        (question(right="a"), [("quiz[0]", "quiz_shape")]),
        (question(right=["c"]), [("quiz[0].right", "quiz_right_unknown")]),
        (question(right=[["a"]]), [("quiz[0].right", "quiz_right_unknown")]),
        (question(right=["a", "a"]), [("quiz[0].right", "quiz_twice")]),
    ],
)
def test_what_is_no_question_is_refused_with_its_place(made: Any, expected: list[tuple[str, str]]) -> None:
    assert wrong(made) == expected


def test_questions_are_few_and_each_is_one() -> None:
    too_many = (question(f"q{number}") for number in range(MOST_QUESTIONS + 1))
    assert wrong(*too_many) == [("quiz", "quiz_questions")]
    assert wrong(question(), question()) == [("quiz", "quiz_twice")]
    assert [fault.code for fault in malformed({"0": question()})] == ["content.quiz_shape"]


@given(json_values)
def test_any_json_is_a_quiz_or_none(value: Any) -> None:
    if not malformed(value) and all(part.keys() >= {"text", "options", "right"} for part in value):
        questions_of(value)
