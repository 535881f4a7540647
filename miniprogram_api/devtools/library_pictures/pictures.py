"""Which picture is drawn how: a cover for every article, under its key, and figures for some."""

from collections.abc import Callable, Mapping

from miniprogram_api.devtools.library_pictures import counting, energy, living, outside, zones
from miniprogram_api.devtools.library_pictures.canvas import Canvas

PICTURES: Mapping[str, Callable[[], Canvas]] = {
    "avoided-co2": counting.avoided,
    "by-tram": outside.by_tram,
    "community-activity": living.community,
    "energy-label": energy.energy_label,
    "envelope": energy.envelope,
    "ev-cold": energy.ev_cold,
    "factory-park": zones.factory_park,
    "family-visit": outside.family_visit,
    "food-waste": living.food_waste,
    "grid-factor": energy.grid_factor,
    "heat-pump": energy.heat_pump,
    "led": energy.led,
    "lifecycle": zones.lifecycle,
    "near-zero-school": zones.near_zero_school,
    "news-app": living.welcome,
    "news-plan": zones.plan_paper,
    "news-visit": zones.open_gate,
    "not-a-credit": counting.not_a_credit,
    "privacy": living.privacy,
    "read-indicator": counting.read_indicator,
    "scenic-visitor": zones.scenic_visitor,
    "school-campaign": outside.school_campaign,
    "six-types": zones.six_types,
    "teacher-guide": outside.teacher_guide,
    "three-levels": zones.three_levels,
    "waste-sorting": living.waste_sorting,
    "water": living.water,
    "winter-pv": energy.winter_pv,
    "winter-walk": outside.winter_walk,
    "figure-lifecycle": counting.figure_lifecycle,
    "figure-range": counting.figure_range,
    "figure-sun": counting.figure_sun,
    "figure-wall": counting.figure_wall,
}


def draw(name: str) -> bytes:
    """The picture of this name as JPEG."""
    return PICTURES[name]().jpeg()
