"""The search index of sites: name first, then code, district, type, level, address and technologies."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.sites.models import Site, Technology
from miniprogram_api.sites.queries.search import INDEX
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES, shown_name

_NAMED = {"types": Site.type, "levels": Site.level, "districts": Site.district}
_AT_ONCE = 500


def index_site(session: Session, site: Site) -> None:
    """Bring the index up to date with what the database now says of a site."""
    index_sites(session, [site])


def index_sites(session: Session, sites: Sequence[Site]) -> None:
    """The same for many sites, in a fixed number of statements."""
    if not sites:
        return
    session.flush()
    named = select(Technology.site_id, Technology.name).where(
        Technology.site_id.in_([site.id for site in sites]), Technology.retired_at.is_(None)
    )
    technologies: dict[UUID, list[str]] = defaultdict(list)
    for site_id, name in session.execute(named.order_by(Technology.site_id, Technology.position)):
        technologies[site_id].append(name)
    INDEX.put_all(session, [_document(site, technologies[site.id]) for site in sites])


def index_named(session: Session, dictionary: str, codes: Collection[str]) -> None:
    """Bring the index up to date for the sites with codes of a dictionary whose names have changed."""
    theirs = session.scalars(select(Site).where(_NAMED[dictionary].in_(codes)).order_by(Site.id)).all()
    for start in range(0, len(theirs), _AT_ONCE):
        index_sites(session, theirs[start : start + _AT_ONCE])


def _document(site: Site, technologies: Sequence[str]) -> tuple[UUID, str, str]:
    body = (
        site.code,
        shown_name(DISTRICTS, site.district),
        shown_name(TYPES, site.type),
        shown_name(LEVELS, site.level),
        site.address,
        *technologies,
    )
    return site.id, site.name, "\n".join(body)
