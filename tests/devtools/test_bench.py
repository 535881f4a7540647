"""The bench: arithmetic, report and counters, and one short run that fails on errors, never on time."""

import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from miniprogram_api.devtools.bench import load, report, rows, traffic
from miniprogram_api.devtools.bench.__main__ import exit_status
from miniprogram_api.devtools.bench.counting import Talk, count, counting
from miniprogram_api.devtools.bench.driver import Load
from miniprogram_api.devtools.bench.exchange import Amounts, Passage
from miniprogram_api.devtools.bench.figures import Series, at_least, at_most, median, percentile, ratio
from miniprogram_api.devtools.bench.measuring import Half, Measured
from miniprogram_api.devtools.bench.rows import Budget, Mode, Row
from miniprogram_api.devtools.bench.traffic import Request
from miniprogram_api.kernel import cache
from miniprogram_api.kernel.db import atomic, reading

ROOT = Path(__file__).resolve().parents[2]


class TestFigures:
    @pytest.mark.parametrize(
        ("values", "share", "expected"),
        [
            ([], 0.5, 0.0),
            ([7.0], 0.99, 7.0),
            ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
            ([4.0, 1.0, 3.0, 2.0], 0.75, 3.0),
            (list(range(1, 101)), 0.95, 95),
            (list(range(1, 101)), 1.0, 100),
        ],
    )
    def test_a_percentile_is_a_value_that_occurred(
        self, values: list[float], share: float, expected: float
    ) -> None:
        assert percentile(values, share) == expected

    def test_a_ratio_is_taken_within_each_round(self) -> None:
        # The second round ran on a busy machine: both sides halved, the ratio stayed.
        assert ratio([50, 25, 60], [100, 50, 100]) == 0.5
        assert ratio([50, 25], [100, 0]) == 0.5
        assert ratio([], []) == median([]) == 0

    def test_a_series_shows_its_median_round_and_how_far_the_rounds_lie_apart(self) -> None:
        series = Series()
        for rate, latency in ((100, 9.0), (300, 1.0), (200, 2.0)):
            series.add(rate=rate, latencies_ms=[latency], requests=10)
        assert (series.rate, series.spread, series.requests) == (200, 1.0, 30)
        assert (series.at(0.5), series.at(0.99)) == (2.0, 9.0)
        assert Series().spread == 0

    def test_a_promise_is_judged_as_it_is_printed(self) -> None:
        assert at_least(0.746, 0.75, " × hello").kept
        assert not at_least(0.744, 0.75, " × hello").kept
        assert at_most(25.04, 25, " ms p95", digits=1).kept
        assert not at_most(25.06, 25, " ms p95", digits=1).kept
        assert not at_most(4, 3, " round trips").kept


class TestLoad:
    @pytest.mark.parametrize("cut", range(0, 60, 7))
    def test_an_answer_is_read_once_it_is_whole(self, cut: int) -> None:
        whole = b"HTTP/1.1 201 CREATED\r\nServer: x\r\nContent-LENGTH: 4\r\n\r\nbody"
        assert load.parse(whole) == (201, b"body")
        assert load.parse(whole[: -1 - cut]) is None

    def test_an_answer_without_a_body_has_no_length(self) -> None:
        assert load.parse(b"HTTP/1.1 304 NOT MODIFIED\r\nETag: x\r\n\r\n") == (304, b"")

    @pytest.mark.parametrize(("closes_after", "resent"), [(100, 0), (2, 1)])
    def test_a_request_that_meets_a_closed_connection_is_sent_again(
        self, closes_after: int, resent: int
    ) -> None:
        with _server(closes_after) as port:
            plan = load.Plan(
                port=port,
                requests=["GET / HTTP/1.1\r\n\r\n"] * 5,
                connections=1,
                seconds=5,
                warm_up_s=0,
                repeat=False,
            )
            outcome = load.carry_out(plan)
        assert (outcome.statuses, outcome.resent, outcome.lost) == ({"200": 5}, resent, 0)
        assert len(outcome.latencies_ms) == 5

    def test_at_least_one_request_is_sent_however_short_the_time(self) -> None:
        with _server(100) as port:
            plan = load.Plan(
                port=port, requests=["GET / HTTP/1.1\r\n\r\n"], connections=2, seconds=0, warm_up_s=0
            )
            assert load.carry_out(plan).statuses == {"200": 1}

    def test_a_request_that_is_never_answered_is_lost(self) -> None:
        with _server(0) as port:
            plan = load.Plan(
                port=port,
                requests=["GET / HTTP/1.1\r\n\r\n"],
                connections=1,
                seconds=5,
                warm_up_s=0,
                repeat=False,
            )
            outcome = load.carry_out(plan)
        assert (outcome.statuses, outcome.resent, outcome.lost) == ({}, 1, 1)

    def test_what_should_not_have_come_is_named(self) -> None:
        seen = _load({201: 3, 500: 2}, {500: "server.error"}, lost=1)
        assert seen.unexpected(frozenset({201})) == [
            "2 × 500: server.error",
            "1 requests were never answered",
        ]
        assert _load({201: 3}, {}).unexpected(frozenset({201})) == []
        assert _load({}, {}).unexpected(frozenset({201})) == ["no request was answered"]

    def test_a_request_is_written_with_its_length_in_bytes_and_an_address(self) -> None:
        request = Request("POST", "/x", {"Idempotency-Key": "k"}, "{}长")
        first, second = request.text(0), request.text(1)
        assert first.endswith("Content-Length: 5\r\n\r\n{}长")
        assert "Idempotency-Key: k\r\n" in first
        assert first.replace("10.1.0.1", "10.1.0.2") == second

    def test_addresses_are_many_and_valid(self) -> None:
        addresses = {traffic.address(number) for number in range(10_000)}
        assert len(addresses) == 4_000
        assert all(all(0 <= int(part) <= 255 for part in found.split(".")) for found in addresses)


@contextmanager
def _server(closes_after: int) -> Generator[int]:
    """Answers so many requests of each connection, and closes it on the next one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_answer, args=(listening, closes_after))
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _answer(listening: socket.socket, closes_after: int) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection:
                for number in itertools.count():
                    if not connection.recv(1000) or number == closes_after:
                        break
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def _load(statuses: dict[int, int], samples: dict[int, str], *, lost: int = 0) -> Load:
    return Load(
        rate=1.0,
        latencies_ms=[],
        statuses=statuses,
        samples=samples,
        lost=lost,
        resent=0,
        cpu_share=0.1,
        cpu_us_per_request=20.0,
    )


def _series(rate: float, *latencies: float) -> Series:
    series = Series()
    series.add(rate=rate, latencies_ms=latencies or [1.0], requests=1)
    return series


def _half(**of_row: object) -> Half:
    budget = Budget(share=0.27, trips=3, p95_ms=25)
    row = Row(
        key="spread",
        title="booking",
        make=lambda _: [],
        clients=8,
        expects=frozenset({201}),
        path="/x",
        effect=rows.Effect.BOOKINGS,
        budget=budget,
    )
    talk = Talk(status=201, statements=3, trips=5, redis_trips=1)
    measured = Measured(row, _series(300, 10.0, 30.0), made=talk, usual=talk)
    ceilings = {"hello@8": _series(1000), "bare SQL": _series(600)}
    return Half(Mode.SERVERS, ceilings=ceilings, rows=[measured], start_cpu_s=1.0, **of_row)  # type: ignore[arg-type]


class TestReport:
    def test_a_row_shows_its_ratio_and_which_promises_it_keeps(self) -> None:
        half = _half()
        assert [(found.budget, found.kept) for found in report.promises(half, half.rows[0])] == [
            ("≥ 0.27 × hello", True),
            ("≤ 25 ms p95", False),
            ("≤ 3 round trips", False),
        ]
        page = report.render([half], command="make bench", at=datetime(2026, 11, 23, tzinfo=UTC))
        assert "| 0.30 × hello | 0.50 " in page
        assert "≥ 0.27 × hello ✓; ≤ 25 ms p95 ✗ (30.0); ≤ 3 round trips ✗ (5)" in page
        assert "Made by `make bench` on 2026-11-23" in page

    def test_ways_to_a_database_that_is_a_file_are_not_judged(self) -> None:
        half = _half()
        half.mode = Mode.EMBEDDED
        assert "≤ 3 round trips" not in {found.budget for found in report.promises(half, half.rows[0])}

    def test_failures_are_written_down(self) -> None:
        half = _half(problems=["booking: 2 × 500"])
        page = report.render([half], command="make bench", at=datetime(2026, 11, 23, tzinfo=UTC))
        assert "- **Failed**: booking: 2 × 500" in page
        assert "nothing oversold" not in page

    def test_the_columns_of_a_table_line_up(self) -> None:
        assert report.table(("a", "bb"), [("ccc", "d")]) == ["| a   | bb |", "|-----|----|", "| ccc | d  |"]

    def test_the_exchange_shows_its_rates_and_statements_beside_the_rows(self) -> None:
        half = _half()
        half.add_passages([Passage("projects loaded", 1000, seconds=2.0, statements=250)])
        page = report.render([half], command="make bench", at=datetime(2026, 11, 23, tzinfo=UTC))
        assert "| projects loaded            | 1 000 | 500        | 0.25        |" in page
        assert "0.30 × hello" in page

    def test_the_exchange_can_stand_alone_and_fails_on_errors_only(self) -> None:
        half = Half(Mode.EMBEDDED)
        half.add_passages([Passage("slow", 10, seconds=1000.0)])
        assert exit_status([half]) == 0
        half.add_passages([Passage("wrong", 10, problems=["9 of 10"])])
        assert exit_status([half]) == 1
        page = report.render([half], command="make bench", at=datetime(2026, 11, 23, tzinfo=UTC))
        assert "- **Failed**: wrong: 9 of 10" in page
        assert "hello" not in page

    def test_the_document_keeps_what_stands_around_the_report(self) -> None:
        document = f"# Before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
        changed = report.put_into(document, "new\n")
        assert changed == f"# Before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
        with pytest.raises(ValueError, match="bench:begin"):
            report.put_into("# No marks", "new")

    def test_the_document_has_a_place_for_the_report(self) -> None:
        assert "new" in report.put_into((ROOT / "docs/performance.md").read_text(), "new")


def test_the_bench_fails_on_failures_and_when_nothing_was_measured() -> None:
    assert exit_status([_half()]) == 0
    assert exit_status([_half(), _half(problems=["drift"])]) == 1
    assert exit_status([]) == 1


class TestCounting:
    def test_statements_are_counted_and_the_ways_of_a_transaction(
        self, app: Flask, on_postgres: bool
    ) -> None:
        with counting() as read, reading() as session:
            session.execute(text("SELECT 1"))
            session.execute(text("SELECT 2"))
        assert (read.statements, read.redis_trips) == (2, 0)
        with counting() as written, atomic() as session:
            session.execute(text("SELECT 1"))
        assert (written.statements, written.trips) == (1, 3)
        if on_postgres:
            assert read.trips == 2

    def test_nothing_is_counted_afterwards(self, app: Flask) -> None:
        with counting() as talk:
            pass
        with reading() as session:
            session.execute(text("SELECT 1"))
        assert talk == Talk()

    def test_ways_to_redis_are_counted(self, app: Flask, redis_url: str) -> None:
        cache.current().ping()  # opening a connection says more
        with counting() as talk:
            cache.current().set("bench", b"1", 5)
            cache.current().get("bench")
        assert talk.redis_trips == (2 if redis_url else 0)

    def test_a_request_is_sent_through_the_application(self, app: Flask) -> None:
        assert count(app, traffic.hello()).status == 404
        assert count(app, Request("GET", "/livez")) == Talk(status=200)


def _run_shortly(on_postgres: bool, *arguments: str) -> str:
    """What a run of one half prints, which has to find nothing wrong."""
    half = "servers" if on_postgres else "embedded"
    done = subprocess.run(
        [sys.executable, "-m", "miniprogram_api.devtools.bench", "--only", half, *arguments],
        cwd=ROOT,
        env=os.environ.copy(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No unexpected answer, nothing oversold, no counter adrift" in done.stdout
    return done.stdout


def test_the_amounts_of_the_exchange_keep_their_proportions() -> None:
    assert Amounts() == Amounts.of(10_000) == Amounts(projects=10_000, changes=1_000, bookings=2_000)
    assert Amounts.of(3) == Amounts(projects=3, changes=1, bookings=1)


def test_a_short_exchange_finds_nothing_wrong(on_postgres: bool) -> None:
    printed = _run_shortly(on_postgres, "--exchange", "--projects", "30")
    for title in ("projects loaded", "changes caught up", "bookings of a withdrawn site cancelled"):
        assert title in printed
    assert "hello" not in printed


def test_a_short_run_finds_nothing_wrong(on_postgres: bool) -> None:
    printed = _run_shortly(
        on_postgres,
        *("--rounds", "1", "--seconds", "0.15", "--sites", "15", "--projects", "0", "--articles", "300"),
    )
    for title in (
        "articles, first page, 304",
        "articles by words",
        "one article read by everybody",
        "reads of one article at once",
        "From publishing to another process showing it",
        "public list, first page, 304",
        "nearest of a type",
        "booking one slot",
        "sold-out",
        "gate scan",
    ):
        assert title in printed
    assert "Not there yet" not in printed
