"""`POST /_dev/clock`: in development the clock moves and what is due is done; elsewhere there is none."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from config.settings import Environment, Settings
from miniprogram_api.devtools.fake_registry import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, FakeRegistry
from miniprogram_api.devtools.shared_clock import SharedShift
from miniprogram_api.devtools.wsgi import create_dev_app
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.visits.models import Booking, BookingStatus
from tests.factories.members import make_member
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot


def _move(app: Flask, to: str) -> Any:
    return app.test_client().post("/_dev/clock", json={"now": to})


@pytest.mark.parametrize("settings", [{"dev_clock": True}], indirect=True)
def test_the_clock_moves_and_what_has_become_due_is_done(app: Flask, settings: Settings, clock: Any) -> None:
    with atomic() as session:
        slot = make_slot(session, make_site(session).id)
        booking_id = make_booking(session, slot, member_id=make_member(session).id).id
    dev_app = create_dev_app(settings)
    with dev_app.app_context():
        answer = _move(dev_app, "2026-11-27T12:00:00+08:00")
        assert answer.get_json() == {"now": "2026-11-27T12:00:00+08:00"}
        assert kernel_clock.today().isoformat() == "2026-11-27"
        with reading() as session:
            assert session.get_one(Booking, booking_id).status is BookingStatus.NO_SHOW
        db.session.remove()
        db.engine.dispose()


def test_a_moved_clock_moves_in_every_process_and_shows_real_time_once_forgotten(tmp_path: Path) -> None:
    ours, theirs = SharedShift(tmp_path), SharedShift(tmp_path)
    assert theirs.read() == timedelta(0)
    for days in (3, -2):
        ours.write(timedelta(days=days, microseconds=1))
        assert theirs.read() == ours.read() == timedelta(days=days, microseconds=1)
    theirs.forget()
    theirs.forget()
    assert ours.read() == timedelta(0)


@pytest.mark.parametrize("settings", [{"dev_clock": True}], indirect=True)
def test_a_moment_without_a_time_zone_is_refused(settings: Settings, app: Flask) -> None:
    assert _move(create_dev_app(settings), "2026-11-27T12:00:00").status_code == 422


def test_without_the_setting_there_is_no_such_route(settings: Settings, app: Flask) -> None:
    assert _move(create_dev_app(settings), "2026-11-27T12:00:00+08:00").status_code == 404


def test_development_tools_do_not_run_in_production(settings: Settings) -> None:
    with pytest.raises(RuntimeError):
        create_dev_app(replace(settings, environment=Environment.PRODUCTION))


@pytest.mark.parametrize("settings", [{"dev_clock": True}], indirect=True)
def test_the_demonstrations_registry_keeps_our_time(settings: Settings, app: Flask) -> None:
    with FakeRegistry() as registry:
        reached = {
            "registry_transport": "api",
            "registry_api_base": registry.api_base,
            "registry_client_id": DEMO_CLIENT_ID,
            "registry_client_secret": DEMO_CLIENT_SECRET,
        }
        dev_app = create_dev_app(replace(settings, **reached))
        with dev_app.app_context():
            assert _move(dev_app, "2031-01-01T09:00:00+08:00").status_code == 200
            db.session.remove()
            db.engine.dispose()
        registry.put("P1")
        assert registry.record("P1")["occurred_at"].startswith("2031-01-01T09:0")
