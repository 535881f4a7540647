"""Staff accounts from a shell: the first administrator, a lost password, and who there is."""

import click
from flask import current_app
from flask.cli import AppGroup

from miniprogram_api.identity import password_rules, passwords, totp
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import roles, sign_in, staff, staff_passwords, staff_profiles
from miniprogram_api.identity.service.staff_profiles import HeldGrant, StaffProfile
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import AppError, FieldError, Invalid
from miniprogram_api.web import messages

# Whoever has a shell on the server; their name is in the system's own log.
_OPERATOR = Actor(kind="system", id="operator")
_PAGE = 100

staff_commands = AppGroup("staff", help="Staff accounts: the first administrator, lost passwords.")
COMMANDS = (staff_commands,)


@staff_commands.command("create-admin")
@click.option("--username", prompt=True, envvar="STAFF_ADMIN_USERNAME", help="3 to 60 lower-case characters.")
@click.option("--display-name", prompt=True, envvar="STAFF_ADMIN_NAME", help="Shown to colleagues.")
@click.password_option(envvar="STAFF_ADMIN_PASSWORD", help="Asked for when it is not given.")
def create_admin(username: str, display_name: str, password: str) -> None:
    """Make an administrator with a second factor; its secret and recovery codes are printed this once."""
    profile = password_rules.PROFILES[current_app.extensions["settings"].password_profile]
    faults = password_rules.find_faults(profile, password, field="password", about=(username, display_name))
    if faults:
        raise click.ClickException(_in_words(faults))
    password_hash = passwords.hash_password(password)
    try:
        uri, codes = _make_admin(username, display_name, password_hash)
    except AppError as error:
        raise click.ClickException(_refusal(error)) from None
    click.echo(f"Administrator {staff.normal_username(username)} can sign in.")
    click.echo(f"\nAuthenticator (keep it secret):\n  {uri}")
    click.echo("\nRecovery codes, each good once:")
    for code in codes:
        click.echo(f"  {code}")


def _make_admin(username: str, display_name: str, password_hash: str) -> tuple[str, list[str]]:
    secret, now = totp.new_secret(), clock.now()
    with atomic() as session:
        account = staff.create_account(
            session,
            username=username,
            display_name=display_name,
            organisation_id=None,
            password_hash=password_hash,
            must_change_password=False,
            actor=_OPERATOR,
            now=now,
        )
        account.totp_cipher = totp.seal_secret(secret, staff_id=account.id)
        codes = sign_in.confirm_second_factor(session, account, actor=_OPERATOR, now=now)
        roles.grant_role(session, staff_id=account.id, role=Role.ADMIN, actor=_OPERATOR, now=now)
    return totp.otpauth_uri(secret, username=account.username), codes


@staff_commands.command("reset-password")
@click.argument("username")
def reset_password(username: str) -> None:
    """Print a one-time password for an account; it must be changed, and every session ends."""
    one_time = staff_passwords.one_time_password()
    password_hash = passwords.hash_password(one_time)
    with atomic() as session:
        account = staff.find_account(session, username)
        if account is None:
            raise click.ClickException("There is no such account.")
        staff_passwords.reset_password(
            session, staff_id=account.id, password_hash=password_hash, actor=_OPERATOR, now=clock.now()
        )
    click.echo(f"One-time password: {one_time}")


@staff_commands.command("list")
def list_staff() -> None:
    """Print every account with its state and roles."""
    cursor = None
    while True:
        with reading() as session:
            page = staff_profiles.list_profiles(session, organisation_id=None, limit=_PAGE, cursor=cursor)
        for profile in page.items:
            click.echo(_line(profile))
        cursor = page.next_cursor
        if cursor is None:
            return


def _line(profile: StaffProfile) -> str:
    states = {
        "disabled": profile.disabled_at is not None,
        "demo": profile.demo,
        "no second factor": not profile.totp_enrolled,
        "one-time password": profile.must_change_password,
    }
    state = ", ".join(name for name, holds in states.items() if holds) or "active"
    held = ", ".join(f"{grant.role} ({_standing(grant)})" for grant in profile.grants) or "no roles"
    return f"{profile.username}\t{profile.display_name}\t{state}\t{held}"


def _standing(grant: HeldGrant) -> str:
    """Over what a role is held, and why it counts for nothing when it does not."""
    if grant.awaiting_approval:
        return f"{grant.reach}, awaiting approval"
    return grant.reach if grant.frozen_at is None else f"{grant.reach}, frozen"


def _refusal(error: AppError) -> str:
    if isinstance(error, Invalid):
        return _in_words(list(error.fields))
    return messages.text(error.code, error.params, english=True)


def _in_words(faults: list[FieldError]) -> str:
    return " ".join(messages.text(fault.code, fault.params, english=True) for fault in faults)
