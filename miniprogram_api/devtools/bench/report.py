"""The bench's report as Markdown: the same text on the screen and in docs/performance.md."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import datetime

from miniprogram_api.devtools.bench.exchange import Passage
from miniprogram_api.devtools.bench.figures import Promise, Series, at_least, at_most, median, ratio
from miniprogram_api.devtools.bench.measuring import Half, Measured
from miniprogram_api.devtools.bench.rows import FLOOR, FLOOR_HOT, HELLO, Mode

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
_MEMORY_MIB = 110
_START_CPU_S = 1.5
_VISIBLE_WITHIN_S = 2.5


def render(halves: Sequence[Half], *, command: str, at: datetime, notes: Sequence[str] = ()) -> str:
    """The whole report."""
    head = [
        f"Made by `{command}` on {at:%Y-%m-%d}: {os.cpu_count()} cores, Python {platform.python_version()}.",
        *notes,
    ]
    return "\n".join([*head, "", *(line for half in halves for line in _half(half))]).strip() + "\n"


def put_into(document: str, report: str) -> str:
    """The document with the report between its marks. Raises ValueError if it has none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document needs {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{report}\n{END}{after}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns line up on a screen too."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [_line(header, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    return lines + [_line(row, widths) for row in rows]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _half(half: Half) -> Iterator[str]:
    yield f"### {half.mode.value}"
    yield ""
    if half.rows:
        yield from _requests(half)
    if half.passages:
        header = ("exchange with the registry", "rows", "per second", "SQL per row")
        yield from table(header, _passages(half.passages))
        yield ""
    if half.readings:
        yield from table(("reading", "rows", "per second", "SQL per row"), _passages(half.readings))
        yield ""
    yield from _notes(half)
    yield ""


def _passages(passages: Sequence[Passage]) -> list[tuple[str, ...]]:
    return [
        (passage.title, _number(passage.rows), _number(passage.rate), f"{passage.statements_per_row:.2f}")
        for passage in passages
    ]


def _requests(half: Half) -> Iterator[str]:
    ceilings = [
        (name, _rate(series), _times(series), _spread(series))
        for name, series in sorted(half.ceilings.items())
    ]
    yield from table(("ceiling", "per second", "p50 / p95 / p99 ms", "rounds differ by"), ceilings)
    yield ""
    rows = [_row(half, measured) for measured in half.rows]
    header = (
        "row",
        "per second",
        "p50 / p95 / p99 ms",
        "ratio",
        "× bare SQL",
        "budget",
        "SQL",
        "trips",
        "Redis",
    )
    yield from table(header, rows)
    yield ""


def _row(half: Half, measured: Measured) -> tuple[str, ...]:
    row, series = measured.row, measured.series
    kept = promises(half, measured)
    own = ceiling_of(half, measured)
    bare = half.ceilings.get(FLOOR_HOT if row.key.startswith("hot") else FLOOR)
    counted = row.effect.value != "nothing" and bare is not None and row.rate is None
    return (
        row.title,
        _rate(series),
        _times(series),
        f"{ratio(series.rates, own[1].rates):.2f} × {own[0]}" if own else "–",
        f"{ratio(series.rates, bare.rates):.2f}" if counted and bare else "–",
        "; ".join(_shown(promise) for promise in kept) or "–",
        _said(measured, "statements"),
        _said(measured, "trips") if half.mode is Mode.SERVERS else "–",
        _said(measured, "redis_trips") if half.mode is Mode.SERVERS else "–",
    )


def ceiling_of(half: Half, measured: Measured) -> tuple[str, Series] | None:
    """The name and the figures of what a row is compared with; None for a rate that was given."""
    row = measured.row
    if row.rate is not None:
        return None
    of = row.budget.of or HELLO
    other = next((found for found in half.rows if found.row.key == of), None)
    if other is not None:
        return other.row.key, other.series
    series = half.ceilings.get(f"{of}@{row.clients}")
    return (of, series) if series else None


def promises(half: Half, measured: Measured) -> list[Promise]:
    """What was promised of a row, and whether it holds."""
    budget, series = measured.row.budget, measured.series
    own = ceiling_of(half, measured)
    found = []
    if budget.share is not None and own is not None:
        found.append(at_least(ratio(series.rates, own[1].rates), budget.share, f" × {own[0]}"))
    if budget.p95_ms is not None:
        found.append(at_most(series.at(0.95), budget.p95_ms, " ms p95", digits=1))
    if budget.p99_to_p50 is not None and series.at(0.5):
        found.append(at_most(series.at(0.99) / series.at(0.5), budget.p99_to_p50, " × p50 at p99", digits=1))
    counts = (
        (budget.statements, " statements", "statements"),
        (budget.trips, " round trips", "trips"),
        (budget.redis_trips, " to Redis", "redis_trips"),
    )
    for limit, what, name in counts:
        if limit is not None and measured.made and (half.mode is Mode.SERVERS or name == "statements"):
            found.append(at_most(getattr(measured.made, name), limit, what))
    return found


def _shown(promise: Promise) -> str:
    return f"{promise.budget} {'✓' if promise.kept else f'✗ ({promise.found})'}"


def _said(measured: Measured, what: str) -> str:
    """How often; two figures where a page is made first and then handed out."""
    if measured.made is None or measured.usual is None:
        return "–"
    made, usual = getattr(measured.made, what), getattr(measured.usual, what)
    return str(made) if made == usual or not measured.row.repeat else f"{usual} ({made})"


def _rate(series: Series) -> str:
    return _number(series.rate)


def _number(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ")


def _times(series: Series) -> str:
    return (
        " / ".join(f"{series.at(share):.1f}" for share in (0.5, 0.95, 0.99)) if series.latencies_ms else "–"
    )


def _spread(series: Series) -> str:
    return f"{series.spread:.0%}"


def _notes(half: Half) -> Iterator[str]:
    if half.rows:
        yield from _notes_of_requests(half)
    yield from (f"- **Failed**: {problem}" for problem in half.problems)
    if not half.problems:
        yield "- No unexpected answer, nothing oversold, no counter adrift, in any round."


def _notes_of_requests(half: Half) -> Iterator[str]:
    memory = max(half.memory_at_last_mib, default=0.0)
    if memory:
        first, last = (_joined(found) for found in (half.memory_at_first_mib, half.memory_at_last_mib))
        growth = f"{first} MiB after the first round, {last} MiB after {half.requests:,} requests".replace(
            ",", " "
        )
        yield f"- Memory of each server process: {growth}; {_shown(at_most(memory, _MEMORY_MIB, ' MiB'))}."
    if half.delays_s:
        slowest = at_most(max(half.delays_s), _VISIBLE_WITHIN_S, " s", digits=1)
        yield f"- From publishing to another process showing it: {_slowest(half)}; {_shown(slowest)}."
    start = at_most(half.start_cpu_s, _START_CPU_S, " s", digits=2)
    yield f"- Start of the application: {half.start_cpu_s:.2f} s of CPU; {_shown(start)}."
    constant = "; ".join(f"{name} {few} and {many}" for name, (few, many) in half.lists.items())
    kept = all(few == many for few, many in half.lists.values())
    yield f"- Statements of a list at 1 row and at 100: {constant} {'✓' if kept else '✗'}."
    yield f"- Answers 503 and lines about a locked database: {half.busy} {'✓' if not half.busy else '✗'}."
    yield f"- Requests sent again because the server had closed their connection: {half.resent}."
    yield f"- The load generator takes {half.generator_us:.0f} µs of CPU a request, on the same cores."
    if half.missing:
        yield f"- Not there yet, so not measured: {', '.join(half.missing)}."


def _slowest(half: Half) -> str:
    return f"{median(half.delays_s):.1f} s, at most {max(half.delays_s):.1f} s in {len(half.delays_s)} tries"


def _joined(figures: Sequence[float]) -> str:
    return " and ".join(f"{figure:.0f}" for figure in figures)
