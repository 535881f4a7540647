"""One half of the bench: ceilings and rows in turn, round after round, the books checked after each."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

from flask import Flask

from miniprogram_api.app import create_app
from miniprogram_api.devtools.bench import books, floor, traffic
from miniprogram_api.devtools.bench.counting import Talk, count
from miniprogram_api.devtools.bench.driver import Load, apply_load, run_together
from miniprogram_api.devtools.bench.exchange import Passage
from miniprogram_api.devtools.bench.figures import Series, median
from miniprogram_api.devtools.bench.places import Place
from miniprogram_api.devtools.bench.reading import publish_and_wait, read_at_once
from miniprogram_api.devtools.bench.rows import (
    FLOOR,
    FLOOR_HOT,
    HELLO,
    NOOP,
    Effect,
    Mode,
    Row,
    rows_of,
)
from miniprogram_api.devtools.bench.servers import Server, get, migrate, serving, start_cpu_s
from miniprogram_api.devtools.bench.world import World, make_world
from miniprogram_api.kernel.db import db
from miniprogram_api.web.prepared import LIFE_S

Say = Callable[[str], None]
_STARTS = 3
_MEMBERS_PER_SECOND = 2_500  # more than any machine books


@dataclass(frozen=True, slots=True)
class Size:
    """How long and how much."""

    rounds: int
    seconds: float
    sites: int
    articles: int
    readers: int  # of one article, at once

    @property
    def warm_up_s(self) -> float:
        return min(0.3, self.seconds / 3)

    @property
    def members(self) -> int:
        return int(_MEMBERS_PER_SECOND * (self.seconds + 0.5))


@dataclass(slots=True)
class Measured:
    """One row over all rounds, and what one request of it says to the stores."""

    row: Row
    series: Series = field(default_factory=Series)
    made: Talk | None = None  # with nothing prepared
    usual: Talk | None = None


@dataclass(slots=True)
class Half:
    """Everything one half found. `problems` are failures; a slow row is none."""

    mode: Mode
    ceilings: dict[str, Series] = field(default_factory=dict)
    rows: list[Measured] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    busy: int = 0  # answers 503, and lines of the log that speak of a locked file
    start_cpu_s: float = 0.0
    memory_at_first_mib: list[float] = field(default_factory=list)
    memory_at_last_mib: list[float] = field(default_factory=list)
    requests: int = 0  # that the product's server has answered
    resent: int = 0
    generator_us: float = 0.0  # CPU of the load generator per request of hello
    lists: dict[str, tuple[int, int]] = field(default_factory=dict)  # statements at 1 row and at 100
    passages: list[Passage] = field(default_factory=list)  # of the exchange with the registry
    readings: list[Passage] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)  # from publishing to another process showing it

    def add_passages(self, passages: Sequence[Passage]) -> None:
        """Take up what was measured of the exchange; what went wrong there went wrong in this half."""
        self.passages += passages
        self.problems += [f"{passage.title}: {what}" for passage in passages for what in passage.problems]


def measure(place: Place, size: Size, say: Say) -> Half:
    """Make the data, start the servers, run every round. Failures are noted, not raised."""
    half = Half(place.mode)
    migrate(place.environ)
    half.start_cpu_s = median([start_cpu_s(place.environ) for _ in range(_STARTS)])
    app = create_app(place.settings)
    floor.create_tables(place.floor_url)
    with app.app_context(), ExitStack() as stack:
        say(f"{size.sites} sites, {size.members} members, {size.articles} articles")
        world = make_world(sites=size.sites, members=size.members, articles=size.articles)
        product = stack.enter_context(
            serving("wsgi:app", environ=place.environ, log=place.folder / "product.log", ready="/readyz")
        )
        beside = stack.enter_context(
            serving(
                "miniprogram_api.devtools.bench.ceilings:app",
                environ=place.ceilings_environ,
                log=place.folder / "ceilings.log",
                ready="/hello",
            )
        )
        bench = _Bench(half, place, size, say, app, world, product, beside)
        bench.count_talk()
        for number in range(1, size.rounds + 1):
            bench.run_round(number)
        half.memory_at_last_mib = product.memory_mib()
        bench.run_readings()
        _read_log(half, product)
        db.session.remove()
        db.engine.dispose()
    return half


def _read_log(half: Half, product: Server) -> None:
    half.busy += len(product.complaints("database is locked"))
    half.problems += [f"log: {line[:400]}" for line in product.complaints("unhandled_error", "Traceback")[:3]]


@dataclass(slots=True)
class _Bench:
    half: Half
    place: Place
    size: Size
    say: Say
    app: Flask
    world: World
    product: Server
    beside: Server

    def count_talk(self) -> None:
        """Prepare the rows, and send one or two requests of each through the application in this process."""
        for row in self._rows():
            measured = Measured(row)
            self.half.rows.append(measured)
            books.clear()
            first, *others = row.make(self.world)
            # The first request of a kind compiles its statements; it is not the usual one.
            count(self.app, first)
            usual = others[0] if others else first
            measured.made = count(self.app, usual, number=1, afresh=True)
            measured.usual = count(self.app, others[1] if len(others) > 1 else first, number=2)
            self._check_status(row, measured)
        self._count_lists()
        books.clear()

    def _rows(self) -> Iterable[Row]:
        routes = {rule.rule for rule in self.app.url_map.iter_rules()}
        for row in rows_of(self.place.mode):
            if row.path not in routes:
                self.half.missing.append(row.title)
                continue
            yield row

    def _check_status(self, row: Row, measured: Measured) -> None:
        for talk in (measured.made, measured.usual):
            if talk is not None and talk.status not in row.expects | {200}:
                self.half.problems.append(f"{row.title}: counted with status {talk.status}")

    def _count_lists(self) -> None:
        for name, request in traffic.sized_lists(self.world).items():
            few, many = (count(self.app, request(limit), afresh=True).statements for limit in (1, 100))
            self.half.lists[name] = (few, many)

    def run_round(self, number: int) -> None:
        """Every ceiling, then every row."""
        self.say(f"round {number} of {self.size.rounds}: ceilings")
        for clients in sorted(
            {measured.row.clients for measured in self.half.rows if measured.row.rate is None}
        ):
            self._run_ceiling(f"{HELLO}@{clients}", traffic.hello(), clients)
            self._run_ceiling(f"{NOOP}@{clients}", traffic.noop(self.world), clients)
        self._run_floor(FLOOR, slots=100)
        self._run_floor(FLOOR_HOT, slots=1)
        for measured in self.half.rows:
            self.say(f"round {number} of {self.size.rounds}: {measured.row.title}")
            self._run_row(measured)
        if number == 1:
            self.half.memory_at_first_mib = self.product.memory_mib()

    def run_readings(self) -> None:
        """Once, after the rounds: everybody reads at once, and something is published."""
        self.say(f"{self.size.readers} reads of one article")
        passage = read_at_once(self.app, self.world, members=self.size.readers)
        delays = publish_and_wait(self.world, self.product.port)
        self.half.readings.append(passage)
        self.half.delays_s = delays.seconds
        self.half.problems += [f"{passage.title}: {what}" for what in passage.problems]
        self.half.problems += delays.problems

    def _run_ceiling(self, name: str, request: traffic.Request, clients: int) -> None:
        texts = traffic.texts([request], at_least=100)
        load = self._load(self.beside.port, texts, clients=clients)
        self.half.problems += [f"{name}: {what}" for what in load.unexpected(frozenset({200, 201}))]
        self.half.generator_us = load.cpu_us_per_request
        self._series(name).add(rate=load.rate, latencies_ms=load.latencies_ms, requests=load.requests)

    def _load(
        self, port: int, texts: Sequence[str], *, clients: int, repeat: bool = True, rate: float | None = None
    ) -> Load:
        size = self.size
        return apply_load(
            port,
            texts,
            clients=clients,
            seconds=size.seconds,
            warm_up_s=size.warm_up_s,
            repeat=repeat,
            rate=rate,
        )

    def _tagged(self, request: traffic.Request) -> traffic.Request:
        """The request of somebody who has the page as it is now."""
        _, headers, _ = get(self.product.port, request.path, request.headers)
        return traffic.again(request, headers.get("etag", ""))

    def _series(self, name: str) -> Series:
        return self.half.ceilings.setdefault(name, Series())

    def _run_floor(self, name: str, *, slots: int) -> None:
        processes, threads = self.place.floor_shape
        order = floor.Order(self.place.floor_url, threads, self.size.seconds, slots)
        results = run_together("miniprogram_api.devtools.bench.floor", [asdict(order)] * processes)
        booked = [floor.Result(**result) for result in results]  # type: ignore[arg-type]  # it came through JSON
        self._series(name).add(
            rate=sum(result.booked / result.seconds for result in booked),
            latencies_ms=[],
            requests=sum(result.booked for result in booked),
        )

    def _run_row(self, measured: Measured) -> None:
        row = measured.row
        if row.effect is not Effect.NOTHING:
            books.clear()
        if row.known:
            time.sleep(LIFE_S)  # a page that is handed out may still show what was cleared before
        requests = (
            [self._tagged(request) for request in row.make(self.world)] if row.known else row.make(self.world)
        )
        texts = traffic.texts(requests, at_least=1000 if row.repeat else 1)
        load = self._load(self.product.port, texts, clients=row.clients, repeat=row.repeat, rate=row.rate)
        self.half.requests += load.requests
        self.half.resent += load.resent
        self.half.busy += load.statuses.get(503, 0)
        self.half.problems += [f"{row.title}: {what}" for what in load.unexpected(row.expects)]
        self.half.problems += [f"{row.title}: {what}" for what in _drift(row, load)]
        measured.series.add(rate=load.rate, latencies_ms=load.latencies_ms, requests=load.requests)


def _drift(row: Row, load: Load) -> list[str]:
    """What the books say against what the clients were told."""
    if row.effect is Effect.NOTHING:
        return []
    found = books.broken_promises()
    status, count = {
        Effect.BOOKINGS: (201, books.count_bookings),
        Effect.ADMISSIONS: (200, books.count_admissions),
        Effect.READS: (200, books.count_reads),
    }[row.effect]
    told, kept = load.statuses.get(status, 0), count()
    if told != kept and not load.lost:
        found.append(f"{told} were confirmed to clients, {kept} stand in the database")
    return found
