"""The demonstration's projects as the registry has them: the state each begins with, and where it ends up."""

from datetime import date, timedelta
from typing import Any

from miniprogram_api.devtools.demo_data.catalogue import MARK, SiteCard
from miniprogram_api.kernel.geo import Crs
from miniprogram_api.sites.models import Lifecycle

State = dict[str, Any]

DOCUMENT = "示例文号"
_DATUM = {Crs.WGS84: "WGS84", Crs.GCJ02: "GCJ02"}


def project_id(card: SiteCard) -> str:
    """What the registry calls a site's project."""
    return f"DEMO-{card.code}"


def first_state(card: SiteCard, *, operator: str, today: date) -> State:
    """The record a project begins with: what was once opened was titled then."""
    titled = card.opened or card.lifecycle is Lifecycle.TITLED
    awarded_on = date(today.year - 1, 6, 5)
    state = {
        "name": card.name,
        "type_code": str(card.type),
        "level_code": str(card.level),
        "district_code": card.district,
        "operator": {"name": operator, "uscc": None},
        "geometry": {"type": "Point", "coordinates": [card.lng, card.lat]},
        "datum": _DATUM[card.crs],
        "lifecycle": str(Lifecycle.TITLED if titled else card.lifecycle),
        "lifecycle_since": str(awarded_on if titled else today),
        "education_base": {
            "designated": card.education_base,
            "since": str(date(today.year - 1, 9, 1)) if card.education_base else None,
            "until": None,
        },
    }
    if titled:
        state["title"] = {
            "date": str(awarded_on),
            "doc_no": DOCUMENT,
            "valid_until": str(date(today.year + 2, 6, 4)),
        }
    if card.lifecycle is Lifecycle.PUBLIC_NOTICE:
        state["notice"] = _notice(today - timedelta(days=2), days=10)
    return state


def last_state(card: SiteCard, *, today: date) -> State | None:
    """What changes for a project that has left the title behind, or is on its way; None for the others."""
    if not card.opened or card.lifecycle is Lifecycle.TITLED:
        return None
    state: State = {"lifecycle": str(card.lifecycle), "lifecycle_since": str(today)}
    if card.lifecycle is Lifecycle.RE_REVIEW:
        state["re_review_due"] = str(today + timedelta(days=30))
    if card.lifecycle is Lifecycle.WITHDRAWN:
        state["withdrawal"] = {
            "effective_at": f"{today}T00:00:00+08:00",
            "reason_code": "re_review_failed",
            "doc_no": DOCUMENT,
        }
    return state


def under_notice(today: date) -> dict[str, State]:
    """Projects of no site yet, put before the public: one whose period runs and one whose period is over."""
    running, over = (_notice(today - timedelta(days=ago), days=10) for ago in (3, 20))
    park = {"type_code": "park", "level_code": "low_carbon", "district_code": "220112"}
    factory = {"type_code": "factory", "level_code": "near_zero", "district_code": "220106"}
    return {
        "DEMO-GS001": _candidate(f"双阳区低碳生态产业园{MARK}", "双阳生态产业园管理办公室", running) | park,
        "DEMO-GS002": _candidate(f"绿园区近零碳客车工厂{MARK}", "绿园客车制造示范企业", over) | factory,
    }


def stands(data: State | None, state: State) -> bool:
    """Whether a project still is as this state has it, everything else aside."""
    return data is not None and all(data.get(name) == value for name, value in state.items())


def _candidate(name: str, applicant: str, notice: State) -> State:
    return {
        "name": name,
        "operator": {"name": f"{applicant}{MARK}", "uscc": None},
        "geometry": None,
        "lifecycle": "public_notice",
        "lifecycle_since": notice["from"],
        "notice": notice,
    }


def _notice(begins_on: date, *, days: int) -> State:
    until = begins_on + timedelta(days=days - 1)
    url = f"https://registry.example.gov.cn/notices/{begins_on:%Y%m%d}"
    return {"from": str(begins_on), "until": str(until), "url": url, "doc_no": DOCUMENT}
