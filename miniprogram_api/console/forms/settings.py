"""Forms of the settings: a number, from when it holds, and why."""

from datetime import datetime

from wtforms import DateField, IntegerField, RadioField, StringField

from miniprogram_api.console.forms import ConsoleForm, chosen, length, optional, required
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.forms.sites.policy import PolicyForm
from miniprogram_api.kernel.clock import beijing_time

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


class DefaultPolicyForm(PolicyForm):  # type: ignore[misc]  # made of the guide to the policy's numbers
    """The city's booking rules, and why they change."""

    reason = StringField("修改理由", [required(_REASON), length(1, 200)])
