"""The wire format of the sites on a map: GeoJSON (RFC 7946), longitude first, WGS-84."""

from typing import Any
from urllib.parse import urlencode

from marshmallow import fields, validate

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.paging import Page
from miniprogram_api.sites.queries.map_features import MapFeature
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES, shown_code, shown_name
from miniprogram_api.web.schemas import Instant, Schema

MEDIA_TYPE = "application/geo+json"
PATH = "/open/v1/sites.geojson"

FEATURE = {
    "type": "Feature",
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3a",
    "geometry": {"type": "Point", "coordinates": [125.464801, 43.796301]},
    "properties": {
        "code": "CC001",
        "project_id": "CC-2025-0001",
        "name": "净月潭零碳景区（示例）",
        "name_en": None,
        "type": "scenic_area",
        "type_name": "景区",
        "level": "zero_carbon",
        "level_name": "零碳",
        "district": "x-jingyue",
        "district_name": "净月高新区",
        "address": "净月大街 5840 号",
        "booking_mode": "slots",
        "status": "open",
        "page": "/api/v1/sites/01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3a",
        "registry_as_of": "2026-11-23T09:00:00+08:00",
    },
}
COLLECTION = {
    "type": "FeatureCollection",
    "numberReturned": 1,
    "links": [
        {"rel": "self", "href": PATH, "type": MEDIA_TYPE},
        {"rel": "next", "href": f"{PATH}?limit=1&cursor=W3sidSI6IjAxOTkw…", "type": MEDIA_TYPE},
    ],
    "features": [FEATURE],
}


class SitesQuery(Schema):
    """Which sites, and how many at once."""

    bbox = fields.String(
        load_default=None,
        validate=validate.Length(max=120),
        metadata={"example": "125.1,43.7,125.6,44.0", "description": "West, south, east, north in degrees."},
    )
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=1000))
    cursor = fields.String(load_default=None, validate=validate.Length(max=500))


class _GeometryView(Schema):
    type = fields.String(required=True, validate=validate.OneOf(["Point"]))
    coordinates = fields.List(fields.Float(), required=True, validate=validate.Length(equal=2))


class _PropertiesView(Schema):
    code = fields.String(required=True)
    project_id = fields.String(required=True, metadata={"description": "As the statistics name it."})
    name = fields.String(required=True)
    name_en = fields.String(required=True, allow_none=True)
    type = fields.String(required=True)
    type_name = fields.String(required=True)
    level = fields.String(required=True)
    level_name = fields.String(required=True)
    district = fields.String(required=True)
    district_name = fields.String(required=True)
    address = fields.String(required=True)
    booking_mode = fields.String(required=True, validate=validate.OneOf(["none", "slots"]))
    status = fields.String(required=True, validate=validate.OneOf(["open", "paused"]))
    page = fields.String(required=True, metadata={"description": "Where the site's page is, on this host."})
    registry_as_of = Instant(required=True, metadata={"description": "When the registry last spoke of it."})


class _FeatureView(Schema):
    type = fields.String(required=True, validate=validate.OneOf(["Feature"]))
    id = fields.String(required=True)
    geometry = fields.Nested(_GeometryView, required=True)
    properties = fields.Nested(_PropertiesView, required=True)


class _LinkView(Schema):
    rel = fields.String(required=True)
    href = fields.String(required=True)
    type = fields.String(required=True)


class SitesView(Schema):
    """A GeoJSON FeatureCollection; it goes on where a link says `next`."""

    type = fields.String(required=True, validate=validate.OneOf(["FeatureCollection"]))
    numberReturned = fields.Integer(required=True)  # noqa: N815  OGC API Features names it so
    links = fields.List(fields.Nested(_LinkView), required=True)
    features = fields.List(fields.Nested(_FeatureView), required=True)


def collection(found: Page[MapFeature], asked: dict[str, Any]) -> dict[str, Any]:
    """A page of sites as GeoJSON; `asked` is the query that found it, without what was left out."""
    links = [_link("self", asked)]
    if found.next_cursor is not None:
        links.append(_link("next", asked | {"cursor": found.next_cursor}))
    return {
        "type": "FeatureCollection",
        "numberReturned": len(found.items),
        "links": links,
        "features": [_feature(feature) for feature in found.items],
    }


def _link(rel: str, query: dict[str, Any]) -> dict[str, str]:
    given = {name: value for name, value in query.items() if value is not None}
    return {"rel": rel, "href": f"{PATH}?{urlencode(given)}" if given else PATH, "type": MEDIA_TYPE}


def _feature(site: MapFeature) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": str(site.id),
        "geometry": {"type": "Point", "coordinates": [site.place.lng, site.place.lat]},
        "properties": {
            "code": site.code,
            "project_id": site.project_id,
            "name": site.name,
            "name_en": site.name_en,
            "type": shown_code(TYPES, site.type),
            "type_name": shown_name(TYPES, site.type),
            "level": shown_code(LEVELS, site.level),
            "level_name": shown_name(LEVELS, site.level),
            "district": shown_code(DISTRICTS, site.district),
            "district_name": shown_name(DISTRICTS, site.district),
            "address": site.address,
            "booking_mode": str(site.booking_mode),
            "status": site.status,
            "page": f"/api/v1/sites/{site.id}",
            "registry_as_of": site.registry_synced_at.astimezone(BEIJING).isoformat(timespec="seconds"),
        },
    }
