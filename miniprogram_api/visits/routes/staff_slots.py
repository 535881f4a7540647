"""Slots for a site's staff: their figures, making them from the opening rules, and changing single ones."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import current_app, jsonify
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.errors.slots import SiteNotOpen
from miniprogram_api.visits.models import Slot
from miniprogram_api.visits.queries import slots as queries
from miniprogram_api.visits.queries.access import get_making_access, get_site_access
from miniprogram_api.visits.rules.slots import MAX_SPAN, days_asked
from miniprogram_api.visits.schemas import slot_examples as examples
from miniprogram_api.visits.schemas import slots as wire
from miniprogram_api.visits.service import calling_off, slots, timetable
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, require_fresh, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes("staff-slots", __name__, url_prefix="/api/staff/v1", description="Slots of a managed site")


def _managed(session: Session, permission: str, site_id: str) -> UUID:
    return get_managed_site(session, current_principal(), permission, parse_id(site_id)).id


def _horizon_days() -> int:
    days: int = current_app.extensions["settings"].slot_horizon_days
    return days


@blp.get("/sites/<string:site_id>/slots")
@requires("slots.view")
@blp.arguments(wire.SlotFilter, location="query")
@blp.response(HTTPStatus.OK, wire.SlotsDeskView, example=examples.SLOTS_DESK)
def list_slots(days: dict[str, Any], site_id: str) -> dict[str, Any]:
    """The slots of a site with their figures; by default of the coming 31 days."""
    first, last = days_asked(days["first"], days["last"], today=clock.today(), default_days=MAX_SPAN.days)
    with reading() as session:
        site = _managed(session, "slots.view", site_id)
        found = queries.list_desk(session, site_id=site, first=first, last=last)
        return {"items": [wire.desk_values(slot) for slot in found], "next_cursor": None}


@blp.post("/sites/<string:site_id>/slots")
@requires("slots.manage")
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.AddSlotBody, example=examples.ADD_SLOT)
@blp.response(HTTPStatus.CREATED, wire.SlotDeskView, example=examples.SLOT_DESK)
@blp.alt_response(HTTPStatus.OK, schema=wire.SlotPreviewView, example=examples.SLOT_PREVIEW)
def add_slot(options: dict[str, Any], body: dict[str, Any], site_id: str) -> Any:
    """Add a special slot; making slots from the opening rules leaves it alone."""
    wanted, now = slots.NewSlot(**body), clock.now()
    if options["dry_run"]:
        with reading() as session:
            site = _managed(session, "slots.manage", site_id)
            slot = slots.preview_slot(session, site_id=site, wanted=wanted, now=now)
            return jsonify(wire.SlotPreviewView().dump(slot))
    with atomic() as session:
        site = _managed(session, "slots.manage", site_id)
        return slots.add_slot(session, site_id=site, wanted=wanted, actor=current_actor(), now=now)


@blp.patch("/sites/<string:site_id>/slots/<string:slot_id>")
@requires("slots.manage")
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.EditSlotBody, example=examples.EDIT_SLOT)
@blp.response(HTTPStatus.OK, wire.PatchedSlotView, example=examples.PATCHED_SLOT)
def edit_slot(options: dict[str, Any], body: dict[str, Any], site_id: str, slot_id: str) -> dict[str, Any]:
    """Change a slot's seats, close it (which cancels its bookings as the site) or open it again."""
    if options["dry_run"]:
        return _preview_edit(body, site_id, slot_id)
    now, actor = clock.now(), current_actor()
    with atomic() as session:
        site = _managed(session, "slots.manage", site_id)
        slot = slots.get_slot(session, site_id=site, slot_id=parse_id(slot_id))
        hits = _hits(session, body, slot)
        if hits.bookings_total:
            require_fresh()
        seats = {name: body[name] for name in slots.CAPACITIES if name in body}
        if seats:
            slots.edit_capacity(session, site_id=site, slot_id=slot.id, changes=seats, actor=actor, now=now)
        if body.get("state") == "closed":
            reason = {name: body[name] for name in ("reason_code", "public_text")}
            slots.close_slot(session, site_id=site, slot_id=slot.id, actor=actor, now=now, **reason)
        elif body.get("state") == "open":
            slots.reopen_slot(session, site_id=site, slot_id=slot.id, actor=actor, now=now)
        session.refresh(slot)
        return {**wire.desk_values(slot), "called_off": hits}


def _preview_edit(body: dict[str, Any], site_id: str, slot_id: str) -> dict[str, Any]:
    with reading() as session:
        site = _managed(session, "slots.manage", site_id)
        slot = slots.check_edit(
            session,
            site_id=site,
            slot_id=parse_id(slot_id),
            changes={name: body[name] for name in slots.CAPACITIES if name in body},
            reopens=body.get("state") == "open",
            now=clock.now(),
        )
        return {**wire.desk_values(slot), "called_off": _hits(session, body, slot)}


def _hits(session: Session, body: dict[str, Any], slot: Slot) -> calling_off.Hits:
    closing = [slot.id] if body.get("state") == "closed" else []
    return calling_off.preview(session, slot_ids=closing, now=clock.now())


@blp.post("/sites/<string:site_id>/slots/generate")
@requires("slots.manage")
@blp.arguments(wire.DryRun, location="query")
@blp.response(HTTPStatus.OK, wire.ReportView, example=examples.REPORT)
def generate_slots(options: dict[str, Any], site_id: str) -> timetable.Report:
    """Bring the slots of the days ahead in line with the opening rules."""
    if options["dry_run"]:
        return _preview_generate(site_id)
    now = clock.now()
    with atomic() as session:
        site = _managed(session, "slots.manage", site_id)
        site_queries.hold_standing(session, site)
        if not get_site_access(session, site, now=now).access.bookable:
            raise SiteNotOpen
        # Like the sweep: on a copy of the registry that is too old, none are made beyond those there are.
        access = get_making_access(session, site, now=now)
        return timetable.materialise(
            session, site_id=site, access=access, days=_horizon_days(), actor=current_actor(), now=now
        )


def _preview_generate(site_id: str) -> timetable.Report:
    now = clock.now()
    with reading() as session:
        site = _managed(session, "slots.manage", site_id)
        return timetable.preview(
            session,
            site_id=site,
            access=get_site_access(session, site, now=now).access,
            plan=lambda first, last: site_queries.opening_days(session, site, first, last),
            days=_horizon_days(),
            now=now,
        )
