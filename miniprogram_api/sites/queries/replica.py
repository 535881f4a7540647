"""What sites show of the registry's data, for those who compare it with the registry's own."""

from sqlalchemy import Subquery, cast, select
from sqlalchemy.types import String

from miniprogram_api.sites.models import Site


def shown_of_registry() -> Subquery:
    """Every site with what it shows of its project, to join in a statement of one's own."""
    return select(
        Site.id,
        Site.project_version,
        Site.name,
        Site.type,
        Site.level,
        Site.district,
        cast(Site.lifecycle, String(32)).label("lifecycle"),
    ).subquery("shown_of_registry")
