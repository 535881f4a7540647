"""Forms of slots: which are meant, what is done to them, and one added out of turn."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField, StringField

from miniprogram_api.console.forms import ConsoleForm, between, chosen, length, optional, required
from miniprogram_api.console.forms.fields import ClockField, DayField, PlainText, WholeField, picks
from miniprogram_api.console.words.sites import REASONS, WEEKDAYS
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.errors import Invalid
from miniprogram_api.visits.rules.slot_choice import EVERY_DAY, SlotAct, SlotChoice, Treatment, Wanted
from miniprogram_api.web.schemas import parse_id

_MOST_PEOPLE = 100_000
_SHOWN_DAYS = timedelta(days=13)


class ChoiceForm(ConsoleForm):
    """Which slots are meant; it stands in the address."""

    first = DayField("从哪天", [optional()])
    last = DayField("到哪天", [optional()])
    weekdays = SelectMultipleField("星期", [optional()], choices=picks(WEEKDAYS))
    from_minute = ClockField("几点起", [optional()])
    to_minute = ClockField("几点前开始", [optional()])
    state = SelectField(
        "状态", [optional()], choices=picks([("", "全部"), ("open", "开放"), ("closed", "已关闭")])
    )

    def choice(self, *, today: date, ids: frozenset[UUID] | None = None) -> SlotChoice:
        """The slots that are meant: of the next two weeks where no days are given."""
        first = max(self.first.data or today, today)
        last = self.last.data or first + _SHOWN_DAYS
        return SlotChoice(
            first=first,
            last=last,
            weekdays=frozenset(int(number) for number in self.weekdays.data or ()) or EVERY_DAY,
            from_minute=self.from_minute.data,
            to_minute=self.to_minute.data,
            state=self.state.data or None,
            ids=ids,
        )

    def accept(self, choice: SlotChoice) -> bool:
        """Whether the choice makes sense; says at its fields why not."""
        try:
            choice.check()
        except Invalid as invalid:
            self.refuse(invalid)
        return not self.errors


def read_choice(query: MultiDict[str, str]) -> tuple[ChoiceForm, frozenset[UUID] | None]:
    """The choice of an address, and the slots that were ticked where not all are meant."""
    form = ChoiceForm(formdata=query)
    ticked = frozenset(parse_id(text) for text in query.getlist("slot"))
    return form, ticked if query.get("scope") == "ticked" else None


class ChangeForm(ConsoleForm):
    """What is done to the slots that were chosen, and to the bookings that it hits."""

    change_id = HiddenField()
    seen = HiddenField()
    act = RadioField(
        "要做什么",
        [chosen("请选择要做什么。")],
        choices=picks(
            [
                (SlotAct.CAPACITY.value, "改每场名额"),
                (SlotAct.CLOSE.value, "关闭场次"),
                (SlotAct.REOPEN.value, "重新开放已关闭的场次"),
            ]
        ),
    )
    capacity = WholeField("每场名额", [optional(), between(1, _MOST_PEOPLE)])
    reason_code = SelectField("原因", [optional()], choices=picks([("", "请选择"), *REASONS.items()]))
    public_text = StringField("告诉公众的话", [optional(), length(1, 200)], filters=[PlainText()])
    treatment = RadioField(
        "受影响的预约",
        [chosen("请选择怎样处理已有的预约。")],
        choices=picks(
            [
                (Treatment.KEEP.value, "保留：已约的照常接待，只是不再接受新预约"),
                (Treatment.MOVE.value, "改期：改到下面选的场次，人数和预约号不变"),
                (Treatment.CANCEL.value, "取消：取消并通知本人，不计入爽约记录"),
            ]
        ),
        default=Treatment.KEEP.value,
    )
    target = SelectField("改到哪一场", [optional()], choices=picks([("", "后面有名额的最近一场")]))
    rest = RadioField(
        "改不了期的预约",
        [chosen("请选择怎样处理改不了期的预约。")],
        choices=picks([(Treatment.KEEP.value, "保留，照常接待"), (Treatment.CANCEL.value, "取消并通知本人")]),
        default=Treatment.KEEP.value,
    )

    def offer(self, targets: list[tuple[str, str]]) -> None:
        """Offer slots to move to."""
        self.target.choices = picks([("", "后面有名额的最近一场"), *targets])

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Also what only one of the acts needs."""
        fine = bool(super().validate(*args, **kwargs))
        if (
            self.act.data == SlotAct.CAPACITY.value
            and self.capacity.data is None
            and not self.capacity.errors
        ):
            self.capacity.errors = ["请填写每场名额。"]
        cancels = Treatment.CANCEL.value in (self.treatment.data, self.rest.data)
        moves = self.treatment.data == Treatment.MOVE.value
        closes = self.act.data == SlotAct.CLOSE.value
        if (
            closes or (self.act.data == SlotAct.CAPACITY.value and (cancels or moves))
        ) and not self.public_text.data:
            self.public_text.errors = [*self.public_text.errors, "请填写告诉公众的话，预约人会在通知里看到。"]
        if closes and not self.reason_code.data:
            self.reason_code.errors = ["请选择原因。"]
        return fine and not self.errors

    def wanted(self) -> Wanted:
        """The change as it was filled in."""
        return Wanted(
            act=SlotAct(self.act.data),
            capacity=self.capacity.data,
            reason_code=self.reason_code.data or None,
            public_text=self.public_text.data,
            treatment=Treatment(self.treatment.data),
            rest=Treatment(self.rest.data),
            target_id=parse_id(self.target.data) if self.target.data else None,
        )


class SlotForm(ConsoleForm):
    """A slot beside those of the rules."""

    day = DayField("日期", [required("请填写日期。")])
    starts = ClockField("开始时间", [required("请填写开始时间。")])
    ends = ClockField("结束时间", [required("请填写结束时间。")], ends=True)
    capacity = WholeField("名额", [required("请填写名额。"), between(1, _MOST_PEOPLE)])

    def validate_ends(self, field: Any) -> None:
        """A slot lasts at least five minutes."""
        if field.data is not None and self.starts.data is not None and field.data < self.starts.data + 5:
            field.errors = [*field.errors, "结束时间要比开始时间晚至少 5 分钟。"]

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Also false when the end was refused."""
        return bool(super().validate(*args, **kwargs)) and not self.ends.errors

    def times(self) -> tuple[datetime, datetime]:
        """When it begins and ends."""
        day, starts, ends = self.day.data, self.starts.data, self.ends.data
        assert day is not None  # noqa: S101  all three were required
        assert starts is not None and ends is not None  # noqa: PT018, S101
        return beijing_time(day, starts), beijing_time(day, ends)
