"""Forms of a site's own words and of its opening to the public."""

from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import Regexp

from miniprogram_api.console.forms import ConsoleForm, chosen, length, optional
from miniprogram_api.console.forms.fields import DayField, LinesField, PlainText, picks
from miniprogram_api.sites.rules import BookingMode

_PHONE = Regexp(r"^[0-9+()\-  转]{5,20}$", message="请填写单位的办公电话，例如 0431-81230000。")


class ProfileForm(ConsoleForm):
    """What a site says of itself; the registry's fields are not among them."""

    summary = TextAreaField("简介", [chosen("请填写简介。"), length(1, 5000)], filters=[PlainText()])
    address = StringField("地址", [chosen("请填写地址。"), length(1, 200)], filters=[PlainText()])
    transport = TextAreaField("怎么来", [optional(), length(1, 2000)], filters=[PlainText()])
    visitor_notice = TextAreaField("参观须知", [optional(), length(1, 5000)], filters=[PlainText()])
    facilities = LinesField("设施")
    accessibility = LinesField("无障碍设施")
    work_phone = StringField("咨询电话", [optional(), _PHONE], filters=[PlainText()])
    booking_mode = RadioField(
        "预约方式",
        [chosen("请选择是否需要预约。")],
        choices=picks(
            [(BookingMode.SLOTS.value, "按场次预约"), (BookingMode.NONE.value, "不需要预约，直接参观")]
        ),
    )
    summary_en = TextAreaField("英文简介", [optional(), length(1, 5000)], filters=[PlainText()])
    address_en = StringField("英文地址", [optional(), length(1, 300)], filters=[PlainText()])
    transport_en = TextAreaField("英文交通", [optional(), length(1, 2000)], filters=[PlainText()])
    visitor_notice_en = TextAreaField("英文参观须知", [optional(), length(1, 5000)], filters=[PlainText()])


class OverlayForm(ConsoleForm):
    """A step of the opening state: a suspension and a closing say why."""

    reason = StringField("原因", [optional(), length(1, 200)], filters=[PlainText()])
    until = DayField("预计恢复日期", [optional()])
