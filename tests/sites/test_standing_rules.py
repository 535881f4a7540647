"""The table of what the public sees: one row for each lifecycle, designation and overlay."""

from datetime import date
from itertools import product

import pytest

from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay
from miniprogram_api.sites.rules import (
    Detail,
    Note,
    Visibility,
    may_book,
    overlay_after,
    overlay_permission,
    visibility,
)

HIDDEN = (False, Detail.HIDDEN, False, None, None)
FULL = (True, Detail.FULL, True, None, None)
RE_REVIEW = (True, Detail.FULL, True, 14, Note.RE_REVIEW)
SUSPENDED = (True, Detail.FULL, False, None, Note.SUSPENDED)
RECTIFYING = (True, Detail.PAUSED, False, None, Note.RECTIFYING)
EXPIRED = (True, Detail.PAUSED, False, None, Note.EXPIRED)
WITHDRAWN = (False, Detail.CLOSED_PAGE, False, None, Note.WITHDRAWN)

# The cells of a designated education base that are not hidden; everything else but a withdrawal is.
SHOWN = {
    (Lifecycle.TITLED, Overlay.OPEN): FULL,
    (Lifecycle.TITLED, Overlay.SUSPENDED): SUSPENDED,
    (Lifecycle.RE_REVIEW, Overlay.OPEN): RE_REVIEW,
    (Lifecycle.RE_REVIEW, Overlay.SUSPENDED): SUSPENDED,
    (Lifecycle.RECTIFYING, Overlay.OPEN): RECTIFYING,
    (Lifecycle.RECTIFYING, Overlay.SUSPENDED): RECTIFYING,
    (Lifecycle.EXPIRED, Overlay.OPEN): EXPIRED,
    (Lifecycle.EXPIRED, Overlay.SUSPENDED): EXPIRED,
}


def expected(lifecycle: Lifecycle, designated: bool, overlay: Overlay) -> Visibility:
    if lifecycle is Lifecycle.WITHDRAWN:
        return Visibility(*WITHDRAWN)
    return Visibility(*(SHOWN.get((lifecycle, overlay), HIDDEN) if designated else HIDDEN))


CELLS = list(product(Lifecycle, (True, False), Overlay))


@pytest.mark.parametrize(("lifecycle", "designated", "overlay"), CELLS)
def test_every_cell_of_the_table_is_as_agreed(
    lifecycle: Lifecycle, designated: bool, overlay: Overlay
) -> None:
    assert visibility(lifecycle, designated, overlay) == expected(lifecycle, designated, overlay)


class TestBooking:
    today = date(2026, 11, 23)

    @pytest.mark.parametrize(
        ("lifecycle", "mode", "visit_on", "allowed"),
        [
            (Lifecycle.TITLED, BookingMode.SLOTS, date(2027, 5, 1), True),
            (Lifecycle.TITLED, BookingMode.NONE, date(2026, 11, 24), False),
            (Lifecycle.RE_REVIEW, BookingMode.SLOTS, date(2026, 12, 7), True),
            (Lifecycle.RE_REVIEW, BookingMode.SLOTS, date(2026, 12, 8), False),
            (Lifecycle.EXPIRED, BookingMode.SLOTS, date(2026, 11, 24), False),
        ],
    )
    def test_a_visit_is_bookable_within_the_horizon_of_an_open_base(
        self, lifecycle: Lifecycle, mode: BookingMode, visit_on: date, allowed: bool
    ) -> None:
        shown = visibility(lifecycle, True, Overlay.OPEN)
        assert may_book(shown, booking_mode=mode, visit_on=visit_on, today=self.today) is allowed


class TestOverlay:
    @pytest.mark.parametrize(
        ("before", "was", "now_is", "after"),
        [
            (None, None, Lifecycle.APPLIED, Overlay.NONE),
            (None, None, Lifecycle.WITHDRAWN, Overlay.CLOSED),
            (Overlay.OPEN, Lifecycle.TITLED, Lifecycle.WITHDRAWN, Overlay.CLOSED),
            (Overlay.CLOSED, Lifecycle.WITHDRAWN, Lifecycle.TITLED, Overlay.PREPARING),
            (Overlay.OPEN, Lifecycle.TITLED, Lifecycle.RE_REVIEW, Overlay.OPEN),
            (Overlay.SUSPENDED, Lifecycle.RECTIFYING, Lifecycle.TITLED, Overlay.SUSPENDED),
        ],
    )
    def test_a_withdrawal_closes_and_its_end_does_not_reopen(
        self, before: Overlay | None, was: Lifecycle | None, now_is: Lifecycle, after: Overlay
    ) -> None:
        assert overlay_after(before, was=was, now_is=now_is) is after

    def test_opening_to_the_public_takes_the_right_to_publish(self) -> None:
        assert overlay_permission(Overlay.PENDING_PUBLICATION, Overlay.OPEN) == "sites.publish"
        assert overlay_permission(Overlay.SUSPENDED, Overlay.OPEN) == "sites.manage"

    @pytest.mark.parametrize(
        "after", [Overlay.NONE, Overlay.PENDING_PUBLICATION, Overlay.SUSPENDED, Overlay.OPEN]
    )
    def test_a_closed_site_can_only_be_prepared_anew(self, after: Overlay) -> None:
        assert overlay_permission(Overlay.CLOSED, after) is None
