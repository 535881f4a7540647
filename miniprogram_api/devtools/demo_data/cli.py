"""`flask demo load`, which `make demo` runs."""

import click
from flask import current_app
from flask.cli import AppGroup

from miniprogram_api.devtools.demo_data.loading import DemoRefused, load_demo

demo_cli = AppGroup("demo", help="Demonstration data; not in production.")


@demo_cli.command("load")
def load() -> None:
    """Load what is missing of the demonstration data."""
    try:
        loaded = load_demo(current_app.extensions["settings"])
    except DemoRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{loaded.sites} sites and {loaded.bookings} bookings added.")
    if loaded.gate_token:
        click.echo(f"Gate device token, shown this once: {loaded.gate_token}")
