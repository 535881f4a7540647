"""What hangs on an editor who leaves: articles that were never shown, or whose latest text is not."""

from uuid import UUID

import pytest
from flask import Flask

from content.models import Article, Standing
from content.service import drafting, managed
from content.service.handing_over import UnfinishedArticles
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.factories import articles, content
from tests.factories.staff import make_staff


@pytest.fixture
def editor(app: Flask, clock: Clock) -> UUID:
    """Somebody with a draft, a finished article, and one whose latest text is not shown."""
    with atomic() as session:
        editor = make_staff(session, "wang.fang").id
        content.make_article(session, content.make_draft(title="从未发布"), writer_id=editor)
        articles.make_article(session, title="已经发布", owner_id=editor)
        later = content.make_article(session, content.make_draft(title="原来的标题"), writer_id=editor)
        first = managed.latest_revision(session, later)
        later.standing, later.live_revision_id, later.published_at = Standing.LIVE, first.id, clock.now
        drafting.save_revision(
            session,
            later,
            content.make_draft(title="改过还没发"),
            base_number=1,
            staff_id=editor,
            actor=SYSTEM,
            autosaved=False,
            now=clock.now,
        )
        return editor


def test_only_unfinished_ones_are_listed_and_handed_over(editor: UUID, clock: Clock) -> None:
    with reading() as session:
        listed = [task.label for task in UnfinishedArticles.list_open(session, editor)]
    assert sorted(listed) == ["从未发布", "改过还没发"]
    with atomic() as session:
        receiver = make_staff(session, "li.hua").id
        moved = UnfinishedArticles.hand_over(session, staff_id=editor, receiver_id=receiver, now=clock.now)
    assert moved == 2
    with reading() as session:
        left = session.query(Article).filter_by(owner_id=editor).all()
        assert [article.title for article in left] == ["已经发布"]
