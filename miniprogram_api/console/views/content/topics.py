"""Topics: added, edited, put in order, retired and put back; readers see each change at once."""

from collections.abc import Callable

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from content.queries.assets import list_assets
from content.queries.desk_topics import find_topic, list_desk_topics, list_retired_topics
from content.service import Topic, topics
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.content import TopicForm
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.schemas import parse_id

_MANAGE = "content.topics"
_MOST_COVERS = 100


@console.get("/content/topics")
@signed_in("content.view")
def list_topics() -> Response:
    """The topics in the readers' order, and those that were retired."""
    with reading() as session:
        found, retired = list_desk_topics(session), list_retired_topics(session)
    may_manage = current_principal().may(_MANAGE)
    return page("content/topics.html", topics=found, retired=retired, may_manage=may_manage)


def _back(told: str) -> Response:
    return done(url_for("console.list_topics"), told)


def _covers(chosen: str = "") -> list[SelectChoice]:
    """The newest pictures of the library, and the one that is chosen, however old."""
    with reading() as session:
        found = list_assets(session, current_principal(), limit=_MOST_COVERS, cursor=None)
    named = {str(each.asset.id): each.asset.title for each in found.items}
    kept = {chosen: "现在的封面"} if chosen and chosen not in named else {}
    return picks([("", "没有封面"), *kept.items(), *named.items()])


@console.route("/content/topics/new", methods=["GET", "POST"])
@signed_in(_MANAGE)
def add_topic() -> Response:
    """Another topic, at the end of the list."""
    form = TopicForm()
    form.cover.choices = _covers()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                topics.add_topic(
                    session,
                    name=form.name.data,
                    summary=form.summary.data,
                    cover_asset_id=form.cover_asset_id,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return _back(f"专题“{form.name.data}”已新建，排在最后。写文章时就可以选它。")
    return page("content/topic.html", form=form, topic=None)


@console.route("/content/topics/<string:topic_id>", methods=["GET", "POST"])
@signed_in(_MANAGE)
def edit_topic(topic_id: str) -> Response:
    """Another name or introduction."""
    with reading() as session:
        topic = topics.get_topic(session, parse_id(topic_id))
    cover = str(topic.cover_asset_id or "")
    form = TopicForm(data={"name": topic.name, "summary": topic.summary, "cover": cover})
    form.cover.choices = _covers(cover)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                changes = {
                    "name": form.name.data,
                    "summary": form.summary.data,
                    "cover_asset_id": form.cover_asset_id,
                }
                topic = topics.get_topic(session, topic.id)
                topics.edit_topic(session, topic, changes=changes, actor=current_actor())
            return _back(f"专题“{form.name.data}”已保存，小程序里马上更新。")
    return page("content/topic.html", form=form, topic=topic)


def _change(topic_id: str, change: Callable[[Session, Topic], None]) -> str:
    with atomic() as session:
        topic = topics.get_topic(session, parse_id(topic_id))
        change(session, topic)
        return topic.name


@console.post("/content/topics/<string:topic_id>/move")
@signed_in(_MANAGE)
def move_topic(topic_id: str) -> Response:
    """Another place in the list, counted from 0."""
    to = request.form.get("to", 0, type=int)
    name = _change(
        topic_id, lambda session, topic: topics.move_topic(session, topic, to=to, actor=current_actor())
    )
    return _back(f"专题“{name}”现在排第 {to + 1}。")


@console.post("/content/topics/<string:topic_id>/retire")
@signed_in(_MANAGE)
def retire_topic(topic_id: str) -> Response:
    """Show it no longer; it can be put back from the same page."""
    name = _change(
        topic_id,
        lambda session, topic: topics.retire_topic(session, topic, actor=current_actor(), now=clock.now()),
    )
    return _back(f"专题“{name}”已停用，小程序里不再显示。可以在本页恢复。")


@console.post("/content/topics/<string:topic_id>/restore")
@signed_in(_MANAGE)
def restore_topic(topic_id: str) -> Response:
    """Show a retired topic again; nothing happens to one that is shown."""
    with atomic() as session:
        topic = find_topic(session, parse_id(topic_id))
        if topic.retired_at is not None:
            topics.put_topic_back(session, topic, actor=current_actor())
        name = topic.name
    return _back(f"专题“{name}”已恢复，小程序里马上能看到。")
