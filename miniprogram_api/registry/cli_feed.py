"""Commands on what comes in from the registry, and on the feeds that go out to it."""

import click
from flask.cli import with_appcontext

from miniprogram_api.kernel import audit, clock, feeds
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry import jobs_pulling, sources
from miniprogram_api.registry.jobs_pulling import Pulled
from miniprogram_api.registry.queries.freshness import read_freshness
from miniprogram_api.registry.service import dead_letters, pulling
from miniprogram_api.registry.sources.port import RegistrySource

_OPERATOR = Actor(kind="operator", id="cli")


@click.command("pull")
@with_appcontext
def pull() -> None:
    """Read the registry's feed to its end, now."""
    _pull(_source())


@click.command("resync")
@click.option("--reason", required=True, help="Why; it is kept in the audit trail.")
@with_appcontext
def resync(reason: str) -> None:
    """Read everything again from a new snapshot, then what came since."""
    source = _source()
    with atomic() as session:
        pulling.request_resync(session, actor=_OPERATOR, reason=reason, now=clock.now())
    _pull(source)


@click.command("status")
@with_appcontext
def status() -> None:
    """Say how old our copy of the registry is, where the feed stands and what waits for a person."""
    with reading() as session:
        feed = pulling.find_feed(session)
        state = read_freshness(session, now=clock.now())
        waiting = dead_letters.count_open(session)
    click.echo(f"transport    {'on' if sources.current() else 'off'}")
    click.echo(f"freshness    {state.freshness.value}")
    click.echo(f"dead letters {waiting}")
    if feed is None:
        click.echo("never pulled")
        return
    for name, value in pulling.as_plain(feed).items():
        click.echo(f"{name:<12} {'-' if value is None else value}")


@click.command("begin-anew")
@click.option("--reason", required=True, help="Why; it is kept in the audit trail.")
@with_appcontext
def begin_anew(reason: str) -> None:
    """After a restore: have partners read our feeds from the start, for their cursors lead nowhere now."""
    with atomic() as session:
        for feed in feeds.list_feeds():
            feeds.begin_anew(session, feed)
            audit.record(
                session,
                actor=_OPERATOR,
                action="feeds.begin_anew",
                object_type="feed",
                object_id=feed.name,
                reason=reason,
            )
    click.echo("Every cursor given out before is void; partners start over by themselves.")


def _source() -> RegistrySource:
    source = sources.current()
    if source is None:
        raise click.ClickException("There is no registry: REGISTRY_TRANSPORT is off.")
    return source


def _pull(source: RegistrySource) -> None:
    done = jobs_pulling.pull(source, told=_tell)
    if done.busy:
        raise click.ClickException("Somebody else is pulling; try again when they are done.")
    if done.error is not None:
        raise click.ClickException(f"The registry did not answer as agreed: {done.error}.")
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(done.outcomes.items()))
    click.echo(f"Done: {done.records} records in {done.pages} pages. {counts}")


def _tell(done: Pulled) -> None:
    click.echo(f"… {done.records} records, {done.pages} pages", err=True)
