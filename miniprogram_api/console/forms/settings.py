"""Forms of the settings: a number, from when it holds, and why."""

from datetime import datetime
from typing import Any

from wtforms import DateField, IntegerField, RadioField, StringField
from wtforms.validators import NumberRange

from miniprogram_api.console.forms import ConsoleForm, between, chosen, length, optional, required
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.words.settings import POLICY
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.visits.rules.policy import FIELDS, Bounds

_REASON = "请填写修改理由，会写入历史和审计记录。"


class SettingForm(ConsoleForm):
    """Another value of one setting."""

    value = IntegerField("新数值", [required("请填写新数值。")])
    when = RadioField(
        "何时生效",
        [chosen("请选择何时生效。")],
        choices=picks([("now", "立即生效"), ("later", "从某天零点起生效")]),
        default="now",
    )
    effective_on = DateField("生效日期", [optional()])
    reason = StringField("修改理由", [required(_REASON), length(1, 200)])

    def complete(self) -> bool:
        """Whether a later beginning has its day; says so there."""
        if self.when.data == "now" or self.effective_on.data:
            return True
        self.effective_on.errors = ["请选择生效日期。"]
        return False

    @property
    def effective_at(self) -> datetime | None:
        """From when it holds; None is at once."""
        return None if self.when.data == "now" else beijing_time(self.effective_on.data, 0)


def _bounds_of(name: str) -> Bounds:
    bounds: Bounds = FIELDS[name].metadata["bounds"]
    return bounds


def _rule(name: str) -> IntegerField:
    bounds, said = _bounds_of(name), POLICY[name]
    within: NumberRange = between(bounds.least, bounds.most)
    asked = optional() if bounds.optional else required(f"请填写{said.label}。")
    return IntegerField(said.label, [asked, within])


class _Rules(ConsoleForm):
    effective_on = DateField("从哪天的场次起生效", [required("请选择从哪天的场次起生效。")])
    reason = StringField("修改理由", [required(_REASON), length(1, 200)])

    @property
    def numbers(self) -> dict[str, Any]:
        """What the form says of each number."""
        return {name: self[name].data for name in POLICY}


DefaultPolicyForm: type[_Rules] = type("DefaultPolicyForm", (_Rules,), {name: _rule(name) for name in POLICY})
