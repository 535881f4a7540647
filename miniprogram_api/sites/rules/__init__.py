"""Pure decisions about sites: who may see and book one, when it opens, and how that is said in Chinese."""

from miniprogram_api.sites.models import BookingMode, ClosureKind, Lifecycle, Overlay, ReasonCode
from miniprogram_api.sites.rules.drafts import check_closure, check_rule, overlapping_rule
from miniprogram_api.sites.rules.indicators import IndicatorKind, indicator_kinds
from miniprogram_api.sites.rules.opening import (
    ClosedBecause,
    ClosureFacts,
    DayPlan,
    Opening,
    OpeningRuleFacts,
    OpenSpan,
    Season,
    ShutSpan,
    plan_days,
)
from miniprogram_api.sites.rules.standing import (
    Detail,
    Note,
    Visibility,
    may_book,
    overlay_after,
    overlay_permission,
    visibility,
)
from miniprogram_api.sites.rules.words import closure_in_words, note_in_words, opening_in_words

__all__ = [
    "BookingMode",
    "ClosedBecause",
    "ClosureFacts",
    "ClosureKind",
    "DayPlan",
    "Detail",
    "IndicatorKind",
    "Lifecycle",
    "Note",
    "OpenSpan",
    "Opening",
    "OpeningRuleFacts",
    "Overlay",
    "ReasonCode",
    "Season",
    "ShutSpan",
    "Visibility",
    "check_closure",
    "check_rule",
    "closure_in_words",
    "indicator_kinds",
    "may_book",
    "note_in_words",
    "opening_in_words",
    "overlapping_rule",
    "overlay_after",
    "overlay_permission",
    "plan_days",
    "visibility",
]
