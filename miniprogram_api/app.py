"""The composition root: the only module that knows every feature."""

import importlib
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings
from config.logging import configure_logging
from content import links
from content.overdue import measure_overdue
from content.queries.assets import is_library_picture
from content.related import WrittenArticles
from miniprogram_api.cli import register_commands
from miniprogram_api.console import init_console
from miniprogram_api.engagement import published_content
from miniprogram_api.engagement.content_queries import PublishedArticles
from miniprogram_api.identity.authentication import authenticate_member
from miniprogram_api.identity.staff_authentication import authenticate_device, authenticate_staff
from miniprogram_api.kernel import cache, crypto, files, tasks
from miniprogram_api.kernel.db import db, init_db
from miniprogram_api.registry import freshness as registry_freshness
from miniprogram_api.registry import sources
from miniprogram_api.registry.partner_authentication import SIGNING_SCHEMES, authenticate_partner
from miniprogram_api.registry.routes.names import init_names
from miniprogram_api.registry.rules.partners import PARTNER_SCOPES
from miniprogram_api.sites import articles, availability, consequences, freshness, shown_files
from miniprogram_api.visits.availability import SlotAvailability, SlotConsequences
from miniprogram_api.web.addresses import CleanAddress
from miniprogram_api.web.api import init_errors, make_api
from miniprogram_api.web.auth import init_auth
from miniprogram_api.web.health import init_health
from miniprogram_api.web.limits import init_limits
from miniprogram_api.web.partners import PartnerProblem, describe_security, init_partners
from miniprogram_api.web.prepared import init_prepared
from miniprogram_api.web.telemetry import init_telemetry
from miniprogram_api.wechat.gateway import Gateway
from miniprogram_api.wechat.official import OfficialGateway

FEATURES = (
    "miniprogram_api.wechat",
    "miniprogram_api.identity",
    "miniprogram_api.sites",
    "miniprogram_api.visits",
    "content",
    "miniprogram_api.feedback",
    "miniprogram_api.messaging",
    "miniprogram_api.engagement",
    "miniprogram_api.registry",
    "miniprogram_api.open_data",
)
SCHEMA_HEAD = "0004"
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class _Json(DefaultJSONProvider):
    ensure_ascii = False
    sort_keys = False
    compact = True


def create_app(settings: Settings) -> Flask:
    """The whole application for one set of settings; starts nothing in the background."""
    configure_logging(level=settings.log_level, style=settings.log_format)
    app = Flask("miniprogram_api", static_folder=None)
    app.json = _Json(app)
    app.url_map.strict_slashes = False
    app.extensions["settings"] = settings
    app.wsgi_app = CleanAddress(app.wsgi_app)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=1)  # type: ignore[method-assign]
    _init_kernel(app, settings)
    _init_web(app, settings)
    _init_features(app, settings)
    return app


def _init_kernel(app: Flask, settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys, index_key = settings.key_ring()
    crypto.configure(keys=keys, index_key=index_key)
    files.configure(settings.data_dir)
    cache.configure(settings.redis_url or None)
    init_db(app, url=settings.database, pool_size=settings.database_pool)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)
    app.extensions["wechat"] = Gateway(settings.wechat, cache.current())
    account = settings.official
    app.extensions["wechat_official"] = OfficialGateway(account, cache.current()) if account else None


def _init_web(app: Flask, settings: Settings) -> None:
    init_telemetry(app)
    init_errors(app)
    init_limits(app, redis_url=settings.redis_url, spare_loopback=not settings.production)
    init_auth(
        app,
        {
            "mp": authenticate_member,
            "st": authenticate_staff,
            "gd": authenticate_device,
            "pt": authenticate_partner,
        },
        schemes=SIGNING_SCHEMES,
    )
    init_partners(app)
    watched = {} if settings.registry.transport == "off" else {"registry": registry_freshness.is_current}
    measures = [measure_overdue, *([registry_freshness.measure_exchange] if watched else [])]
    init_health(app, settings=settings, schema_head=SCHEMA_HEAD, watched=watched, measures=measures)
    init_prepared(app)


def _init_features(app: Flask, settings: Settings) -> None:
    _connect_ports(settings)
    members = make_api(app, name="app", title="长春低碳示范区小程序")
    staff = make_api(app, name="staff", title="长春低碳示范区工作人员接口")
    partner = make_api(app, name="partner", title="长春低碳示范区数据交换接口", problem_schema=PartnerProblem)
    describe_security(partner, dict(PARTNER_SCOPES))
    everybody = make_api(app, name="open", title="长春低碳示范区开放数据")
    for feature in FEATURES:
        _optional(feature, "models")
        _optional(feature, "jobs")
        routes = _optional(feature, "routes")
        for blueprint in getattr(routes, "APP_BLUEPRINTS", ()):
            members.register_blueprint(blueprint)
        for blueprint in getattr(routes, "STAFF_BLUEPRINTS", ()):
            staff.register_blueprint(blueprint)
        for blueprint in getattr(routes, "PARTNER_BLUEPRINTS", ()):
            partner.register_blueprint(blueprint)
        for blueprint in getattr(routes, "OPEN_BLUEPRINTS", ()):
            everybody.register_blueprint(blueprint)
    init_names(app)
    init_console(app)
    register_commands(app)
    tasks.init_tasks(
        app,
        redis_url=settings.redis_url or None,
        data_dir=settings.data_dir,
        immediate=not settings.background,
    )


def _optional(feature: str, module: str) -> ModuleType | None:
    name = f"{feature}.{module}"
    return importlib.import_module(name) if find_spec(name) else None


def _connect_ports(settings: Settings) -> None:
    """Let features ask what only those above or beside them know, and reach the registry."""
    availability.use(SlotAvailability())
    articles.use(WrittenArticles())
    published_content.use(PublishedArticles(settings.public_base_url))
    consequences.use(SlotConsequences(days=settings.slot_horizon_days))
    shown_files.use(is_library_picture)
    links.use(settings.link_hosts)
    sources.connect(settings.registry)
    has_registry = settings.registry.transport != "off"
    freshness.use(registry_freshness.RegistryFreshness() if has_registry else freshness.NeverStale())


def start_background(app: Flask) -> tasks.EmbeddedConsumer:
    """Run background work on threads of this process; stop it with `.stop(graceful=True)`."""
    consumer = tasks.EmbeddedConsumer(app)
    consumer.start()
    return consumer
