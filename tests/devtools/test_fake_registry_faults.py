"""Every planned fault of the fake registry as a raw client sees it; its control interface, its life."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from miniprogram_api.devtools.fake_registry import FakeRegistry
from miniprogram_api.devtools.fake_registry.faults import ALIASES, FaultKind
from miniprogram_api.devtools.fake_registry.records import digest_of
from tests.devtools.conftest import MORNING
from tests.support.registry_caller import RegistryCaller
from tests.support.servers import free_port

pytestmark = pytest.mark.once

FEED = "/projects/changes"


@pytest.fixture
def three(registry: FakeRegistry) -> FakeRegistry:
    """The registry with three projects, one of them at its second version."""
    for name in ("P1", "P2", "P3", "P3"):
        registry.put(name, lifecycle="titled")
    return registry


def _told(page: Any) -> list[tuple[str, int]]:
    return [(item["project_id"], item["version"]) for item in page["items"]]


class TestCalls:
    @pytest.mark.parametrize(
        ("fault", "status", "code"),
        [
            ("503", 503, "upstream_unavailable"),
            ("429", 429, "rate_limited"),
            ("401", 401, "auth_invalid"),
            ("cursor_expired", 410, "cursor_expired"),
        ],
    )
    def test_a_refusal_has_its_code_and_is_over_after_it(
        self, three: FakeRegistry, caller: RegistryCaller, fault: str, status: int, code: str
    ) -> None:
        three.fault(FEED, fault)
        refused = caller.get(FEED)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert ("Retry-After" in refused.headers) == (status in {429, 503})
        caller.token = caller.fetch_token().json()["access_token"]
        assert len(caller.changes()["items"]) == 4

    def test_bodies_break(self, three: FakeRegistry, caller: RegistryCaller) -> None:
        three.fault(FEED, "500")
        assert caller.get(FEED).status_code == 500
        three.fault(FEED, "html")
        page = caller.get(FEED)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        three.fault(FEED, "empty")
        assert caller.get(FEED).content == b""
        three.fault(FEED, "truncated")
        with pytest.raises(requests.RequestException):
            caller.get(FEED)
        three.fault(FEED, "reset")
        with pytest.raises(requests.ConnectionError):
            caller.get(FEED)

    def test_a_lost_answer_to_a_filing_leaves_it_filed_or_not(
        self, three: FakeRegistry, caller: RegistryCaller
    ) -> None:
        def file() -> requests.Response:
            body = {"project_id": "P1", "field": "name", "claimed_value": "新名"}
            return caller.call("POST", "/corrections", json=body, headers={"Idempotency-Key": "k"})

        three.fault("/corrections", "reset")
        with pytest.raises(requests.ConnectionError):
            file()
        assert three.received["corrections"] == []
        three.fault("/corrections", "reset", when="after")
        with pytest.raises(requests.ConnectionError):
            file()
        assert file().json()["correction_id"] == three.received["corrections"][0]["correction_id"]

    def test_a_slow_page_comes_late_and_is_cut_short_by_a_stop(
        self, three: FakeRegistry, caller: RegistryCaller
    ) -> None:
        three.fault(FEED, "slow", seconds=600)
        with pytest.raises(requests.Timeout):
            caller.http.get(f"{three.api_base}{FEED}", timeout=0.2)
        three.stop()
        with three:
            caller.token = caller.fetch_token().json()["access_token"]
            assert len(caller.changes()["items"]) == 4

    def test_a_revoked_token_stays_dead(self, three: FakeRegistry, caller: RegistryCaller) -> None:
        three.fault(FEED, "401")
        caller.get(FEED)
        assert caller.get(FEED).status_code == 401


class TestRecords:
    def test_records_are_lost_doubled_turned_round_or_repeated_late(
        self, three: FakeRegistry, caller: RegistryCaller
    ) -> None:
        whole = caller.changes()
        three.fault(FEED, "drop", project_id="P2")
        page = caller.changes()
        assert _told(page) == [("P1", 1), ("P3", 1), ("P3", 2)]
        assert page["next_cursor"] == whole["next_cursor"]
        three.fault(FEED, "duplicate", project_id="P1")
        assert _told(caller.changes())[:3] == [("P1", 1), ("P1", 1), ("P2", 1)]
        three.fault(FEED, "reorder")
        assert _told(caller.changes()) == _told(whole)[::-1]
        three.fault(FEED, "stale", project_id="P3", times=1)
        assert ("P3", 1) in _told(caller.changes())[-1:]
        assert caller.changes()["items"] == whole["items"]

    def test_a_conflict_is_the_same_version_with_other_data_and_a_fitting_digest(
        self, three: FakeRegistry, caller: RegistryCaller
    ) -> None:
        three.fault(FEED, "conflict", project_id="P1")
        first, second = caller.changes()["items"][:2]
        assert (first["version"], second["version"]) == (1, 1)
        assert first["digest"] != second["digest"] == digest_of(second["data"])

    def test_a_record_breaks_its_schema_and_keeps_a_fitting_digest(
        self, three: FakeRegistry, caller: RegistryCaller
    ) -> None:
        three.fault(FEED, "schema_invalid", project_id="P1", field="education_base", value="yes")
        broken = caller.changes()["items"][0]
        assert broken["data"]["education_base"] == "yes"
        assert broken["digest"] == digest_of(broken["data"])
        three.fault("/projects/P1", "schema_invalid")
        assert caller.get("/projects/P1").json()["data"]["lifecycle"] is None

    def test_a_digest_lies(self, three: FakeRegistry, caller: RegistryCaller) -> None:
        three.fault("/projects", "bad_digest", project_id="P1")
        first, second = caller.get("/projects").json()["items"][:2]
        assert first["digest"] != digest_of(first["data"])
        assert second["digest"] == digest_of(second["data"])

    def test_a_fault_of_records_waits_for_a_page_that_has_them(
        self, three: FakeRegistry, caller: RegistryCaller
    ) -> None:
        end = caller.changes()["next_cursor"]
        three.fault(FEED, "drop", project_id="P4")
        assert caller.changes(end)["items"] == []
        three.put("P4")
        page = caller.changes(end)
        assert (page["items"], page["next_cursor"] != end) == ([], True)

    def test_an_epoch_begins_within_a_page(self, three: FakeRegistry, caller: RegistryCaller) -> None:
        before = caller.changes()
        three.fault(FEED, "epoch_reset")
        after = caller.changes(before["next_cursor"])
        assert (after["items"], after["feed_epoch"] != before["feed_epoch"]) == ([], True)

    def test_a_clock_runs_ahead(self, three: FakeRegistry, caller: RegistryCaller) -> None:
        three.fault(FEED, "clock_skew", seconds=3600)
        page = caller.changes()
        assert page["as_of"].startswith("2026-05-20T12:30:10")
        assert page["items"][0]["occurred_at"].startswith("2026-05-20T12:30:10")

    def test_an_etag_lies_both_ways(self, three: FakeRegistry, caller: RegistryCaller) -> None:
        held = caller.get("/projects/P1").headers["ETag"]
        three.put("P1", name="新名")
        three.fault("/projects/{project_id}", "lying_etag", times=2)
        unchanged = caller.call("GET", "/projects/P1", headers={"If-None-Match": held})
        assert unchanged.status_code == 304
        answer = caller.get("/projects/P1")
        assert answer.json()["digest"] not in answer.headers["ETag"]
        assert caller.call("GET", "/projects/P1", headers={"If-None-Match": held}).status_code == 200


class TestControl:
    def test_a_plan_counts_skips_and_is_cleared(self, three: FakeRegistry, caller: RegistryCaller) -> None:
        caller.control("POST", "faults", path=f"/registry/v1{FEED}", fault="503", times=2, skip=1)
        assert [caller.get(FEED).status_code for _ in range(4)] == [200, 503, 503, 200]
        caller.control("POST", "faults", path="*", fault="500", times="forever")
        assert {caller.get(path).status_code for path in (FEED, "/projects", "/projects/P1")} == {500}
        assert caller.control("GET", "faults")["faults"][0]["hits"] == 3
        assert caller.control("DELETE", "faults")["cleared"] == 1
        caller.changes()

    @pytest.mark.parametrize(
        "fields",
        [
            {"path": FEED},
            {"path": "/nowhere", "fault": "reset"},
            {"path": FEED, "fault": "explode"},
            {"path": FEED, "fault": "reset", "times": 0},
            {"path": FEED, "fault": "slow", "seconds": "long"},
            {"path": "doorbell", "fault": "html"},
            {"path": FEED, "fault": "reset", "time": 2},
        ],
    )
    def test_a_mistaken_plan_is_422_and_plans_nothing(
        self, caller: RegistryCaller, fields: dict[str, Any]
    ) -> None:
        assert caller.ask_control("POST", "faults", **fields).status_code == 422
        assert caller.control("GET", "faults")["faults"] == []

    def test_projects_are_shown_and_changed(self, three: FakeRegistry, caller: RegistryCaller) -> None:
        answered = caller.control("PUT", "projects/P1", lifecycle="re_review", type="school")
        assert answered == {"project_id": "P1", "version": 2}
        shown = caller.control("GET", "projects")["projects"][0]
        assert (shown["version"], shown["lifecycle"], shown["data"]["type_code"]) == (
            2,
            "re_review",
            "school",
        )
        assert caller.control("GET", "projects/P1") == shown
        assert caller.control("DELETE", "projects/P2")["version"] == 2
        assert caller.control("POST", "projects/P3/recall")["version"] == 3
        many = caller.control("PUT", "projects", P1={"name": "甲"}, P7={})
        assert many["versions"] == {"P1": 3, "P7": 1}
        assert caller.ask_control("DELETE", "projects/P9").status_code == 404
        assert caller.ask_control("GET", "somewhere").status_code == 404
        assert caller.ask_control("PUT", "received").status_code == 405

    def test_a_reset_keeps_the_versions_unless_everything_goes(
        self, three: FakeRegistry, caller: RegistryCaller
    ) -> None:
        epoch = caller.changes()["feed_epoch"]
        three.fault("*", "500", times=None)
        caller.control("POST", "clock", advance_s=100)
        caller.control("POST", "reset")
        assert caller.get(FEED).status_code == 401
        assert caller.control("GET", "clock")["offset_s"] == 0
        assert three.put("P3") == 3
        caller.control("POST", "reset", everything=True)
        caller.token = caller.fetch_token().json()["access_token"]
        page = caller.changes()
        assert (page["items"], page["feed_epoch"] != epoch) == ([], True)

    def test_the_index_lists_every_call(self, caller: RegistryCaller) -> None:
        listed = caller.control("GET", "")["control"]
        assert "PUT /_fake/projects/{id}" in {row["call"] for row in listed}
        assert all(row["does"] for row in listed)

    def test_every_kind_of_fault_has_a_name(self) -> None:
        assert set(ALIASES.values()) == set(FaultKind)


class TestLife:
    def test_a_restart_keeps_versions_feed_and_what_was_received(self, tmp_path: Path) -> None:
        file = tmp_path / "fake_registry.jsonl"

        def start() -> FakeRegistry:
            return FakeRegistry(file=file, time_source=lambda: MORNING)

        with start() as first:
            first.put("P1", lifecycle="titled")
            first.put("P1", name="长春")
            caller = RegistryCaller(first)
            body = {"project_id": "P1", "field": "name"}
            headers = {"Idempotency-Key": "k"}
            filed = caller.call("POST", "/corrections", json=body, headers=headers).json()
            page = caller.changes()
            caller.close()
        with start() as second:
            caller = RegistryCaller(second)
            assert caller.changes(page["next_cursor"]) == page | {"items": []}
            assert caller.all_changes() == page["items"]
            assert caller.call("POST", "/corrections", json=body, headers=headers).json() == filed
            assert second.put("P1") == 3
            caller.control("POST", "epoch")
            epoch = caller.changes()["feed_epoch"]
            caller.close()
        with start() as third:
            caller = RegistryCaller(third)
            assert (caller.changes()["feed_epoch"], caller.all_changes()) == (epoch, [])
            assert third.put("P1") == 4
            caller.close()

    def test_a_write_that_was_interrupted_is_as_if_it_had_never_begun(self, tmp_path: Path) -> None:
        file = tmp_path / "fake_registry.jsonl"
        FakeRegistry(file=file).put("P1")
        whole = file.read_bytes()
        FakeRegistry(file=file).put("P2")
        file.write_bytes(file.read_bytes()[:-20])
        again = FakeRegistry(file=file)
        assert file.read_bytes() == whole
        assert again.put("P2") == 1

    def test_it_runs_as_a_process_and_ends_on_sigterm(self) -> None:
        port = free_port()
        command = [sys.executable, "-m", "miniprogram_api.devtools.fake_registry", "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert f":{port}/registry/v1" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0

    def test_it_listens_on_loopback_only(self) -> None:
        with pytest.raises(ValueError, match="loopback"):
            FakeRegistry(host="0.0.0.0")
