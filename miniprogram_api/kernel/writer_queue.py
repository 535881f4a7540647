"""The queue of writers before a SQLite file, which by itself lets chance choose who writes next."""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from miniprogram_api.kernel.errors import Unavailable

_TURN_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class _Turn:
    thread: int
    called: threading.Event = field(default_factory=threading.Event)


class WriterQueue:
    """A mutex that serves in order of arrival, so that nobody starves."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._holder: int | None = None
        self._waiting: deque[_Turn] = deque()

    @contextmanager
    def turn(self) -> Generator[None]:
        """Hold the only turn. Raises Unavailable if it does not come in time, RuntimeError in its holder."""
        self._enter(_Turn(threading.get_ident()))
        try:
            yield
        finally:
            self._leave()

    def _enter(self, turn: _Turn) -> None:
        with self._guard:
            if self._holder is None:
                self._holder = turn.thread
                return
            if self._holder == turn.thread:
                raise RuntimeError("this thread is writing already and would wait for itself")
            self._waiting.append(turn)
        try:
            called = turn.called.wait(_TURN_WITHIN_S)
        except BaseException:
            if self._was_called(turn):
                self._leave()
            raise
        if not called and not self._was_called(turn):
            raise Unavailable(retry_after_s=1)

    def _was_called(self, turn: _Turn) -> bool:
        """Stop waiting; True when the turn had come at the last moment."""
        with self._guard:
            if turn.called.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def _leave(self) -> None:
        with self._guard:
            if not self._waiting:
                self._holder = None
                return
            following = self._waiting.popleft()
            self._holder = following.thread
            following.called.set()
