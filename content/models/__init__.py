"""Tables of content, a module per noun."""

from content.models.articles import (
    Article,
    ArticleKind,
    ArticleLock,
    ArticleSite,
    Audience,
    ContentClass,
    Placement,
    Plan,
    Revision,
    Standing,
    Topic,
)
from content.models.assets import Asset, AssetUse
from content.models.pushes import OfficialMedia, OfficialPost, OfficialState, Push
from content.models.reading import (
    ArticleCount,
    CountChange,
    Favourite,
    Like,
    QuizAttempt,
    Read,
    SiteDay,
    TopicFollow,
)
from content.models.reviews import Decision, Review, Step, Submission, SubmissionState
from content.models.words import Word, WordList, WordListVersion, WordOverride

__all__ = [
    "Article",
    "ArticleCount",
    "ArticleKind",
    "ArticleLock",
    "ArticleSite",
    "Asset",
    "AssetUse",
    "Audience",
    "ContentClass",
    "CountChange",
    "Decision",
    "Favourite",
    "Like",
    "OfficialMedia",
    "OfficialPost",
    "OfficialState",
    "Placement",
    "Plan",
    "Push",
    "QuizAttempt",
    "Read",
    "Review",
    "Revision",
    "SiteDay",
    "Standing",
    "Step",
    "Submission",
    "SubmissionState",
    "Topic",
    "TopicFollow",
    "Word",
    "WordList",
    "WordListVersion",
    "WordOverride",
]
