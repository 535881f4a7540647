"""Opening rules and closures over HTTP: dry runs that change nothing, and changes that do what was shown."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites import queries
from miniprogram_api.sites.models import Closure, OpeningRule
from miniprogram_api.sites.rules import DayPlan
from miniprogram_api.sites.service import opening
from tests.factories.sites import make_closure, make_opening_rule, make_site
from tests.sites.conftest import FakeConsequences
from tests.support.clients import BearerClient

RULE = {
    "weekdays": [3, 4, 5, 6, 7],
    "opens": "09:00",
    "closes": "16:00",
    "slot_minutes": 60,
    "capacity": 20,
}
CLOSURE = {
    "first_on": "2026-12-07",
    "last_on": "2026-12-08",
    "reason_code": "maintenance",
    "public_text": "展厅设备检修",
}
MONDAY = date(2026, 11, 23)


@pytest.fixture
def site(follows: FakeConsequences) -> UUID:
    with atomic() as session:
        return make_site(session).id


@pytest.fixture
def rules(site: UUID) -> str:
    return f"/api/staff/v1/sites/{site}/opening-rules"


@pytest.fixture
def closures(site: UUID) -> str:
    return f"/api/staff/v1/sites/{site}/closures"


def planned(site: UUID, on: date) -> DayPlan:
    with reading() as session:
        return queries.opening_days(session, site, on, on)[on]


def count(kind: type[OpeningRule] | type[Closure] | type[EventRow]) -> int:
    with reading() as session:
        return session.scalars(select(func.count()).select_from(kind)).one()


def wrong_fields(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422
    return {error["field"]: error["code"] for error in answer.get_json()["errors"]}


class TestRules:
    def test_a_rule_is_added_read_edited_and_retired(
        self, admin: BearerClient, site: UUID, rules: str, follows: FakeConsequences
    ) -> None:
        season = {"from": "11-01", "to": "03-31"}
        added = admin.post(rules, json={**RULE, "season": season, "priority": 3})
        assert added.status_code == 201
        rule = added.get_json()
        assert rule["consequences"] == {"applied": True}
        assert (rule["weekdays"], rule["season"], rule["opens"]) == ([3, 4, 5, 6, 7], season, "09:00")
        assert len(planned(site, date(2026, 11, 25)).spans) == 7

        edited = admin.patch(f"{rules}/{rule['id']}", json={"capacity": 30, "season": None})
        assert (edited.status_code, edited.get_json()["capacity"]) == (200, 30)
        assert admin.get(rules).get_json()["items"] == [
            {key: value for key, value in edited.get_json().items() if key != "consequences"}
        ]
        assert planned(site, date(2026, 11, 25)).spans[0].capacity == 30

        assert admin.delete(f"{rules}/{rule['id']}").get_json() == {"consequences": {"applied": True}}
        assert admin.get(rules).get_json()["items"] == []
        assert planned(site, date(2026, 11, 25)).spans == ()
        assert admin.patch(f"{rules}/{rule['id']}", json={"capacity": 5}).status_code == 404
        assert follows.applied == [site] * 3

    @pytest.mark.parametrize("season", [{}, {"from": "04-01"}, {"to": "10-31"}])
    def test_half_a_season_is_no_season_for_an_edit_either(
        self, admin: BearerClient, rules: str, season: dict[str, str]
    ) -> None:
        rule = admin.post(rules, json=RULE).get_json()
        answer = admin.patch(f"{rules}/{rule['id']}", json={"season": season})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "request.invalid")

    def test_a_dry_run_shows_words_days_and_consequences_and_changes_nothing(
        self, admin: BearerClient, rules: str, follows: FakeConsequences
    ) -> None:
        events_before = count(EventRow)
        body = {**RULE, "weekdays": [1], "closes": "11:00"}
        answer = admin.post(f"{rules}?dry_run=true", json=body)
        assert answer.status_code == 200
        preview = answer.get_json()
        assert preview["words"] == ["周一 09:00—11:00 开放，每场 1 小时，可预约 20 人。"]
        assert [day["on"] for day in preview["days"]] == [
            "2026-11-23",
            "2026-11-30",
            "2026-12-07",
            "2026-12-14",
            "2026-12-21",
        ]
        day = preview["days"][0]
        assert day["before"]["closed"]["text"] == "当日不开放。"
        assert day["after"]["sessions"] == [
            {"starts": "09:00", "ends": "10:00", "capacity": 20},
            {"starts": "10:00", "ends": "11:00", "capacity": 20},
        ]
        assert preview["consequences"] == {"sessions_today": 2}
        assert (count(OpeningRule), count(EventRow), follows.applied) == (0, events_before, [])

    def test_editing_and_retiring_can_be_tried_too(
        self, admin: BearerClient, site: UUID, rules: str, follows: FakeConsequences
    ) -> None:
        with atomic() as session:
            rule = make_opening_rule(session, site, weekdays=[1]).id
        shorter = admin.patch(f"{rules}/{rule}?dry_run=true", json={"closes": "10:00"}).get_json()
        assert shorter["consequences"] == {"sessions_today": 1}
        assert len(shorter["days"]) == 5
        none = admin.delete(f"{rules}/{rule}?dry_run=true").get_json()
        assert (none["words"], none["consequences"]) == ([], {"sessions_today": 0})
        assert len(planned(site, MONDAY).spans) == 7
        assert follows.applied == []

    def test_a_rule_in_the_way_of_another_of_its_priority_is_refused_and_told_when(
        self, admin: BearerClient, site: UUID, rules: str
    ) -> None:
        with atomic() as session:
            rival = make_opening_rule(session, site, weekdays=[5]).id
        for path in (rules, f"{rules}?dry_run=true"):
            refused = admin.post(path, json=RULE)
            assert (refused.status_code, refused.get_json()["code"]) == (409, "sites.rules_overlap")
            assert refused.get_json()["params"] == {"rule_id": str(rival), "on": "2026-11-27"}
        assert admin.post(rules, json={**RULE, "priority": 1}).status_code == 201

    @pytest.mark.parametrize(
        ("changes", "wrong"),
        [
            ({"weekdays": []}, {"weekdays": "field.length"}),
            ({"weekdays": [0]}, {"weekdays.0": "field.range"}),
            ({"weekdays": ["1"]}, {"weekdays.0": "field.type"}),
            ({"opens": "9:00"}, {"opens": "sites.time_of_day"}),
            ({"opens": "16:00"}, {"closes": "sites.closes_before_opens"}),
            ({"closes": "25:00"}, {"closes": "sites.time_of_day"}),
            ({"slot_minutes": 4}, {"slot_minutes": "field.range"}),
            ({"slot_minutes": 500}, {"slot_minutes": "sites.slot_too_long"}),
            ({"capacity": 0}, {"capacity": "field.range"}),
            ({"capacity": 1.5}, {"capacity": "field.type"}),
            ({"child_capacity": 21}, {"child_capacity": "sites.more_than_capacity"}),
            ({"season": {"from": "02-30", "to": "03-01"}}, {"season.from": "sites.season_day"}),
            ({"season": {"from": "04-01"}}, {"season.to": "field.required"}),
            (
                {"valid_from": "2026-12-02", "valid_to": "2026-12-01"},
                {"valid_to": "sites.ends_before_it_starts"},
            ),
            ({"valid_from": "0001-01-01"}, {"valid_from": "field.range"}),
        ],
    )
    def test_a_wrong_field_is_named(
        self, admin: BearerClient, rules: str, changes: dict[str, Any], wrong: dict[str, str]
    ) -> None:
        assert wrong_fields(admin.post(rules, json={**RULE, **changes})) == wrong

    def test_another_sites_rule_is_not_found(self, admin: BearerClient, rules: str) -> None:
        with atomic() as session:
            other = make_opening_rule(session, make_site(session).id).id
        assert admin.patch(f"{rules}/{other}", json={"capacity": 1}).status_code == 404
        assert admin.delete(f"{rules}/{other}?dry_run=true").status_code == 404


class TestClosures:
    def test_a_closure_closes_is_explained_and_lifted(
        self, admin: BearerClient, site: UUID, rules: str, closures: str, client: FlaskClient
    ) -> None:
        admin.post(rules, json={**RULE, "weekdays": [1, 2, 3]})
        added = admin.post(closures, json=CLOSURE)
        assert added.status_code == 201
        closure = added.get_json()
        assert closure["words"] == "2026 年 12 月 7 日至 2026 年 12 月 8 日暂停开放：展厅设备检修。"
        assert (closure["kind"], closure["amnesty"], closure["consequences"]) == (
            "closed",
            True,
            {"applied": True},
        )
        closed = planned(site, date(2026, 12, 8)).closed
        assert closed is not None
        assert (closed.reason_code, str(closed.closure_id)) == ("maintenance", closure["id"])

        path = f"{closures}/{closure['id']}"
        explained = admin.patch(path, json={"reason_code": "safety", "public_text": "消防检查"})
        assert explained.get_json()["words"].endswith("暂停开放：消防检查。")
        assert admin.patch(path, json={"first_on": "2026-12-01"}).status_code == 422

        assert admin.delete(path).status_code == 200
        assert admin.get(closures).get_json()["items"] == []
        assert planned(site, date(2026, 12, 8)).spans
        assert admin.delete(path).status_code == 404

    def test_closing_twice_is_one_closure_until_the_days_are_opened_again(
        self, admin: BearerClient, closures: str
    ) -> None:
        first = admin.post(closures, json=CLOSURE).get_json()
        again = admin.post(closures, json=CLOSURE)
        assert (again.status_code, again.get_json()["id"], count(Closure)) == (201, first["id"], 1)
        with reading() as session:
            added = select(EventRow).where(EventRow.name == "sites.closure_added")
            assert len(session.scalars(added).all()) == 1

        hours = {"from": "18:00", "to": "20:00", "slot_minutes": 60, "capacity": 10}
        admin.post(closures, json={**CLOSURE, "kind": "special_opening", "reason_code": "event", **hours})
        assert admin.post(closures, json=CLOSURE).get_json()["id"] != first["id"]
        assert count(Closure) == 3

    def test_closing_is_announced_with_its_days(self, admin: BearerClient, site: UUID, closures: str) -> None:
        closure = admin.post(closures, json={**CLOSURE, "from": "12:00", "to": "13:30"}).get_json()
        with reading() as session:
            wanted = select(EventRow).where(EventRow.name.startswith("sites.closure"))
            (added,) = session.scalars(wanted)
        assert added.payload == {
            "site_id": str(site),
            "closure_id": closure["id"],
            "kind": "closed",
            "first_on": "2026-12-07",
            "last_on": "2026-12-08",
            "from_minute": 720,
            "to_minute": 810,
        }

    def test_a_special_opening_opens_a_closed_day(
        self, admin: BearerClient, site: UUID, closures: str
    ) -> None:
        hours = {"from": "18:00", "to": "20:00", "slot_minutes": 60, "capacity": 10}
        body = {**CLOSURE, "kind": "special_opening", "reason_code": "event", **hours}
        assert admin.post(closures, json=body).status_code == 201
        assert [span.starts_minute for span in planned(site, date(2026, 12, 7)).spans] == [1080, 1140]

    def test_a_dry_run_shows_the_days_that_close_and_changes_nothing(
        self, admin: BearerClient, site: UUID, closures: str, follows: FakeConsequences
    ) -> None:
        with atomic() as session:
            make_opening_rule(session, site)
        body = {**CLOSURE, "first_on": "2026-11-23", "last_on": "2026-11-24"}
        preview = admin.post(f"{closures}?dry_run=true", json=body).get_json()
        assert [day["on"] for day in preview["days"]] == ["2026-11-23", "2026-11-24"]
        assert preview["days"][0]["after"]["closed"] == {
            "reason_code": "maintenance",
            "text": "展厅设备检修",
        }
        assert preview["consequences"] == {"sessions_today": 0}
        assert (count(Closure), follows.applied) == (0, [])

    def test_another_explanation_can_be_tried_and_changes_nothing(
        self, admin: BearerClient, site: UUID, closures: str, follows: FakeConsequences
    ) -> None:
        with atomic() as session:
            make_opening_rule(session, site)
            closure = make_closure(session, site, on=MONDAY).id
        path = f"{closures}/{closure}?dry_run=true"
        preview = admin.patch(path, json={"reason_code": "weather", "public_text": "暴雪"}).get_json()
        assert [day["on"] for day in preview["days"]] == [MONDAY.isoformat()]
        assert preview["days"][0]["after"]["closed"] == {"reason_code": "weather", "text": "暴雪"}
        assert preview["consequences"] == {"sessions_today": 0}
        told = planned(site, MONDAY).closed
        assert told is not None
        assert (told.public_text, follows.applied) == (preview["days"][0]["before"]["closed"]["text"], [])

    def test_a_site_has_so_many_closures_to_come_and_no_more(
        self, admin: BearerClient, closures: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(opening, "MOST_CLOSURES", 1)
        assert admin.post(closures, json=CLOSURE).status_code == 201
        assert admin.post(closures, json=CLOSURE).status_code == 201  # the same again adds nothing
        more = {**CLOSURE, "first_on": "2026-12-20", "last_on": "2026-12-20"}
        for path in (closures, f"{closures}?dry_run=true"):
            answer = admin.post(path, json=more)
            assert (answer.status_code, answer.get_json()["code"]) == (409, "sites.list_full")

    def test_lifting_can_be_tried_too(self, admin: BearerClient, site: UUID, closures: str) -> None:
        with atomic() as session:
            make_opening_rule(session, site)
            closure = make_closure(session, site, on=MONDAY).id
        preview = admin.delete(f"{closures}/{closure}?dry_run=true").get_json()
        assert preview["consequences"] == {"sessions_today": 7}
        assert planned(site, MONDAY).closed is not None

    @pytest.mark.parametrize(
        ("changes", "wrong"),
        [
            ({"reason_code": "mood"}, {"reason_code": "field.choice"}),
            ({"public_text": ""}, {"public_text": "field.length"}),
            ({"last_on": "2026-12-06"}, {"last_on": "sites.ends_before_it_starts"}),
            ({"last_on": "2028-12-06"}, {"last_on": "sites.closure_too_long"}),
            ({"first_on": "2062-12-07", "last_on": "2062-12-08"}, {"first_on": "field.range"}),
            ({"from": "10:00"}, {"to": "field.required"}),
            ({"capacity": 5}, {"capacity": "sites.only_for_special_openings"}),
        ],
    )
    def test_a_wrong_field_is_named(
        self, admin: BearerClient, closures: str, changes: dict[str, Any], wrong: dict[str, str]
    ) -> None:
        assert wrong_fields(admin.post(closures, json={**CLOSURE, **changes})) == wrong
