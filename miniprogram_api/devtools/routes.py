"""The routes that only development has: a clock that can be moved, and the fake registry's with it."""

from datetime import datetime
from typing import Any

from flask import current_app

from miniprogram_api.devtools.demo_data.registry import move_registry_clock
from miniprogram_api.kernel import clock, events, tasks
from miniprogram_api.web import prepared
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public
from miniprogram_api.web.schemas import Instant, Schema

clock_routes = Routes("dev", __name__, url_prefix="/_dev")


class ClockBody(Schema):
    now = Instant(required=True)


@clock_routes.post("/clock")
@public
@clock_routes.arguments(ClockBody)
def move_clock(body: dict[str, Any]) -> dict[str, str]:
    """Set the application's clock, from which it runs on, and do at once what has become due by then."""
    at: datetime = body["now"]
    clock.set_now(at)
    move_registry_clock(current_app.extensions["settings"], at)
    for sweep in tasks.sweeps():
        tasks.run_sweep(sweep)
    while events.drain():
        pass
    prepared.forget()
    return {"now": at.astimezone(clock.BEIJING).isoformat(timespec="seconds")}
