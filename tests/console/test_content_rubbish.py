"""Rubbish in the forms and filters of content, writing and feedback: no failure, and no English."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from wtforms import FileField

from miniprogram_api.console import forms
from miniprogram_api.console.forms import ConsoleForm, content, feedback, writing
from miniprogram_api.feedback.models import FeedbackState
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.content import make_asset, make_topic
from tests.factories.feedback import make_feedback
from tests.support.content_desk import Shelf, fill_shelf, sit_down
from tests.support.pages import PageClient, text_of

NUL = "a\0b"
RUBBISH = ("abc", "--5", "9" * 4_500, "2026-13-45", "\0", NUL, "x" * 9_000, "1e5", "²")
DESKS = ("/console/content/", "/console/feedback")
_ENGLISH = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")


def forms_of_these_desks() -> Iterator[type[ConsoleForm]]:
    for module in (content, writing, feedback):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, ConsoleForm) and kind is not ConsoleForm:
                yield kind


@pytest.mark.parametrize("rubbish", RUBBISH, ids=range(len(RUBBISH)))
@pytest.mark.parametrize("kind", sorted(set(forms_of_these_desks()), key=lambda kind: kind.__name__))
def test_no_form_refuses_in_english(app: Flask, kind: type[ConsoleForm], rubbish: str) -> None:
    names = [name for name in dir(kind) if hasattr(getattr(kind, name), "field_class")]
    for sent in (dict.fromkeys(names, rubbish), {}):
        with app.test_request_context("/", method="POST", data=sent):
            form = kind()
            for field in form:
                if getattr(field, "choices", "") is None:
                    field.choices = []
            form.validate()
            assert not [text for _, text in form.faults if _ENGLISH.search(text)]
            kept = [field.data for field in form if not isinstance(field, FileField)]
            assert not [value for value in kept if isinstance(value, str) and "\0" in value]


def test_what_the_library_has_no_chinese_for_is_not_said_in_english() -> None:
    words = forms._WORDS
    assert words.gettext("Not a valid integer value.") == "不是有效的整数。"
    assert words.gettext("Not a valid week value.") == "这一项填写得不对，请改正。"
    assert words.gettext("Reason") == "Reason"


@pytest.fixture
def shelf(app: Flask, clock: Clock) -> Shelf:
    with atomic() as session:
        return fill_shelf(session)


@pytest.fixture
def people(app: Flask, shelf: Shelf) -> list[PageClient]:
    """Who writes, and who reviews and publishes."""
    return [sit_down(app, staff_id) for staff_id in (shelf.desk.writer, shelf.desk.reviewers[1])]


@pytest.fixture
def ids(shelf: Shelf) -> dict[str, Any]:
    with atomic() as session:
        return {
            "topic_id": make_topic(session).id,
            "asset_id": make_asset(session).id,
            "feedback_id": make_feedback(session, state=FeedbackState.OPEN).id,
        }


def addresses(app: Flask, shelf: Shelf, ids: dict[str, Any], method: str) -> Iterator[tuple[str, str]]:
    """Every address of these desks, with something that is there where it names something."""
    adapter = app.url_map.bind("localhost")
    articles = [article.id for article in shelf.articles.values()]
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()) and rule.rule.startswith(DESKS):
            for article_id in articles if "article_id" in rule.arguments else articles[:1]:
                known = {"article_id": article_id, "number": 1, **ids}
                values = {name: known.get(name, 0) for name in rule.arguments}
                yield rule.endpoint, adapter.build(rule.endpoint, values, method=method)


NAMES = ("q", "list", "state", "kind", "topic", "place", "mine", "which", "step", "after", "before", "waits")
MORE = ("subject", "from", "to", "cursor", "word", "reason", "number", "text", "note", "first", "last")


def test_no_filter_of_these_desks_fails_for_a_nul(
    app: Flask, shelf: Shelf, ids: dict[str, Any], people: list[PageClient]
) -> None:
    failed = []
    for who in people:
        for endpoint, path in sorted(set(addresses(app, shelf, ids, "GET"))):
            for query in (dict.fromkeys((*NAMES, *MORE), NUL), dict.fromkeys(("q", "word", "list"), NUL)):
                answer = who.client.get(path, query_string=query)
                if answer.status_code >= 500:
                    failed.append((endpoint, answer.status_code))
    assert failed == []


KNOWN = {
    "decision": "return",
    "step": "first",
    "kind": "news",
    "when": "now",
    "list": "wrong",
    "place": "city",
    "licence": writing.LICENCES[0],
}
FIELDS = ("content_hash", "note", "block", "word", "reason", "name", "summary", "cover", "suggestion", "to")
TEXTS = (
    "title",
    "text",
    "alt",
    "source",
    "left",
    "top",
    "width",
    "height",
    "on",
    "at",
    "base",
    "number",
    "tab",
)


@pytest.mark.parametrize("known", [KNOWN, {}, KNOWN | {"decision": "approve", "list": "x"}])
def test_no_command_of_these_desks_fails_for_a_nul_or_an_unknown_choice(
    app: Flask, shelf: Shelf, ids: dict[str, Any], people: list[PageClient], known: dict[str, str]
) -> None:
    failed = []
    rubbish = dict.fromkeys((*FIELDS, *TEXTS, *KNOWN), NUL) | known
    for who in people:
        for endpoint, path in sorted(set(addresses(app, shelf, ids, "POST"))):
            answer = who.post(path, rubbish)
            if answer.status_code >= 500:
                failed.append((endpoint, answer.status_code))
    assert failed == []


def test_a_word_is_kept_only_on_a_list_that_there_is(shelf: Shelf, people: list[PageClient]) -> None:
    article = next(iter(shelf.articles))
    fields = {"list": "x", "word": "发电", "reason": "这是专有名词"}
    answer = people[0].post(shelf.at(article, "/keep-word"), fields)
    assert answer.status_code == 422
    assert "请回到文章页面，从词表提示那里进来。" in text_of(answer)


def test_a_paragraph_that_is_no_number_is_refused_in_chinese(shelf: Shelf, people: list[PageClient]) -> None:
    fields = {"decision": "return", "step": "first", "note": "请改。", "block": "abc", "content_hash": "x"}
    answer = people[1].post(shelf.at("等初审的光伏", "/review"), fields)
    assert answer.status_code == 422
    assert "请填写整数，例如 20。" in text_of(answer)
