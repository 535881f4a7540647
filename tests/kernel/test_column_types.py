"""Column types that mean the same on both databases: instants and enumerations as text."""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, insert, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.schema import CreateTable

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class Colour(StrEnum):
    DARK_RED = "dark_red"
    BLUE = "blue"


@pytest.fixture
def things(bare_engine: Engine) -> Table:
    table = Table(
        "things",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("at", UtcDateTime),
        Column("colour", text_enum(Colour)),
    )
    table.create(bare_engine)
    return table


def _stored(engine: Engine, things: Table, **values: object) -> object:
    with engine.begin() as connection:
        connection.execute(insert(things).values(id=1, **values))
        return connection.execute(select(things.c.at, things.c.colour)).one()


@pytest.mark.parametrize("zone", [UTC, BEIJING, timezone(timedelta(hours=-5, minutes=-30))])
def test_an_instant_comes_back_in_utc_whatever_zone_it_was_given_in(
    bare_engine: Engine, things: Table, zone: timezone
) -> None:
    at = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=zone)
    found = _stored(bare_engine, things, at=at).at
    assert found == at
    assert found.tzinfo is UTC


def test_no_instant_stays_none(bare_engine: Engine, things: Table) -> None:
    assert _stored(bare_engine, things, at=None) == (None, None)


def test_an_instant_without_a_zone_cannot_be_stored(bare_engine: Engine, things: Table) -> None:
    with pytest.raises(StatementError, match="time zone"):
        _stored(bare_engine, things, at=datetime(2026, 11, 23, 10, 0))  # noqa: DTZ001  that is the point


def test_instants_compare_in_the_database_across_zones(bare_engine: Engine, things: Table) -> None:
    _stored(bare_engine, things, at=datetime(2026, 11, 23, 0, 30, tzinfo=UTC))
    with bare_engine.connect() as connection:
        later = select(things.c.id).where(things.c.at > datetime(2026, 11, 23, 8, 0, tzinfo=BEIJING))
        assert connection.scalars(later).all() == [1]


def test_an_enumeration_is_stored_as_its_lower_case_value(bare_engine: Engine, things: Table) -> None:
    assert _stored(bare_engine, things, colour=Colour.DARK_RED).colour is Colour.DARK_RED
    with bare_engine.connect() as connection:
        assert connection.scalar(text("SELECT colour FROM things")) == "dark_red"


def test_what_is_no_member_of_an_enumeration_cannot_be_stored(bare_engine: Engine, things: Table) -> None:
    with pytest.raises(StatementError, match="green"):
        _stored(bare_engine, things, colour="green")


def test_constraints_have_names_that_migrations_can_use() -> None:
    engine = create_engine("sqlite://")
    for table in Model.metadata.sorted_tables:
        for constraint in table.constraints:
            assert constraint.name, f"a constraint of {table.name} has no name"
        assert "CONSTRAINT" in str(CreateTable(table).compile(engine))
