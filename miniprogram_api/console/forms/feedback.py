"""Forms of the feedback pages."""

from wtforms import SelectField, StringField, TextAreaField

from miniprogram_api.console.forms import ConsoleForm, chosen, length, optional
from miniprogram_api.console.forms.fields import PlainText, picks
from miniprogram_api.console.words import feedback as words

MOST_ANSWER = 1000


class FeedbackFilter(ConsoleForm):
    """Which feedback is listed."""

    waits = SelectField("状态", [optional()], choices=picks([*words.WAITS.items(), ("", "全部")]))
    subject = SelectField("关于", [optional()], choices=picks([("", "全部"), *words.SUBJECTS.items()]))


class AnswerForm(ConsoleForm):
    """What is answered; its member reads it."""

    text = TextAreaField(
        "回复内容", [chosen("请填写回复，用户会看到。"), length(1, MOST_ANSWER)], filters=[PlainText()]
    )


class ReasonForm(ConsoleForm):
    """Why it is refused or ended; its member reads it."""

    reason = StringField("理由", [chosen("请填写理由，用户会看到。"), length(1, 200)], filters=[PlainText()])
