"""The policy table, password rules, second factor and lockout, as decisions without a database."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest

from miniprogram_api.identity import lockout, passwords, permissions, totp
from miniprogram_api.identity.lockout import Tally
from miniprogram_api.identity.password_rules import PROFILES, count_classes, find_faults, is_expired
from miniprogram_api.identity.permissions import PERMISSIONS, ROLES, Reach, Role
from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.errors import Unavailable

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MLPS, ASVS = PROFILES["mlps"], PROFILES["asvs"]


def _codes(password: str, *, profile: str = "mlps", about: tuple[str, ...] = ()) -> set[str]:
    return {fault.code for fault in find_faults(PROFILES[profile], password, field="password", about=about)}


def test_every_permission_of_a_role_has_a_meaning() -> None:
    granted = {permission for policy in ROLES.values() for permission in policy.may}
    others = permissions.MEMBER.permissions | permissions.STAFF_SELF.permissions
    assert granted | others | permissions.device_grant(uuid4()).permissions == set(PERMISSIONS)


def test_every_role_can_be_held_over_something() -> None:
    assert set(ROLES) == set(Role)
    assert all(policy.reaches for policy in ROLES.values())


@pytest.mark.parametrize(
    ("role", "never"),
    [
        (Role.ADMIN, {"personal_data.reveal", "audit.view", "bookings.view", "bookings.manage"}),
        (Role.ADMIN, {"audit.export", "requests.manage", "requests.view", "consents.view"}),
        (Role.AUDITOR, set(PERMISSIONS) - {"audit.view", "audit.export"}),
        (Role.DPO, {"staff.manage", "sites.manage", "bookings.manage", "slots.manage", "settings.manage"}),
        (Role.GATE, {"personal_data.reveal", "bookings.manage", "slots.manage", "sites.manage"}),
        (Role.EDITOR, {"sites.publish"}),
        (Role.REVIEWER, {"sites.manage"}),
        (Role.SITE_MANAGER, {"sites.publish", "staff.manage", "staff.view", "audit.view"}),
    ],
)
def test_a_role_may_not_do_the_work_of_another(role: Role, never: set[str]) -> None:
    assert ROLES[role].may.isdisjoint(never)


def test_a_gate_device_may_scan_and_nothing_else() -> None:
    site_id = uuid4()
    grant = permissions.device_grant(site_id)
    assert grant.permissions == {"gate.scan", "gate.undo"}
    assert not grant.covers(site_id=uuid4(), organisation_id=None)


def test_a_role_this_version_does_not_know_may_do_nothing() -> None:
    assert permissions.staff_grant("wizard", organisation_id=None, site_id=None).permissions == frozenset()


def test_roles_of_the_city_cannot_be_held_over_a_site() -> None:
    assert permissions.can_be_held(Role.ADMIN, Reach.CITY)
    assert not permissions.can_be_held(Role.ADMIN, Reach.SITE)
    assert not permissions.can_be_held(Role.GATE, Reach.CITY)


@pytest.mark.parametrize("password", ["Green-Maple-Walks-7", "咏柳碧玉妆成一树高Aa1", "x7#Kw9$Lm2@Q"])
def test_a_good_password_is_accepted(password: str) -> None:
    assert _codes(password) == set()


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Sh0rt-one!", "staff.password_short"),
        ("onlylowercaseletters", "staff.password_classes"),
        ("lower and 1234 5678", None),
        ("Password2026!!", "staff.password_guessable"),
        ("P@ssw0rd1234", "staff.password_guessable"),
        ("!!!Qwertyuiop123", "staff.password_guessable"),
        ("1qaz@WSX3edc", "staff.password_guessable"),
        ("Aa1!Aa1!Aa1!Aa1!", "staff.password_guessable"),
        ("Woaini1314520!", "staff.password_guessable"),
        ("Changchun-Spring-7", "staff.password_context"),
        ("My-L0wCarb0n-City", "staff.password_context"),
        ("For-Li.Hua-Only-7", "staff.password_context"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password: str, code: str | None) -> None:
    found = _codes(password, about=("li.hua", "李华"))
    assert found == set() if code is None else code in found


def test_the_owasp_profile_asks_for_length_and_not_for_classes_or_renewal() -> None:
    assert _codes("violet canoe meadow", profile="asvs") == set()
    assert _codes("violet canoe", profile="asvs") == {"staff.password_short"}
    assert not is_expired(ASVS, changed_at=NOW - timedelta(days=4000), now=NOW)


def test_a_password_expires_after_ninety_days() -> None:
    assert not is_expired(MLPS, changed_at=NOW - timedelta(days=89, hours=23), now=NOW)
    assert is_expired(MLPS, changed_at=NOW - timedelta(days=90), now=NOW)


def test_four_classes_of_characters_are_told_apart() -> None:
    assert [count_classes(text) for text in ("", "a", "aB", "aB1", "aB1 ")] == [0, 1, 2, 3, 4]


def test_a_password_is_the_same_whichever_way_its_characters_are_composed() -> None:
    hashed = passwords.hash_password("ｇreen é 7")
    assert passwords.is_password("green e\u0301 7", hashed)
    assert not passwords.is_password("green e 7", hashed)


def test_nobody_has_no_password() -> None:
    assert not passwords.is_password("anything", None)
    assert not passwords.is_password("anything", "not a hash")


def test_a_hash_of_another_cost_is_to_be_renewed() -> None:
    hashed = passwords.hash_password("x")
    assert not passwords.needs_rehash(hashed)
    passwords.use_cost(time_cost=2, memory_kib=8)
    try:
        assert passwords.needs_rehash(hashed)
    finally:
        passwords.use_cost(time_cost=1, memory_kib=8)


def test_a_flood_of_sign_ins_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_WAIT_S", 0)
    with passwords._turn(), passwords._turn(), pytest.raises(Unavailable):
        passwords.hash_password("x")
    assert passwords.hash_password("x")


def test_the_cost_of_a_password_is_not_below_the_floor() -> None:
    assert passwords.TIME_COST * passwords.MEMORY_KIB >= 47_104


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_code_half_a_minute_off_is_accepted(off: int) -> None:
    step = int(NOW.timestamp()) // 30 + off
    code = pyotp.TOTP(SECRET).generate_otp(step)
    assert totp.matching_step(SECRET, code, now=NOW, after_step=None) == step


@pytest.mark.parametrize("off", [-2, 2])
def test_a_code_a_minute_off_is_refused(off: int) -> None:
    code = pyotp.TOTP(SECRET).generate_otp(int(NOW.timestamp()) // 30 + off)
    assert totp.matching_step(SECRET, code, now=NOW, after_step=None) is None


@pytest.mark.parametrize("spelling", ["{0}", " {0} ", "{1} {2}", "{1}-{2}", "{1}\u3000{2}\n", "fullwidth"])
def test_a_step_is_used_once_however_its_code_is_typed(spelling: str) -> None:
    code = pyotp.TOTP(SECRET).at(NOW)
    wide = code.translate({ord("0") + n: chr(0xFF10 + n) for n in range(10)})
    typed = wide if spelling == "fullwidth" else spelling.format(code, code[:3], code[3:])
    step = totp.matching_step(SECRET, typed, now=NOW, after_step=None)
    assert step is not None
    assert totp.matching_step(SECRET, typed, now=NOW, after_step=step) is None


def test_an_earlier_code_is_worthless_once_a_later_one_was_used() -> None:
    step = int(NOW.timestamp()) // 30
    earlier = pyotp.TOTP(SECRET).generate_otp(step - 1)
    assert totp.matching_step(SECRET, earlier, now=NOW, after_step=step) is None


def test_a_secret_opens_for_its_own_account_only() -> None:
    crypto.configure(keys=[("k1", bytes(range(32)))], index_key=bytes(range(1, 33)))
    owner, other = uuid4(), uuid4()
    sealed = totp.seal_secret(SECRET, staff_id=owner)
    assert totp.open_secret(sealed, staff_id=owner) == SECRET
    with pytest.raises(crypto.DecryptionFailed):
        totp.open_secret(sealed, staff_id=other)


def test_recovery_codes_are_ten_and_read_alike_however_they_are_typed() -> None:
    crypto.configure(keys=[("k1", bytes(range(32)))], index_key=bytes(range(1, 33)))
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == 10
    assert totp.recovery_index(codes[0]) == totp.recovery_index(f" {codes[0].lower().replace('-', ' ')} ")
    assert totp.recovery_index(codes[0]) != totp.recovery_index(codes[1])


def test_the_fifth_failure_locks_for_a_quarter_of_an_hour() -> None:
    tally = None
    for _ in range(4):
        tally = lockout.after_failure(tally, NOW)
        assert tally.seconds_locked(NOW) == 0
    tally = lockout.after_failure(tally, NOW)
    assert tally.seconds_locked(NOW) == 900
    assert tally.seconds_locked(NOW + timedelta(seconds=899.5)) == 1
    assert tally.seconds_locked(NOW + timedelta(minutes=15)) == 0


def test_old_failures_are_forgotten_and_a_lock_is_paid_for_once() -> None:
    later = NOW + timedelta(minutes=15)
    assert lockout.after_failure(Tally(4, NOW, None), later).failures == 1
    assert lockout.after_failure(Tally(5, NOW, later), later).locked_until is None
