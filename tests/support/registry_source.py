"""The registry as its port shows it, in memory: what it is told, and what it says as a test wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from miniprogram_api.kernel import clock
from miniprogram_api.registry.sources.port import (
    ChangePage,
    Dictionary,
    Filed,
    SnapshotPage,
    SourceRefused,
    Versioned,
)

EPOCH = "epoch-1"


@dataclass
class MemorySource:
    """A registry of records by project; `failures` are raised, one for each call, before anything happens."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    corrections: dict[str, tuple[Mapping[str, Any], Filed]] = field(default_factory=dict)
    answers: dict[str, Filed] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    page_size: int = 2

    def _enter(self, name: str) -> None:
        self.calls.append(name)
        if self.failures:
            raise self.failures.pop(0)

    def list_changes(self, cursor: str | None, *, limit: int) -> ChangePage:
        self._enter("list_changes")
        return ChangePage(EPOCH, (), cursor or "0", has_more=False, as_of=clock.now())

    def read_snapshot(
        self, *, snapshot_id: str | None, cursor: str | None, digests_only: bool
    ) -> SnapshotPage:
        self._enter("read_snapshot")
        start = int(cursor or 0)
        wanted = sorted(self.records)[start : start + self.page_size]
        names = ("project_id", "version", "digest")
        items = [
            {name: self.records[key][name] for name in names} if digests_only else self.records[key]
            for key in wanted
        ]
        following = start + self.page_size
        more = following < len(self.records)
        return SnapshotPage("s-1", EPOCH, "0", items, str(following) if more else None, clock.now())

    def get_project(self, project_id: str, *, etag: str | None = None) -> Versioned | None:
        self._enter("get_project")
        record = self.records.get(project_id)
        return None if record is None else Versioned('"e"', record)

    def get_dictionary(self, name: str) -> Dictionary:
        self._enter("get_dictionary")
        return Dictionary(name, "1", ())

    def file_correction(self, correction: Mapping[str, Any], *, key: str) -> Filed:
        self._enter("file_correction")
        _, filed = self.corrections.setdefault(
            key, (dict(correction), Filed(f"C-{len(self.corrections) + 1}", "received"))
        )
        return filed

    def get_correction(self, correction_id: str) -> Filed:
        self._enter("get_correction")
        if correction_id not in self.answers:
            raise SourceRefused(404, "not_found")
        return self.answers[correction_id]

    def answer(self, correction_id: str, state: str, answer: str | None, at: datetime | None) -> None:
        """Decide about a correction."""
        self.answers[correction_id] = Filed(correction_id, state, answer, at)

    def file_objection(
        self, objection: Mapping[str, Any], *, files: Sequence[tuple[str, str, bytes]], key: str
    ) -> Filed:
        raise NotImplementedError

    def get_objection(self, objection_id: str) -> Filed:
        raise NotImplementedError
