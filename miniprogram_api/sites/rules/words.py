"""Opening hours, closures and notes as Chinese sentences, the same wherever they are shown."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from miniprogram_api.sites.models import ClosureKind
from miniprogram_api.sites.rules.opening import DAY_MINUTES, ClosureFacts, OpeningRuleFacts, Season
from miniprogram_api.sites.rules.standing import Note

_WEEKDAYS = "一二三四五六日"
_NOTES = {
    Note.RE_REVIEW: "本示范点正在接受定期复核，参观照常进行，目前可预约近 14 天的场次。",
    Note.SUSPENDED: "本示范点暂停开放。",
    Note.RECTIFYING: "本示范点正在整改，暂停接待参观。",
    Note.EXPIRED: "本示范点的称号已到期，暂停接待参观。",
    Note.WITHDRAWN: "该示范点已停止开放。",
}


def opening_in_words(
    rules: Iterable[OpeningRuleFacts], *, weekly_closing_weekday: int | None = None
) -> list[str]:
    """One sentence for each set of hours, what goes before others first, then the weekly closing day."""
    ordered = sorted(rules, key=_order)
    if not ordered:
        return []
    groups = [list(group) for _, group in groupby(ordered, key=_same_days)]
    sentences = [_hours(group, weekly_closing_weekday) for group in groups]
    if len({rule.priority for rule in ordered}) > 1:
        sentences.append("以上时间如有重叠，以列在前面的为准。")
    if weekly_closing_weekday is not None:
        name = _WEEKDAYS[weekly_closing_weekday - 1]
        sentences.append(f"每周{name}闭馆；逢法定节假日照常开放，闭馆顺延至其后的第一个工作日。")
    return sentences


def closure_in_words(closure: ClosureFacts) -> str:
    """When a closure or special opening holds, and why."""
    days = _day(closure.first_on)
    if closure.last_on != closure.first_on:
        days += f"至 {_day(closure.last_on)}"
    if closure.from_minute is not None and closure.to_minute is not None:
        days += f" {_clock(closure.from_minute)}—{_clock(closure.to_minute)} "
    verb = "临时开放" if closure.kind is ClosureKind.SPECIAL_OPENING else "暂停开放"
    return f"{days}{verb}：{closure.public_text.rstrip('。')}。"


def note_in_words(note: Note, *, reason: str | None = None, until: date | None = None) -> str:
    """What a note says; a suspension gives the reason and the day the site expects to reopen."""
    text = _NOTES[note]
    if note is Note.SUSPENDED:
        text += f"原因：{reason.rstrip('。')}。" if reason else ""
        text += f"预计暂停至 {_day(until)}。" if until else ""
    return text


def _order(rule: OpeningRuleFacts) -> tuple[object, ...]:
    return (-rule.priority, *_same_days(rule), rule.opens_minute)


def _same_days(rule: OpeningRuleFacts) -> tuple[object, ...]:
    """Rules with this in common are one sentence: the same days, and sessions of the same kind."""
    season = (rule.season.first, rule.season.last) if rule.season else ((0, 0), (0, 0))
    return (
        rule.valid_from or date.min,
        rule.valid_to or date.max,
        season,
        sorted(rule.weekdays),
        rule.slot_minutes,
        rule.capacity,
        rule.day_capacity or 0,
        rule.priority,
    )


def _hours(rules: Sequence[OpeningRuleFacts], weekly_closing_weekday: int | None) -> str:
    rule = rules[0]
    weekdays = _weekdays(rule.weekdays, weekly_closing_weekday)
    times = "、".join(f"{_clock(r.opens_minute)}—{_clock(r.closes_minute)}" for r in rules)
    whole = all(r.closes_minute - r.opens_minute == r.slot_minutes for r in rules)
    session = "每场" if whole else f"每场 {_length(rule.slot_minutes)}，"
    text = f"{_season(rule.season)}{weekdays} {times} 开放，{session}可预约 {rule.capacity} 人"
    if rule.day_capacity is not None:
        text += f"，全天最多 {rule.day_capacity} 人"
    return text + _validity(rule) + "。"


def _validity(rule: OpeningRuleFacts) -> str:
    if rule.valid_from and rule.valid_to:
        return f"（{_day(rule.valid_from)}至 {_day(rule.valid_to)}执行）"
    if rule.valid_from:
        return f"（自 {_day(rule.valid_from)}起执行）"
    return f"（执行至 {_day(rule.valid_to)}）" if rule.valid_to else ""


def _season(season: Season | None) -> str:
    if season is None:
        return ""
    over_new_year = season.first > season.last
    last = f"{'次年 ' if over_new_year else ''}{season.last[0]} 月 {season.last[1]} 日"
    return f"{season.first[0]} 月 {season.first[1]} 日至{last if over_new_year else ' ' + last}，"


def _weekdays(weekdays: frozenset[int], weekly_closing_weekday: int | None) -> str:
    days = sorted(weekdays - {weekly_closing_weekday}) or sorted(weekdays)
    if len(days) == len(_WEEKDAYS):
        return "每天"
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return "、".join(part for run in runs for part in _run(run))


def _run(days: Sequence[int]) -> list[str]:
    """Three days and more in a row are told by their ends."""
    names = [f"周{_WEEKDAYS[day - 1]}" for day in days]
    return names if len(names) < 3 else [f"{names[0]}至{names[-1]}"]


def _length(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if rest == 30 and hours:
        return f"{hours} 个半小时"
    return f"{minutes} 分钟" if rest or not hours else f"{hours} 小时"


def _clock(minute: int) -> str:
    return "24:00" if minute == DAY_MINUTES else f"{minute // 60:02d}:{minute % 60:02d}"


def _day(on: date) -> str:
    return f"{on.year} 年 {on.month} 月 {on.day} 日"
