"""When a site opens: rules, closures and special openings.

`?dry_run=true` says what a change would make, alter and hit, and changes nothing.
"""

import dataclasses
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Closure, OpeningRule
from miniprogram_api.sites.queries.opening import list_rules, list_told_closures, rule_facts, tell
from miniprogram_api.sites.routes.scope import MANAGE, VIEW, look_at, work_on
from miniprogram_api.sites.rules import ClosureFacts, OpeningRuleFacts
from miniprogram_api.sites.schemas import opening as wire
from miniprogram_api.sites.service import opening
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, require_fresh, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes("staff-opening", __name__, url_prefix="/api/staff/v1", description="When a site opens")

_RULES = "/sites/<string:site_id>/opening-rules"
_RULE = _RULES + "/<string:rule_id>"
_CLOSURES = "/sites/<string:site_id>/closures"
_CLOSURE = _CLOSURES + "/<string:closure_id>"


@blp.get(_RULES)
@requires(VIEW)
@blp.response(HTTPStatus.OK, wire.RuleListView, example={"items": [wire.RULE], "next_cursor": None})
def list_opening_rules(site_id: str) -> dict[str, Any]:
    """The rules in force."""
    with reading() as session:
        rules = list_rules(session, look_at(session, site_id).id)
    return {"items": [rule_facts(rule) for rule in rules], "next_cursor": None}


@blp.post(_RULES)
@requires(MANAGE)
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.RuleBody, example=wire.RULE_BODY)
@blp.response(HTTPStatus.CREATED, wire.SavedRuleView, example={**wire.RULE, "consequences": {}})
@blp.alt_response(HTTPStatus.OK, schema=wire.PreviewView, example=wire.PREVIEW)
def add_opening_rule(query: dict[str, Any], body: dict[str, Any], site_id: str) -> Any:
    """Open on some weekdays; of several rules that hold on a day those of the highest priority count."""
    draft = OpeningRuleFacts(id=new_id(), **body)
    if query["dry_run"]:
        with reading() as session:
            site = look_at(session, site_id, MANAGE)
            return _told(opening.preview_rule(session, site=site, draft=draft, now=clock.now()))
    with atomic() as session:
        site = work_on(session, site_id)
        return _saved_rule(
            opening.save_rule(session, site=site, draft=draft, actor=current_actor(), now=clock.now())
        )


@blp.patch(_RULE)
@requires(MANAGE)
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.EditRuleBody(partial=True), example={"capacity": 30})
@blp.response(HTTPStatus.OK, wire.EditedRuleView(partial=True), example={**wire.RULE, "consequences": {}})
def edit_opening_rule(query: dict[str, Any], body: dict[str, Any], site_id: str, rule_id: str) -> Any:
    """Change a rule. A dry run answers a preview instead, as with a new rule."""
    if query["dry_run"]:
        with reading() as session:
            site = look_at(session, site_id, MANAGE)
            rule = get_part(session, OpeningRule, parse_id(rule_id), site_id=site.id)
            draft = dataclasses.replace(rule_facts(rule), **body)
            return _told(opening.preview_rule(session, site=site, draft=draft, now=clock.now()))
    with atomic() as session:
        site = work_on(session, site_id)
        rule = get_part(session, OpeningRule, parse_id(rule_id), site_id=site.id)
        draft = dataclasses.replace(rule_facts(rule), **body)
        return _saved_rule(
            opening.save_rule(session, site=site, draft=draft, actor=current_actor(), now=clock.now())
        )


@blp.delete(_RULE)
@requires(MANAGE)
@blp.arguments(wire.DryRun, location="query")
@blp.response(HTTPStatus.OK, wire.RemovedView, example={"consequences": {}})
def retire_opening_rule(query: dict[str, Any], site_id: str, rule_id: str) -> Any:
    """Take a rule out of force. A dry run answers a preview instead."""
    if query["dry_run"]:
        with reading() as session:
            site = look_at(session, site_id, MANAGE)
            rule = get_part(session, OpeningRule, parse_id(rule_id), site_id=site.id)
            return _told(opening.preview_without_rule(session, site=site, rule_id=rule.id, now=clock.now()))
    with atomic() as session:
        site = work_on(session, site_id)
        rule = get_part(session, OpeningRule, parse_id(rule_id), site_id=site.id)
        return opening.retire_rule(session, site=site, rule=rule, actor=current_actor(), now=clock.now())


@blp.get(_CLOSURES)
@requires(VIEW)
@blp.response(HTTPStatus.OK, wire.ClosureListView, example={"items": [wire.CLOSURE], "next_cursor": None})
def list_closures(site_id: str) -> dict[str, Any]:
    """Closures and special openings that hold or are to come."""
    with reading() as session:
        told = list_told_closures(session, look_at(session, site_id).id, first=clock.today())
    return {"items": told, "next_cursor": None}


@blp.post(_CLOSURES)
@requires(MANAGE)
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.ClosureBody, example=wire.CLOSURE_BODY)
@blp.response(HTTPStatus.CREATED, wire.SavedClosureView, example={**wire.CLOSURE, "consequences": {}})
@blp.alt_response(HTTPStatus.OK, schema=wire.PreviewView, example=wire.PREVIEW)
def add_closure(query: dict[str, Any], body: dict[str, Any], site_id: str) -> Any:
    """Close on some days or hours of them, or (`special_opening`) open out of turn; the later word holds."""
    draft = ClosureFacts(id=new_id(), **body)
    if query["dry_run"]:
        with reading() as session:
            site = look_at(session, site_id, MANAGE)
            return _told(opening.preview_closure(session, site=site, draft=draft, now=clock.now()))
    with atomic() as session:
        site = work_on(session, site_id)
        change = opening.add_closure(session, site=site, draft=draft, actor=current_actor(), now=clock.now())
        if change.consequences.get("called_off", {}).get("bookings_total"):
            require_fresh()
        return _saved_closure(change)


@blp.patch(_CLOSURE)
@requires(MANAGE)
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.ExplainClosureBody, example={"public_text": "展厅设备检修"})
@blp.response(
    HTTPStatus.OK, wire.ExplainedClosureView(partial=True), example={**wire.CLOSURE, "consequences": {}}
)
def explain_closure(query: dict[str, Any], body: dict[str, Any], site_id: str, closure_id: str) -> Any:
    """Give another reason, text or amnesty; for other days or hours lift the closure and add one.

    A dry run answers a preview instead.
    """
    if query["dry_run"]:
        with reading() as session:
            site = look_at(session, site_id, MANAGE)
            closure = get_part(session, Closure, parse_id(closure_id), site_id=site.id)
            preview = opening.preview_explained_closure(
                session, site=site, closure=closure, changes=body, now=clock.now()
            )
            return jsonify(wire.PreviewView(exclude=("words",)).dump(preview))
    with atomic() as session:
        site = work_on(session, site_id)
        closure = get_part(session, Closure, parse_id(closure_id), site_id=site.id)
        return _saved_closure(
            opening.explain_closure(
                session, site=site, closure=closure, changes=body, actor=current_actor(), now=clock.now()
            )
        )


@blp.delete(_CLOSURE)
@requires(MANAGE)
@blp.arguments(wire.DryRun, location="query")
@blp.response(HTTPStatus.OK, wire.RemovedView, example={"consequences": {}})
def lift_closure(query: dict[str, Any], site_id: str, closure_id: str) -> Any:
    """Lift a closure or call off a special opening. A dry run answers a preview instead."""
    if query["dry_run"]:
        with reading() as session:
            site = look_at(session, site_id, MANAGE)
            closure = get_part(session, Closure, parse_id(closure_id), site_id=site.id)
            return _told(
                opening.preview_without_closure(session, site=site, closure_id=closure.id, now=clock.now())
            )
    with atomic() as session:
        site = work_on(session, site_id)
        closure = get_part(session, Closure, parse_id(closure_id), site_id=site.id)
        return opening.lift_closure(
            session, site=site, closure=closure, actor=current_actor(), now=clock.now()
        )


def _told(preview: opening.Preview) -> Response:
    return jsonify(wire.PreviewView().dump(preview))


def _saved_rule(change: opening.Change[OpeningRule]) -> dict[str, Any]:
    return {**dataclasses.asdict(rule_facts(change.part)), "consequences": change.consequences}


def _saved_closure(change: opening.Change[Closure]) -> dict[str, Any]:
    told = tell(change.part)
    return {"closure": told.closure, "words": told.words, "consequences": change.consequences}
