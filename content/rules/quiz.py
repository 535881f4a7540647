"""Questions on an article: how they are kept, and how answers to them are scored.

A quiz is a list of questions, each
`{"id": "q1", "text": …, "options": [{"id": "a", "text": …}, …], "right": ["a", …], "explanation": …}`;
ids are unique within their list. A question with several right options is answered by exactly those.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from miniprogram_api.kernel.errors import FieldError


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question, with what is right and why."""

    id: str
    text: str
    options: tuple[Option, ...]
    right: frozenset[str]
    explanation: str

    @property
    def several(self) -> bool:
        """Whether more than one option is to be chosen."""
        return len(self.right) > 1


@dataclass(frozen=True, slots=True)
class Marked:
    """A question as somebody answered it."""

    question: Question
    chosen: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return frozenset(self.chosen) == self.question.right


def questions_of(quiz: Sequence[Mapping[str, Any]]) -> list[Question]:
    """The questions of a quiz that was reviewed."""
    return [
        Question(
            id=str(question["id"]),
            text=str(question["text"]),
            options=tuple(Option(str(option["id"]), str(option["text"])) for option in question["options"]),
            right=frozenset(map(str, question["right"])),
            explanation=str(question.get("explanation", "")),
        )
        for question in quiz
    ]


def faults_of(questions: Sequence[Question], answers: Mapping[str, Collection[str]]) -> list[FieldError]:
    """What is wrong with answers: every question takes one, of its own options, each chosen once."""
    faults = [
        FieldError(f"answers.{name}", "field.unknown") for name in answers.keys() - {q.id for q in questions}
    ]
    for question in questions:
        chosen = answers.get(question.id, ())
        if not chosen:
            faults.append(FieldError(f"answers.{question.id}", "field.required"))
        elif len(set(chosen)) != len(chosen) or not {option.id for option in question.options} >= set(chosen):
            faults.append(FieldError(f"answers.{question.id}", "field.choice"))
    return faults


def mark(questions: Sequence[Question], answers: Mapping[str, Collection[str]]) -> list[Marked]:
    """Each question with what was chosen, in the order of its options."""
    return [
        Marked(
            question,
            tuple(option.id for option in question.options if option.id in set(answers.get(question.id, ()))),
        )
        for question in questions
    ]
