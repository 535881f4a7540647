"""The lists of a site, loaded without what was taken off them."""

from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from miniprogram_api.sites.models import Indicator, Photo, Site, Technology


def with_lists() -> tuple[ORMOption, ...]:
    """Options of a statement on sites: the photos, technologies and indicators that are shown."""
    return (
        selectinload(Site.photos.and_(Photo.retired_at.is_(None))),
        selectinload(Site.technologies.and_(Technology.retired_at.is_(None))),
        selectinload(Site.indicators.and_(Indicator.retired_at.is_(None))),
    )
