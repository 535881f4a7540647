"""The queue of writers: one at a time, in order of arrival, and nobody waits for ever."""

import threading
from collections.abc import Callable

import pytest

from miniprogram_api.kernel import writer_queue
from miniprogram_api.kernel.errors import Unavailable
from miniprogram_api.kernel.writer_queue import WriterQueue


class _Writer(threading.Thread):
    """Takes a turn, says so, and holds it until it is told to go."""

    def __init__(self, queue: WriterQueue, log: list[int], number: int) -> None:
        super().__init__(daemon=True)
        self.failure: BaseException | None = None
        self.holding = threading.Event()
        self.release = threading.Event()
        self._queue, self._log, self._number = queue, log, number

    def run(self) -> None:
        try:
            with self._queue.turn():
                self._log.append(self._number)
                self.holding.set()
                self.release.wait(10)
        except BaseException as failure:  # shown to the test
            self.failure = failure


def _wait_until(condition: Callable[[], object]) -> None:
    pause = threading.Event()
    for _ in range(2_000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("it did not happen")


def _queued(queue: WriterQueue) -> int:
    return len(queue._waiting)


def test_writers_are_served_in_order_of_arrival() -> None:
    queue, log = WriterQueue(), list[int]()
    writers = [_Writer(queue, log, number) for number in range(8)]
    for writer in writers:
        waiting = _queued(queue)
        writer.start()
        _wait_until(
            lambda first=writer is writers[0], waiting=waiting: log if first else _queued(queue) > waiting
        )
    for number, writer in enumerate(writers):
        assert writer.holding.wait(10)
        assert log == list(range(number + 1))
        writer.release.set()
    for writer in writers:
        writer.join(10)
    with queue.turn():
        assert _queued(queue) == 0


def test_a_turn_passes_on_when_its_holder_fails() -> None:
    queue = WriterQueue()
    with pytest.raises(ValueError, match="holder"), queue.turn():
        raise ValueError("holder")
    with queue.turn():
        pass


def test_the_turn_of_a_thread_that_died_in_it_comes_free() -> None:
    queue = WriterQueue()

    def die() -> None:
        queue.turn().__enter__()  # nobody leaves: the thread ends inside

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    with queue.turn():
        pass


def test_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_queue, "_TURN_WITHIN_S", 0.05)
    queue, log = WriterQueue(), list[int]()
    holder, waiter = _Writer(queue, log, 1), _Writer(queue, log, 2)
    holder.start()
    assert holder.holding.wait(10)
    waiter.start()
    waiter.join(10)
    assert isinstance(waiter.failure, Unavailable)
    assert _queued(queue) == 0
    holder.release.set()
    holder.join(10)
    with queue.turn():
        assert log == [1]


def test_a_turn_that_comes_at_the_last_moment_is_taken() -> None:
    queue = WriterQueue()

    class Late(threading.Event):
        """Says that nobody called, when somebody did at that very moment."""

        def wait(self, timeout: float | None = None) -> bool:
            holder.release.set()
            super().wait(timeout)
            return False

    holder = _Writer(queue, [], 1)
    holder.start()
    assert holder.holding.wait(10)
    queue._enter(writer_queue._Turn(threading.get_ident(), Late()))
    queue._leave()
    with queue.turn():
        pass


def test_a_thread_does_not_wait_for_itself() -> None:
    queue = WriterQueue()
    with queue.turn(), pytest.raises(RuntimeError, match="wait for itself"), queue.turn():
        pass
    with queue.turn():
        pass


class _Interrupted(Exception):
    pass


@pytest.mark.parametrize("called", [False, True])
def test_an_interrupted_wait_gives_its_place_up(called: bool) -> None:
    queue = WriterQueue()

    class Interrupted(threading.Event):
        """A wait that a signal ends, before or after the turn came."""

        def wait(self, timeout: float | None = None) -> bool:
            if called:
                holder.release.set()
                super().wait(timeout)
            raise _Interrupted

    holder = _Writer(queue, [], 1)
    holder.start()
    assert holder.holding.wait(10)
    with pytest.raises(_Interrupted):
        queue._enter(writer_queue._Turn(threading.get_ident(), Interrupted()))
    holder.release.set()
    holder.join(10)
    with queue.turn():
        assert _queued(queue) == 0
