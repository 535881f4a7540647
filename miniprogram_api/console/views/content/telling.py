"""Who is told of an article when it is published, and how, counted before it is done."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from config.settings import Settings
from content.queries.desk_topics import count_followers, followers_of
from content.service import Revision
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.messaging.queries import count_with_credit
from miniprogram_api.messaging.rules import Template


@dataclass(frozen=True, slots=True)
class Audience:
    """How many follow the topics of a text, and how many of them WeChat will also tell."""

    followers: int
    by_wechat: int

    @property
    def said(self) -> str:
        """In words, for the hint and for the page before the act."""
        if not self.followers:
            return "还没有市民关注它的专题，不会通知任何人"
        only = self.followers - self.by_wechat
        return (
            f"{self.followers} 人会收到小程序消息，其中 {self.by_wechat} 人同时收到微信订阅消息，"
            f"{only} 人只有小程序消息（没有订阅额度）"
        )

    @property
    def hint(self) -> str:
        """What the tick means."""
        return f"按现在的关注情况：{self.said}。"


def audience_of(session: Session, revision: Revision) -> Audience:
    """Who would be told of a text; two statements."""
    topics = {UUID(each) for each in revision.topic_ids}
    followers = count_followers(session, topics)
    if not followers:
        return Audience(0, 0)
    by_wechat = count_with_credit(session, followers_of(topics), Template.ARTICLE_PUBLISHED)
    return Audience(followers, by_wechat)


_OFFICIAL = {"": "不发到公众号", "draft": "同时放进公众号草稿箱", "publish": "同时在公众号发布"}


def official_choices(settings: Settings) -> list[SelectChoice]:
    """What can be done with the official account, where one is set up: a draft, or publishing it, as set."""
    way = official_way(settings)
    return picks((name, _OFFICIAL[name]) for name in ("", way)) if way else []


def official_way(settings: Settings) -> str:
    """How articles go to the official account here; nothing where there is none."""
    if settings.official is None:
        return ""
    return "publish" if settings.wechat_oa_publish else "draft"


def say_official(chosen: str | None) -> str:
    """What becomes of it there, in words; nothing where there is no account."""
    return _OFFICIAL[chosen] if chosen in _OFFICIAL and chosen else ""
