"""The codes of types, levels and districts with their Chinese names.

They are open: the registry may bring a code that is not here. It is kept, and shown as 其他 (`other`).

Districts and counties have their code of GB/T 2260. The development zones are administered like districts and
people look for them by name, but the standard has no codes for them: those that begin with `x-` are ours and
provisional. What the registry's own dictionaries say takes their place, process by process.
"""

from collections.abc import Iterator, Mapping

from miniprogram_api.sites.models import Level, SiteType

_OUR_VERSION = "2026.1"
OTHER = "other"
OTHER_NAME = "其他"


class Names(Mapping[str, str]):
    """The names of codes: ours, and over them what the registry gave last."""

    def __init__(self, ours: Mapping[str, str]) -> None:
        self._ours = dict(ours)
        self._names = dict(ours)

    def use(self, given: Mapping[str, str]) -> None:
        """Show these names; a code that is not among them keeps ours."""
        self._names = self._ours | dict(given)

    def __getitem__(self, code: str) -> str:
        return self._names[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


TYPES = Names(
    {
        SiteType.PARK.value: "园区",
        SiteType.FACTORY.value: "工厂",
        SiteType.BUILDING.value: "建筑",
        SiteType.SCHOOL.value: "学校",
        SiteType.COMMUNITY.value: "社区",
        SiteType.SCENIC_AREA.value: "景区",
    }
)
LEVELS = Names(
    {
        Level.LOW_CARBON.value: "低碳",
        Level.NEAR_ZERO.value: "近零碳",
        Level.ZERO_CARBON.value: "零碳",
    }
)
DISTRICTS = Names(
    {
        "220102": "南关区",
        "220103": "宽城区",
        "220104": "朝阳区",
        "220105": "二道区",
        "220106": "绿园区",
        "220112": "双阳区",
        "220113": "九台区",
        "220122": "农安县",
        "220182": "榆树市",
        "220183": "德惠市",
        "220184": "公主岭市",
        "x-jingyue": "净月高新区",
        "x-jingkai": "经开区",
        "x-qikai": "汽开区",
        "x-gaoxin": "高新区",
        "x-beihu": "长春新区北湖",
        "x-lianhua": "莲花山度假区",
    }
)
DICTIONARIES: Mapping[str, Names] = {"types": TYPES, "levels": LEVELS, "districts": DISTRICTS}


_versions: dict[str, str] = {}


def use(name: str, names: Mapping[str, str], *, version: str) -> None:
    """Have this process show the registry's names of the `types`, `levels` or `districts`."""
    DICTIONARIES[name].use(names)
    _versions[name] = version


def forget() -> None:
    """Show our own names again. For tests."""
    for names in DICTIONARIES.values():
        names.use({})
    _versions.clear()


def version() -> str:
    """Which names are shown: ours, or those of the registry's dictionaries by their versions."""
    return "+".join([_OUR_VERSION, *(f"{name}.{_versions[name]}" for name in sorted(_versions))])


def shown_code(names: Mapping[str, str], code: str) -> str:
    """The code as the public sees it."""
    return code if code in names else OTHER


def shown_name(names: Mapping[str, str], code: str) -> str:
    """The Chinese name of a code."""
    return names.get(code, OTHER_NAME)
