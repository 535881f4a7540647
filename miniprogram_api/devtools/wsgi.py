"""The application with what only development has: a clock that can be moved, a command for demo data."""

from functools import cache

from flask import Flask

from config import Settings, load_settings
from miniprogram_api.app import create_app
from miniprogram_api.devtools.demo_data import demo_cli
from miniprogram_api.devtools.routes import clock_routes
from miniprogram_api.devtools.shared_clock import SharedShift
from miniprogram_api.kernel import clock


def create_dev_app(settings: Settings) -> Flask:
    """`create_app` and the development routes. Refuses to exist in production."""
    if settings.production:
        raise RuntimeError("development tools do not run in production")
    app = create_app(settings)
    if settings.dev_clock:
        clock.keep_shift_in(SharedShift(settings.data_dir))
        app.register_blueprint(clock_routes)
    app.cli.add_command(demo_cli)
    return app


@cache
def _served() -> Flask:
    return create_dev_app(load_settings())


def __getattr__(name: str) -> Flask:
    # Made when a server asks for it and not before: other tools import this module for `create_dev_app`.
    if name == "app":
        return _served()
    raise AttributeError(name)
