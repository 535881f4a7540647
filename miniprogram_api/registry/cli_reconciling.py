"""Comparing with the registry from a shell."""

import sys
from uuid import UUID

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from miniprogram_api.registry import jobs_reconciling as jobs
from miniprogram_api.registry import sources
from miniprogram_api.registry.models.reconciliation import Kind
from miniprogram_api.registry.service.reconciling import Result


@click.command("reconcile")
@with_appcontext
def reconcile() -> None:
    """Compare what is held here with what the registry has; fails while a difference is left."""
    source = sources.current()
    if source is None:
        raise click.ClickException("There is no registry: REGISTRY_TRANSPORT is off.")
    report_id = jobs.begin()
    if report_id is None:
        raise AssertionError("unreachable")
    with Progress(disable=not sys.stdout.isatty()) as progress:
        bars: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in bars:
                bars[step] = progress.add_task({"read": "Reading", "mend": "Mending"}[step], total=None)
            progress.update(bars[step], completed=done, total=total or None)

        result = jobs.compare(source, report_id, show)
    _print(report_id, result)
    sys.exit(1 if result.failure or result.unrepaired else 0)


def _print(report_id: UUID, result: Result) -> None:
    if result.failure:
        click.echo(f"No comparison: {result.failure}", err=True)
        return
    table = Table("class", "projects")
    for kind in Kind:
        table.add_row(kind.value, str(result.counts.get(kind, 0)))
    Console().print(table)
    click.echo(f"{result.repaired} mended, {result.unrepaired} left. Report {report_id}.")


COMMANDS = (reconcile,)
