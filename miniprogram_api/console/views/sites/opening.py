"""When a site opens: its rules as sentences and as forms, each change after a look at what follows."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.opening import EmptyForm, RuleForm, WeeklyClosingForm
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.previewing import Step, carried, step_at
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.words import say_span
from miniprogram_api.console.words.sites import say_consequences
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.queries.opening import list_rules, list_told_closures, rule_facts
from miniprogram_api.sites.rules import OpeningRuleFacts, opening_in_words
from miniprogram_api.sites.service import OpeningRule, Site, opening, profile
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.sites.service.opening import Preview
from miniprogram_api.visits.queries.slot_changes import list_recent
from miniprogram_api.web.schemas import parse_id

_RECENT = 5


@console.app_template_filter("iso_span")
def say_iso_span(begins: str, ends: str) -> str:
    """A span of two instants as JSON holds them."""
    return say_span(datetime.fromisoformat(begins), datetime.fromisoformat(ends))


@console.get("/sites/<string:site_id>/opening")
@signed_in("sites.view")
def show_opening(site_id: str) -> Response:
    """The rules, the weekly closing day, closures and special openings, each as a sentence."""
    now = clock.now()
    with reading() as session:
        site = look_at(session, site_id)
        rules = [rule_facts(rule) for rule in list_rules(session, site.id)]
        told = list_told_closures(session, site.id, first=clock.today())
        changes = list_recent(session, site.id, limit=_RECENT)
    weekday = site.weekly_closing_weekday
    return page(
        "sites/opening.html",
        site=site,
        rules=[(rule, opening_in_words([rule])[0]) for rule in rules],
        words=opening_in_words(rules, weekly_closing_weekday=weekday),
        closures=told,
        changes={change.closure_id: change for change in changes if change.closure_id},
        now_is=now,
        may_manage=own_may("sites.manage", site=site),
        weekly=WeeklyClosingForm(data={"weekday": str(weekday) if weekday else ""}),
    )


@console.route("/sites/<string:site_id>/opening/rules/new", methods=["GET", "POST"])
@signed_in("sites.manage")
def add_rule(site_id: str) -> Response:
    """Open on some weekdays; the preview counts the sessions that come of it."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
    return _change_rule(site, RuleForm(data={"slot_minutes": 60}), None)


@console.route("/sites/<string:site_id>/opening/rules/<string:rule_id>", methods=["GET", "POST"])
@signed_in("sites.manage")
def edit_rule(site_id: str, rule_id: str) -> Response:
    """Change a rule."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
        rule = rule_facts(get_part(session, OpeningRule, parse_id(rule_id), site_id=site.id))
    return _change_rule(site, RuleForm(data=RuleForm.of(rule)), rule)


def _change_rule(site: Site, form: RuleForm, rule: OpeningRuleFacts | None) -> Response:
    step, now = step_at(), clock.now()
    if step is not Step.FILL and form.validate():
        draft = form.draft(rule.id if rule else None)
        with showing_refusals(form):
            if step is Step.PREVIEW:
                with reading() as session:
                    preview = opening.preview_rule(session, site=site, draft=draft, now=now)
                return _show(site, preview, opening_in_words([draft])[0], "保存这条开放时间")
            with atomic() as session:
                again = work_on(session, str(site.id))
                saved = opening.save_rule(session, site=again, draft=draft, actor=current_actor(), now=now)
            return _back(site, "开放时间已保存", saved.consequences)
    return page("sites/rule.html", site=site, form=form, rule=rule)


@console.route("/sites/<string:site_id>/opening/rules/<string:rule_id>/retire", methods=["GET", "POST"])
@signed_in("sites.manage")
def retire_rule(site_id: str, rule_id: str) -> Response:
    """Take a rule out of force, after a look at what follows."""
    now = clock.now()
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
        rule = get_part(session, OpeningRule, parse_id(rule_id), site_id=site.id)
        words = opening_in_words([rule_facts(rule)])[0]
        preview = opening.preview_without_rule(session, site=site, rule_id=rule.id, now=now)

    def retire(session: Session, again: Site) -> Any:
        part = get_part(session, OpeningRule, parse_id(rule_id), site_id=again.id)
        return opening.retire_rule(session, site=again, rule=part, actor=current_actor(), now=now)

    if step_at() is Step.APPLY:
        return _carry_out(site, retire, "这条开放时间已停用")
    return _show(site, preview, words, "停用这条开放时间", danger=True)


@console.post("/sites/<string:site_id>/opening/weekly")
@signed_in("sites.manage")
def set_weekly_closing(site_id: str) -> Response:
    """Choose another weekly closing day, after a look at what follows."""
    now = clock.now()
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
    form = WeeklyClosingForm()
    if not form.validate():
        return done(url_for("console.show_opening", site_id=site.id))
    weekday = form.chosen_day

    def change(session: Session, again: Site) -> None:
        changes = {"weekly_closing_weekday": weekday}
        profile.edit_site(session, site=again, changes=changes, actor=current_actor(), now=now)

    if step_at() is Step.APPLY:
        return _carry_out(site, change, "每周闭馆日已保存")
    with reading() as session:
        preview = opening.preview_weekly_closing(session, site=site, weekday=weekday, now=now)
    name = next(pick.label for pick in form.weekday.choices if pick.value == (form.weekday.data or ""))
    return _show(site, preview, f"每周闭馆日：{name}。", "保存每周闭馆日")


def _show(site: Site, preview: Preview, words: str, label: str, *, danger: bool = False) -> Response:
    return page(
        "sites/opening_preview.html",
        site=site,
        preview=preview,
        words=words,
        label=label,
        danger=danger,
        sentences=list(say_consequences(preview.consequences)),
        carried=carried(),
        form=None,
    )


def _carry_out(site: Site, act: Callable[[Session, Site], Any], told: str) -> Response:
    form = EmptyForm()
    with showing_refusals(form):
        with atomic() as session:
            change = act(session, work_on(session, str(site.id)))
        return _back(site, told, change.consequences if change is not None else {})
    return page("sites/refused.html", site=site, form=form)


def _back(site: Site, told: str, followed: dict[str, Any]) -> Response:
    sentences = "".join(say_consequences(followed))
    return done(url_for("console.show_opening", site_id=site.id), f"{told}。{sentences}")
