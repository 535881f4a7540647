"""Forms of the audit desk: which rows are shown, and as what they are carried away."""

from wtforms import DateField, RadioField, SelectField, StringField

from miniprogram_api.console.forms import ConsoleForm, chosen, length, optional, required
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.words.audit import ACTIONS, OBJECTS


class AuditFilter(ConsoleForm):
    """Who, what, to which object, when."""

    actor = StringField("操作人", [optional(), length(1, 60)])
    organisation = SelectField("所属机构", [optional()])
    action = SelectField("操作", [optional()], choices=picks([("", "全部操作"), *ACTIONS.items()]))
    object_type = SelectField("对象", [optional()], choices=picks([("", "全部对象"), *OBJECTS.items()]))
    object_id = StringField("对象编号", [optional(), length(1, 64)])
    since = DateField("从", [optional()])
    until = DateField("到", [optional()])


class ExportForm(ConsoleForm):
    """Carrying rows away."""

    kind = RadioField(
        "格式",
        [chosen("请选择格式。")],
        choices=picks(
            [("csv", "表格（CSV，可用 Excel 打开）"), ("jsonl", "数据行（JSON Lines，供程序核对）")]
        ),
        default="csv",
    )
    reason = StringField("用途", [required("请填写用途，会写入审计记录。"), length(1, 200)])
