"""Closing a site on some days, or opening it out of turn: preview, bookings moved or cancelled, undo."""

from datetime import timedelta

from flask import current_app, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, require_fresh, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.opening import ClosureForm, EmptyForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.previewing import Step, carried, step_at
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.words.changes import say_messages, seen_of
from miniprogram_api.console.words.sites import say_consequences
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.queries.opening import tell
from miniprogram_api.sites.rules import closure_in_words
from miniprogram_api.sites.service import Closure, Site, opening
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.visits.queries import slot_changes as queries
from miniprogram_api.visits.service import closing_days
from miniprogram_api.visits.service.slot_changes import Seen
from miniprogram_api.web.schemas import parse_id


def _days() -> int:
    days: int = current_app.extensions["settings"].slot_horizon_days
    return days


@console.route("/sites/<string:site_id>/opening/closures/new", methods=["GET", "POST"])
@signed_in("sites.manage")
def add_closure(site_id: str) -> Response:
    """Close on some days or open out of turn; whoever has booked is seen before anything happens."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
    form = ClosureForm(data={"change_id": str(new_id()), "first_on": clock.today() + timedelta(days=1)})
    step = step_at()
    if step is not Step.FILL and form.validate():
        with showing_refusals(form):
            seen = seen_of(form.seen.data)
            if step is Step.APPLY and not form.closes:
                return _open_out_of_turn(site, form)
            # Who was shown nothing has agreed to nothing: they are shown it now.
            if step is Step.APPLY and seen is not None:
                return _close(site, form, seen)
            return _preview(site, form)
    return page("sites/closure.html", site=site, form=form)


def _preview(site: Site, form: ClosureForm) -> Response:
    draft, now = form.draft(), clock.now()
    with reading() as session:
        if form.closes:
            found = closing_days.preview_closing(
                session, site=site, draft=draft, wanted=form.wanted(), days=_days(), now=now
            )
            preview, outlook = found.opening, found.outlook
        else:
            preview, outlook = opening.preview_closure(session, site=site, draft=draft, now=now), None
    seen = "" if outlook is None else f"{len(outlook.slots)}-{len(outlook.hit)}"
    return page(
        "sites/closure_preview.html",
        site=site,
        words=closure_in_words(draft),
        preview=preview,
        outlook=outlook,
        closes=form.closes,
        rest="cancel",
        sentences=[] if form.closes else list(say_consequences(preview.consequences)),
        messages=say_messages(site, outlook, draft.public_text, "cancel") if outlook else [],
        carried=carried(change_id=draft.id, seen=seen),
        form=None,
    )


def _open_out_of_turn(site: Site, form: ClosureForm) -> Response:
    draft = form.draft()
    with atomic() as session:
        again = work_on(session, str(site.id))
        added = opening.add_closure(session, site=again, draft=draft, actor=current_actor(), now=clock.now())
        if added.consequences.get("called_off", {}).get("bookings_total"):
            require_fresh()
    sentences = "".join(say_consequences(added.consequences))
    return done(url_for("console.show_opening", site_id=site.id), f"{closure_in_words(draft)}{sentences}")


def _close(site: Site, form: ClosureForm, seen: Seen) -> Response:
    draft, now = form.draft(), clock.now()
    with atomic() as session:
        again = work_on(session, str(site.id))
        change = closing_days.close_days(
            session,
            change_id=draft.id,
            site=again,
            draft=draft,
            wanted=form.wanted(),
            days=_days(),
            seen=seen,
            actor=current_actor(),
            now=now,
        )
        if queries.count_changed(session, change.id):
            require_fresh()
    address = url_for("console.show_change", site_id=site.id, change_id=change.id)
    return done(address, f"{closure_in_words(draft)}关闭 {len(change.slots)} 个场次。")


@console.route("/sites/<string:site_id>/opening/closures/<string:closure_id>/lift", methods=["GET", "POST"])
@signed_in("sites.manage")
def lift_closure(site_id: str, closure_id: str) -> Response:
    """End a closure or a special opening, after a look at what follows."""
    now = clock.now()
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
        closure = get_part(session, Closure, parse_id(closure_id), site_id=site.id)
        preview = opening.preview_without_closure(session, site=site, closure_id=closure.id, now=now)
        words = tell(closure).words
    form = EmptyForm()
    if step_at() is Step.APPLY:
        with showing_refusals(form):
            with atomic() as session:
                again = work_on(session, site_id)
                part = get_part(session, Closure, parse_id(closure_id), site_id=again.id)
                lifted = opening.lift_closure(
                    session, site=again, closure=part, actor=current_actor(), now=now
                )
            told = "已撤销，按平时的开放时间执行。" + "".join(say_consequences(lifted.consequences))
            return done(url_for("console.show_opening", site_id=site_id), told)
    return page(
        "sites/opening_preview.html",
        site=site,
        preview=preview,
        words=f"不再执行：{words}",
        label="撤销这项安排",
        danger=True,
        sentences=list(say_consequences(preview.consequences)),
        carried=[],
        form=form,
    )
