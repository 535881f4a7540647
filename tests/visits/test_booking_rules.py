"""The rules of booking, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.kernel.errors import AppError
from miniprogram_api.visits.errors import bookings as errors
from miniprogram_api.visits.rules.bookings import Situation, Visitings, busiest_span, check_booking
from miniprogram_api.visits.rules.party import (
    Contact,
    IdType,
    Party,
    Person,
    check_party,
    contact_to_keep,
    normalise_id,
    normalise_phone,
    persons_to_keep,
    remaining_party,
)
from miniprogram_api.visits.rules.policy import Policy, RealName
from miniprogram_api.visits.rules.slots import Access, SlotFacts

STARTS_AT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
RELEASES_AT = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
BOOKS_UNTIL = STARTS_AT - timedelta(hours=1)
NOW = STARTS_AT - timedelta(days=2)
SECOND = timedelta(seconds=1)
DAY = date(2026, 11, 25)
COUPLE = Party(adults=2, children=0)


def situation(*, slot: dict[str, Any] | None = None, **changes: Any) -> Situation:
    facts: dict[str, Any] = {
        "visit_on": DAY,
        "starts_at": STARTS_AT,
        "releases_at": RELEASES_AT,
        "books_until": BOOKS_UNTIL,
        "closed": False,
        "closed_reason": None,
        "provisional": False,
        "left": 5,
    }
    values: dict[str, Any] = {
        "slot": SlotFacts(**facts | (slot or {})),
        "ends_at": STARTS_AT + timedelta(hours=1),
        "closed_text": None,
        "access": Access(bookable=True),
        "policy": Policy(),
        "children_left": None,
        "wheelchairs_left": None,
        "sign_language_left": None,
        "visitings": Visitings(),
    }
    return Situation(**values | changes)


def refusal(
    found: Situation, party: Party = COUPLE, *, now: datetime = NOW, overridden: bool = False
) -> AppError:
    with pytest.raises(AppError) as raised:
        check_booking(found, party, now=now, overridden=overridden)
    return raised.value


class TestTime:
    def test_a_slot_opens_at_its_release_and_not_a_second_before(self) -> None:
        early = refusal(situation(), now=RELEASES_AT - SECOND)
        assert early.code == "visits.not_released"
        assert early.params["opens_at"] == "2026-11-18T18:00:00+08:00"
        check_booking(situation(), COUPLE, now=RELEASES_AT)

    def test_a_slot_closes_at_its_cutoff_and_not_a_second_before(self) -> None:
        check_booking(situation(), COUPLE, now=BOOKS_UNTIL - SECOND)
        assert refusal(situation(), now=BOOKS_UNTIL).code == "visits.past_cutoff"

    def test_a_closed_slot_says_why(self) -> None:
        closed = situation(slot={"closed": True, "closed_reason": "weather"}, closed_text="因大雪闭馆")
        assert refusal(closed).params == {"reason": "weather", "text": "因大雪闭馆"}

    def test_a_day_of_an_ungazetted_year_is_not_released_and_promises_no_time(self) -> None:
        error = refusal(situation(slot={"provisional": True}))
        assert (error.code, error.params["opens_at"]) == ("visits.not_released", None)

    def test_a_paused_site_takes_no_bookings(self) -> None:
        assert refusal(situation(access=Access(bookable=False))).code == "visits.site_not_bookable"


class TestPlaces:
    def test_each_cap_refuses_with_its_own_code(self) -> None:
        family = Party(adults=2, children=2, wheelchairs=2)
        assert refusal(situation(slot={"left": 3}), family).code == "visits.slot_full"
        assert refusal(situation(slot={"day_left": 3}), family).code == "visits.day_full"
        assert refusal(situation(children_left=1), family).code == "visits.children_full"
        assert refusal(situation(wheelchairs_left=1), family).code == "visits.wheelchairs_taken"
        signing = Party(adults=2, children=2, sign_language=1)
        assert refusal(situation(sign_language_left=0), signing).code == "visits.sign_language_taken"
        check_booking(situation(sign_language_left=0), family, now=NOW)

    def test_a_party_that_just_fits_is_taken(self) -> None:
        found = situation(slot={"left": 4, "day_left": 4}, children_left=2, wheelchairs_left=1)
        check_booking(found, Party(adults=2, children=2, wheelchairs=1), now=NOW)

    def test_a_full_slot_says_how_many_seats_are_left(self) -> None:
        assert refusal(situation(slot={"left": 1})).params["left"] == 1


class TestParty:
    @pytest.mark.parametrize(
        ("party", "code"),
        [
            (Party(6, 0), "visits.party_too_large"),
            (Party(0, 1), "visits.party_needs_adult"),
            (Party(1, 4), "visits.too_many_children"),
        ],
    )
    def test_a_party_against_the_policy_is_refused(self, party: Party, code: str) -> None:
        with pytest.raises(AppError) as raised:
            check_party(party, Policy())
        assert raised.value.code == code

    def test_a_party_below_the_least_size_is_refused(self) -> None:
        with pytest.raises(errors.PartyTooSmall):
            check_party(Party(2, 0), Policy(party_min=3))

    def test_three_children_may_come_with_one_adult(self) -> None:
        check_party(Party(1, 3), Policy())

    def test_children_may_come_alone_where_the_policy_lets_them(self) -> None:
        check_party(Party(0, 5), Policy(children_per_adult=None))

    def test_children_leave_first_when_only_a_number_drops_out(self) -> None:
        assert remaining_party(Party(2, 3, 1), seats=4, adults=0, children=0) == Party(1, 0, 1)

    def test_who_drops_out_can_be_said(self) -> None:
        assert remaining_party(Party(2, 3), seats=None, adults=1, children=0) == Party(1, 3)


class TestVisitings:
    def test_a_barred_member_is_told_until_when(self) -> None:
        barred = situation(visitings=Visitings(barred_until=NOW + SECOND))
        assert refusal(barred).params == {"until": "2026-11-23T09:00:01+08:00"}
        check_booking(barred, COUPLE, now=NOW + SECOND)

    def test_a_second_visit_on_one_day_names_the_rule(self) -> None:
        error = refusal(situation(visitings=Visitings(same_site={DAY: "N-1"})))
        assert (error.code, error.params["rule"]) == ("visits.already_booked", "one_visit_per_day")

    def test_visits_at_the_same_time_are_refused(self) -> None:
        assert refusal(situation(visitings=Visitings(overlapping="N-2"))).code == "visits.overlaps"

    def test_the_sixth_visit_within_thirty_days_is_refused(self) -> None:
        days = {DAY - timedelta(days=back): "N" for back in (1, 2, 3, 4, 29)}
        assert refusal(situation(visitings=Visitings(same_site=days))).code == "visits.limit_reached"
        days = {DAY - timedelta(days=back): "N" for back in (1, 2, 3, 4, 30)}
        check_booking(situation(visitings=Visitings(same_site=days)), COUPLE, now=NOW)

    @given(st.sets(st.integers(-40, 40), max_size=12), st.integers(1, 30))
    def test_the_busiest_span_is_the_most_of_all_spans_with_the_new_day(
        self, offsets: set[int], days: int
    ) -> None:
        booked = {DAY + timedelta(days=offset) for offset in offsets - {0}}
        spans = [
            {DAY + timedelta(days=first + step) for step in range(days)} for first in range(-days + 1, 1)
        ]
        assert busiest_span(booked, DAY, days=days) == 1 + max(len(span & booked) for span in spans)


class TestOverride:
    def test_an_override_lifts_rules_of_time_party_and_member(self) -> None:
        found = situation(visitings=Visitings(same_site={DAY: "N"}))
        roomy = replace(found, slot=replace(found.slot, left=9))
        check_booking(roomy, Party(9, 0), now=RELEASES_AT - SECOND, overridden=True)
        check_booking(roomy, Party(9, 0), now=STARTS_AT + SECOND, overridden=True)

    def test_an_override_never_opens_what_is_closed_full_or_over(self) -> None:
        assert refusal(situation(slot={"closed": True}), overridden=True).code == "visits.slot_closed"
        assert refusal(situation(slot={"left": 1}), overridden=True).code == "visits.slot_full"
        over = refusal(situation(), now=STARTS_AT + timedelta(hours=1), overridden=True)
        assert over.code == "visits.past_cutoff"
        paused = situation(access=Access(bookable=False))
        assert refusal(paused, overridden=True).code == "visits.site_not_bookable"


ADA = Person("Ada", IdType.ID_CARD, "220102198501010019")
BOB = Person("Bob", IdType.PASSPORT, "G12345678")


class TestPersons:
    def test_no_more_is_kept_than_the_policy_asks_for(self) -> None:
        kept = {
            real_name: persons_to_keep([ADA, BOB], Party(2, 1), Policy(real_name=real_name))
            for real_name in RealName
        }
        assert kept == {
            RealName.NONE: [],
            RealName.CONTACT: [],
            RealName.LEAD: [ADA],
            RealName.ALL: [ADA, BOB],
        }

    def test_children_are_counted_and_not_named(self) -> None:
        assert persons_to_keep([ADA], Party(1, 3), Policy(real_name=RealName.ALL)) == [ADA]

    def test_missing_visitors_are_counted(self) -> None:
        with pytest.raises(errors.VisitorsRequired) as raised:
            persons_to_keep([ADA], Party(2, 0), Policy(real_name=RealName.ALL))
        assert raised.value.params == {"needed": 2}

    def test_a_contact_is_needed_wherever_names_are(self) -> None:
        assert contact_to_keep(None, Policy()) is None
        with pytest.raises(errors.ContactRequired):
            contact_to_keep(None, Policy(real_name=RealName.CONTACT))
        contact = Contact("Ada", "13800138000")
        assert contact_to_keep(contact, Policy()) == contact


class TestDocuments:
    @pytest.mark.parametrize(
        ("id_type", "typed", "kept"),
        [
            (IdType.ID_CARD, "220102198501010019", "220102198501010019"),
            (IdType.ID_CARD, "11010519491231002x", "11010519491231002X"),
            (IdType.ID_CARD, "220106 19900202 1231", "220106199002021231"),
            (IdType.HMT_RESIDENCE_PERMIT, "810000199001011230", "810000199001011230"),
            (IdType.HK_MACAU_PERMIT, "h12345678", "H12345678"),
            (IdType.TAIWAN_PERMIT, "12345678", "12345678"),
            (IdType.FOREIGN_PERMANENT_RESIDENCE, "USA123456789012", "USA123456789012"),
            (IdType.FOREIGN_PERMANENT_RESIDENCE, "911015619900101122", "911015619900101122"),
            (IdType.PASSPORT, "e1234-5678", "E12345678"),
        ],
    )
    def test_a_valid_number_is_normalised(self, id_type: IdType, typed: str, kept: str) -> None:
        assert normalise_id(id_type, typed) == kept

    @pytest.mark.parametrize(
        ("id_type", "typed"),
        [
            (IdType.ID_CARD, "220102198501010010"),
            (IdType.ID_CARD, "220102198513010017"),
            (IdType.ID_CARD, "22010219850101001"),
            (IdType.ID_CARD, "２２０１０２１９８５０１０１００１９"),
            (IdType.HMT_RESIDENCE_PERMIT, "810000199001011231"),
            (IdType.HMT_RESIDENCE_PERMIT, "220102198501010019"),
            (IdType.HK_MACAU_PERMIT, "X12345678"),
            (IdType.TAIWAN_PERMIT, "1234567"),
            (IdType.FOREIGN_PERMANENT_RESIDENCE, "911015619900101123"),
            (IdType.PASSPORT, "E1"),
            (IdType.PASSPORT, "护照123456"),
        ],
    )
    def test_what_cannot_be_a_number_is_refused(self, id_type: IdType, typed: str) -> None:
        assert normalise_id(id_type, typed) is None

    @pytest.mark.parametrize("digit", "0123456789X")
    def test_only_the_right_check_digit_passes(self, digit: str) -> None:
        assert (normalise_id(IdType.ID_CARD, f"22010219850101001{digit}") is not None) == (digit == "9")

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("138 0013 8000", "13800138000"),
            ("+86 13800138000", "13800138000"),
            ("0431-88776655", "043188776655"),
            ("+33123456789", "+33123456789"),
            ("12345", None),
            ("１３８００１３８０００", None),
            ("phone", None),
        ],
    )
    def test_phones_are_normalised(self, typed: str, kept: str | None) -> None:
        assert normalise_phone(typed) == kept
