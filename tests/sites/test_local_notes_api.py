"""A site's own remarks on registry data: filed by staff, shown with their day, never instead of the value."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Overlay
from miniprogram_api.sites.service.local_notes import MOST_NOTES
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.sites.conftest import FakeConsequences
from tests.support.clients import BearerClient

Working = Callable[..., BearerClient]


@pytest.fixture
def site(follows: FakeConsequences) -> UUID:
    with atomic() as session:
        return make_site(session, name="南湖示范点").id


@pytest.fixture
def desk(site: UUID) -> str:
    return f"/api/staff/v1/sites/{site}/local-notes"


@pytest.fixture
def page(client: FlaskClient, site: UUID) -> Callable[[], Any]:
    def look() -> Any:
        prepared.forget()
        return client.get(f"/api/v1/sites/{site}").get_json()

    return look


def test_a_note_is_shown_beside_the_value_with_its_day_and_as_the_sites_own(
    working_at: Working, site: UUID, desk: str, page: Callable[[], Any], clock: Clock
) -> None:
    clock.advance(hours=15)  # 01:00 on Tuesday in Beijing, still Monday in UTC
    answer = working_at(Role.SITE_MANAGER, site).post(
        desk, json={"field": "name", "text": "应为南湖公园示范点"}
    )
    assert answer.status_code == 201
    shown = page()
    assert shown["name"] == "南湖示范点"
    assert shown["local_notes"] == [
        {"text": "应为南湖公园示范点", "noted_on": "2026-11-24", "field": "name", "by": "site"}
    ]


def test_a_retired_note_is_shown_no_longer_and_cannot_be_retired_again(
    working_at: Working, site: UUID, desk: str, page: Callable[[], Any]
) -> None:
    manager = working_at(Role.SITE_MANAGER, site)
    note = manager.post(desk, json={"text": "地址有误"}).get_json()
    assert manager.delete(f"{desk}/{note['id']}").status_code == 204
    assert page()["local_notes"] == []
    assert manager.get(desk).get_json()["items"] == []
    assert manager.delete(f"{desk}/{note['id']}").status_code == 404
    with reading() as session:
        rows = session.scalars(select(AuditRow.action).where(AuditRow.object_type == "site")).all()
    assert sorted(rows) == ["sites.add_local_note", "sites.retire_local_note"]


@pytest.mark.parametrize(
    "body", [{"text": "x", "field": "capacity"}, {"field": "name"}, {"text": ""}, {"text": "长" * 301}]
)
def test_a_note_is_about_registry_data_and_short(
    working_at: Working, site: UUID, desk: str, body: dict[str, Any]
) -> None:
    assert working_at(Role.SITE_MANAGER, site).post(desk, json=body).status_code == 422


def test_another_sites_manager_finds_nothing(working_at: Working, desk: str) -> None:
    with atomic() as session:
        other = make_site(session, overlay=Overlay.OPEN).id
    stranger = working_at(Role.SITE_MANAGER, other)
    unknown = f"/api/staff/v1/sites/{new_id()}/local-notes"
    for address in (desk, unknown):
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, json={"text": "x"}).status_code == 404


def test_a_guide_may_not_write(working_at: Working, site: UUID, desk: str) -> None:
    assert working_at(Role.GUIDE, site).post(desk, json={"text": "x"}).status_code == 403


def test_there_is_an_end_to_remarks(working_at: Working, site: UUID, desk: str) -> None:
    manager = working_at(Role.SITE_MANAGER, site)
    for _ in range(MOST_NOTES):
        assert manager.post(desk, json={"text": "x"}).status_code == 201
    full = manager.post(desk, json={"text": "x"})
    assert (full.status_code, full.get_json()["code"]) == (409, "sites.list_full")
