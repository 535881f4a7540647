"""The mini-program codes on posters, as WeChat gives them: it keeps one caller waiting, and no more."""

import threading
from datetime import datetime, timedelta
from uuid import UUID

from content.rules.addresses import ARTICLE_PAGE, scene_of
from miniprogram_api.kernel import clock
from miniprogram_api.wechat.errors import WeChatError
from miniprogram_api.wechat.gateway import Gateway

_PAUSE = timedelta(minutes=1)


class PosterCodes:
    """Asks for codes, one at a time; once WeChat gave none, nobody asks for a minute."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._paused_until: datetime | None = None

    def find(self, gateway: Gateway, article_id: UUID) -> bytes | None:
        """The code, unless WeChat gives none now or somebody else is asking: never waits for them."""
        if self._is_paused() or not self._asking.acquire(blocking=False):
            return None
        try:
            return gateway.mini_program_code(scene_of(article_id), ARTICLE_PAGE)
        except WeChatError:
            self._paused_until = clock.now() + _PAUSE
            return None
        finally:
            self._asking.release()

    def _is_paused(self) -> bool:
        return self._paused_until is not None and clock.now() < self._paused_until
