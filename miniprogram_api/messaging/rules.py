"""How messages are worded: pure functions from facts to Chinese text."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from miniprogram_api.kernel.clock import BEIJING

_WEEKDAYS = "一二三四五六日"
DEFAULT_REASON = "示范点临时调整开放安排"


class Template(StrEnum):
    """The subscription messages there are, by our own names; WeChat's ids for them are settings."""

    VISIT_CANCELLED = "visit_cancelled"
    ARTICLE_PUBLISHED = "article_published"


_LANDING_PAGES = {
    Template.VISIT_CANCELLED: "pages/bookings/index",  # the member's own bookings
    Template.ARTICLE_PUBLISHED: "pages/article/index?id={subject_id}",
}


def landing_page(template: Template, subject_id: str) -> str:
    """Where a subscription message leads; it may carry a query, which a mini-program code may not."""
    return _LANDING_PAGES[template].format(subject_id=subject_id)


class CancelledVisit(Protocol):
    """What is told of a visit that was cancelled."""

    @property
    def id(self) -> UUID: ...
    @property
    def number(self) -> str: ...
    @property
    def member_id(self) -> UUID | None: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Wording:
    """A text and the version of the template it comes from."""

    version: int
    title: str
    body: str


def visit_cancelled_by_site(
    *, site: str, number: str, starts_at: datetime, ends_at: datetime, reason: str | None
) -> Wording:
    """Tell somebody that a site cancelled their visit, why, and that it is not held against them."""
    when = _span(starts_at, ends_at)
    why = (reason or DEFAULT_REASON).rstrip("。")
    return Wording(
        version=1,
        title="您的预约已被示范点取消",
        body=f"很抱歉，您预约的{site}{when}的参观不能进行，预约单 {number} 已取消。原因：{why}。"
        "这次取消不计入爽约记录，您可以重新选择其他场次。",
    )


def visit_reduced_by_site(
    *,
    site: str,
    number: str,
    starts_at: datetime,
    ends_at: datetime,
    gone: int,
    left: int,
    reason: str | None,
) -> Wording:
    """Tell somebody that a site took part of their party off the booking, and that the rest may come."""
    when = _span(starts_at, ends_at)
    why = (reason or DEFAULT_REASON).rstrip("。")
    return Wording(
        version=1,
        title=f"您的预约已减少 {gone} 人",
        body=f"您预约的{site}{when}的参观（预约单 {number}）减少了 {gone} 人，还剩 {left} 人可以入场。"
        f"原因：{why}。入场码已更新，请出示新的入场码。",
    )


def visit_moved_by_site(
    *,
    site: str,
    number: str,
    before: tuple[datetime, datetime],
    after: tuple[datetime, datetime],
    reason: str | None,
) -> Wording:
    """Tell somebody that a site moved their visit, and that they may cancel it if that does not suit."""
    why = (reason or DEFAULT_REASON).rstrip("。")
    return Wording(
        version=1,
        title="您的参观时间已改期",
        body=f"{site}已把您{_span(*before)}的参观改到{_span(*after)}，预约单 {number} 不变，原入场码已更新。"
        f"原因：{why}。如果新的时间不方便，您可以在小程序里改期或取消。",
    )


def visit_moved_back(*, site: str, number: str, after: tuple[datetime, datetime]) -> Wording:
    """Tell somebody that their visit takes place at the time they had chosen after all."""
    return Wording(
        version=1,
        title="您的参观时间已恢复",
        body=f"{site}的参观安排有变，您的参观恢复到原来的时间：{_span(*after)}。"
        f"预约单 {number} 不变，入场码已更新，请以小程序里的为准。",
    )


def visit_restored(*, site: str, number: str, starts_at: datetime, ends_at: datetime) -> Wording:
    """Tell somebody that a visit that was cancelled takes place after all."""
    return Wording(
        version=1,
        title="您的参观照常进行",
        body=f"此前通知取消的{site}{_span(starts_at, ends_at)}的参观照常进行，预约单 {number} 已恢复，"
        "入场码已更新，请以小程序里的为准。如果您不再需要，可以在小程序里取消。给您带来不便，敬请谅解。",
    )


def visit_cancelled_by_authority(
    *, site: str, effective_at: datetime, doc_no: str | None, visit: CancelledVisit
) -> Wording:
    """Tell somebody that a site stops opening by official decision, what that means and what they can do."""
    first_day = effective_at.astimezone(BEIJING)
    by = f"根据主管部门文件（{doc_no}）" if doc_no else "根据主管部门通知"
    since = f"自{first_day.year}年{first_day.month}月{first_day.day}日起停止对外开放"
    when = _span(visit.starts_at, visit.ends_at)
    return Wording(
        version=1,
        title="您的预约已取消：示范点停止开放",
        body=f"{by}，{site}{since}。您预约的{when}的参观不能进行，预约单 {visit.number} 已取消，票码已失效。"
        "这次取消不计入爽约记录，您无需办理任何手续，可以在示范点列表中预约其他示范点。给您带来不便，敬请谅解。",
    )


def cancelled_fields(*, site: str, visit: CancelledVisit) -> dict[str, str]:
    """The parts of the subscription message about a visit that the authority cancelled."""
    first = visit.starts_at.astimezone(BEIJING)
    return {
        "site": site,
        "time": f"{first.year}年{first.month}月{first.day}日 {first:%H:%M}",
        "reason": "示范点停止开放",
        "status": "已取消",
    }


def article_published(*, title: str, topic: str, summary: str) -> Wording:
    """Tell somebody that there is something new under a topic they follow."""
    return Wording(
        version=1,
        title=f"“{topic}”有新内容",
        body=f"您关注的专题“{topic}”发布了《{title}》。{summary}".strip(),
    )


def article_fields(*, title: str, topic: str, published_at: datetime) -> dict[str, str]:
    """The parts of the subscription message about something new under a topic."""
    at = published_at.astimezone(BEIJING)
    return {
        "title": title,
        "topic": topic,
        "time": f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
        "hint": "点击查看全文",
    }


def _span(starts_at: datetime, ends_at: datetime) -> str:
    first, last = starts_at.astimezone(BEIJING), ends_at.astimezone(BEIJING)
    return f"{first.month}月{first.day}日（周{_WEEKDAYS[first.weekday()]}）{first:%H:%M}–{last:%H:%M}"
