"""The catalogue of open data, for portals that collect such catalogues."""

import json
from datetime import date
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import current_app
from marshmallow import fields

from miniprogram_api.engagement.queries import list_daily
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.open_data.routes.sharing import CATALOGUE_KEPT_S, document, open_to_any_origin
from miniprogram_api.open_data.rules.catalogue import catalogue
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.prepared import prepared
from miniprogram_api.web.schemas import Schema

MEDIA_TYPE = "application/ld+json"

blp = Routes("open-catalogue", __name__, url_prefix="/open/v1", description="What open data there is")
open_to_any_origin(blp)


class CatalogueView(Schema):
    """A `dcat:Catalog` of DCAT 3 with its datasets and their distributions; more terms may come."""

    class Meta:
        unknown = ma.INCLUDE

    context = fields.Dict(required=True, data_key="@context")
    id = fields.String(required=True, data_key="@id")
    type = fields.String(required=True, data_key="@type")
    dataset = fields.List(fields.Dict(), required=True, data_key="dcat:dataset")


@blp.get("/catalog.jsonld")
@public
@limited("open_data", "60/minute", per="ip")
@blp.response(HTTPStatus.OK, CatalogueView, content_type=MEDIA_TYPE, example=catalogue(first_day=None))
@prepared
def show_catalogue() -> Any:
    """The data sets and the forms they are given in, as DCAT in JSON-LD."""
    with reading() as session:
        first = list_daily(session, first=date(2000, 1, 1), last=clock.today(), limit=1, cursor=None).items
    base = current_app.extensions["settings"].public_base_url.rstrip("/")
    known = catalogue(first_day=first[0].on if first else None, base=base)
    body = json.dumps(known, ensure_ascii=False, indent=1).encode()
    return document(body, MEDIA_TYPE, max_age_s=CATALOGUE_KEPT_S)
