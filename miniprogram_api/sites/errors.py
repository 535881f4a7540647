"""What can go wrong with sites.

NotFound
├── SiteMissing         no such site, or none that the caller may know of
└── PartMissing         the site has no such rule, closure, photo, …
Gone
└── SiteWithdrawn       it has left the demonstration zones; official wording only
Invalid
├── CrsRequired         a position without its coordinate system
└── FieldNotOwned       the registry owns the field
Conflict
├── OverlayStep         the site's own state has no such step
├── NotAnOpenBase       the registry does not let it open
├── RulesOverlap        two rules of one priority want the same hours
└── ListFull            a list of the site has reached its length
"""

from miniprogram_api.kernel.errors import Conflict, Gone, Invalid, NotFound


class SiteMissing(NotFound):
    """There is no such site, or the caller may not know of it."""

    code = "sites.not_found"


class PartMissing(NotFound):
    """The site has no such rule, closure, photo, technology, indicator or notice."""

    code = "sites.part_not_found"


class SiteWithdrawn(Gone):
    """The project was withdrawn; `since` and `document_no` are the registry's."""

    code = "sites.withdrawn"


class CrsRequired(Invalid):
    """`near` says nothing without the system it is given in."""

    code = "sites.crs_required"


class FieldNotOwned(Invalid):
    """The registry owns the fields that are named; a wrong value is corrected there."""

    code = "sites.field_not_owned"


class OverlayStep(Conflict):
    """The state cannot be reached from the present one."""

    code = "sites.overlay_step"


class NotAnOpenBase(Conflict):
    """Only a titled project that is designated as an education base opens."""

    code = "sites.not_an_open_base"


class RulesOverlap(Conflict):
    """On the day `on` another rule of the same priority claims overlapping hours."""

    code = "sites.rules_overlap"


class ListFull(Conflict):
    """The site has as many of these as it can have."""

    code = "sites.list_full"
