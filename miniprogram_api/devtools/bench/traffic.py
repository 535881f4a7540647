"""The requests of a bench: what the mini-program and the gates send, made before anything is timed."""

import itertools
import json
import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from miniprogram_api.devtools.bench.sites import CENTRE, WORDS
from miniprogram_api.devtools.bench.world import DAYS, World
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES

_ADDRESSES = 4_000
_DISTINCT = 6_000  # far more than are answered in the two seconds that a prepared page lives
_SEED = 7


@dataclass(frozen=True, slots=True)
class Request:
    """One request, for the wire and for Flask's test client alike."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None

    def text(self, number: int = 0) -> str:
        """As it is sent, from one of many addresses behind a proxy: limits are counted and never bite."""
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            "Host: bench.invalid",
            f"X-Forwarded-For: {address(number)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body.encode())}"]
        return "\r\n".join([*lines, "", self.body or ""])


def address(number: int) -> str:
    """One of the addresses that clients come from."""
    high, low = divmod(number % _ADDRESSES, 250)
    return f"10.1.{high}.{low + 1}"


def texts(requests: Iterable[Request], *, at_least: int = 1) -> list[str]:
    """The requests as they are sent; repeated up to a number, so that their addresses vary."""
    given = list(requests)
    rounds = -(-at_least // len(given))
    return [request.text(number) for number, request in enumerate(given * rounds)]


def _get(path: str, **headers: str) -> Request:
    return Request("GET", path, {"Accept-Encoding": "gzip"} | headers)


def hello() -> Request:
    return Request("GET", "/hello")


def noop(world: World) -> Request:
    return Request("POST", "/noop", body=json.dumps(_party(world.hot, 0), ensure_ascii=False))


def first_page() -> Request:
    return _get("/api/v1/sites")


def site_page(world: World) -> Request:
    return _get(f"/api/v1/sites/{world.sites[0]}")


def slots_page(world: World) -> Request:
    return _get(f"/api/v1/sites/{world.sites[0]}/slots")


def feed() -> Request:
    return _get("/api/v1/articles")


def article_page(world: World) -> Request:
    return _get(f"/api/v1/articles/{world.articles[0]}")


def searched_articles() -> list[Request]:
    """Articles by two words of which a title may hold one, each address another."""
    pairs = itertools.product(WORDS, [*WORDS, "长春", "EMS", "社区", "减少排放"], range(14, 24))
    combinations = [(one, other, limit) for one, other, limit in pairs if one != other]
    random.Random(_SEED).shuffle(combinations)
    return [_get(f"/api/v1/articles?q={quote(f'{one} {other}')}&limit={n}") for one, other, n in combinations]


def filtered_articles(world: World) -> list[Request]:
    """Articles of a topic and a kind, each address another."""
    kinds = ("knowledge", "news", "technology")
    combinations = list(itertools.product(world.surroundings.topics, kinds, range(14, 24)))
    random.Random(_SEED).shuffle(combinations)
    return [_get(f"/api/v1/articles?topic={topic}&kind={kind}&limit={n}") for topic, kind, n in combinations]


def reads(world: World) -> list[Request]:
    """Every member opens the newest article."""
    path = f"/api/v1/articles/{world.articles[0]}/read"
    return [Request("POST", path, {"Authorization": f"Bearer {token}"}) for _, token in world.members]


def again(request: Request, etag: str) -> Request:
    """The same by a client that has the page already."""
    return Request(request.method, request.path, request.headers | {"If-None-Match": etag})


def filtered_lists(world: World) -> list[Request]:
    """Lists by type, level and day that no cache has: each address differs, in its limit too."""
    days = [world.today + timedelta(days=day) for day in range(1, DAYS)]
    combinations = list(itertools.product(TYPES, [None, *LEVELS], days, (18, 19, 20, 21, 22)))
    random.Random(_SEED).shuffle(combinations)
    return [
        _get(f"/api/v1/sites?type={kind}{f'&level={level}' if level else ''}&open_on={on}&limit={limit}")
        for kind, level, on, limit in combinations
    ]


def searched_lists() -> list[Request]:
    """Lists by a word and the type or the district."""
    words = [quote(word) for word in WORDS]
    others = [
        *(f"type={code}" for code in TYPES),
        *(f"level={code}" for code in LEVELS),
        *_districts(),
        "crs=gcj02",
    ]
    combinations = list(itertools.product(words, others, (18, 19, 20, 21, 22)))
    random.Random(_SEED).shuffle(combinations)
    return [_get(f"/api/v1/sites?q={word}&{other}&limit={limit}") for word, other, limit in combinations]


def _districts() -> list[str]:
    return [f"district={code}" for code in DISTRICTS]


def nearest_lists() -> list[Request]:
    """The twenty nearest of a type to a place that nobody else stands at."""
    chance = random.Random(_SEED)
    return [
        _get(
            f"/api/v1/sites?type={chance.choice(list(TYPES))}&crs=gcj02"
            f"&near={CENTRE.lng + chance.uniform(-0.2, 0.2):.6f},{CENTRE.lat + chance.uniform(-0.2, 0.2):.6f}"
        )
        for _ in range(_DISTINCT)
    ]


def bookings(world: World, slots: Iterable[UUID], *, each: int = 1) -> list[Request]:
    """One attempt of every member, or `each`, going round the slots."""
    round_robin = itertools.cycle(slots)
    members = itertools.chain.from_iterable(itertools.repeat(world.members, each))
    wishes = zip(members, round_robin, strict=False)
    return [_booking(token, _party(slot, number)) for number, ((_, token), slot) in enumerate(wishes)]


def _booking(token: str, party: dict[str, Any]) -> Request:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    return Request("POST", "/api/v1/bookings", headers, json.dumps(party, ensure_ascii=False))


def _party(slot: UUID, number: int) -> dict[str, Any]:
    return {
        "slot_id": str(slot),
        "party": {"adults": 1, "children": 0},
        "contact": {"name": "示例访客", "phone": f"138{number:08d}"},
    }


def scans(passes: Iterable[tuple[str, UUID, str]]) -> Iterator[Request]:
    """Each ticket once: the device's token, its site, and the code on the visitor's screen."""
    for token, site, code in passes:
        body = json.dumps({"site_id": str(site), "code": code, "nonce": str(uuid.uuid4())})
        yield Request("POST", "/api/staff/v1/gate/scans", {"Authorization": f"Bearer {token}"}, body)


def sized_lists(world: World) -> dict[str, Callable[[int], Request]]:
    """Every public list by the number of rows asked for; slots by days, which is how they are asked for."""
    last = world.today + timedelta(days=1)
    return {
        "sites": lambda rows: _get(f"/api/v1/sites?limit={rows}"),
        "sites by type and day": lambda rows: _get(f"/api/v1/sites?type=park&open_on={last}&limit={rows}"),
        "sites by word": lambda rows: _get(f"/api/v1/sites?q={quote(WORDS[0])}&limit={rows}"),
        "articles": lambda rows: _get(f"/api/v1/articles?limit={rows}"),
        "articles by word": lambda rows: _get(f"/api/v1/articles?q={quote(WORDS[0])}&limit={rows}"),
        "articles of a kind": lambda rows: _get(f"/api/v1/articles?kind=news&audience=everyone&limit={rows}"),
        "slots": lambda rows: _get(
            f"/api/v1/sites/{world.sites[0]}/slots?from={world.today}"
            f"&to={world.today + timedelta(days=min(rows, DAYS) - 1)}"
        ),
    }
