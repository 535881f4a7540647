"""Corrections: filed by a site's staff, delivered once, answered by the registry, never applied by us."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry import jobs_corrections as jobs
from miniprogram_api.registry import sources
from miniprogram_api.registry.models.announcements import Announcement
from miniprogram_api.registry.models.corrections import Correction
from miniprogram_api.registry.models.projects import HeldProject
from miniprogram_api.registry.sources import SourceRefused, SourceUnavailable
from miniprogram_api.sites.rules.ownership import REGISTRY_FIELDS
from tests.conftest import Clock
from tests.factories.projects import hold_project, project_data
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.support.clients import BearerClient
from tests.support.races import at_once
from tests.support.registry_source import MemorySource

WISH = {"field": "name", "claimed_value": "净月潭零碳景区", "evidence_url": "https://example.gov.cn/31"}


@pytest.fixture
def site(app: Flask, clock: Clock) -> UUID:
    with atomic() as session:
        site = make_site(session, project_id="P-1")
        hold_project(session, "P-1", site_id=site.id, name="净月潭低碳景区")
        return site.id


@pytest.fixture
def desk(site: UUID) -> str:
    return f"/api/staff/v1/sites/{site}/corrections"


@pytest.fixture
def manager(app: Flask, site: UUID) -> BearerClient:
    return BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site))


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> MemorySource:
    source = MemorySource()
    monkeypatch.setattr(sources, "current", lambda: source, raising=False)
    return source


@pytest.fixture
def filed(manager: BearerClient, desk: str) -> Any:
    answer = manager.post(desk, json=WISH)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


@pytest.fixture
def shown(manager: BearerClient, desk: str) -> Callable[[], Any]:
    def look() -> Any:
        (correction,) = manager.get(desk).get_json()["items"]
        return correction

    return look


def test_a_correction_sets_out_at_once(
    manager: BearerClient, desk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(jobs, "run_soon", rung.append)
    assert manager.post(desk, json=WISH).status_code == 201
    while events.drain():
        pass
    assert rung == ["registry.carry_corrections"]


class TestFiling:
    def test_the_held_value_goes_with_it_and_stays(self, filed: Any, shown: Callable[[], Any]) -> None:
        assert (filed["state"], filed["held_value"]) == ("pending", "净月潭低碳景区")
        assert shown() == filed
        with reading() as session:
            assert session.get_one(HeldProject, "P-1").data["name"] == "净月潭低碳景区"

    def test_the_contract_names_the_fields_that_a_project_has(self) -> None:
        ours = set(project_data("P-1")) - {"project_id"}
        assert ours <= set(REGISTRY_FIELDS)

    @pytest.mark.parametrize("field", ["capacity", "project_id", "version", "", "名称"])
    def test_a_field_that_the_registry_does_not_own_is_refused(
        self, manager: BearerClient, desk: str, field: str
    ) -> None:
        answer = manager.post(desk, json=WISH | {"field": field})
        assert answer.status_code == 422

    @pytest.mark.parametrize(
        "change",
        [
            {"claimed_value": ""},
            {"claimed_value": "x" * 1001},
            {"evidence_url": "javascript:alert(1)"},
            {"evidence_url": f"https://example.gov.cn/{'x' * 500}"},
            {"held_value": "something else"},
        ],
    )
    def test_a_wrong_request_is_refused(
        self, manager: BearerClient, desk: str, change: dict[str, str]
    ) -> None:
        assert manager.post(desk, json=WISH | change).status_code == 422

    def test_a_structured_value_is_kept_as_the_registry_gave_it(
        self, manager: BearerClient, desk: str
    ) -> None:
        answer = manager.post(desk, json={"field": "title", "claimed_value": "文号应为2号"})
        assert answer.get_json()["held_value"]["doc_no"] == "长环联〔2026〕1号"

    def test_a_field_is_corrected_once_at_a_time(self, manager: BearerClient, desk: str, filed: Any) -> None:
        again = manager.post(desk, json=WISH)
        assert (again.status_code, again.get_json()["code"]) == (409, "registry.correction_under_way")
        assert again.get_json()["params"] == {"correction_id": filed["id"]}
        assert manager.post(desk, json=WISH | {"field": "operator"}).status_code == 201

    def test_of_two_who_file_at_once_one_does(self, app: Flask, site: UUID, desk: str) -> None:
        clients = [BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site)) for _ in range(4)]
        answers = at_once(app, [lambda client=client: client.post(desk, json=WISH) for client in clients])  # type: ignore[misc]
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]

    def test_a_site_that_the_registry_did_not_give_us_has_nothing_to_correct(
        self, app: Flask, clock: Clock
    ) -> None:
        with atomic() as session:
            other = make_site(session).id
        manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=other))
        answer = manager.post(f"/api/staff/v1/sites/{other}/corrections", json=WISH)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "registry.no_project_held")

    def test_another_sites_manager_finds_nothing(self, app: Flask, desk: str) -> None:
        with atomic() as session:
            other = make_site(session).id
        stranger = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=other))
        for address in (desk, f"/api/staff/v1/sites/{new_id()}/corrections"):
            assert stranger.get(address).status_code == 404
            assert stranger.post(address, json=WISH).status_code == 404

    def test_a_guide_may_not(self, app: Flask, site: UUID, desk: str) -> None:
        guide = BearerClient(app, signed_in(Role.GUIDE, site_id=site))
        assert guide.post(desk, json=WISH).status_code == 403


class TestDelivery:
    def test_it_reaches_the_registry_once_without_who_filed_it(
        self, filed: Any, registry: MemorySource, shown: Callable[[], Any]
    ) -> None:
        jobs.carry_corrections()
        jobs.carry_corrections()
        ((content, _),) = registry.corrections.values()
        assert content == {
            "project_id": "P-1",
            "field": "name",
            "held_value": "净月潭低碳景区",
            "claimed_value": "净月潭零碳景区",
            "evidence_url": "https://example.gov.cn/31",
            "note": None,
        }
        assert list(registry.corrections) == [filed["id"]]
        assert registry.calls == ["file_correction"]
        assert (shown()["state"], shown()["registry_id"]) == ("received", "C-1")

    def test_partners_are_told_once_where_it_is(
        self, filed: Any, registry: MemorySource, clock: Clock
    ) -> None:
        jobs.carry_corrections()
        registry.answer("C-1", "accepted", None, None)
        clock.advance(hours=1)
        jobs.carry_corrections()
        with reading() as session:
            (told,) = session.scalars(select(Announcement)).all()
        assert (told.type.value, told.subject) == ("engagement.correction.requested", "P-1")
        assert told.data == {"correction_id": "C-1", "field": "name"}

    def test_a_crash_after_the_registry_took_it_files_it_once(
        self, filed: Any, registry: MemorySource, shown: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(*_: Any) -> None:
            raise RuntimeError

        with monkeypatch.context() as patch:
            patch.setattr(jobs, "_settle_filed", crash)
            with pytest.raises(RuntimeError):
                jobs.carry_corrections()
        assert shown()["state"] == "pending"
        jobs.carry_corrections()
        assert (shown()["state"], shown()["registry_id"]) == ("received", "C-1")
        assert len(registry.corrections) == 1

    def test_an_answer_is_shown(
        self, filed: Any, registry: MemorySource, shown: Callable[[], Any], clock: Clock, app: Flask,
        manager: BearerClient,
    ) -> None:  # fmt: skip
        jobs.carry_corrections()
        registry.answer("C-1", "rejected", "以批复文件为准", clock.now)
        clock.advance(minutes=16)
        jobs.carry_corrections()
        assert (shown()["state"], shown()["answer"]) == ("rejected", "以批复文件为准")
        assert shown()["decided_at"] == "2026-11-23T10:00:00+08:00"
        clock.advance(hours=1)
        jobs.carry_corrections()
        assert registry.calls == ["file_correction", "get_correction"]

    def test_after_an_answer_the_field_can_be_corrected_again(
        self, filed: Any, registry: MemorySource, manager: BearerClient, desk: str, clock: Clock
    ) -> None:
        jobs.carry_corrections()
        registry.answer("C-1", "rejected", None, clock.now)
        clock.advance(minutes=16)
        jobs.carry_corrections()
        assert manager.post(desk, json=WISH).status_code == 201

    def test_it_is_not_asked_after_all_the_time(
        self, filed: Any, registry: MemorySource, clock: Clock
    ) -> None:
        jobs.carry_corrections()
        clock.advance(minutes=14)
        jobs.carry_corrections()
        assert registry.calls == ["file_correction"]

    def test_a_state_that_nobody_agreed_on_is_no_decision(
        self, filed: Any, registry: MemorySource, shown: Callable[[], Any], clock: Clock
    ) -> None:
        jobs.carry_corrections()
        registry.answer("C-1", "pending", None, None)
        clock.advance(minutes=16)
        jobs.carry_corrections()
        assert shown()["state"] == "received"

    def test_a_registry_that_is_away_is_asked_again_later(
        self, filed: Any, registry: MemorySource, shown: Callable[[], Any], clock: Clock
    ) -> None:
        registry.failures = [SourceUnavailable("timeout"), SourceUnavailable("503", retry_after_s=1200)]
        jobs.carry_corrections()
        clock.advance(seconds=59)
        jobs.carry_corrections()
        clock.advance(seconds=2)
        jobs.carry_corrections()
        clock.advance(minutes=19)
        jobs.carry_corrections()
        assert len(registry.calls) == 2
        clock.advance(minutes=2)
        jobs.carry_corrections()
        assert shown()["state"] == "received"

    @pytest.mark.parametrize(
        ("status", "state"), [(422, "refused"), (404, "refused"), (429, "pending"), (401, "pending")]
    )
    def test_only_a_refusal_of_the_request_itself_is_final(
        self, filed: Any, registry: MemorySource, shown: Callable[[], Any], status: int, state: str
    ) -> None:
        registry.failures = [SourceRefused(status, "no")]
        jobs.carry_corrections()
        assert shown()["state"] == state

    def test_one_that_is_refused_holds_up_no_other(
        self, filed: Any, registry: MemorySource, manager: BearerClient, desk: str
    ) -> None:
        manager.post(desk, json=WISH | {"field": "operator"})
        registry.failures = [SourceRefused(422, "schema_invalid")]
        jobs.carry_corrections()
        states = [row["state"] for row in manager.get(desk).get_json()["items"]]
        assert sorted(states) == ["received", "refused"]

    def test_without_a_registry_it_waits(
        self, filed: Any, shown: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sources, "current", lambda: None, raising=False)
        jobs.carry_corrections()
        assert shown()["state"] == "pending"

    def test_every_step_is_in_the_trail(self, filed: Any, registry: MemorySource) -> None:
        jobs.carry_corrections()
        with reading() as session:
            rows = session.execute(
                select(AuditRow.action, AuditRow.actor_kind)
                .where(AuditRow.object_type == "correction")
                .order_by(AuditRow.id)
            ).all()
            published = session.scalars(
                select(events.EventRow.payload).where(events.EventRow.name == "registry.correction_changed")
            ).all()
            (correction,) = session.scalars(select(Correction)).all()
        assert [tuple(row) for row in rows] == [
            ("registry.file_correction", "staff"),
            ("registry.settle_correction", "system"),
        ]
        assert {payload["state"] for payload in published} == {"pending", "received"}
        assert correction.delivered_at is not None
