"""Settings: read once, and a combination that must not run is refused with a word on what to change."""

import base64
import dataclasses
import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import flask.cli
import pytest

from config import Settings, UnsafeSettings, load_settings
from config.settings import Environment, check
from miniprogram_api.devtools import fake_registry, fake_wechat

ROOT = Path(__file__).resolve().parents[2]


def _key(seed: int) -> str:
    return base64.b64encode(bytes((seed * 7 + step * 13) % 256 for step in range(32))).decode()


SOUND_PRODUCTION = {
    "APP_ENV": "production",
    "APP_KEYS": f"k2:{_key(2)},k1:{_key(1)}",
    "INDEX_KEY": _key(3),
    "WECHAT_MP_APPID": "wx1234567890abcdef",
    "WECHAT_MP_SECRET": "canary-secret",
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in dataclasses.fields(Settings):
        monkeypatch.delenv(field.metadata["env"], raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> object:
    def read(variables: Mapping[str, str]) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return read


def test_with_nothing_set_it_runs_on_this_machine_alone(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.environment is Environment.DEVELOPMENT
    assert not settings.production
    assert settings.database == f"sqlite:///{tmp_path}/app.sqlite3"
    assert (settings.redis_url, settings.host, settings.port, settings.web_processes) == (
        "",
        "127.0.0.1",
        8000,
        1,
    )


@pytest.fixture
def dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A `.env` in the working folder, and a process that looks for it."""
    for name in ("FLASK_SKIP_DOTENV", "PORT", "LOG_LEVEL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".env"
    file.write_text("# mine\nPORT=9100\nLOG_LEVEL=ERROR\n")
    return file


def test_a_file_fills_in_what_the_environment_does_not_say(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (9100, "DEBUG")


def test_the_server_and_the_commands_read_the_same_file(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = dotenv.parent / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    ours = load_settings().port
    for name in ("PORT", "LOG_LEVEL"):
        monkeypatch.delenv(name)
    flask.cli.load_dotenv()
    assert (ours, os.environ["PORT"]) == (9100, "9100")


@pytest.mark.parametrize("skip", ["1", "true", "yes"])
def test_the_file_can_be_left_alone(dotenv: Path, monkeypatch: pytest.MonkeyPatch, skip: str) -> None:
    monkeypatch.setenv("FLASK_SKIP_DOTENV", skip)
    assert load_settings().port == 8000


def test_every_kind_of_value_is_read(load: object, tmp_path: Path) -> None:
    settings = load(
        {
            "APP_ENV": "test",
            "DATA_DIR": str(tmp_path / "x"),
            "PORT": "9000",
            "WECHAT_TIMEOUT_READ": "1.5",
            "DEMO_DATA": "true",
            "BACKGROUND": "0",
            "LOG_LEVEL": "WARNING",
        }
    )
    assert settings.environment is Environment.TEST
    assert settings.data_dir == tmp_path / "x"
    assert (settings.port, settings.wechat_read_timeout_s) == (9000, 1.5)
    assert (settings.demo_data, settings.background, settings.log_level) == (True, False, "WARNING")


def test_an_empty_variable_counts_as_absent(load: object) -> None:
    assert load({"PORT": "", "APP_ENV": "", "REDIS_URL": ""}) == load({})


def test_a_sound_production_starts(load: object) -> None:
    settings = load(SOUND_PRODUCTION)
    assert settings.production
    ring, index_key = settings.key_ring()
    assert [kid for kid, _ in ring] == ["k2", "k1"]
    assert len(index_key) == 32


def test_several_processes_start_with_redis(load: object) -> None:
    assert load({"WEB_PROCESSES": "2", "REDIS_URL": "redis://127.0.0.1:6379"}).web_processes == 2


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u@h/d", "postgresql://u@h/d", "sqlite:////srv/app.sqlite3"]
)
def test_both_databases_are_known(load: object, url: str) -> None:
    assert load({"DATABASE_URL": url}).database == url


@pytest.mark.parametrize(
    "account",
    [{"WECHAT_MP_APPID": "wx0000000000demo01"}, {"WECHAT_MP_SECRET": "demo-wechat-secret"}],
)
def test_production_refuses_the_demonstrations_wechat_account(
    load: object, account: Mapping[str, str]
) -> None:
    with pytest.raises(UnsafeSettings, match="demonstration"):
        load(SOUND_PRODUCTION | account)


OWN_PUSH = {
    "WECHAT_PUSH_TOKEN": "Xq7Lm2",
    "WECHAT_PUSH_AES_KEY": "q7Lm2X" * 7 + "A",
}


@pytest.mark.parametrize("prefix", ["WECHAT_PUSH", "WECHAT_OA_PUSH"])
def test_a_plain_push_is_for_development_only(load: object, prefix: str) -> None:
    plain = {f"{prefix}_TOKEN": "Xq7Lm2"}
    load(plain)
    with pytest.raises(UnsafeSettings, match=f"{prefix}_AES_KEY must be set in production"):
        load(SOUND_PRODUCTION | plain)


def test_production_refuses_the_demonstrations_official_account(load: object) -> None:
    own = {"WECHAT_OA_APPID": "wx-own", "WECHAT_OA_SECRET": "own"}
    assert load(SOUND_PRODUCTION | own).official.appid == "wx-own"
    for changes in ({"WECHAT_OA_APPID": fake_wechat.DEMO_OFFICIAL_APPID}, {"WECHAT_OA_SECRET": "demo-x"}):
        with pytest.raises(UnsafeSettings, match="demonstration"):
            load(SOUND_PRODUCTION | own | changes)


def test_without_an_official_account_there_is_none(load: object) -> None:
    assert load(SOUND_PRODUCTION).official is None


def test_production_takes_a_push_of_its_own(load: object) -> None:
    assert load(SOUND_PRODUCTION | OWN_PUSH).wechat_push_token == "Xq7Lm2"


@pytest.mark.parametrize(
    "push",
    [
        {"WECHAT_PUSH_TOKEN": fake_wechat.DEMO_PUSH_TOKEN},
        {"WECHAT_PUSH_AES_KEY": fake_wechat.DEMO_PUSH_AES_KEY},
        {"WECHAT_PUSH_TOKEN": "AAAAA"},
        {"WECHAT_PUSH_AES_KEY": "A" * 43},
    ],
)
def test_production_refuses_a_push_that_everybody_can_sign(load: object, push: Mapping[str, str]) -> None:
    with pytest.raises(UnsafeSettings, match="WECHAT_PUSH_TOKEN and a WECHAT_PUSH_AES_KEY of your own"):
        load(SOUND_PRODUCTION | OWN_PUSH | push)


REGISTRY = {
    "REGISTRY_TRANSPORT": "api",
    "REGISTRY_API_BASE": "https://registry.example/registry/v1",
    "REGISTRY_CLIENT_ID": "changchun",
    "REGISTRY_CLIENT_SECRET": "canary-secret",
    "REGISTRY_WEBHOOK_SECRETS": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGISTRY_CLIENT_ID", fake_registry.DEMO_CLIENT_ID),
        ("REGISTRY_CLIENT_SECRET", fake_registry.DEMO_CLIENT_SECRET),
        ("REGISTRY_WEBHOOK_SECRETS", fake_registry.DEMO_DOORBELL_SECRET),
        (
            "REGISTRY_WEBHOOK_SECRETS",
            f"{REGISTRY['REGISTRY_WEBHOOK_SECRETS']},{fake_registry.DEMO_DOORBELL_SECRET}",
        ),
    ],
)
def test_production_refuses_what_the_demonstrations_registry_knows(
    load: object, name: str, value: str
) -> None:
    load(SOUND_PRODUCTION | REGISTRY)
    with pytest.raises(UnsafeSettings, match="demonstration"):
        load(SOUND_PRODUCTION | REGISTRY | {name: value})


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"WEB_PROCESSES": "2"}, "REDIS_URL"),
        (OWN_PUSH | {"WECHAT_PUSH_TOKEN": "with space"}, "3 to 32 letters"),
        ({"WECHAT_PUSH_AES_KEY": OWN_PUSH["WECHAT_PUSH_AES_KEY"]}, "WECHAT_PUSH_TOKEN is set wherever"),
        ({"WECHAT_PUSH_FORMAT": "yaml"}, "auto, json, xml"),
        ({"WECHAT_OA_APPID": "wx-official"}, "set together"),
        ({"WECHAT_OA_PUBLISH": "1"}, "needs WECHAT_OA_APPID"),
        ({"WECHAT_OA_APPID": "wx1", "WECHAT_OA_SECRET": "s", "WECHAT_MP_APPID": "wx1"}, "not the mini"),
        ({"WEB_PROCESSES": "0"}, "WEB_PROCESSES"),
        ({"WEB_THREADS": "0"}, "WEB_THREADS"),
        ({"PORT": "0"}, "PORT"),
        ({"PORT": "65536"}, "PORT must be at least 1 and at most 65535"),
        ({"PORT": "http"}, "PORT"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES must be at least 0."),
        ({"WECHAT_TIMEOUT_READ": "soon"}, "WECHAT_TIMEOUT_READ"),
        ({"WECHAT_TIMEOUT_CONNECT": "0"}, "WECHAT_TIMEOUT_CONNECT"),
        ({"WECHAT_TIMEOUT_READ": "nan"}, "WECHAT_TIMEOUT_READ"),
        ({"SLOT_HORIZON_DAYS": "0"}, "SLOT_HORIZON_DAYS"),
        ({"DEMO_DATA": "perhaps"}, "DEMO_DATA"),
        ({"APP_ENV": "staging"}, "APP_ENV"),
        ({"PASSWORD_PROFILE": "none"}, "mlps, asvs"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT"),
        ({"WECHAT_ENV_VERSION": "beta"}, "WECHAT_ENV_VERSION"),
        ({"WECHAT_MINIPROGRAM_STATE": "beta"}, "WECHAT_MINIPROGRAM_STATE"),
        ({"DATABASE_URL": "mysql://h/d"}, "DATABASE_URL"),
        ({"REDIS_URL": "http://127.0.0.1"}, "REDIS_URL"),
        ({"WECHAT_API_BASE": "http://wechat.example"}, "WECHAT_API_BASE"),
        ({"WECHAT_API_BASE": "http://10.0.0.1:8001"}, "WECHAT_API_BASE"),
        ({"APP_KEYS": f"k1:{_key(1)}"}, "together"),
        ({"INDEX_KEY": _key(1)}, "together"),
        ({"APP_KEYS": _key(1), "INDEX_KEY": _key(3)}, "APP_KEYS is"),
        ({"APP_KEYS": f"é:{_key(1)}", "INDEX_KEY": _key(3)}, "APP_KEYS is"),
        ({"APP_KEYS": f"k.1:{_key(1)}", "INDEX_KEY": _key(3)}, "APP_KEYS is"),
        ({"APP_KEYS": f"k1:{_key(1)},k1:{_key(2)}", "INDEX_KEY": _key(3)}, "once"),
        ({"APP_KEYS": "k1:not base64!", "INDEX_KEY": _key(3)}, "not base64"),
        ({"APP_KEYS": f"k1:{_key(1)[:-8]}====", "INDEX_KEY": _key(3)}, "APP_KEYS"),
        ({"APP_KEYS": f"k1:{base64.b64encode(b'x' * 31).decode()}", "INDEX_KEY": _key(3)}, "32 bytes"),
        ({"APP_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}", "INDEX_KEY": _key(3)}, "placeholder"),
        ({"APP_KEYS": f"k1:{_key(1)}", "INDEX_KEY": base64.b64encode(b"x" * 32).decode()}, "INDEX_KEY"),
    ],
    ids=str,
)
def test_what_must_not_run_is_refused_and_named(load: object, variables: dict[str, str], says: str) -> None:
    with pytest.raises(UnsafeSettings, match=says.replace(".", r"\.")):
        load(variables)


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"APP_KEYS": "", "INDEX_KEY": ""}, "APP_KEYS and INDEX_KEY must be set"),
        ({"DEMO_DATA": "1"}, "Demo data"),
        ({"DEMO_STAFF_PASSWORD": "demo-only-password"}, "Demo data"),
        ({"DEV_CLOCK": "1"}, "DEV_CLOCK"),
        ({"WECHAT_MP_APPID": ""}, "WECHAT_MP_APPID"),
        ({"WECHAT_MP_SECRET": ""}, "WECHAT_MP_SECRET"),
        ({"WECHAT_API_BASE": "http://127.0.0.1:8001"}, "production"),
        ({"WECHAT_API_BASE": "http://localhost"}, "production"),
        ({"WEB_PROCESSES": "2"}, "REDIS_URL"),
    ],
    ids=str,
)
def test_production_refuses_what_development_takes(
    load: object, variables: dict[str, str], says: str
) -> None:
    with pytest.raises(UnsafeSettings, match=says):
        load(SOUND_PRODUCTION | variables)


def test_the_same_checks_hold_for_settings_made_in_code() -> None:
    with pytest.raises(UnsafeSettings, match="REDIS_URL"):
        check(Settings(web_processes=2))


def test_no_secret_is_shown_when_settings_are(load: object) -> None:
    secrets = {
        field.metadata["env"]: f"redis://u:{field.name}-canary@h"
        if field.name == "redis_url"
        else f"{field.name}-canary"
        for field in dataclasses.fields(Settings)
        if field.metadata["secret"] and field.name not in {"app_keys", "index_key", "database_url"}
    } | {
        "DATABASE_URL": "postgresql+psycopg://u:database-canary@h/d",
        "WECHAT_OA_APPID": "wx-of-the-official",
        "WECHAT_PUSH_TOKEN": "canary",
        "WECHAT_PUSH_AES_KEY": "canary".ljust(43, "A"),
        "WECHAT_OA_PUSH_TOKEN": "canary",
        "WECHAT_OA_PUSH_AES_KEY": "canary".ljust(43, "A"),
        "REGISTRY_WEBHOOK_SECRETS": f"whsec_{'canary'.ljust(43, 'A')}=",
    }
    shown = repr(load(secrets | {"APP_KEYS": f"k1:{_key(1)}", "INDEX_KEY": _key(3)}))
    assert "canary" not in shown
    assert _key(1) not in shown
    assert "port=8000" in shown


def test_the_wechat_account_is_handed_on_whole(load: object) -> None:
    account = load(SOUND_PRODUCTION | {"WECHAT_TIMEOUT_READ": "2"}).wechat
    assert (account.appid, account.secret, account.read_timeout_s) == (
        "wx1234567890abcdef",
        "canary-secret",
        2.0,
    )


def test_keys_are_made_once_and_are_their_owner_s_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "data")
    made = settings.key_ring()
    path = tmp_path / "new" / "data" / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert settings.key_ring() == made
    assert list(path.parent.iterdir()) == [path]
    assert Settings(data_dir=tmp_path / "other").key_ring() != made
    ((kid, key),), index_key = made
    assert (kid, len(key), len(index_key)) == ("k1", 32, 32)
    assert key != index_key


def test_two_processes_that_start_at_once_use_the_same_keys(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from config import Settings; sys.stdin.readline();"
        "ring, index = Settings(data_dir=pathlib.Path(sys.argv[1])).key_ring();"
        "print(ring[0][1].hex(), index.hex())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    outputs = {process.communicate("go\n", timeout=60)[0] for process in processes}
    assert len(outputs) == 1
    assert len(json.loads((tmp_path / "keys.json").read_text())) == 2


def test_keys_of_a_file_that_was_tampered_with_are_refused(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"app_keys": "k1:AAAA", "index_key": _key(1)}))
    with pytest.raises(UnsafeSettings, match="APP_KEYS"):
        Settings(data_dir=tmp_path).key_ring()
