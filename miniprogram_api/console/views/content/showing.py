"""What several pages show of a text: its parts by the block renderer, its cover, its marks, its changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from content import rendering
from content.queries.desk_topics import names_of_topics
from content.queries.pictures import pictures_of
from content.queries.scope import holds_at
from content.rules.quiz import Question, questions_of
from content.service import Article, Review, Revision, Step, Submission, SubmissionState
from miniprogram_api.console.access import current_principal
from miniprogram_api.console.blocks import Part, parts_of
from miniprogram_api.console.words import content as words
from miniprogram_api.console.words import say_instant
from miniprogram_api.identity.queries_people import names_of_staff
from miniprogram_api.sites.queries import names_of_sites


@dataclass(frozen=True, slots=True)
class Cover:
    """The picture above a text."""

    src: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as its reader would see it."""

    parts: list[Part]
    cover: Cover | None
    quiz: list[Question]
    names: Mapping[str, str]  # of topics, sites and covers, by their ids

    def named(self, ids: Iterable[str]) -> str:
        """What these are called, in one line."""
        return "、".join(self.names.get(each, "已删除") for each in ids)


def show_text(
    session: Session, revision: Revision, marked: Iterable[str] = (), *, before: Revision | None = None
) -> Shown:
    """A revision by the block renderer, with the words of the lists marked; three statements at most.

    `before` is what it is compared with: what that names is named too.
    """
    both = [revision] if before is None else [revision, before]
    covers = [each.cover_asset_id for each in both]
    found = pictures_of(session, [*covers, *rendering.asset_ids(revision.body)])
    blocks = rendering.to_blocks(revision.body, {name: picture for name, (picture, _) in found.items()})
    cover = found.get(str(revision.cover_asset_id))
    head = Cover(cover[0].src, cover[1], cover[0].width, cover[0].height) if cover else None
    names = _names_in(session, both) | {name: alt for name, (_, alt) in found.items()}
    return Shown(parts_of(blocks, marked), head, questions_of(revision.quiz), names)


def _names_in(session: Session, revisions: Iterable[Revision]) -> dict[str, str]:
    topics = {UUID(each) for revision in revisions for each in revision.topic_ids}
    sites = {UUID(each) for revision in revisions for each in revision.site_ids}
    named = {**names_of_topics(session, topics), **names_of_sites(session, sites)}
    return {str(each): name for each, name in named.items()}


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of a review: done, current, returned or to come."""

    name: str
    state: str
    said: str


def progress_of(
    submission: Submission | None, reviews: Iterable[Review], names: Mapping[UUID, str]
) -> list[Progress]:
    """The steps that a submission asks for, each with who decided when."""
    if submission is None:
        return []
    by_step = {review.step: review for review in reviews if review.undone_at is None}
    return [
        _progress(submission, at, step, by_step.get(step), names)
        for at, step in enumerate(tuple(Step)[: submission.steps])
    ]


def _progress(
    submission: Submission, at: int, step: Step, review: Review | None, names: Mapping[UUID, str]
) -> Progress:
    name = words.STEPS[step.value]
    if review is not None:
        who = f"{names[review.reviewer_id]}，{say_instant(review.decided_at)}"
        said, _ = words.DECISIONS[review.decision.value]
        return Progress(name, "returned" if said == "退回" else "done", f"{said}，{who}")
    if submission.state is SubmissionState.OPEN and at == submission.approved_steps:
        return Progress(name, "current", "等待审核")
    return Progress(name, "ahead", "还没有轮到")


def may_at(session: Session, permission: str, article: Article) -> bool:
    """Whether who is signed in holds a permission over an article, for what a page offers."""
    return holds_at(
        session,
        current_principal(),
        permission,
        organisation_id=article.organisation_id,
        site_id=article.site_id,
    )


def names_of(session: Session, *found: Any) -> dict[UUID, str]:
    """What everybody is called whom these rows name; one statement."""
    there = [each for each in found if each is not None]
    wanted = {getattr(each, name) for each in there for name in _PEOPLE if hasattr(each, name)}
    named = names_of_staff(session, wanted)
    return {each: named.get(str(each), "") for each in wanted}


_PEOPLE = ("saved_by", "reviewer_id", "submitted_by", "owner_id", "allowed_by", "changed_by", "staff_id")
