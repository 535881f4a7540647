"""What members do with articles: read, like, keep, answer questions, follow topics. Each may be repeated."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from content.errors_reading import QuizTakenToday
from content.queries import mine, topics
from content.schemas import public_examples as examples
from content.schemas import reading as wire
from content.schemas.public import TopicsView
from content.service import quizzes
from content.service import reading as acts
from content.service.quizzes import Attempt
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_principal, requires
from miniprogram_api.web.limits import limited
from miniprogram_api.web.schemas import Paging, parse_id

blp = Routes("reading", __name__, url_prefix="/api/v1", description="What members do with articles")

_MAY = "content.react"
_ATTEMPT = wire.AttemptView()


def _react(act: Callable[..., None], article_id: str) -> mine.Mine:
    member_id, now, article = current_principal().id, clock.now(), parse_id(article_id)
    with atomic() as session:
        act(session, article, member_id=member_id, now=now)
        return mine.get_mine(session, article, member_id=member_id, now=now)


@blp.post("/articles/<string:article_id>/read")
@requires(_MAY)
@limited("reaction", "120/minute", per="principal")
@blp.response(HTTPStatus.OK, wire.ReactionView, example=examples.REACTION)
def note_read(article_id: str) -> mine.Mine:
    """Count as a reader of the article, once a Beijing day."""
    return _react(acts.note_read, article_id)


@blp.post("/articles/<string:article_id>/like")
@requires(_MAY)
@limited("reaction", "120/minute", per="principal")
@blp.response(HTTPStatus.OK, wire.ReactionView, example=examples.REACTION)
def like(article_id: str) -> mine.Mine:
    """Like the article."""
    return _react(acts.like, article_id)


@blp.post("/articles/<string:article_id>/unlike")
@requires(_MAY)
@limited("reaction", "120/minute", per="principal")
@blp.response(HTTPStatus.OK, wire.ReactionView, example=examples.REACTION)
def unlike(article_id: str) -> mine.Mine:
    """Like it no longer."""
    return _react(acts.unlike, article_id)


@blp.post("/articles/<string:article_id>/favourite")
@requires(_MAY)
@limited("reaction", "120/minute", per="principal")
@blp.response(HTTPStatus.OK, wire.ReactionView, example=examples.REACTION)
def keep(article_id: str) -> mine.Mine:
    """Put the article among one's favourites."""
    return _react(acts.keep, article_id)


@blp.post("/articles/<string:article_id>/unfavourite")
@requires(_MAY)
@limited("reaction", "120/minute", per="principal")
@blp.response(HTTPStatus.OK, wire.ReactionView, example=examples.REACTION)
def drop(article_id: str) -> mine.Mine:
    """Take it off them."""
    return _react(acts.drop, article_id)


@blp.get("/articles/<string:article_id>/mine")
@requires(_MAY)
@blp.response(HTTPStatus.OK, wire.MineView, example=examples.MINE)
def show_mine(article_id: str) -> dict[str, Any]:
    """What one did with an article, and today's answers to its questions."""
    member_id, now, article = current_principal().id, clock.now(), parse_id(article_id)
    with reading() as session:
        did = mine.get_mine(session, article, member_id=member_id, now=now)
        attempt = quizzes.find_attempt(session, article, member_id=member_id, now=now)
    return {
        "read_today": did.read_today,
        "liked": did.liked,
        "favourited": did.favourited,
        "quiz": None if attempt is None else _told(attempt),
    }


@blp.post("/articles/<string:article_id>/quiz-attempts")
@requires(_MAY)
@limited("reaction", "120/minute", per="principal")
@blp.arguments(wire.AttemptBody, example=examples.ATTEMPT_BODY)
@blp.response(HTTPStatus.CREATED, wire.AttemptView, example=examples.ATTEMPT)
def attempt_quiz(body: dict[str, Any], article_id: str) -> dict[str, Any]:
    """Answer the questions, once a Beijing day; a second time answers 409 with the first one's result."""
    with atomic() as session:
        attempt = quizzes.attempt_quiz(
            session,
            parse_id(article_id),
            body["answers"],
            member_id=current_principal().id,
            now=clock.now(),
        )
    if not attempt.is_new:
        raise QuizTakenToday(attempt=_ATTEMPT.dump(_told(attempt)))
    return _told(attempt)


def _told(attempt: Attempt) -> dict[str, Any]:
    """A scored attempt with what is right and why."""
    return {
        "taken_at": attempt.taken_at,
        "right_answers": attempt.right_answers,
        "questions": attempt.questions,
        "answers": [
            {
                "id": answer.question.id,
                "text": answer.question.text,
                "several": answer.question.several,
                "options": answer.question.options,
                "chosen": answer.chosen,
                "right": [
                    option.id for option in answer.question.options if option.id in answer.question.right
                ],
                "is_right": answer.is_right,
                "explanation": answer.question.explanation,
            }
            for answer in attempt.answers
        ],
    }


@blp.get("/me/favourites")
@requires(_MAY)
@blp.arguments(Paging, location="query")
@blp.response(HTTPStatus.OK, wire.FavouritesView, example=examples.FAVOURITES)
def list_favourites(paging: dict[str, Any]) -> Any:
    """What one kept, the latest first."""
    with reading() as session:
        return mine.list_favourites(session, member_id=current_principal().id, now=clock.now(), **paging)


@blp.post("/topics/<string:topic_id>/follow")
@requires(_MAY)
@limited("reaction", "120/minute", per="principal")
@blp.response(HTTPStatus.OK, wire.FollowedView, example=examples.FOLLOWED)
def follow_topic(topic_id: str) -> dict[str, Any]:
    """Be told of what is published under a topic."""
    topic = parse_id(topic_id)
    with atomic() as session:
        acts.follow_topic(session, topic, member_id=current_principal().id, now=clock.now())
    return {"topic_id": topic, "following": True}


@blp.post("/topics/<string:topic_id>/unfollow")
@requires(_MAY)
@limited("reaction", "120/minute", per="principal")
@blp.response(HTTPStatus.OK, wire.FollowedView, example=examples.FOLLOWED)
def unfollow_topic(topic_id: str) -> dict[str, Any]:
    """Be told no longer."""
    topic = parse_id(topic_id)
    with atomic() as session:
        acts.unfollow_topic(session, topic, member_id=current_principal().id)
    return {"topic_id": topic, "following": False}


@blp.get("/me/topics")
@requires(_MAY)
@blp.response(HTTPStatus.OK, TopicsView, example=examples.TOPICS)
def list_followed_topics() -> dict[str, Any]:
    """The topics one follows."""
    with reading() as session:
        items = topics.list_followed(session, current_principal().id)
    return {"items": items, "next_cursor": None}
