"""`flask content`: what operators run over articles."""

from uuid import UUID

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from content.library import LibraryRefused, Team, load_library
from miniprogram_api.identity.permissions import Reach
from miniprogram_api.identity.service import staff
from miniprogram_api.identity.service.staff_profiles import get_profile
from miniprogram_api.kernel.db import reading

content_cli = AppGroup("content", help="Articles.")
COMMANDS = (content_cli,)

_AUTHOR, _REVIEWER = {"content.write"}, {"content.review", "content.publish", "content.topics"}


@content_cli.command("load-library")
@click.option("--author", required=True, help="Account that writes them for the city.")
@click.option(
    "--reviewer",
    "reviewers",
    required=True,
    multiple=True,
    help="Account that approves them; one for each step of review. The first one publishes too.",
)
def load(author: str, reviewers: tuple[str, ...]) -> None:
    """Put in the starting library: written, reviewed and published. Again changes nothing."""
    with reading() as session:
        team = Team(
            author=_account(session, author, _AUTHOR),
            reviewers=[_account(session, name, _REVIEWER) for name in reviewers],
        )
    try:
        done = load_library(team)
    except LibraryRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{done.topics} topics and {done.articles} articles added; {done.left} were there.")


def _account(session: Session, username: str, needed: set[str]) -> UUID:
    """An account that may do this over the city now."""
    account = staff.find_account(session, username)
    if account is None or account.disabled_at is not None:
        raise click.ClickException(f"There is no active account {username}.")
    held = {
        permission
        for grant in get_profile(session, account.id).grants
        if grant.reach == Reach.CITY and grant.frozen_at is None and not grant.awaiting_approval
        for permission in grant.permissions
    }
    if missing := needed - held:
        raise click.ClickException(f"{username} lacks {', '.join(sorted(missing))} over the city.")
    return account.id
