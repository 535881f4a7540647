"""Sites for everybody: the list with its filters, the page of one, and the dictionaries of their codes."""

import functools
from collections.abc import Callable, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from flask import request
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.kernel.geo import Point, to_gcj02
from miniprogram_api.sites.errors import CrsRequired
from miniprogram_api.sites.queries.listing import SiteSearch, list_open_walk_ins, list_sites
from miniprogram_api.sites.queries.page import get_site_page
from miniprogram_api.sites.rules.dictionary import DICTIONARIES, version
from miniprogram_api.sites.schemas import public as wire
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.prepared import kept, prepared
from miniprogram_api.web.schemas import parse_id

blp = Routes("sites", __name__, url_prefix="/api/v1", description="Sites open to the public")
View = TypeVar("View", bound=Callable[..., Any])


@limited("search", "30/minute", per="ip")
def _count_search() -> None:
    """Counts; a search costs more than a list."""


_LIST = wire.SiteListView()
_PAGE = wire.SitePageView()


def _searches_limited(view: View) -> View:
    @functools.wraps(view)
    def counted(*args: Any, **kwargs: Any) -> Any:
        if request.args.get("q"):
            _count_search()
        return view(*args, **kwargs)

    return counted  # type: ignore[return-value]  # same signature as the view


@blp.get("/sites")
@public
@limited("availability", "120/minute", per="ip")
@_searches_limited
@blp.response(HTTPStatus.OK, wire.SiteListView, example=wire.SITE_LIST)
@prepared
@blp.arguments(wire.SiteFilter, location="query")
def list_public_sites(query: dict[str, Any]) -> Any:
    """Sites open to the public: the nearest first with `near`, else the best match of `q`, else by rank."""
    limit, cursor = query.pop("limit"), query.pop("cursor")
    wanted, now = _wanted(query), clock.now()
    with reading() as session:
        walk_ins = _open_walk_ins(session, wanted.open_on)
        found = list_sites(session, wanted, limit=limit, cursor=cursor, now=now, walk_ins=walk_ins)
    return _LIST.dump(found)


def _open_walk_ins(session: Session, on: date | None) -> Sequence[UUID]:
    return () if on is None else kept(f"walk-ins {on}", lambda: list_open_walk_ins(session, on))


def _wanted(query: dict[str, Any]) -> SiteSearch:
    crs, near = query.pop("crs"), query.pop("near")
    return SiteSearch(**query | {"q": (query["q"] or "").strip() or None, "near": _place(near, crs, query)})


def _place(near: Point | None, crs: Any, query: dict[str, Any]) -> Point | None:
    if near is None:
        if query["radius_m"] is not None:
            raise Invalid(fields=[FieldError("near", "field.required")])
        return None
    if crs is None:
        raise CrsRequired(fields=[FieldError("crs", CrsRequired.code)])
    return to_gcj02(near, crs)


@blp.get("/sites/<string:site_id>")
@public
@limited("availability", "120/minute", per="ip")
@blp.response(HTTPStatus.OK, wire.SitePageView, example=wire.PAGE)
@prepared
def show_site(site_id: str) -> Any:
    """A site's page; 410 when the site is known to have ended, 404 when it is not public."""
    with reading() as session:
        page = get_site_page(session, parse_id(site_id), now=clock.now())
        return _PAGE.dump(page)


@blp.get("/dictionaries")
@public
@blp.response(HTTPStatus.OK, wire.DictionariesView, example=wire.DICTIONARIES)
@prepared
def show_dictionaries() -> Any:
    """The codes of types, levels and districts with their Chinese names."""
    entries = {name: _entries(name) for name in DICTIONARIES}
    return wire.DictionariesView().dump({"dictionary_version": version(), **entries})


@blp.get("/dictionaries/<any(types, levels, districts):name>")
@public
@blp.response(HTTPStatus.OK, wire.DictionaryView, example=wire.DICTIONARY)
@prepared
def show_dictionary(name: str) -> Any:
    """One dictionary."""
    return wire.DictionaryView().dump({"dictionary_version": version(), "items": _entries(name)})


def _entries(name: str) -> list[dict[str, str]]:
    return [{"code": code, "name": shown} for code, shown in DICTIONARIES[name].items()]
