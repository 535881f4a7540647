"""Forms of the gate: pairing a tablet, and what is said when a conflict is closed."""

from wtforms import PasswordField, TextAreaField

from miniprogram_api.console.forms import ConsoleForm, length, required


class PairForm(ConsoleForm):
    token = PasswordField("设备令牌", [required("请填写设备令牌。"), length(1, 200)])


class CloseForm(ConsoleForm):
    note = TextAreaField(
        "核对结果", [required("请写明核对的结果，例如“同一家人分两门进，已核对”。"), length(1, 200)]
    )
