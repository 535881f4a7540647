"""The sites on a map: who is on it, where, in which box, and what a map may keep of it."""

import json
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.kernel.db import atomic
from miniprogram_api.open_data.errors import WrongBox
from miniprogram_api.open_data.rules.boxes import parse_bbox
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay
from miniprogram_api.sites.rules import visibility
from miniprogram_api.web import prepared
from miniprogram_api.web.limits import init_limits
from tests.factories.sites import make_site
from tests.support.problems import assert_problem
from tests.support.statements import statements

SITES = "/open/v1/sites.geojson"
# One place in both systems, of the algorithm's published examples.
WGS84, GCJ02 = (125.3245, 43.8868), (125.33102, 43.889214)


def _get(client: FlaskClient, **query: Any) -> TestResponse:
    prepared.forget()
    return client.get(SITES, query_string=query)


def _collection(client: FlaskClient, **query: Any) -> dict[str, Any]:
    answer = _get(client, **query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = json.loads(answer.data)
    return body


def _codes(client: FlaskClient, **query: Any) -> list[str]:
    return [feature["properties"]["code"] for feature in _collection(client, **query)["features"]]


def _place(lng: float, lat: float, *, crs: str = "wgs84", **values: Any) -> None:
    with atomic() as session:
        make_site(
            session,
            source_lng=lng,
            source_lat=lat,
            source_crs=crs,
            lng_gcj02=lng + 0.006,
            lat_gcj02=lat + 0.002,
            **values,
        )


class TestWhatIsShown:
    def test_a_feature_says_where_and_what_a_site_is(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session, code="CC001", project_id="P-1", district="220104")
            site_id = str(site.id)
        collection = _collection(client)
        assert (collection["type"], collection["numberReturned"]) == ("FeatureCollection", 1)
        (feature,) = collection["features"]
        assert feature["type"] == "Feature"
        assert feature["id"] == site_id
        assert feature["properties"] == {
            "code": "CC001",
            "project_id": "P-1",
            "name": "南湖低碳示范点（示例）",
            "name_en": None,
            "type": "scenic_area",
            "type_name": "景区",
            "level": "low_carbon",
            "level_name": "低碳",
            "district": "220104",
            "district_name": "朝阳区",
            "address": "工农大路 1 号",
            "booking_mode": "slots",
            "status": "open",
            "page": f"/api/v1/sites/{site_id}",
            "registry_as_of": "2026-01-01T08:00:00+08:00",
        }

    def test_a_code_that_nobody_knows_is_shown_as_other(self, client: FlaskClient) -> None:
        with atomic() as session:
            make_site(session, type="airport", level="golden", district="229999")
        (feature,) = _collection(client)["features"]
        shown = feature["properties"]
        assert [shown[name] for name in ("type", "type_name", "level", "district_name")] == [
            "other",
            "其他",
            "other",
            "其他",
        ]

    def test_each_cell_of_the_table_of_visibility_is_on_the_map_or_not(self, client: FlaskClient) -> None:
        cells = {f"C{number}": cell for number, cell in enumerate(product(Lifecycle, (True, False), Overlay))}
        with atomic() as session:
            for code, (lifecycle, designated, overlay) in cells.items():
                make_site(session, code=code, lifecycle=lifecycle, education_base=designated, overlay=overlay)
        shown = {code: visibility(*cell) for code, cell in cells.items()}
        expected = {
            code: "open" if seen.bookable else "paused" for code, seen in shown.items() if seen.listed
        }
        on_the_map = [feature["properties"] for feature in _collection(client)["features"]]
        assert {site["code"]: site["status"] for site in on_the_map} == expected
        assert {cells[code][0] for code in expected} == {
            Lifecycle.TITLED,
            Lifecycle.RE_REVIEW,
            Lifecycle.RECTIFYING,
            Lifecycle.EXPIRED,
        }

    def test_nothing_but_what_is_public_of_a_site_is_given(self, client: FlaskClient) -> None:
        with atomic() as session:
            make_site(
                session, work_phone="0431-81239999", operator_name="示例物业公司", visitor_notice="请从东门"
            )
        text = _get(client).text
        assert [secret for secret in ("81239999", "物业", "东门") if secret in text] == []


class TestWhere:
    def test_a_shifted_place_is_given_as_satellites_see_it(self, client: FlaskClient) -> None:
        with atomic() as session:
            make_site(session, source_lng=GCJ02[0], source_lat=GCJ02[1], source_crs="gcj02")
        (feature,) = _collection(client)["features"]
        assert feature["geometry"] == {"type": "Point", "coordinates": list(WGS84)}

    @pytest.mark.parametrize("crs", ["wgs84", "cgcs2000"])
    def test_what_was_never_shifted_is_given_as_it_came(self, client: FlaskClient, crs: str) -> None:
        _place(*WGS84, crs=crs)
        (feature,) = _collection(client)["features"]
        assert feature["geometry"]["coordinates"] == list(WGS84)

    def test_six_decimals_are_enough(self, client: FlaskClient) -> None:
        _place(125.12345678, 43.98765432)
        (feature,) = _collection(client)["features"]
        assert feature["geometry"]["coordinates"] == [125.123457, 43.987654]


class TestBoxes:
    @pytest.fixture
    def corner(self, client: FlaskClient) -> FlaskClient:
        _place(125.3, 43.9, code="HERE")
        return client

    @pytest.mark.parametrize(
        ("bbox", "found"),
        [
            ("125.3,43.9,125.4,44", True),
            ("125.2,43.8,125.3,43.9", True),
            ("125.3,43.9,125.3,43.9", True),
            ("125.300001,43.9,125.4,44", False),
            ("125.2,43.8,125.3,43.899999", False),
            ("125.306,43.8,125.4,44", False),
            ("-180,-90,180,90", True),
            ("170,40,-170,50", False),
            ("125,40,-170,50", True),
            ("170,40,126,50", True),
        ],
    )
    def test_a_box_holds_its_edges_and_may_cross_the_date_line(
        self, corner: FlaskClient, bbox: str, found: bool
    ) -> None:
        assert _codes(corner, bbox=bbox) == (["HERE"] if found else [])

    @pytest.mark.parametrize(
        "bbox",
        [
            "",
            "1,2,3",
            "1,2,3,4,5",
            "1,44,2,43",
            "181,0,182,1",
            "0,-91,1,1",
            "nan,0,1,1",
            "1e1,0,1,1",
            "a,b,c,d",
        ],
    )
    def test_what_is_no_box_is_refused_in_words(self, client: FlaskClient, bbox: str) -> None:
        assert_problem(_get(client, bbox=bbox), 422, "open_data.bbox")

    def test_no_box_is_no_limit(self) -> None:
        assert parse_bbox(None) == ()
        with pytest.raises(WrongBox):
            parse_bbox(" 1,2,3,4")


class TestPages:
    def test_the_next_page_is_where_the_link_says(self, client: FlaskClient) -> None:
        with atomic() as session:
            for number in range(5):
                make_site(session, code=f"P{number}")
        seen, query = [], {"limit": "2", "bbox": "125,43,126,44"}
        for _ in range(3):
            answer = _get(client, **query)
            collection = json.loads(answer.data)
            seen += [feature["properties"]["code"] for feature in collection["features"]]
            links = {link["rel"]: link["href"] for link in collection["links"]}
            if "next" not in links:
                break
            assert answer.headers["Link"] == f'<{links["next"]}>; rel="next"'
            query = {name: values[0] for name, values in parse_qs(urlsplit(links["next"]).query).items()}
            assert query["bbox"] == "125,43,126,44"
        assert sorted(seen) == [f"P{number}" for number in range(5)]
        assert "Link" not in answer.headers

    @pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"page": 2}])
    def test_a_wrong_question_is_refused(self, client: FlaskClient, query: dict[str, Any]) -> None:
        assert_problem(_get(client, **query), 422, "request.invalid")

    def test_a_cursor_of_another_list_is_refused(self, client: FlaskClient) -> None:
        assert_problem(_get(client, cursor="xyz"), 422, "request.cursor")

    def test_the_number_of_statements_does_not_grow(self, client: FlaskClient) -> None:
        counts = []
        for _ in range(2):
            with statements() as sent:
                _get(client, bbox="125,43,126,44")
            counts.append(len(sent))
            with atomic() as session:
                for _ in range(30):
                    make_site(session)
        assert counts[0] == counts[1]


class TestKeeping:
    def test_a_map_may_keep_it_for_a_moment_and_ask_by_its_tag(self, client: FlaskClient) -> None:
        with atomic() as session:
            make_site(session, booking_mode=BookingMode.NONE)
        first = _get(client)
        assert first.mimetype == "application/geo+json"
        assert first.headers["Cache-Control"] == "public, max-age=10"
        for forget in (False, True):
            if forget:
                prepared.forget()
            again = client.get(SITES, headers={"If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")
            assert again.headers["Access-Control-Allow-Origin"] == "*"
            assert again.headers["Cache-Control"] == "public, max-age=10"

    def test_a_site_that_is_withdrawn_changes_the_tag_and_is_gone(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session)
        before = _get(client)
        with atomic() as session:
            session.merge(site).lifecycle = Lifecycle.WITHDRAWN
        after = _get(client)
        assert json.loads(after.data)["features"] == []
        assert after.headers["ETag"] != before.headers["ETag"]

    @pytest.mark.parametrize(("path", "status"), [(SITES, 200), (f"{SITES}?limit=0", 422)])
    def test_any_page_may_read_it_failures_too(self, client: FlaskClient, path: str, status: int) -> None:
        prepared.forget()
        for _ in range(2):
            answer = client.get(path, headers={"Origin": "https://example.org"})
            assert answer.status_code == status
            assert answer.headers["Access-Control-Allow-Origin"] == "*"

    def test_a_browser_may_ask_beforehand(self, client: FlaskClient) -> None:
        answer = client.options(SITES, headers={"Access-Control-Request-Method": "GET"})
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
        assert answer.headers["Access-Control-Allow-Headers"] == "If-None-Match"

    def test_a_stranger_may_ask_sixty_times_a_minute(self, client: FlaskClient) -> None:
        init_limits(client.application, redis_url="", spare_loopback=False)
        statuses = [_get(client, limit=number + 1).status_code for number in range(61)]
        assert statuses == [200] * 60 + [429]
