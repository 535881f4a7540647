"""`flask bookings`: what operators run over bookings."""

from uuid import UUID

import click
from flask.cli import AppGroup

from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.visits.service import indexing

bookings_cli = AppGroup("bookings", help="Bookings.")
COMMANDS = (bookings_cli,)


@bookings_cli.command("index-contacts")
def index_contacts() -> None:
    """Let desks find old bookings by name and end of phone. May be stopped and run again."""
    filled, last = 0, None
    while True:
        with reading() as session:
            found = indexing.list_unindexed(session, after=last)
        if not found:
            break
        filled, last = filled + _index(found), found[-1]
        click.echo(f"{filled} so far")
    click.echo(f"{filled} bookings can be found by their contacts now.")


@retrying
def _index(booking_ids: list[UUID]) -> int:
    with atomic() as session:
        return indexing.index_contacts(session, booking_ids)
