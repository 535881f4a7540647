"""The public list over HTTP: filters, orders, pages, what is hidden, and how many statements it takes."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.sites import (
    make_closure,
    make_opening_rule,
    make_photo,
    make_site,
    make_special_opening,
    make_technology,
)
from tests.sites.conftest import FakeAvailability, counting_statements

WEDNESDAY = date(2026, 11, 25)


def items(client: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/sites", query_string=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["items"]
    return found


def names(client: FlaskClient, **query: Any) -> list[str]:
    return [item["name"] for item in items(client, **query)]


def every_page(client: FlaskClient, **query: Any) -> list[str]:
    """The ids of all pages, two sites at a time."""
    ids: list[str] = []
    cursor = None
    while True:
        page = client.get(
            "/api/v1/sites", query_string={**query, "limit": 2} | ({"cursor": cursor} if cursor else {})
        ).get_json()
        ids += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return ids


@pytest.mark.usefixtures("rooms")
class TestItems:
    def test_an_item_has_what_a_card_shows(self, client: FlaskClient, rooms: FakeAvailability) -> None:
        with atomic() as session:
            site = make_site(session, code="CC001", district="220102", type="school", level="near_zero")
            photo = make_photo(session, site)
        rooms.next_days[site.id] = WEDNESDAY
        assert items(client) == [
            {
                "id": str(site.id),
                "code": "CC001",
                "name": "南湖低碳示范点（示例）",
                "type": "school",
                "type_name": "学校",
                "level": "near_zero",
                "level_name": "近零碳",
                "district": "220102",
                "district_name": "南关区",
                "address": "工农大路 1 号",
                "location": {"lng": 125.33102, "lat": 43.889214, "crs": "gcj02"},
                "cover_url": f"/media/{photo.file_name}",
                "booking_mode": "slots",
                "status": "open",
                "note": None,
                "next_available_on": "2026-11-25",
            }
        ]

    def test_codes_the_product_does_not_know_are_shown_as_other(self, client: FlaskClient) -> None:
        with atomic() as session:
            make_site(session, type="harbour", level="plus", district="229999")
        (item,) = items(client)
        assert (item["type"], item["level"], item["district"]) == ("other", "other", "other")
        assert (item["type_name"], item["level_name"], item["district_name"]) == ("其他", "其他", "其他")
        assert len(items(client, type="other", level="other", district="other")) == 1

    @pytest.mark.parametrize(
        ("state", "status", "note"),
        [
            ({"lifecycle": Lifecycle.RE_REVIEW}, "open", "复核"),
            ({"lifecycle": Lifecycle.RECTIFYING}, "paused", "整改"),
            ({"lifecycle": Lifecycle.EXPIRED}, "paused", "到期"),
            ({"overlay": Overlay.SUSPENDED, "overlay_reason": "检修"}, "paused", "原因：检修。"),
        ],
    )
    def test_a_site_that_is_not_plainly_open_says_why(
        self, client: FlaskClient, state: dict[str, Any], status: str, note: str
    ) -> None:
        with atomic() as session:
            make_site(session, **state)
        (item,) = items(client)
        assert item["status"] == status
        assert note in item["note"]

    @pytest.mark.parametrize(
        "state",
        [
            {"lifecycle": Lifecycle.UNDER_CONSTRUCTION},
            {"lifecycle": Lifecycle.WITHDRAWN},
            {"education_base": False},
            {"overlay": Overlay.PREPARING},
            {"overlay": Overlay.CLOSED},
        ],
    )
    def test_what_the_public_may_not_see_is_not_listed(
        self, client: FlaskClient, state: dict[str, Any]
    ) -> None:
        with atomic() as session:
            make_site(session, **state)
        assert items(client) == []

    @pytest.mark.parametrize(
        ("state", "shown"),
        [
            ({}, "2026-12-08"),
            ({"lifecycle": Lifecycle.RE_REVIEW}, None),
            ({"overlay": Overlay.SUSPENDED}, None),
            ({"booking_mode": BookingMode.NONE}, None),
        ],
    )
    def test_the_next_day_is_given_only_where_it_can_be_booked(
        self, client: FlaskClient, rooms: FakeAvailability, state: dict[str, Any], shown: str | None
    ) -> None:
        with atomic() as session:
            site = make_site(session, **state)
        rooms.next_days[site.id] = date(2026, 12, 8)
        assert [item["next_available_on"] for item in items(client)] == [shown]

    def test_an_unchanged_list_is_not_sent_again(self, client: FlaskClient) -> None:
        with atomic() as session:
            make_site(session)
        first = client.get("/api/v1/sites")
        same = client.get("/api/v1/sites", headers={"If-None-Match": first.headers["ETag"]})
        assert (same.status_code, same.data) == (304, b"")


@pytest.mark.usefixtures("rooms")
class TestFilters:
    @pytest.fixture(autouse=True)
    def sites(self, rooms: FakeAvailability) -> None:
        with atomic() as session:
            make_site(session, name="甲", type="park", level="low_carbon", district="220102")
            make_site(session, name="乙", type="school", level="low_carbon", district="220104")
            make_site(session, name="丙", type="school", level="zero_carbon", district="220102")

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"type": "school"}, {"乙", "丙"}),
            ({"level": "low_carbon"}, {"甲", "乙"}),
            ({"district": "220102"}, {"甲", "丙"}),
            ({"district": "南关区"}, {"甲", "丙"}),
            ({"type": "school", "level": "zero_carbon", "district": "220102"}, {"丙"}),
            ({"type": "factory"}, set()),
            ({"type": "other"}, set()),
        ],
    )
    def test_each_filter_narrows(self, client: FlaskClient, query: dict[str, str], found: set[str]) -> None:
        assert set(names(client, **query)) == found

    @pytest.mark.parametrize(
        ("query", "field", "code"),
        [
            ({"type": "castle"}, "type", "field.choice"),
            ({"level": "LOW"}, "level", "field.choice"),
            ({"district": "北京"}, "district", "field.choice"),
            ({"limit": "0"}, "limit", "field.range"),
            ({"limit": "101"}, "limit", "field.range"),
            ({"cursor": "nonsense"}, "", "request.cursor"),
            ({"open_on": "tomorrow"}, "open_on", "field.type"),
            ({"open_on": "0001-01-01"}, "open_on", "field.range"),
            ({"open_on": "9999-12-31"}, "open_on", "field.range"),
            ({"near": "125.3", "crs": "gcj02"}, "near", "sites.position"),
            ({"near": "200,43", "crs": "gcj02"}, "near", "field.range"),
            ({"near": "125.3,nan", "crs": "gcj02"}, "near", "sites.position"),
            ({"near": "125.3,43.8", "crs": "bd09"}, "crs", "field.choice"),
            ({"near": "125.3,43.8", "crs": "gcj02", "radius_m": "0"}, "radius_m", "field.range"),
            ({"radius_m": "500"}, "near", "field.required"),
            ({"q": "长" * 61}, "q", "field.length"),
            ({"colour": "green"}, "colour", "field.unknown"),
        ],
    )
    def test_a_wrong_value_is_named(
        self, client: FlaskClient, query: dict[str, str], field: str, code: str
    ) -> None:
        answer = client.get("/api/v1/sites", query_string=query)
        assert answer.status_code == 422
        problem = answer.get_json()
        if field:
            assert (field, code) in [(e["field"], e["code"]) for e in problem["errors"]]
        else:
            assert problem["code"] == code

    def test_a_position_without_its_system_is_refused(self, client: FlaskClient) -> None:
        answer = client.get("/api/v1/sites", query_string={"near": "125.3,43.8"})
        assert answer.status_code == 422
        problem = answer.get_json()
        assert problem["code"] == "sites.crs_required"
        assert problem["errors"][0]["field"] == "crs"
        assert "gcj02" in problem["detail"]


@pytest.mark.usefixtures("rooms")
class TestSearch:
    @pytest.fixture(autouse=True)
    def sites(self, rooms: FakeAvailability) -> None:
        with atomic() as session:
            make_site(session, name="净月潭零碳景区", code="CC101", listed_rank=2, district="x-jingyue")
            nanhu = make_site(
                session, name="南湖公园", code="CC102", listed_rank=1, address="净月大街支路 3 号"
            )
            make_technology(session, nanhu, name="空气源热泵")

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("净月", ["净月潭零碳景区", "南湖公园"]),  # a name goes before an address
            ("南湖", ["南湖公园"]),
            ("CC101", ["净月潭零碳景区"]),
            ("净月高新区", ["净月潭零碳景区"]),
            ("热泵", ["南湖公园"]),
            ("南湖 热泵", ["南湖公园"]),
            ("朝阳区", ["南湖公园"]),
            ("不存在", []),
            ("！？", []),
        ],
    )
    def test_sites_are_found_by_name_code_district_technology_and_address(
        self, client: FlaskClient, q: str, found: list[str]
    ) -> None:
        assert names(client, q=q) == found

    def test_an_empty_search_is_no_search(self, client: FlaskClient) -> None:
        assert names(client, q=" ") == ["南湖公园", "净月潭零碳景区"]

    def test_a_hidden_site_is_not_found(self, client: FlaskClient) -> None:
        with atomic() as session:
            make_site(session, name="筹备中的净月示范点", overlay=Overlay.PREPARING)
        assert len(names(client, q="净月")) == 2


@pytest.mark.usefixtures("rooms")
class TestNear:
    # WGS-84 and GCJ-02 of one place in Changchun.
    WGS84, GCJ02 = "125.324500,43.886800", "125.331020,43.889214"

    @pytest.fixture(autouse=True)
    def sites(self, rooms: FakeAvailability) -> None:
        with atomic() as session:
            make_site(session, name="远", lng_gcj02=125.47, lat_gcj02=43.80, listed_rank=1)
            make_site(session, name="近", lng_gcj02=125.3312, lat_gcj02=43.8893, listed_rank=3)
            make_site(session, name="中", lng_gcj02=125.35, lat_gcj02=43.89, listed_rank=2)

    def test_the_nearest_comes_first_with_its_distance(self, client: FlaskClient) -> None:
        found = items(client, near=self.GCJ02, crs="gcj02")
        assert [item["name"] for item in found] == ["近", "中", "远"]
        distances = [item["distance_m"] for item in found]
        assert distances == pytest.approx([17, 1523, 14937], rel=0.02)

    def test_a_satellite_position_is_shifted_first(self, client: FlaskClient) -> None:
        by_map = items(client, near=self.GCJ02, crs="gcj02")
        by_satellite = items(client, near=self.WGS84, crs="wgs84")
        assert [item["distance_m"] for item in by_satellite] == pytest.approx(
            [item["distance_m"] for item in by_map], abs=1
        )

    def test_a_satellite_position_taken_for_a_map_position_would_be_600_metres_off(
        self, client: FlaskClient
    ) -> None:
        (first, *_) = items(client, near=self.WGS84, crs="gcj02")
        assert first["distance_m"] == pytest.approx(590, abs=30)

    def test_a_radius_leaves_out_what_lies_beyond(self, client: FlaskClient) -> None:
        assert names(client, near=self.GCJ02, crs="gcj02", radius_m=2000) == ["近", "中"]

    def test_distance_goes_before_the_best_match(self, client: FlaskClient) -> None:
        assert names(client, near=self.GCJ02, crs="gcj02", q="示例") == []
        assert names(client, near=self.GCJ02, crs="gcj02", q="工农大路") == ["近", "中", "远"]


class TestOpenOn:
    def test_a_booked_site_is_open_when_it_has_sessions(
        self, client: FlaskClient, rooms: FakeAvailability
    ) -> None:
        with atomic() as session:
            opens, shut = make_site(session, name="开"), make_site(session, name="关")
        rooms.open_days = {(opens.id, WEDNESDAY), (shut.id, WEDNESDAY + timedelta(days=1))}
        assert names(client, open_on=WEDNESDAY) == ["开"]

    @pytest.mark.parametrize("state", [{"overlay": Overlay.SUSPENDED}, {"lifecycle": Lifecycle.EXPIRED}])
    def test_a_paused_site_is_not_open(
        self, client: FlaskClient, rooms: FakeAvailability, state: dict[str, Any]
    ) -> None:
        with atomic() as session:
            site = make_site(session, **state)
        rooms.open_days = {(site.id, WEDNESDAY)}
        assert names(client, open_on=WEDNESDAY) == []

    def test_a_site_under_re_review_is_open_within_its_horizon(
        self, client: FlaskClient, rooms: FakeAvailability
    ) -> None:
        with atomic() as session:
            site = make_site(session, name="复核中", lifecycle=Lifecycle.RE_REVIEW)
        rooms.open_days = {(site.id, date(2026, 12, 7)), (site.id, date(2026, 12, 8))}
        assert names(client, open_on="2026-12-07") == ["复核中"]
        assert names(client, open_on="2026-12-08") == []

    def test_a_site_without_booking_is_open_as_its_rules_say(
        self, client: FlaskClient, rooms: FakeAvailability
    ) -> None:
        with atomic() as session:
            walk_in = make_site(
                session, name="免预约", booking_mode=BookingMode.NONE, weekly_closing_weekday=3
            )
            make_opening_rule(session, walk_in.id)
            make_closure(session, walk_in.id, on=date(2026, 11, 26))
            make_special_opening(session, walk_in.id, on=date(2026, 12, 2))
            make_site(session, name="免预约而无规则", booking_mode=BookingMode.NONE)
        days = ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-12-02"]
        assert [names(client, open_on=on) for on in days] == [["免预约"], [], [], ["免预约"], ["免预约"]]

    def test_nothing_is_open_in_the_past(self, client: FlaskClient, rooms: FakeAvailability) -> None:
        with atomic() as session:
            site = make_site(session, booking_mode=BookingMode.NONE)
            make_opening_rule(session, site.id)
        assert names(client, open_on="2026-11-22") == []
        assert len(names(client, open_on="2026-11-23")) == 1


@pytest.mark.usefixtures("rooms")
class TestPages:
    ORDERS = (
        {},
        {"q": "示例"},
        {"near": "125.33102,43.889214", "crs": "gcj02"},
        {"near": "125.33102,43.889214", "crs": "gcj02", "q": "示例"},
    )

    @pytest.mark.parametrize("order", ORDERS)
    def test_pages_hold_every_site_once_in_the_order_of_the_whole(
        self, client: FlaskClient, order: dict[str, str]
    ) -> None:
        with atomic() as session:
            for number in range(7):
                # Ranks, places and matches repeat, so that only the id tells sites apart.
                make_site(session, listed_rank=number % 2, lng_gcj02=125.3 + (number % 3) / 100)
        whole = [item["id"] for item in items(client, **order)]
        assert len(whole) == 7
        assert every_page(client, **order) == whole

    @pytest.mark.parametrize("order", ORDERS)
    def test_a_site_added_between_two_pages_moves_no_other(
        self, client: FlaskClient, order: dict[str, str]
    ) -> None:
        with atomic() as session:
            for number in range(4):
                make_site(session, listed_rank=number + 1, lng_gcj02=125.34 + number / 100)
        before = [item["id"] for item in items(client, **order)]
        first = client.get("/api/v1/sites", query_string={**order, "limit": 2}).get_json()
        with atomic() as session:
            make_site(session, listed_rank=0, lng_gcj02=125.33102)
        rest = items(client, **order, cursor=first["next_cursor"])
        assert [item["id"] for item in [*first["items"], *rest]] == before

    def test_a_cursor_of_another_order_is_refused(self, client: FlaskClient) -> None:
        with atomic() as session:
            for _ in range(2):
                make_site(session)
        cursor = client.get("/api/v1/sites", query_string={"limit": 1}).get_json()["next_cursor"]
        answer = client.get("/api/v1/sites", query_string={"q": "示例", "cursor": cursor})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "request.cursor")


class TestStatements:
    QUERIES = (
        ({}, 1),
        ({"type": "scenic_area", "district": "220104"}, 1),
        ({"q": "示例"}, 1),
        ({"near": "125.33102,43.889214", "crs": "wgs84", "radius_m": "5000"}, 1),
        ({"open_on": "2026-11-25"}, 2),
    )

    @pytest.mark.parametrize(("query", "most"), QUERIES)
    def test_a_list_takes_as_many_statements_for_200_sites_as_for_10(
        self, client: FlaskClient, rooms: FakeAvailability, query: dict[str, str], most: int
    ) -> None:
        counts = []
        for sites in (10, 190):
            with atomic() as session:
                for _ in range(sites):
                    make_photo(session, make_site(session))
            prepared.forget()
            with counting_statements() as statements:
                client.get("/api/v1/sites", query_string={**query, "limit": 100})
            counts.append(len([text for text in statements if not text.startswith("BEGIN")]))
        assert counts == [most, most]


@pytest.mark.usefixtures("rooms")
class TestKeptStatements:
    def test_searches_of_one_shape_find_each_their_own(self, client: FlaskClient) -> None:
        with atomic() as session:
            make_site(session, name="西园", type="park", lng_gcj02=125.20)
            make_site(session, name="东校", type="school", lng_gcj02=125.40)
        assert (names(client, type="park"), names(client, type="school")) == (["西园"], ["东校"])
        west = {"near": "125.2,43.889214", "crs": "gcj02", "radius_m": 5000}
        east = {"near": "125.4,43.889214", "crs": "gcj02", "radius_m": 5000}
        assert (names(client, **west), names(client, **east)) == (["西园"], ["东校"])
        assert (names(client, q="西园"), names(client, q="东校")) == (["西园"], ["东校"])

    def test_what_is_bookable_is_asked_anew_as_time_goes_on(
        self, client: FlaskClient, rooms: FakeAvailability, clock: Clock
    ) -> None:
        with atomic() as session:
            site = make_site(session)
        assert items(client)[0]["next_available_on"] is None
        rooms.next_days[site.id] = WEDNESDAY
        clock.advance(seconds=1)
        prepared.forget()
        assert items(client)[0]["next_available_on"] == "2026-11-25"


class TestSearchLimit:
    @pytest.mark.parametrize("settings", [{"environment": "production"}], indirect=True)
    def test_a_stranger_searches_thirty_times_a_minute(
        self, client: FlaskClient, rooms: FakeAvailability, clock: Clock
    ) -> None:
        asks = [
            client.get(f"/api/v1/sites?q=x{n}", environ_base={"REMOTE_ADDR": "203.0.113.9"})
            for n in range(31)
        ]
        assert [ask.status_code for ask in asks] == [200] * 30 + [429]
        assert int(asks[-1].headers["Retry-After"]) > 0
        listed = client.get("/api/v1/sites", environ_base={"REMOTE_ADDR": "203.0.113.9"})
        assert listed.status_code == 200
