"""A site's day and doors to it: a window for each gate, with its own tablet's memory."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, Slot
from tests.conftest import Clock
from tests.factories.gate import Gate
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.desk import TABLET, Desk, seated
from tests.support.door import Door
from tests.support.withdrawing import give_contact

Book = Callable[..., Booking]


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    clock.set(WEDNESDAY_AT_NINE)
    with atomic() as session:
        return make_site(session, name="净月潭低碳示范馆")


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id)


@pytest.fixture
def book(slot: Slot) -> Book:
    """Book parties of people named 王小明, each with a phone of their own."""
    phones = (f"1381234800{digit}" for digit in range(10))

    def make(**values: Any) -> Booking:
        with atomic() as session:
            booking = make_booking(session, session.get_one(Slot, slot.id), **values)
            give_contact(booking, "王小明", next(phones))
            return booking

    return make


@pytest.fixture
def doors(app: Flask, browser: Browser, site: Site, slot: Slot) -> Generator[Callable[[str], Door]]:
    """Open a door by its name: a tablet that is paired with a gate device."""
    with ExitStack() as stack:

        def open_door(name: str) -> Door:
            desk: Desk = stack.enter_context(seated(browser, app, TABLET))
            desk.carry("gid", Gate(app, site.id, name).token)
            return Door(desk, site.id)

        yield open_door


@pytest.fixture
def door(doors: Callable[[str], Door]) -> Door:
    return doors("东门")
