"""Forms of the day desk: looking somebody up, cancelling, correcting, exporting, booking for a caller."""

import re
from typing import Any

from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange

from miniprogram_api.console.forms import ConsoleForm, between, chosen, length, optional, required
from miniprogram_api.visits.rules import words
from miniprogram_api.visits.rules.party import IdType, normalise_id, normalise_phone

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MOST_PEOPLE = 1000
_MOST_PERSONS = 50


def _people() -> NumberRange:
    return between(0, MOST_PEOPLE)


def clean(text: str | None) -> str | None:
    """What was typed, without what no keyboard types, and without spaces around it."""
    return None if text is None else _CONTROL.sub("", text).strip()


class ReasonForm(ConsoleForm):
    """An act that takes a reason, which is recorded."""

    reason = StringField("原因", [required("请写明原因。"), length(2, 200)], filters=[clean])


class RevealForm(ConsoleForm):
    """A look at somebody's contact in full."""

    why = StringField("查看原因", [required("请写明查看的原因。"), length(2, 200)], filters=[clean])


class ExportForm(ConsoleForm):
    """Taking contacts in full out of the product."""

    kind = RadioField(
        "文件格式",
        choices=[SelectChoice("xlsx", "Excel 表格（.xlsx）"), SelectChoice("csv", "CSV 文本（.csv）")],
        default="xlsx",
    )
    reason = StringField("导出原因", [required("请写明导出的原因和用途。"), length(2, 200)], filters=[clean])


class CancelForm(ConsoleForm):
    """The whole booking, or so many of the party; the reason is told to the visitor."""

    extent = RadioField(
        "取消多少",
        choices=[SelectChoice("all", "整单取消"), SelectChoice("part", "只减少人数")],
        validators=[chosen("请选择取消多少。")],
    )
    adults = IntegerField("减少成人", [optional(), _people()])
    children = IntegerField("减少儿童", [optional(), _people()])
    reason = StringField(
        "告诉游客的原因", [required("请写明原因，游客会看到。"), length(2, 200)], filters=[clean]
    )
    seen = HiddenField()

    def validate_extent(self, field: Any) -> None:
        if field.data == "part" and not (self.adults.data or self.children.data):
            raise ValidationError("请填写减少几位成人或儿童。")


class CorrectionForm(ConsoleForm):
    """What really became of a visit marked as missed."""

    outcome = RadioField(
        "实际情况",
        choices=[SelectChoice("came", "其实来了"), SelectChoice("called_off", "没来，但不是游客的责任")],
        validators=[chosen("请选择实际情况。")],
    )
    came = IntegerField("来了几人", [optional(), between(1, MOST_PEOPLE)])
    reason = StringField("更正原因", [required("请写明更正的原因。"), length(2, 200)], filters=[clean])

    def validate_outcome(self, field: Any) -> None:
        if field.data == "came" and not self.came.data:
            raise ValidationError("请填写来了几人。")


class PersonForm(Form):  # type: ignore[misc]  # the library has no types
    """A named visitor and their document."""

    Meta = ConsoleForm.Meta

    name = StringField("姓名", [required("请填写参观人姓名。"), length(1, 60)], filters=[clean])
    id_type = SelectField("证件类型", choices=[SelectChoice(*each) for each in words.ID_TYPE.items()])
    id_number = StringField("证件号码", [required("请填写证件号码。"), length(1, 40)], filters=[clean])

    def validate_id_number(self, field: Any) -> None:
        if normalise_id(IdType(self.id_type.data), field.data) is None:
            raise ValidationError("证件号码不正确，请核对。")


class CallerForm(ConsoleForm):
    """A booking for somebody on the phone or at the window; `key` makes it one however often it is sent."""

    channel = RadioField(
        "预约方式",
        choices=[SelectChoice("phone", "电话"), SelectChoice("window", "窗口")],
        default="phone",
        validators=[chosen("请选择电话或窗口。")],
    )
    adults = IntegerField("成人", [required("请填写成人人数，没有填 0。"), _people()], default=1)
    children = IntegerField("儿童", [required("请填写儿童人数，没有填 0。"), _people()], default=0)
    wheelchairs = IntegerField("轮椅", [optional(), _people()], default=0)
    sign_language = BooleanField("需要手语讲解")
    name = StringField("联系人姓名", [length(0, 60)], filters=[clean])
    phone = StringField("联系电话", [length(0, 30)], filters=[clean])
    persons = FieldList(FormField(PersonForm), max_entries=_MOST_PERSONS)
    override = BooleanField("不受预约规则限制（名额和闭馆仍然有效）")
    override_reason = StringField("破例的理由", [length(0, 200)], filters=[clean])
    key = HiddenField()

    needs_contact = False

    def validate_adults(self, _field: Any) -> None:
        if not (self.adults.data or 0) + (self.children.data or 0):
            raise ValidationError("至少要有一位参观人。")

    def validate_wheelchairs(self, field: Any) -> None:
        if (field.data or 0) > (self.adults.data or 0) + (self.children.data or 0):
            raise ValidationError("轮椅数不能多于参观人数。")

    def validate_name(self, field: Any) -> None:
        if not field.data and (self.phone.data or self._asks_contact()):
            raise ValidationError("请填写联系人姓名。")

    def validate_phone(self, field: Any) -> None:
        if not field.data:
            if self.name.data or self._asks_contact():
                raise ValidationError("请填写联系电话。")
        elif normalise_phone(field.data) is None:
            raise ValidationError("请填写 11 位手机号或带区号的固定电话。")

    def validate_override_reason(self, field: Any) -> None:
        if self.override.data and not field.data:
            raise ValidationError("请写明破例的理由。")

    def _asks_contact(self) -> bool:
        return self.needs_contact or self.channel.data == "phone"
