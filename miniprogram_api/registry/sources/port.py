"""The port to the registry, Contract A: whatever carries them, records come as the same plain JSON objects.

Nothing here looks into a record; that is the rules' work, so that a bad record is a dead letter and never a
failed page. Adapters are used outside transactions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class SourceUnavailable(Exception):
    """The registry did not answer, or not in its contract; try again later."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class SourceRefused(Exception):
    """The registry answered, and said no to this one request; `code` is the problem's."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class CursorExpired(Exception):
    """The feed no longer reaches back to the cursor: only a snapshot helps."""


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of the feed. An empty one keeps the cursor. Another `feed_epoch` makes every cursor void."""

    feed_epoch: str
    items: Sequence[Any]
    next_cursor: str
    has_more: bool
    as_of: datetime


@dataclass(frozen=True, slots=True)
class SnapshotPage:
    """A page of a frozen snapshot; `resume_cursor` was taken before it, and the feed goes on from there.

    Items are full change records, or `{project_id, version, digest}` in the digest view.
    """

    snapshot_id: str
    feed_epoch: str
    resume_cursor: str
    items: Sequence[Any]
    next_cursor: str | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Versioned:
    """One project's record and its ETag; `record` is None where it has not changed."""

    etag: str
    record: Mapping[str, Any] | None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Codes and their names: items are `{code, name, valid_from, valid_to}`."""

    name: str
    version: str
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Filed:
    """A correction or an objection as the registry keeps it: its id, its state and what is said to it."""

    id: str
    state: str
    answer: str | None = None
    decided_at: datetime | None = None


class RegistrySource(Protocol):
    """What every transport does. Raises SourceUnavailable, SourceRefused or CursorExpired."""

    def list_changes(self, cursor: str | None, *, limit: int) -> ChangePage:
        """The records after the cursor in the order they were committed."""
        ...

    def read_snapshot(
        self, *, snapshot_id: str | None, cursor: str | None, digests_only: bool
    ) -> SnapshotPage:
        """A page of a snapshot; no id asks for a new one."""
        ...

    def get_project(self, project_id: str, *, etag: str | None = None) -> Versioned | None:
        """One project's last record; None when the registry does not know it."""
        ...

    def get_dictionary(self, name: str) -> Dictionary:
        """The `types`, `levels` or `districts`."""
        ...

    def file_correction(self, correction: Mapping[str, Any], *, key: str) -> Filed:
        """Ask for a correction; the same key files it once."""
        ...

    def get_correction(self, correction_id: str) -> Filed:
        """What became of a correction."""
        ...

    def file_objection(
        self, objection: Mapping[str, Any], *, files: Sequence[tuple[str, str, bytes]], key: str
    ) -> Filed:
        """Deliver an objection with its files (name, type, content); the same key delivers it once."""
        ...

    def get_objection(self, objection_id: str) -> Filed:
        """What became of an objection."""
        ...
