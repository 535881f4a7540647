"""Writing feedback: about what, how often, with which pictures; and who sees what of it."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from config import Settings
from content.models import Article, Standing
from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.feedback import jobs
from miniprogram_api.feedback.models import Feedback, FeedbackPicture, PictureState
from miniprogram_api.feedback.rules import MOST_PER_DAY, MOST_UNUSED_PICTURES
from miniprogram_api.kernel import files
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.models import Lifecycle, Overlay
from tests.conftest import Clock
from tests.factories.feedback import TEXT, make_feedback_picture
from tests.factories.sites import make_site
from tests.kernel.test_files import photo_from_a_phone
from tests.support.canaries import find_canaries
from tests.support.feedback import Writer
from tests.support.statements import statements

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def count(model: type) -> int:
    with reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def pictures_in(settings: Settings) -> list[str]:
    return [path.name for path in (settings.data_dir / "uploads").rglob("*") if path.is_file()]


class TestWriting:
    def test_what_is_written_about_a_site_is_kept_with_its_first_step(
        self, alice: Writer, site: UUID
    ) -> None:
        answer = alice.write(site, kind="suggestion")

        sent = answer.get_json()
        assert answer.status_code == 201
        assert sent["number"].startswith("FK20261123-")
        assert (sent["state"], sent["state_text"]) == ("checking", "已提交")
        assert sent["subject"] == {"type": "site", "id": str(site), "name": "南湖近零碳社区（示例）"}
        assert [step["state"] for step in sent["steps"]] == ["checking"]
        assert "text" not in sent
        whole = {**sent, "text": TEXT}
        assert alice.look(sent["id"]) == whole
        assert alice.get("/api/v1/feedback").get_json() == {"items": [whole], "next_cursor": None}

    def test_one_about_an_article_names_it(self, alice: Writer, article: UUID) -> None:
        shown = alice.look(alice.wrote(article, about="article"))
        assert shown["subject"] == {
            "type": "article",
            "id": str(article),
            "name": "长春的冬天，光伏还发电吗",
        }
        assert shown["kind"] is None

    def test_nothing_of_the_words_is_stored_readable(self, alice: Writer, site: UUID) -> None:
        alice.wrote(site)
        with reading() as session:
            assert find_canaries(session, [TEXT]) == set()

    def test_an_audit_row_and_an_event_tell_of_it_without_the_words(self, alice: Writer, site: UUID) -> None:
        sent = alice.wrote(site)
        with reading() as session:
            fact = session.scalars(select(EventRow).where(EventRow.name == "feedback.sent")).one()
            row = session.scalars(select(AuditRow).where(AuditRow.action == "feedback.sent")).one()
        assert fact.payload == {"feedback_id": sent, "subject_type": "site", "subject_id": str(site)}
        assert (row.object_type, row.object_id, row.actor_id) == ("feedback", sent, alice.id)

    @pytest.mark.parametrize(
        ("field", "value", "named", "code"),
        [
            ("text", "", "text", "field.length"),
            ("text", "   ", "text", "field.length"),
            ("text", "长" * 501, "text", "field.length"),
            ("text", "a\x07b", "text", "field.characters"),
            ("kind", "threat", "kind", "field.choice"),
            ("picture_ids", ["x"] * 4, "picture_ids", "field.length"),
            ("subject", {"type": "site"}, "subject.id", "field.required"),
            ("subject", {"type": "person", "id": "x"}, "subject.type", "field.choice"),
            ("contact", "13800138000", "contact", "field.unknown"),
        ],
    )
    def test_a_wrong_field_is_named(
        self, alice: Writer, site: UUID, field: str, value: Any, named: str, code: str
    ) -> None:
        answer = alice.write(site, **{field: value})
        assert answer.status_code == 422
        assert [(error["field"], error["code"]) for error in answer.get_json()["errors"]] == [(named, code)]
        assert count(Feedback) == 0

    def test_five_hundred_characters_fit(self, alice: Writer, site: UUID) -> None:
        assert alice.look(alice.wrote(site, text="长" * 500))["text"] == "长" * 500


class TestRepeating:
    def test_with_the_same_key_nothing_more_is_sent(self, alice: Writer, site: UUID) -> None:
        first, again = (alice.write(site, key="k1") for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.get_json() == again.get_json()
        assert count(Feedback) == 1

    def test_another_text_under_the_same_key_is_refused(self, alice: Writer, site: UUID) -> None:
        alice.write(site, key="k1")
        answer = alice.write(site, key="k1", text="另一条反馈")
        assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency.reused")

    def test_without_a_key_each_is_another(self, alice: Writer, site: UUID) -> None:
        assert alice.wrote(site) != alice.wrote(site)

    def test_what_is_no_key_is_refused(self, alice: Writer, site: UUID) -> None:
        answer = alice.write(site, key="x" * 65)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency.missing")


class TestSubjects:
    @pytest.mark.parametrize("standing", [Standing.DRAFT, Standing.RETRACTED, Standing.EXPIRED])
    def test_an_article_that_is_not_shown_looks_like_none(
        self, alice: Writer, article: UUID, standing: Standing
    ) -> None:
        with atomic() as session:
            session.get_one(Article, article).standing = standing
        hidden = alice.write(article, about="article")
        unknown = alice.write(UUID(int=7), about="article")
        assert (hidden.status_code, unknown.status_code) == (404, 404)
        assert hidden.get_json()["code"] == unknown.get_json()["code"]

    def test_a_site_that_is_not_shown_looks_like_none(self, alice: Writer, clock: Clock) -> None:
        with atomic() as session:
            hidden = make_site(session, lifecycle=Lifecycle.APPLIED, education_base=False).id
        assert alice.write(hidden).status_code == 404
        assert alice.write("nonsense").status_code == 404

    def test_an_article_is_no_site(self, alice: Writer, article: UUID) -> None:
        assert alice.write(article, about="site").status_code == 404

    def test_a_closed_site_can_be_written_about(self, alice: Writer, clock: Clock) -> None:
        with atomic() as session:
            closed = make_site(session, overlay=Overlay.SUSPENDED).id
        assert alice.write(closed).status_code == 201


class TestTheDailyLimit:
    def test_so_many_a_day_and_the_next_day_again(
        self, alice: Writer, bob: Writer, site: UUID, clock: Clock, no_limits: None
    ) -> None:
        for _ in range(MOST_PER_DAY):
            alice.wrote(site)

        answer = alice.write(site)

        problem = answer.get_json()
        assert (answer.status_code, problem["code"]) == (429, "feedback.limited")
        assert problem["detail"] == "每天最多提交 10 条反馈，请明天再试。"
        assert int(answer.headers["Retry-After"]) == 14 * 3600 + 1
        assert bob.write(site).status_code == 201
        clock.set(datetime(2026, 11, 24, 0, 0, tzinfo=BEIJING))
        alice.sign_in_again()
        assert alice.write(site).status_code == 201


class TestPictures:
    def test_they_are_named_in_their_order_and_wait_for_the_check(self, alice: Writer, site: UUID) -> None:
        ids = [alice.uploaded() for _ in range(3)][::-1]
        sent = alice.write(site, picture_ids=ids).get_json()
        assert (sent["pictures"], sent["pictures_in_check"]) == ([], 3)
        with reading() as session:
            named = session.scalars(select(FeedbackPicture).order_by(FeedbackPicture.position))
            assert [str(picture.id) for picture in named] == ids

    def test_one_in_check_is_not_served_and_a_shown_one_is_a_download(
        self, app: Flask, alice: Writer, bob: Writer, site: UUID
    ) -> None:
        sent = alice.wrote(site)
        with atomic() as session:
            picture = make_feedback_picture(session, member_id=UUID(alice.id), feedback_id=UUID(sent))
        path = f"/api/v1/feedback/pictures/{picture.id}"
        assert alice.get(path).status_code == 404
        with atomic() as session:
            session.get_one(FeedbackPicture, picture.id).state = PictureState.SHOWN

        answer = alice.get(path)

        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Cache-Control"] == "private, no-store"
        [shown] = alice.look(sent)["pictures"]
        assert shown == {"id": str(picture.id), "url": path, "width": 40, "height": 30}
        assert bob.get(path).status_code == 404
        assert app.test_client().get(path).status_code == 401
        assert app.test_client().get(f"/media/{picture.file_name}").status_code == 404

    def test_where_and_with_what_it_was_taken_is_gone(self, alice: Writer) -> None:
        answer = alice.upload(photo_from_a_phone())
        with reading() as session:
            name = session.get_one(FeedbackPicture, UUID(answer.get_json()["id"])).file_name
        content = files.private().path_of(name).read_bytes()
        assert len(Image.open(BytesIO(content)).getexif()) == 0
        assert b"Nosy" not in content

    def test_what_is_no_picture_is_refused_and_leaves_nothing(
        self, alice: Writer, settings: Settings
    ) -> None:
        answer = alice.upload(SVG)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "files.rejected")
        assert pictures_in(settings) == []

    def test_only_so_many_may_lie_unused(self, alice: Writer, settings: Settings, no_limits: None) -> None:
        for _ in range(MOST_UNUSED_PICTURES):
            alice.uploaded()
        answer = alice.upload()
        assert (answer.status_code, answer.get_json()["code"]) == (429, "feedback.pictures_limited")
        assert len(pictures_in(settings)) == MOST_UNUSED_PICTURES

    def test_somebody_elses_used_unknown_and_doubled_ones_are_refused_by_place(
        self, alice: Writer, bob: Writer, site: UUID
    ) -> None:
        own, used, foreign = alice.uploaded(), alice.uploaded(), bob.uploaded()
        alice.wrote(site, picture_ids=[used])
        for wrong, places in (([foreign, own, used], [0, 2]), ([own, str(UUID(int=7)), own], [1, 2])):
            problem = alice.write(site, picture_ids=wrong).get_json()
            assert (problem["status"], problem["code"]) == (422, "feedback.pictures_unknown")
            assert [error["field"] for error in problem["errors"]] == [f"picture_ids.{n}" for n in places]
        assert alice.write(site, picture_ids=[own]).status_code == 201

    def test_unused_ones_go_after_a_day_and_used_ones_stay(
        self, alice: Writer, site: UUID, settings: Settings, clock: Clock
    ) -> None:
        alice.uploaded()
        used = alice.uploaded()
        alice.wrote(site, picture_ids=[used])
        clock.advance(seconds=timedelta(hours=24).total_seconds() - 1)
        jobs.erase_feedback()
        assert len(pictures_in(settings)) == 2

        clock.advance(seconds=1)
        jobs.erase_feedback()

        with reading() as session:
            assert [str(row.id) for row in session.scalars(select(FeedbackPicture))] == [used]
        assert len(pictures_in(settings)) == 1


class TestWhoSeesIt:
    def test_somebody_elses_looks_like_none(self, alice: Writer, bob: Writer, site: UUID) -> None:
        sent = alice.wrote(site)
        foreign = bob.get(f"/api/v1/feedback/{sent}")
        unknown = bob.get(f"/api/v1/feedback/{UUID(int=5)}")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.get_json()["code"] == unknown.get_json()["code"]
        assert bob.get("/api/v1/feedback").get_json()["items"] == []

    def test_a_list_is_read_in_pages_with_the_newest_first(
        self, alice: Writer, site: UUID, article: UUID, clock: Clock
    ) -> None:
        sent = []
        for n in range(5):
            clock.advance(seconds=1)
            sent.append(alice.wrote(article if n % 2 else site, about="article" if n % 2 else "site"))
        read, cursor = [], None
        while True:
            found = alice.get(
                "/api/v1/feedback", query_string={"limit": 2} | ({"cursor": cursor} if cursor else {})
            ).get_json()
            read += [item["id"] for item in found["items"]]
            cursor = found["next_cursor"]
            if cursor is None:
                break
        assert read == sent[::-1]

    def test_a_longer_list_takes_no_more_statements(self, alice: Writer, site: UUID, article: UUID) -> None:
        def sent_for_a_list() -> int:
            with statements() as sent:
                alice.get("/api/v1/feedback")
            return len(sent)

        alice.wrote(site)
        alice.wrote(article, about="article")
        few = sent_for_a_list()
        for _ in range(3):
            alice.wrote(site, picture_ids=[alice.uploaded()])
        assert sent_for_a_list() == few


@pytest.fixture
def no_limits(app: Flask, monkeypatch: pytest.MonkeyPatch, fake_wechat: FakeWeChat) -> None:
    """Without the limits per minute, which are another test's."""
    from miniprogram_api.web.limits import Limiter

    monkeypatch.setattr(Limiter, "hit", lambda *_, **__: None)
