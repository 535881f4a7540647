"""Changing many slots: what and whom it hits, then done, then taken back if it was a mistake."""

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, require_fresh, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.opening import EmptyForm
from miniprogram_api.console.forms.sites.slots import ChangeForm, read_choice
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.previewing import Step, carried, key_of, step_at
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.words import say_span
from miniprogram_api.console.words.changes import (
    ACTS,
    EFFECTS,
    OUTCOMES,
    say_choice,
    say_counts,
    say_messages,
    seen_of,
    short_span,
)
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.service import Site
from miniprogram_api.visits.errors.slots import ChangeOutdated
from miniprogram_api.visits.queries import slot_changes as queries
from miniprogram_api.visits.rules.slot_choice import SlotAct, SlotChoice
from miniprogram_api.visits.service import slot_change_undo, slot_changes
from miniprogram_api.visits.service.slot_changes import Seen
from miniprogram_api.web.schemas import parse_id

_TARGETS = 200
_LISTED = 200


@console.route("/sites/<string:site_id>/slots/change", methods=["GET", "POST"])
@signed_in("slots.manage")
def change_slots(site_id: str) -> Response:
    """Say what is to be done to the slots of the address, look at what it hits, do it."""
    now = clock.now()
    chosen, ticked = read_choice(request.args)
    with reading() as session:
        site = look_at(session, site_id, "slots.manage")
        choice = chosen.choice(today=clock.today(), ids=ticked)
        if not (chosen.validate() and chosen.accept(choice)):
            query = request.query_string.decode(errors="replace")
            return done(f"{url_for('console.list_slots', site_id=site.id)}?{query}")
        slots = queries.list_chosen(session, site.id, choice, now=now)
        targets = _targets(session, site, choice)
    form = ChangeForm(data={"change_id": str(new_id())})
    form.offer(targets)
    step = step_at()
    if step is not Step.FILL and form.validate():
        with showing_refusals(form):
            seen = seen_of(form.seen.data)
            # Who was shown nothing has agreed to nothing: they are shown it now.
            if step is Step.APPLY and seen is not None:
                try:
                    return _apply(site, form, choice, seen)
                except ChangeOutdated as outdated:
                    form.refuse(outdated)
            return _preview(site, form, choice)
    said = _said(choice, len(slots))
    return page("sites/change_slots.html", site=site, form=form, slots=slots, said=said)


def _said(choice: SlotChoice, count: int) -> str:
    if choice.ids is not None:
        return f"勾选的 {count} 个场次"
    return f"{say_choice(choice)}，共 {count} 个"


def _targets(session: Session, site: Site, choice: SlotChoice) -> list[tuple[str, str]]:
    """Open slots outside of those meant, to move people to."""
    rooms, _ = queries.list_rooms(session, site.id, leaving_out=choice.ids or (), now=clock.now())
    rooms = [room for room in sorted(rooms, key=lambda room: room.starts_at) if room.seats > 0]
    return [
        (str(room.slot_id), f"{say_span(room.starts_at, room.ends_at)}，余 {room.seats}")
        for room in rooms[:_TARGETS]
    ]


def _preview(site: Site, form: ChangeForm, choice: SlotChoice) -> Response:
    wanted = form.wanted()
    with reading() as session:
        outlook = slot_changes.preview_change(
            session, site_id=site.id, choice=choice, wanted=wanted, now=clock.now()
        )
    rest = wanted.last_resort.value
    return page(
        "sites/change_preview.html",
        site=site,
        form=form,
        outlook=outlook,
        wanted=wanted,
        rest=rest,
        said=say_choice(choice) if choice.ids is None else f"勾选的 {outlook.chosen} 个场次",
        acts=ACTS,
        messages=say_messages(site, outlook, wanted.public_text, rest),
        carried=carried(
            change_id=key_of(form.change_id.data), seen=f"{len(outlook.slots)}-{len(outlook.hit)}"
        ),
    )


def _apply(site: Site, form: ChangeForm, choice: SlotChoice, seen: Seen) -> Response:
    with atomic() as session:
        look_at(session, str(site.id), "slots.manage")
        change = slot_changes.change_slots(
            session,
            change_id=key_of(form.change_id.data),
            site_id=site.id,
            choice=choice,
            wanted=form.wanted(),
            seen=seen,
            actor=current_actor(),
            now=clock.now(),
        )
        counted = queries.count_changed(session, change.id)
        if counted:
            require_fresh()
    told = _done_words(change.act, len(change.slots), form.capacity.data)
    followed = "；".join(say_counts(counted))
    address = url_for("console.show_change", site_id=site.id, change_id=change.id)
    return done(address, f"{told}{followed and '，' + followed}。")


def _done_words(act: SlotAct, slots: int, capacity: int | None) -> str:
    match act:
        case SlotAct.CAPACITY:
            return f"{slots} 个场次的名额已改为 {capacity}"
        case SlotAct.REOPEN:
            return f"{slots} 个场次已重新开放"
        case _:
            return f"{slots} 个场次已关闭"


@console.get("/sites/<string:site_id>/slots/changes/<string:change_id>")
@signed_in("slots.view")
def show_change(site_id: str, change_id: str) -> Response:
    """What a change did, and whether it can still be taken back."""
    now = clock.now()
    with reading() as session:
        site = look_at(session, site_id, "slots.view")
        change = queries.get_change(session, parse_id(change_id), site_id=site.id)
        counted = queries.count_changed(session, change.id)
        bookings = queries.list_changed(session, change.id, limit=_LISTED)
    return page(
        "sites/change.html",
        site=site,
        change=change,
        acts=ACTS,
        effects=EFFECTS,
        outcomes=OUTCOMES,
        counts=list(say_counts(counted)),
        waiting=sum(row.bookings for row in counted if row.outcome is None and row.effect != "keep"),
        lost=sum(row.bookings for row in counted if row.outcome not in (None, "restored")),
        to_call=sum(row.bookings for row in counted if not row.by_app and row.effect != "keep"),
        bookings=bookings,
        total=sum(row.bookings for row in counted),
        span=short_span,
        may_open=own_may("bookings.view", site=site),
        may_undo=_may_undo(site, change.act) and change.undone_at is None and now < change.undo_until,
    )


def _may_undo(site: Site, act: SlotAct) -> bool:
    needs = "sites.manage" if act is SlotAct.CLOSE_DAYS else "slots.manage"
    return own_may(needs, site=site)


@console.post("/sites/<string:site_id>/slots/changes/<string:change_id>/undo")
@signed_in("slots.manage")
def undo_change(site_id: str, change_id: str) -> Response:
    """Bring slots and bookings back as far as seats are free."""
    form = EmptyForm()
    with reading() as session:
        site = look_at(session, site_id, "slots.manage")
        known = queries.get_change(session, parse_id(change_id), site_id=site.id)
        look_at(session, site_id, "sites.manage" if known.act is SlotAct.CLOSE_DAYS else "slots.manage")
    with showing_refusals(form):
        with atomic() as session:
            slot_change_undo.undo_change(
                session,
                site=work_on(session, site_id, "slots.manage"),
                change_id=known.id,
                actor=current_actor(),
                now=clock.now(),
            )
        address = url_for("console.show_change", site_id=site.id, change_id=known.id)
        return done(address, "已撤销：场次恢复原样，预约按名额恢复，结果见下表。")
    return page("sites/refused.html", site=site, form=form)
