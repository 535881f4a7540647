"""Forms of what a site shows beside its profile: notices, photos, technologies, indicators."""

from decimal import Decimal
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import DecimalField, SelectField, StringField, TextAreaField
from wtforms.validators import NumberRange, ValidationError

from miniprogram_api.console.forms import ConsoleForm, between, chosen, length, optional, required
from miniprogram_api.console.forms.fields import DayField, PlainText, WholeField, picks
from miniprogram_api.kernel.clock import today
from miniprogram_api.sites.rules import IndicatorKind


def _to_come(_form: Any, field: Any) -> None:
    if field.data is not None and field.data < today():
        raise ValidationError("最后一天不能早于今天。")


class NoticeForm(ConsoleForm):
    """Something visitors should know for a while."""

    title = StringField("标题", [chosen("请填写标题。"), length(1, 80)], filters=[PlainText()])
    body = TextAreaField("内容", [chosen("请填写内容。"), length(1, 2000)], filters=[PlainText()])
    last_on = DayField("最后一天", [optional(), _to_come])


class PhotoForm(ConsoleForm):
    """A picture and what is said of it to those who do not see it."""

    file = FileField("照片", [FileRequired("请选择一张照片。")])
    alt = StringField(
        "文字说明", [chosen("请用一句话说明照片里有什么。"), length(1, 200)], filters=[PlainText()]
    )


class AltForm(ConsoleForm):
    """What is said of a picture."""

    alt = StringField(
        "文字说明", [chosen("请用一句话说明照片里有什么。"), length(1, 200)], filters=[PlainText()]
    )


class TechnologyForm(ConsoleForm):
    """A low-carbon technology that can be seen at the site."""

    name = StringField("名称", [chosen("请填写技术名称。"), length(1, 60)], filters=[PlainText()])
    description = TextAreaField("介绍", [chosen("请填写介绍。"), length(1, 2000)], filters=[PlainText()])


class IndicatorForm(ConsoleForm):
    """The value of a year."""

    kind = SelectField("指标", [chosen("请选择指标。")])
    year = WholeField("年份", [required("请填写年份。"), between(2000, 2100)])
    value = DecimalField(
        "数值",
        [
            required("请填写数值。"),
            NumberRange(min=Decimal(0), max=Decimal(10**12), message="请填写不小于 0 的数。"),
        ],
    )
    source = StringField("数据来源", [chosen("请填写数据来源。"), length(1, 200)], filters=[PlainText()])

    def offer(self, kinds: tuple[IndicatorKind, ...]) -> None:
        """Offer the indicators that the plan names for the type of the site."""
        self.kind.choices = picks([(kind.code, f"{kind.name}（{kind.unit}）") for kind in kinds])
