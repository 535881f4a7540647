"""Forms of the data protection desk. They ask for no name and no phone: those stay in the paper file."""

from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField

from miniprogram_api.console.forms import ConsoleForm, chosen, length, optional, required
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.words.privacy import CHANNELS, REQUESTS, STATES
from miniprogram_api.identity.service.data_requests import RequestKind

_KINDS = [(kind.value, REQUESTS[kind.value]) for kind in RequestKind]


class RequestFilter(ConsoleForm):
    """Which requests are listed."""

    state = SelectField("状态", [optional()], choices=picks([("", "全部"), *STATES.items()]))


class ReceiptForm(ConsoleForm):
    """A receipt or a number to look up."""

    receipt = StringField("回执号或登记号", [optional(), length(1, 40)])


class FileRequestForm(ConsoleForm):
    """A request that came on paper."""

    kind = SelectField("请求类型", [required("请选择请求类型。")], choices=picks([("", "请选择"), *_KINDS]))
    channel = SelectField(
        "收到途径", [required("请选择收到途径。")], choices=picks([("", "请选择"), *CHANNELS.items()])
    )
    received_on = DateField("收到日期", [required("请填写收到日期。")])
    file_number = StringField("档案号", [optional(), length(1, 60)])


class ExtendForm(ConsoleForm):
    """More time for a request."""

    until = DateField("新的期限", [required("请填写新的期限。")])
    reason = StringField("延长理由", [required("请填写延长理由，须告知请求人。"), length(1, 200)])


class DecideForm(ConsoleForm):
    """What came of a request."""

    state = RadioField(
        "办理结果", [chosen("请选择办理结果。")], choices=picks([("done", "已办结"), ("refused", "不予办理")])
    )
    outcome = TextAreaField(
        "结果说明", [required("请写明做了什么，或不予办理的理由和依据。"), length(1, 500)]
    )
