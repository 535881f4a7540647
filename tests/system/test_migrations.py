"""Migrations: one line of them, reversible with data, and the tables they make are the models' (T16)."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Connection, MetaData, create_engine, inspect, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable

from config.settings import Environment, Settings
from miniprogram_api.app import MIGRATIONS, SCHEMA_HEAD, create_app
from miniprogram_api.kernel import audit, events, search
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.visits.models import PolicyVersion
from miniprogram_api.visits.queries import default_policy
from tests.factories.members import give_phone, make_member
from tests.factories.sites import make_opening_rule, make_photo, make_site
from tests.factories.visits import make_booking, make_policy, make_slot
from tests.kernel.test_events import LampLit
from tests.support.servers import database_at

DIRECTORY = str(MIGRATIONS)


@pytest.fixture
def empty(
    on_postgres: bool, worker_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Flask]:
    """An application on a database of this test's own, in which nothing is made yet."""
    url, name = "", f"lowcarbon_migrations_{worker_name}_{os.getpid()}"
    if on_postgres:
        server = os.environ["TEST_POSTGRES_URL"]
        url = database_at(server, name)
        _on_server(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    app = create_app(
        Settings(environment=Environment.TEST, data_dir=tmp_path, database_url=url, background=False)
    )
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if on_postgres:
        _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


def _on_server(server: str, *statements: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def _seed() -> None:
    """Rows in tables of every feature, some of which need others."""
    with atomic() as session:
        site = make_site(session)
        make_opening_rule(session, site.id)
        make_photo(session, site)
        search.SearchIndex("site").put(session, site.id, title=site.name)
        member = make_member(session)
        give_phone(session, member.id)
        slot = make_slot(session, site.id)
        make_booking(session, slot, member_id=member.id)
        events.publish(session, LampLit(lamp="hall", watts=9))
        audit.record(session, actor=audit.SYSTEM, action="seed", object_type="site", object_id=str(site.id))
    audit.seal_audit()


def _tables() -> set[str]:
    return set(inspect(db.engine).get_table_names())


def _schema() -> str:
    """Every table and index as statements, in one digest."""
    found = MetaData()
    found.reflect(db.engine)
    lines = [
        str(ddl.compile(db.engine))
        for table in found.sorted_tables
        if search.include_name(table.name)
        for ddl in (
            CreateTable(table),
            *map(CreateIndex, sorted(table.indexes, key=lambda index: index.name or "")),
        )
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _rows(connection: Connection) -> dict[str, str]:
    """A digest of the rows of each table, whatever order they are in."""
    found = MetaData()
    found.reflect(connection)
    return {
        table.name: hashlib.sha256(
            "\n".join(sorted(repr(tuple(row)) for row in connection.execute(select(table)))).encode()
        ).hexdigest()
        for table in found.sorted_tables
        if table.name != "alembic_version"
    }


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config(DIRECTORY))


def test_there_is_one_line_of_migrations_and_the_code_expects_its_end(empty: Flask) -> None:
    scripts = _scripts()
    assert scripts.get_heads() == [SCHEMA_HEAD]
    assert len(scripts.get_bases()) == 1


def test_revisions_have_four_digits_in_order_and_their_files_say_so(empty: Flask) -> None:
    revisions = [script.revision for script in reversed(list(_scripts().walk_revisions()))]
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("*.py"))
    assert [name[:5] for name in names] == [f"{revision}_" for revision in revisions]
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", name) for name in names)


def test_the_tables_that_are_made_are_the_models(empty: Flask) -> None:
    upgrade(directory=DIRECTORY)
    check(directory=DIRECTORY)


def test_a_database_with_rows_goes_down_and_up_again(empty: Flask) -> None:
    upgrade(directory=DIRECTORY)
    schema, tables = _schema(), _tables()
    _seed()
    downgrade(directory=DIRECTORY, revision="base")
    assert _tables() == {"alembic_version"}
    upgrade(directory=DIRECTORY)
    assert (_schema(), _tables()) == (schema, tables)
    _seed()


def test_each_later_step_down_and_up_keeps_every_row(empty: Flask) -> None:
    upgrade(directory=DIRECTORY)
    _seed()
    with db.engine.connect() as connection:
        before = _rows(connection)
    for script in list(_scripts().walk_revisions())[:-1]:
        downgrade(directory=DIRECTORY, revision=str(script.down_revision))
        upgrade(directory=DIRECTORY)
        with db.engine.connect() as connection:
            assert _rows(connection) == before


def test_booking_rules_that_nobody_stated_are_the_citys_and_stated_ones_the_sites(empty: Flask) -> None:
    upgrade(directory=DIRECTORY)
    with atomic() as session:
        follower, own = make_site(session).id, make_site(session).id
        for site_id in (follower, own):
            make_slot(session, site_id)
        make_policy(session, own, party_max=8).created_by = "staff:s-1"
    downgrade(directory=DIRECTORY, revision="0002")
    upgrade(directory=DIRECTORY)
    with reading() as session:
        marked = select(PolicyVersion.site_id, PolicyVersion.version, PolicyVersion.default_version)
        found = {tuple(row) for row in session.execute(marked)}
        assert found == {(follower, 1, 0), (own, 1, 0), (own, 2, None)}
        assert default_policy.list_followers_without(session, 1, limit=9) == [follower]


def test_upgrading_twice_changes_nothing(empty: Flask) -> None:
    upgrade(directory=DIRECTORY)
    _seed()
    with db.engine.connect() as connection:
        before = _rows(connection)
    upgrade(directory=DIRECTORY)
    with db.engine.connect() as connection:
        assert _rows(connection) == before


def test_two_hosts_that_migrate_at_once_both_succeed(empty: Flask, on_postgres: bool) -> None:
    if not on_postgres:
        pytest.skip("a SQLite file has one host")
    settings: Settings = empty.extensions["settings"]
    variables = os.environ | {"DATABASE_URL": settings.database_url, "DATA_DIR": str(settings.data_dir)}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade", "-d", DIRECTORY]
    hosts = [subprocess.Popen(command, cwd=MIGRATIONS.parent, env=variables) for _ in range(2)]
    assert [host.wait(120) for host in hosts] == [0, 0]
    check(directory=DIRECTORY)


def test_a_migration_that_waits_for_a_table_gives_up_before_the_product_notices(
    empty: Flask, on_postgres: bool
) -> None:
    if not on_postgres:
        pytest.skip("limits of PostgreSQL")
    upgrade(directory=DIRECTORY)
    with db.engine.connect() as busy:
        busy.execute(text("SET idle_in_transaction_session_timeout = 0"))
        busy.execute(text("LOCK TABLE kernel_audit IN ACCESS SHARE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            downgrade(directory=DIRECTORY, revision="base")
        busy.rollback()
    check(directory=DIRECTORY)


def test_connections_that_migrated_keep_the_limits_of_the_product(empty: Flask, on_postgres: bool) -> None:
    if not on_postgres:
        pytest.skip("limits of PostgreSQL")
    upgrade(directory=DIRECTORY)
    with db.engine.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "5s"
        assert connection.scalar(text("SHOW lock_timeout")) == "3s"
