"""The demonstration data: what a newcomer finds, who may do what with it; a second start adds nothing."""

from collections.abc import Generator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from rich.progress import Progress
from sqlalchemy import func, select

from config.settings import Environment, Settings
from miniprogram_api.devtools.demo_data import DEFAULT_PASSWORD, STAFF, DemoRefused, load_demo, loading
from miniprogram_api.devtools.demo_data.catalogue import SITES
from miniprogram_api.devtools.demo_data.pictures import Season, draw
from miniprogram_api.devtools.demo_data.projects import first_state, project_id
from miniprogram_api.devtools.demo_data.registry import demo_registry
from miniprogram_api.devtools.fake_registry import (
    DEMO_PARTNER_ID,
    DEMO_PARTNER_SECRET,
    KEPT_IN,
    FakeRegistry,
)
from miniprogram_api.identity import passwords
from miniprogram_api.identity.models import Member, RoleGrant, StaffAccount
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import events
from miniprogram_api.kernel.clock import BEIJING, beijing_date
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.operations import invariants
from miniprogram_api.registry.models import HeldProject, ProjectState
from miniprogram_api.registry.models.feed import THE_FEED, Feed
from miniprogram_api.registry.models.subscriptions import EventSubscription, SubscriptionState
from miniprogram_api.registry.service import pulling
from miniprogram_api.sites.models import OpeningRule, Photo, Site, SiteType
from miniprogram_api.visits.jobs import make_slots
from miniprogram_api.visits.models import ACTIVE, Booking, BookingStatus, Slot
from tests.support.demonstration import copied, load_once

pytestmark = pytest.mark.once

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=BEIJING)
TABLES = (Site, OpeningRule, Photo, StaffAccount, RoleGrant, Member, Slot, Booking, events.EventRow)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation whose demonstration was loaded on a Monday at ten."""
    return load_once(tmp_path_factory, MONDAY)


@pytest.fixture
def demo(installed: Settings, tmp_path: Path, clock: Any) -> Generator[Flask]:
    """A copy of the installation, on the same Monday at ten."""
    with copied(installed, tmp_path / "copy") as app:
        yield app


@pytest.fixture
def visitor(demo: Flask) -> FlaskClient:
    return demo.test_client()


def _listed(client: FlaskClient) -> list[dict[str, Any]]:
    return list(client.get("/api/v1/sites?limit=100").get_json()["items"])


def _by_code(client: FlaskClient) -> dict[str, dict[str, Any]]:
    return {site["code"]: site for site in _listed(client)}


def _site_id(code: str) -> str:
    with reading() as session:
        return str(session.scalars(select(Site.id).where(Site.code == code)).one())


def _slots(client: FlaskClient, site: dict[str, Any], *, days: int = 30) -> list[dict[str, Any]]:
    today = kernel_clock.today()
    span = f"from={today}&to={today + timedelta(days=days)}"
    return list(client.get(f"/api/v1/sites/{site['id']}/slots?{span}").get_json()["items"])


def _sign_in(client: FlaskClient, username: str) -> dict[str, str]:
    answer = client.post("/api/staff/v1/sessions", json={"username": username, "password": DEFAULT_PASSWORD})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}


def _visits(client: FlaskClient, staff: dict[str, str], site: dict[str, Any]) -> int:
    """How the day's bookings of a site answer to somebody of the staff."""
    path = f"/api/staff/v1/sites/{site['id']}/bookings?date={kernel_clock.today()}"
    return client.get(path, headers=staff).status_code


def _counts() -> dict[str, int]:
    with reading() as session:
        return {
            table.__tablename__: session.scalars(select(func.count()).select_from(table)).one()
            for table in TABLES
        }


def test_every_type_is_shown_at_every_level_and_every_name_says_that_it_is_an_example(
    visitor: FlaskClient,
) -> None:
    sites = _listed(visitor)
    assert len(sites) >= 24
    assert len({(site["type"], site["level"]) for site in sites}) == 18
    assert all(site["name"].endswith("（示例）") for site in sites)


def test_sites_lie_in_the_districts_of_changchun(visitor: FlaskClient) -> None:
    sites = _listed(visitor)
    assert "other" not in {site["district"] for site in sites}
    assert len({site["district"] for site in sites}) == 17
    for site in sites:
        assert 124.3 < site["location"]["lng"] < 127.1
        assert 43.2 < site["location"]["lat"] < 45.3


def test_a_page_tells_everything_a_visitor_asks_for(visitor: FlaskClient) -> None:
    for site in _listed(visitor):
        page = visitor.get(f"/api/v1/sites/{site['id']}").get_json()
        for part in ("summary", "transport", "visitor_notice", "facilities", "accessibility", "technologies"):
            assert page[part], (site["code"], part)
        assert page["opening"]["words"]
        assert all(len(indicator["values"]) == 3 for indicator in page["indicators"])
        assert all("示例" in value["source"] for i in page["indicators"] for value in i["values"])


def test_a_site_has_a_drawn_picture_with_its_description(visitor: FlaskClient) -> None:
    for site in _listed(visitor):
        photo = visitor.get(f"/api/v1/sites/{site['id']}").get_json()["photos"][0]
        assert photo["alt"].startswith("插画：")
        assert visitor.get(photo["url"]).content_type == "image/jpeg"


def test_the_first_sites_can_be_booked_in_the_next_days(visitor: FlaskClient) -> None:
    for site in _listed(visitor)[:10]:
        assert site["booking_mode"] == "slots"
        assert any(slot["state"] == "open" for slot in _slots(visitor, site)), site["code"]


@pytest.mark.parametrize("weekday", range(7))
def test_on_every_weekday_something_can_be_booked_the_same_day(
    visitor: FlaskClient, clock: Any, weekday: int
) -> None:
    clock.set(MONDAY + timedelta(days=weekday))
    today = str(kernel_clock.today())
    open_today = [site for site in _listed(visitor) if site["next_available_on"] == today]
    assert len(open_today) >= 5


def test_slots_reach_thirty_days_ahead(visitor: FlaskClient) -> None:
    first = _listed(visitor)[0]
    assert _slots(visitor, first)[-1]["starts_at"].startswith("2026-12-23")


def test_states_of_a_project_show_as_the_registry_asks(visitor: FlaskClient) -> None:
    sites = _by_code(visitor)
    assert sites["CC019"]["note"].startswith("本示范点正在接受定期复核")
    assert sites["CC018"]["status"] == "paused"
    assert "候鸟保护" in sites["CC018"]["note"]
    assert sites["CC017"]["booking_mode"] == "none"
    answers = {code: visitor.get(f"/api/v1/sites/{_site_id(code)}") for code in ("CC027", "CC029", "CC030")}
    assert {code: answer.status_code for code, answer in answers.items()} == {
        "CC027": 404,
        "CC029": 410,
        "CC030": 404,
    }
    assert not answers.keys() & sites.keys()


def test_the_projects_have_come_from_the_registry(demo: Flask) -> None:
    with reading() as session:
        held = session.scalars(select(HeldProject)).all()
        codes = {row.id: row.code for row in session.execute(select(Site.id, Site.code))}
        feed = session.get_one(Feed, THE_FEED)
    assert len(held) == len(SITES) + 2
    assert {project.state for project in held} == {ProjectState.LIVE}
    sites = {project.project_id: codes.get(project.site_id) for project in held if project.site_id}
    assert sites == {f"DEMO-{card.code}": card.code for card in SITES}
    assert {project.version for project in held} == {1, 2}
    assert feed.cursor
    assert feed.failures == 0


def test_notices_run_and_have_run_out(visitor: FlaskClient) -> None:
    shown = visitor.get("/api/v1/notices?limit=100").get_json()["items"]
    assert {notice["id"]: notice["state"] for notice in shown} == {
        "DEMO-CC030": "open",
        "DEMO-GS001": "open",
        "DEMO-GS002": "closed",
    }


def test_the_registry_is_a_partner_whose_inbox_gets_events(demo: Flask, visitor: FlaskClient) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": DEMO_PARTNER_ID,
        "client_secret": DEMO_PARTNER_SECRET,
    }
    answer = visitor.post("/api/registry/v1/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    settings: Settings = demo.extensions["settings"]
    load_demo(replace(settings, fake_registry_port=9999))
    with reading() as session:
        approved = select(EventSubscription).where(EventSubscription.approved_at.is_not(None))
        (subscription,) = session.scalars(approved)
        assert subscription.state is SubscriptionState.ACTIVE
        assert subscription.url == "http://127.0.0.1:9999/registry/v1/inbox"


def test_what_the_registry_changed_since_is_left_as_it_is(demo: Flask, visitor: FlaskClient) -> None:
    settings: Settings = demo.extensions["settings"]
    FakeRegistry(file=settings.data_dir / KEPT_IN).put("DEMO-CC029", lifecycle="expired")
    load_demo(settings)
    assert FakeRegistry(file=settings.data_dir / KEPT_IN).record("DEMO-CC029")["version"] == 3
    with reading() as session:
        assert session.get_one(HeldProject, "DEMO-CC029").lifecycle == "expired"


def test_policies_ask_for_nobodys_some_or_everybodys_documents(visitor: FlaskClient) -> None:
    asked = {
        visitor.get(f"/api/v1/sites/{site['id']}").get_json()["policy"]["numbers"]["real_name"]
        for site in _listed(visitor)
    }
    assert asked == {"none", "contact", "lead", "all"}


def test_about_a_hundred_visits_are_booked_and_some_of_them_cancelled(demo: Flask) -> None:
    with reading() as session:
        bookings = session.scalars(select(Booking)).all()
        cancelled = [booking for booking in bookings if booking.status is BookingStatus.CANCELLED]
        assert 90 <= len(bookings) <= 110
        assert 5 <= len(cancelled) <= 20
        assert sum(booking.seats == 5 for booking in bookings) >= 5
        assert sum(booking.visit_on == beijing_date(MONDAY) for booking in bookings) >= 3


def test_one_slot_is_full(visitor: FlaskClient) -> None:
    full = [
        slot for site in _listed(visitor) for slot in _slots(visitor, site, days=8) if slot["state"] == "full"
    ]
    assert len(full) == 1


def test_the_invariants_hold(demo: Flask) -> None:
    with reading() as session:
        assert [broken for _, broken in invariants.check(session) if broken] == []


def test_demo_staff_sign_in_without_a_second_factor(visitor: FlaskClient) -> None:
    for card in STAFF:
        _sign_in(visitor, card.username)


def test_manager_and_gate_work_wherever_visits_are_booked_and_nowhere_else(visitor: FlaskClient) -> None:
    sites = _listed(visitor)
    bookable = [site for site in sites if site["next_available_on"] is not None]
    away = [site for site in sites if site["code"] in {"CC016", "CC017", "CC018"}]
    for username in ("demo-manager", "demo-gate"):
        staff = _sign_in(visitor, username)
        assert {_visits(visitor, staff, site) for site in bookable} == {200}
        assert {_visits(visitor, staff, site) for site in away} == {404}


def test_the_gate_account_scans(visitor: FlaskClient) -> None:
    gate = _sign_in(visitor, "demo-gate")
    body = {"site_id": _listed(visitor)[0]["id"], "code": "nobody's ticket", "nonce": "1"}
    answer = visitor.post("/api/staff/v1/gate/scans", headers=gate, json=body)
    assert answer.get_json()["result"] == "invalid"


def test_another_password_in_the_settings_opens_the_accounts_that_exist(
    demo: Flask, visitor: FlaskClient
) -> None:
    settings: Settings = demo.extensions["settings"]
    load_demo(replace(settings, demo_staff_password="another-demo-password"))
    body = {"username": "demo-gate", "password": "another-demo-password"}
    assert visitor.post("/api/staff/v1/sessions", json=body).status_code == 201


def test_a_week_later_nothing_is_added_but_slots(demo: Flask, visitor: FlaskClient, clock: Any) -> None:
    before = _counts()
    clock.advance(days=8)
    loaded = load_demo(demo.extensions["settings"])
    assert (loaded.sites, loaded.bookings, loaded.gate_token) == (0, 0, None)
    assert _counts() == before
    make_slots()
    last = _slots(visitor, _listed(visitor)[0])[-1]
    assert last["starts_at"].startswith("2026-12-31")


def test_a_start_that_was_interrupted_is_completed_by_the_next_one(
    app: Flask, settings: Settings, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    passwords.use_cost(time_cost=1, memory_kib=8)
    with monkeypatch.context() as patch:
        patch.setattr("miniprogram_api.devtools.demo_data.loading.staff.load_gate_device", stop)
        with pytest.raises(KeyboardInterrupt):
            load_demo(settings)
    completed = load_demo(settings)
    assert (completed.sites, completed.gate_token is None) == (0, False)
    assert completed.bookings >= 90
    again = load_demo(settings)
    assert (again.sites, again.bookings, again.gate_token) == (0, 0, None)
    with reading() as session:
        living = select(func.sum(Booking.seats)).where(Booking.status.in_(ACTIVE))
        assert session.scalar(select(func.sum(Slot.booked))) == session.scalar(living)


def test_a_database_begun_anew_is_filled_from_the_registry_that_was_kept(
    app: Flask, settings: Settings, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = [card for card in SITES if card.code in {"CC001", "CC029"}]
    monkeypatch.setattr(loading, "SITES", cards)
    kept = FakeRegistry(file=settings.data_dir / KEPT_IN)
    for card in cards:
        kept.put(project_id(card), **first_state(card, operator=loading.staff.BASES, today=clock.now.date()))
    kept.put("DEMO-CC029", lifecycle="withdrawn")
    with demo_registry(settings) as registry:
        assert loading.load_sites(registry, Progress(disable=True)) == 2
    with reading() as session:
        withdrawn = session.get_one(HeldProject, "DEMO-CC029")
        assert (withdrawn.version, withdrawn.lifecycle) == (4, "withdrawn")
        assert session.get_one(HeldProject, "DEMO-CC001").version == 1
        sites = {site.code: site for site in session.scalars(select(Site))}
        assert all(site.summary for site in sites.values())
        assert sites.keys() == {"CC001", "CC029"}


def test_a_pull_that_was_killed_does_not_hold_up_the_next_start(
    app: Flask, settings: Settings, clock: Any
) -> None:
    with atomic() as session:
        pulling.claim(session, lease="killed", now=clock.now, due_only=False)
    with demo_registry(settings) as registry:
        registry.publish({"DEMO-GS001": {"lifecycle": "public_notice"}})
        registry.pull()
    with reading() as session:
        assert session.get_one(HeldProject, "DEMO-GS001").version == 1


@pytest.mark.parametrize(
    "settings",
    [
        {
            "registry_transport": "api",
            "registry_api_base": "http://127.0.0.1:9/registry/v1",
            "registry_client_id": "miniprogram",
            "registry_client_secret": "canary",
        }
    ],
    indirect=True,
)
def test_nothing_is_loaded_beside_a_real_registry(app: Flask, settings: Settings, clock: Any) -> None:
    with pytest.raises(DemoRefused):
        load_demo(settings)


def test_visits_can_be_booked_in_a_year_whose_holidays_are_not_gazetted(
    app: Flask, settings: Settings, clock: Any
) -> None:
    passwords.use_cost(time_cost=1, memory_kib=8)
    clock.set(datetime(2041, 3, 3, 23, 30, tzinfo=BEIJING))
    assert load_demo(settings).bookings >= 90
    assert all(site["next_available_on"] for site in _listed(app.test_client())[:5])


def test_nothing_is_loaded_in_production(settings: Settings) -> None:
    with pytest.raises(DemoRefused):
        load_demo(replace(settings, environment=Environment.PRODUCTION))


def test_the_same_seed_draws_the_same_picture() -> None:
    for site_type in SiteType:
        assert draw(site_type, Season.WINTER, seed="a") == draw(site_type, Season.WINTER, seed="a")
        assert draw(site_type, Season.WINTER, seed="a") != draw(site_type, Season.SUMMER, seed="a")
