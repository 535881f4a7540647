"""Forms of when a site opens: rules by weekday and season, closures and special openings."""

import calendar
from typing import Any
from uuid import UUID

from wtforms import BooleanField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField

from miniprogram_api.console.forms import ConsoleForm, between, chosen, length, optional, required
from miniprogram_api.console.forms.fields import (
    ClockField,
    DayField,
    PlainText,
    WholeField,
    not_before,
    picks,
)
from miniprogram_api.console.previewing import key_of
from miniprogram_api.console.words.sites import REASONS, WEEKDAYS
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.rules import ClosureFacts, ClosureKind, OpeningRuleFacts, Season
from miniprogram_api.visits.rules.slot_choice import SlotAct, Treatment, Wanted

_MOST_PEOPLE = 100_000
_LEAP_YEAR = 2000
_MONTHS = [("", "月"), *((str(month), f"{month} 月") for month in range(1, 13))]
_DAYS = [("", "日"), *((str(day), f"{day} 日") for day in range(1, 32))]


class RuleForm(ConsoleForm):
    """Hours on some weekdays, cut into sessions."""

    weekdays = SelectMultipleField("星期几开放", [chosen("请至少选择一天。")], choices=picks(WEEKDAYS))
    opens_minute = ClockField("开始时间", [required("请填写开始时间。")])
    closes_minute = ClockField("结束时间", [required("请填写结束时间。")], ends=True)
    slot_minutes = WholeField("每场多长", [required("请填写每场的分钟数。"), between(5, 1440)])
    capacity = WholeField("每场可预约人数", [required("请填写每场可预约人数。"), between(1, _MOST_PEOPLE)])
    child_capacity = WholeField("其中儿童最多", [optional(), between(0, _MOST_PEOPLE)])
    wheelchair_capacity = WholeField("轮椅位", [optional(), between(0, _MOST_PEOPLE)])
    sign_language_capacity = WholeField("手语讲解", [optional(), between(0, _MOST_PEOPLE)])
    day_capacity = WholeField("全天最多人数", [optional(), between(1, _MOST_PEOPLE)])
    season_from_month = SelectField("开始月", [optional()], choices=picks(_MONTHS))
    season_from_day = SelectField("开始日", [optional()], choices=picks(_DAYS))
    season_to_month = SelectField("结束月", [optional()], choices=picks(_MONTHS))
    season_to_day = SelectField("结束日", [optional()], choices=picks(_DAYS))
    valid_from = DayField("从哪天起执行", [optional()])
    valid_to = DayField("执行到哪天", [optional(), not_before("valid_from", "结束日期不能早于开始日期。")])
    priority = WholeField("优先级", [optional(), between(0, 100)])

    def validate_season_from_month(self, field: Any) -> None:
        """All four of a season, or none, and days that there are."""
        parts = [self[name].data for name in _SEASON]
        if any(parts) and not all(parts):
            field.errors = [*field.errors, "季节的开始和结束都要选月和日；全年开放请都不选。"]
        elif all(parts) and not all(_is_day(month, day) for month, day in (parts[:2], parts[2:])):
            field.errors = [*field.errors, "没有这一天，请检查季节的日期。"]

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Also false when a season was refused."""
        return bool(super().validate(*args, **kwargs)) and not self.season_from_month.errors

    def draft(self, rule_id: UUID | None = None) -> OpeningRuleFacts:
        """The rule as it was filled in."""
        plain = {name: self[name].data for name in _PLAIN}
        parts = [self[name].data for name in _SEASON]
        first, last = (int(n or 0) for n in parts[:2]), (int(n or 0) for n in parts[2:])
        return OpeningRuleFacts(
            id=rule_id or new_id(),
            weekdays=frozenset(int(number) for number in self.weekdays.data),
            season=Season(tuple(first), tuple(last)) if all(parts) else None,  # type: ignore[arg-type]
            priority=self.priority.data or 0,
            **plain,
        )

    @classmethod
    def of(cls, rule: OpeningRuleFacts) -> dict[str, Any]:
        """A rule as the form shows it."""
        values: dict[str, Any] = {name: getattr(rule, name) for name in (*_PLAIN, "priority")}
        values["weekdays"] = [str(number) for number in sorted(rule.weekdays)]
        if rule.season is not None:
            values |= dict(zip(_SEASON, map(str, (*rule.season.first, *rule.season.last)), strict=True))
        return values


_SEASON = ("season_from_month", "season_from_day", "season_to_month", "season_to_day")
_PLAIN = (
    "opens_minute",
    "closes_minute",
    "slot_minutes",
    "capacity",
    "child_capacity",
    "wheelchair_capacity",
    "sign_language_capacity",
    "day_capacity",
    "valid_from",
    "valid_to",
)


def _is_day(month: str, day: str) -> bool:
    return int(day) <= calendar.monthrange(_LEAP_YEAR, int(month))[1]


class ClosureForm(ConsoleForm):
    """Days, or hours of them, on which a site closes, or opens out of turn."""

    change_id = HiddenField()
    seen = HiddenField()
    kind = RadioField(
        "类型",
        [chosen("请选择类型。")],
        choices=picks(
            [
                (ClosureKind.CLOSED.value, "闭馆：这些时间不开放"),
                (ClosureKind.SPECIAL_OPENING.value, "特别开放：平时不开放的时间开放"),
            ]
        ),
        default=ClosureKind.CLOSED.value,
    )
    first_on = DayField("从哪天起", [required("请填写开始日期。")])
    last_on = DayField("到哪天止", [optional(), not_before("first_on", "结束日期不能早于开始日期。")])
    from_minute = ClockField("每天从几点", [optional()])
    to_minute = ClockField("每天到几点", [optional()], ends=True)
    slot_minutes = WholeField("每场多长", [optional(), between(5, 1440)])
    capacity = WholeField("每场可预约人数", [optional(), between(1, _MOST_PEOPLE)])
    reason_code = SelectField(
        "原因", [chosen("请选择原因。")], choices=picks([("", "请选择"), *REASONS.items()])
    )
    public_text = StringField(
        "告诉公众的话", [chosen("请填写告诉公众的话。"), length(1, 200)], filters=[PlainText()]
    )
    amnesty = BooleanField("这些天没来的人不计入爽约记录", default=True)
    treatment = RadioField(
        "已经预约的人",
        [chosen("请选择怎样处理已有的预约。")],
        choices=picks(
            [
                (Treatment.MOVE.value, "尽量改到后面有名额的场次，改不了的取消"),
                (Treatment.CANCEL.value, "全部取消"),
            ]
        ),
        default=Treatment.MOVE.value,
    )

    @property
    def closes(self) -> bool:
        return bool(self.kind.data == ClosureKind.CLOSED.value)

    def draft(self) -> ClosureFacts:
        """The closure or special opening as it was filled in."""
        first_on = self.first_on.data
        assert first_on is not None  # noqa: S101  it was required
        opens = {} if self.closes else {n: self[n].data for n in ("slot_minutes", "capacity")}
        return ClosureFacts(
            id=key_of(self.change_id.data),
            kind=ClosureKind(self.kind.data),
            first_on=first_on,
            last_on=self.last_on.data or first_on,
            from_minute=self.from_minute.data,
            to_minute=self.to_minute.data,
            reason_code=self.reason_code.data,
            public_text=self.public_text.data,
            amnesty=self.amnesty.data,
            **opens,
        )

    def wanted(self) -> Wanted:
        """What is to become of the bookings."""
        return Wanted(
            act=SlotAct.CLOSE_DAYS,
            reason_code=self.reason_code.data,
            public_text=self.public_text.data,
            treatment=Treatment(self.treatment.data),
            rest=Treatment.CANCEL,
        )


class WeeklyClosingForm(ConsoleForm):
    """The day of the week on which the site is closed."""

    weekday = SelectField("每周闭馆日", [optional()], choices=picks([("", "没有"), *WEEKDAYS]))

    @property
    def chosen_day(self) -> int | None:
        return int(self.weekday.data) if self.weekday.data else None


class EmptyForm(ConsoleForm):
    """A form that asks nothing but to be sent."""
