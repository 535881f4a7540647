"""Dead letters from a shell, to look at."""

import click
from flask.cli import with_appcontext

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import reading
from miniprogram_api.registry.models.dead_letters import DeadLetter
from miniprogram_api.registry.queries.dead_letters import list_dead_letters

_PAGE = 100


@click.command("dead-letters")
@click.option("--all", "everything", is_flag=True, help="Also those that are settled.")
@with_appcontext
def dead_letters(everything: bool) -> None:
    """Print the records that could not be taken over; they are settled by staff at their desk."""
    cursor = None
    while True:
        with reading() as session:
            page = list_dead_letters(session, settled=everything, limit=_PAGE, cursor=cursor)
        for letter in page.items:
            click.echo(_line(letter))
        cursor = page.next_cursor
        if cursor is None:
            return


def _line(letter: DeadLetter) -> str:
    since = letter.first_seen_at.astimezone(BEIJING).isoformat(timespec="minutes")
    project = f"{letter.project_id or 'unread'} v{letter.version or '?'}"
    return "\t".join((str(letter.id), since, letter.state.value, letter.kind.value, project, letter.detail))
