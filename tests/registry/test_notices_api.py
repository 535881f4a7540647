"""Public notices: which are shown, in which order, and on which days they are open."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic
from miniprogram_api.registry.models import ProjectState
from miniprogram_api.registry.rules.notices import NoticeState, Period, days_left, state_of
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.notices import make_notice

pytestmark = pytest.mark.usefixtures("clock")

TODAY = date(2026, 11, 23)
PERIOD = Period(date(2026, 11, 20), date(2026, 11, 27))


@pytest.mark.parametrize(
    ("today", "state", "left"),
    [
        (date(2026, 11, 19), NoticeState.UPCOMING, 7),
        (date(2026, 11, 20), NoticeState.OPEN, 7),
        (date(2026, 11, 26), NoticeState.OPEN, 1),
        (date(2026, 11, 27), NoticeState.CLOSED, 0),
    ],
)
def test_a_notice_is_open_from_its_first_day_to_its_last(today: date, state: NoticeState, left: int) -> None:
    assert state_of(PERIOD, lifecycle="public_notice", today=today) is state
    assert days_left(PERIOD, lifecycle="public_notice", today=today) == left


def test_a_project_that_moved_on_takes_no_objection_within_the_period() -> None:
    assert state_of(PERIOD, lifecycle="confirmed", today=TODAY) is NoticeState.CLOSED
    assert days_left(PERIOD, lifecycle="confirmed", today=TODAY) == 0


def test_a_notice_shows_project_period_and_document(app: Flask, client: FlaskClient) -> None:
    with atomic() as session:
        make_notice(session, "CC-31")

    answer = client.get("/api/v1/notices/CC-31")

    assert answer.get_json() == {
        "id": "CC-31",
        "name": "双阳生态产业园（示例）",
        "type": "park",
        "type_name": "园区",
        "level": "near_zero",
        "level_name": "近零碳",
        "district": "220112",
        "district_name": "双阳区",
        "applicant": "双阳产业园管理委员会（示例）",
        "from": "2026-11-22",
        "until": "2026-11-26",
        "days_left": 4,
        "state": "open",
        "open": True,
        "document_url": "https://example.gov.cn/notices/31",
        "document_number": "长环公示〔2026〕31号",
    }


def test_unknown_codes_are_shown_as_other(app: Flask, client: FlaskClient) -> None:
    with atomic() as session:
        make_notice(session, "CC-1", type_code="farm", level_code="minus", district_code="990000")
    shown = client.get("/api/v1/notices/CC-1").get_json()
    assert {shown[name] for name in ("type", "level", "district")} == {"other"}
    assert {shown[f"{name}_name"] for name in ("type", "level", "district")} == {"其他"}


def test_the_soonest_to_end_comes_first_and_the_latest_over_before_older_ones(
    app: Flask, client: FlaskClient
) -> None:
    with atomic() as session:
        make_notice(session, "later", last_day=TODAY + timedelta(days=9))
        make_notice(session, "sooner", last_day=TODAY)
        make_notice(session, "to-come", notice_from=TODAY + timedelta(days=2), last_day=TODAY + timedelta(3))
        make_notice(session, "over", last_day=TODAY - timedelta(days=2))
        make_notice(session, "long-over", last_day=TODAY - timedelta(days=20), lifecycle="titled")
    expected = ["sooner", "later", "to-come", "over", "long-over"]

    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/notices", query_string=query).get_json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == expected
    for state, ids in {"open": expected[:2], "upcoming": ["to-come"], "closed": expected[3:]}.items():
        items = client.get("/api/v1/notices", query_string={"state": state}).get_json()["items"]
        assert [item["id"] for item in items] == ids
        assert {item["state"] for item in items} == {state}


@pytest.mark.parametrize(
    "hidden",
    [
        {"lifecycle": "rejected"},
        {"lifecycle": "withdrawn"},
        {"lifecycle": "under_review"},
        {"state": ProjectState.RECALLED},
        {"state": ProjectState.REMOVED},
        {"notice_until": None},
        {"lifecycle": "confirmed", "last_day": TODAY - timedelta(days=31)},
    ],
)
def test_what_came_to_nothing_is_not_shown(app: Flask, client: FlaskClient, hidden: dict[str, Any]) -> None:
    with atomic() as session:
        make_notice(session, "CC-1", **hidden)
    unknown = client.get("/api/v1/notices/nothing")

    answer = client.get("/api/v1/notices/CC-1")

    assert client.get("/api/v1/notices").get_json()["items"] == []
    assert answer.status_code == 404
    bodies = [found.get_json() | {"trace_id": ""} for found in (answer, unknown)]
    assert bodies[0] == bodies[1]


def test_a_notice_that_ended_well_stays_for_thirty_days(app: Flask, client: FlaskClient) -> None:
    with atomic() as session:
        make_notice(session, "CC-1", lifecycle="confirmed", last_day=TODAY - timedelta(days=30))
    shown = client.get("/api/v1/notices/CC-1").get_json()
    assert (shown["state"], shown["open"], shown["days_left"]) == ("closed", False, 0)


def test_a_notice_closes_at_midnight_in_beijing(app: Flask, client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        make_notice(session, "CC-1", last_day=TODAY)
    clock.set(datetime(2026, 11, 23, 23, 59, 59, tzinfo=BEIJING))
    assert client.get("/api/v1/notices/CC-1").get_json()["open"] is True

    clock.advance(seconds=1)
    prepared.forget()

    assert client.get("/api/v1/notices/CC-1").get_json()["open"] is False


def test_an_unchanged_list_is_not_sent_again(app: Flask, client: FlaskClient) -> None:
    with atomic() as session:
        make_notice(session)
    first = client.get("/api/v1/notices")
    assert not first.headers["ETag"].startswith("W/")
    again = client.get("/api/v1/notices", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("odd", ["%00", "%ff%fe", "a" * 3000, "../etc"])
def test_an_odd_id_is_an_unknown_one(client: FlaskClient, odd: str) -> None:
    assert client.get(f"/api/v1/notices/{odd}").status_code == 404


@pytest.mark.parametrize("query", ["state=gone", "limit=0", "limit=101", "cursor=x", "page=2"])
def test_a_wrong_query_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/v1/notices?{query}").status_code == 422
