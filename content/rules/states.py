"""The state of an article in words that name instants in Beijing's time; the desk says nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from content.models import Standing, SubmissionState
from content.rules.review import STEP_NAMES, step_due
from miniprogram_api.kernel.clock import BEIJING

# The sweep runs every minute and may take one: what has not appeared by then is overdue.
OVERDUE_AFTER = timedelta(minutes=2)
_WEEKDAYS = "一二三四五六日"


class ArticleState(StrEnum):
    """What an article waits for, or, when it waits for nothing, what the public sees of it."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    OVERDUE = "overdue"
    LIVE = "live"
    LIVE_EDITED = "live_edited"
    RETRACTED = "retracted"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFacts:
    """What the state of an article follows from; hashes are of texts.

    `submission` is the one put forward last, `submitted_hash` its text, `planned_for` when something is to be
    published.
    """

    standing: Standing
    latest_hash: str
    live_hash: str | None = None
    submission: SubmissionState | None = None
    submitted_hash: str | None = None
    approved_steps: int = 0
    planned_for: datetime | None = None
    retracted_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A state, and how it is said."""

    code: ArticleState
    words: str


_STANDING_WORDS = {
    Standing.LIVE: (ArticleState.LIVE, "已发布"),
    Standing.RETRACTED: (ArticleState.RETRACTED, "已撤回"),
    Standing.EXPIRED: (ArticleState.EXPIRED, "已到期"),
}


def state_of(facts: StateFacts, now: datetime) -> State:
    """The state of an article; of one that was shown it says both what is seen and what comes."""
    coming = _coming(facts, now)
    if facts.standing is Standing.DRAFT:
        return coming or State(ArticleState.DRAFT, "草稿")
    seen, words = _STANDING_WORDS[facts.standing]
    if coming is not None:
        if facts.submitted_hash == facts.live_hash and facts.planned_for is None:
            return State(coming.code, f"{words}，{coming.words}")
        return State(coming.code, f"{words}，修改{coming.words}")
    if facts.latest_hash != facts.live_hash:
        edited = ArticleState.LIVE_EDITED if facts.standing is Standing.LIVE else seen
        return State(edited, f"{words}，有未发布的修改")
    return State(seen, words)


def _coming(facts: StateFacts, now: datetime) -> State | None:
    """What an article waits for."""
    if facts.planned_for is not None:
        if facts.planned_for + OVERDUE_AFTER <= now:
            return State(ArticleState.OVERDUE, f"逾期未发布（原定 {say_instant(facts.planned_for, now)}）")
        return State(ArticleState.SCHEDULED, f"定于 {say_instant(facts.planned_for, now)} 发布")
    match facts.submission:
        case SubmissionState.OPEN:
            step = STEP_NAMES[step_due(facts.approved_steps)]
            return State(ArticleState.IN_REVIEW, f"待{step}")
        case SubmissionState.APPROVED if facts.submitted_hash != facts.live_hash or not _is_live(facts):
            return _approved(facts)
        case SubmissionState.RETURNED if facts.submitted_hash == facts.latest_hash:
            return State(ArticleState.RETURNED, "已退回")
        case _:
            return None


def _approved(facts: StateFacts) -> State | None:
    # What expired was published by this approval: it waits for nobody.
    if facts.standing is Standing.EXPIRED and facts.submitted_hash == facts.live_hash:
        return None
    return State(ArticleState.APPROVED, "审核通过，待发布")


def _is_live(facts: StateFacts) -> bool:
    return facts.standing is Standing.LIVE


def say_instant(at: datetime, now: datetime) -> str:
    """11月25日（周三）08:00 in Beijing's time; with the year when it is another one."""
    there, here = at.astimezone(BEIJING), now.astimezone(BEIJING)
    year = "" if there.year == here.year else f"{there.year}年"
    return f"{year}{there.month}月{there.day}日（周{_WEEKDAYS[there.weekday()]}）{there:%H:%M}"
