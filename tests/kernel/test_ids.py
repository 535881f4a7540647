"""Identifiers: ordered ids, codes that survive paper, tokens that cannot be guessed."""

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.kernel import ids


def test_ids_are_ordered_by_time_and_distinct() -> None:
    made = [ids.new_id() for _ in range(2_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(type(made_id) is UUID and made_id.version == 7 for made_id in made)


@pytest.mark.parametrize("length", [4, 8, 12])
def test_a_short_code_uses_letters_that_cannot_be_confused(length: int) -> None:
    code = ids.short_code(length)
    assert len(code) == length
    assert set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert ids.normalise_short_code(code) == code


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("abcd-efgh", "ABCDEFGH"),
        (" ab cd\tef gh ", "ABCDEFGH"),
        ("oOiIlL00", "00111100"),
        ("", ""),
    ],
)
def test_a_typed_code_is_read_as_it_was_meant(typed: str, stored: str) -> None:
    assert ids.normalise_short_code(typed) == stored


@given(st.text())
def test_normalising_twice_changes_nothing_more(typed: str) -> None:
    once = ids.normalise_short_code(typed)
    assert ids.normalise_short_code(once) == once


def test_tokens_hold_256_bits_and_are_kept_as_hashes() -> None:
    token, other = ids.opaque_token(), ids.opaque_token()
    assert token != other
    assert len(token) == 43
    assert ids.token_hash(token) == hashlib.sha256(token.encode()).digest()
