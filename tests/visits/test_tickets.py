"""A ticket is what we signed, or it is nothing."""

import string
from datetime import UTC, datetime
from io import BytesIO
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from miniprogram_api.kernel import crypto
from miniprogram_api.visits import tickets
from miniprogram_api.visits.tickets import TicketClaims, TicketInvalid

OLD, NEW = ("old", b"o" * 32), ("new", b"n" * 32)
INDEX_KEY = b"i" * 32
CLAIMS = TicketClaims(
    ticket_id=UUID(int=1),
    slot_id=UUID(int=2),
    seats=5,
    valid_from=datetime(2026, 11, 25, 0, 45, tzinfo=UTC),
    valid_until=datetime(2026, 11, 25, 1, 30, tzinfo=UTC),
    sequence=3,
)
ALPHABET = string.ascii_letters + string.digits + "-_."


@pytest.fixture(autouse=True)
def _keys() -> None:
    crypto.configure(keys=[NEW, OLD], index_key=INDEX_KEY)


def test_a_ticket_says_what_was_signed() -> None:
    assert tickets.verify(tickets.issue(CLAIMS)) == CLAIMS


def test_the_same_ticket_has_the_same_code() -> None:
    assert tickets.issue(CLAIMS) == tickets.issue(CLAIMS)


def test_a_code_fits_a_qr_code_with_ease() -> None:
    assert len(tickets.issue(CLAIMS)) < 180


def test_every_changed_character_makes_a_ticket_invalid() -> None:
    code = tickets.issue(CLAIMS)
    for position, character in enumerate(code):
        for other in ALPHABET:
            if other != character:
                with pytest.raises(TicketInvalid):
                    tickets.verify(code[:position] + other + code[position + 1 :])


def test_every_missing_or_added_character_makes_a_ticket_invalid() -> None:
    code = tickets.issue(CLAIMS)
    for position in range(len(code)):
        with pytest.raises(TicketInvalid):
            tickets.verify(code[:position] + code[position + 1 :])
        with pytest.raises(TicketInvalid):
            tickets.verify(code[:position] + "A" + code[position:])


@given(st.text(max_size=400))
def test_any_other_text_is_invalid(text: str) -> None:
    with pytest.raises(TicketInvalid):
        tickets.verify(text)


@pytest.mark.parametrize("code", ["", "...", "v1...", "v1.new.AAAA.AAAA", "v2.new.AAAA.AAAA", "v1.new.==.=="])
def test_a_near_miss_is_invalid(code: str) -> None:
    with pytest.raises(TicketInvalid):
        tickets.verify(code)


def test_a_ticket_of_a_former_key_stays_valid() -> None:
    assert tickets.verify(tickets.issue(CLAIMS, key_id="old")) == CLAIMS


def test_a_ticket_whose_key_has_gone_is_signed_by_the_active_one() -> None:
    assert tickets.issue(CLAIMS, key_id="gone") == tickets.issue(CLAIMS, key_id=tickets.active_key())


def test_a_key_that_is_not_ours_signs_nothing() -> None:
    crypto.configure(keys=[("new", b"x" * 32)], index_key=INDEX_KEY)
    forged = tickets.issue(CLAIMS)
    crypto.configure(keys=[NEW, OLD], index_key=INDEX_KEY)
    with pytest.raises(TicketInvalid):
        tickets.verify(forged)


def test_a_ticket_has_a_picture() -> None:
    picture = Image.open(BytesIO(tickets.as_png(tickets.issue(CLAIMS))))
    assert picture.format == "PNG"
    assert min(picture.size) >= 200
