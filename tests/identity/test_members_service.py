"""What the services of members promise, on the database."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from miniprogram_api.identity import consent_texts
from miniprogram_api.identity.authentication import authenticate_member
from miniprogram_api.identity.jobs import purge_member_sessions
from miniprogram_api.identity.models import Consent, ConsentPurpose, Member, MemberSession
from miniprogram_api.identity.service import consents, members, sessions
from miniprogram_api.identity.service.consents import Decision
from miniprogram_api.kernel import audit, crypto, events
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.members import acting, give_phone, make_member, sign_in

pytestmark = pytest.mark.usefixtures("app", "clock")


def test_openid_and_unionid_are_stored_as_cipher_and_index_only() -> None:
    with atomic() as session:
        sign_in(session, openid="openid-canary", unionid="unionid-canary")
    with reading() as session:
        member = session.scalars(select(Member)).one()
        stored = repr(
            (member.openid_index, member.openid_cipher, member.unionid_index, member.unionid_cipher)
        )
        assert "canary" not in stored
        assert members.get_openid(session, member.id) == "openid-canary"
        assert members.read_unionid(member) == "unionid-canary"


def test_a_unionid_that_appears_later_is_kept() -> None:
    with atomic() as session:
        first = sign_in(session, unionid=None)
    with atomic() as session:
        second = sign_in(session, unionid="u-1")
    with atomic() as session:
        third = sign_in(session, unionid="u-1")
    assert first.member.id == second.member.id == third.member.id
    with reading() as session:
        assert members.read_unionid(session.get_one(Member, first.member.id)) == "u-1"


def test_a_unionid_that_another_member_has_does_not_merge_the_two() -> None:
    with atomic() as session:
        first = sign_in(session, openid="o-old", unionid="u-1")
    with atomic() as session:
        second = sign_in(session, openid="o-new", unionid="u-1")
    assert first.member.id != second.member.id
    with reading() as session:
        assert members.read_unionid(session.get_one(Member, second.member.id)) is None
        assert members.get_openid(session, second.member.id) == "o-new"


def test_a_cipher_moved_to_another_member_cannot_be_read() -> None:
    with atomic() as session:
        alice, mallory = make_member(session), make_member(session)
        give_phone(session, alice.id)
        mallory.phone_cipher = alice.phone_cipher
        with pytest.raises(crypto.DecryptionFailed):
            members.get_profile(session, mallory.id)


def test_members_with_the_same_number_share_its_index() -> None:
    with atomic() as session:
        alice, bob = make_member(session), make_member(session)
        give_phone(session, alice.id)
        give_phone(session, bob.id)
        assert alice.phone_index == bob.phone_index == members.phone_index("13800138000")
        assert alice.phone_cipher != bob.phone_cipher


def test_an_unknown_member_is_not_found(clock: Clock) -> None:
    nobody = new_id()
    with atomic() as session:
        with pytest.raises(NotFound):
            members.get_profile(session, nobody)
        with pytest.raises(NotFound):
            members.remove_phone(session, member_id=nobody, actor=acting(nobody))
        with pytest.raises(NotFound):
            consents.decide(session, member_id=nobody, decisions=[], actor=acting(nobody), now=clock.now)


def test_fresh_tokens_do_not_show_in_a_repr() -> None:
    with atomic() as session:
        signed_in = sign_in(session)
    assert signed_in.access_token not in repr(signed_in)
    assert signed_in.refresh_token not in repr(signed_in)


def test_the_trail_holds_ids_and_plain_facts_only() -> None:
    with atomic() as session:
        alice = sign_in(session, openid="openid-canary").member.id
        give_phone(session, alice, "13800138000")
        members.change_nickname(session, member_id=alice, nickname="nickname-canary", actor=acting(alice))
    with reading() as session:
        rows = session.scalars(select(audit.AuditRow)).all()
        trail = repr([(row.before, row.after, row.reason) for row in rows])
        trail += repr([row.payload for row in session.scalars(select(events.EventRow))])
    assert len(rows) == 3
    assert {row.request_id for row in rows} == {"request-1"}
    assert "canary" not in trail
    assert "8000" not in trail


def test_consent_is_asked_of_the_latest_decision(clock: Clock) -> None:
    purpose = ConsentPurpose.IDENTITY_DATA
    with atomic() as session:
        alice = make_member(session).id
        assert not consents.has_consented(session, member_id=alice, purpose=purpose)
        for granted in (True, False, True):
            version = consent_texts.current_text(purpose).version
            decision = Decision(purpose, granted, version)
            consents.decide(
                session, member_id=alice, decisions=[decision], actor=acting(alice), now=clock.now
            )
            assert consents.has_consented(session, member_id=alice, purpose=purpose) is granted
            assert not consents.has_consented(session, member_id=alice, purpose=ConsentPurpose.LOCATION)


def test_a_consent_keeps_the_digest_of_the_words_that_were_shown(clock: Clock) -> None:
    text = consent_texts.current_text(ConsentPurpose.LOCATION)
    with atomic() as session:
        alice = make_member(session).id
        decision = Decision(text.purpose, granted=True, text_version=text.version)
        consents.decide(session, member_id=alice, decisions=[decision], actor=acting(alice), now=clock.now)
    with reading() as session:
        kept = session.scalars(select(Consent)).one()
    assert (kept.text_version, kept.text_sha256) == (text.version, text.sha256)
    assert (kept.channel, kept.decided_at) == ("miniprogram", clock.now)


def test_sessions_that_nobody_can_refresh_are_swept_away(clock: Clock) -> None:
    with atomic() as session:
        sign_in(session, openid="o-old")
    clock.advance(days=1)
    with atomic() as session:
        young = sign_in(session, openid="o-young")
    clock.advance(days=29)

    purge_member_sessions()
    purge_member_sessions()

    with reading() as session:
        assert session.scalars(select(MemberSession.member_id)).all() == [young.member.id]


def test_ending_a_session_twice_is_one_change(clock: Clock) -> None:
    with atomic() as session:
        alice = sign_in(session).member.id
        opened = session.scalars(select(MemberSession)).one()
        for _ in range(2):
            sessions.end_session(
                session, member_id=alice, session_id=opened.id, actor=acting(alice), now=clock.now
            )
        clock.advance(minutes=1)
        sessions.end_all_sessions(session, member_id=alice, actor=acting(alice), now=clock.now)
    with reading() as session:
        assert session.scalars(select(MemberSession.revoked_at)).one() == clock.now - timedelta(minutes=1)
        actions = session.scalars(select(audit.AuditRow.action)).all()
    assert sorted(actions) == ["identity.member_joined", "identity.sessions_ended"]


def test_a_token_is_recognised_with_one_statement() -> None:
    with atomic() as session:
        token = sign_in(session).access_token
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    principal = authenticate_member(token)

    assert principal is not None
    assert (principal.may("member.self"), principal.may("visits.book")) == (True, True)
    assert [statement.split()[0] for statement in statements if statement != "BEGIN"] == ["SELECT"]
