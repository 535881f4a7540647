"""Forms of the registry's desk."""

from wtforms import RadioField, SelectField, SelectMultipleField, StringField, TextAreaField

from miniprogram_api.console.forms import ConsoleForm, chosen, length, optional, required
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.words import registry as words
from miniprogram_api.registry.rules.partners import CLIENT_ID, is_network

_STATES = [(state, said[0]) for state, said in words.DEAD_STATES.items()]


class LetterFilter(ConsoleForm):
    """Which dead letters are listed."""

    state = SelectField(
        "状态", [optional()], choices=picks([("", "全部"), ("unsettled", "未处理"), *_STATES])
    )


class DecideDifferenceForm(ConsoleForm):
    """What becomes of a difference."""

    decision = RadioField("怎样处理", [chosen("请选择怎样处理。")])
    reason = StringField("理由", [required("请填写理由，会写入审计记录。"), length(1, 200)])


class PartnerForm(ConsoleForm):
    """A new system that may call as the registry."""

    client_id = StringField("客户端标识", [required("请填写客户端标识。"), length(3, 64)])
    name = StringField("名称", [required("请填写名称。"), length(1, 120)])
    scopes = SelectMultipleField(
        "允许的操作", [chosen("请至少选择一项。")], choices=picks(words.SCOPES.items())
    )
    allowed_networks = TextAreaField("允许的网络地址", [optional(), length(1, 1000)])

    def complete(self) -> bool:
        """Whether the client's name and its networks are of the right form; says so there."""
        if CLIENT_ID.fullmatch(self.client_id.data) is None:
            self.client_id.errors = ["只能用小写字母、数字、点、横线、下划线，以字母或数字开头。"]
        wrong = [network for network in self.networks if not is_network(network)]
        if wrong:
            self.allowed_networks.errors = [f"“{wrong[0]}”不是网络地址，请写成 10.1.2.3 或 10.1.0.0/16。"]
        return not self.errors

    @property
    def networks(self) -> list[str]:
        """One address or network a line."""
        return [line.strip() for line in (self.allowed_networks.data or "").splitlines() if line.strip()]


class RefuseObjectionForm(ConsoleForm):
    """Why an objection is not passed on; its member reads it."""

    reason = StringField("不予转交的理由", [required("请填写理由，提出人会看到。"), length(1, 200)])


class ObjectionFilter(ConsoleForm):
    """Which objections are listed."""

    state = SelectField("状态", [optional()])
