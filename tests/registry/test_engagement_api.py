"""Engagement figures over the partner API."""

import json
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from sqlalchemy import select
from werkzeug.test import TestResponse

from miniprogram_api.engagement import published_content, service
from miniprogram_api.engagement.jobs import keep_figures
from miniprogram_api.engagement.models import Reason
from miniprogram_api.engagement.published_content import NoContent, PublishedContent
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import feeds
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.sites.models import Overlay
from miniprogram_api.visits.models import BookingStatus, Slot
from tests.conftest import Clock
from tests.factories.partners import sign_in
from tests.factories.sites import make_opening_rule, make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.clients import BearerClient
from tests.support.statements import statements

BASE = "/api/registry/v1/engagement"
DAY = date(2026, 11, 25)
ONE, TWO = "CC-2026-0001", "CC-2026-0002"


@pytest.fixture
def slots(app: Flask, clock: Clock) -> dict[str, Slot]:
    with atomic() as session:
        return {
            project: make_slot(session, make_site(session, project_id=project).id, capacity=500)
            for project in (ONE, TWO)
        }


@pytest.fixture
def partner(app: Flask, slots: dict[str, Slot], clock: Clock) -> BearerClient:
    """A partner three days after the day of visits: its figures are final."""
    came(slots[ONE], 30)
    came(slots[TWO], 3)
    clock.set(beijing_time(DAY + timedelta(days=3), 200))
    publish()
    return caller(app)


def caller(app: Flask, **changes: Any) -> BearerClient:
    with atomic() as session:
        return BearerClient(app, sign_in(session, **changes).token)


def came(slot: Slot, people: int) -> None:
    with atomic() as session:
        held = session.get_one(Slot, slot.id)
        make_booking(session, held, adults=people, admitted=people, status=BookingStatus.ADMITTED)


def publish(*slots: Slot) -> None:
    with atomic() as session:
        days = [(slot.site_id, slot.visit_on) for slot in slots]
        service.mark_days(session, days, reason=Reason.LATE_SCAN, now=kernel_clock.now())
    keep_figures()
    feeds.sequence_feeds()


def told(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_days_are_listed_with_what_may_be_told(partner: BearerClient) -> None:
    page = told(partner.get(f"{BASE}/daily?from=2026-11-25&to=2026-11-25"))
    assert (page["from"], page["to"], page["next_cursor"]) == ("2026-11-25", "2026-11-25", None)
    first, second = page["items"]
    assert (first["project_id"], first["visitors"], first["final"]) == (ONE, 30, True)
    assert (second["project_id"], second["visitors"], second["suppressed"]) == (TWO, None, True)
    assert "visitors" in second["hidden"]
    assert first["minors_band"] == {"under14": None, "14_17": None}
    assert (first["avoided_co2_g"], first["factor_set"], first["revision"]) == (None, None, 1)


def test_a_row_is_what_the_contract_says(partner: BearerClient) -> None:
    path = files("miniprogram_api.registry") / "contract" / "daily-row-1.schema.json"
    check = Draft202012Validator(json.loads(path.read_text()))
    for row in told(partner.get(f"{BASE}/daily"))["items"]:
        check.validate(row)


def test_a_month_up_to_the_last_closed_day_is_what_is_usually_asked(partner: BearerClient) -> None:
    page = told(partner.get(f"{BASE}/daily"))
    assert (page["from"], page["to"]) == ("2026-10-28", "2026-11-27")
    assert len(page["items"]) == 2
    page = told(partner.get(f"{BASE}/daily?project_id={TWO}"))
    assert [row["project_id"] for row in page["items"]] == [TWO]


@pytest.mark.parametrize("days", ["from=2026-11-26&to=2026-11-25", "from=2025-01-01&to=2026-11-25"])
def test_days_in_the_wrong_order_and_too_many_are_refused(partner: BearerClient, days: str) -> None:
    assert code(partner.get(f"{BASE}/daily?{days}")) == (422, "schema_invalid")


@pytest.mark.parametrize("days", ["from=0001-01-01", "to=0001-01-01", "from=9999-12-31", "to=9999-12-31"])
def test_days_at_the_ends_of_time_cause_no_fault(partner: BearerClient, days: str) -> None:
    assert partner.get(f"{BASE}/daily?{days}").status_code in {200, 422}


@pytest.mark.parametrize("path", ["daily", "changes", "sites", "content"])
def test_an_invalid_cursor_is_400_and_a_limit_above_500_is_422(partner: BearerClient, path: str) -> None:
    assert code(partner.get(f"{BASE}/{path}?cursor=%21")) == (400, "invalid_cursor")
    assert code(partner.get(f"{BASE}/{path}?limit=501")) == (422, "schema_invalid")


@pytest.mark.parametrize("path", ["daily", "changes", f"projects/{ONE}/summary", "sites", "content"])
def test_another_scope_is_not_enough(app: Flask, partner: BearerClient, path: str) -> None:
    stranger = caller(app, scopes=["events.write"])
    assert code(stranger.get(f"{BASE}/{path}")) == (403, "scope_missing")


def test_pages_of_days_link_to_the_next(partner: BearerClient) -> None:
    first = partner.get(f"{BASE}/daily?limit=1")
    assert [row["project_id"] for row in told(first)["items"]] == [ONE]
    link = first.headers["Link"]
    assert link.endswith('; rel="next"')
    second = partner.get(link.partition(">")[0].removeprefix("<"))
    assert [row["project_id"] for row in told(second)["items"]] == [TWO]
    assert "Link" not in second.headers


def test_changes_are_read_once_each_in_their_order(partner: BearerClient, slots: dict[str, Slot]) -> None:
    first = told(partner.get(f"{BASE}/changes?limit=1"))
    rest = told(partner.get(f"{BASE}/changes?cursor={first['next_cursor']}"))
    assert [row["seq"] for row in first["items"] + rest["items"]] == [1, 2]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    again = told(partner.get(f"{BASE}/changes?cursor={rest['next_cursor']}"))
    assert (again["items"], again["next_cursor"]) == ([], rest["next_cursor"])
    came(slots[ONE], 6)
    publish(slots[ONE])
    (later,) = told(partner.get(f"{BASE}/changes?cursor={rest['next_cursor']}"))["items"]
    assert (later["seq"], later["op"], later["revision"], later["reason"]) == (3, "upsert", 2, "late_scan")
    assert later["data"]["visitors"] == 36


def test_a_change_of_few_people_is_no_revision(partner: BearerClient, slots: dict[str, Slot]) -> None:
    came(slots[ONE], 2)
    publish(slots[ONE])
    assert len(told(partner.get(f"{BASE}/changes"))["items"]) == 2
    row = told(partner.get(f"{BASE}/daily"))["items"][0]
    assert (row["visitors"], row["revision"]) == (30, 1)


def test_a_retracted_project_leaves_tombstones(partner: BearerClient, clock: Clock) -> None:
    with atomic() as session:
        service.retract_project(session, ONE, actor=SYSTEM, now=clock.now)
    publish()
    last = told(partner.get(f"{BASE}/changes"))["items"][-1]
    assert (last["op"], last["project_id"], last["revision"], last["data"]) == ("tombstone", ONE, 2, None)
    assert [row["project_id"] for row in told(partner.get(f"{BASE}/daily"))["items"]] == [TWO]


def test_after_a_restore_partners_start_over(
    app: Flask, partner: BearerClient, slots: dict[str, Slot]
) -> None:
    before = told(partner.get(f"{BASE}/changes"))
    done = app.test_cli_runner().invoke(args=["registry", "begin-anew", "--reason", "从备份恢复"])
    assert done.exit_code == 0, done.output
    cursor = before["next_cursor"]
    assert code(partner.get(f"{BASE}/changes?cursor={cursor}")) == (410, "cursor_expired")
    assert told(partner.get(f"{BASE}/changes"))["items"] == before["items"]
    came(slots[ONE], 6)
    publish(slots[ONE])
    later = told(partner.get(f"{BASE}/changes"))["items"][-1]
    assert later["seq"] > 1_000, "no number that was given out before comes again"
    with reading() as session:
        audited = session.scalars(select(AuditRow.object_id).where(AuditRow.action == "feeds.begin_anew"))
        assert sorted(audited) == ["engagement.days", "registry.announcements"]


def test_a_summary_is_the_sum_of_the_days_that_are_listed(
    app: Flask, partner: BearerClient, slots: dict[str, Slot], clock: Clock
) -> None:
    with atomic() as session:
        later = [
            make_slot(session, slots[ONE].site_id, starts_at=WEDNESDAY_AT_NINE + timedelta(days=n))
            for n in (1, 2)
        ]
    came(later[0], 7)
    came(later[1], 2)
    publish(*later)
    found = told(partner.get(f"{BASE}/projects/{ONE}/summary"))
    rows = told(partner.get(f"{BASE}/daily?project_id={ONE}"))["items"]
    assert found["days"] == len(rows) == 3
    assert found["totals"]["visitors"] == sum(row["visitors"] or 0 for row in rows) == 37
    assert found["left_out"]["visitors"] == 1
    assert (found["first_on"], found["last_on"], found["final_until"]) == (
        "2026-11-25",
        "2026-11-27",
        "2026-11-25",
    )


def test_a_summary_has_a_tag_that_changes_with_it(partner: BearerClient, slots: dict[str, Slot]) -> None:
    path = f"{BASE}/projects/{ONE}/summary"
    etag = partner.get(path).headers["ETag"]
    assert partner.get(path, headers={"If-None-Match": etag}).status_code == 304
    came(slots[ONE], 6)
    publish(slots[ONE])
    assert partner.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_a_project_without_days_has_an_empty_summary_and_an_unknown_one_none(
    app: Flask, partner: BearerClient
) -> None:
    with atomic() as session:
        make_site(session, project_id="CC-2026-0003")
    empty = told(partner.get(f"{BASE}/projects/CC-2026-0003/summary"))
    assert (empty["days"], empty["totals"]["visitors"], empty["generated_at"]) == (0, None, None)
    assert code(partner.get(f"{BASE}/projects/CC-2026-0404/summary")) == (404, "not_found")


def test_sites_say_when_they_open_and_for_how_many(
    app: Flask, partner: BearerClient, slots: dict[str, Slot]
) -> None:
    with atomic() as session:
        make_opening_rule(session, slots[ONE].site_id, capacity=25, day_capacity=80)
        make_site(session, project_id="CC-2026-0003", overlay=Overlay.SUSPENDED, overlay_reason="检修")
    first, _, third = told(partner.get(f"{BASE}/sites"))["items"]
    assert first["project_id"] == ONE
    assert first["hours"] == ["每天 09:00—16:00 开放，每场 1 小时，可预约 25 人，全天最多 80 人。"]
    assert (first["opening_state"], first["slot_capacity"], first["day_capacity"]) == ("open", 25, 80)
    assert first["url"] == f"/api/v1/sites/{slots[ONE].site_id}"
    assert (third["opening_state"], third["opening_reason"], third["hours"]) == ("suspended", "检修", [])


@pytest.mark.parametrize("path", ["daily", "changes", "sites"])
def test_a_list_takes_the_same_statements_for_any_number_of_rows(
    app: Flask, partner: BearerClient, path: str
) -> None:
    with statements() as few:
        told(partner.get(f"{BASE}/{path}"))
    with atomic() as session:
        places = [make_slot(session, make_site(session).id) for _ in range(9)]
    publish(*places)
    with statements() as many:
        assert len(told(partner.get(f"{BASE}/{path}"))["items"]) == 11
    assert len(many) == len(few)


def test_a_full_page_is_below_a_megabyte(app: Flask, partner: BearerClient, clock: Clock) -> None:
    row = told(partner.get(f"{BASE}/changes"))["items"][-1]
    assert len(json.dumps(row, ensure_ascii=False).encode()) * 500 < 1_000_000


def test_content_is_empty_until_somebody_publishes(partner: BearerClient, clock: Clock) -> None:
    assert told(partner.get(f"{BASE}/content")) == {"items": [], "next_cursor": None}

    class OneArticle:
        def list_published(self, session: Any, *, limit: int, cursor: str | None) -> Page[PublishedContent]:
            article = PublishedContent(
                id="a1",
                project_ids=[ONE],
                kind="knowledge",
                title="什么是零碳建筑",
                url="/api/v1/articles/a1",
                sha256="0" * 64,
                published_at=clock.now,
                withdrawn_at=None,
            )
            return Page([article], None)

    published_content.use(OneArticle())
    try:
        (item,) = told(partner.get(f"{BASE}/content"))["items"]
    finally:
        published_content.use(NoContent())
    assert (item["title"], item["project_ids"], item["withdrawn_at"]) == ("什么是零碳建筑", [ONE], None)
