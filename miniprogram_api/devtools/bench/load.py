"""The load generator: a process of its own with many keep-alive connections and one event loop.

It does as little per request as Python can: requests are bytes made beforehand, answers are read only as far
as status, length and time need. What it costs is measured and printed with every run: it shares the machine.
A connection is given up after some requests and made anew, as a proxy's pool does: several server processes
share one listening socket, and connections that stayed for ever would keep whatever split they got first.
"""

import itertools
import json
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

_REQUESTS_PER_CONNECTION = 100
_READ_BYTES = 65_536
_ANSWERED_WITHIN_S = 30.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(slots=True)
class Plan:
    """What one process sends: closed loop over its connections, or open loop at a rate a second."""

    port: int
    requests: list[str]
    connections: int
    seconds: float
    warm_up_s: float
    repeat: bool = True  # begin the list again at its end; otherwise its end is the end
    rate: float | None = None


@dataclass(slots=True)
class Outcome:
    """What came of it: `statuses` of every answer, `latencies_ms` of those after the warm-up."""

    statuses: dict[str, int] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0
    samples: dict[str, str] = field(default_factory=dict)  # the first body of each status
    lost: int = 0  # requests without an answer
    resent: int = 0  # sent again, for the server had closed the connection before it answered anything


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int, lives: int) -> None:
        self._port = port
        self._lives = lives
        self._request = b""
        self._received = b""
        self.began = 0.0
        self.busy = False
        self._resent = False
        self.socket = self._open()

    def _open(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._port), timeout=_ANSWERED_WITHIN_S)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    @property
    def worn_out(self) -> bool:
        return self._lives <= 0

    def renew(self) -> None:
        self.socket.close()
        self.socket = self._open()
        self._lives = _REQUESTS_PER_CONNECTION

    def send(self, request: bytes, began: float) -> None:
        self._request, self._received, self.began, self.busy = request, b"", began, True
        self._resent = False
        self._lives -= 1
        self.socket.sendall(request)

    @property
    def may_send_again(self) -> bool:
        """Once, and as long as nothing has come back: what proxies do, and what our keys make safe."""
        return self.busy and not self._received and not self._resent

    def send_again(self) -> None:
        self.send(self._request, self.began)
        self._resent = True

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body once the answer is whole, None before. Raises ConnectionError."""
        chunk = self.socket.recv(_READ_BYTES)
        if not chunk:
            raise ConnectionResetError
        self._received += chunk
        answer = parse(self._received)
        if answer is not None:
            self.busy = False
        return answer


def parse(received: bytes) -> tuple[int, bytes] | None:
    """Status and body of an answer, None while some of it is missing."""
    end = received.find(_HEAD_END)
    if end < 0:
        return None
    head, body = received[:end].lower(), received[end + len(_HEAD_END) :]
    at = head.find(_LENGTH)
    length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    return (int(head[9:12]), body) if len(body) >= length else None


class _Run:
    """One plan being carried out."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._selector = selectors.DefaultSelector()
        self._idle: deque[_Connection] = deque()
        self._statuses: Counter[int] = Counter()
        self._finished: list[tuple[float, float]] = []  # when, and after how long
        self._outcome = Outcome()
        self._under_way = self._sent = 0
        self._supply = self._encoded()
        # Spread, so that connections do not all renew at once.
        lives = [1 + _REQUESTS_PER_CONNECTION * n // plan.connections for n in range(plan.connections)]
        for connection in [_Connection(plan.port, some) for some in lives]:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            self._idle.append(connection)

    def _encoded(self) -> Iterator[bytes]:
        encoded = [request.encode() for request in self._plan.requests]
        return itertools.cycle(encoded) if self._plan.repeat else iter(encoded)

    def carry_out(self) -> Outcome:
        plan = self._plan
        cpu = time.process_time()
        started = time.perf_counter()
        counted_from = started + plan.warm_up_s
        until = counted_from + plan.seconds
        for due in self._arrivals(started):
            if due >= until:
                break
            while not self._idle or time.perf_counter() < due:
                self._wait(due)
            now = time.perf_counter()
            over = now >= until and plan.rate is None
            # A busy machine may take the whole time to get here: one request is always sent.
            request = None if over and self._sent else next(self._supply, None)
            if request is None:
                break
            self._send(self._idle.popleft(), request, due or now)
        while self._under_way:
            self._wait(0.0)
        self._sum_up(counted_from, until)
        self._close()
        self._outcome.cpu_s = time.process_time() - cpu
        return self._outcome

    def _close(self) -> None:
        for connection in self._idle:
            connection.socket.close()
        self._selector.close()

    def _arrivals(self, started: float) -> Iterator[float]:
        """When each request is due; 0 means as soon as a connection is free."""
        if self._plan.rate is None:
            return itertools.repeat(0.0)
        gap = 1 / self._plan.rate
        return (started + number * gap for number in itertools.count())

    def _send(self, connection: _Connection, request: bytes, began: float) -> None:
        if connection.worn_out:
            self._renew(connection)
        self._under_way += 1
        self._sent += 1
        try:
            connection.send(request, began)
        except OSError:
            self._renew(connection)
            connection.send_again()

    def _renew(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        connection.renew()
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _wait(self, due: float) -> None:
        """Take the answers that are there, waiting for one until something is due."""
        timeout = _ANSWERED_WITHIN_S if not due or not self._idle else max(0.0, due - time.perf_counter())
        ready = self._selector.select(timeout)
        if not ready and timeout == _ANSWERED_WITHIN_S:
            raise TimeoutError(f"{self._under_way} requests are unanswered after {timeout:.0f} s")
        for key, _ in ready:
            self._take(key.data)

    def _take(self, connection: _Connection) -> None:
        try:
            answer = connection.receive()
        except OSError:
            self._hung_up(connection)
            return
        if answer is not None:
            self._note(answer, connection.began)
            self._idle.append(connection)

    def _hung_up(self, connection: _Connection) -> None:
        """A server closes idle connections, and all it has when a process of it is replaced."""
        was_busy, again = connection.busy, connection.may_send_again
        self._renew(connection)
        if again:
            self._outcome.resent += 1
            connection.send_again()
        elif was_busy:
            connection.busy = False
            self._outcome.lost += 1
            self._under_way -= 1
            self._idle.append(connection)

    def _note(self, answer: tuple[int, bytes], began: float) -> None:
        status, body = answer
        now = time.perf_counter()
        self._under_way -= 1
        self._finished.append((now, now - began))
        if not self._statuses[status]:
            self._outcome.samples[str(status)] = body[:2000].decode(errors="replace")
        self._statuses[status] += 1

    def _sum_up(self, counted_from: float, until: float) -> None:
        counted = [(at, took) for at, took in self._finished if counted_from <= at < until]
        # A list that ran out ended before the time did.
        last = max((at for at, _ in counted), default=until)
        open_end = self._plan.repeat or len(self._finished) < len(self._plan.requests)
        self._outcome.seconds = (until if open_end else last) - counted_from
        self._outcome.latencies_ms = [round(took * 1000, 3) for _, took in counted]
        self._outcome.statuses = {str(status): count for status, count in self._statuses.items()}


def carry_out(plan: Plan) -> Outcome:
    """Do it here and now. Raises TimeoutError when the server does not answer."""
    return _Run(plan).carry_out()


def main() -> None:
    """Read a plan, say `ready`, wait for a line, carry the plan out and print its outcome."""
    run = _Run(Plan(**json.loads(sys.stdin.readline())))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asdict(run.carry_out())), flush=True)


if __name__ == "__main__":
    main()
