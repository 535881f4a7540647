"""The form of a booking policy: one field for each number, made from the guide that explains them."""

from typing import Any

from wtforms import BooleanField, Field, SelectField
from wtforms.validators import InputRequired, NumberRange

from miniprogram_api.console.forms import ConsoleForm, between, optional, required
from miniprogram_api.console.forms.fields import ClockField, DayField, PointsField, WholeField, picks
from miniprogram_api.visits.rules.policy import RealName
from miniprogram_api.visits.rules.policy_guide import ENTRIES, REAL_NAMES, Entry, Kind, points


class _PolicyFormBase(ConsoleForm):
    effective_on = DayField("从哪天的场次起执行", [required("请填写从哪天起执行。")])

    def numbers(self) -> dict[str, Any]:
        """The numbers as the policy holds them."""
        return {name: self[name].data for name in ENTRIES}


def _field(entry: Entry) -> Field:
    bounds = entry.bounds
    if entry.kind is Kind.FLAG or bounds is None:
        if entry.name == "real_name":
            return SelectField(
                entry.label, choices=picks([(mode.value, REAL_NAMES[mode]) for mode in RealName])
            )
        return BooleanField(entry.label)
    first: Any = optional() if entry.optional else InputRequired(f"请填写{entry.label}。")
    match entry.kind:
        case Kind.TIME:
            return ClockField(entry.label, [first], ends=True)
        case Kind.POINTS:
            told = f"请填写 {points(bounds.least)} 至 {points(bounds.most)} 之间的数。"
            return PointsField(entry.label, [first, NumberRange(bounds.least, bounds.most, told)])
        case _:
            return WholeField(entry.label, [first, between(bounds.least, bounds.most)])


PolicyForm: Any = type(
    "PolicyForm", (_PolicyFormBase,), {name: _field(entry) for name, entry in ENTRIES.items()}
)
