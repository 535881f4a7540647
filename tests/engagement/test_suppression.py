"""What leaves tells of nobody: by example, and against an attacker who knows the rules."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniprogram_api.engagement import rules
from miniprogram_api.engagement.rules import Figures, Shown, let_out
from tests.support.disclosure import FEW, WHOLES, History, alternatives, attack, publish

pytestmark = pytest.mark.once

PARTS = [name for divisions in WHOLES.values() for division in divisions for name in division]
OF_PEOPLE = frozenset(WHOLES) | frozenset(PARTS)


def shown(*steps: Figures) -> Shown:
    """What is shown after a day's figures have changed step by step."""
    earlier: list[Shown] = []
    for figures in steps:
        earlier.append(let_out(figures, earlier))
    return earlier[-1]


def hidden(**figures: Any) -> set[str]:
    return set(let_out(Figures(**figures)).hidden)


@pytest.mark.parametrize("name", WHOLES)
@pytest.mark.parametrize(("people", "is_hidden"), [(0, False), (1, True), (4, True), (5, False), (90, False)])
def test_one_to_four_people_are_hidden(name: str, people: int, is_hidden: bool) -> None:
    told = let_out(Figures(**{name: people}))
    assert (name in told.hidden) is is_hidden
    assert told.values[name] == (None if is_hidden else people)


def test_parts_of_a_whole_are_hidden_together() -> None:
    assert hidden(bookings=30, cancellations=3, no_shows=12) == {"cancellations", "no_shows"}
    assert hidden(visitors=30, minors_under14=20, minors_14_17=4) == {"minors_under14", "minors_14_17"}


def test_what_remains_of_a_whole_is_a_part_of_it() -> None:
    """28 of 30 were minors: two grown-ups would be told by subtraction."""
    assert hidden(visitors=30, minors_under14=20, minors_14_17=8) == {"minors_under14", "minors_14_17"}
    assert hidden(visitors=30, group_visitors=29) == {"group_visitors"}
    assert hidden(visitors=30, group_visitors=30) == set()


def test_a_hidden_whole_takes_its_parts_along() -> None:
    assert hidden(bookings=4, cancellations=4) == {"bookings", "cancellations", "no_shows"}


def test_counts_that_contradict_each_other_are_not_shown() -> None:
    assert hidden(visitors=10, group_visitors=12) == {"group_visitors"}


def test_what_nobody_can_tell_is_empty_and_not_hidden() -> None:
    told = let_out(Figures(visitors=3))
    assert told.values["minors_under14"] is None
    assert "minors_under14" not in told.hidden


def test_ratings_are_shown_from_five_with_their_sum() -> None:
    assert hidden(ratings_n=4, rating_sum=17) == {"ratings_n", "rating_sum"}
    assert hidden(ratings_n=5, rating_sum=21) == set()


def test_grams_of_few_people_are_hidden_with_them() -> None:
    told = hidden(green_checkins=2, avoided_co2_g=900, factor_set="2026-1")
    assert told == {"green_checkins", "avoided_co2_g", "factor_set"}


def test_things_are_not_people() -> None:
    assert hidden(school_groups=1, content_published=2, content_views=3) == set()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (20, 22, 20),
        (20, 24, 20),
        (20, 25, 25),
        (20, 16, 20),
        (20, 15, 15),
        (0, 5, 5),
        (6, 3, None),
        (3, 5, 5),
    ],
)
def test_what_was_shown_changes_by_five_or_more(before: int, after: int, told: int | None) -> None:
    assert shown(Figures(visitors=before), Figures(visitors=after)).values["visitors"] == told


def test_a_change_is_held_against_everything_shown_before() -> None:
    steps = [Figures(visitors=people) for people in (20, 30, 21)]
    assert shown(*steps).values["visitors"] == 30
    assert shown(*steps, Figures(visitors=20)).values["visitors"] == 20


def test_small_changes_leave_once_they_add_up() -> None:
    steps = [Figures(visitors=people) for people in (20, 22, 24, 26)]
    assert shown(*steps).values["visitors"] == 26


def test_a_part_or_the_rest_that_changes_by_few_holds_the_family() -> None:
    before = Figures(visitors=40, group_visitors=20)
    assert shown(before, Figures(visitors=46, group_visitors=22)).values["group_visitors"] == 20
    assert shown(before, Figures(visitors=46, group_visitors=25)).values["visitors"] == 40
    assert shown(before, Figures(visitors=50, group_visitors=25)).values["group_visitors"] == 25


def test_another_family_is_not_held() -> None:
    told = shown(Figures(visitors=20, bookings=10), Figures(visitors=22, bookings=16))
    assert (told.values["visitors"], told.values["bookings"]) == (20, 16)


def test_a_sum_of_the_same_people_moves_only_with_other_factors() -> None:
    before = Figures(green_checkins=9, avoided_co2_g=900, factor_set="2026-1")
    assert shown(before, replace(before, avoided_co2_g=950)).values["avoided_co2_g"] == 900
    anew = replace(before, avoided_co2_g=950, factor_set="2026-2")
    assert shown(before, anew).values["avoided_co2_g"] == 950
    rated = Figures(ratings_n=6, rating_sum=20)
    assert shown(rated, replace(rated, rating_sum=22)).values["rating_sum"] == 20


def test_totals_are_sums_of_what_is_shown_and_say_what_they_leave_out() -> None:
    totals = rules.total(let_out(Figures(visitors=people)) for people in (20, 3, 0, 7))
    assert (totals.rows, totals.values["visitors"]) == (4, 27)
    assert totals.left_out == {"visitors": 1, "group_visitors": 1}
    assert totals.values["minors_under14"] is None
    assert rules.total([]).values["visitors"] is None


def test_what_is_stored_is_read_as_it_was() -> None:
    told = let_out(Figures(visitors=3, bookings=20, green_checkins=6, factor_set="2026-1"))
    assert rules.unpack(rules.pack(told)) == told


_people = st.one_of(st.integers(0, 9), st.integers(0, 40))


@st.composite
def _figures(draw: st.DrawFn) -> Figures:
    values: dict[str, Any] = {}
    for whole, divisions in WHOLES.items():
        values[whole] = left_of_whole = draw(_people)
        for division in divisions:
            left = left_of_whole
            for name in division:
                values[name] = draw(st.one_of(st.integers(0, min(left, 6)), st.integers(0, left)))
                left -= values[name]
    if draw(st.booleans()):
        values |= {"minors_under14": None, "minors_14_17": None}
    return Figures(**values)


_histories = st.dictionaries(
    st.tuples(st.sampled_from("AB"), st.integers(1, 2)),
    st.lists(_figures(), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(_histories)
def test_nobody_who_solves_all_linear_relations_narrows_a_hidden_figure(history: History) -> None:
    published = publish(history)
    attacker = attack(published)
    for key, states in published.days.items():
        for step, told in enumerate(states):
            for name in told.hidden & OF_PEOPLE:
                low, high = attacker.bounds.get(((key, step), name), (0, 99))
                assert low <= FEW[0], f"{name} of {key} is told to be {low} at least"
                assert high >= FEW[-1], f"{name} of {key} is told to be {high} at most"


@settings(max_examples=60)
@given(_histories)
def test_another_small_number_leads_to_the_same_publications(history: History) -> None:
    """So nobody can tell which it was, whatever they compute; changes that were held back included."""
    published = publish(history)
    for what, other in alternatives(history):
        assert publish(other) == published, what


@settings(max_examples=60)
@given(_histories)
def test_no_two_states_of_a_day_differ_by_few_people(history: History) -> None:
    for states in publish(history).days.values():
        for name in OF_PEOPLE:
            values = {told.values[name] for told in states} - {None}
            assert all(a == b or abs(a - b) >= rules.LEAST_PEOPLE for a in values for b in values), name


def test_control_true_totals_would_tell_a_hidden_day() -> None:
    """The attacker is one: against totals that count what is hidden it finds the number."""
    history = {("A", 1): [Figures(visitors=20)], ("A", 2): [Figures(visitors=3)]}
    published = publish(history)
    attacker = attack(published)
    assert attacker.bounds[(("A", 2), 0), "visitors"] == (1, 4)
    attacker.knows_sum([((("A", on), 0), "visitors") for on in (1, 2)], 23)
    attacker.solve()
    assert attacker.bounds[(("A", 2), 0), "visitors"] == (3, 3)


def test_control_a_single_hidden_part_would_be_told_by_subtraction() -> None:
    figures = Figures(bookings=30, cancellations=3, no_shows=12)
    careless = Shown({**let_out(figures).values, "no_shows": 12}, frozenset({"cancellations"}))
    published = publish({("A", 1): [figures]})
    attacker = attack(replace(published, days={("A", 1): [careless]}))
    assert attacker.bounds[(("A", 1), 0), "cancellations"][1] == 18
    attacker.knows(((("A", 1), 0), "rest of cancellations"), 15, 15)  # who came is often seen elsewhere
    attacker.solve()
    assert attacker.bounds[(("A", 1), 0), "cancellations"] == (3, 3)


def test_control_without_holding_back_another_number_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_differ_by_few", lambda *_: False)
    history = {("A", 1): [Figures(visitors=20), Figures(visitors=22)]}
    published = publish(history)
    assert any(publish(other) != published for _, other in alternatives(history))


def test_control_without_parts_hidden_together_another_number_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "is_few", lambda people: people == 1)
    history = {("A", 1): [Figures(visitors=20, group_visitors=17)]}
    published = publish(history)
    assert any(publish(other) != published for _, other in alternatives(history))
