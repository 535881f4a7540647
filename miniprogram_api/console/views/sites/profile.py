"""What a site says of itself beside what the registry owns, and its opening to the public."""

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.profile import OverlayForm, ProfileForm
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.words.sites import LIFECYCLES, OVERLAYS
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.registry.queries import withdrawals
from miniprogram_api.sites.queries.desk import get_desk_site
from miniprogram_api.sites.rules import BookingMode, Overlay, overlay_permission
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES, shown_name
from miniprogram_api.sites.service import Site, profile
from miniprogram_api.web.schemas import parse_id

# Each step of the opening state as a button: what it is called, what it does, what is told once it is done.
_STEPS = {
    (Overlay.NONE, Overlay.PREPARING): ("开始筹备", "示范点进入筹备，公众还看不到。"),
    (Overlay.PREPARING, Overlay.PENDING_PUBLICATION): (
        "提交发布",
        "资料已经备齐，请有发布权限的人员审核发布。",
    ),
    (Overlay.PENDING_PUBLICATION, Overlay.PREPARING): ("退回筹备", "回到筹备，继续修改资料。"),
    (Overlay.PENDING_PUBLICATION, Overlay.OPEN): (
        "发布并开放",
        "公众马上可以看到这个示范点，并按开放时间预约。",
    ),
    (Overlay.OPEN, Overlay.SUSPENDED): (
        "暂停开放",
        "公众看到“暂停开放”和原因，不能再预约；已有预约不会自动取消，需要取消的请到“场次”里处理。",
    ),
    (Overlay.SUSPENDED, Overlay.OPEN): ("恢复开放", "公众马上可以再次预约。"),
    (Overlay.OPEN, Overlay.CLOSED): ("长期关闭", "示范点不再对外开放，公众不能再预约。"),
    (Overlay.SUSPENDED, Overlay.CLOSED): ("长期关闭", "示范点不再对外开放，公众不能再预约。"),
    (Overlay.CLOSED, Overlay.PREPARING): ("重新筹备", "示范点回到筹备，公众还看不到。"),
}


@console.get("/sites/<string:site_id>")
@signed_in("sites.view")
def show_site(site_id: str) -> Response:
    """A site as it stands: its own words, the registry's facts with their source, its opening state."""
    with reading() as session:
        site = get_desk_site(session, current_principal(), parse_id(site_id))
        case = withdrawals.find_case(session, site.id) if own_may("withdrawals.view", site=site) else None
    return page(
        "sites/profile.html",
        site=site,
        case=case,
        overlay=OVERLAYS[site.overlay.value],
        steps=list(_steps(site)),
        names={
            "lifecycle": LIFECYCLES[site.lifecycle.value],
            "type": shown_name(TYPES, site.type),
            "level": shown_name(LEVELS, site.level),
            "district": shown_name(DISTRICTS, site.district),
        },
        may_manage=own_may("sites.manage", site=site),
        may_correct=own_may("corrections.file", site=site),
    )


def _steps(site: Site) -> Any:
    for (before, after), (label, effect) in _STEPS.items():
        permission = overlay_permission(before, after)
        if before is site.overlay and permission is not None and own_may(permission, site=site):
            yield after.value, label, effect


@console.route("/sites/<string:site_id>/edit", methods=["GET", "POST"])
@signed_in("sites.manage")
def edit_site(site_id: str) -> Response:
    """Change what the site says of itself."""
    with reading() as session:
        site = look_at(session, site_id, "sites.manage")
    form = ProfileForm(obj=site, data={"booking_mode": site.booking_mode.value})
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                profile.edit_site(
                    session,
                    site=work_on(session, site_id),
                    changes=_changes(form),
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(url_for("console.show_site", site_id=site.id), "资料已保存，小程序里马上更新。")
    may_correct = own_may("corrections.file", site=site)
    return page("sites/edit_profile.html", site=site, form=form, may_correct=may_correct)


def _changes(form: ProfileForm) -> dict[str, Any]:
    values: dict[str, Any] = {name: field.data for name, field in form._fields.items()}
    return values | {"booking_mode": BookingMode(values["booking_mode"])}


@console.route("/sites/<string:site_id>/state/<string:to>", methods=["GET", "POST"])
@signed_in("sites.view")
def move_overlay(site_id: str, to: str) -> Response:
    """Take one step of the opening state, after a page that says what it does."""
    with reading() as session:
        site = look_at(session, site_id)
    step = next((step for step in _steps(site) if step[0] == to), None)
    if step is None:
        raise NotFound
    form = OverlayForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                profile.move_overlay(
                    session,
                    principal=current_principal(),
                    site_id=site.id,
                    to=Overlay(to),
                    reason=form.reason.data,
                    until=form.until.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            said = OVERLAYS[to][0]
            return done(url_for("console.show_site", site_id=site.id), f"{site.name}现在是“{said}”。")
    needs_reason = to in {Overlay.SUSPENDED.value, Overlay.CLOSED.value}
    return page(
        "sites/overlay.html",
        site=site,
        form=form,
        step=step,
        needs_reason=needs_reason,
        suspends=to == Overlay.SUSPENDED.value,
    )
