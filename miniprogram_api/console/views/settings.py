"""What may change while the product runs: single numbers and the city's booking rules, with their history."""

from collections.abc import Sequence
from typing import Any

from flask import current_app, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.settings import DefaultPolicyForm, SettingForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.previewing import Step, carried, step_at
from miniprogram_api.console.words import say_day, say_instant
from miniprogram_api.console.words.settings import SETTINGS
from miniprogram_api.identity import queries_people as people
from miniprogram_api.kernel import clock, runtime_settings
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.runtime_settings import RuntimeSetting, SettingChange
from miniprogram_api.visits.queries import default_policy as default_queries
from miniprogram_api.visits.rules.policy import to_numbers
from miniprogram_api.visits.rules.policy_guide import GROUPS, differences
from miniprogram_api.visits.rules.policy_words import in_words
from miniprogram_api.visits.service import default_policy
from miniprogram_api.web.schemas import parse_id


@console.get("/settings")
@signed_in("settings.view")
def list_settings() -> Response:
    """Every number with what holds now and what will, and the city's booking rules in words."""
    now = clock.now()
    with reading() as session:
        rows = [_row(session, setting) for setting in runtime_settings.declared()]
        changes = runtime_settings.list_all_changes(session)
        coming = {
            name: [change for change in found if change.effective_at > now] for name, found in changes.items()
        }
        policy = default_policy.default_on(session, clock.today())
        versions = default_queries.list_default_versions(session)
        followers = default_queries.count_followers(session)
        names = _names(session, [version.created_by for version in versions])
    return page(
        "settings/list.html",
        rows=rows,
        coming=coming,
        said=SETTINGS,
        words=in_words(policy),
        versions=versions,
        followers=followers,
        names=names,
        today=clock.today(),
    )


def _row(session: Session, setting: RuntimeSetting) -> tuple[RuntimeSetting, int]:
    return setting, setting.value(session, clock.now(), default=_installed(setting.name))


def _installed(name: str) -> int | None:
    """What the installation says where nobody has changed a setting and it has no default of its own."""
    days: int = current_app.extensions["settings"].slot_horizon_days
    return {"visits.slot_horizon_days": days}.get(name)


def _names(session: Session, actors: Sequence[str | None]) -> dict[str, str]:
    """What those who changed something are called, as they are kept: `staff:<id>`."""
    ids = [actor.partition(":")[2] for actor in actors if actor]
    return {f"staff:{each}": name for each, name in people.names_of_staff(session, ids).items()}


@console.get("/settings/<string:name>")
@signed_in("settings.view")
def show_setting(name: str) -> Response:
    """One number and its history."""
    setting = runtime_settings.get(name)
    return _show(setting, SettingForm())


def _show(setting: RuntimeSetting, form: SettingForm) -> Response:
    with reading() as session:
        _, value = _row(session, setting)
        history = runtime_settings.list_changes(session, setting.name)
        names = _names(session, [each for row in history for each in (row.changed_by, row.withdrawn_by)])
    if not form.is_submitted():
        form.value.data = value
    return page(
        "settings/setting.html",
        setting=setting,
        said=SETTINGS[setting.name],
        value=value,
        history=history,
        names=names,
        form=form,
    )


@console.post("/settings/<string:name>")
@signed_in("settings.manage", fresh=True)
def change_setting(name: str) -> Response:
    """Let a number have another value, at once or from a day on."""
    setting, form = runtime_settings.get(name), SettingForm()
    if form.validate_on_submit() and form.complete():
        with showing_refusals(form):
            with atomic() as session:
                changed = runtime_settings.change(
                    session,
                    name,
                    value=form.value.data,
                    effective_at=form.effective_at,
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                    default=_installed(name),
                )
            return done(url_for("console.show_setting", name=name), _told(changed))
    return _show(setting, form)


def _told(changed: SettingChange) -> str:
    said = SETTINGS[changed.name]
    since = "现在" if changed.effective_at <= clock.now() else f"{say_instant(changed.effective_at)}"
    return f"“{said.label}”从{since}起是 {changed.value} {said.unit}。"


@console.post("/settings/<string:name>/changes/<string:setting_change_id>/withdraw")
@signed_in("settings.manage", fresh=True)
def withdraw_change(name: str, setting_change_id: str) -> Response:
    """Call off a change before it takes effect."""
    setting, form = runtime_settings.get(name), SettingForm(formdata=None)
    with showing_refusals(form):
        with atomic() as session:
            runtime_settings.withdraw(
                session, name, parse_id(setting_change_id), actor=current_actor(), now=clock.now()
            )
        return done(url_for("console.show_setting", name=name), "这项修改已撤回，到时不会生效。")
    return _show(setting, form)


@console.route("/settings/default-policy", methods=["GET", "POST"])
@signed_in("settings.manage", fresh=True)
def change_default_policy() -> Response:
    """State the city's booking rules anew: first what would change and for how many, then for good."""
    with reading() as session:
        current = default_policy.default_on(session, clock.today())
    form = DefaultPolicyForm(data={"effective_on": clock.today(), **to_numbers(current)})
    step = step_at()
    if step is not Step.FILL and form.validate():
        with showing_refusals(form):
            if step is Step.APPLY:
                return done(url_for("console.list_settings"), _changed(form))
            return page("settings/check_policy.html", form=None, carried=carried(), **_preview(form))
    return page("settings/policy.html", form=form, groups=GROUPS, current=current)


def _preview(form: Any) -> dict[str, Any]:
    """What would change and for how many, told before it is done."""
    on = form.effective_on.data
    with reading() as session:
        before = default_policy.default_on(session, on)
        outlook = default_policy.preview_default(
            session, numbers=form.numbers(), effective_on=on, now=clock.now()
        )
    changes = differences(before, outlook.policy)
    return {"outlook": outlook, "changes": changes, "words": in_words(outlook.policy)}


def _changed(form: Any) -> str:
    with atomic() as session:
        outlook = default_policy.change_default(
            session,
            numbers=form.numbers(),
            effective_on=form.effective_on.data,
            reason=form.reason.data,
            actor=current_actor(),
            now=clock.now(),
        )
    since = say_day(outlook.effective_on)
    return (
        f"全市默认预约规则从{since}的场次起改变，{outlook.sites} 个示范点将在几分钟内跟随。已有预约按原规则。"
    )


guide(
    "settings",
    "修改运行设置",
    "不用停机就能改变的数值，每次修改都有历史：谁、何时、从多少改到多少、为什么、从何时生效。",
    steps=(
        "在列表中点一项设置，看它的作用、允许范围和历史。",
        "填写新数值，选择立即生效或从某天起生效，写明理由。",
        "还没生效的修改可以撤回；已经生效的，再改一次即可。",
        "“全市默认预约规则”适用于没有自己规则的示范点：先看影响多少示范点和场次，再确认。",
    ),
    notes=("市民在小程序里看到的规则文字由这些数值自动写成。", "已有预约始终按预约时的规则。"),
)
