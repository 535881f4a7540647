"""Whether sites say what the held records say: the replica's own check, over every project."""

from typing import Any

from sqlalchemy import case, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.registry.models import HeldProject, ProjectState
from miniprogram_api.sites.queries.replica import shown_of_registry

_MOST = 100


def differences(session: Session) -> list[str]:
    """Projects whose site shows another version, name, type, level, district or lifecycle than is held."""
    site = shown_of_registry()
    shown: Any = case(
        (HeldProject.state == ProjectState.RECALLED, "recalled"),
        (HeldProject.state == ProjectState.REMOVED, "removed"),
        else_=HeldProject.lifecycle,
    )
    pairs = (
        (site.c.project_version, HeldProject.version),
        (site.c.name, HeldProject.name),
        (site.c.type, HeldProject.type_code),
        (site.c.level, HeldProject.level_code),
        (site.c.district, HeldProject.district_code),
        (site.c.lifecycle, shown),
    )
    other = or_(*(column != held for column, held in pairs))
    found = (
        select(HeldProject.project_id)
        .join(site, site.c.id == HeldProject.site_id, isouter=True)
        .where(HeldProject.site_id.is_not(None), or_(site.c.id.is_(None), other))
    )
    return list(session.scalars(found.order_by(HeldProject.project_id).limit(_MOST)))
