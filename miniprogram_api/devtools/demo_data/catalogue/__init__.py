"""The demonstration sites as data: six types, three levels, real districts, invented projects."""

from miniprogram_api.devtools.demo_data.catalogue.buildings import BUILDINGS
from miniprogram_api.devtools.demo_data.catalogue.card import MARK, Hours, Shut, SiteCard, Special
from miniprogram_api.devtools.demo_data.catalogue.communities import COMMUNITIES
from miniprogram_api.devtools.demo_data.catalogue.factories import FACTORIES
from miniprogram_api.devtools.demo_data.catalogue.parks import PARKS
from miniprogram_api.devtools.demo_data.catalogue.scenic_areas import SCENIC_AREAS
from miniprogram_api.devtools.demo_data.catalogue.schools import SCHOOLS

# By code, which is also the order in which the public list shows them.
SITES: tuple[SiteCard, ...] = tuple(
    sorted(
        (*PARKS, *FACTORIES, *BUILDINGS, *SCHOOLS, *COMMUNITIES, *SCENIC_AREAS), key=lambda card: card.code
    )
)

__all__ = ["MARK", "SITES", "Hours", "Shut", "SiteCard", "Special"]
