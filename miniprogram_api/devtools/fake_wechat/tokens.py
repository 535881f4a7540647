"""Access tokens as WeChat keeps them: a new plain one per fetch, one stable one, and how each dies."""

from collections.abc import Callable

from miniprogram_api.devtools.fake_wechat.records import Token, TokenKind
from miniprogram_api.devtools.fake_wechat.wire import WeChatError

TOKEN_LIFE_S = 7200
OVERLAP_S = 300
FORCE_SPACING_S = 30
TOKEN_LENGTH = 157


class TokenBook:
    """All tokens ever issued since the last reset, and the current one of each appid and kind."""

    def __init__(self, new_value: Callable[[int], str]) -> None:
        self._new_value = new_value
        self._tokens: dict[str, Token] = {}
        self._current: dict[tuple[str, TokenKind], Token] = {}
        self._forced_at: dict[str, float] = {}

    def issue_plain(self, appid: str, now: float) -> Token:
        """A new plain token; the former one keeps working for five minutes."""
        former = self._current.get((appid, TokenKind.PLAIN))
        if former is not None and former.expires_at > now + OVERLAP_S:
            former.expires_at = now + OVERLAP_S
            former.superseded = True
        return self._issue(appid, TokenKind.PLAIN, now)

    def stable(self, appid: str, now: float) -> Token:
        """The current stable token while more than five minutes are left, else a new one beside it."""
        current = self._current.get((appid, TokenKind.STABLE))
        if current is not None and current.expires_at - now > OVERLAP_S:
            return current
        return self._issue(appid, TokenKind.STABLE, now)

    def may_force(self, appid: str, now: float) -> bool:
        """Whether the last forced refresh lies far enough back."""
        forced_at = self._forced_at.get(appid)
        return forced_at is None or now - forced_at >= FORCE_SPACING_S

    def force(self, appid: str, now: float) -> Token:
        """A new stable token; every older one is dead at once."""
        self._forced_at[appid] = now
        return self.rotate(appid, TokenKind.STABLE, now)

    def rotate(self, appid: str, kind: TokenKind, now: float) -> Token:
        """What another server sharing the appid does to us: the current token dies and a new one exists."""
        self.invalidate(appid, kind, now)
        return self._issue(appid, kind, now)

    def invalidate(self, appid: str, kind: TokenKind | None, now: float) -> int:
        """Kill the living tokens of an appid without a successor; answers how many."""
        living = [
            token
            for token in self._tokens.values()
            if token.appid == appid and kind in {None, token.kind} and token.expires_at > now
        ]
        for token in living:
            token.expires_at, token.superseded = now, True
            if self._current.get((appid, token.kind)) is token:
                del self._current[(appid, token.kind)]
        return len(living)

    def shorten(self, value: str, expires_in: int, now: float) -> None:
        """Let one token end sooner, for the fault that announces a short life."""
        self._tokens[value].expires_at = now + expires_in

    def find(self, value: str) -> Token | None:
        """The token with this value, dead or alive."""
        return self._tokens.get(value)

    def check(self, value: str, now: float, stale_errcode: int) -> Token:
        """The living token, or 41001, 40001, 42001 or the configured code for a superseded one."""
        if not value:
            raise WeChatError(41001)
        token = self._tokens.get(value)
        if token is None:
            raise WeChatError(40001)
        if token.expires_at <= now:
            raise WeChatError(stale_errcode if token.superseded else 42001)
        return token

    def all(self) -> list[Token]:
        """Every token since the last reset, oldest first."""
        return list(self._tokens.values())

    def _issue(self, appid: str, kind: TokenKind, now: float) -> Token:
        token = Token(self._new_value(TOKEN_LENGTH), kind, appid, now, now + TOKEN_LIFE_S)
        self._tokens[token.value] = token
        self._current[(appid, kind)] = token
        return token
