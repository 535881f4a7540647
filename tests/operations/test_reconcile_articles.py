"""Counts of articles that drifted are named and set right, whatever waits to be added up."""

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from content.jobs.reading import add_up_counts
from content.models import Article, ArticleCount, CountChange, Like
from content.service import reading as acts
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.operations.reconcile_articles import article_drifts
from tests.conftest import Clock
from tests.factories.articles import make_article
from tests.factories.members import make_member
from tests.operations.test_reconcile import reconcile


@pytest.fixture
def article(app: Flask, clock: Clock) -> Article:
    """One that three read and like: two are added up, one waits."""
    with atomic() as session:
        article = make_article(session)
    for _ in range(3):
        add_up_counts()
        with atomic() as session:
            member = make_member(session)
            for act in (acts.note_read, acts.like):
                act(session, article.id, member_id=member.id, now=clock.now)
    return article


def counts(article: Article) -> tuple[int, int]:
    with reading() as session:
        row = session.get_one(ArticleCount, article.id)
        return row.reads, row.likes


def test_what_waits_is_no_drift(app: Flask, article: Article) -> None:
    assert counts(article) == (2, 2)
    assert reconcile(app).exit_code == 0


@pytest.mark.parametrize("lost", ["counts", "changes", "rows"])
def test_a_drift_is_named_and_set_right_with_a_reason(app: Flask, article: Article, lost: str) -> None:
    with atomic() as session:
        if lost == "counts":
            session.execute(update(ArticleCount).values(reads=7, likes=0))
        elif lost == "changes":
            session.execute(delete(CountChange))
        else:
            one = select(Like.member_id).order_by(Like.member_id).limit(1).scalar_subquery()
            session.execute(delete(Like).where(Like.member_id == one))
    assert reconcile(app).exit_code == 1
    result = reconcile(app, "--repair", "恢复备份后")
    assert result.exit_code == 0, result.output
    assert f"article {article.id}" in result.output
    add_up_counts()
    assert counts(article) == (3, 2 if lost == "rows" else 3)
    with reading() as session:
        assert article_drifts(session) == []
        (row,) = session.scalars(select(AuditRow).where(AuditRow.action == "operations.reconcile"))
    assert (row.object_type, row.reason) == ("article", "恢复备份后")


def test_an_article_that_was_never_added_up_gets_its_row(app: Flask, article: Article) -> None:
    with atomic() as session:
        session.execute(delete(ArticleCount))
        session.execute(delete(CountChange))
    assert reconcile(app, "--repair", "丢了").exit_code == 0
    assert counts(article) == (3, 3)
