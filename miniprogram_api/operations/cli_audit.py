"""`flask audit`: the chain is verified, anchored outside the database, and exported."""

import json
import sys
from pathlib import Path
from typing import TextIO

import click
from flask.cli import AppGroup

from miniprogram_api.kernel import audit, clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.operations import audit_anchors
from miniprogram_api.operations.audit_anchors import Anchor
from miniprogram_api.operations.snapshots import snapshot

audit_cli = AppGroup("audit", help="The audit trail.")


@audit_cli.command("verify")
@click.option(
    "--anchors",
    "kept",
    type=click.File("r", encoding="utf-8"),
    help="Anchors that were kept apart; without them a chain that was rewritten as a whole passes.",
)
def verify_audit(kept: TextIO | None) -> None:
    """Walk the hash chain from its start; fails where it does not verify or contradicts an anchor."""
    anchors = _read(kept)
    with snapshot() as session:
        verdict = audit.verify(session)
        denied = audit_anchors.find_mismatch(session, anchors)
    click.echo(f"{verdict.rows} sealed rows, {verdict.unsealed} waiting to be sealed.")
    if not verdict.ok:
        click.echo(f"The chain breaks at sequence {verdict.broken_at}.", err=True)
    if denied is not None:
        click.echo(f"The chain is not the one anchored: {denied.line()}", err=True)
    elif anchors:
        click.echo(f"{len(anchors)} anchors agree.")
    sys.exit(not verdict.ok or denied is not None)


def _read(kept: TextIO | None) -> list[Anchor]:
    anchors = []
    for number, line in enumerate(kept or (), start=1):
        try:
            anchors.append(audit_anchors.parse(line))
        except ValueError:
            raise click.BadParameter(f"line {number} is not an anchor", param_hint="--anchors") from None
    return anchors


@audit_cli.command("anchor")
def show_anchor() -> None:
    """Seal what waits and print an anchor of the chain, to be kept where this database cannot be written."""
    audit.seal_audit()
    with reading() as session:
        anchor = audit_anchors.current(session, clock.now())
    if anchor is None:
        raise click.ClickException("There is nothing to anchor yet.")
    click.echo(anchor.line())


@audit_cli.command("export")
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--after", type=click.IntRange(min=0), default=0, help="Only what is behind this sequence.", metavar="N"
)
def export_audit(output: Path, after: int) -> None:
    """Write the sealed rows to OUTPUT, one JSON line each, with all that their hashes are made of."""
    audit.seal_audit()
    with snapshot() as session, _private(output) as file:
        total = audit_anchors.count_sealed(session, after=after)
        rows = audit_anchors.export(session, after=after)
        with click.progressbar(rows, length=total, label="Exporting", file=sys.stderr) as shown:
            for row in shown:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    click.echo(f"{total} rows written to {output}.")


def _private(path: Path) -> TextIO:
    path.touch(mode=0o600)
    return path.open("w", encoding="utf-8")


@audit_cli.command("seal")
def seal_audit() -> None:
    """Seal what waits, without waiting for the background."""
    audit.seal_audit()
