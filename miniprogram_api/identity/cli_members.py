"""`flask members`: the erasure ledger, which outlives the database it is kept in."""

import json
from datetime import datetime
from typing import Any, TextIO
from uuid import UUID

import click
from flask.cli import AppGroup

from miniprogram_api.identity.service import personal_data
from miniprogram_api.identity.service.personal_data import LedgerEntry
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading, retrying

members_cli = AppGroup("members", help="Members' personal data.")
COMMANDS = (members_cli,)


@members_cli.command("erasure-ledger")
@click.argument("output", type=click.File("w", encoding="utf-8"), default="-")
def write_ledger(output: TextIO) -> None:
    """Write who was erased, one JSON line each, to OUTPUT. Keep the copy apart from the backups."""
    with reading() as session:
        entries = personal_data.list_ledger(session)
    for entry in entries:
        output.write(json.dumps(_line_of(entry)) + "\n")


@members_cli.command("replay-erasures")
@click.option(
    "--ledger",
    type=click.File("r", encoding="utf-8"),
    help="A ledger written by `erasure-ledger`, newer than the restored backup.",
)
def replay_erasures(ledger: TextIO | None) -> None:
    """Erase again whom a restore has brought back. Run it before the restored database takes traffic."""
    with reading() as session:
        own = personal_data.list_ledger(session)
    entries = personal_data.merge_ledgers(_read(ledger), own)
    erased = 0
    with click.progressbar(entries, label="Replaying erasures", show_pos=True) as shown:
        for entry in shown:
            erased += _replay(entry)
    click.echo(f"{len(entries)} in the ledger, {erased} erased again.")


@retrying
def _replay(entry: LedgerEntry) -> bool:
    with atomic() as session:
        return personal_data.replay_erasure(session, entry, now=clock.now())


def _line_of(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "member_id": str(entry.member_id),
        "receipt": entry.receipt,
        "requested_at": entry.requested_at.isoformat(),
    }


def _read(ledger: TextIO | None) -> list[LedgerEntry]:
    entries = []
    for number, line in enumerate(ledger or (), start=1):
        try:
            found = json.loads(line)
            entry = LedgerEntry(
                UUID(str(found["member_id"])),
                str(found["receipt"]),
                datetime.fromisoformat(found["requested_at"]),
            )
        except (ValueError, TypeError, KeyError):
            raise click.BadParameter(
                f"line {number} is not an entry of a ledger", param_hint="--ledger"
            ) from None
        entries.append(entry)
    return entries
