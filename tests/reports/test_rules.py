"""Shares are made of sums, and a period has an end."""

from datetime import date, timedelta

import pytest

from miniprogram_api.reports.errors import PeriodTooLong
from miniprogram_api.reports.rules import (
    HEADER,
    Figures,
    Period,
    cells_of,
    in_words,
    percent,
    period_of,
    total_of,
)

DAY = date(2026, 11, 1)


def test_a_period_has_a_year_at_most() -> None:
    assert period_of(DAY, DAY).days == 1
    assert period_of(DAY, DAY + timedelta(days=365)).days == 366
    for last in (DAY - timedelta(days=1), DAY + timedelta(days=366)):
        with pytest.raises(PeriodTooLong):
            period_of(DAY, last)


def test_shares_are_of_sums_and_never_of_nothing() -> None:
    figures = Figures(slots=2, capacity=40, bookings=9, seats=30, settled=20, no_shows=3)
    assert (percent(figures.fill), percent(figures.no_show_rate)) == ("75.0%", "15.0%")
    assert (percent(Figures().fill), percent(Figures().no_show_rate)) == ("—", "—")
    assert total_of([figures, figures]).fill == figures.fill
    assert len(cells_of(figures)) == len(HEADER)


@pytest.mark.parametrize(
    ("figures", "beginning"),
    [
        (Figures(), "这 1 天没有开放的场次。"),
        (Figures(slots=1, capacity=9), "这 1 天没有预约。"),
        (
            Figures(bookings=3, cancelled=1, seats=5),
            "这 1 天共有 3 个预约，其中 1 个已取消；未取消的预约合计 5 人。",
        ),
    ],
)  # fmt: skip
def test_the_first_sentence_says_what_there_was(figures: Figures, beginning: str) -> None:
    assert in_words(Period(DAY, DAY), figures)[0] == beginning


def test_the_sentences_name_both_shares() -> None:
    figures = Figures(
        slots=2, capacity=40, bookings=9, seats=30, arrived=17, walk_ins=2, settled=20, no_shows=3
    )
    sentences = "".join(in_words(Period(DAY, DAY), figures))
    for part in ("实际到场 17 人，其中现场登记 2 人", "约满率 75.0%", "应到 20 人，爽约 3 人，爽约率 15.0%"):
        assert part in sentences
