"""The wire format of what members do with articles."""

from marshmallow import fields, validate

from content.schemas.public import CardView, QuestionView
from miniprogram_api.web.schemas import Instant, Schema

_MOST_QUESTIONS, _MOST_OPTIONS, _LONGEST_ID = 50, 20, 40


class ReactionView(Schema):
    """What a member did with an article."""

    read_today = fields.Boolean(required=True)
    liked = fields.Boolean(required=True)
    favourited = fields.Boolean(required=True)


class _AnswerView(QuestionView):
    """A question as it was answered, with what is right and why."""

    chosen = fields.List(fields.String(), required=True)
    right = fields.List(fields.String(), required=True)
    is_right = fields.Boolean(required=True)
    explanation = fields.String(required=True)


class AttemptView(Schema):
    """A scored attempt."""

    taken_at = Instant(required=True)
    right_answers = fields.Integer(required=True)
    questions = fields.Integer(required=True)
    answers = fields.List(fields.Nested(_AnswerView), required=True)


class MineView(ReactionView):
    """What a member did with an article; `quiz` is today's attempt."""

    quiz = fields.Nested(AttemptView, required=True, allow_none=True)


class AttemptBody(Schema):
    """The options that were chosen, by question."""

    answers = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=_LONGEST_ID)),
        values=fields.List(
            fields.String(validate=validate.Length(min=1, max=_LONGEST_ID)),
            validate=validate.Length(max=_MOST_OPTIONS),
        ),
        required=True,
        validate=validate.Length(min=1, max=_MOST_QUESTIONS),
    )


class _KeptView(Schema):
    """An article that a member kept; of one that is not shown any more there is only the title:
    its `summary` is empty, its `cover` null, and its page only says that it was withdrawn."""

    article = fields.Nested(CardView, required=True)
    is_shown = fields.Boolean(required=True)
    kept_at = Instant(required=True, data_key="favourited_at")


class FavouritesView(Schema):
    """A page of what a member kept, the latest first."""

    items = fields.List(fields.Nested(_KeptView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class FollowedView(Schema):
    """Whether a member is told of what is published under a topic."""

    topic_id = fields.String(required=True)
    following = fields.Boolean(required=True)
