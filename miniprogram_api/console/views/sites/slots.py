"""The slots of a site: found by day, weekday, time and state; made from the rules; one added out of turn."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from flask import current_app, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.opening import EmptyForm
from miniprogram_api.console.forms.sites.slots import SlotForm, read_choice
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.previewing import Step, step_at
from miniprogram_api.console.scope import look_at
from miniprogram_api.console.words import say_span
from miniprogram_api.console.words.changes import ACTS, say_choice
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.visits.errors.slots import SiteNotOpen
from miniprogram_api.visits.queries import slot_changes as queries
from miniprogram_api.visits.queries.access import get_making_access, get_site_access
from miniprogram_api.visits.rules.slot_choice import ChosenSlot
from miniprogram_api.visits.rules.slots import WITHDRAWN
from miniprogram_api.visits.service import slots, timetable
from miniprogram_api.visits.service.timetable import Report

_PER_PAGE = 50
_RECENT = 5


@console.get("/sites/<string:site_id>/slots")
@signed_in("slots.view")
def list_slots(site_id: str) -> Response:
    """Slots to come that match the filters of the address, and the latest changes of many."""
    now = clock.now()
    form, _ = read_choice(request.args)
    with reading() as session:
        site = look_at(session, site_id, "slots.view")
        found: Sequence[ChosenSlot] = ()
        choice = form.choice(today=clock.today())
        if form.validate() and form.accept(choice):
            found = queries.list_chosen(session, site.id, choice, now=now)
        changes = queries.list_recent(session, site.id, limit=_RECENT)
    return page(
        "sites/slots.html",
        site=site,
        form=form,
        choice=choice,
        said=say_choice(choice),
        slots=_page_of(found, request.args.get("cursor")),
        total=len(found),
        changes=changes,
        acts=ACTS,
        now_is=now,
        withdrawn=WITHDRAWN,
        may_manage=own_may("slots.manage", site=site),
    )


def _page_of(found: Sequence[ChosenSlot], cursor: str | None) -> Page[ChosenSlot]:
    """The slots from the one that the address names on."""
    at = next((index for index, slot in enumerate(found) if str(slot.id) == cursor), 0)
    following = at + _PER_PAGE
    next_one = str(found[following].id) if following < len(found) else None
    return Page(found[at:following], next_one)


@console.route("/sites/<string:site_id>/slots/generate", methods=["GET", "POST"])
@signed_in("slots.manage")
def generate_slots(site_id: str) -> Response:
    """Make the slots of the days ahead from the opening rules; the page shows them before."""
    now, form = clock.now(), EmptyForm()
    with reading() as session:
        site = look_at(session, site_id, "slots.manage")
        report = _preview(session, site.id, now)
    if step_at() is Step.APPLY:
        with showing_refusals(form):
            with atomic() as session:
                look_at(session, site_id, "slots.manage")
                made = _generate(session, site.id, now)
            told = f"已生成 {len(made.made)} 个场次。" if made.made else "场次已经齐全，没有新的可以生成。"
            return done(url_for("console.list_slots", site_id=site.id), told)
    return page("sites/generate.html", site=site, report=report, form=form)


def _preview(session: Session, site_id: UUID, now: datetime) -> Report:
    return timetable.preview(
        session,
        site_id=site_id,
        access=get_site_access(session, site_id, now=now).access,
        plan=lambda first, last: site_queries.opening_days(session, site_id, first, last),
        days=_days(),
        now=now,
    )


def _generate(session: Session, site_id: UUID, now: datetime) -> Report:
    site_queries.hold_standing(session, site_id)
    if not get_site_access(session, site_id, now=now).access.bookable:
        raise SiteNotOpen
    access = get_making_access(session, site_id, now=now)
    return timetable.materialise(
        session, site_id=site_id, access=access, days=_days(), actor=current_actor(), now=now
    )


def _days() -> int:
    days: int = current_app.extensions["settings"].slot_horizon_days
    return days


@console.route("/sites/<string:site_id>/slots/new", methods=["GET", "POST"])
@signed_in("slots.manage")
def add_slot(site_id: str) -> Response:
    """Add one slot; making slots from the rules leaves it alone."""
    with reading() as session:
        site = look_at(session, site_id, "slots.manage")
    form = SlotForm()
    if form.validate_on_submit():
        starts_at, ends_at = form.times()
        wanted = slots.NewSlot(starts_at=starts_at, ends_at=ends_at, capacity=form.capacity.data or 0)
        with showing_refusals(form):
            with atomic() as session:
                look_at(session, site_id, "slots.manage")
                slots.add_slot(
                    session, site_id=site.id, wanted=wanted, actor=current_actor(), now=clock.now()
                )
            told = f"已加开 {say_span(starts_at, ends_at)} 的场次，{form.capacity.data} 个名额。"
            return done(url_for("console.list_slots", site_id=site.id), told)
    return page("sites/slot.html", site=site, form=form)
