"""One control call as a table row, and the few look-ups that several of them share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from miniprogram_api.devtools.fake_wechat.demo import DEMO_APPID
from miniprogram_api.devtools.fake_wechat.records import Account, Person, Template
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.inputs import Inputs, invalid

Handler = Callable[[State, Inputs], dict[str, Any]]
MAX_NAME = 64


@dataclass(frozen=True)
class Route:
    """Method and path below `/_fake`, the fields it reads, and what it does."""

    method: str
    path: str
    handler: Handler
    fields: tuple[str, ...] = ()

    def describe(self, prefix: str) -> dict[str, Any]:
        """The row as the index shows it."""
        summary = (self.handler.__doc__ or "").strip().partition("\n")[0]
        return {"call": f"{self.method} {prefix}{self.path}", "fields": list(self.fields), "does": summary}


def read_account(state: State, inputs: Inputs) -> Account:
    """The account named by `appid`, the demo account when none is named; 422 for an unknown one."""
    appid = inputs.text("appid") if inputs.has("appid") else DEMO_APPID
    account = state.accounts.get(appid)
    if account is None:
        raise invalid("appid", f"unknown; known are {', '.join(sorted(state.accounts))}")
    return account


def read_person(state: State, inputs: Inputs) -> Person:
    """The person named, made on first use."""
    return state.person(inputs.text("person", max_length=MAX_NAME))


def read_template(account: Account, inputs: Inputs) -> Template:
    """The template named by `template_id`; 422 when the account has no such one."""
    template = account.templates.get(inputs.text("template_id"))
    if template is None:
        raise invalid("template_id", f"unknown; known are {', '.join(sorted(account.templates))}")
    return template
