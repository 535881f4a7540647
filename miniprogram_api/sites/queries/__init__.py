"""Reads of sites: for the public, for staff, and for the features above."""

from miniprogram_api.sites.queries.desk import sites_within
from miniprogram_api.sites.queries.facts import (
    SiteFacts,
    find_site,
    get_shown_site,
    hold_standing,
    holds,
    list_site_names,
    names_of_sites,
    operates_sites,
    site_facts,
)
from miniprogram_api.sites.queries.opening import (
    find_closure,
    list_rules,
    opening_days,
    opening_of,
)

__all__ = [
    "SiteFacts",
    "find_closure",
    "find_site",
    "get_shown_site",
    "hold_standing",
    "holds",
    "list_rules",
    "list_site_names",
    "names_of_sites",
    "opening_days",
    "opening_of",
    "operates_sites",
    "site_facts",
    "sites_within",
]
