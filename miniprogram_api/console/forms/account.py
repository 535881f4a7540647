"""Forms of signing in and of one's own account."""

from wtforms import HiddenField, PasswordField, StringField

from miniprogram_api.console.forms import ConsoleForm, length, required


class SignInForm(ConsoleForm):
    """The first step: who, and the password."""

    username = StringField("用户名", [required("请填写用户名。"), length(1, 60)])
    password = PasswordField("密码", [required("请填写密码。"), length(1, 200)])


class CodeForm(ConsoleForm):
    """The second step: a code of the authenticator, or a recovery code; the ticket says who is at it."""

    ticket = HiddenField()
    code = StringField("动态验证码", [required("请填写验证码。"), length(1, 40)])


class ProofForm(ConsoleForm):
    """The second factor, asked again before a sensitive act."""

    code = StringField("动态验证码", [required("请填写验证码。"), length(1, 40)])


class PasswordForm(ConsoleForm):
    """A new password; typed once, for it can be shown."""

    current_password = PasswordField("当前密码", [required("请填写当前密码。"), length(1, 200)])
    new_password = PasswordField("新密码", [required("请填写新密码。"), length(1, 200)])
