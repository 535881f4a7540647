"""The booking rules of a site: every number in a sentence, from when it holds, changes previewed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.policy import PolicyForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.previewing import Step, carried, step_at
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.words import say_day
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.visits.rules import policy as rules
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.rules.policy_guide import GROUPS, Entry, differences
from miniprogram_api.visits.rules.policy_words import in_words
from miniprogram_api.visits.rules.timetable import DatedPolicy, policy_on
from miniprogram_api.visits.service import policies


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the rules: when it was made, from when it holds, and what it changed."""

    number: int
    effective_on: date
    made_at: datetime | None
    policy: Policy
    changes: list[tuple[Entry, str, str]]


@console.route("/sites/<string:site_id>/policy", methods=["GET", "POST"])
@signed_in("policy.manage")
def edit_policy(site_id: str) -> Response:
    """The rules in force, every version, and another one after a look at what it changes."""
    now, today = clock.now(), clock.today()
    with reading() as session:
        site = look_at(session, site_id, "policy.manage")
        dated = policies.list_dated(session, site.id) or policies.undecided(session)
        made = {version.version: version.created_at for version in policies.list_versions(session, site.id)}
    ruling = policy_on(dated, today)
    values = {"effective_on": today + timedelta(days=1), **rules.to_numbers(ruling.policy)}
    form, step = PolicyForm(data=values), step_at()
    if step is not Step.FILL and form.validate():
        with showing_refusals(form):
            policy = rules.from_numbers(form.numbers())
            if step is Step.APPLY:
                return _apply(site.id, policy, form.effective_on.data, now)
            before = policy_on(dated, form.effective_on.data)
            with reading() as session:
                outlook = _preview(session, site.id, policy, form.effective_on.data, now)
            return page(
                "sites/policy_preview.html",
                site=site,
                outlook=outlook,
                changes=differences(before.policy, policy),
                words=in_words(policy),
                carried=carried(),
                form=None,
            )
    return page(
        "sites/policy.html",
        site=site,
        form=form,
        groups=GROUPS,
        ruling=ruling,
        words=in_words(ruling.policy),
        versions=_versions(dated, made),
        first_day=policies.FIRST_DAY,
        today=today,
    )


def _preview(
    session: Session, site_id: UUID, policy: Policy, on: date, now: datetime
) -> policies.PolicyOutlook:
    return policies.preview_policy(session, site_id=site_id, policy=policy, effective_on=on, now=now)


def _apply(site_id: UUID, policy: Policy, on: date, now: datetime) -> Response:
    with atomic() as session:
        site = work_on(session, str(site_id), "policy.manage")
        outlook = policies.change_policy(
            session, site_id=site.id, policy=policy, effective_on=on, actor=current_actor(), now=now
        )
    told = (
        f"第 {outlook.version} 版预约规则已保存，{say_day(on)}起的 {outlook.slots} 个场次按新规则预约；"
        "已有的预约仍按预约时的规则。"
    )
    return done(url_for("console.edit_policy", site_id=site_id), told)


def _versions(dated: list[DatedPolicy], made: dict[int, datetime]) -> list[Version]:
    """The newest first, each with what it changed of the one before."""
    ordered = sorted(dated, key=lambda version: version.version)
    before = [rules.DEFAULT, *(version.policy for version in ordered)]
    found = [
        Version(
            version.version,
            version.effective_on,
            made.get(version.version),
            version.policy,
            differences(previous, version.policy),
        )
        for version, previous in zip(ordered, before, strict=False)
    ]
    return found[::-1]
