"""A member's copy of everything held of them, and its erasure: no identifier is left in any table (I10)."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity import personal_data as registry
from miniprogram_api.identity.models import Erasure, Member, Organisation
from miniprogram_api.identity.service import members, personal_data
from miniprogram_api.kernel import audit
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.crypto import mask_phone
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.members import acting, give_phone, make_member, sign_in
from tests.support.canaries import find_canaries, personal_values
from tests.support.clients import FakePeople, MemberClient

PHONE = "13912345678"
NICKNAME = "昵称金丝雀"


class Guestbook:
    """A feature that keeps something of members, in a table that these tests leave to it."""

    erased: list[tuple[UUID, datetime]]

    def __init__(self) -> None:
        self.erased = []

    def export(self, session: Session, member_id: UUID) -> dict[str, Any]:
        entries = session.scalars(
            select(Organisation.name).where(Organisation.credit_code == str(member_id)[-12:])
        )
        return {"entries": list(entries)}

    def erase(self, session: Session, member_id: UUID, now: datetime) -> None:
        self.erased.append((member_id, now))
        own = update(Organisation).where(Organisation.credit_code == str(member_id)[-12:])
        session.execute(own.values(name=f"erased {member_id}"))

    def write(self, member_id: UUID, text: str) -> None:
        with atomic() as session:
            entry = Organisation(
                id=new_id(), name=text, credit_code=str(member_id)[-12:], created_at=kernel_clock.now()
            )
            session.add(entry)


@pytest.fixture
def guestbook(monkeypatch: pytest.MonkeyPatch) -> Guestbook:
    monkeypatch.setattr(registry, "_holders", dict(registry.holders()))
    return registry.contributes("guestbook")(Guestbook())


@pytest.fixture
def alice(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> MemberClient:
    """A member who has told everything there is to tell."""
    alice, people = MemberClient(app, fake_wechat), FakePeople(fake_wechat)
    people.control("POST", "/persons", person="alice", phone=PHONE)
    alice.post("/api/v1/me/phone", json={"code": people.phone_code("alice")})
    alice.patch("/api/v1/me", json={"nickname": NICKNAME})
    item = {"purpose": "location", "granted": True, "text_version": "2026-11-01"}
    alice.put("/api/v1/me/consents", json={"items": [item]})
    return alice


@pytest.fixture
def canaries(alice: MemberClient, fake_wechat: FakeWeChat) -> set[str | bytes]:
    """Whatever identifies her, in plain text and as it is stored."""
    with reading() as session:
        stored = personal_values(session.get_one(Member, UUID(alice.id)))
    return stored | {PHONE, NICKNAME, FakePeople(fake_wechat).openid("alice")}


def _answered_with(text: str, member_id: str) -> None:
    with atomic() as session:
        answer = StoredAnswer(
            principal=f"member:{member_id}",
            key="key-1",
            request_digest=b"0" * 32,
            status=201,
            body={"contact": {"name": text}},
            kept_at=kernel_clock.now(),
        )
        session.add(answer)


def test_an_export_holds_everything_and_masks_the_phone(
    alice: MemberClient, fake_wechat: FakeWeChat, guestbook: Guestbook
) -> None:
    guestbook.write(UUID(alice.id), "参观愉快")

    answer = alice.get("/api/v1/me/export")

    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert body["generated_at"] == "2026-11-23T10:00:00+08:00"
    assert body["data"]["guestbook"] == {"entries": ["参观愉快"]}
    own = body["data"]["identity"]
    assert own["member"] == {
        "id": alice.id,
        "nickname": NICKNAME,
        "phone_masked": mask_phone(PHONE),
        "phone_verified_at": "2026-11-23T10:00:00+08:00",
        "wechat_openid": FakePeople(fake_wechat).openid("alice"),
        "wechat_unionid": own["member"]["wechat_unionid"],
        "joined_at": "2026-11-23T10:00:00+08:00",
    }
    (agreed,) = own["consents"]
    assert (agreed["purpose"], agreed["text_version"]) == ("location", "2026-11-01")
    assert hashlib.sha256(agreed["text"].encode()).hexdigest() == agreed["text_sha256"]
    acts = [(entry["action"], entry["by"]) for entry in own["trail"]]
    assert acts[0] == ("identity.member_joined", "member")
    assert ("identity.phone_changed", "member") in acts
    assert {entry["object"] for entry in own["trail"]} == {f"member:{alice.id}"}
    assert own["sessions"] == [
        {
            "opened_at": "2026-11-23T10:00:00+08:00",
            "expires_at": "2026-12-23T10:00:00+08:00",
            "refreshed_at": None,
            "ended_at": None,
        }
    ]


def test_an_export_names_every_personal_column_of_a_member(alice: MemberClient) -> None:
    exported = alice.get("/api/v1/me/export").get_json()["data"]["identity"]["member"]
    labelled = {column.name for column in Member.__table__.columns if "pii" in column.info}
    expected = {name.removesuffix("_index").removesuffix("_cipher") for name in labelled}
    assert {name.removeprefix("wechat_").removesuffix("_masked") for name in exported} >= expected


def test_an_export_holds_nothing_of_anybody_else(
    app: Flask, alice: MemberClient, fake_wechat: FakeWeChat
) -> None:
    answer = MemberClient(app, fake_wechat, "bob").get("/api/v1/me/export")
    assert alice.id not in answer.text
    assert PHONE not in answer.text


def test_a_member_may_take_three_exports_an_hour(alice: MemberClient) -> None:
    assert [alice.get("/api/v1/me/export").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_the_scan_finds_a_member_before_she_is_erased(
    alice: MemberClient, canaries: set[str | bytes]
) -> None:
    _answered_with(NICKNAME, alice.id)
    with reading() as session:
        found = find_canaries(session, canaries)
    assert found == {
        "identity_members.openid_index",
        "identity_members.openid_cipher",
        "identity_members.nickname",
        "identity_members.phone_index",
        "identity_members.phone_cipher",
        "kernel_answers.body",
    } | ({"identity_members.unionid_index", "identity_members.unionid_cipher"} & found)


def test_an_erased_member_is_in_no_table(
    alice: MemberClient, canaries: set[str | bytes], guestbook: Guestbook
) -> None:
    guestbook.write(UUID(alice.id), f"{NICKNAME} 到此一游")
    _answered_with(NICKNAME, alice.id)

    answer = alice.delete("/api/v1/me")

    assert answer.status_code == 202
    receipt = answer.get_json()
    assert receipt["receipt"].startswith("ER-20261123-")
    assert receipt["requested_at"] == receipt["completed_at"] == "2026-11-23T10:00:00+08:00"
    with reading() as session:
        assert find_canaries(session, canaries) == set()
        assert session.scalars(select(Erasure.receipt)).all() == [receipt["receipt"]]


def test_an_erasure_ends_every_session_at_once(
    app: Flask, alice: MemberClient, fake_wechat: FakeWeChat
) -> None:
    elsewhere = MemberClient(app, fake_wechat)
    alice.delete("/api/v1/me")
    for client in (alice, elsewhere):
        assert client.get("/api/v1/me").status_code == 401
        again = app.test_client().post(
            "/api/v1/sessions/refresh", json={"refresh_token": client.refresh_token}
        )
        assert again.status_code == 401


def test_whoever_comes_back_is_a_new_member_of_whom_nothing_is_known(
    app: Flask, alice: MemberClient, fake_wechat: FakeWeChat
) -> None:
    alice.delete("/api/v1/me")
    again = MemberClient(app, fake_wechat)
    assert again.id != alice.id
    assert again.get("/api/v1/me").get_json()["phone_masked"] is None
    assert not any(item["history"] for item in again.get("/api/v1/me/consents").get_json()["items"])


def test_an_erasure_touches_nobody_else_and_changes_no_count(
    app: Flask, alice: MemberClient, fake_wechat: FakeWeChat, guestbook: Guestbook
) -> None:
    bob = MemberClient(app, fake_wechat, "bob")
    bob.post("/api/v1/me/phone", json={"phone": "13800138000"})
    guestbook.write(UUID(alice.id), "一")
    guestbook.write(UUID(bob.id), "二")
    counted = select(select(func.count()).select_from(Member).scalar_subquery(), func.count(Organisation.id))
    with reading() as session:
        before = session.execute(counted).one()

    alice.delete("/api/v1/me")

    with reading() as session:
        assert session.execute(counted).one() == before
    assert bob.get("/api/v1/me").get_json()["phone_masked"] == "138****8000"
    assert bob.get("/api/v1/me/export").get_json()["data"]["guestbook"] == {"entries": ["二"]}


def test_an_erasure_that_fails_in_one_feature_happens_in_none(
    alice: MemberClient, canaries: set[str | bytes], guestbook: Guestbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise NotFound

    monkeypatch.setattr(registry.holders()["identity"], "erase", staticmethod(fail))
    guestbook.write(UUID(alice.id), "参观愉快")

    assert alice.delete("/api/v1/me").status_code == 404

    assert len(guestbook.erased) == 1
    assert alice.get("/api/v1/me/export").get_json()["data"]["guestbook"] == {"entries": ["参观愉快"]}
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Erasure)) == 0


def test_an_erasure_leaves_one_audit_row_and_one_event(alice: MemberClient) -> None:
    receipt = alice.delete("/api/v1/me").get_json()["receipt"]
    with reading() as session:
        row = session.scalars(select(audit.AuditRow).order_by(audit.AuditRow.id.desc())).first()
        event = session.scalars(select(EventRow).order_by(EventRow.id.desc())).first()
    assert row is not None
    assert event is not None
    assert (row.action, row.object_id, row.after) == (
        "identity.member_erased",
        alice.id,
        {"receipt": receipt},
    )
    assert event.payload == {"member_id": alice.id, "receipt": receipt}


@pytest.mark.usefixtures("app")
def test_nobody_is_erased_twice(clock: Clock) -> None:
    with atomic() as session:
        member_id = make_member(session).id
        personal_data.erase_member(session, member_id=member_id, actor=acting(member_id), now=clock.now)
        with pytest.raises(NotFound):
            personal_data.erase_member(session, member_id=member_id, actor=acting(member_id), now=clock.now)
        with pytest.raises(NotFound):
            personal_data.export_member(session, member_id)


def test_a_feature_registers_once(guestbook: Guestbook) -> None:
    with pytest.raises(ValueError, match="guestbook"):
        registry.contributes("guestbook")(guestbook)


@pytest.fixture
def ledger(app: Flask, clock: Clock, tmp_path: Path) -> Path:
    """The ledger of one erasure, newer than the state to which the database went back."""
    path = tmp_path / "ledger.jsonl"
    with atomic() as session:
        signed_in = sign_in(session, openid="openid-canary")
        give_phone(session, signed_in.member.id, PHONE)
        member_id = signed_in.member.id
    entry = {
        "member_id": str(member_id),
        "receipt": "ER-20261101-ABCDEFGH",
        "requested_at": "2026-11-01T09:00:00+08:00",
    }
    path.write_text(json.dumps(entry) + "\n")
    return path


def _replay(app: Flask, ledger: Path) -> str:
    result = app.test_cli_runner().invoke(args=["members", "replay-erasures", "--ledger", str(ledger)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_replay_erases_again_whom_a_restore_brought_back(app: Flask, ledger: Path) -> None:
    assert "1 in the ledger, 1 erased again." in _replay(app, ledger)
    with reading() as session:
        assert find_canaries(session, {"openid-canary", PHONE, members.phone_index(PHONE)}) == set()
        assert session.scalars(select(Erasure.receipt)).all() == ["ER-20261101-ABCDEFGH"]


def test_a_second_replay_finds_nobody(app: Flask, ledger: Path) -> None:
    _replay(app, ledger)
    assert "1 in the ledger, 0 erased again." in _replay(app, ledger)


def test_a_replay_passes_over_members_whom_the_restored_database_never_knew(app: Flask, ledger: Path) -> None:
    entry = json.loads(ledger.read_text()) | {"member_id": str(new_id()), "receipt": "ER-20261102-BCDEFGHJ"}
    with ledger.open("a") as file:
        file.write(json.dumps(entry) + "\n")
    assert "2 in the ledger, 1 erased again." in _replay(app, ledger)


def test_a_replay_without_a_file_takes_the_databases_own_ledger(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        member_id = make_member(session, openid="openid-canary").id
        personal_data.erase_member(session, member_id=member_id, actor=acting(member_id), now=clock.now)
        session.execute(update(Member).values(erased_at=None, nickname=NICKNAME))

    result = app.test_cli_runner().invoke(args=["members", "replay-erasures"])

    assert "1 in the ledger, 1 erased again." in result.output
    with reading() as session:
        assert find_canaries(session, {NICKNAME}) == set()
        assert session.scalar(select(func.count()).select_from(Erasure)) == 1


def test_the_ledger_is_written_and_read_back(app: Flask, clock: Clock, tmp_path: Path) -> None:
    with atomic() as session:
        member_id = make_member(session).id
        receipt = personal_data.erase_member(
            session, member_id=member_id, actor=acting(member_id), now=clock.now
        ).receipt
    path = tmp_path / "out.jsonl"

    app.test_cli_runner().invoke(args=["members", "erasure-ledger", str(path)])

    assert json.loads(path.read_text()) == {
        "member_id": str(member_id),
        "receipt": receipt,
        "requested_at": "2026-11-23T02:00:00+00:00",
    }
    assert "1 in the ledger, 0 erased again." in _replay(app, path)


@pytest.mark.parametrize("line", ["{}", "x", "[]", '{"member_id": 7, "receipt": "r", "requested_at": "now"}'])
def test_a_broken_ledger_is_refused_by_line(app: Flask, tmp_path: Path, line: str) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(line + "\n")
    result = app.test_cli_runner().invoke(args=["members", "replay-erasures", "--ledger", str(path)])
    assert result.exit_code == 2
    assert "line 1" in result.output
