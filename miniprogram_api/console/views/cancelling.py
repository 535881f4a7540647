"""Cancelling a booking or a part of its party: what the visitor will be told is read before it is done."""

from dataclasses import dataclass
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.visits import CancelForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.previewing import Step, carried, step_at
from miniprogram_api.console.views.bookings import get_managed
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.messaging import rules as messages
from miniprogram_api.messaging.rules import Wording
from miniprogram_api.visits.queries import bookings as queries
from miniprogram_api.visits.queries.shown import BookingShown
from miniprogram_api.visits.rules.cancelling import Leaving, party_left
from miniprogram_api.visits.service import changes
from miniprogram_api.web.schemas import parse_id


@dataclass(frozen=True, slots=True)
class Effect:
    """What a cancellation will do: who is left, how many places it frees, and what the visitor reads."""

    gone: int
    left: int
    wording: Wording | None  # None for a caller, who has no inbox


@console.route("/bookings/<string:booking_id>/cancel", methods=["GET", "POST"])
@signed_in("bookings.manage")
def cancel_booking(booking_id: str) -> Response:
    """Ask how much and why; show the effect; then do it."""
    wanted, form, step, effect = parse_id(booking_id), CancelForm(), step_at(), None
    with reading() as session:
        found = get_managed(session, "bookings.manage", wanted)
        seen = queries.get_whereabouts(session, wanted).revision
    if not form.is_submitted():
        form.extent.data, form.seen.data = "all", seen
    elif step is not Step.FILL and form.validate():
        with showing_refusals(form):
            effect = _effect(found.booking, form)
            if step is Step.APPLY:
                _cancel(found.booking, form)
                return done(url_for("console.show_booking", booking_id=wanted), _told(effect))
    return page(
        "visits/cancel.html",
        site=found.site,
        booking=found.booking,
        form=form,
        effect=None if form.errors else effect,
        carried=carried(seen=form.seen.data),
    )


def _leaving(form: CancelForm) -> Leaving | None:
    if form.extent.data == "all":
        return None
    return Leaving(adults=form.adults.data or 0, children=form.children.data or 0)


def _effect(booking: BookingShown, form: CancelForm) -> Effect:
    left = party_left(booking.party, _leaving(form)).seats
    gone = booking.seats - left
    if booking.member_id is None:
        return Effect(gone, left, None)
    about: dict[str, Any] = {
        "site": booking.site.name,
        "number": booking.number,
        "starts_at": booking.slot.starts_at,
        "ends_at": booking.slot.ends_at,
        "reason": form.reason.data,
    }
    if left:
        return Effect(gone, left, messages.visit_reduced_by_site(**about, gone=gone, left=left))
    return Effect(gone, left, messages.visit_cancelled_by_site(**about))


def _cancel(booking: BookingShown, form: CancelForm) -> None:
    with atomic() as session:
        changes.cancel_for_site(
            session,
            booking_id=booking.id,
            seen=int(form.seen.data) if str(form.seen.data).isdecimal() else -1,
            leaving=_leaving(form),
            reason=form.reason.data,
            actor=current_actor(),
            now=clock.now(),
        )


def _told(effect: Effect) -> str:
    done_to = f"预约已减少 {effect.gone} 人，还剩 {effect.left} 人" if effect.left else "预约已取消"
    heard = "游客会收到站内消息。" if effect.wording else "请电话告知游客。"
    return f"{done_to}，{effect.gone} 个名额已放出。{heard}"
