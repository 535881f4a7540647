"""Text moderation: errcode 0 is no verdict, the worst piece decides, and doubt means a person looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.wechat.errors import TextUnchecked, WeChatUnavailable
from miniprogram_api.wechat.gateway import Gateway
from miniprogram_api.wechat.moderation import (
    OVERLAP_UNITS,
    PIECE_UNITS,
    Suggestion,
    TextScene,
    Verdict,
    read_verdict,
    split_text,
    utf16_units,
)
from tests.wechat.support import CHECK_TEXT, FakeControl

pytestmark = pytest.mark.once

RISKY, REVIEW = "违规测试词", "复审测试词"


def check(gateway: Gateway, wechat: FakeControl, content: str) -> Verdict:
    return gateway.check_text(wechat.openid("alice"), TextScene.COMMENT, content)


def test_a_clean_text_passes(gateway: Gateway, wechat: FakeControl) -> None:
    assert check(gateway, wechat, "绿色出行，从我做起") == Verdict(Suggestion.PASS)

    (call,) = wechat.get("/moderation")["calls"]
    assert (call["version"], call["scene"], call["content"]) == (2, 2, "绿色出行，从我做起")


def test_a_risky_text_is_risky_although_errcode_is_zero(gateway: Gateway, wechat: FakeControl) -> None:
    assert check(gateway, wechat, f"含有{RISKY}") == Verdict(Suggestion.RISKY, (20006,))


def test_a_doubtful_text_is_for_review(gateway: Gateway, wechat: FakeControl) -> None:
    assert check(gateway, wechat, f"含有{REVIEW}") == Verdict(Suggestion.REVIEW, (21000,))


def test_title_and_nickname_are_judged_too(gateway: Gateway, wechat: FakeControl) -> None:
    openid = wechat.openid("alice")

    verdict = gateway.check_text(openid, TextScene.FORUM, "好", title=RISKY, nickname="小明")

    assert verdict.suggest is Suggestion.RISKY


@pytest.mark.parametrize("content", ["", "   ", "\n"])
def test_an_empty_text_needs_no_call(gateway: Gateway, wechat: FakeControl, content: str) -> None:
    assert check(gateway, wechat, content).suggest is Suggestion.PASS
    assert wechat.counts() == {}


def test_a_text_within_the_limit_is_one_call_and_one_more_character_makes_two(
    gateway: Gateway, wechat: FakeControl
) -> None:
    check(gateway, wechat, "字" * 2500)
    assert wechat.count(CHECK_TEXT) == 1

    check(gateway, wechat, "字" * 2501)
    assert wechat.count(CHECK_TEXT) == 3


@pytest.mark.parametrize("at", [0, 2395, 2398, 2497, 2499, 4890, 5200])
def test_a_word_is_found_wherever_the_cut_falls(gateway: Gateway, wechat: FakeControl, at: int) -> None:
    content = "字" * at + RISKY + "字" * (5300 - at)

    assert check(gateway, wechat, content).suggest is Suggestion.RISKY


def test_the_worst_piece_decides_and_labels_add_up(gateway: Gateway, wechat: FakeControl) -> None:
    content = REVIEW + "字" * 3000 + RISKY

    assert check(gateway, wechat, content) == Verdict(Suggestion.RISKY, (20006, 21000))


def test_a_failure_in_a_later_piece_is_a_failure_of_the_whole(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(CHECK_TEXT, "reset_before", skip=1)

    with pytest.raises(WeChatUnavailable):
        check(gateway, wechat, "字" * 3000)


def test_someone_not_recently_in_the_mini_program_cannot_be_judged(
    gateway: Gateway, wechat: FakeControl
) -> None:
    openid = wechat.openid("alice")
    wechat.post("/visits", person="alice", hours_ago=3)

    with pytest.raises(TextUnchecked):
        gateway.check_text(openid, TextScene.COMMENT, "你好")


def test_the_openid_of_nobody_cannot_be_judged(gateway: Gateway, wechat: FakeControl) -> None:
    with pytest.raises(TextUnchecked):
        gateway.check_text("oNobody", TextScene.COMMENT, "你好")


@pytest.mark.parametrize(
    ("errcode", "calls"), [(-1, 3), (44991, 1), (45009, 1), (48001, 1), (40129, 1), (47001, 1), (999, 1)]
)
def test_any_other_answer_holds_the_text_for_review(
    gateway: Gateway, wechat: FakeControl, errcode: int, calls: int
) -> None:
    wechat.fault(CHECK_TEXT, "errcode", times=9, errcode=errcode)

    with pytest.raises(WeChatUnavailable):
        check(gateway, wechat, "你好")

    assert wechat.count(CHECK_TEXT) == calls


def test_the_older_word_for_risky_is_understood(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(CHECK_TEXT, "errcode", errcode=87014)

    assert check(gateway, wechat, "你好").suggest is Suggestion.RISKY


def test_a_pass_with_a_check_that_did_not_run_is_for_review(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.post("/settings", detail_errcode=-1)

    assert check(gateway, wechat, "你好").suggest is Suggestion.REVIEW


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"result": None},
        {"result": "pass"},
        {"result": {}},
        {"result": {"suggest": "PASS"}},
        {"result": {"suggest": None, "label": 100}},
        {"result": {"suggest": ["pass"]}},
    ],
)
def test_an_answer_without_a_verdict_is_none(body: dict[str, object]) -> None:
    assert read_verdict(body) is None


def test_a_verdict_needs_no_detail() -> None:
    assert read_verdict({"result": {"suggest": "pass", "label": 100}}) == Verdict(Suggestion.PASS)


@pytest.mark.parametrize("detail", [{}, [1], [{"errcode": 87014}], "none"])
def test_a_detail_that_cannot_be_read_is_no_clean_bill(detail: object) -> None:
    body = {"result": {"suggest": "pass", "label": 100}, "detail": detail}

    assert read_verdict(body) == Verdict(Suggestion.REVIEW)


@given(st.text(alphabet="字a😀", max_size=8000))
def test_pieces_fit_overlap_and_lose_nothing(text: str) -> None:
    pieces = split_text(text)

    assert all(utf16_units(piece) <= PIECE_UNITS for piece in pieces)
    rebuilt = pieces[0]
    for piece in pieces[1:]:
        assert rebuilt.endswith(piece[:OVERLAP_UNITS])
        rebuilt += piece[OVERLAP_UNITS:]
    assert rebuilt == text


@pytest.mark.parametrize("text", ["😀" * 6000, "字" * 6000, "a😀" * 4000])
def test_long_pieces_fit_overlap_and_lose_nothing(text: str) -> None:
    test_pieces_fit_overlap_and_lose_nothing.hypothesis.inner_test(text)  # type: ignore[attr-defined]  # hypothesis
