"""The commands under `flask`: background work, and what each feature offers to operators."""

import importlib

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from prometheus_client import start_http_server

from miniprogram_api.kernel import tasks

_COMMAND_MODULES = (
    "miniprogram_api.identity.cli_staff",
    "miniprogram_api.identity.cli_members",
    "miniprogram_api.operations",
    "miniprogram_api.registry.cli",
    "miniprogram_api.visits.cli",
    "content.cli",
)


def register_commands(app: Flask) -> None:
    """Add every command to the application."""
    app.cli.add_command(worker)
    for module in _COMMAND_MODULES:
        for command in importlib.import_module(module).COMMANDS:
            app.cli.add_command(command)


@click.command("worker")
@click.option("--threads", default=4, show_default=True, help="Tasks that run at the same time.")
@click.option("--metrics-port", default=0, help="Port on loopback at which Prometheus reads its figures.")
@with_appcontext
def worker(threads: int, metrics_port: int) -> None:
    """Run background work until a signal ends it; with Redis only, see REDIS_URL."""
    if not current_app.extensions["settings"].redis_url:
        raise click.ClickException(
            "REDIS_URL is not set: background work then runs in the server's process, and needs no worker."
        )
    if metrics_port:
        start_http_server(metrics_port, addr="127.0.0.1")
    tasks.worker(current_app._get_current_object(), threads=threads).run()  # type: ignore[attr-defined]  # the proxy's own
