"""The state of an article in words, which name instants in Beijing's time and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from content.models import Standing, SubmissionState
from content.rules.states import ArticleState, StateFacts, say_instant, state_of

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Beijing
AT_EIGHT = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)


def put_forward(state: SubmissionState, *, passed: int = 0, text: str = "a") -> dict[str, object]:
    return {"submission": state, "submitted_hash": text, "approved_steps": passed}


DRAFT = {"standing": Standing.DRAFT, "latest_hash": "a"}
LIVE = {"standing": Standing.LIVE, "latest_hash": "a", "live_hash": "a"}
EDITED = LIVE | {"latest_hash": "b"}
RETRACTED, EXPIRED = LIVE | {"standing": Standing.RETRACTED}, LIVE | {"standing": Standing.EXPIRED}
OPEN, APPROVED, RETURNED = SubmissionState.OPEN, SubmissionState.APPROVED, SubmissionState.RETURNED
PUBLISHED = put_forward(APPROVED, passed=1)


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        (DRAFT, "draft", "草稿"),
        (DRAFT | put_forward(SubmissionState.WITHDRAWN), "draft", "草稿"),
        (DRAFT | put_forward(SubmissionState.SUPERSEDED), "draft", "草稿"),
        (DRAFT | put_forward(RETURNED, text="older"), "draft", "草稿"),
        (DRAFT | put_forward(OPEN), "in_review", "待初审"),
        (DRAFT | put_forward(OPEN, passed=1), "in_review", "待复审"),
        (DRAFT | put_forward(OPEN, passed=2), "in_review", "待终审"),
        (DRAFT | put_forward(RETURNED), "returned", "已退回"),
        (DRAFT | PUBLISHED, "approved", "审核通过，待发布"),
        (DRAFT | PUBLISHED | {"planned_for": AT_EIGHT}, "scheduled", "定于 11月25日（周三）08:00 发布"),
        (
            DRAFT | PUBLISHED | {"planned_for": NOW - timedelta(minutes=2)},
            "overdue",
            "逾期未发布（原定 11月23日（周一）09:58）",
        ),
        (
            DRAFT | PUBLISHED | {"planned_for": NOW - timedelta(seconds=119)},
            "scheduled",
            "定于 11月23日（周一）09:58 发布",
        ),
        (LIVE | PUBLISHED, "live", "已发布"),
        (EDITED | put_forward(SubmissionState.SUPERSEDED), "live_edited", "已发布，有未发布的修改"),
        (EDITED | put_forward(OPEN, passed=1, text="b"), "in_review", "已发布，修改待复审"),
        (EDITED | put_forward(RETURNED, text="b"), "returned", "已发布，修改已退回"),
        (EDITED | put_forward(APPROVED, passed=1, text="b"), "approved", "已发布，修改审核通过，待发布"),
        (
            EDITED | put_forward(APPROVED, passed=1, text="b") | {"planned_for": AT_EIGHT},
            "scheduled",
            "已发布，修改定于 11月25日（周三）08:00 发布",
        ),
        (RETRACTED | put_forward(SubmissionState.WITHDRAWN), "retracted", "已撤回"),
        (RETRACTED | put_forward(OPEN), "in_review", "已撤回，待初审"),
        (RETRACTED | {"latest_hash": "b"}, "retracted", "已撤回，有未发布的修改"),
        (EXPIRED | PUBLISHED, "expired", "已到期"),
    ],
)
def test_a_state_is_said_in_words(facts: dict[str, object], code: str, words: str) -> None:
    state = state_of(StateFacts(**facts), NOW)  # type: ignore[arg-type]
    assert (state.code, state.words) == (ArticleState(code), words)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "12月31日（周四）23:59"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2027年1月1日（周五）00:00"),
    ],
)
def test_an_instant_is_beijings_and_names_another_year(at: datetime, said: str) -> None:
    assert say_instant(at, NOW) == said
