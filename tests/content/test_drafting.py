"""Writing: a draft always saves, each save of another text is a revision, and nothing written is lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content.errors import (
    AlreadyPublished,
    ArticleMissing,
    DocumentRefused,
    DraftRefused,
    PlaceMissing,
    PlanStands,
    VersionConflict,
)
from content.models import (
    Article,
    ArticleKind,
    Asset,
    Audience,
    ContentClass,
    Revision,
    Standing,
    Submission,
    SubmissionState,
)
from content.rendering import from_markdown
from content.rules.drafts import EMPTY_BODY, Draft
from content.service import drafting, managed
from miniprogram_api.identity.permissions import Role, staff_grant
from miniprogram_api.kernel.access import Principal, PrincipalKind
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Site
from tests.conftest import Clock
from tests.factories.content import (
    body_of,
    heading,
    make_article,
    make_asset,
    make_draft,
    picture,
    question,
)
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import make_staff
from tests.support.publishing import (
    approved_article,
    make_desk,
    publish,
    publish_article,
    rewrite,
    schedule,
    staff_actor,
    submit,
    write_article,
)
from tests.support.races import at_once

NOTHING = Draft(title="", kind=ArticleKind.NEWS, body=EMPTY_BODY)


def test_a_topic_or_a_site_that_is_named_twice_is_kept_once(app: Flask) -> None:
    with atomic() as session:
        first, second = str(new_id()), str(new_id())
        twice = make_draft(topic_ids=[first, second, first], site_ids=[second, second])
        article = make_article(session, twice)
        kept = managed.latest_revision(session, article)
        assert (kept.topic_ids, kept.site_ids) == ([first, second], [second])
        saved = rewrite(session, article, by=article.owner_id, topic_ids=[first, first, second])
        assert not saved.changed


def editor_of(site_id: UUID | None = None) -> Principal:
    grant = staff_grant(Role.EDITOR, organisation_id=None, site_id=site_id)
    return Principal(PrincipalKind.STAFF, new_id(), new_id(), (grant,))


def test_a_desk_names_its_own_pictures_and_sites_only(app: Flask) -> None:
    with atomic() as session:
        own, other = make_site(session), make_site(session, operator_id=make_organisation(session).id)
        mine, theirs = (make_asset(session, site_id=site.id) for site in (own, other))
        city = make_asset(session)
        article = make_article(session, site_id=own.id)

        def save(principal: Principal, draft: Draft) -> drafting.Saved:
            return drafting.save_revision(
                session,
                article,
                draft,
                base_number=article.latest_number,
                staff_id=article.owner_id,
                actor=SYSTEM,
                autosaved=False,
                now=clock_now(),
                principal=principal,
            )

        def naming(cover: Asset, inside: Asset, *sites: Site) -> Draft:
            body = body_of("看图。", picture(inside.id))
            ids = [str(site.id) for site in sites]
            return make_draft(body=body, cover_asset_id=str(cover.id), site_ids=ids)

        desk = editor_of(own.id)
        foreign = naming(theirs, theirs, own, other)
        with pytest.raises(DraftRefused) as refused:
            save(desk, foreign)
        assert [(fault.field, fault.code) for fault in refused.value.fields] == [
            ("site_ids", "content.site_not_yours"),
            ("cover_asset_id", "content.cover_not_yours"),
            ("content[1]", "content.picture_not_yours"),
        ]
        assert save(desk, naming(mine, city, own)).changed
        assert save(editor_of(), foreign).changed
        # What is there already, the desk may leave there and write on.
        assert save(desk, replace(foreign, title="另一个标题")).changed
        with pytest.raises(DraftRefused):
            make_begun(session, foreign, desk)


def make_begun(session: Session, draft: Draft, principal: Principal) -> Article:
    return drafting.create_article(
        session,
        draft=draft,
        organisation_id=None,
        site_id=None,
        staff_id=make_staff(session).id,
        actor=SYSTEM,
        now=clock_now(),
        principal=principal,
    )


@pytest.mark.parametrize(
    "draft",
    [
        NOTHING,
        replace(NOTHING, body=body_of(heading("只有标题"))),
        replace(NOTHING, body=body_of({"type": "imagePlaceholder", "attrs": {"origin": "x", "alt": ""}})),
        replace(NOTHING, topic_ids=[str(new_id())], site_ids=[str(new_id())]),
        replace(NOTHING, quiz=[{"id": "q1"}], source_url="不是网址"),
    ],
)
def test_a_draft_saves_however_incomplete(app: Flask, draft: Draft) -> None:
    with atomic() as session:
        article = make_article(session, draft)
        assert article.standing is Standing.DRAFT
        saved = rewrite(session, article, by=article.owner_id, byline="改")
        assert saved.changed


def test_a_revision_gives_back_what_was_written(app: Flask) -> None:
    with atomic() as session:
        draft = make_draft(
            heading("角度"),
            "五十度左右。",
            cover_asset_id=str(make_asset(session).id),
            content_class=ContentClass.IMPORTANT,
            audience=Audience.SCHOOLS,
            topic_ids=[str(new_id())],
            technologies=["光伏"],
            byline="编辑部",
            source_name="长春市生态环境局",
            source_url="https://www.changchun.gov.cn/a",
            quiz=[question()],
        )
        revision = managed.latest_revision(session, make_article(session, draft))
        assert drafting.draft_of(revision).content_hash == draft.content_hash == revision.content_hash
        assert revision.characters == 7


def test_every_save_of_another_text_is_a_revision(app: Flask) -> None:
    with atomic() as session:
        article = make_article(session)
        for number, title in enumerate(("二稿", "三稿", "四稿"), start=2):
            saved = rewrite(session, article, by=article.owner_id, title=title, autosaved=True)
            assert (saved.changed, saved.revision.number, saved.revision.autosaved) == (True, number, True)
        assert (article.latest_number, article.title) == (4, "四稿")


def test_a_save_of_the_same_text_changes_nothing_whoever_saved_before(app: Flask) -> None:
    with atomic() as session:
        article = make_article(session)
        rewrite(session, article, by=article.owner_id, title="二稿")
        # The answer to a save was lost: the window sends it again on top of what it knew.
        again = rewrite(session, article, by=article.owner_id, base_number=1)
        assert (again.changed, again.revision.number, article.latest_number) == (False, 2, 2)


def test_what_an_editor_adds_that_nobody_sees_is_no_change(app: Flask) -> None:
    with atomic() as session:
        article = make_article(session, make_draft(heading("角度")))
        split = [{"type": "text", "text": "角"}, {"type": "text", "text": "度"}]
        body = {"type": "doc", "content": [{"type": "heading", "attrs": {"level": 2}, "content": split}]}
        assert not rewrite(session, article, by=article.owner_id, body=body).changed


def test_who_saves_on_an_older_text_hears_of_the_newer_one_and_loses_nothing(app: Flask) -> None:
    with atomic() as session:
        article = make_article(session)
        rewrite(session, article, by=make_staff(session).id, title="别人写的")
        with pytest.raises(VersionConflict) as conflict:
            rewrite(session, article, by=article.owner_id, base_number=1, title="我写的")
        assert conflict.value.params == {"number": 2}
        # What they wrote is still theirs to save, on top of what they have now seen.
        assert rewrite(session, article, by=article.owner_id, base_number=2, title="合起来").changed


def test_of_two_who_save_at_once_one_hears_of_the_other(app: Flask) -> None:
    with atomic() as session:
        article_id = make_article(session).id
        people = [make_staff(session).id for _ in range(3)]

    def save(by: UUID) -> Callable[[], str]:
        def run() -> str:
            try:
                with atomic() as session:
                    article = managed.lock_article(session, article_id)
                    assert article is not None
                    rewrite(session, article, by=by, base_number=1, title=f"{by}"[:20])
            except VersionConflict as conflict:
                return f"{conflict.params['number']}"
            return "saved"

        return run

    assert sorted(at_once(app, [save(by) for by in people])) == ["2", "2", "saved"]
    with reading() as session:
        assert session.get_one(Article, article_id).latest_number == 2


def test_an_earlier_revision_is_restored_as_a_new_one(app: Flask) -> None:
    with atomic() as session:
        article = make_article(session, make_draft(title="第一稿"))
        rewrite(session, article, by=article.owner_id, title="第二稿")
        by = make_staff(session).id
        actor = staff_actor(by)
        now = clock_now()
        revision = drafting.restore_revision(session, article, 1, staff_id=by, actor=actor, now=now)
        assert (revision.number, revision.title, revision.restored_from) == (3, "第一稿", 1)
        assert (revision.saved_by, article.title) == (by, "第一稿")
        assert managed.get_revision(session, article, 2).title == "第二稿"


def test_a_markdown_text_becomes_the_body_and_its_pictures_wait_to_be_uploaded(
    app: Flask, clock: Clock
) -> None:
    with atomic() as session:
        article = make_article(session)
        text = "## 角度\n\n五十度**左右**。\n\n![图](https://example.com/a.png)\n"
        by = {"staff_id": article.owner_id, "actor": SYSTEM, "now": clock.now}
        imported = from_markdown(text)
        saved = drafting.import_markdown(session, article, imported, base_number=1, **by)
        kinds = [block["type"] for block in saved.revision.body["content"]]
        assert kinds == ["heading", "paragraph", "imagePlaceholder"]
        assert imported.foreign_images == ["https://example.com/a.png"]
        with pytest.raises(VersionConflict):
            drafting.import_markdown(session, article, from_markdown("另一篇"), base_number=1, **by)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "长" * 65}, "title"),
        ({"summary": "长" * 121}, "summary"),
        ({"topic_ids": ["nature"]}, "topic_ids"),
        ({"site_ids": [str(new_id()).upper()]}, "site_ids"),
        ({"cover_asset_id": "cover"}, "cover_asset_id"),
        ({"cover_asset_id": str(new_id())}, "cover_asset_id"),
        ({"technologies": ["长" * 21]}, "technologies"),
        ({"technologies": ["光伏"] * 13}, "technologies"),
        ({"title": "半个\ud800字"}, "title"),
        ({"byline": "零\0字"}, "byline"),
        ({"technologies": ["零\0字"]}, "technologies"),
        ({"quiz": ["光伏板怕冷吗？"]}, "quiz[0]"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(app: Flask, values: dict[str, Any], field: str) -> None:
    with atomic() as session, pytest.raises(DraftRefused) as refused:
        make_article(session, make_draft(**values))
    assert [fault.field for fault in refused.value.fields] == [field]


def test_what_the_editor_does_not_know_is_refused_by_its_place(app: Flask) -> None:
    with atomic() as session, pytest.raises(DocumentRefused) as refused:
        make_article(session, make_draft("好", {"type": "iframe", "attrs": {"src": "https://a.cn"}}))
    assert refused.value.fields[0].field.startswith("content[1]")


def test_a_save_leaves_its_row_and_its_event(app: Flask) -> None:
    with atomic() as session:
        article = make_article(session)
        rewrite(session, article, by=article.owner_id, title="二稿")
        session.flush()
        rows = select(AuditRow.action).where(AuditRow.object_id == str(article.id)).order_by(AuditRow.id)
        assert list(session.scalars(rows)) == ["content.create_article", "content.save_revision"]
        told = select(EventRow.name).where(EventRow.name.like("content.%")).order_by(EventRow.id)
        assert list(session.scalars(told)) == ["content.article_created", "content.revision_saved"]


# The bin.


def test_a_draft_lies_in_the_bin_for_thirty_days_and_can_be_put_back(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = write_article(session, desk)
        submission = submit(session, desk, article)
        drafting.delete_article(session, article, actor=SYSTEM, now=clock.now)
        assert submission.state is SubmissionState.WITHDRAWN
        clock.advance(days=29, hours=23)
        drafting.put_back(session, article, actor=SYSTEM, now=clock.now)
        assert article.deleted_at is None
        drafting.delete_article(session, article, actor=SYSTEM, now=clock.now)
        clock.advance(days=30)
        with pytest.raises(ArticleMissing):
            drafting.put_back(session, article, actor=SYSTEM, now=clock.now)


def test_what_was_shown_is_not_deleted(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = publish_article(session)
        with pytest.raises(AlreadyPublished):
            drafting.delete_article(session, article, actor=SYSTEM, now=clock.now)


def test_what_is_planned_is_not_deleted(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk)
        clock_at = clock.now
        clock.advance(hours=-1)
        schedule(session, desk, article, clock_at)
        with pytest.raises(PlanStands):
            drafting.delete_article(session, article, actor=SYSTEM, now=clock.now)


# Scopes.


def _principal(role: Role, **place: Any) -> Principal:
    grant = staff_grant(role, organisation_id=place.get("organisation_id"), site_id=place.get("site_id"))
    return Principal(PrincipalKind.STAFF, new_id(), new_id(), (grant,))


def test_an_article_is_found_within_its_scope_only(app: Flask) -> None:
    with atomic() as session:
        operator, stranger = make_organisation(session), make_organisation(session)
        site, other = make_site(session, operator_id=operator.id), make_site(session)
        of_site = make_article(session, site_id=site.id)
        of_operator = make_article(session, organisation_id=operator.id)
        of_city = make_article(session)
        may = {
            _principal(Role.EDITOR, site_id=site.id): [of_site],
            _principal(Role.EDITOR, site_id=other.id): [],
            _principal(Role.EDITOR, organisation_id=operator.id): [of_site, of_operator],
            _principal(Role.EDITOR, organisation_id=stranger.id): [],
            _principal(Role.EDITOR): [of_site, of_operator, of_city],
            _principal(Role.GATE, site_id=site.id): [],
        }
        for principal, theirs in may.items():
            for article in (of_site, of_operator, of_city):
                if article in theirs:
                    managed.lock_managed_article(session, principal, "content.write", article.id)
                    continue
                with pytest.raises(ArticleMissing):
                    managed.get_managed_article(session, principal, "content.write", article.id)


def test_a_site_answers_to_whoever_operates_it_now(app: Flask) -> None:
    with atomic() as session:
        before, after = make_organisation(session), make_organisation(session)
        site = make_site(session, operator_id=before.id)
        article = make_article(session, site_id=site.id)
        site.operator_id = after.id
        session.flush()
        principal = _principal(Role.EDITOR, organisation_id=after.id)
        assert managed.get_managed_article(session, principal, "content.write", article.id) is article
        principal = _principal(Role.EDITOR, organisation_id=before.id)
        with pytest.raises(ArticleMissing):
            managed.get_managed_article(session, principal, "content.write", article.id)


def test_nobody_begins_an_article_for_another_place(app: Flask) -> None:
    with atomic() as session:
        site, other = make_site(session), make_site(session)
        principal = _principal(Role.EDITOR, site_id=site.id)
        managed.check_place(session, principal, "content.write", organisation_id=None, site_id=site.id)
        for place in ({"site_id": other.id}, {"site_id": new_id()}, {"site_id": None}):
            with pytest.raises(PlaceMissing):
                managed.check_place(session, principal, "content.write", organisation_id=None, **place)


def test_what_lies_in_the_bin_is_found_when_it_is_looked_for_there(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session)
        drafting.delete_article(session, article, actor=SYSTEM, now=clock.now)
        principal = _principal(Role.EDITOR)
        with pytest.raises(ArticleMissing):
            managed.get_managed_article(session, principal, "content.write", article.id)
        found = managed.lock_managed_article(session, principal, "content.write", article.id, binned=True)
        assert found is article


def test_what_is_live_says_the_same_while_another_text_is_written(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = publish_article(session, desk=desk, title="已经发布的标题")
        shown = article.live_revision_id
        rewrite(session, article, by=desk.writer, title="正在改的标题", kind=ArticleKind.NEWS)
        assert (article.standing, article.live_revision_id) == (Standing.LIVE, shown)
        assert (article.title, article.kind) == ("已经发布的标题", ArticleKind.KNOWLEDGE)
        count = select(func.count()).select_from(Submission).where(Submission.article_id == article.id)
        assert session.scalar(count.where(Submission.state == SubmissionState.SUPERSEDED)) == 1
        session.expire_all()
        live = session.get_one(Revision, session.get_one(Article, article.id).live_revision_id)
        assert live.title == "已经发布的标题"


def test_nothing_is_shown_of_a_draft_that_publishing_does_not_show(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        article = approved_article(session, desk, title="审过的标题")
        rewrite(session, article, by=desk.writer, title="没审过的标题")
        with pytest.raises(Exception, match=r"content\.not_approved"):
            publish(session, desk, article)
