"""The rows of the bench: what is sent, what must come back, and what was promised of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from miniprogram_api.devtools.bench import books, traffic
from miniprogram_api.devtools.bench.traffic import Request
from miniprogram_api.devtools.bench.world import World


class Mode(StrEnum):
    """The two ways the product runs."""

    EMBEDDED = "SQLite, one process of 16 threads, memory cache"
    SERVERS = "PostgreSQL + Redis, two processes of 4 threads"


class Effect(StrEnum):
    """What a row leaves in the database, which is counted afterwards."""

    NOTHING = "nothing"
    BOOKINGS = "bookings"
    ADMISSIONS = "admissions"
    READS = "reads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What was promised of a row; each part may be absent."""

    share: float | None = None  # of the row's ceiling
    of: str = ""  # another ceiling than the one at the row's number of clients
    statements: int | None = None
    trips: int | None = None
    redis_trips: int | None = None
    p95_ms: float | None = None
    p99_to_p50: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that is measured. `make` gives its requests anew for each round."""

    key: str
    title: str
    make: Callable[[World], Sequence[Request]]
    clients: int
    expects: frozenset[int]
    path: str  # the route that must exist for the row to be run
    effect: Effect = Effect.NOTHING
    known: bool = False  # clients have the page already and send its tag
    repeat: bool = True
    rate: float | None = None
    budget: Budget = Budget()


_OK = frozenset({200})
HELLO, NOOP, FLOOR, FLOOR_HOT = "hello", "noop", "bare SQL", "bare SQL, one slot"
_SITES = "/api/v1/sites"
_SITE = "/api/v1/sites/<string:site_id>"
_SLOTS = "/api/v1/sites/<string:site_id>/slots"
_FEED = "/api/v1/articles"
_ARTICLE = "/api/v1/articles/<string:article_id>"
_READ = "/api/v1/articles/<string:article_id>/read"
_BOOKINGS = "/api/v1/bookings"
_SCANS = "/api/staff/v1/gate/scans"


def _public(clients: int) -> list[Row]:
    pages = (
        ("list", "public list, first page", _SITES, lambda _: [traffic.first_page()]),
        ("site", "site page", _SITE, lambda world: [traffic.site_page(world)]),
        ("slots", "slots of a site, default days", _SLOTS, lambda world: [traffic.slots_page(world)]),
        ("feed", "articles, first page", _FEED, lambda _: [traffic.feed()]),
        ("article", "article page", _ARTICLE, lambda world: [traffic.article_page(world)]),
    )
    budget = Budget(share=0.75)
    rows = [
        Row(key=key, title=title, path=path, make=make, clients=clients, expects=_OK, budget=budget)
        for key, title, path, make in pages
    ]
    return [either for row in rows for either in (row, _not_modified(row))]


def _lists(clients: int) -> list[Row]:
    lists = (
        ("filtered", "filtered list: type, level, day", _SITES, traffic.filtered_lists),
        ("searched", "searched list: word and one more", _SITES, lambda _: traffic.searched_lists()),
        ("nearest", "nearest of a type", _SITES, lambda _: traffic.nearest_lists()),
        ("words", "articles by words", _FEED, lambda _: traffic.searched_articles()),
        ("of-topic", "articles of a topic and a kind", _FEED, traffic.filtered_articles),
    )
    small, large = Budget(share=0.30, statements=2), Budget(statements=2)
    return [
        Row(
            key=key,
            title=title,
            path=path,
            make=make,
            clients=clients,
            expects=_OK,
            budget=large if path == _FEED else small,
        )
        for key, title, path, make in lists
    ]


def _not_modified(row: Row) -> Row:
    return replace(
        row,
        key=f"{row.key}-304",
        title=f"{row.title}, 304",
        expects=frozenset({304}),
        known=True,
        budget=Budget(share=0.85),
    )


def _booking(
    key: str,
    title: str,
    slots: Callable[[World], Sequence[UUID]],
    clients: int,
    budget: Budget,
    **more: float,
) -> Row:
    return Row(
        key=key,
        title=title,
        make=lambda world: traffic.bookings(world, slots(world)),
        clients=clients,
        expects=frozenset({201}),
        path=_BOOKINGS,
        effect=Effect.BOOKINGS,
        repeat=False,
        budget=budget,
        rate=more.get("rate"),
    )


def _sold_out(clients: int, against: str) -> Row:
    return Row(
        key="sold-out",
        title=f"sold-out refusal, {clients} clients",
        make=lambda world: traffic.bookings(world, [world.small], each=3),
        clients=clients,
        expects=frozenset({201, 409}),
        path=_BOOKINGS,
        effect=Effect.BOOKINGS,
        repeat=False,
        budget=Budget(share=1.5, of=against),
    )


def _gate(clients: int, budget: Budget) -> Row:
    return Row(
        key="gate",
        title="gate scan",
        make=lambda world: list(traffic.scans(books.issue_tickets(world))),
        clients=clients,
        expects=_OK,
        path=_SCANS,
        effect=Effect.ADMISSIONS,
        repeat=False,
        budget=budget,
    )


def _reads(clients: int) -> Row:
    return Row(
        key="reads",
        title=f"one article read by everybody, {clients} clients",
        make=traffic.reads,
        clients=clients,
        expects=_OK,
        path=_READ,
        effect=Effect.READS,
        repeat=False,
    )


def rows_of(mode: Mode) -> list[Row]:
    """What is measured in a mode, in the order of each round."""
    return _embedded() if mode is Mode.EMBEDDED else _servers()


def _embedded() -> list[Row]:
    calm = Budget(share=0.15, of=NOOP, p99_to_p50=10)
    return [
        *_public(16),
        *_lists(16),
        _booking("spread-16", "booking over 100 slots, 16 clients", lambda world: world.spread, 16, calm),
        _booking("hot-16", "booking one slot, 16 clients", lambda world: [world.hot], 16, Budget()),
        _sold_out(16, "spread-16"),
        _gate(16, Budget()),
        _reads(16),
    ]


def _servers() -> list[Row]:
    spread = Budget(share=0.27, trips=3, redis_trips=2, p95_ms=25)
    crowd = Budget(share=0.27, trips=3, redis_trips=2)
    return [
        *_public(8),
        *_lists(8),
        _booking("spread-8", "booking over 100 slots, 8 clients", lambda world: world.spread, 8, spread),
        _booking("spread-32", "booking over 100 slots, 32 clients", lambda world: world.spread, 32, crowd),
        _booking(
            "hot-32",
            "booking one slot, 32 clients",
            lambda world: [world.hot],
            32,
            Budget(share=0.9, of="spread-32"),
        ),
        _booking(
            "open-300",
            "booking, 300 a second arriving",
            lambda world: world.spread,
            64,
            Budget(p95_ms=12),
            rate=300,
        ),
        _sold_out(32, "spread-32"),
        _gate(8, Budget(share=0.27)),
        _reads(8),
    ]
