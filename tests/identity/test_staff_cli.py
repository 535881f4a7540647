"""The commands by which an operator makes the first administrator and helps out with passwords."""

import re

import pyotp
import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.identity.cli_staff import staff_commands
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import roles
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic
from tests.factories.staff import PASSWORD, code_now, make_staff

URL = "/api/staff/v1/sessions"
pytestmark = pytest.mark.usefixtures("clock")
ADMIN = {
    "STAFF_ADMIN_USERNAME": "first.admin",
    "STAFF_ADMIN_NAME": "系统管理员",
    "STAFF_ADMIN_PASSWORD": PASSWORD,
}


def _run(app: Flask, *arguments: str, **options: object) -> Result:
    return app.test_cli_runner().invoke(staff_commands, arguments, **options)  # type: ignore[arg-type]


def test_the_first_administrator_signs_in_with_what_was_printed(app: Flask, client: FlaskClient) -> None:
    result = _run(app, "create-admin", env=ADMIN)
    assert result.exit_code == 0, result.output
    authenticator = pyotp.parse_uri(re.search(r"otpauth://\S+", result.output)[0])  # type: ignore[index]
    assert isinstance(authenticator, pyotp.TOTP)
    body = {"username": "first.admin", "password": PASSWORD, "totp": authenticator.at(kernel_clock.now())}
    answer = client.post(URL, json=body)
    assert answer.status_code == 201
    assert [grant["role"] for grant in answer.get_json()["staff"]["grants"]] == ["admin"]
    codes = re.findall(r"^  (\w{4}-\w{4}-\w{4})$", result.output, re.MULTILINE)
    assert len(codes) == 10
    assert client.post(URL, json=body | {"totp": codes[0]}).status_code == 201
    assert PASSWORD not in result.output


def test_it_asks_for_what_was_not_given(app: Flask) -> None:
    result = _run(app, "create-admin", input=f"first.admin\n系统管理员\n{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"STAFF_ADMIN_PASSWORD": "short"}, "At least 12 characters."),
        ({"STAFF_ADMIN_USERNAME": "?"}, "3 to 60 lower-case letters"),
        ({"STAFF_ADMIN_USERNAME": "li.hua"}, "This username is taken."),
    ],
)
def test_it_says_why_it_refuses(app: Flask, changes: dict[str, str], says: str) -> None:
    with atomic() as session:
        make_staff(session, "li.hua")
    result = _run(app, "create-admin", env=ADMIN | changes)
    assert result.exit_code == 1
    assert says in result.output


def test_a_lost_password_is_replaced_by_a_one_time_one(app: Flask, client: FlaskClient) -> None:
    with atomic() as session:
        make_staff(session, "li.hua")
    result = _run(app, "reset-password", "Li.Hua")
    body = {"username": "li.hua", "password": result.output.split()[-1], "totp": code_now()}
    assert client.post(URL, json=body).get_json()["staff"]["must_change_password"] is True
    assert _run(app, "reset-password", "nobody").exit_code == 1


def test_accounts_are_listed_with_state_and_roles(app: Flask) -> None:
    _run(app, "create-admin", env=ADMIN)
    with atomic() as session:
        make_staff(session, "li.hua", totp_secret=None, must_change_password=True)
    lines = _run(app, "list").output.splitlines()
    assert lines[0] == "first.admin\t系统管理员\tactive\tadmin (city)"
    assert lines[1] == "li.hua\t李华\tno second factor, one-time password\tno roles"


def test_the_list_says_which_roles_count_for_nothing_yet(app: Flask) -> None:
    with atomic() as session:
        giver, account = make_staff(session), make_staff(session, "li.hua")
        as_giver = Actor(kind="staff", id=str(giver.id))
        now = kernel_clock.now()
        roles.grant_role(session, staff_id=account.id, role=Role.DPO, actor=as_giver, now=now)
        grant = roles.grant_role(session, staff_id=account.id, role=Role.EDITOR, actor=as_giver, now=now)
        grant.frozen_at = now
    line = _run(app, "list").output.splitlines()[0]
    assert line.endswith("dpo (city, awaiting approval), editor (city, frozen)")
