"""The command: both halves, a report on the screen and in docs/performance.md, failure on errors or drift."""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from miniprogram_api.devtools.bench import places
from miniprogram_api.devtools.bench.exchange import Amounts, measure_exchange
from miniprogram_api.devtools.bench.measuring import Half, Size, measure
from miniprogram_api.devtools.bench.places import Place
from miniprogram_api.devtools.bench.report import put_into, render
from miniprogram_api.devtools.bench.rows import Mode
from miniprogram_api.devtools.bench.servers import ROOT
from miniprogram_api.kernel import clock

_DOCUMENT = ROOT / "docs" / "performance.md"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write the document after a whole run without failures."""
    given = sys.argv[1:] if arguments is None else arguments
    asked = _parse(given)
    size = Size(
        rounds=asked.rounds,
        seconds=asked.seconds,
        sites=asked.sites,
        articles=asked.articles,
        readers=max(1, asked.articles // 10),
    )
    started = time.monotonic()
    order = _Order(None if asked.exchange else size, Amounts.of(asked.projects) if asked.projects else None)
    halves = []
    if asked.only != "servers":
        halves.append(_measure(Mode.EMBEDDED, places.embedded, order))
    if asked.only != "embedded":
        halves += _servers_half(order)
    command = " ".join(["python -m miniprogram_api.devtools.bench", *given]) if given else "make bench"
    report = render(halves, command=command, at=clock.now().astimezone(clock.BEIJING))
    print(report)
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    status = exit_status(halves)
    if status == 0 and len(halves) == len(Mode) and not (asked.quick or asked.exchange):
        _DOCUMENT.write_text(put_into(_DOCUMENT.read_text(), report))
        print(f"wrote {_DOCUMENT.relative_to(ROOT)}", file=sys.stderr)
    return status


def exit_status(halves: Sequence[Half]) -> int:
    """1 when anything went wrong or nothing was measured."""
    return 1 if not halves or any(half.problems for half in halves) else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="rounds, whose medians count (3)")
    parser.add_argument("--seconds", type=float, help="seconds for each row in each round (1.5)")
    parser.add_argument("--sites", type=int, default=1000)
    parser.add_argument(
        "--articles", type=int, help="articles (100000); a tenth as many members read one of them at once"
    )
    parser.add_argument(
        "--only", choices=["embedded", "servers"], help="one half; the document is left alone"
    )
    parser.add_argument("--quick", action="store_true", help="a short look; the document is left alone")
    parser.add_argument(
        "--projects", type=int, help="projects in the exchange with the registry (10000); 0 leaves it out"
    )
    parser.add_argument(
        "--exchange", action="store_true", help="the exchange alone; the document is left alone"
    )
    asked = parser.parse_args(arguments)
    if asked.projects is None:
        asked.projects = 500 if asked.quick else Amounts().projects
    asked.articles = asked.articles or (2_000 if asked.quick else 100_000)
    asked.rounds = asked.rounds or (1 if asked.quick else 3)
    asked.seconds = asked.seconds or (0.7 if asked.quick else 1.5)
    return asked


@dataclass(frozen=True, slots=True)
class _Order:
    """What is measured: requests, the exchange with the registry, or both."""

    requests: Size | None
    exchange: Amounts | None


def _measure(mode: Mode, place: Callable[[], AbstractContextManager[Place]], order: _Order) -> Half:
    half = Half(mode)
    if order.requests is not None:
        with place() as found:
            half = measure(found, order.requests, _say(mode))
    if order.exchange is not None:
        with place() as found:
            half.add_passages(measure_exchange(found, order.exchange, _say(mode)))
    return half


def _say(mode: Mode) -> Any:
    def say(what: str) -> None:
        print(f"{mode.name.lower()}: {what}", file=sys.stderr, flush=True)

    return say


def _servers_half(order: _Order) -> list[Half]:
    with _postgres_and_redis() as found:
        if found is None:
            print(
                "PostgreSQL and Redis are NOT measured: set TEST_POSTGRES_URL and TEST_REDIS_URL.",
                file=sys.stderr,
            )
            return []
        at = (found["TEST_POSTGRES_URL"], found["TEST_REDIS_URL"])
        return [_measure(Mode.SERVERS, lambda: places.servers(*at), order)]


@contextmanager
def _postgres_and_redis() -> Generator[dict[str, str] | None]:
    """The servers that were named, else those that the tests find or start, where the tests are at hand."""
    named = {name: os.environ.get(name, "") for name in ("TEST_POSTGRES_URL", "TEST_REDIS_URL")}
    if all(named.values()):
        yield named
        return
    try:
        servers = importlib.import_module("tests.support.servers")
    except ModuleNotFoundError:
        yield None
        return
    with servers.postgres_and_redis() as found:
        yield found


if __name__ == "__main__":
    sys.exit(main())
