"""The articles of somebody's desk in any state, narrowed by what they look for; and the bin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, or_, select
from sqlalchemy.orm import Session, aliased

from content.models import (
    Article,
    ArticleKind,
    Plan,
    Revision,
    Standing,
    Submission,
    SubmissionState,
)
from content.queries.scope import articles_within
from miniprogram_api.identity.queries_people import names_of_organisations, names_of_staff
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.sites.queries import names_of_sites

# Publishing runs each minute; a plan that is later than this is overdue.
GRACE = timedelta(minutes=2)
CITY, CITY_NAME = "city", "全市"
_IN_BIN = timedelta(days=30)
PERMISSIONS = ("content.view", "content.write", "content.review", "content.publish")
_AT_WORK = (SubmissionState.OPEN, SubmissionState.APPROVED, SubmissionState.RETURNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFilter:
    """What somebody looks for among articles. `place` is the id of a site or organisation, or "city"."""

    q: str | None = None
    state: str | None = None
    kind: ArticleKind | None = None
    topic_id: UUID | None = None
    owner_id: UUID | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class DeskRow:
    """An article in the list: its latest title, and what its state is made of."""

    article: Article
    title: str
    kind: ArticleKind
    plan: Plan | None
    submission: Submission | None
    has_changes: bool  # what is worked on says something else than what is shown
    owner: str
    place: str
    may: frozenset[str]  # what of the permissions to work on it the caller holds over it

    @property
    def is_news(self) -> bool:
        """Whether the text put forward last would change what the public sees."""
        return self.article.standing is Standing.DRAFT or self.has_changes


_Latest, _Live = aliased(Revision), aliased(Revision)


def last_submission() -> ColumnElement[UUID]:
    """SQL for the id of the submission that an article's row had last; ids are in the order of time."""
    newest = select(Submission.id).where(Submission.article_id == Article.id)
    return newest.order_by(Submission.id.desc()).limit(1).correlate(Article).scalar_subquery()


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Article,
            _Latest.title.label("title"),
            _Latest.kind.label("kind"),
            Plan,
            Submission,
            _changed().label("has_changes"),
        )
        .join(_Latest, and_(_Latest.article_id == Article.id, _Latest.number == Article.latest_number))
        .outerjoin(_Live, _Live.id == Article.live_revision_id)
        .outerjoin(Plan, Plan.article_id == Article.id)
        .outerjoin(Submission, Submission.id == last_submission())
    )


def _changed() -> ColumnElement[bool]:
    return and_(_Live.id.is_not(None), _Live.content_hash != _Latest.content_hash)


def _in_state(state: str, now: datetime) -> ColumnElement[bool]:
    """What each state of the filter means."""
    is_planned = Plan.article_id.is_not(None)
    idle = or_(Submission.id.is_(None), Submission.state.not_in(_AT_WORK))
    is_news = or_(
        Article.standing == Standing.DRAFT,
        and_(_Live.id.is_not(None), _Live.content_hash != Submission.content_hash),
    )
    at_work = {
        "draft": and_(Article.standing == Standing.DRAFT, ~is_planned, idle),
        "review": Submission.state == SubmissionState.OPEN,
        "returned": Submission.state == SubmissionState.RETURNED,
        "approved": and_(Submission.state == SubmissionState.APPROVED, ~is_planned, is_news),
        "planned": is_planned,
        "overdue": Plan.publish_at <= now - GRACE,
    }
    return at_work[state] if state in at_work else Article.standing == Standing(state)


def _wanted(principal: Principal, wanted: DeskFilter, now: datetime) -> list[ColumnElement[bool]]:
    only = [articles_within(principal, "content.view"), Article.deleted_at.is_(None)]
    if wanted.q is not None:
        titles = (_Latest.title, Article.title)
        only.append(or_(*(title.contains(wanted.q, autoescape=True) for title in titles)))
    if wanted.state is not None:
        only.append(_in_state(wanted.state, now))
    if wanted.kind is not None:
        only.append(_Latest.kind == wanted.kind)
    if wanted.topic_id is not None:
        only.append(cast(_Latest.topic_ids, String).contains(str(wanted.topic_id)))
    if wanted.owner_id is not None:
        only.append(Article.owner_id == wanted.owner_id)
    if wanted.place is not None:
        only.append(_at(wanted.place))
    return only


def _at(place: str) -> ColumnElement[bool]:
    if place == CITY:
        return and_(Article.organisation_id.is_(None), Article.site_id.is_(None))
    return or_(Article.organisation_id == UUID(place), Article.site_id == UUID(place))


def list_desk_articles(
    session: Session,
    principal: Principal,
    wanted: DeskFilter,
    *,
    now: datetime,
    limit: int,
    cursor: str | None,
) -> Page[DeskRow]:
    """A page of the articles that the caller may see at work, the last saved first. Raises InvalidCursor."""
    statement = _rows().where(*_wanted(principal, wanted, now))
    return _page(session, principal, statement, Article.edited_at, limit=limit, cursor=cursor)


def list_deleted(
    session: Session, principal: Principal, *, now: datetime, limit: int, cursor: str | None
) -> Page[DeskRow]:
    """What lies in the bin and can be put back. Raises InvalidCursor."""
    kept = Article.deleted_at > now - _IN_BIN
    statement = _rows().where(articles_within(principal, "content.view"), kept)
    return _page(session, principal, statement, Article.edited_at, limit=limit, cursor=cursor)


def _page(
    session: Session,
    principal: Principal,
    statement: Select[*tuple[Any, ...]],
    column: Any,
    *,
    limit: int,
    cursor: str | None,
) -> Page[DeskRow]:
    held = [articles_within(principal, each).label(each.replace(".", "_")) for each in PERMISSIONS]
    asked = statement.add_columns(*held)
    found = page_rows(session, asked, [column, Article.id], limit=limit, cursor=cursor, descending=True)
    articles = [row[0] for row in found.items]
    owners = names_of_staff(session, [article.owner_id for article in articles])
    places = names_of_places(session, articles)
    rows = [
        DeskRow(
            article=row[0],
            title=row.title,
            kind=row.kind,
            plan=row[3],
            submission=row[4],
            has_changes=bool(row.has_changes),
            owner=owners.get(str(row[0].owner_id), ""),
            place=places[row[0].id],
            may=frozenset(each for each in PERMISSIONS if getattr(row, each.replace(".", "_"))),
        )
        for row in found.items
    ]
    return Page(rows, found.next_cursor)


def names_of_places(session: Session, articles: list[Article]) -> dict[UUID, str]:
    """Whose desk each article belongs to; two statements."""
    sites = names_of_sites(session, {each.site_id for each in articles if each.site_id})
    organisations = names_of_organisations(
        session, {each.organisation_id for each in articles if each.organisation_id}
    )
    return {
        each.id: sites.get(each.site_id, "示范点")
        if each.site_id
        else organisations.get(each.organisation_id, "机构")
        if each.organisation_id
        else CITY_NAME
        for each in articles
    }


def list_places(session: Session, principal: Principal) -> list[tuple[str, str]]:
    """The desks that the caller's articles belong to, each with its id, for who chooses one."""
    theirs = articles_within(principal, "content.view")
    placed = select(Article.site_id, Article.organisation_id).where(theirs)
    pairs = session.execute(placed.distinct().limit(200)).all()
    sites = names_of_sites(session, {pair.site_id for pair in pairs if pair.site_id})
    organisations = names_of_organisations(
        session, {pair.organisation_id for pair in pairs if pair.organisation_id and not pair.site_id}
    )
    named = [(str(each), name) for names in (organisations, sites) for each, name in names.items()]
    is_city = any(pair.site_id is None and pair.organisation_id is None for pair in pairs)
    return [*([(CITY, CITY_NAME)] if is_city else []), *sorted(named, key=lambda pair: pair[1])]


def _count(session: Session, *only: ColumnElement[bool]) -> int:
    rows = _rows().with_only_columns(func.count(), maintain_column_froms=True)
    return session.scalar(rows.where(Article.deleted_at.is_(None), *only)) or 0


def count_returned(session: Session, principal: Principal) -> int:
    """How many of somebody's articles came back from review and wait for them."""
    own = (Article.owner_id == principal.id, articles_within(principal, "content.write"))
    return _count(session, *own, Submission.state == SubmissionState.RETURNED)


def count_overdue(
    session: Session, principal: Principal, now: datetime, *, owner_id: UUID | None = None
) -> int:
    """How many plans within the caller's scope were not carried out in time; of one owner's, if named."""
    only = [articles_within(principal, "content.view"), _in_state("overdue", now)]
    if owner_id is not None:
        only.append(Article.owner_id == owner_id)
    return _count(session, *only)


def count_approved(session: Session, principal: Principal, now: datetime) -> int:
    """How many texts within the caller's scope have passed review and are not published or planned."""
    return _count(session, articles_within(principal, "content.publish"), _in_state("approved", now))
