"""For whom somebody may write: the city, organisations, sites."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.identity.queries_people import list_organisation_names, names_of_organisations
from miniprogram_api.kernel.access import Principal
from miniprogram_api.sites.queries import list_site_names, sites_within


@dataclass(frozen=True, slots=True)
class Place:
    """A desk to write for; neither id means the city's."""

    name: str
    organisation_id: UUID | None = None
    site_id: UUID | None = None


def list_places(session: Session, principal: Principal, permission: str = "content.write") -> list[Place]:
    """The desks over which the caller holds a permission: the city's, organisations', sites', by name."""
    granted = [grant for grant in principal.grants if permission in grant.permissions]
    everywhere = any(grant.site_id is None and grant.organisation_id is None for grant in granted)
    if everywhere:
        organisations = list_organisation_names(session)
    else:
        own = {grant.organisation_id for grant in granted if grant.organisation_id and not grant.site_id}
        organisations = sorted(names_of_organisations(session, own).items(), key=lambda pair: pair[1])
    allowed = set(session.scalars(sites_within(principal, permission)))
    places = [Place("市级")] if everywhere else []
    places += [Place(name, organisation_id=each) for each, name in organisations]
    return places + [Place(name, site_id=each) for each, name in list_site_names(session) if each in allowed]
