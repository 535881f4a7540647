"""Clients of the partner API from a shell: the first one, another key, the end of one."""

from pathlib import Path
from uuid import UUID

import click
from flask import current_app
from flask.cli import AppGroup

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.registry.models.partners import KeyKind
from miniprogram_api.registry.rules.partners import CLIENT_ID, PARTNER_SCOPES, is_network, normal_fingerprint
from miniprogram_api.registry.service import partners
from miniprogram_api.web import messages
from miniprogram_api.web.api import read_json

# Whoever has a shell on the server; their name is in the system's own log.
_OPERATOR = Actor(kind="system", id="operator")

client_commands = AppGroup("client", help="Systems that may call as the registry, and their keys.")

_KIND = click.option(
    "--kind",
    type=click.Choice([kind.value for kind in KeyKind]),
    default=KeyKind.SECRET.value,
    show_default=True,
    help="What it proves itself by.",
)
_PUBLIC_KEY = click.option(
    "--public-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A JWK in a file."
)


@client_commands.command("add")
@click.argument("client_id")
@click.option("--name", required=True, help="What people call the system.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(list(PARTNER_SCOPES)),
    multiple=True,
    required=True,
    help="Again for each.",
)
@click.option("--network", "networks", multiple=True, help="An address or network it may call from.")
@click.option("--certificate", help="SHA-256 of the client certificate it must show.")
@_KIND
@_PUBLIC_KEY
def add_client(
    client_id: str,
    *,
    name: str,
    scopes: tuple[str, ...],
    networks: tuple[str, ...],
    certificate: str | None,
    kind: str,
    public_key: Path | None,
) -> None:
    """Add a client of this environment; its secret is printed this once."""
    fingerprint = None if certificate is None else normal_fingerprint(certificate)
    if CLIENT_ID.fullmatch(client_id) is None:
        raise click.ClickException("A client id is 3 to 64 of a-z, 0-9, dot, hyphen and underscore.")
    if certificate is not None and fingerprint is None:
        raise click.ClickException("A certificate's SHA-256 is 64 hexadecimal digits.")
    if not all(is_network(network) for network in networks):
        raise click.ClickException("A network is written as 10.20.0.0/16.")
    try:
        with atomic() as session:
            added = partners.add_client(
                session,
                client_id=client_id,
                name=name,
                environment=current_app.extensions["settings"].environment.value,
                scopes=scopes,
                kind=KeyKind(kind),
                public_jwk=_read_key(public_key),
                allowed_networks=networks,
                certificate_fingerprint=fingerprint,
                actor=_OPERATOR,
                now=clock.now(),
            )
    except AppError as error:
        raise _refusal(error) from None
    click.echo(f"Client {client_id} may call.")
    _tell(str(added.key.id), added.secret)


@client_commands.command("key")
@click.argument("client_id")
@click.option("--retire", "key_id", type=click.UUID, help="End this key instead of adding one.")
@_KIND
@_PUBLIC_KEY
def change_key(client_id: str, key_id: UUID | None, kind: str, public_key: Path | None) -> None:
    """Add a key beside the one in use, or retire one; a secret is printed this once."""
    now = clock.now()
    try:
        with atomic() as session:
            partner_id = partners.id_of(session, client_id)
            if key_id is not None:
                partners.retire_key(session, partner_id=partner_id, key_id=key_id, actor=_OPERATOR, now=now)
                added = None
            else:
                added = partners.add_key(
                    session,
                    partner_id=partner_id,
                    kind=KeyKind(kind),
                    public_jwk=_read_key(public_key),
                    actor=_OPERATOR,
                    now=now,
                )
    except AppError as error:
        raise _refusal(error) from None
    if added is None:
        click.echo(f"Key {key_id} is retired.")
    else:
        _tell(str(added.key.id), added.secret)


@client_commands.command("end")
@click.argument("client_id")
@click.option("--reason", required=True, help="Kept in the audit trail.")
def end_client(client_id: str, reason: str) -> None:
    """Refuse a client for good, from its next request on."""
    try:
        with atomic() as session:
            partner_id = partners.id_of(session, client_id)
            partners.end_client(
                session, partner_id=partner_id, reason=reason, actor=_OPERATOR, now=clock.now()
            )
    except AppError as error:
        raise _refusal(error) from None
    click.echo(f"Client {client_id} may call no more.")


def _read_key(path: Path | None) -> object:
    return None if path is None else read_json(path.read_bytes())


def _tell(key_id: str, secret: str | None) -> None:
    click.echo(f"Key: {key_id}")
    if secret is not None:
        click.echo(f"Secret (keep it, it is not shown again): {secret}")


def _refusal(error: AppError) -> click.ClickException:
    return click.ClickException(messages.text(error.code, error.params, english=True))
