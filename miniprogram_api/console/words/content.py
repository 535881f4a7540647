"""How the publicity desk names kinds, steps and states, and what it says of an article."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from content.service import (
    ArticleKind,
    Audience,
    ContentClass,
    Decision,
    OfficialState,
    Standing,
    Step,
    SubmissionState,
    WordList,
)
from miniprogram_api.console.words import say_ago, say_instant
from miniprogram_api.web import messages

KINDS: Mapping[str, str] = {
    ArticleKind.KNOWLEDGE.value: "知识",
    ArticleKind.NEWS.value: "资讯",
    ArticleKind.TECHNOLOGY.value: "技术",
}
CLASSES: Mapping[str, str] = {
    ContentClass.NORMAL.value: "一般稿件",
    ContentClass.IMPORTANT.value: "重要稿件",
    ContentClass.SENSITIVE.value: "敏感稿件",
}
AUDIENCES: Mapping[str, str] = {
    Audience.EVERYONE.value: "所有人",
    Audience.SCHOOLS.value: "学校",
    Audience.COMMUNITIES.value: "社区",
    Audience.VISITORS.value: "参观者",
}
STEPS: Mapping[str, str] = {
    Step.FIRST.value: "初审",
    Step.SECOND.value: "复审",
    Step.FINAL.value: "终审",
}
STEP_ORDER = tuple(Step)
_STEP_COUNTS = {1: "一审", 2: "二审", 3: "三审"}
# What the revision that was published last is called, by what has become of it.
SHOWN_VERSIONS: Mapping[str, str] = {
    Standing.DRAFT.value: "线上版本",
    Standing.LIVE.value: "线上版本",
    Standing.RETRACTED.value: "撤回前的版本",
    Standing.EXPIRED.value: "到期前的版本",
}
DECISIONS: Mapping[str, tuple[str, str]] = {
    Decision.APPROVED.value: ("通过", "good"),
    Decision.RETURNED.value: ("退回", "danger"),
}
SUBMISSIONS: Mapping[str, tuple[str, str]] = {
    SubmissionState.OPEN.value: ("审核中", "warning"),
    SubmissionState.APPROVED.value: ("审核通过", "good"),
    SubmissionState.RETURNED.value: ("已退回", "danger"),
    SubmissionState.WITHDRAWN.value: ("作者撤回了送审", "quiet"),
    SubmissionState.SUPERSEDED.value: ("改动后失效", "quiet"),
}
WORD_LISTS: Mapping[str, str] = {WordList.WRONG.value: "错词", WordList.SENSITIVE.value: "敏感词"}
OFFICIAL: Mapping[str, tuple[str, str]] = {
    OfficialState.PENDING.value: ("等待发送", "quiet"),
    OfficialState.SENDING.value: ("正在发送", "quiet"),
    OfficialState.DRAFT.value: ("已成为公众号草稿", "good"),
    OfficialState.QUEUED.value: ("微信已受理，等待结果", "warning"),
    OfficialState.PUBLISHED.value: ("已在公众号发布", "good"),
    OfficialState.FAILED.value: ("没有成功", "danger"),
    OfficialState.UNKNOWN.value: ("不确定是否送达，不会自动重发，请到公众号后台核对", "danger"),
}
# Filters of the list, in the order of an article's life.
STATES: Mapping[str, str] = {
    "draft": "草稿",
    "review": "审核中",
    "returned": "已退回",
    "approved": "待发布",
    "planned": "已定时",
    "overdue": "逾期未发布",
    "live": "已发布",
    "retracted": "已撤回",
    "expired": "已到期",
}
# A plan whose minute has gone by, and the one after it, is late.
_GRACE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Saying:
    """A state in words, the tone of its mark, and what more there is to say."""

    text: str
    tone: str = "quiet"
    more: str = ""


def is_overdue(plan: Any, now: datetime) -> bool:
    """Whether a plan's time has passed without its article being published."""
    return plan is not None and plan.publish_at + _GRACE <= now


def say_step(approved_steps: int) -> str:
    """Which step comes after so many approvals."""
    return STEPS[STEP_ORDER[min(approved_steps, len(STEP_ORDER) - 1)].value]


def say_steps(count: int) -> str:
    """How many steps a text goes through."""
    return _STEP_COUNTS[count]


def say_classes(steps: Mapping[str, int]) -> str:
    """How many steps each class goes through, as the settings have it."""
    return "，".join(f"{name}{say_steps(steps[value])}" for value, name in CLASSES.items()) + "。"


def say_states(article: Any, plan: Any, submission: Any, now: datetime, *, has_changes: bool) -> list[Saying]:
    """What the public sees of an article, then where the next text is on its way; always in absolute time."""
    return [*say_public(article), *say_work(article, plan, submission, now, has_changes=has_changes)]


def say_public(article: Any) -> list[Saying]:
    """What the public sees of an article; nothing for one that was never shown."""
    return [_say_standing(article)] if article.standing is not Standing.DRAFT else []


def say_work(article: Any, plan: Any, submission: Any, now: datetime, *, has_changes: bool) -> list[Saying]:
    """Where the text that is worked on is on its way; nothing where it is what is shown."""
    is_shown = article.live_revision_id is not None and not has_changes
    if plan is not None:
        found = [_say_plan(plan, now)]
        if submission is not None and submission.revision_id != plan.revision_id and not is_shown:
            found += _say_submission(submission)
        return found
    if is_shown:
        return []
    saved = f"{say_instant(article.edited_at)} 保存"
    idle = Saying("有未发布的修改", "warning", saved) if has_changes else Saying("草稿", "quiet", saved)
    return (_say_submission(submission) if submission is not None else []) or [idle]


def _say_standing(article: Any) -> Saying:
    if article.standing is Standing.LIVE:
        more = f"{say_instant(article.published_at)} 发布"
        if article.changed_at and article.changed_at > article.published_at:
            more += f"，{say_instant(article.changed_at)} 更新"
        return Saying("已发布", "good", more)
    if article.standing is Standing.EXPIRED:
        return Saying(
            "已到期", "quiet", f"{say_instant(article.expires_at)} 到期" if article.expires_at else ""
        )
    return Saying(
        "已撤回", "danger", f"{say_instant(article.retracted_at)} 撤回" if article.retracted_at else ""
    )


def _say_plan(plan: Any, now: datetime) -> Saying:
    at = say_instant(plan.publish_at)
    if is_overdue(plan, now):
        return Saying("逾期未发布", "danger", f"应于 {at} 发布，已过 {_distance(now - plan.publish_at)}")
    return Saying("已定时", "warning", f"定于 {at} 发布，{say_ago(plan.publish_at)}")


def _distance(span: timedelta) -> str:
    if span >= timedelta(days=1):
        return f"{span.days} 天"
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    return f"{hours} 小时" if hours else f"{minutes} 分钟"


def _say_submission(submission: Any) -> list[Saying]:
    since = say_instant(submission.state_at)
    match submission.state:
        case SubmissionState.OPEN:
            return [Saying(f"待{say_step(submission.approved_steps)}", "warning", f"{since} 起等待")]
        case SubmissionState.APPROVED:
            return [Saying("审核通过，待发布", "good", f"{since} 通过")]
        case SubmissionState.RETURNED:
            return [Saying("已退回，待修改", "danger", f"{since} 退回")]
        case _:
            return []


def say_bar(*, wrote: bool, decided: bool) -> str:
    """Why somebody may not decide about a text; nothing where they may."""
    if wrote:
        return "这篇有您写的文字，要由别人审。"
    return "这一版您已审过一步，这一步要由别人审。" if decided else ""


TRAIL_ACTS: Mapping[str, str] = {
    "submitted": "送审",
    "approved": "通过",
    "returned": "退回",
    "undone": "撤回决定",
    "withdrawn": "撤回送审",
    "superseded": "文字已改动，审核失效",
    "allowed": "保留词表里的词",
    "published": "发布",
    "planned": "定时发布",
    "unplanned": "取消定时发布",
    "retracted": "撤回文章",
}


def say_failure(code: str) -> str:
    """Why a planned publication failed, in words."""
    return messages.text(code, {}, english=False)
