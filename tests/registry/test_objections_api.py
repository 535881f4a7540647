"""Filing objections: who may, when, how often, with which pictures; and who sees what of them."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity.models import Consent, ConsentPurpose
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.registry.models import Objection
from tests.conftest import Clock
from tests.factories.notices import make_notice
from tests.factories.staff import signed_in
from tests.support.canaries import find_canaries
from tests.support.clients import BearerClient
from tests.support.objections import PERSON, TEXT, Objector, held

TODAY = date(2026, 11, 23)


@pytest.fixture
def alice(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Objector:
    return Objector(app, fake_wechat)


@pytest.fixture
def notice(app: Flask, clock: Clock) -> str:
    with atomic() as session:
        return make_notice(session, last_day=TODAY).project_id


def count(model: type) -> int:
    with reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


class TestFiling:
    def test_an_objection_is_kept_with_its_first_step(self, alice: Objector, notice: str) -> None:
        answer = alice.object_to(notice, title="排放数据与实际不符")

        shown = answer.get_json()
        assert answer.status_code == 201
        assert shown["number"].startswith("YY20261123-")
        assert (shown["state"], shown["state_text"]) == ("checking", "内容审核中")
        assert shown["project"] == {"id": notice, "name": "双阳生态产业园（示例）"}
        assert shown["person"] == {"name": "王**", "phone": "138****8111"}
        assert [step["state"] for step in shown["steps"]] == ["checking"]
        whole = {**shown, "title": "排放数据与实际不符", "text": TEXT}
        assert alice.look(shown["id"]) == whole
        assert alice.get("/api/v1/objections").get_json()["items"] == [whole]

    def test_nothing_of_person_and_words_is_stored_readable(self, alice: Objector, notice: str) -> None:
        alice.objected(notice, title="排放数据与实际不符")
        with reading() as session:
            assert find_canaries(session, [TEXT, *PERSON.values(), "排放数据与实际不符"]) == set()

    def test_an_audit_row_and_an_event_tell_of_it_without_the_person(
        self, alice: Objector, notice: str
    ) -> None:
        filed = alice.objected(notice)
        with reading() as session:
            fact = session.scalars(select(EventRow).where(EventRow.name == "registry.objection_filed")).one()
            row = session.scalars(select(AuditRow).where(AuditRow.action == fact.name)).one()
        assert fact.payload == {"objection_id": filed, "project_id": notice}
        assert (row.object_type, row.object_id, row.actor_id) == ("objection", filed, alice.id)

    def test_the_consent_is_recorded_with_its_text(self, alice: Objector, notice: str) -> None:
        row = held(alice.objected(notice))
        with reading() as session:
            consent = session.scalars(
                select(Consent).where(Consent.purpose == ConsentPurpose.OBJECTION_IDENTITY)
            ).one()
        assert (row.consent_version, row.consent_sha256) == (consent.text_version, consent.text_sha256)
        assert consent.granted

    def test_another_text_than_the_one_in_force_is_no_consent(self, alice: Objector, notice: str) -> None:
        answer = alice.object_to(notice, consent_version="2020-01-01")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "identity.consent_text_outdated")
        assert count(Objection) == 0

    def test_a_repeat_with_the_same_key_files_nothing_more(self, alice: Objector, notice: str) -> None:
        first, again = (alice.object_to(notice, key="k1") for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.get_json() == again.get_json()
        assert count(Objection) == 1

    def test_a_key_is_needed(self, alice: Objector, notice: str) -> None:
        answer = alice.post(f"/api/v1/notices/{notice}/objections", json={})
        assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency.missing")

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("text", "太短", "field.length"),
            ("text", "长" * 2001, "field.length"),
            ("text", "          空白不算字          "[:12], "field.length"),
            ("title", "题" * 61, "field.length"),
            ("name", "", "field.length"),
            ("phone", "12345", "visits.phone_invalid"),
            ("consent", False, "registry.consent_needed"),
            ("consent", "yes", "field.type"),
            ("file_ids", ["x"] * 6, "field.length"),
            ("openid", "o-bob", "field.unknown"),
        ],
    )
    def test_a_wrong_field_is_named(
        self, alice: Objector, notice: str, field: str, value: Any, code: str
    ) -> None:
        answer = alice.object_to(notice, **{field: value})
        assert answer.status_code == 422
        assert [(error["field"], error["code"]) for error in answer.get_json()["errors"]] == [(field, code)]

    @pytest.mark.parametrize("missing", ["text", "name", "phone", "consent"])
    def test_what_is_needed_is_needed(self, alice: Objector, notice: str, missing: str) -> None:
        body = {"text": TEXT, **PERSON, "consent": True}
        del body[missing]
        answer = alice.post(
            f"/api/v1/notices/{notice}/objections", json=body, headers={"Idempotency-Key": "k"}
        )
        assert [error["field"] for error in answer.get_json()["errors"]] == [missing]


class TestThePeriod:
    def test_the_last_day_ends_at_midnight_in_beijing(
        self, alice: Objector, notice: str, clock: Clock
    ) -> None:
        clock.set(datetime(2026, 11, 23, 23, 59, 59, tzinfo=BEIJING))
        alice.sign_in_again()
        assert alice.object_to(notice).status_code == 201

        clock.advance(seconds=1)
        answer = alice.object_to(notice)

        problem = answer.get_json()
        assert (answer.status_code, problem["code"]) == (409, "registry.notice_closed")
        assert problem["detail"] == "公示期已结束（最后一天为 2026-11-23），不再受理异议。"
        assert count(Objection) == 1

    def test_before_its_first_day_a_notice_takes_no_objection(
        self, app: Flask, alice: Objector, clock: Clock
    ) -> None:
        first_day = TODAY + timedelta(days=1)
        with atomic() as session:
            notice = make_notice(session, notice_from=first_day).project_id
        answer = alice.object_to(notice)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "registry.notice_not_open")
        assert answer.get_json()["params"] == {"first_day": "2026-11-24"}

        clock.set(datetime(2026, 11, 24, 0, 0, tzinfo=BEIJING))
        alice.sign_in_again()

        assert alice.object_to(notice).status_code == 201

    def test_a_project_that_is_not_shown_is_unknown(self, app: Flask, alice: Objector) -> None:
        with atomic() as session:
            make_notice(session, "CC-1", lifecycle="rejected")
        assert alice.object_to("CC-1").status_code == 404
        assert alice.object_to("nothing").status_code == 404


class TestTheDailyLimit:
    def test_three_a_day_to_one_notice(
        self, app: Flask, alice: Objector, notice: str, fake_wechat: FakeWeChat
    ) -> None:
        with atomic() as session:
            other = make_notice(session).project_id
        for _ in range(3):
            alice.objected(notice)

        answer = alice.object_to(notice)

        assert (answer.status_code, answer.get_json()["code"]) == (429, "registry.objections_limited")
        assert int(answer.headers["Retry-After"]) == 14 * 3600 + 1
        assert alice.object_to(other).status_code == 201
        assert Objector(app, fake_wechat, "bob").object_to(notice).status_code == 201

    def test_the_next_day_they_are_counted_anew(self, app: Flask, alice: Objector, clock: Clock) -> None:
        with atomic() as session:
            notice = make_notice(session, last_day=TODAY + timedelta(days=1)).project_id
        for _ in range(3):
            alice.objected(notice)
        clock.set(datetime(2026, 11, 24, 0, 0, tzinfo=BEIJING))
        alice.sign_in_again()
        assert alice.object_to(notice).status_code == 201


class TestWhoSeesIt:
    def test_somebody_elses_looks_like_none(
        self, app: Flask, alice: Objector, notice: str, fake_wechat: FakeWeChat
    ) -> None:
        filed, bob = alice.objected(notice), Objector(app, fake_wechat, "bob")

        foreign = bob.get(f"/api/v1/objections/{filed}")
        unknown = bob.get(f"/api/v1/objections/{UUID(int=5)}")

        assert foreign.status_code == unknown.status_code == 404
        bodies = [answer.get_json() | {"trace_id": ""} for answer in (foreign, unknown)]
        assert bodies[0] == bodies[1]
        assert bob.get("/api/v1/objections").get_json()["items"] == []

    def test_staff_read_the_words_and_not_by_whom(self, app: Flask, alice: Objector, notice: str) -> None:
        filed = alice.objected(notice, title="排放数据与实际不符")
        admin = BearerClient(app, signed_in(Role.ADMIN))

        one = admin.get(f"/api/staff/v1/objections/{filed}")
        [listed] = admin.get("/api/staff/v1/objections", query_string={"project_id": notice}).get_json()[
            "items"
        ]

        assert one.get_json() == listed
        assert listed["text"] == TEXT
        assert "person" not in listed
        for secret in (*PERSON.values(), "王**", "138****8111", alice.id):
            assert secret not in one.text

    def test_a_reviewer_of_a_site_or_an_organisation_sees_none(
        self, app: Flask, alice: Objector, notice: str
    ) -> None:
        from tests.factories.sites import make_organisation, make_site

        filed = alice.objected(notice)
        with atomic() as session:
            organisation = make_organisation(session).id
            site = make_site(session).id
        for place in ({"site_id": site}, {"organisation_id": organisation}):
            reviewer = BearerClient(app, signed_in(Role.REVIEWER, **place))
            assert reviewer.get("/api/staff/v1/objections").status_code == 403
            assert reviewer.get(f"/api/staff/v1/objections/{filed}").status_code == 403
            assert reviewer.post(f"/api/staff/v1/objections/{filed}/release").status_code == 403
