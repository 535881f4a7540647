"""The operators' commands: selftest, reconcile, audit, backup, keys, calendar."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import TextIO

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config import Settings
from miniprogram_api.kernel import clock, workdays
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, retrying
from miniprogram_api.operations import backup as backups
from miniprogram_api.operations import invariants, keys, reconcile
from miniprogram_api.operations.backup_keeping import Keeping
from miniprogram_api.operations.calendar_preview import preview_sites
from miniprogram_api.operations.cli_audit import audit_cli
from miniprogram_api.operations.drifts import Drift
from miniprogram_api.operations.reconcile_articles import article_drifts
from miniprogram_api.operations.snapshots import snapshot


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


@click.command("selftest")
@with_appcontext
def selftest() -> None:
    """Check the invariants on this database; fails when one is broken."""
    # On the error stream, so that what is piped away is the result.
    with Progress(console=Console(stderr=True), transient=True) as progress, snapshot() as session:
        task = progress.add_task("", total=len(invariants.INVARIANTS))

        def show(invariant: invariants.Invariant) -> None:
            progress.update(task, description=f"{invariant.code} {invariant.sentence}")
            progress.advance(task)

        results = invariants.check(session, show)
    table = Table("invariant", "sentence", "result")
    for invariant, broken in results:
        table.add_row(
            invariant.code, invariant.sentence, "ok" if not broken else "BROKEN: " + ", ".join(broken)
        )
    Console().print(table)
    sys.exit(any(broken for _, broken in results))


@click.command("reconcile")
@click.option("--repair", "reason", help="Set drifted counters to the sums of their rows; say why.")
@with_appcontext
def reconcile_counters(reason: str | None) -> None:
    """Compare every counter with the sum of its rows; fails when one drifted and is not repaired."""
    differences = left = 0
    # A day is compared with its slots, so they are set right before it is looked at.
    for find in (reconcile.slot_drifts, reconcile.day_drifts, article_drifts):
        with snapshot() as session:
            found = find(session)
        differences += len(found)
        left += sum(not _set_right(drift, reason) for drift in found)
    click.echo(f"{differences} differences, {differences - left} of them repaired.")
    sys.exit(1 if left else 0)


def _set_right(drift: Drift, reason: str | None) -> bool:
    click.echo(f"{drift.object_type} {drift.object_id}: counted {drift.counted}, rows say {drift.summed}")
    if reason is None:
        return False
    try:
        _repair(drift, reason)
    except IntegrityError:
        click.echo(
            "  not repaired: its rows take more than there is; cancel or raise the capacity first", err=True
        )
        return False
    return True


@retrying
def _repair(drift: Drift, reason: str) -> None:
    with atomic() as session:
        reconcile.repair(session, drift, reason=reason)


_COUNT = click.IntRange(min=0)


def _try_out(made: Path, database: str) -> list[str]:
    try:
        return backups.broken_invariants(made, database)
    except backups.BackupFailed as failure:
        raise click.ClickException(f"It cannot be restored and was deleted: {failure}") from None
    except backups.NotRestored as reason:
        raise click.ClickException(f"{made} was kept, but {reason}; or give --no-restore.") from None


@click.command("backup")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Default: backups in DATA_DIR."
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=24,
    show_default=True,
    help="How many of the newest to keep in the folder, whatever their age.",
)
@click.option("--daily", type=_COUNT, default=7, show_default=True, help="Of how many days the last is kept.")
@click.option("--weekly", type=_COUNT, default=5, show_default=True, help="The same of weeks.")
@click.option("--monthly", type=_COUNT, default=12, show_default=True, help="The same of months.")
@click.option("--restore/--no-restore", default=True, help="Try a dump of PostgreSQL out by restoring it.")
@with_appcontext
def backup(*, folder: Path | None, keep: int, daily: int, weekly: int, monthly: int, restore: bool) -> None:
    """Write a verified backup of the database. Keys are not in it: back up keys.json or APP_KEYS apart."""
    settings = _settings()
    folder = folder or settings.data_dir / "backups"
    with Progress(disable=not sys.stdout.isatty()) as progress:
        task = progress.add_task("Copying", total=None)
        try:
            made = backups.back_up(
                settings.database,
                folder,
                now=clock.now(),
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        except backups.BackupFailed as failure:
            raise click.ClickException(str(failure)) from None
    broken = _try_out(made, settings.database) if restore or made.suffix == ".sqlite3" else []
    deleted = backups.prune(folder, Keeping(newest=keep, daily=daily, weekly=weekly, monthly=monthly))
    click.echo(f"{made} ({made.stat().st_size:,} bytes); {len(deleted)} older ones deleted.")
    if broken:
        click.echo(
            f"The copy is whole, but these invariants do not hold in it: {', '.join(broken)}", err=True
        )
        sys.exit(1)


keys_cli = AppGroup("keys", help="Encryption and signing keys.")


@keys_cli.command("new")
def new_key() -> None:
    """Print a new entry for the front of APP_KEYS; old ones stay behind it until `keys rotate` is done."""
    click.echo(keys.new_key())


@keys_cli.command("rotate")
def rotate_keys() -> None:
    """Encrypt anew, with the first key, what older keys encrypted. May be stopped and run again."""
    with Progress(disable=not sys.stdout.isatty()) as progress:
        tasks = {}

        def show(column: str, done: int) -> None:
            if column not in tasks:
                tasks[column] = progress.add_task(column, total=None)
            progress.update(tasks[column], completed=done)

        changed = keys.rotate(show)
    click.echo(f"{changed} values encrypted anew.")


calendar_cli = AppGroup("calendar", help="The statutory calendar.")


@calendar_cli.command("gazette")
@click.argument("year", type=int)
@click.argument("notice", type=click.File(encoding="utf-8"))
@click.option("--dry-run", is_flag=True, help="Say what it does to slots and bookings, and change nothing.")
def gazette(year: int, notice: TextIO, dry_run: bool) -> None:
    """Enter the State Council's notice for YEAR from a JSON file.

    NOTICE holds {"source": "…", "rest_days": {"2027-01-01": "元旦", …}, "make_up_days": ["2027-01-03", …]}.
    """
    try:
        given = json.load(notice)
        rest_days = {date.fromisoformat(on): str(name) for on, name in given["rest_days"].items()}
        make_up_days = [date.fromisoformat(on) for on in given["make_up_days"]]
        source = str(given["source"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise click.BadParameter("not a notice; see --help", param_hint="NOTICE") from None
    try:
        with atomic() as session:
            workdays.gazette_year(
                session,
                year=year,
                rest_days=rest_days,
                make_up_days=make_up_days,
                source=source,
                actor=SYSTEM,
            )
            if dry_run:
                _tell_what_follows(session)
                raise _OnlyTriedError
    except ValueError as refusal:
        raise click.BadParameter(str(refusal), param_hint="NOTICE") from None
    except _OnlyTriedError:
        click.echo("Nothing was changed.")
        return
    click.echo(f"{year}: {len(rest_days)} rest days, {len(make_up_days)} make-up working days.")


class _OnlyTriedError(Exception):
    """Ends the transaction of a dry run."""


def _tell_what_follows(session: Session) -> None:
    for outlook in preview_sites(session, days=_settings().slot_horizon_days, now=clock.now()):
        click.echo(outlook.in_words())


COMMANDS = (selftest, reconcile_counters, audit_cli, backup, keys_cli, calendar_cli)
