"""Runs load processes against a port and adds their outcomes up."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from miniprogram_api.devtools.bench.load import Outcome, Plan

_ONE_PROCESS_UP_TO = 8  # connections; more are shared by two processes


@dataclass(frozen=True, slots=True)
class Load:
    """What all load processes saw together."""

    rate: float
    latencies_ms: list[float]
    statuses: dict[int, int]
    samples: dict[int, str]
    lost: int
    resent: int
    cpu_share: float  # of one core
    cpu_us_per_request: float

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    def unexpected(self, expected: frozenset[int]) -> list[str]:
        """A sentence for each kind of answer that should not have been there."""
        found = [
            f"{count} × {status}: {self.samples.get(status, '')[:300]}"
            for status, count in sorted(self.statuses.items())
            if status not in expected
        ]
        if self.lost:
            found.append(f"{self.lost} requests were never answered")
        if not self.requests:
            found.append("no request was answered")
        return found


def apply_load(
    port: int,
    requests: Sequence[str],
    *,
    clients: int,
    seconds: float,
    warm_up_s: float,
    repeat: bool = True,
    rate: float | None = None,
) -> Load:
    """Send the requests from so many connections; all processes start together. Raises RuntimeError."""
    count = 1 if clients <= _ONE_PROCESS_UP_TO else 2
    plans = [
        Plan(
            port=port,
            requests=list(requests[number::count] or requests),
            connections=clients // count,
            seconds=seconds,
            warm_up_s=warm_up_s,
            repeat=repeat,
            rate=rate / count if rate is not None else None,
        )
        for number in range(count)
    ]
    return _sum_up(run_together("miniprogram_api.devtools.bench.load", [asdict(plan) for plan in plans]))


def _sum_up(answers: Sequence[dict[str, object]]) -> Load:
    outcomes = [Outcome(**answer) for answer in answers]  # type: ignore[arg-type]  # it came through JSON
    statuses: Counter[int] = Counter()
    samples: dict[int, str] = {}
    for outcome in outcomes:
        statuses.update({int(status): number for status, number in outcome.statuses.items()})
        samples |= {int(status): body for status, body in outcome.samples.items()}
    cpu = sum(outcome.cpu_s for outcome in outcomes)
    seconds = max((outcome.seconds for outcome in outcomes), default=0.0)
    return Load(
        rate=sum(len(outcome.latencies_ms) / outcome.seconds for outcome in outcomes if outcome.seconds > 0),
        latencies_ms=[latency for outcome in outcomes for latency in outcome.latencies_ms],
        statuses=dict(statuses),
        samples=samples,
        lost=sum(outcome.lost for outcome in outcomes),
        resent=sum(outcome.resent for outcome in outcomes),
        cpu_share=cpu / seconds if seconds > 0 else 0.0,
        cpu_us_per_request=1e6 * cpu / max(1, sum(statuses.values())),
    )


def run_together(module: str, orders: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Give each process of a module an order as JSON, start all at once, return their results."""
    command = [sys.executable, "-m", module]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in orders
    ]
    try:
        for process, order in zip(processes, orders, strict=True):
            _say(process, json.dumps(order))
        for process in processes:
            if _hear(process) != "ready":
                raise RuntimeError(f"{module} did not get ready")
        for process in processes:
            _say(process, "go")
        return [_result_of(process, module) for process in processes]
    finally:
        for process in processes:
            process.communicate()


def _result_of(process: subprocess.Popen[str], module: str) -> dict[str, object]:
    line = _hear(process)
    if not line:
        raise RuntimeError(f"{module} ended without a result; what it said stands above")
    result: dict[str, object] = json.loads(line)
    return result


def _say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None  # noqa: S101  it is a pipe
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None  # noqa: S101  it is a pipe
    return process.stdout.readline().strip()
