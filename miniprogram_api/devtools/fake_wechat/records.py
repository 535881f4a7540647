"""The nouns the fake keeps: accounts, persons and what each person is to each appid. Data only, no rules."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AccountKind(StrEnum):
    """Mini-program or official account; each has its own appid, tokens and openid space."""

    MP = "mp"
    OA = "oa"


class TokenKind(StrEnum):
    """Plain and stable tokens live apart and never invalidate each other."""

    PLAIN = "plain"
    STABLE = "stable"


class CodeKind(StrEnum):
    """A login code and a phone code look alike and are never interchangeable."""

    LOGIN = "login"
    PHONE = "phone"


class TemplateKind(StrEnum):
    """One-time templates use up one consent per message; long-term ones do not."""

    ONE_TIME = "one_time"
    LONG_TERM = "long_term"


@dataclass(frozen=True)
class TemplateField:
    """One placeholder of a template, such as `thing4`, with the label shown before it."""

    key: str
    label: str
    enum_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Template:
    """A subscription template as the account's console holds it."""

    id: str
    title: str
    fields: tuple[TemplateField, ...]
    kind: TemplateKind = TemplateKind.ONE_TIME


@dataclass
class Account:
    """One appid with its console settings."""

    appid: str
    secret: str
    kind: AccountKind = AccountKind.MP
    certified: bool = True
    personal: bool = False
    open_account: str | None = None
    ip_refused: bool = False
    secret_frozen: bool = False
    disabled: bool = False
    subscribe_banned: bool = False
    pages: dict[str, set[str]] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)


@dataclass
class Membership:
    """What one person is to one appid."""

    openid: str
    session_key: str | None = None
    last_visit_at: float | None = None
    main_switch: bool = True
    accepted: Counter[str] = field(default_factory=Counter)
    banned: set[str] = field(default_factory=set)


@dataclass
class Person:
    """A human with a WeChat account, known to the tests by a name."""

    name: str
    phone: str
    country_code: str = "86"
    risk_rank: int = 0
    memberships: dict[str, Membership] = field(default_factory=dict)


@dataclass
class Code:
    """A single-use code of five minutes handed to the mini-program."""

    value: str
    kind: CodeKind
    person: Person
    appid: str
    issued_at: float
    used_at: float | None = None


@dataclass
class Token:
    """An access token; `superseded` is set once a newer one took its place before its time."""

    value: str
    kind: TokenKind
    appid: str
    issued_at: float
    expires_at: float
    superseded: bool = False


@dataclass
class Settings:
    """Choices where the real behaviour is undocumented or varies, so that tests can try each."""

    stale_token_errcode: int = 40001
    thing_units: str = "utf16"
    country_code_type: str = "string"
    delivery_s: float = 0.01
    detail_errcode: int = 0
    publish_s: float = 0.05
    publish_held: bool = False


@dataclass(frozen=True)
class Push:
    """Where events are pushed to, and the secrets of safe mode; without one only the journal has them."""

    token: str
    aes_key: str
    url: str = ""


@dataclass(frozen=True)
class Verdict:
    """What moderation says about a word."""

    suggest: str
    label: int


PUBLISHED, PUBLISHING = 0, 1


@dataclass(frozen=True)
class Material:
    """A file; a permanent one may be a cover."""

    media_id: str
    appid: str
    permanent: bool
    size: int


@dataclass(frozen=True)
class Draft:
    """Articles that nobody sees yet."""

    media_id: str
    appid: str
    articles: list[dict[str, Any]]


@dataclass
class Publication:
    """A draft on its way to the public; `status` is WeChat's number."""

    publish_id: str
    appid: str
    draft: Draft
    article_id: str
    status: int = PUBLISHING

    def describe(self) -> dict[str, Any]:
        """What a poll is answered, and what the push tells."""
        told: dict[str, Any] = {"publish_id": self.publish_id, "publish_status": self.status, "fail_idx": []}
        if self.status == PUBLISHED:
            url = f"http://mp.weixin.qq.com/s?__biz=demo&mid={self.publish_id}&idx=1"
            item = [{"idx": 1, "article_url": url}]
            told |= {"article_id": self.article_id, "article_detail": {"count": 1, "item": item}}
        elif self.status != PUBLISHING:
            told["fail_idx"] = [1]
        return told


@dataclass
class OfficialShelf:
    """Everything of official accounts; `verdicts` are how the next publications end, later ones well."""

    materials: dict[str, Material] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    drafts: dict[str, Draft] = field(default_factory=dict)
    publications: dict[str, Publication] = field(default_factory=dict)
    verdicts: list[int] = field(default_factory=list)
