"""Distances on the sphere, and the shift between WGS-84 (satellites) and GCJ-02 (Chinese maps, WeChat's too).

In Changchun the two systems lie about 590 m apart, so no coordinate is handled without its system.

The shift was never published officially. This is the algorithm of the open-source projects EvilTransform and
coordtransform: a sum of sines over the offset from 105° E, 35° N, scaled on the Krasovsky 1940 ellipsoid. It
is defined inside a rectangle around China only; a point outside is the same in both systems.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

EARTH_RADIUS_M = 6_371_008.8

_KRASOVSKY_AXIS_M = 6_378_245.0
_KRASOVSKY_E2 = 0.00669342162296594323
_CHINA_LNG = (72.004, 137.8347)
_CHINA_LAT = (0.8293, 55.8271)
# Each round shrinks the error at least fifty-fold, from 600 m: the fifth is below a micrometre.
_INVERSE_ROUNDS = 6


class Crs(StrEnum):
    """The system a coordinate is given in."""

    GCJ02 = "gcj02"
    WGS84 = "wgs84"


@dataclass(frozen=True, slots=True)
class Point:
    """A place in degrees, longitude first as in GeoJSON."""

    lng: float
    lat: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of degrees that never crosses the date line."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, point: Point) -> bool:
        return self.west <= point.lng <= self.east and self.south <= point.lat <= self.north


def to_gcj02(point: Point, crs: Crs) -> Point:
    """The same place as GCJ-02 gives it, whatever system it came in."""
    if crs is Crs.GCJ02 or not _in_china(point):
        return point
    east, north = _shift(point)
    return Point(point.lng + east, point.lat + north)


def to_wgs84(point: Point, crs: Crs) -> Point:
    """The same place as WGS-84 gives it, within a millimetre; the forward shift has no closed inverse."""
    if crs is Crs.WGS84 or not _in_china(point):
        return point
    guess = point
    for _ in range(_INVERSE_ROUNDS):
        east, north = _shift(guess)
        guess = Point(point.lng - east, point.lat - north)
    return guess


def distance_m(a: Point, b: Point) -> float:
    """Great-circle metres between two points of one system (haversine; within 0.5 % of the ellipsoid)."""
    half_lat = math.radians(b.lat - a.lat) / 2
    half_lng = math.radians(b.lng - a.lng) / 2
    chord = (
        math.sin(half_lat) ** 2
        + math.cos(math.radians(a.lat)) * math.cos(math.radians(b.lat)) * math.sin(half_lng) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


@dataclass(frozen=True, slots=True)
class UnitVector:
    """A point of the unit sphere, seen from its centre.

    The square of the straight line between two of them takes three subtractions and three products, so SQL
    can filter and sort by it, on every database alike; it grows with the distance over ground.
    """

    x: float
    y: float
    z: float


def unit_vector(point: Point) -> UnitVector:
    """Where on the unit sphere a point lies."""
    lng, lat = math.radians(point.lng), math.radians(point.lat)
    return UnitVector(math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), math.sin(lat))


def chord_squared(metres: float) -> float:
    """The square of the straight line that belongs to a distance over ground."""
    half_turn = math.pi * EARTH_RADIUS_M
    return (2 * math.sin(min(metres, half_turn) / (2 * EARTH_RADIUS_M))) ** 2


def metres_of_chord(squared: float) -> float:
    """The distance over ground that belongs to the square of a straight line."""
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(max(0.0, squared)) / 2))


def bounding_box(centre: Point, radius_m: float) -> Box:
    """A rectangle that holds every point within the radius, for an index to use before distances are known.

    A circle over a pole or the date line gets the full range of longitudes.
    """
    angle = radius_m / EARTH_RADIUS_M
    span = math.degrees(angle)
    south, north = max(-90.0, centre.lat - span), min(90.0, centre.lat + span)
    reach = math.sin(min(angle, math.pi / 2))
    width = math.cos(math.radians(centre.lat))
    if reach >= width:
        return Box(-180.0, south, 180.0, north)
    half = math.degrees(math.asin(reach / width))
    west, east = centre.lng - half, centre.lng + half
    if west < -180.0 or east > 180.0:  # the date line
        west, east = -180.0, 180.0
    return Box(west, south, east, north)


def _in_china(point: Point) -> bool:
    return _CHINA_LNG[0] <= point.lng <= _CHINA_LNG[1] and _CHINA_LAT[0] <= point.lat <= _CHINA_LAT[1]


def _shift(point: Point) -> tuple[float, float]:
    """Degrees to add eastwards and northwards to a WGS-84 point."""
    x, y = point.lng - 105.0, point.lat - 35.0
    lat = math.radians(point.lat)
    squash = 1 - _KRASOVSKY_E2 * math.sin(lat) ** 2
    parallel_m = _KRASOVSKY_AXIS_M / math.sqrt(squash) * math.cos(lat)
    meridian_m = _KRASOVSKY_AXIS_M * (1 - _KRASOVSKY_E2) / (squash * math.sqrt(squash))
    return math.degrees(_east_m(x, y) / parallel_m), math.degrees(_north_m(x, y) / meridian_m)


def _east_m(x: float, y: float) -> float:
    polynomial = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    return (
        polynomial
        + (
            _waves(6 * x, 20.0)
            + _waves(2 * x, 20.0)
            + _waves(x, 20.0)
            + _waves(x / 3, 40.0)
            + _waves(x / 12, 150.0)
            + _waves(x / 30, 300.0)
        )
        * 2
        / 3
    )


def _north_m(x: float, y: float) -> float:
    polynomial = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    return (
        polynomial
        + (
            _waves(6 * x, 20.0)
            + _waves(2 * x, 20.0)
            + _waves(y, 20.0)
            + _waves(y / 3, 40.0)
            + _waves(y / 12, 160.0)
            + _waves(y / 30, 320.0)
        )
        * 2
        / 3
    )


def _waves(half_turns: float, amplitude_m: float) -> float:
    return amplitude_m * math.sin(half_turns * math.pi)
