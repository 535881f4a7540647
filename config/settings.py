"""Every setting in one frozen value, read from the environment once; unsafe combinations refuse to start."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from environs import Env, EnvError

from config.dotenv import read_dotenv
from config.fields import setting
from config.keys import read_key_ring
from config.registry import TRANSPORTS, RegistrySettings, check_registry
from config.wechat_fields import WeChatFields, check_wechat

_DATABASES = ("sqlite:///", "postgresql+psycopg://", "postgresql://")
_REDISES = ("redis://", "rediss://", "unix://")


class UnsafeSettings(Exception):
    """The product refuses to start with this combination; the message says what to change."""


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Settings(WeChatFields):
    """All settings. `docs/settings.md` and `.env.example` are generated from the fields below."""

    environment: Environment = setting(
        "APP_ENV", Environment.DEVELOPMENT, "`development`, `test` or `production`."
    )
    commit: str = setting("APP_COMMIT", "unknown", "Commit this was built from, shown by `/version`.")
    data_dir: Path = setting(
        "DATA_DIR", Path("var"), "Folder of the SQLite file, uploads, keys and the task queue."
    )
    database_url: str = setting(
        "DATABASE_URL",
        "",
        "Database; empty means SQLite in DATA_DIR. PostgreSQL: `postgresql+psycopg://…`.",
        secret=True,
    )
    redis_url: str = setting(
        "REDIS_URL", "", "Redis for cache, limits and task queue; empty means in this process.", secret=True
    )
    host: str = setting("HOST", "127.0.0.1", "Address the server listens on.")
    port: int = setting("PORT", 8000, "Port the server listens on.", least=1, most=65535)
    web_processes: int = setting(
        "WEB_PROCESSES", 1, "Server processes on this host; more than one needs Redis.", least=1
    )
    web_threads: int = setting("WEB_THREADS", 16, "Threads in each server process.", least=1)
    stop_delay_s: float | None = setting(
        "STOP_DELAY_S",
        None,
        "Seconds to go on serving after SIGTERM, not ready any more; empty: 5 in production, else none.",
        least=0,
        most=60,
    )
    database_pool: int = setting(
        "DATABASE_POOL", 5, "PostgreSQL connections kept open by each process.", least=1
    )
    trusted_proxies: int = setting(
        "TRUSTED_PROXIES", 0, "Proxies in front whose X-Forwarded-For is believed.", least=0
    )
    app_keys: str = setting(
        "APP_KEYS",
        "",
        "32-byte secrets as `id:base64,…`, the active first. Empty: made in DATA_DIR, not in production.",
        secret=True,
    )
    index_key: str = setting(
        "INDEX_KEY",
        "",
        "32-byte base64 secret of the look-up indexes over encrypted fields. Empty: as APP_KEYS.",
        secret=True,
    )
    registry_transport: str = setting(
        "REGISTRY_TRANSPORT",
        "off",
        "How the core registry is reached: `off`, `api`, or `files` in a folder.",
        choices=TRANSPORTS,
    )
    registry_api_base: str = setting(
        "REGISTRY_API_BASE", "", "The registry's address, up to and with `/registry/v1`."
    )
    registry_client_id: str = setting("REGISTRY_CLIENT_ID", "", "Our client id at the registry.")
    registry_client_secret: str = setting(
        "REGISTRY_CLIENT_SECRET", "", "Our client secret at the registry, where no key is used.", secret=True
    )
    registry_private_key_file: Path | None = setting(
        "REGISTRY_PRIVATE_KEY_FILE", None, "PEM key that signs our assertions to the registry."
    )
    registry_webhook_secrets: str = setting(
        "REGISTRY_WEBHOOK_SECRETS",
        "",
        "`whsec_…` secrets of the registry's doorbell, comma-separated: the new one and the old.",
        secret=True,
    )
    partner_audience: str = setting(
        "PARTNER_AUDIENCE",
        "",
        "Our partner API as partners name it in `aud`, up to and with `/api/registry/v1`. Empty: as served.",
    )
    partner_certificate_header: str = setting(
        "PARTNER_CERTIFICATE_HEADER",
        "",
        "Header in which the proxy gives a client certificate or its SHA-256; needs TRUSTED_PROXIES.",
    )
    registry_networks: str = setting(
        "REGISTRY_NETWORKS",
        "",
        "Private networks of the registry and its endpoints, comma-separated: 10.1.0.0/16.",
    )
    registry_drop_dir: Path | None = setting(
        "REGISTRY_DROP_DIR", None, "Folder in which the registry's files arrive, for `files`."
    )
    fake_registry_port: int = setting(
        "FAKE_REGISTRY_PORT",
        8002,
        "Port of the fake registry that `make run` starts without REGISTRY_API_BASE.",
        least=1,
        most=65535,
    )
    demo_data: bool = setting(
        "DEMO_DATA", False, "Load demonstration data and accounts; refused in production."
    )
    demo_staff_password: str = setting(
        "DEMO_STAFF_PASSWORD",
        "",
        "Password of the demo staff accounts; `make run` sets `demo-only-password`.",
        secret=True,
    )
    password_profile: str = setting(
        "PASSWORD_PROFILE",
        "mlps",
        "Staff password rules: `mlps` (classified protection) or `asvs`.",
        choices=("mlps", "asvs"),
    )
    slot_horizon_days: int = setting(
        "SLOT_HORIZON_DAYS", 30, "Days ahead for which slots are made.", least=1, most=366
    )
    content_link_hosts: str = setting(
        "CONTENT_LINK_HOSTS",
        "gov.cn,edu.cn,xinhuanet.com,people.com.cn,cctv.com,weixin.qq.com",
        "Sites that articles may link to, with those below them, comma-separated.",
    )
    dev_clock: bool = setting("DEV_CLOCK", False, "Serve `POST /_dev/clock`; refused in production.")
    metrics_token: str = setting(
        "METRICS_TOKEN",
        "",
        "Bearer token of `/metrics`; empty: answered to loopback only, and not in production.",
        secret=True,
    )
    log_level: str = setting(
        "LOG_LEVEL",
        "INFO",
        "Lowest level that is logged.",
        choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    )
    log_format: str = setting(
        "LOG_FORMAT", "json", "`json` lines, or `console` for people.", choices=("json", "console")
    )
    background: bool = setting(
        "BACKGROUND", True, "Run background work: beside the web threads, or with Redis by `make worker`."
    )

    @property
    def production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def database(self) -> str:
        """The database's address, SQLite in DATA_DIR unless another is set."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'app.sqlite3'}"

    @property
    def goes_on_s(self) -> float:
        """How long a server that was asked to end still takes requests, so that a balancer can look away."""
        return self.stop_delay_s if self.stop_delay_s is not None else 5.0 if self.production else 0.0

    @property
    def registry(self) -> RegistrySettings:
        secrets_given = (item.strip() for item in self.registry_webhook_secrets.split(","))
        return RegistrySettings(
            transport=self.registry_transport,
            api_base=self.registry_api_base.rstrip("/"),
            client_id=self.registry_client_id,
            client_secret=self.registry_client_secret,
            private_key_file=self.registry_private_key_file,
            webhook_secrets=tuple(item for item in secrets_given if item),
            drop_dir=self.registry_drop_dir,
            allow_loopback=not self.production,
            networks=tuple(item.strip() for item in self.registry_networks.split(",") if item.strip()),
        )

    @property
    def link_hosts(self) -> tuple[str, ...]:
        """The sites that articles may link to."""
        return tuple(item.strip() for item in self.content_link_hosts.split(",") if item.strip())

    @property
    def partner_audiences(self) -> tuple[str, str]:
        """What partners' tokens and assertions are for: the partner API, and its token endpoint."""
        base = self.partner_audience.rstrip("/") or f"http://{self.host}:{self.port}/api/registry/v1"
        return base, f"{base}/oauth/token"

    def key_ring(self) -> tuple[list[tuple[str, bytes]], bytes]:
        """The ring of (id, secret), active first, and the index key."""
        try:
            return read_key_ring(self.app_keys, self.index_key, self.data_dir)
        except ValueError as error:
            raise UnsafeSettings(str(error)) from None


def load_settings() -> Settings:
    """Read the environment and `.env`; what is empty counts as absent. Raises UnsafeSettings, see `check`."""
    read_dotenv()
    env = Env(expand_vars=False)
    try:
        values = {
            field.name: _read(env, field)
            for field in dataclasses.fields(Settings)
            if os.environ.get(field.metadata["env"])
        }
    except EnvError as error:
        raise UnsafeSettings(str(error)) from None
    settings = Settings(**values)
    check(settings)
    return settings


def _read(env: Env, field: dataclasses.Field[Any]) -> Any:
    name = field.metadata["env"]
    if field.type is bool:
        return env.bool(name)
    if field.type is int:
        return env.int(name)
    if field.type in {float, float | None}:
        return env.float(name)
    if field.type is Environment:
        return env.enum(name, enum=Environment, by_value=True)
    return env.path(name) if field.type in {Path, Path | None} else env.str(name)


def check(settings: Settings) -> None:
    """Refuse what must not run. Raises UnsafeSettings, whose message says what to change."""
    for field in dataclasses.fields(Settings):
        _check_value(field.metadata, getattr(settings, field.name))
    if settings.web_processes > 1 and not settings.redis_url:
        raise UnsafeSettings("WEB_PROCESSES above 1 needs REDIS_URL: limits and caches must be shared.")
    if not settings.database.startswith(_DATABASES):
        raise UnsafeSettings(f"DATABASE_URL starts with one of: {', '.join(_DATABASES)}")
    if settings.redis_url and not settings.redis_url.startswith(_REDISES):
        raise UnsafeSettings("REDIS_URL starts with redis://, rediss:// or unix://")
    if settings.partner_certificate_header and not settings.trusted_proxies:
        raise UnsafeSettings("PARTNER_CERTIFICATE_HEADER needs TRUSTED_PROXIES: else anybody could send it.")
    try:
        check_wechat(settings, production=settings.production)
        check_registry(settings.registry, production=settings.production)
    except ValueError as error:
        raise UnsafeSettings(str(error)) from None
    if bool(settings.app_keys) != bool(settings.index_key):
        raise UnsafeSettings("APP_KEYS and INDEX_KEY are set together.")
    if settings.app_keys:
        settings.key_ring()
    if settings.production:
        _check_production(settings)


def _check_value(facts: Mapping[str, Any], value: Any) -> None:
    name, choices, least, most = facts["env"], facts["choices"], facts["least"], facts["most"]
    value = least if value is None else value
    if choices and value not in choices:
        raise UnsafeSettings(f"{name} is one of: {', '.join(choices)}")
    if (least is not None and value < least) or (most is not None and value > most):
        raise UnsafeSettings(f"{name} must be at least {least}" + (f" and at most {most}." if most else "."))


def _check_production(settings: Settings) -> None:
    refused = {
        "APP_KEYS and INDEX_KEY must be set in production.": not settings.app_keys,
        "Demo data and accounts do not exist in production: unset DEMO_DATA and DEMO_STAFF_PASSWORD.": bool(
            settings.demo_data or settings.demo_staff_password
        ),
        "DEV_CLOCK must be off in production.": settings.dev_clock,
        "The WeChat account is the demonstration's: set your own WECHAT_MP_APPID and WECHAT_MP_SECRET.": (
            "demo" in settings.wechat_appid or settings.wechat_secret.startswith("demo-")
        ),
        "WECHAT_MP_APPID and WECHAT_MP_SECRET must be set in production.": not (
            settings.wechat_appid and settings.wechat_secret
        ),
    }
    for message, applies in refused.items():
        if applies:
            raise UnsafeSettings(message)
