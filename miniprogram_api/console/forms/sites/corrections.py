"""Forms about what is wrong in the registry's data of a site."""

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import URL

from miniprogram_api.console.forms import ConsoleForm, chosen, length, optional
from miniprogram_api.console.forms.fields import PlainText, picks
from miniprogram_api.console.words.sites import FIELD_NAMES


class CorrectionForm(ConsoleForm):
    """What is wrong, and what it should be."""

    field = SelectField(
        "哪一项有错", [chosen("请选择哪一项有错。")], choices=picks([("", "请选择"), *FIELD_NAMES.items()])
    )
    claimed_value = TextAreaField(
        "正确的内容", [chosen("请填写正确的内容。"), length(1, 1000)], filters=[PlainText()]
    )
    evidence_url = StringField(
        "依据的网址",
        [optional(), length(1, 500), URL(message="请填写以 http:// 或 https:// 开头的网址。")],
        filters=[PlainText()],
    )
    note = TextAreaField("说明", [optional(), length(1, 1000)], filters=[PlainText()])


class LocalNoteForm(ConsoleForm):
    """What the site remarks meanwhile."""

    about = SelectField("关于哪一项", [optional()], choices=picks([("", "整体"), *FIELD_NAMES.items()]))
    text = StringField("备注", [chosen("请填写备注。"), length(1, 300)], filters=[PlainText()])


class RevealForm(ConsoleForm):
    """Why personal data is looked at."""

    reason = StringField("查看原因", [chosen("请填写查看原因。"), length(1, 200)], filters=[PlainText()])
