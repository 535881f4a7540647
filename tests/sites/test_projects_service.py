"""Taking over the registry's records: coordinates, versions, withdrawal, and what is left alone."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.geo import Crs
from miniprogram_api.sites import queries
from miniprogram_api.sites.errors import SiteMissing, SiteWithdrawn
from miniprogram_api.sites.models import Lifecycle, Overlay, Site
from miniprogram_api.sites.queries.listing import SiteSearch, list_sites
from miniprogram_api.sites.service import ProjectRecord, apply_project
from tests.factories.sites import make_organisation, make_site
from tests.sites.conftest import ACTOR

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
RECORD = ProjectRecord(
    project_id="P-001",
    version=3,
    name="净月潭零碳景区（示例）",
    type="scenic_area",
    level="zero_carbon",
    district="x-jingyue",
    lng=125.3245,
    lat=43.8868,
    crs=Crs.WGS84,
    lifecycle=Lifecycle.TITLED,
    education_base=True,
)


def applied(session: Session, **changes: Any) -> Site:
    return apply_project(session, replace(RECORD, **changes), actor=ACTOR, now=NOW)


def event_names(session: Session) -> list[str]:
    return list(session.scalars(select(EventRow.name).order_by(EventRow.id)))


def test_a_new_project_becomes_a_site_that_is_not_public_yet(session: Session) -> None:
    site = applied(session)
    assert (site.overlay, site.project_version, site.registry_synced_at) == (Overlay.NONE, 3, NOW)
    assert site.code.startswith("CC")
    assert event_names(session) == ["sites.project_applied"]


def test_a_new_site_closes_on_mondays_until_it_says_otherwise(session: Session) -> None:
    site = applied(session)
    assert site.weekly_closing_weekday == 1
    site.weekly_closing_weekday = None
    assert applied(session, version=4).weekly_closing_weekday is None


def test_coordinates_are_converted_once_and_the_given_ones_kept(session: Session) -> None:
    site = applied(session)
    assert (site.lng_gcj02, site.lat_gcj02) == pytest.approx((125.331020, 43.889214), abs=2e-6)
    assert (site.source_lng, site.source_lat, site.source_crs) == (125.3245, 43.8868, "wgs84")


def test_map_coordinates_are_taken_as_they_are(session: Session) -> None:
    site = applied(session, crs=Crs.GCJ02)
    assert (site.lng_gcj02, site.lat_gcj02) == (125.3245, 43.8868)


@pytest.mark.parametrize("version", [2, 3])
def test_a_version_that_is_not_newer_changes_nothing(session: Session, version: int) -> None:
    applied(session)
    site = applied(session, version=version, name="旧名")
    assert (site.name, site.project_version) == (RECORD.name, 3)
    assert len(event_names(session)) == 1


def test_a_newer_version_leaves_alone_what_the_site_owns(session: Session) -> None:
    site = applied(session)
    site.summary, site.overlay = "我们的介绍", Overlay.OPEN
    applied(session, version=4, name="净月潭（示例）")
    assert (site.name, site.summary, site.overlay) == ("净月潭（示例）", "我们的介绍", Overlay.OPEN)


def test_a_withdrawal_closes_the_site_and_a_new_title_does_not_reopen_it(session: Session) -> None:
    site = applied(session)
    site.overlay = Overlay.OPEN
    applied(session, version=4, lifecycle=Lifecycle.WITHDRAWN)
    assert site.overlay is Overlay.CLOSED
    applied(session, version=5, lifecycle=Lifecycle.TITLED)
    assert site.overlay is Overlay.PREPARING
    assert event_names(session)[1:] == ["sites.project_applied", "sites.overlay_changed"] * 2


def test_a_change_of_the_operator_is_announced(session: Session) -> None:
    applied(session)
    applied(session, version=4, operator_id=make_organisation(session).id)
    (event,) = session.scalars(select(EventRow).order_by(EventRow.id).offset(1))
    assert event.payload["operator_changed"] is True


def test_every_applied_version_leaves_an_audit_row(session: Session) -> None:
    applied(session)
    applied(session, version=4, name="新名")
    rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    assert [row.action for row in rows] == ["sites.apply_project"] * 2
    assert rows[1].before is not None
    assert rows[1].after is not None
    assert (rows[1].before["name"], rows[1].after["name"]) == (RECORD.name, "新名")


def test_a_renamed_project_is_found_by_its_new_name_only(session: Session) -> None:
    site = applied(session)
    site.overlay = Overlay.OPEN
    applied(session, version=4, name="莲花山示范点")

    def found(q: str) -> int:
        return len(list_sites(session, SiteSearch(q=q), limit=5, cursor=None, now=NOW).items)

    assert (found("莲花山"), found("净月潭")) == (1, 0)


class TestFacts:
    def test_features_above_read_a_site_as_facts(self, session: Session) -> None:
        site = make_site(session, name="示例")
        facts = queries.site_facts()
        row = session.execute(select(facts).where(facts.c.id == site.id)).one()
        found = queries.find_site(session, site.id)
        assert found is not None
        assert (row.name, row.lng, row.overlay) == ("示例", site.lng_gcj02, Overlay.OPEN)
        assert (found.name, found.shown.bookable) == ("示例", True)

    def test_a_shown_site_is_told_from_a_hidden_and_a_withdrawn_one(self, session: Session) -> None:
        shown = make_site(session)
        hidden = make_site(session, overlay=Overlay.CLOSED)
        gone = make_site(session, lifecycle=Lifecycle.WITHDRAWN)
        assert queries.get_shown_site(session, shown.id).id == shown.id
        with pytest.raises(SiteMissing):
            queries.get_shown_site(session, hidden.id)
        with pytest.raises(SiteWithdrawn):
            queries.get_shown_site(session, gone.id)
