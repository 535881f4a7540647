"""Opening hours, closures and notes read as good Chinese."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from miniprogram_api.sites.models import ClosureKind, SiteType
from miniprogram_api.sites.rules import (
    ClosureFacts,
    Note,
    OpeningRuleFacts,
    Season,
    closure_in_words,
    indicator_kinds,
    note_in_words,
    opening_in_words,
)
from miniprogram_api.sites.rules.dictionary import DISTRICTS, TYPES, shown_code, shown_name


def a_rule(*weekdays: int, **changes: Any) -> OpeningRuleFacts:
    defaults: dict[str, Any] = {
        "opens_minute": 540,
        "closes_minute": 960,
        "slot_minutes": 60,
        "capacity": 20,
    }
    return OpeningRuleFacts(id=UUID(int=1), weekdays=frozenset(weekdays), **defaults | changes)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (a_rule(3, 4, 5, 6, 7), "周三至周日 09:00—16:00 开放，每场 1 小时，可预约 20 人。"),
        (a_rule(*range(1, 8), slot_minutes=90), "每天 09:00—16:00 开放，每场 1 个半小时，可预约 20 人。"),
        (a_rule(6, 7, slot_minutes=45), "周六、周日 09:00—16:00 开放，每场 45 分钟，可预约 20 人。"),
        (a_rule(1, 2, 3, 5), "周一至周三、周五 09:00—16:00 开放，每场 1 小时，可预约 20 人。"),
        (a_rule(2, slot_minutes=420), "周二 09:00—16:00 开放，每场可预约 20 人。"),
        (
            a_rule(2, closes_minute=1440, slot_minutes=120),
            "周二 09:00—24:00 开放，每场 2 小时，可预约 20 人。",
        ),
        (
            a_rule(2, day_capacity=100),
            "周二 09:00—16:00 开放，每场 1 小时，可预约 20 人，全天最多 100 人。",
        ),
        (
            a_rule(2, season=Season((4, 1), (10, 31))),
            "4 月 1 日至 10 月 31 日，周二 09:00—16:00 开放，每场 1 小时，可预约 20 人。",
        ),
        (
            a_rule(2, season=Season((11, 1), (3, 31))),
            "11 月 1 日至次年 3 月 31 日，周二 09:00—16:00 开放，每场 1 小时，可预约 20 人。",
        ),
        (
            a_rule(2, valid_from=date(2026, 12, 1)),
            "周二 09:00—16:00 开放，每场 1 小时，可预约 20 人（自 2026 年 12 月 1 日起执行）。",
        ),
        (
            a_rule(2, valid_to=date(2026, 12, 31)),
            "周二 09:00—16:00 开放，每场 1 小时，可预约 20 人（执行至 2026 年 12 月 31 日）。",
        ),
        (
            a_rule(2, valid_from=date(2026, 12, 1), valid_to=date(2026, 12, 31)),
            "周二 09:00—16:00 开放，每场 1 小时，可预约 20 人"
            "（2026 年 12 月 1 日至 2026 年 12 月 31 日执行）。",
        ),
    ],
)
def test_a_rule_is_one_sentence(rule: OpeningRuleFacts, sentence: str) -> None:
    assert opening_in_words([rule]) == [sentence]


def test_hours_before_and_after_noon_are_one_sentence() -> None:
    afternoon = a_rule(6, 7, opens_minute=780, closes_minute=960)
    morning = a_rule(6, 7, closes_minute=660)
    assert opening_in_words([afternoon, morning]) == [
        "周六、周日 09:00—11:00、13:00—16:00 开放，每场 1 小时，可预约 20 人。"
    ]


def test_the_weekly_closing_day_is_left_out_of_the_hours_and_told_at_the_end() -> None:
    assert opening_in_words([a_rule(*range(1, 8))], weekly_closing_weekday=1) == [
        "周二至周日 09:00—16:00 开放，每场 1 小时，可预约 20 人。",
        "每周一闭馆；逢法定节假日照常开放，闭馆顺延至其后的第一个工作日。",
    ]


def test_what_goes_before_comes_first_and_is_said_to() -> None:
    usual, summer = a_rule(2), a_rule(2, opens_minute=480, season=Season((7, 1), (8, 31)), priority=5)
    assert opening_in_words([usual, summer]) == [
        "7 月 1 日至 8 月 31 日，周二 08:00—16:00 开放，每场 1 小时，可预约 20 人。",
        "周二 09:00—16:00 开放，每场 1 小时，可预约 20 人。",
        "以上时间如有重叠，以列在前面的为准。",
    ]


def test_no_rules_are_no_words() -> None:
    assert opening_in_words([], weekly_closing_weekday=1) == []


class TestClosures:
    def a_closure(self, **changes: Any) -> ClosureFacts:
        defaults: dict[str, Any] = {
            "kind": ClosureKind.CLOSED,
            "first_on": date(2026, 12, 7),
            "last_on": date(2026, 12, 7),
            "reason_code": "maintenance",
            "public_text": "设备检修。",
        }
        return ClosureFacts(id=UUID(int=1), **defaults | changes)

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({}, "2026 年 12 月 7 日暂停开放：设备检修。"),
            (
                {"last_on": date(2026, 12, 8)},
                "2026 年 12 月 7 日至 2026 年 12 月 8 日暂停开放：设备检修。",
            ),
            (
                {"from_minute": 540, "to_minute": 720, "kind": ClosureKind.SPECIAL_OPENING},
                "2026 年 12 月 7 日 09:00—12:00 临时开放：设备检修。",
            ),
        ],
    )
    def test_a_closure_is_one_sentence(self, changes: dict[str, Any], sentence: str) -> None:
        assert closure_in_words(self.a_closure(**changes)) == sentence


class TestNotes:
    def test_a_suspension_gives_reason_and_end(self) -> None:
        text = note_in_words(Note.SUSPENDED, reason="主展厅改造。", until=date(2026, 12, 31))
        assert text == "本示范点暂停开放。原因：主展厅改造。预计暂停至 2026 年 12 月 31 日。"

    def test_a_suspension_without_an_end_says_only_why(self) -> None:
        assert note_in_words(Note.SUSPENDED, reason="检修") == "本示范点暂停开放。原因：检修。"

    @pytest.mark.parametrize("note", [Note.RE_REVIEW, Note.RECTIFYING, Note.EXPIRED, Note.WITHDRAWN])
    def test_the_registrys_notes_never_carry_the_sites_reason(self, note: Note) -> None:
        assert "检修" not in note_in_words(note, reason="检修")

    def test_a_re_review_is_told_neutrally(self) -> None:
        assert "照常" in note_in_words(Note.RE_REVIEW)


class TestIndicators:
    @pytest.mark.parametrize(
        ("site_type", "codes"),
        [
            (SiteType.PARK, ["total_emissions"]),
            (SiteType.FACTORY, ["total_emissions"]),
            (SiteType.BUILDING, ["total_emissions"]),
            (SiteType.SCHOOL, ["emissions_per_floor_area"]),
            (SiteType.COMMUNITY, ["emissions_per_floor_area", "total_emissions"]),
            (SiteType.SCENIC_AREA, ["emissions_per_visitor", "total_emissions"]),
            ("harbour", ["total_emissions"]),
        ],
    )
    def test_each_type_has_the_indicators_the_plan_names(self, site_type: str, codes: list[str]) -> None:
        kinds = indicator_kinds(site_type)
        assert [kind.code for kind in kinds] == codes
        assert all(kind.name and kind.unit and kind.aim for kind in kinds)


class TestDictionary:
    def test_the_districts_of_the_city_are_named(self) -> None:
        assert DISTRICTS["220102"] == "南关区"
        assert {"净月高新区", "经开区", "汽开区", "高新区"} <= set(DISTRICTS.values())

    def test_an_unknown_code_is_shown_as_other(self) -> None:
        assert (shown_code(TYPES, "harbour"), shown_name(TYPES, "harbour")) == ("other", "其他")
        assert (shown_code(TYPES, "park"), shown_name(TYPES, "park")) == ("park", "园区")
