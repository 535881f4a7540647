"""Daily statistics for everybody: what has left and nothing more, in two forms that say the same."""

import csv
import io
import json
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.engagement.rules import FIELDS
from miniprogram_api.open_data.errors import WrongRange
from miniprogram_api.open_data.rules.days import range_of
from miniprogram_api.web import prepared
from miniprogram_api.web.limits import init_limits
from tests.conftest import Clock
from tests.open_data.conftest import Days
from tests.support.problems import assert_problem
from tests.support.statements import statements

JSON, CSV = "/open/v1/statistics/daily.json", "/open/v1/statistics/daily.csv"
FRIDAY = date(2026, 11, 20)
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}

pytestmark = pytest.mark.usefixtures("clock")


def _get(client: FlaskClient, path: str, **query: Any) -> TestResponse:
    prepared.forget()
    return client.get(path, query_string=NOVEMBER | query)


def _json(client: FlaskClient, **query: Any) -> dict[str, Any]:
    answer = _get(client, JSON, **query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = json.loads(answer.data)
    return body


def _table(client: FlaskClient, **query: Any) -> list[dict[str, str]]:
    answer = _get(client, CSV, **query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


class TestJson:
    def test_a_day_is_told_by_project_and_for_the_city(self, client: FlaskClient, given_day: Days) -> None:
        given_day("P-1", FRIDAY, bookings=20, visitors=50)
        given_day("P-2", FRIDAY, bookings=30, visitors=70)
        found = _json(client)
        assert (found["from"], found["to"], found["next_cursor"]) == ("2026-11-01", "2026-11-30", None)
        assert [(row["project_id"], row["bookings"], row["visitors"]) for row in found["items"]] == [
            ("P-1", 20, 50),
            ("P-2", 30, 70),
        ]
        first = found["items"][0]
        assert set(first) == {
            "on",
            "project_id",
            *FIELDS,
            "suppressed",
            "hidden",
            "revision",
            "final",
            "generated_at",
        }
        assert (first["on"], first["revision"], first["final"]) == ("2026-11-20", 1, False)
        assert first["generated_at"] == "2026-11-21T11:10:00+08:00"
        (city,) = found["city"]
        assert (city["projects"], city["bookings"], city["visitors"]) == (2, 50, 120)

    def test_a_few_people_are_not_told_and_a_total_goes_without_them(
        self, client: FlaskClient, given_day: Days
    ) -> None:
        given_day("P-1", FRIDAY, bookings=20, visitors=3)
        given_day("P-2", FRIDAY, bookings=30, visitors=70)
        found = _json(client)
        first, second = found["items"]
        assert (first["visitors"], first["suppressed"]) == (None, True)
        assert "visitors" in first["hidden"]
        assert (second["visitors"], second["suppressed"]) == (70, False)
        (city,) = found["city"]
        assert (city["visitors"], city["left_out"]["visitors"]) == (70, 1)

    def test_what_was_taken_back_is_not_told(self, client: FlaskClient, given_day: Days) -> None:
        given_day("P-1", FRIDAY, bookings=20, retracted=True)
        assert (_json(client)["items"], _json(client)["city"]) == ([], [])

    def test_both_days_of_the_range_are_included(self, client: FlaskClient, given_day: Days) -> None:
        for day in (18, 19, 20, 21):
            given_day("P-1", date(2026, 11, day), bookings=20)
        found = _json(client, **{"from": "2026-11-19", "to": "2026-11-20"})
        assert [row["on"] for row in found["items"]] == ["2026-11-19", "2026-11-20"]
        assert [row["on"] for row in found["city"]] == ["2026-11-19", "2026-11-20"]

    def test_the_next_page_goes_on_and_the_city_is_told_once(
        self, client: FlaskClient, given_day: Days
    ) -> None:
        for day in range(1, 6):
            given_day("P-1", date(2026, 11, day), bookings=20)
        seen, cities, query = [], 0, {"limit": "2"}
        while True:
            answer = _get(client, JSON, **query)
            page = json.loads(answer.data)
            seen += [row["on"] for row in page["items"]]
            cities += len(page["city"])
            if page["next_cursor"] is None:
                break
            address = answer.headers["Link"].partition(">")[0].removeprefix("<")
            assert urlsplit(address).path == JSON
            query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
            assert query["cursor"] == page["next_cursor"]
        assert seen == [f"2026-11-0{day}" for day in range(1, 6)]
        assert cities == 5


class TestTable:
    def test_the_table_says_what_the_json_says(self, client: FlaskClient, given_day: Days) -> None:
        given_day("P-1", FRIDAY, bookings=20, visitors=3)
        given_day("P-2", FRIDAY, bookings=30, visitors=70)
        told = _json(client)
        projects = [row for row in _table(client) if row["scope"] == "project"]
        (city,) = [row for row in _table(client) if row["scope"] == "city"]
        for row, expected in zip(projects, told["items"], strict=True):
            for name in ("on", "project_id", *FIELDS, "revision", "generated_at"):
                assert row[name] == ("" if expected[name] is None else str(expected[name])), name
            assert row["suppressed"] == str(expected["suppressed"]).lower()
            assert row["hidden"].split() == expected["hidden"]
        assert (city["project_id"], city["projects"], city["bookings"]) == ("", "2", "50")
        assert "visitors:1" in city["hidden"].split()
        assert city["suppressed"] == "true"

    def test_a_spreadsheet_opens_it_as_a_file(self, client: FlaskClient, given_day: Days) -> None:
        given_day("P-1", FRIDAY, bookings=20)
        answer = _get(client, CSV)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        name = 'attachment; filename="daily_2026-11-01_2026-11-30.csv"'
        assert answer.headers["Content-Disposition"] == name
        assert answer.data.startswith("\ufeffon,scope,project_id,".encode())
        assert answer.data.count(b"\r\n") == answer.data.count(b"\n") == 3

    def test_a_project_named_like_a_formula_stays_a_name(self, client: FlaskClient, given_day: Days) -> None:
        given_day("=HYPERLINK(1)", FRIDAY, bookings=20)
        (row, _city) = _table(client)
        assert row["project_id"] == "'=HYPERLINK(1)"


class TestRange:
    today = date(2026, 11, 23)

    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [
            (None, None, (date(2026, 10, 24), date(2026, 11, 23))),
            (date(2026, 11, 1), None, (date(2026, 11, 1), date(2026, 11, 23))),
            (date(2026, 1, 1), None, (date(2026, 1, 1), date(2026, 1, 31))),
            (None, date(2026, 1, 31), (date(2026, 1, 1), date(2026, 1, 31))),
            (date(2025, 1, 1), date(2026, 1, 1), (date(2025, 1, 1), date(2026, 1, 1))),
            (date(2024, 1, 1), date(2024, 1, 1), (date(2024, 1, 1), date(2024, 1, 1))),
        ],
    )
    def test_a_month_up_to_today_is_meant_unless_said_otherwise(
        self, first: date | None, last: date | None, expected: tuple[date, date]
    ) -> None:
        assert range_of(first, last, today=self.today) == expected

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            (date(2026, 1, 2), date(2026, 1, 1)),
            (date(2025, 1, 1), date(2026, 1, 2)),
            (date(2027, 1, 1), None),
            (None, date.min),
            (date.max, None),
        ],
    )
    def test_what_is_backwards_or_longer_than_a_year_is_refused(
        self, first: date | None, last: date | None
    ) -> None:
        with pytest.raises(WrongRange):
            range_of(first, last, today=self.today)

    @pytest.mark.parametrize("path", [JSON, CSV])
    def test_a_refusal_says_how_many_days(self, client: FlaskClient, path: str) -> None:
        problem = assert_problem(_get(client, path, to="2028-01-01"), 422, "open_data.range")
        assert "366" in problem["detail"]

    @pytest.mark.parametrize(
        "query", [{"from": "x"}, {"limit": 10_001}, {"day": 1}, {"cursor": "xyz"}, {"from": "2026-02-30"}]
    )
    def test_a_wrong_question_is_refused(self, client: FlaskClient, query: dict[str, Any]) -> None:
        assert_problem(_get(client, JSON, **query), 422)


class TestKeeping:
    @pytest.mark.parametrize("path", [JSON, CSV])
    def test_it_may_be_kept_and_asked_for_by_its_tag(
        self, client: FlaskClient, given_day: Days, path: str
    ) -> None:
        given_day("P-1", FRIDAY, bookings=20)
        first = _get(client, path)
        assert first.headers["Cache-Control"] == "public, max-age=300"
        assert first.headers["Access-Control-Allow-Origin"] == "*"
        prepared.forget()
        tag = {"If-None-Match": first.headers["ETag"]}
        again = client.get(path, query_string=NOVEMBER, headers=tag)
        assert (again.status_code, again.data) == (304, b"")
        given_day("P-1", date(2026, 11, 21), bookings=20)
        prepared.forget()
        assert client.get(path, query_string=NOVEMBER, headers=tag).status_code == 200

    def test_the_number_of_statements_does_not_grow(self, client: FlaskClient, given_day: Days) -> None:
        given_day("P-0", FRIDAY, bookings=20)
        counts = []
        for _ in range(2):
            with statements() as sent:
                _json(client)
            counts.append(len(sent))
            for number in range(1, 20):
                given_day(f"P-{len(counts)}-{number}", FRIDAY, bookings=20)
        assert counts[0] == counts[1]

    def test_a_stranger_may_ask_thirty_times_a_minute(self, client: FlaskClient, clock: Clock) -> None:
        init_limits(client.application, redis_url="", spare_loopback=False)
        statuses = [_get(client, JSON, limit=number + 1).status_code for number in range(31)]
        assert statuses == [200] * 30 + [429]


def test_the_catalogue_says_since_when_there_are_figures(client: FlaskClient, given_day: Days) -> None:
    given_day("P-1", FRIDAY, bookings=20)
    given_day("P-1", date(2026, 11, 3), bookings=20)
    prepared.forget()
    _, daily = json.loads(client.get("/open/v1/catalog.jsonld").data)["dcat:dataset"]
    assert daily["dct:temporal"]["dcat:startDate"]["@value"] == "2026-11-03"
