"""Who came first of those whom gates let in by themselves: settled by what they did, in any order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.visits.rules.offline import Claim, Outcome, settle

NINE = datetime(2026, 11, 25, 1, tzinfo=UTC)


def claim(minute: int, heads: int | None = None, *, scanner: str = "device:a", nonce: str = "1") -> Claim:
    return Claim(
        scan_id=uuid4(), at=NINE + timedelta(minutes=minute), scanner=scanner, nonce=nonce, heads=heads
    )


def outcomes(seats: int, *claims: Claim, admitted_online: int = 0) -> list[Outcome]:
    settled = settle(seats=seats, admitted_online=admitted_online, claims=claims)
    return [settled[each.scan_id] for each in claims]


def test_the_earlier_scan_admits_and_the_later_is_in_excess() -> None:
    assert outcomes(3, claim(5, 3), claim(2, 3)) == [Outcome(0, 3, 3, 0), Outcome(3, 0, 3, 0)]


def test_scans_of_one_moment_are_told_apart_by_gate_and_nonce() -> None:
    east, west = claim(1, 2, scanner="device:e"), claim(1, 2, scanner="device:w", nonce="0")
    assert outcomes(2, west, east) == [Outcome(0, 2, 2, 0), Outcome(2, 0, 2, 0)]
    first, second = claim(1, 2, nonce="1"), claim(1, 2, nonce="2")
    assert [each.seats for each in outcomes(2, second, first)] == [0, 2]


def test_two_gates_may_let_in_two_parts_of_a_party() -> None:
    assert outcomes(5, claim(1, 3), claim(2, 2)) == [Outcome(3, 0, 3, 2), Outcome(2, 0, 5, 0)]


def test_who_has_no_place_is_in_excess_and_the_rest_is_admitted() -> None:
    assert outcomes(5, claim(1, 3), claim(2, 4)) == [Outcome(3, 0, 3, 2), Outcome(2, 2, 5, 0)]


def test_what_was_admitted_online_stands() -> None:
    assert outcomes(5, claim(1, 3), admitted_online=4) == [Outcome(1, 2, 5, 0)]
    assert outcomes(5, claim(1), admitted_online=5) == [Outcome(0, 5, 5, 0)]


def test_without_a_number_all_who_were_missing_came() -> None:
    assert outcomes(5, claim(2), claim(1, 2)) == [Outcome(3, 0, 5, 0), Outcome(2, 0, 2, 3)]


@st.composite
def situations(draw: st.DrawFn) -> tuple[int, int, list[Claim], list[Claim]]:
    seats = draw(st.integers(1, 6))
    online = draw(st.integers(0, seats))
    keys = draw(
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.sampled_from("123")), unique=True)
    )
    claims = [
        claim(minute, draw(st.none() | st.integers(0, 7)), scanner=scanner, nonce=nonce)
        for minute, scanner, nonce in keys
    ]
    return seats, online, claims, draw(st.permutations(claims))


@given(situations())
def test_no_order_changes_what_anybody_gets(situation: tuple[int, int, list[Claim], list[Claim]]) -> None:
    seats, online, claims, shuffled = situation
    told = settle(seats=seats, admitted_online=online, claims=claims)
    assert settle(seats=seats, admitted_online=online, claims=shuffled) == told
    assert online + sum(outcome.seats for outcome in told.values()) <= seats


@given(situations())
def test_one_more_scan_never_gives_another_more(
    situation: tuple[int, int, list[Claim], list[Claim]],
) -> None:
    seats, online, claims, _ = situation
    all_of_them: dict[UUID, Outcome] = settle(seats=seats, admitted_online=online, claims=claims)
    for number, left_out in enumerate(claims):
        others = [*claims[:number], *claims[number + 1 :]]
        before = settle(seats=seats, admitted_online=online, claims=others)
        assert all(all_of_them[each.scan_id].seats <= before[each.scan_id].seats for each in others)
        assert left_out.scan_id not in before
