"""The exchange with the registry, measured: a load from nothing, a catch-up, a withdrawal with its bookings.

The fake registry is a process of its own, so that only its answers are waited for. Our side is this process,
without threads of background work: each passage is one after another what the jobs do. Nothing here fails on
time.
"""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config import Settings
from miniprogram_api.app import create_app
from miniprogram_api.devtools.bench import books
from miniprogram_api.devtools.bench.counting import counting
from miniprogram_api.devtools.bench.places import Place
from miniprogram_api.devtools.bench.servers import ROOT, free_port, get, migrate
from miniprogram_api.devtools.bench.world import make_visitors
from miniprogram_api.devtools.fake_registry import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, FakeRegistry
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.messaging.models import Message
from miniprogram_api.registry import jobs_pulling, jobs_withdrawals, sources
from miniprogram_api.registry.models import HeldProject
from miniprogram_api.sites.models import BookingMode, Overlay, Site
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES
from miniprogram_api.visits.models import Booking, BookingStatus

Say = Callable[[str], None]
_READY_WITHIN_S = 60
_SLOTS = 20
_DRAINED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of each."""

    projects: int = 10_000
    changes: int = 1_000
    bookings: int = 2_000

    @classmethod
    def of(cls, projects: int) -> "Amounts":
        """In the proportions of the usual amounts."""
        return cls(projects, max(1, projects // 10), max(1, projects // 5))


@dataclass(slots=True)
class Passage:
    """One thing that went through: how many rows, in what time, with how many statements."""

    title: str
    rows: int
    seconds: float = 0.0
    statements: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0

    @property
    def statements_per_row(self) -> float:
        return self.statements / self.rows if self.rows else 0.0


def measure_exchange(place: Place, amounts: Amounts, say: Say) -> list[Passage]:
    """All three, on an empty database of this place."""
    migrate(place.environ)
    kept = place.folder / "registry.jsonl"
    say(f"{amounts.projects} projects in the fake registry")
    _fill(kept, amounts.projects)
    with _registry(kept) as port:
        app = create_app(_settings(place.settings, port))
        with app.app_context():
            passages = [
                _load(amounts, say),
                _catch_up(amounts, port, say),
                _withdraw(amounts, port, say),
            ]
            db.session.remove()
            db.engine.dispose()
    return passages


def _settings(settings: Settings, port: int) -> Settings:
    return replace(
        settings,
        registry_transport="api",
        registry_api_base=f"http://127.0.0.1:{port}/registry/v1",
        registry_client_id=DEMO_CLIENT_ID,
        registry_client_secret=DEMO_CLIENT_SECRET,
    )


def _load(amounts: Amounts, say: Say) -> Passage:
    say("load from nothing")
    passage = Passage("projects loaded from nothing", amounts.projects)
    _time(passage, _pull)
    with reading() as session:
        sites = session.scalar(select(func.count()).select_from(Site))
        held = session.scalar(select(func.count()).select_from(HeldProject))
    if (sites, held) != (amounts.projects, amounts.projects):
        passage.problems.append(f"{sites} sites and {held} projects are held")
    _drain()
    return passage


def _catch_up(amounts: Amounts, port: int, say: Say) -> Passage:
    say("changes caught up")
    for number in range(amounts.changes):
        _put(port, _project_id(number), {"name": f"示例项目 {number} 更名"})
    passage = Passage("changes caught up", amounts.changes)
    _time(passage, _pull)
    with reading() as session:
        newer = session.scalar(select(func.count()).where(HeldProject.version == 2))
    if newer != amounts.changes:
        passage.problems.append(f"{newer} projects have the newer version")
    _drain()
    return passage


def _withdraw(amounts: Amounts, port: int, say: Say) -> Passage:
    say("a withdrawal with its bookings")
    project_id = _project_id(0)
    with atomic() as session:
        site_id = _open(session, project_id)
    world = make_visitors(site_id, members=amounts.bookings, slots=_SLOTS)
    books.issue_tickets(world)
    _put(port, project_id, {"lifecycle": "withdrawn", "withdrawal": {"doc_no": "示例〔2026〕1号"}})
    passage = Passage("bookings of a withdrawn site cancelled, their owners told", amounts.bookings)
    _time(passage, _pull, _drain, jobs_withdrawals.resume_withdrawals)
    with reading() as session:
        passage.problems += _left_over(session, site_id, amounts.bookings)
    passage.problems += books.broken_promises()
    return passage


def _left_over(session: Session, site_id: UUID, bookings: int) -> Iterable[str]:
    cancelled = session.scalar(
        select(func.count()).where(
            Booking.site_id == site_id,
            Booking.status == BookingStatus.CANCELLED,
            Booking.cancelled_by == "authority",
        )
    )
    told = session.scalar(select(func.count(Message.member_id.distinct())))
    if (cancelled, told) != (bookings, bookings):
        yield f"of {bookings} bookings {cancelled} were cancelled, {told} people have a message"


def _open(session: Session, project_id: str) -> UUID:
    """Let the site of a project receive visitors, as its managers would."""
    site_id = session.scalars(select(Site.id).where(Site.project_id == project_id)).one()
    opened = {"overlay": Overlay.OPEN, "booking_mode": BookingMode.SLOTS}
    session.execute(update(Site).where(Site.id == site_id).values(opened))
    return site_id


def _pull() -> str | None:
    source = sources.current()
    if source is None:
        return "there is no registry"
    pulled = jobs_pulling.pull(source)
    return pulled.error or ("somebody else pulls" if pulled.busy else None)


def _time(passage: Passage, *steps: Callable[[], str | None]) -> None:
    with counting() as talk:
        started = time.perf_counter()
        told = [step() for step in steps]
        passage.seconds = time.perf_counter() - started
    passage.statements = talk.statements
    passage.problems += [problem for problem in told if problem is not None]


def _drain() -> None:
    while events.drain(_DRAINED_AT_ONCE):
        pass


def _project_id(number: int) -> str:
    return f"BENCH-{number:05d}"


def _fill(path: Path, count: int) -> None:
    """A registry of titled, designated projects of all kinds."""
    fake = FakeRegistry(file=path)
    types, levels, districts = list(TYPES), list(LEVELS), list(DISTRICTS)
    for number in range(count):
        fake.put(
            _project_id(number),
            name=f"示例项目 {number}",
            type_code=types[number % len(types)],
            level_code=levels[number % len(levels)],
            district_code=districts[number % len(districts)],
            operator={"name": f"示例单位 {number % 500}", "uscc": None},
            geometry={
                "type": "Point",
                "coordinates": [125.0 + number % 400 / 500, 43.6 + number // 400 / 50],
            },
            datum="CGCS2000",
            lifecycle="titled",
            title={"date": "2026-01-01", "doc_no": f"示例〔2026〕{number}号", "valid_until": None},
            education_base={"designated": True, "since": "2026-03-01", "until": None},
        )


@contextmanager
def _registry(kept: Path) -> Generator[int]:
    """The fake as a process, with what the file keeps; its port."""
    port = free_port()
    command = [sys.executable, "-m", "miniprogram_api.devtools.fake_registry"]
    command += ["--port", str(port), "--file", str(kept)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + _READY_WITHIN_S
            while get(port, "/_fake")[0] != http.HTTPStatus.OK:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError("the fake registry did not get ready")
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def _put(port: int, project_id: str, fields: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("PUT", f"/_fake/projects/{project_id}", json.dumps(fields).encode(), headers)
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"the fake registry answered {answer.status}: {answer.read()[:200]!r}")
    finally:
        connection.close()
