"""The page of one booking: what it is, what happened to it, whom to call; correcting what was recorded."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.visits import CorrectionForm, ReasonForm, RevealForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.errors.gate import NotANoShow
from miniprogram_api.visits.queries import bookings as queries
from miniprogram_api.visits.queries import history, occupancy
from miniprogram_api.visits.queries import standing as standing_queries
from miniprogram_api.visits.queries.shown import BookingShown, BookingStatus
from miniprogram_api.visits.rules import words
from miniprogram_api.visits.service import no_shows, revealing, standing
from miniprogram_api.visits.service.revealing import RevealedContact
from miniprogram_api.web.limits import hit
from miniprogram_api.web.schemas import parse_id

guide(
    "booking",
    "处理一个预约",
    "查看一个预约的全部情况和经过，取消、减少人数、联系游客、更正爽约。",
    steps=(
        "“经过”从新到旧列出每一步：什么时候、谁做的、原因。",
        "要打电话给游客：写明原因后点“查看完整联系方式”，姓名和电话只在这一次显示。",
        "要取消：点“取消预约”，先看游客会收到的消息，再确认。",
        "游客来了却被记为爽约：点“更正爽约”，写明原因。爽约记录随之免除。",
    ),
    notes=("取消后名额立即放出，不能恢复；游客可以重新预约。",),
)

_REVEAL = revealing.PERMISSION


@dataclass(frozen=True, slots=True)
class Managed:
    """A booking with the site whose staff the caller is."""

    site: Any
    booking: BookingShown


def get_managed(session: Session, permission: str, booking_id: UUID) -> Managed:
    """A booking within the caller's scope. Raises NotFound, outside it too."""
    booking = queries.get_managed_booking(session, booking_id)
    return Managed(get_managed_site(session, current_principal(), permission, booking.site.id), booking)


@console.get("/bookings/<string:booking_id>")
@signed_in("bookings.view")
def show_booking(booking_id: str) -> Response:
    """One booking with its history."""
    return _booking_page(parse_id(booking_id), RevealForm(), permission="bookings.view")


@console.post("/bookings/<string:booking_id>")
@signed_in(_REVEAL)
def reveal_contact(booking_id: str) -> Response:
    """The same with the contact in full, this once, for a reason that is recorded."""
    wanted, form, contact = parse_id(booking_id), RevealForm(), None
    with reading() as session:
        get_managed(session, _REVEAL, wanted)
    if form.validate_on_submit():
        with showing_refusals(form):
            hit("reveal", "60/hour", str(current_principal().id))
            with atomic() as session:
                contact = revealing.reveal_contact(
                    session, booking_id=wanted, actor=current_actor(), reason=form.why.data
                )
            revealing.count_reveals(current_principal(), 1)
    return _booking_page(wanted, form, contact, permission=_REVEAL)


def _booking_page(
    booking_id: UUID, form: RevealForm, contact: RevealedContact | None = None, *, permission: str
) -> Response:
    with reading() as session:
        found = get_managed(session, permission, booking_id)
        strikes = standing_queries.list_of_booking(session, booking_id)
        happenings = history.list_history(session, booking_id)
        may_cancel = own_may("bookings.manage", site=found.site)
        again = _again(session, found.booking) if may_cancel else None
    return page(
        "visits/booking.html",
        site=found.site,
        booking=found.booking,
        history=happenings,
        strikes=strikes,
        contact=contact,
        form=form,
        words=words,
        may_cancel=may_cancel,
        again=again,
        may_reveal=own_may(_REVEAL, site=found.site),
        may_waive=own_may("strikes.manage", site=found.site),
    )


def _again(session: Session, booking: BookingShown) -> str | None:
    """Where somebody whose booking was cancelled can be booked: the same slot, else another of the day."""
    now = clock.now()
    if booking.status is not BookingStatus.CANCELLED or booking.visit_on < clock.today():
        return None
    day = occupancy.list_slot_figures(session, booking.site.id, booking.visit_on, now)
    free = {slot.slot_id for slot in day if slot.takes(booking.seats, now)}
    if booking.slot.id in free:
        return url_for("console.book_for_caller", site_id=booking.site.id, slot=booking.slot.id)
    same_day = url_for("console.book_for_caller", site_id=booking.site.id, date=booking.visit_on)
    return same_day if free else None


@console.route("/bookings/<string:booking_id>/no-show", methods=["GET", "POST"])
@signed_in("bookings.manage")
def correct_no_show(booking_id: str) -> Response:
    """Say what really became of a visit that was marked as missed."""
    wanted, form = parse_id(booking_id), CorrectionForm()
    with reading() as session:
        found = get_managed(session, "bookings.manage", wanted)
    if form.validate_on_submit():
        came = form.came.data if form.outcome.data == "came" else 0
        with showing_refusals(form):
            with atomic() as session:
                no_shows.correct_no_show(
                    session,
                    booking_id=wanted,
                    came=came,
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            told = f"已更正：实到 {came} 人，爽约记录已免除。" if came else "已更正：改为馆方取消，不计爽约。"
            return done(url_for("console.show_booking", booking_id=wanted), told)
    elif found.booking.status is not BookingStatus.NO_SHOW:
        form.refuse(NotANoShow(status=found.booking.status.value))
    return page("visits/no_show.html", site=found.site, booking=found.booking, form=form, words=words)


@console.route("/strikes/<string:strike_id>/waive", methods=["GET", "POST"])
@signed_in("strikes.manage")
def waive_strike(strike_id: str) -> Response:
    """Take a strike back; a bar that rests on it ends."""
    form = ReasonForm()
    with reading() as session:
        strike = standing_queries.get_strike(session, parse_id(strike_id))
        site = get_managed_site(session, current_principal(), "strikes.manage", strike.site_id)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                standing.waive_strike(
                    session,
                    strike_id=strike.id,
                    site_id=site.id,
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            address = url_for("console.show_booking", booking_id=strike.booking_id)
            return done(address, "已免除爽约记录；因它产生的暂停预约也已解除。")
    return page("visits/waive.html", site=site, strike=strike, form=form, words=words)
