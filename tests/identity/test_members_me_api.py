"""A member's own profile, phone and consents, over HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity import consent_texts
from miniprogram_api.identity.consent_texts import ConsentText
from miniprogram_api.identity.models import ConsentPurpose, Member
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.events import EventRow
from tests.conftest import Clock
from tests.support.clients import FakePeople, MemberClient

PHONE_CALL = "/wxa/business/getuserphonenumber"


@pytest.fixture
def member(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> MemberClient:
    return MemberClient(app, fake_wechat)


@pytest.fixture
def people(fake_wechat: FakeWeChat) -> FakePeople:
    return FakePeople(fake_wechat)


def _trail_after_sign_in() -> tuple[list[str], list[str]]:
    with reading() as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all()
        names = session.scalars(select(EventRow.name).order_by(EventRow.id)).all()
    return list(actions[1:]), list(names[1:])


def _problem_of(answer: Any) -> tuple[int, str, list[tuple[str, str]]]:
    body = answer.get_json()
    return answer.status_code, body["code"], [(error["field"], error["code"]) for error in body["errors"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("DELETE", "/me"),
        ("GET", "/me/export"),
        ("POST", "/me/phone"),
        ("DELETE", "/me/phone"),
        ("GET", "/me/consents"),
        ("PUT", "/me/consents"),
        ("DELETE", "/sessions"),
        ("DELETE", "/sessions/current"),
    ],
)
def test_nothing_of_a_member_is_open_to_nobody(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(f"/api/v1{path}", method=method, json={} if method != "GET" else None)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "auth.unauthenticated")


def test_a_nickname_is_set_trimmed_and_cleared(member: MemberClient) -> None:
    assert member.patch("/api/v1/me", json={"nickname": " 小林 "}).get_json()["nickname"] == "小林"
    assert member.get("/api/v1/me").get_json()["nickname"] == "小林"
    assert member.patch("/api/v1/me", json={}).get_json()["nickname"] == "小林"
    assert member.patch("/api/v1/me", json={"nickname": None}).get_json()["nickname"] is None
    assert _trail_after_sign_in() == (["identity.nickname_changed"] * 2, ["identity.nickname_changed"] * 2)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"nickname": "林" * 41}, "nickname", "field.length"),
        ({"nickname": "  "}, "nickname", "field.length"),
        ({"nickname": "a\nb\x07"}, "nickname", "field.characters"),
        ({"nickname": 7}, "nickname", "field.type"),
        ({"phone": "13800138000"}, "phone", "field.unknown"),
    ],
)
def test_a_wrong_profile_names_its_field(
    member: MemberClient, body: dict[str, Any], field: str, code: str
) -> None:
    assert _problem_of(member.patch("/api/v1/me", json=body)) == (422, "request.invalid", [(field, code)])


def test_a_typed_phone_is_kept_unverified_and_shown_masked(member: MemberClient) -> None:
    answer = member.post("/api/v1/me/phone", json={"phone": "+86 138 0013 8000"})

    assert answer.status_code == 200
    assert answer.get_json()["phone_masked"] == "138****8000"
    assert answer.get_json()["phone_verified"] is False
    assert "13800138000" not in answer.text + member.get("/api/v1/me").text


def test_a_phone_from_wechat_is_verified(member: MemberClient, people: FakePeople) -> None:
    people.control("POST", "/persons", person="alice", phone="13912345678")

    answer = member.post("/api/v1/me/phone", json={"code": people.phone_code("alice")})

    assert answer.status_code == 200
    assert answer.get_json()["phone_masked"] == "139****5678"
    assert answer.get_json()["phone_verified"] is True
    assert people.calls()[PHONE_CALL] == 1


def test_typing_the_verified_number_keeps_it_verified_and_another_does_not(
    member: MemberClient, people: FakePeople
) -> None:
    people.control("POST", "/persons", person="alice", phone="13912345678")
    member.post("/api/v1/me/phone", json={"code": people.phone_code("alice")})

    same = member.post("/api/v1/me/phone", json={"phone": "139-1234-5678"}).get_json()
    other = member.post("/api/v1/me/phone", json={"phone": "13800138000"}).get_json()

    assert (same["phone_verified"], other["phone_verified"]) == (True, False)
    assert _trail_after_sign_in()[0] == ["identity.phone_changed"] * 2


def test_a_phone_is_removed(member: MemberClient) -> None:
    member.post("/api/v1/me/phone", json={"phone": "13800138000"})
    assert member.delete("/api/v1/me/phone").status_code == 204
    assert member.delete("/api/v1/me/phone").status_code == 204
    assert member.get("/api/v1/me").get_json()["phone_masked"] is None
    with reading() as session:
        row = session.scalars(select(Member)).one()
        assert (row.phone_index, row.phone_cipher, row.phone_verified_at) == (None, None, None)
    assert _trail_after_sign_in()[1] == ["identity.phone_changed", "identity.phone_removed"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "", "identity.phone_or_code"),
        ({"phone": "13800138000", "code": "abcdefgh"}, "", "identity.phone_or_code"),
        ({"phone": "12345"}, "phone", "identity.phone_format"),
        ({"phone": "1" * 3000}, "phone", "identity.phone_format"),
        ({"phone": "+85291234567"}, "phone", "identity.phone_format"),
        ({"phone": 13800138000}, "phone", "field.type"),
        ({"phone": None}, "phone", "field.null"),
        ({"code": ""}, "code", "field.length"),
    ],
)
def test_a_phone_comes_in_exactly_one_right_form(
    member: MemberClient, body: dict[str, Any], field: str, code: str
) -> None:
    assert _problem_of(member.post("/api/v1/me/phone", json=body)) == (
        422,
        "request.invalid",
        [(field, code)],
    )


def test_a_used_phone_code_is_refused(member: MemberClient, people: FakePeople) -> None:
    code = people.phone_code("alice")
    member.post("/api/v1/me/phone", json={"code": code})
    answer = member.post("/api/v1/me/phone", json={"code": code})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "wechat.phone_code_rejected")


def test_the_phone_code_of_somebody_else_is_refused(
    member: MemberClient, people: FakePeople, app: Flask, fake_wechat: FakeWeChat
) -> None:
    MemberClient(app, fake_wechat, "bob")
    answer = member.post("/api/v1/me/phone", json={"code": people.phone_code("bob")})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "wechat.phone_code_rejected")
    assert member.get("/api/v1/me").get_json()["phone_masked"] is None


def test_a_foreign_number_from_wechat_is_refused(member: MemberClient, people: FakePeople) -> None:
    people.control("POST", "/persons", person="alice", phone="91234567", country_code="852")
    answer = member.post("/api/v1/me/phone", json={"code": people.phone_code("alice")})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "identity.phone_not_mainland")


def test_a_member_may_redeem_ten_phone_codes_an_hour(member: MemberClient) -> None:
    def attempt() -> int:
        return member.post("/api/v1/me/phone", json={"code": "no-such-code"}).status_code

    assert [attempt() for _ in range(10)] == [422] * 10
    assert attempt() == 429
    assert member.post("/api/v1/me/phone", json={"phone": "13800138000"}).status_code == 200


def test_a_phone_is_stored_as_cipher_and_index_only(member: MemberClient) -> None:
    member.post("/api/v1/me/phone", json={"phone": "13800138000"})
    with reading() as session:
        row = session.scalars(select(Member)).one()
        assert row.phone_cipher is not None
        assert row.phone_index is not None
        assert "13800138000" not in row.phone_cipher
        assert b"13800138000" not in row.phone_index


def _decide(member: MemberClient, purpose: str, granted: bool, version: str | None = "2026-11-01") -> Any:
    item = {"purpose": purpose, "granted": granted} | ({"text_version": version} if version else {})
    return member.put("/api/v1/me/consents", json={"items": [item]})


def _consent(answer: Any, purpose: str = "location") -> dict[str, Any]:
    return dict(next(item for item in answer.get_json()["items"] if item["purpose"] == purpose))


def test_every_purpose_is_shown_with_its_text_and_nothing_is_agreed_beforehand(member: MemberClient) -> None:
    items = member.get("/api/v1/me/consents").get_json()["items"]

    assert [item["purpose"] for item in items] == [purpose.value for purpose in ConsentPurpose]
    assert [item["required"] for item in items] == [True, False, False, False, False]
    assert not any(item["granted"] or item["outdated"] or item["history"] for item in items)
    text = consent_texts.current_text(ConsentPurpose.LOCATION)
    assert items[2]["current"] == {
        "version": text.version,
        "title": text.title,
        "body": text.body,
        "sha256": text.sha256,
    }


def test_the_texts_are_readable_before_anybody_signs_in(client: FlaskClient) -> None:
    answer = client.get("/api/v1/consent-texts")
    assert answer.status_code == 200
    assert [item["purpose"] for item in answer.get_json()["items"]] == list(ConsentPurpose)
    unchanged = client.get("/api/v1/consent-texts", headers={"If-None-Match": answer.headers["ETag"]})
    assert unchanged.status_code == 304


def test_agreeing_and_withdrawing_are_one_call_each_and_stay_in_the_history(
    member: MemberClient, clock: Clock
) -> None:
    granted = _decide(member, "location", True)
    clock.advance(minutes=1)
    withdrawn = _decide(member, "location", False, version=None)

    assert _consent(granted)["granted"] is True
    assert _consent(withdrawn)["granted"] is False
    assert _consent(member.get("/api/v1/me/consents"))["history"] == [
        {"granted": False, "text_version": "2026-11-01", "decided_at": "2026-11-23T10:01:00+08:00"},
        {"granted": True, "text_version": "2026-11-01", "decided_at": "2026-11-23T10:00:00+08:00"},
    ]
    assert _trail_after_sign_in() == (["identity.consent_decided"] * 2, ["identity.consent_decided"] * 2)


def test_saying_the_same_again_changes_nothing(member: MemberClient) -> None:
    _decide(member, "location", True)
    assert _decide(member, "location", True).status_code == 200
    _decide(member, "service_messages", False)
    assert len(_consent(member.get("/api/v1/me/consents"))["history"]) == 1
    assert _trail_after_sign_in()[0] == ["identity.consent_decided"]


def test_purposes_are_decided_separately(member: MemberClient) -> None:
    body = [
        {"purpose": "privacy_policy", "granted": True, "text_version": "2026-11-01"},
        {"purpose": "service_messages", "granted": True, "text_version": "2026-11-01"},
    ]
    items = member.put("/api/v1/me/consents", json={"items": body}).get_json()["items"]
    assert [item["granted"] for item in items] == [True, False, False, True, False]


@pytest.mark.parametrize("version", [None, "2020-01-01"])
def test_agreeing_takes_the_text_in_force(member: MemberClient, version: str | None) -> None:
    answer = _decide(member, "location", True, version=version)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "identity.consent_text_outdated")
    assert answer.get_json()["params"] == {"purpose": "location", "current_version": "2026-11-01"}
    assert _consent(member.get("/api/v1/me/consents"))["granted"] is False


def test_of_several_decisions_all_are_kept_or_none(member: MemberClient) -> None:
    body = [
        {"purpose": "privacy_policy", "granted": True, "text_version": "2026-11-01"},
        {"purpose": "location", "granted": True, "text_version": "2020-01-01"},
    ]
    assert member.put("/api/v1/me/consents", json={"items": body}).status_code == 409
    assert not any(item["granted"] for item in member.get("/api/v1/me/consents").get_json()["items"])


def test_new_words_ask_again_and_the_former_consent_stays_on_record(
    member: MemberClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _decide(member, "location", True)
    newer = ConsentText(ConsentPurpose.LOCATION, "2027-01-01", "使用位置信息", "新的说明。")
    monkeypatch.setitem(consent_texts._CURRENT, ConsentPurpose.LOCATION, newer)
    monkeypatch.setitem(consent_texts._BY_VERSION, (newer.purpose, newer.version), newer)

    before = _consent(member.get("/api/v1/me/consents"))
    after = _consent(_decide(member, "location", True, version="2027-01-01"))

    assert (before["granted"], before["outdated"]) == (True, True)
    assert (after["granted"], after["outdated"]) == (True, False)
    assert [entry["text_version"] for entry in after["history"]] == ["2027-01-01", "2026-11-01"]


@pytest.mark.parametrize(
    ("items", "field", "code"),
    [
        ([], "items", "field.length"),
        ([{"purpose": "marketing", "granted": True}], "items.0.purpose", "field.choice"),
        ([{"purpose": "location", "granted": "true"}], "items.0.granted", "field.type"),
        ([{"purpose": "location", "granted": 1}], "items.0.granted", "field.type"),
        ([{"purpose": "location"}], "items.0.granted", "field.required"),
        ([{"purpose": "location", "granted": False}] * 2, "items", "field.invalid"),
    ],
)
def test_a_wrong_decision_names_its_field(
    member: MemberClient, items: list[Any], field: str, code: str
) -> None:
    answer = member.put("/api/v1/me/consents", json={"items": items})
    assert _problem_of(answer) == (422, "request.invalid", [(field, code)])
