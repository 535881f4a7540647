"""What the registry's lifecycle and our overlay together let the public see and book."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay

_RE_REVIEW_HORIZON_DAYS = 14


class Detail(StrEnum):
    """What the page of a site shows."""

    FULL = "full"
    PAUSED = "paused"  # the page with a notice, nothing to book
    CLOSED_PAGE = "closed_page"  # "已停止开放" and nothing else
    HIDDEN = "hidden"  # as if there were no such site


class Note(StrEnum):
    """What has to be said beside the name of a site."""

    RE_REVIEW = "re_review"
    SUSPENDED = "suspended"
    RECTIFYING = "rectifying"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Visibility:
    """What the public may see and do; `horizon_days` limits how far ahead visits can be booked."""

    listed: bool
    detail: Detail
    bookable: bool
    horizon_days: int | None = None
    note: Note | None = None


_HIDDEN = Visibility(listed=False, detail=Detail.HIDDEN, bookable=False)
_WITHDRAWN = Visibility(listed=False, detail=Detail.CLOSED_PAGE, bookable=False, note=Note.WITHDRAWN)
_SUSPENDED = Visibility(listed=True, detail=Detail.FULL, bookable=False, note=Note.SUSPENDED)
_OPEN = {
    Lifecycle.TITLED: Visibility(listed=True, detail=Detail.FULL, bookable=True),
    Lifecycle.RE_REVIEW: Visibility(
        listed=True,
        detail=Detail.FULL,
        bookable=True,
        horizon_days=_RE_REVIEW_HORIZON_DAYS,
        note=Note.RE_REVIEW,
    ),
    Lifecycle.RECTIFYING: Visibility(listed=True, detail=Detail.PAUSED, bookable=False, note=Note.RECTIFYING),
    Lifecycle.EXPIRED: Visibility(listed=True, detail=Detail.PAUSED, bookable=False, note=Note.EXPIRED),
}


def visibility(lifecycle: Lifecycle, education_base: bool, overlay: Overlay) -> Visibility:
    """The table: a site is public when it is a titled education base that has opened its doors.

    What the registry recalled or removed is in no row of it, and so hidden.

    A withdrawal is public knowledge whatever the site's own state was. What the registry pauses stays
    paused even where the site has suspended itself too: the registry's word is shown.
    """
    if lifecycle is Lifecycle.WITHDRAWN:
        return _WITHDRAWN
    when_open = _OPEN.get(lifecycle)
    if when_open is None or not education_base:
        return _HIDDEN
    if overlay is Overlay.OPEN:
        return when_open
    if overlay is Overlay.SUSPENDED:
        return _SUSPENDED if when_open.bookable else when_open
    return _HIDDEN


def may_book(shown: Visibility, *, booking_mode: BookingMode, visit_on: date, today: date) -> bool:
    """Whether a visit on a day can be booked at all, before slots and policy are asked."""
    if not shown.bookable or booking_mode is BookingMode.NONE:
        return False
    return shown.horizon_days is None or visit_on <= today + timedelta(days=shown.horizon_days)


_ENDED = {Lifecycle.WITHDRAWN, Lifecycle.REMOVED}


def overlay_after(before: Overlay | None, *, was: Lifecycle | None, now_is: Lifecycle) -> Overlay:
    """The overlay that a newer record leaves: a withdrawal or removal closes, and its end reopens nothing."""
    if now_is in _ENDED:
        return Overlay.CLOSED
    if was in _ENDED:
        return Overlay.PREPARING
    return before or Overlay.NONE


_STEPS = {
    (Overlay.NONE, Overlay.PREPARING): "sites.manage",
    (Overlay.PREPARING, Overlay.PENDING_PUBLICATION): "sites.manage",
    (Overlay.PENDING_PUBLICATION, Overlay.PREPARING): "sites.manage",
    (Overlay.PENDING_PUBLICATION, Overlay.OPEN): "sites.publish",
    (Overlay.OPEN, Overlay.SUSPENDED): "sites.manage",
    (Overlay.SUSPENDED, Overlay.OPEN): "sites.manage",
    (Overlay.OPEN, Overlay.CLOSED): "sites.publish",
    (Overlay.SUSPENDED, Overlay.CLOSED): "sites.publish",
    (Overlay.CLOSED, Overlay.PREPARING): "sites.manage",
}


def overlay_permission(before: Overlay, after: Overlay) -> str | None:
    """The permission that a step of the overlay takes; None: there is no such step."""
    return _STEPS.get((before, after))
