import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.kernel.geo import (
    Crs,
    Point,
    bounding_box,
    chord_squared,
    distance_m,
    metres_of_chord,
    to_gcj02,
    to_wgs84,
    unit_vector,
)

PEOPLES_SQUARE = Point(125.324500, 43.886800)
ON_A_CHINESE_MAP = Point(125.331020, 43.889214)

# Well inside the rectangle the shift is defined on, so that a shifted point never leaves it.
points_in_china = st.builds(
    Point,
    lng=st.floats(72.1, 137.7, allow_nan=False),
    lat=st.floats(0.9, 55.7, allow_nan=False),
)
points = st.builds(Point, lng=st.floats(-180, 180), lat=st.floats(-90, 90))


def rounded(point: Point) -> tuple[float, float]:
    return round(point.lng, 6), round(point.lat, 6)


def test_the_square_lies_where_a_chinese_map_shows_it() -> None:
    assert rounded(to_gcj02(PEOPLES_SQUARE, Crs.WGS84)) == (125.331020, 43.889214)


def test_a_chinese_map_leads_back_to_the_square() -> None:
    assert rounded(to_wgs84(ON_A_CHINESE_MAP, Crs.GCJ02)) == (125.324500, 43.886800)


def test_the_two_systems_are_far_apart_in_changchun() -> None:
    assert distance_m(PEOPLES_SQUARE, ON_A_CHINESE_MAP) == pytest.approx(587, abs=1)


def test_a_point_already_in_the_wanted_system_stays() -> None:
    assert to_gcj02(ON_A_CHINESE_MAP, Crs.GCJ02) == ON_A_CHINESE_MAP
    assert to_wgs84(PEOPLES_SQUARE, Crs.WGS84) == PEOPLES_SQUARE


@pytest.mark.parametrize(
    "abroad", [Point(-0.1276, 51.5072), Point(151.2, -33.9), Point(72.0, 40.0), Point(110.0, 55.83)]
)
def test_a_point_outside_china_is_the_same_in_both_systems(abroad: Point) -> None:
    assert to_gcj02(abroad, Crs.WGS84) == abroad
    assert to_wgs84(abroad, Crs.GCJ02) == abroad


@given(points_in_china)
def test_there_and_back_is_within_a_millimetre(point: Point) -> None:
    assert distance_m(point, to_wgs84(to_gcj02(point, Crs.WGS84), Crs.GCJ02)) <= 0.001


def test_distance_agrees_with_the_geodesic_within_half_a_percent() -> None:
    # Changchun to Beijing, 861 833 m on the WGS-84 ellipsoid by Vincenty's formula.
    assert distance_m(Point(125.3245, 43.8868), Point(116.3975, 39.9087)) == pytest.approx(861_833, rel=0.005)


@given(points, points)
def test_distance_is_symmetric_and_never_more_than_half_the_equator(a: Point, b: Point) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
    assert 0 <= distance_m(a, b) <= 20_015_200
    assert distance_m(a, a) == 0


def test_antipodes_are_half_the_earth_apart() -> None:
    assert distance_m(Point(-179.999999999, 1e-9), Point(0.000000001, -1e-9)) == pytest.approx(
        20_015_114, rel=1e-6
    )


@given(points, points, st.floats(1, 21_000_000))
def test_a_bounding_box_holds_every_point_within_the_radius(
    centre: Point, other: Point, radius_m: float
) -> None:
    if distance_m(centre, other) < radius_m * 0.999999:
        assert bounding_box(centre, radius_m).contains(other)


def test_a_bounding_box_is_tight_away_from_poles_and_date_line() -> None:
    box = bounding_box(PEOPLES_SQUARE, 1000)

    assert not box.contains(Point(box.west - 0.0001, PEOPLES_SQUARE.lat))
    assert not box.contains(Point(PEOPLES_SQUARE.lng, box.north + 0.0001))
    assert distance_m(PEOPLES_SQUARE, Point(PEOPLES_SQUARE.lng, box.north)) == pytest.approx(1000)


def test_a_box_over_the_date_line_or_a_pole_spans_all_longitudes() -> None:
    assert (bounding_box(Point(179.999, 0), 1000).west, bounding_box(Point(-179.999, 0), 1000).east) == (
        -180,
        180,
    )
    assert bounding_box(Point(10, 89.9999), 1000).east == 180


@given(points, points)
def test_the_chord_between_unit_vectors_gives_the_distance_over_ground(a: Point, b: Point) -> None:
    one, other = unit_vector(a), unit_vector(b)
    squared = (one.x - other.x) ** 2 + (one.y - other.y) ** 2 + (one.z - other.z) ** 2
    assert metres_of_chord(squared) == pytest.approx(distance_m(a, b), rel=1e-6, abs=0.5)


@pytest.mark.parametrize("metres", [0, 1, 500, 20_000, 1_000_000])
def test_a_chord_leads_back_to_its_distance(metres: float) -> None:
    assert metres_of_chord(chord_squared(metres)) == pytest.approx(metres, abs=1e-6)


def test_no_distance_is_longer_than_half_the_earth() -> None:
    assert metres_of_chord(chord_squared(1e9)) == pytest.approx(20_015_114, rel=1e-6)
