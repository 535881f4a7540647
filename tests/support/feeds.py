"""A feed for tests, in a table of its own: posts of projects, each with the next version of its project."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from miniprogram_api.kernel.db import db
from miniprogram_api.kernel.feeds import Feed, PlacedInFeed


class TablesOfTests(DeclarativeBase):
    """What no migration knows."""


class Project(TablesOfTests):
    """Locked by whoever posts, so that versions rise in the order of commits."""

    __tablename__ = "test_projects"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)


class Post(PlacedInFeed, TablesOfTests):
    """A row of the feed; its id is taken before the commit, as ids are."""

    __tablename__ = "test_posts"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    project: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)


POSTS: Feed[Any] = Feed("test.posts", Post, order=(Post.version, Post.id))


@contextmanager
def tables_of_tests() -> Generator[None]:
    """The tables, for as long as it is open."""
    TablesOfTests.metadata.create_all(db.engine)
    try:
        yield
    finally:
        db.session.remove()
        TablesOfTests.metadata.drop_all(db.engine)


def out_of_order(posts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of (project, version) as they were read, those that are not the next version of their project."""
    reached: dict[int, int] = {}
    wrong = []
    for project, version in posts:
        if version != reached.get(project, 0) + 1:
            wrong.append((project, version))
        reached[project] = version
    return wrong
