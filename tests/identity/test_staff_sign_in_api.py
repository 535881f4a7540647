"""Staff signing in over HTTP: strangers and wrong passwords, second factor, lockout, enrolment."""

import dataclasses
import itertools
import threading
from collections.abc import Generator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from config.settings import Environment, Settings
from miniprogram_api.identity import passwords
from miniprogram_api.identity.models import SignInFailures, StaffAccount, StaffSession
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import staff as accounts
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.web.limits import LIMITED
from tests.conftest import Clock
from tests.factories.staff import PASSWORD, SECRET, code_now, make_staff, open_session, recovery_codes
from tests.support.clients import BearerClient

URL = "/api/staff/v1/sessions"
ENROL = f"{URL}/totp-enrolment"
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def account(app: Flask, clock: Clock) -> StaffAccount:
    with atomic() as session:
        return make_staff(session, "li.hua", role=Role.ADMIN)


def _sign_in(client: FlaskClient, **fields: Any) -> TestResponse:
    environ = fields.pop("environ", {})
    body = {"username": "li.hua", "password": PASSWORD} | fields
    return client.post(URL, json=body, environ_base=environ)


def _neighbour(number: int) -> dict[str, str]:
    return {"REMOTE_ADDR": f"203.0.113.{number}"}


def _code(answer: TestResponse) -> str:
    return str(answer.get_json()["code"])


def test_password_and_code_open_a_session(client: FlaskClient, account: StaffAccount, app: Flask) -> None:
    answer = _sign_in(client, totp=code_now())
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["expires_at"] == "2026-11-23T22:00:00+08:00"
    assert body["staff"]["username"] == "li.hua"
    assert body["staff"]["must_change_password"] is False
    assert [(grant["role"], grant["reach"]) for grant in body["staff"]["grants"]] == [("admin", "city")]
    assert "staff.manage" in body["staff"]["grants"][0]["permissions"]
    me = BearerClient(app, body["access_token"]).get("/api/staff/v1/me")
    assert me.get_json() == body["staff"]


def test_a_username_is_read_however_it_is_typed(client: FlaskClient, account: StaffAccount) -> None:
    assert _sign_in(client, username=" Ｌi.HUA ", totp=code_now()).status_code == 201


def test_no_answer_ever_holds_a_hash_or_a_secret(
    client: FlaskClient, account: StaffAccount, app: Flask
) -> None:
    answer = _sign_in(client, totp=code_now())
    client_of = BearerClient(app, answer.get_json()["access_token"])
    texts = [
        answer.text,
        *(client_of.get(f"/api/staff/v1/{path}").text for path in ("me", "staff", "sessions")),
    ]
    for text in texts:
        assert "argon2" not in text
        assert "hash" not in text
        assert SECRET not in text
        assert "cipher" not in text


def test_only_the_hash_of_a_token_is_stored(client: FlaskClient, account: StaffAccount) -> None:
    token = _sign_in(client, totp=code_now()).get_json()["access_token"]
    with reading() as session:
        stored = session.scalars(select(StaffSession.access_hash)).one()
    assert token.startswith("st_")
    assert token.encode() not in stored


def test_a_stranger_and_a_wrong_password_get_one_answer(client: FlaskClient, account: StaffAccount) -> None:
    with atomic() as session:
        gone = make_staff(session, "gone")
        accounts.disable_account(session, staff_id=gone.id, reason="x", actor=SYSTEM, now=gone.created_at)
    bodies = []
    for fields in ({"password": "wrong"}, {"username": "nobody"}, {"username": "gone", "totp": code_now()}):
        answer = _sign_in(client, **fields)
        assert answer.status_code == 401
        bodies.append({key: value for key, value in answer.get_json().items() if key != "trace_id"})
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "auth.bad_credentials"


def test_a_stranger_costs_one_password_check_like_everybody(
    client: FlaskClient, account: StaffAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    hasher = type(passwords._hashing().hasher)
    verify = hasher.verify
    monkeypatch.setattr(
        hasher, "verify", lambda self, stored, typed: seen.append(stored) or verify(self, stored, typed)
    )
    _sign_in(client, username="nobody")
    _sign_in(client, password="wrong")
    assert len(seen) == 2
    # Both are argon2id hashes of some cost; the stranger's is the dummy, made at today's.
    assert all(stored.startswith("$argon2id$") for stored in seen)


def test_the_right_password_alone_is_not_enough(client: FlaskClient, account: StaffAccount) -> None:
    assert (_sign_in(client).status_code, _code(_sign_in(client))) == (401, "auth.totp_required")
    answer = _sign_in(client, totp="000000")
    assert (answer.status_code, _code(answer)) == (401, "auth.totp_rejected")


@pytest.mark.parametrize("again", ["{code}", " {code} ", "{head} {tail}", "{head}-{tail}"])
def test_a_code_is_refused_the_second_time(client: FlaskClient, account: StaffAccount, again: str) -> None:
    code = code_now()
    assert _sign_in(client, totp=code).status_code == 201
    typed = again.format(code=code, head=code[:3], tail=code[3:])
    assert _code(_sign_in(client, totp=typed)) == "auth.totp_rejected"


def test_the_next_code_is_accepted(client: FlaskClient, account: StaffAccount, clock: Clock) -> None:
    assert _sign_in(client, totp=code_now()).status_code == 201
    clock.advance(seconds=30)
    assert _sign_in(client, totp=code_now()).status_code == 201


def test_a_recovery_code_is_good_once(client: FlaskClient, account: StaffAccount) -> None:
    with atomic() as session:
        codes = recovery_codes(session, session.get_one(StaffAccount, account.id))
    answer = _sign_in(client, totp=codes[0].lower())
    assert answer.status_code == 201
    assert answer.get_json()["recovery_codes_left"] == 9
    assert _code(_sign_in(client, totp=codes[0])) == "auth.totp_rejected"


def test_a_recovery_code_of_somebody_else_is_refused(client: FlaskClient, account: StaffAccount) -> None:
    with atomic() as session:
        codes = recovery_codes(session, make_staff(session, "somebody"))
    assert _code(_sign_in(client, totp=codes[0])) == "auth.totp_rejected"


def test_a_demo_account_needs_no_second_factor(client: FlaskClient) -> None:
    with atomic() as session:
        make_staff(session, "demo-gate", demo=True, totp_secret=None)
    assert _sign_in(client, username="demo-gate").status_code == 201


class TestLockout:
    @pytest.mark.parametrize("username", ["li.hua", "nobody"])
    def test_five_failures_lock_a_username_whether_or_not_it_exists(
        self, client: FlaskClient, account: StaffAccount, clock: Clock, username: str
    ) -> None:
        for _ in range(5):
            assert _sign_in(client, username=username, password="wrong").status_code == 401
        answer = _sign_in(client, username=username, totp=code_now())
        assert (answer.status_code, _code(answer)) == (429, "auth.locked_out")
        assert answer.headers["Retry-After"] == "900"
        assert set(answer.get_json()["params"]) == {"retry_after_s"}

    def test_the_lock_ends_by_itself(self, client: FlaskClient, account: StaffAccount, clock: Clock) -> None:
        for _ in range(5):
            _sign_in(client, password="wrong")
        clock.advance(minutes=14, seconds=59)
        assert _sign_in(client, totp=code_now()).status_code == 429
        clock.advance(seconds=1)
        assert _sign_in(client, totp=code_now()).status_code == 201

    def test_success_forgives(self, client: FlaskClient, account: StaffAccount, clock: Clock) -> None:
        for _ in range(3):
            for _ in range(4):
                _sign_in(client, password="wrong")
            assert _sign_in(client, totp=code_now()).status_code == 201
            clock.advance(seconds=30)

    def test_the_second_factor_cannot_be_guessed_either(
        self, client: FlaskClient, account: StaffAccount
    ) -> None:
        for _ in range(5):
            assert _code(_sign_in(client, totp="000000")) == "auth.totp_rejected"
        assert _sign_in(client, totp=code_now()).status_code == 429

    def test_it_holds_for_every_way_of_proving_oneself(
        self, client: FlaskClient, account: StaffAccount, app: Flask
    ) -> None:
        with atomic() as session:
            token = open_session(session, account.id)
        for _ in range(5):
            _sign_in(client, password="wrong")
        credentials = {"username": "li.hua", "password": PASSWORD}
        assert client.post(ENROL, json=credentials).status_code == 429
        assert client.post(f"{ENROL}/confirmation", json=credentials | {"totp": "1"}).status_code == 429
        change = {"current_password": PASSWORD, "new_password": "Violet-Canoe-Meadow-7"}
        assert BearerClient(app, token).post("/api/staff/v1/me/password", json=change).status_code == 429

    def test_guesses_at_the_own_password_count(
        self, client: FlaskClient, account: StaffAccount, app: Flask
    ) -> None:
        with atomic() as session:
            own = BearerClient(app, open_session(session, account.id))
        change = {"current_password": "wrong", "new_password": "Violet-Canoe-Meadow-7"}
        for _ in range(5):
            answer = own.post("/api/staff/v1/me/password", json=change)
            assert answer.status_code == 422
            assert answer.get_json()["errors"][0]["field"] == "current_password"
        assert _sign_in(client, totp=code_now()).status_code == 429

    def test_colleagues_are_not_locked_with_somebody(
        self, client: FlaskClient, account: StaffAccount
    ) -> None:
        with atomic() as session:
            make_staff(session, "wang.fang")
        for _ in range(6):
            _sign_in(client, password="wrong", environ=STRANGER)
        answer = _sign_in(client, username="wang.fang", totp=code_now(), environ=STRANGER)
        assert answer.status_code == 201

    def test_a_network_is_let_in_sixty_times_a_minute(self, client: FlaskClient) -> None:
        before = LIMITED.labels("staff_sign_in")._value.get()
        answers = [_sign_in(client, username=f"user{n}", environ=_neighbour(n)) for n in range(61)]
        assert LIMITED.labels("staff_sign_in")._value.get() == before + 1
        assert int(answers[-1].headers["Retry-After"]) <= 61

    def test_a_network_that_goes_on_failing_waits_longer_and_longer(
        self, client: FlaskClient, account: StaffAccount, clock: Clock
    ) -> None:
        guesses = [_sign_in(client, username=f"user{n}", environ=_neighbour(n)) for n in range(21)]
        assert {answer.status_code for answer in guesses} == {401}
        waits = []
        for n in range(6):
            refused = _sign_in(client, totp=code_now(), environ=_neighbour(n))
            assert refused.status_code == 429
            waits.append(int(refused.headers["Retry-After"]))
            clock.advance(seconds=waits[-1])
            assert _sign_in(client, username=f"more{n}", environ=_neighbour(n)).status_code == 401
        assert waits == [2, 4, 8, 16, 30, 30]
        assert _sign_in(client, totp=code_now(), environ={"REMOTE_ADDR": "198.51.100.1"}).status_code == 201
        clock.advance(seconds=30)
        assert _sign_in(client, totp=code_now(), environ=STRANGER).status_code == 201

    def test_a_lock_is_audited_and_announced(self, client: FlaskClient, account: StaffAccount) -> None:
        for _ in range(5):
            _sign_in(client, password="wrong")
        with reading() as session:
            row = session.scalars(
                select(AuditRow).where(AuditRow.action == "identity.staff_locked_out")
            ).one()
            assert (row.object_type, row.object_id) == ("staff", str(account.id))
            named = select(func.count()).where(EventRow.name == "identity.staff_locked_out")
            assert session.scalar(named) == 1

    def test_what_was_typed_as_a_username_is_not_stored(self, client: FlaskClient) -> None:
        _sign_in(client, username="my-secret-password")
        with reading() as session:
            tally = session.scalars(select(SignInFailures)).one()
            assert b"secret" not in tally.username_index

    def test_tallies_of_yesterday_are_forgotten(self, client: FlaskClient, clock: Clock) -> None:
        _sign_in(client, username="one")
        clock.advance(days=1, seconds=1)
        _sign_in(client, username="two")
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(SignInFailures)) == 1

    def test_parallel_guesses_are_all_counted(self, app: Flask, account: StaffAccount) -> None:
        statuses: list[int] = []

        def guess() -> None:
            with app.app_context():
                statuses.append(_sign_in(app.test_client(), password="wrong").status_code)
                db.session.remove()

        threads = [threading.Thread(target=guess) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [401] * 5 + [429] * 7


class TestEnrolment:
    @pytest.fixture
    def fresh(self, app: Flask) -> StaffAccount:
        with atomic() as session:
            return make_staff(session, "li.hua", totp_secret=None)

    def test_an_account_without_a_second_factor_is_told_to_enrol(
        self, client: FlaskClient, fresh: StaffAccount
    ) -> None:
        answer = _sign_in(client)
        assert (answer.status_code, _code(answer)) == (403, "auth.totp_enrolment_required")

    def test_enrolling_ends_with_a_session_and_recovery_codes(
        self, client: FlaskClient, fresh: StaffAccount, clock: Clock
    ) -> None:
        credentials = {"username": "li.hua", "password": PASSWORD}
        begun = client.post(ENROL, json=credentials)
        assert begun.status_code == 201
        secret = begun.get_json()["secret"]
        assert secret in begun.get_json()["otpauth_uri"]
        done = client.post(f"{ENROL}/confirmation", json=credentials | {"totp": code_now(secret=secret)})
        assert done.status_code == 201
        assert len(done.get_json()["recovery_codes"]) == 10
        assert done.get_json()["signed_in"]["staff"]["totp_enrolled"] is True
        assert _code(_sign_in(client, totp=code_now(secret=secret))) == "auth.totp_rejected"
        clock.advance(seconds=30)
        assert _sign_in(client, totp=code_now(secret=secret)).status_code == 201
        assert _sign_in(client, totp=done.get_json()["recovery_codes"][3]).status_code == 201

    def test_a_secret_counts_only_once_it_is_confirmed(
        self, client: FlaskClient, fresh: StaffAccount
    ) -> None:
        credentials = {"username": "li.hua", "password": PASSWORD}
        first = client.post(ENROL, json=credentials).get_json()["secret"]
        assert _code(_sign_in(client, totp=code_now(secret=first))) == "auth.totp_enrolment_required"
        second = client.post(ENROL, json=credentials).get_json()["secret"]
        wrong = client.post(f"{ENROL}/confirmation", json=credentials | {"totp": code_now(secret=first)})
        assert _code(wrong) == "auth.totp_rejected"
        right = client.post(f"{ENROL}/confirmation", json=credentials | {"totp": code_now(secret=second)})
        assert right.status_code == 201

    def test_a_second_factor_is_not_replaced_by_who_has_the_password(
        self, client: FlaskClient, account: StaffAccount
    ) -> None:
        credentials = {"username": "li.hua", "password": PASSWORD}
        assert _code(client.post(ENROL, json=credentials)) == "auth.totp_already_enrolled"
        confirm = client.post(f"{ENROL}/confirmation", json=credentials | {"totp": code_now()})
        assert _code(confirm) == "auth.totp_already_enrolled"

    def test_nothing_is_confirmed_that_was_not_begun(self, client: FlaskClient, fresh: StaffAccount) -> None:
        credentials = {"username": "li.hua", "password": PASSWORD, "totp": "123456"}
        assert (
            _code(client.post(f"{ENROL}/confirmation", json=credentials)) == "auth.totp_enrolment_not_begun"
        )

    def test_a_stranger_learns_nothing(self, client: FlaskClient, fresh: StaffAccount) -> None:
        credentials = {"username": "li.hua", "password": "wrong"}
        assert _code(client.post(ENROL, json=credentials)) == "auth.bad_credentials"
        assert (
            _code(client.post(f"{ENROL}/confirmation", json=credentials | {"totp": "1"}))
            == "auth.bad_credentials"
        )


class TestPassword:
    NEW = "Violet-Canoe-Meadow-7"
    URL = "/api/staff/v1/me/password"

    @pytest.fixture
    def own(self, app: Flask, account: StaffAccount) -> BearerClient:
        with atomic() as session:
            return BearerClient(app, open_session(session, account.id))

    def _change(self, own: BearerClient, current: str, new: str) -> TestResponse:
        return own.post(self.URL, json={"current_password": current, "new_password": new})

    def test_the_new_one_counts_and_other_sessions_end(
        self, client: FlaskClient, own: BearerClient, account: StaffAccount, app: Flask
    ) -> None:
        with atomic() as session:
            other = BearerClient(app, open_session(session, account.id))
        assert self._change(own, PASSWORD, self.NEW).status_code == 204
        assert own.get("/api/staff/v1/me").status_code == 200
        assert other.get("/api/staff/v1/me").status_code == 401
        assert _code(_sign_in(client, totp=code_now())) == "auth.bad_credentials"
        assert _sign_in(client, password=self.NEW, totp=code_now()).status_code == 201

    def test_a_bad_one_is_refused_field_by_field(self, own: BearerClient) -> None:
        answer = self._change(own, PASSWORD, "li.hua")
        assert answer.status_code == 422
        errors = answer.get_json()["errors"]
        assert {error["field"] for error in errors} == {"new_password"}
        assert {error["code"] for error in errors} >= {"staff.password_short", "staff.password_context"}
        assert "12" in errors[0]["message"]

    def test_the_last_five_are_not_chosen_again(self, own: BearerClient) -> None:
        used = [PASSWORD, *(f"Violet-Canoe-Meadow-{n}" for n in range(5))]
        for former, new in itertools.pairwise(used):
            assert self._change(own, former, new).status_code == 204
        for recent in used[1:]:
            answer = self._change(own, used[-1], recent)
            assert answer.get_json()["errors"][0]["code"] == "staff.password_reused"
        assert self._change(own, used[-1], used[0]).status_code == 204

    def test_who_must_change_it_may_do_nothing_else(
        self, app: Flask, client: FlaskClient, account: StaffAccount
    ) -> None:
        with atomic() as session:
            session.get_one(StaffAccount, account.id).must_change_password = True
        signed_in = _sign_in(client, totp=code_now()).get_json()
        assert signed_in["staff"]["must_change_password"] is True
        own = BearerClient(app, signed_in["access_token"])
        assert own.get("/api/staff/v1/staff").status_code == 403
        assert self._change(own, PASSWORD, self.NEW).status_code == 204
        assert own.get("/api/staff/v1/staff").status_code == 200

    def test_a_password_too_old_must_be_changed(
        self, client: FlaskClient, account: StaffAccount, clock: Clock
    ) -> None:
        with atomic() as session:
            make_staff(session, "demo-gate", demo=True, totp_secret=None)
        clock.advance(days=90)
        assert _sign_in(client, totp=code_now()).get_json()["staff"]["must_change_password"] is True
        demo = _sign_in(client, username="demo-gate").get_json()
        assert demo["staff"]["must_change_password"] is False

    @pytest.mark.parametrize("settings", [{"password_profile": "asvs"}], indirect=True)
    def test_the_owasp_profile_never_asks_for_renewal(
        self, client: FlaskClient, account: StaffAccount, clock: Clock
    ) -> None:
        clock.advance(days=900)
        assert _sign_in(client, totp=code_now()).get_json()["staff"]["must_change_password"] is False

    def test_a_hash_of_another_cost_is_renewed_at_sign_in(
        self, client: FlaskClient, account: StaffAccount
    ) -> None:
        passwords.use_cost(time_cost=2, memory_kib=8)
        try:
            assert _sign_in(client, totp=code_now()).status_code == 201
        finally:
            passwords.use_cost(time_cost=1, memory_kib=8)
        with reading() as session:
            assert "t=2" in session.get_one(StaffAccount, account.id).password_hash


class TestProduction:
    @pytest.fixture
    def in_production(self, app: Flask) -> Generator[None]:
        settings: Settings = app.extensions["settings"]
        app.extensions["settings"] = dataclasses.replace(settings, environment=Environment.PRODUCTION)
        yield
        app.extensions["settings"] = settings

    def test_demo_accounts_do_not_exist(self, client: FlaskClient, in_production: None) -> None:
        with atomic() as session:
            make_staff(session, "demo-gate", demo=True, totp_secret=None)
        assert _code(_sign_in(client, username="demo-gate")) == "auth.bad_credentials"

    def test_their_sessions_do_not_either(self, app: Flask, in_production: None) -> None:
        with atomic() as session:
            demo = make_staff(session, "demo-gate", demo=True, totp_secret=None)
            token = open_session(session, demo.id)
        assert BearerClient(app, token).get("/api/staff/v1/me").status_code == 401

    def test_loopback_is_counted_like_any_network(self, client: FlaskClient, in_production: None) -> None:
        answers = [_sign_in(client, username=f"user{n}").status_code for n in range(61)]
        assert answers[-1] == 429


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "li.hua"},
        {"username": "li.hua", "password": ""},
        {"username": "li.hua", "password": "x" * 129},
        {"username": 1, "password": "x"},
        {"username": "li.hua", "password": "x", "totp": 123456},
        {"username": "li.hua", "password": "x", "remember": True},
    ],
)
def test_a_malformed_sign_in_is_refused_by_its_shape(client: FlaskClient, body: dict[str, Any]) -> None:
    assert client.post(URL, json=body).status_code == 422


def test_signing_in_is_audited_and_announced(client: FlaskClient, account: StaffAccount) -> None:
    _sign_in(client, totp=code_now())
    with reading() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "identity.staff_signed_in")).one()
        assert (row.actor_kind, row.actor_id, row.ip) == ("staff", str(account.id), "127.0.0.1")
        assert session.scalar(select(func.count()).where(EventRow.name == "identity.staff_signed_in")) == 1
