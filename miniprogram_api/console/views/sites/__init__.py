"""The desk of who runs a site: what it shows, when it opens, its slots and its rules."""

from miniprogram_api.console.views.sites import (  # noqa: F401  importing puts the routes on the blueprint
    calendar,
    closures,
    corrections,
    guides,
    list,
    notices,
    opening,
    photos,
    policy,
    profile,
    retiring,
    showcase,
    slot_changes,
    slots,
    withdrawal,
)
