"""Commands on sites, one module per noun; `get_managed_site` is where a caller's scope is checked."""

from miniprogram_api.sites.models import (
    Closure,
    Indicator,
    LocalNote,
    Notice,
    OpeningRule,
    Photo,
    Site,
    Technology,
)
from miniprogram_api.sites.service.managed import get_managed_site, lock_managed_site
from miniprogram_api.sites.service.projects import (
    Applied,
    ProjectRecord,
    apply_project,
    apply_projects,
    end_designations,
)
from miniprogram_api.sites.service.search import index_named

__all__ = [
    "Applied",
    "Closure",
    "Indicator",
    "LocalNote",
    "Notice",
    "OpeningRule",
    "Photo",
    "ProjectRecord",
    "Site",
    "Technology",
    "apply_project",
    "apply_projects",
    "end_designations",
    "get_managed_site",
    "index_named",
    "lock_managed_site",
]
