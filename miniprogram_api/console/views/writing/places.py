"""For whom somebody may write: the city's desk, an organisation's, a site's."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from content.service.managed import check_place
from miniprogram_api.console.access import Principal
from miniprogram_api.identity.queries_people import list_organisation_names, names_of_organisations
from miniprogram_api.sites.queries import list_site_names, names_of_sites, sites_within
from miniprogram_api.web.schemas import parse_id

WRITE = "content.write"
_CITY, _ORGANISATION, _SITE = "city", "organisation", "site"


class Place(NamedTuple):
    """A desk as services name it: a site's, an organisation's, or (neither) the city's."""

    organisation_id: UUID | None
    site_id: UUID | None


def list_places(session: Session, principal: Principal) -> list[tuple[str, str]]:
    """Every desk that somebody may write for, as a form offers it; the widest first."""
    if principal.may_at(WRITE, site_id=None, organisation_id=None):
        organisations = list_organisation_names(session)
        sites = list_site_names(session)
        return [(_CITY, "全市"), *_named(_ORGANISATION, organisations), *_named(_SITE, sites)]
    granted = [grant for grant in principal.grants if WRITE in grant.permissions]
    own = {g.organisation_id for g in granted if g.organisation_id and not g.site_id}
    organisations = sorted(names_of_organisations(session, own).items(), key=lambda pair: pair[1])
    within = session.scalars(sites_within(principal, WRITE)).all()
    sites = sorted(names_of_sites(session, within).items(), key=lambda pair: pair[1])
    return [*_named(_ORGANISATION, organisations), *_named(_SITE, sites)]


def _named(kind: str, pairs: list[tuple[UUID, str]]) -> list[tuple[str, str]]:
    label = {_ORGANISATION: "机构：", _SITE: "示范点："}[kind]
    return [(f"{kind}:{each}", f"{label}{name}") for each, name in pairs]


def place_of(thing: Any) -> str:
    """The desk that an article or a picture belongs to, as a form names it."""
    if thing.site_id is not None:
        return f"{_SITE}:{thing.site_id}"
    return f"{_ORGANISATION}:{thing.organisation_id}" if thing.organisation_id else _CITY


def read_place(session: Session, principal: Principal, place: str) -> Place:
    """The desk that a form names. Raises PlaceMissing unless it may be written for."""
    kind, _, text = place.partition(":")
    found = Place(
        organisation_id=parse_id(text) if kind == _ORGANISATION else None,
        site_id=parse_id(text) if kind == _SITE else None,
    )
    check_place(session, principal, WRITE, organisation_id=found.organisation_id, site_id=found.site_id)
    return found


def say_place(session: Session, thing: Any) -> str:
    """What the desk of an article or a picture is called."""
    if thing.site_id is not None:
        return names_of_sites(session, [thing.site_id]).get(thing.site_id, "示范点")
    if thing.organisation_id is not None:
        return names_of_organisations(session, [thing.organisation_id]).get(thing.organisation_id, "机构")
    return "全市"
