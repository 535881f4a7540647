"""What staff type at the desk finds the booking: a number, a code, a name, a phone or its end."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking, Slot
from miniprogram_api.visits.queries.desk import DeskFilter, list_site_bookings
from miniprogram_api.visits.rules.party import normalise_name
from miniprogram_api.visits.rules.searching import Clue, clues_of
from miniprogram_api.visits.service import indexing
from tests.conftest import Clock
from tests.factories.gate import current_ticket
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.clients import BearerClient
from tests.support.statements import statements
from tests.support.withdrawing import give_contact

NAMES = (
    ("王小明", "13800138000"),
    ("王 芳", "13900001234"),
    ("欧阳锋", "13700008000"),
    ("Anna Lee", "+4915112345678"),
)


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


def add_booking(slot: Slot, name: str, phone: str) -> Booking:
    with atomic() as session:
        booking = make_booking(session, session.merge(slot))
        give_contact(booking, name, phone)
        return booking


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id)


@pytest.fixture
def bookings(slot: Slot) -> list[Booking]:
    return [add_booking(slot, name, phone) for name, phone in NAMES]


def found(site: Site, words: str, *, on: Any = None) -> set[Any]:
    with reading() as session:
        page = list_site_bookings(
            session,
            site_id=site.id,
            wanted=DeskFilter(words=words, visit_on=on),
            today=WEDNESDAY_AT_NINE.date(),
            limit=50,
            cursor=None,
        )
    return {shown.id for shown in page.items}


def of(bookings: list[Booking], *numbers: int) -> set[Any]:
    return {bookings[number].id for number in numbers}


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("8000", (0, 2)),
        (" 1234 ", (1,)),
        ("13800138000", (0,)),
        ("+86 138-0013-8000", (0,)),
        ("王小明", (0,)),
        (" 王 小 明 ", (0,)),
        ("王芳", (1,)),
        ("anna lee", (3,)),
        ("0000", ()),
        ("王大明", ()),
    ],
)
def test_a_contact_is_found_on_any_day(
    site: Site, bookings: list[Booking], words: str, numbers: tuple[int, ...]
) -> None:
    assert found(site, words) == of(bookings, *numbers)


@pytest.mark.parametrize(("words", "numbers"), [("王", (0, 1)), ("阳", (2,)), ("LEE", (3,)), ("赵", ())])
def test_a_part_of_a_name_is_found_within_a_day(
    site: Site, slot: Slot, bookings: list[Booking], words: str, numbers: tuple[int, ...]
) -> None:
    assert found(site, words, on=slot.visit_on) == of(bookings, *numbers)
    assert found(site, words, on=slot.visit_on + timedelta(days=1)) == set()


def test_a_number_and_a_short_code_are_found(site: Site, bookings: list[Booking]) -> None:
    with reading() as session:
        code = current_ticket(session, bookings[1].id).short_code
    assert found(site, bookings[0].number.lower()) == of(bookings, 0)
    assert found(site, code) == of(bookings, 1)


def test_another_sites_visitors_are_not_found(app: Flask, site: Site, bookings: list[Booking]) -> None:
    with atomic() as session:
        other = make_site(session)
    for words in ("8000", "13800138000", "王小明", bookings[0].number):
        assert found(other, words) == set()


def test_of_two_sites_the_same_contact_looks_different(site: Site, slot: Slot) -> None:
    with atomic() as session:
        there = make_slot(session, make_site(session).id)
    here, elsewhere = (add_booking(each, "王小明", "13800138000") for each in (slot, there))
    with reading() as session:
        rows = session.execute(
            select(Booking.contact_tail_index, Booking.contact_name_index).where(
                Booking.id.in_([here.id, elsewhere.id])
            )
        ).all()
    assert len({value for row in rows for value in row}) == 4


def test_searching_takes_as_many_statements_for_many(site: Site, slot: Slot) -> None:
    def sent() -> int:
        with statements() as noted:
            found(site, "王", on=slot.visit_on)
        return len(noted)

    add_booking(slot, "王小明", "13800138000")
    one = sent()
    for number in range(9):
        add_booking(slot, "王芳", f"1390000123{number}")
    assert sent() == one <= 4


def test_the_desk_api_searches_alike(app: Flask, site: Site, bookings: list[Booking]) -> None:
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    for words in ("8000", "王小明"):
        answer = manager.get(f"/api/staff/v1/sites/{site.id}/bookings", query_string={"q": words})
        assert str(bookings[0].id) in {shown["id"] for shown in answer.get_json()["items"]}


@pytest.mark.parametrize(
    ("words", "clues"),
    [
        ("1234", [Clue.TAIL]),
        ("12345", [Clue.CODE]),
        ("13800138000", [Clue.CODE, Clue.PHONE]),
        ("261130-ABCD", [Clue.CODE]),
        ("ABCD", [Clue.CODE, Clue.NAME]),
        ("王小明", [Clue.NAME]),
        ("=1+1", []),
    ],
)
def test_words_are_taken_for_what_they_may_be(words: str, clues: list[Clue]) -> None:
    assert clues_of(words) == clues


def test_two_spellings_of_a_name_are_one() -> None:
    spellings = ("买买提·艾力", "买买提•艾力", "买买提 艾力", "买买提艾力")
    assert {normalise_name(name) for name in spellings} == {"买买提艾力"}


def forget_indexes(*bookings: Booking) -> None:
    """As bookings are that were made before a desk could look contacts up."""
    with atomic() as session:
        for booking in bookings:
            kept = session.get_one(Booking, booking.id)
            kept.contact_tail_index = kept.contact_name_index = None


def indexes_of(booking: Booking) -> tuple[bytes | None, bytes | None]:
    with reading() as session:
        kept = session.get_one(Booking, booking.id)
        return kept.contact_tail_index, kept.contact_name_index


def test_old_bookings_are_found_once_their_contacts_are_indexed(
    app: Flask, site: Site, slot: Slot, bookings: list[Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 3)
    with atomic() as session:
        nameless = make_booking(session, session.merge(slot))
    before = [indexes_of(booking) for booking in bookings]
    forget_indexes(*bookings)
    assert found(site, "王小明") == found(site, "8000") == set()
    told = app.test_cli_runner().invoke(args=["bookings", "index-contacts"])
    assert told.exit_code == 0, told.output
    assert told.output.endswith("4 bookings can be found by their contacts now.\n")
    assert [indexes_of(booking) for booking in bookings] == before
    assert found(site, "王小明") == {bookings[0].id}
    assert indexes_of(nameless) == (None, None)
    again = app.test_cli_runner().invoke(args=["bookings", "index-contacts"])
    assert again.output == "0 bookings can be found by their contacts now.\n"


def test_a_contact_that_is_erased_meanwhile_gets_no_index(
    bookings: list[Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_indexes(bookings[0])
    opened = personal.open_contact

    def erase_first(*args: Any, **kwargs: Any) -> Any:
        session.execute(update(Booking).where(Booking.id == bookings[0].id).values(personal.NO_CONTACT))
        return opened(*args, **kwargs)

    monkeypatch.setattr(personal, "open_contact", erase_first)
    with atomic() as session:
        assert indexing.index_contacts(session, [bookings[0].id]) == 0
    assert indexes_of(bookings[0]) == (None, None)
