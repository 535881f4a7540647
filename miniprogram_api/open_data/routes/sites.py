"""The sites on a map, for everybody."""

import json
from http import HTTPStatus
from typing import Any

from miniprogram_api.kernel.db import reading
from miniprogram_api.open_data.routes.sharing import SITES_KEPT_S, document, open_to_any_origin
from miniprogram_api.open_data.rules.boxes import parse_bbox
from miniprogram_api.open_data.schemas import sites as wire
from miniprogram_api.sites.queries.map_features import list_map_features
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.prepared import prepared

blp = Routes("open-sites", __name__, url_prefix="/open/v1", description="The sites on a map")
open_to_any_origin(blp)


@blp.get("/sites.geojson")
@public
@limited("open_data", "60/minute", per="ip")
@blp.response(HTTPStatus.OK, wire.SitesView, content_type=wire.MEDIA_TYPE, example=wire.COLLECTION)
@prepared
@blp.arguments(wire.SitesQuery, location="query")
def show_sites(query: dict[str, Any]) -> Any:
    """Sites open to the public as GeoJSON in CRS84, by id; a page may hold fewer than `limit`."""
    boxes = parse_bbox(query["bbox"])
    with reading() as session:
        found = list_map_features(session, boxes=boxes, limit=query["limit"], cursor=query["cursor"])
    collection = wire.collection(found, query)
    following = next((link["href"] for link in collection["links"] if link["rel"] == "next"), None)
    body = json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()
    return document(body, wire.MEDIA_TYPE, max_age_s=SITES_KEPT_S, next_page=following)
