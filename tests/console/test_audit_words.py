"""What the audit trail holds is read by people: every fact and every word of a program has a Chinese name."""

import re
from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.console.words.audit_fields import FIELDS, GROUPS, TECHNICAL
from miniprogram_api.console.words.audit_values import say_facts
from miniprogram_api.engagement.models import Operation
from miniprogram_api.feedback.models import FeedbackState, PictureState, SubjectType
from miniprogram_api.feedback.models import HeldBecause as FeedbackHeldBecause
from miniprogram_api.identity.audit_queries import TrailFilter
from miniprogram_api.identity.models import (
    ConsentPurpose,
    InvitationPurpose,
    RequestChannel,
    RequestKind,
    RequestState,
)
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from miniprogram_api.registry.models import DeadLetterClass, ObjectionState
from miniprogram_api.registry.models.announcements import EventType
from miniprogram_api.registry.models.corrections import CorrectionState
from miniprogram_api.registry.models.objections import HeldBecause
from miniprogram_api.registry.models.partners import KeyKind
from miniprogram_api.registry.models.reconciliation import Decision, Kind
from miniprogram_api.registry.rules.records import Op
from miniprogram_api.registry.service.taking_over import Outcome
from miniprogram_api.sites.models import (
    BookingMode,
    ClosureKind,
    Level,
    Lifecycle,
    Overlay,
    ReasonCode,
    SiteType,
)
from miniprogram_api.sites.rules.indicators import indicator_kinds
from miniprogram_api.sites.rules.opening import ClosureFacts, OpeningRuleFacts
from miniprogram_api.sites.service.profile import SITE_OWNED
from miniprogram_api.sites.service.projects import ProjectRecord
from miniprogram_api.visits.models import BookingStatus, SlotAct, SlotState, StrikeKind
from miniprogram_api.visits.models.bookings import Channel
from miniprogram_api.visits.rules.policy import DEFAULT, to_numbers
from miniprogram_api.visits.rules.policy_guide import REAL_NAMES
from miniprogram_api.visits.rules.slot_choice import Treatment
from miniprogram_api.visits.service.slot_change_records import TOUCHED
from tests.factories.staff import signed_in
from tests.support.audit_facts import recorded_facts
from tests.support.pages import PageClient, text_of

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What is recorded as a whole, without a dictionary in the code.
_WHOLE = {
    *(field.name for kind in (OpeningRuleFacts, ClosureFacts, ProjectRecord) for field in fields(kind)),
    *(field.name for field in fields(TrailFilter)),
    *SITE_OWNED,
    *TOUCHED,
    *to_numbers(DEFAULT),
    *(f"{noun}_id" for noun in ("indicator", "local_note", "notice", "photo", "technology")),
}
# Columns that a statement sets whose outcome is recorded.
_NO_FACTS = {"decided_at", "next_attempt_at", "populate_existing", "updated_at"}


def test_every_fact_that_is_recorded_has_a_name_or_is_technical() -> None:
    recorded = recorded_facts()
    assert {"seats", "overlay", "lifecycle", "fingerprint", "code"} <= recorded
    assert sorted((recorded | _WHOLE) - _NO_FACTS - FIELDS.keys() - GROUPS - TECHNICAL) == []


def test_every_name_of_a_fact_is_chinese_and_none_is_technical_too() -> None:
    assert [name for name, said in FIELDS.items() if not _CHINESE.search(said)] == []
    assert FIELDS.keys() & TECHNICAL == set()


@pytest.mark.parametrize(
    ("action", "name", "words"),
    [
        ("identity.role_granted", "role", Role),
        ("identity.consent_decided", "purpose", ConsentPurpose),
        ("identity.staff_invited", "purpose", InvitationPurpose),
        ("identity.data_request_filed", "kind", RequestKind),
        ("identity.data_request_filed", "channel", RequestChannel),
        ("identity.data_request_decided", "state", RequestState),
        ("sites.set_overlay", "overlay", Overlay),
        ("sites.apply_project", "lifecycle", Lifecycle),
        ("sites.apply_project", "type", SiteType),
        ("sites.apply_project", "level", Level),
        ("sites.edit", "booking_mode", BookingMode),
        ("sites.add_closure", "kind", ClosureKind),
        ("sites.add_closure", "reason_code", ReasonCode),
        ("sites.set_indicator", "kind", {kind.code for each in SiteType for kind in indicator_kinds(each)}),
        ("visits.book", "channel", Channel),
        ("visits.book", "status", BookingStatus),
        ("visits.add_strike", "kind", StrikeKind),
        ("visits.slot_closed", "state", SlotState),
        ("visits.slot_closed", "closed_reason", ReasonCode),
        ("visits.change_slots", "act", SlotAct),
        ("visits.change_slots", "treatment", Treatment),
        ("visits.cancel", "by", {"member", "site", "authority"}),
        ("visits.contact_revealed", "fields", {"name", "phone"}),
        ("registry.bury_record", "kind", DeadLetterClass),
        ("registry.decide_difference", "kind", Kind),
        ("registry.decide_difference", "decision", Decision),
        ("registry.replay_dead_letter", "outcome", Outcome),
        ("feedback.moved", "state", FeedbackState),
        ("feedback.moved", "held_because", FeedbackHeldBecause),
        ("feedback.picture_moved", "picture_state", PictureState),
        ("feedback.sent", "subject_type", SubjectType),
        ("registry.objection_moved", "state", ObjectionState),
        ("registry.objection_moved", "held_because", HeldBecause),
        ("registry.settle_correction", "state", CorrectionState),
        ("registry.take_over", "op", Op),
        ("registry.partner_key_added", "kind", KeyKind),
        ("registry.request_subscription", "types", EventType),
        ("engagement.revise_day", "operation", Operation),
    ],
)
def test_every_word_of_a_program_is_said_in_chinese(
    action: str, name: str, words: type[StrEnum] | set[str]
) -> None:
    every: Iterable[Any] = words
    for value in every:
        said, technical = say_facts({name: str(value)}, action)
        assert technical == [], value
        assert _CHINESE.search(said[0][1]), value


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("late", True, "是"),
        ("until", None, "—"),
        ("seats", 3, "3"),
        ("transport", "公交 10 路", "公交 10 路"),
        ("expires_at", "2026-11-23T02:00:00+00:00", "11月23日（周一）10:00"),
        ("visit_on", "2026-11-23", "11月23日（周一）"),
        ("opens_minute", 570, "09:30"),
        ("weekdays", [1, 7], "周一、周日"),
        ("half_points", 1, "0.5 次"),
        ("types", ["engagement.site.opened"], "示范点开放"),
    ],
)
def test_a_value_is_said_for_people(name: str, value: Any, text: str) -> None:
    said, technical = say_facts({name: value}, "visits.book")
    assert technical == []
    assert said == [(FIELDS[name], text)]


def test_numbers_of_the_rules_are_told_one_by_one() -> None:
    said, technical = say_facts({"numbers": to_numbers(DEFAULT)}, "visits.change_policy")
    assert technical == []
    assert ("最多人数", "5 人") in said
    assert ("实名要求", REAL_NAMES[DEFAULT.real_name]) in said


def test_what_has_no_word_is_set_apart() -> None:
    facts = {"unheard_of": "x", "state": "never_heard", "fingerprint": "ab", "places": {"a": 1}}
    said, technical = say_facts(facts, "visits.book")
    assert said == []
    assert technical == [
        ("unheard_of", "x"),
        ("state", "never_heard"),
        ("fingerprint", "ab"),
        ("places", '{"a": 1}'),
    ]


@pytest.mark.usefixtures("clock")
def test_the_page_shows_it_below_a_heading_that_says_so(app: Flask) -> None:
    auditor = PageClient(app, signed_in(Role.AUDITOR))
    with atomic() as session:
        audit.record(
            session,
            actor=SYSTEM,
            action="visits.slot_closed",
            object_type="slot",
            object_id="1",
            before={"state": "open"},
            after={"state": "closed", "closure_id": "abc-1"},
        )
    shown = text_of(auditor.get("/console/audit?action=visits.slot_closed"))
    told, _, apart = shown.partition("技术信息")
    assert "变更前 状态 开放 变更后 状态 关闭" in told
    assert "closure_id abc-1" in apart
    assert "closure_id" not in told
