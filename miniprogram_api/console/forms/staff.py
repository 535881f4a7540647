"""Forms of the people's desk: accounts, roles, links, and the password that an invited person chooses."""

from wtforms import PasswordField, RadioField, SelectField, StringField

from miniprogram_api.console.forms import ConsoleForm, chosen, length, optional, required
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.words import ROLE_NAMES

_NOBODY = ("", "不属于任何机构")


class ReasonForm(ConsoleForm):
    """Why something is done; kept in the trail."""

    reason = StringField("理由", [required("请填写理由，会写入审计记录。"), length(1, 200)])


class PlainForm(ConsoleForm):
    """Nothing is asked but whether."""


class CreateStaffForm(ConsoleForm):
    """A new account; nobody but its owner chooses the password."""

    username = StringField("用户名", [required("请填写用户名。"), length(3, 60)])
    display_name = StringField("姓名", [required("请填写姓名。"), length(1, 60)])
    organisation_id = SelectField("所属机构", [optional()])

    def offer(self, organisations: list[tuple[str, str]]) -> None:
        """Which organisations can be chosen."""
        self.organisation_id.choices = picks([_NOBODY, *organisations])


class ChangeStaffForm(ConsoleForm):
    """Name and organisation of an account."""

    display_name = StringField("姓名", [required("请填写姓名。"), length(1, 60)])
    organisation_id = SelectField("所属机构", [optional()])

    def offer(self, organisations: list[tuple[str, str]]) -> None:
        """Which organisations can be chosen."""
        self.organisation_id.choices = picks([_NOBODY, *organisations])


class GrantForm(ConsoleForm):
    """A role and over what it holds."""

    role = SelectField(
        "角色", [required("请选择角色。")], choices=picks([("", "请选择"), *ROLE_NAMES.items()])
    )
    reach = RadioField(
        "范围",
        [chosen("请选择范围。")],
        choices=picks([("site", "一个示范点"), ("organisation", "一个机构的全部示范点"), ("city", "全市")]),
    )
    site_id = SelectField("示范点", [optional()])
    organisation_id = SelectField("机构", [optional()])

    def offer(self, sites: list[tuple[str, str]], organisations: list[tuple[str, str]]) -> None:
        """Over what a role can be given."""
        self.site_id.choices = picks([("", "请选择"), *sites])
        self.organisation_id.choices = picks([("", "请选择"), *organisations])

    def complete(self) -> bool:
        """Whether the chosen reach names its object; says at the field what is missing."""
        wanted = {"site": self.site_id, "organisation": self.organisation_id}.get(self.reach.data)
        if wanted is None or wanted.data:
            return True
        wanted.errors = [f"请选择{wanted.label.text}。"]
        return False


class DisableForm(ReasonForm):
    """Why an account ends, and who goes on with what is open on its desk."""

    receiver = SelectField("由谁接手", [optional()])

    def offer(self, receivers: list[tuple[str, str]]) -> None:
        """Who could go on."""
        self.receiver.choices = picks([("", "请选择接手人"), *receivers])


class OrganisationForm(ConsoleForm):
    """A new organisation."""

    name = StringField("机构名称", [required("请填写机构名称。"), length(1, 120)])
    credit_code = StringField("统一社会信用代码", [optional(), length(18, 18)])


class RenameOrganisationForm(ConsoleForm):
    """Another name of an organisation."""

    name = StringField("机构名称", [required("请填写机构名称。"), length(1, 120)])


class DeviceForm(ConsoleForm):
    """A new device at a gate."""

    name = StringField("设备名称", [required("请填写设备名称，如“东门平板”。"), length(1, 60)])


class ChoosePasswordForm(ConsoleForm):
    """The first password of an account, or another one; typed twice, for nobody can look it up."""

    password = PasswordField("新密码", [required("请设置密码。"), length(1, 200)])
    again = PasswordField("再输入一次", [required("请再输入一次密码。"), length(1, 200)])

    def agree(self) -> bool:
        """Whether both are the same; says so at the second."""
        if self.password.data == self.again.data:
            return True
        self.again.errors = ["两次输入的密码不一致，请重新输入。"]
        return False


class StaffFilter(ConsoleForm):
    """Which accounts are listed."""

    q = StringField("姓名或用户名", [optional(), length(1, 60)])
    role = SelectField("角色", [optional()], choices=picks([("", "全部角色"), *ROLE_NAMES.items()]))
    organisation = SelectField("机构", [optional()])
    state = SelectField(
        "状态",
        [optional()],
        choices=picks(
            [
                ("", "全部状态"),
                ("active", "在用"),
                ("invited", "待启用"),
                ("awaiting", "有待批准的角色"),
                ("disabled", "已停用"),
            ]
        ),
    )
