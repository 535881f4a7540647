"""The main indicators that the city's plan names for each type of demonstration project."""

from dataclasses import dataclass

from miniprogram_api.sites.models import SiteType


@dataclass(frozen=True, slots=True)
class IndicatorKind:
    """An indicator: its code, Chinese name and unit, and what the plan wants of it."""

    code: str
    name: str
    unit: str
    aim: str


_FALLING = "逐年下降"
_TOTAL = IndicatorKind("total_emissions", "碳排放总量", "tCO2e", _FALLING)
_EMISSIONS = IndicatorKind("total_emissions", "碳排放量", "tCO2e", "稳定下降")
_PER_FLOOR_AREA = IndicatorKind("emissions_per_floor_area", "单位建筑面积碳排放量", "kgCO2e/m²", _FALLING)
_PER_VISITOR = IndicatorKind("emissions_per_visitor", "单位接待游客人数碳排放量", "kgCO2e/人次", _FALLING)

_BY_TYPE: dict[str, tuple[IndicatorKind, ...]] = {
    SiteType.PARK: (_TOTAL,),
    SiteType.FACTORY: (_EMISSIONS,),
    SiteType.BUILDING: (_TOTAL,),
    SiteType.SCHOOL: (_PER_FLOOR_AREA,),
    SiteType.COMMUNITY: (_PER_FLOOR_AREA, _TOTAL),
    SiteType.SCENIC_AREA: (_PER_VISITOR, _TOTAL),
}


def indicator_kinds(site_type: str) -> tuple[IndicatorKind, ...]:
    """The main indicators of a type, the first one leading; a type we do not know has its total."""
    return _BY_TYPE.get(site_type, (_TOTAL,))
