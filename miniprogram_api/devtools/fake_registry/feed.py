"""The change feed and its snapshots: one order for everybody, given under the state's lock."""

import base64
import binascii
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from miniprogram_api.devtools.fake_registry.records import Data, Record
from miniprogram_api.devtools.fake_registry.wire import Problem

CURSOR_LIFE_S = 30 * 86_400
SNAPSHOT_LIFE_S = 3600
KEPT_SNAPSHOTS = 20


@dataclass(frozen=True)
class Snapshot:
    """The projects as they stood at one instant; `resume_cursor` was taken before them."""

    id: str
    epoch: str
    resume_cursor: str
    records: tuple[Record, ...]
    at: float


class Feed:
    """Every record of the present epoch in order, and the last one of each project over all epochs."""

    def __init__(self) -> None:
        self.epoch = new_epoch()
        self.records: list[Record] = []
        self.latest: dict[str, Record] = {}
        # What a change is merged into: the last state that was told, also of a project recalled since.
        self.told: dict[str, Data] = {}
        self._times: list[float] = []
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()

    def append(self, record: Record, at: float) -> Record:
        """Give the record its place; it is never changed afterwards."""
        placed = {"seq": len(self.records) + 1, **record}
        self.records.append(placed)
        self._times.append(at)
        self.latest[placed["project_id"]] = placed
        if placed["data"] is not None:
            self.told[placed["project_id"]] = placed["data"]
        return placed

    def begin_epoch(self, epoch: str) -> None:
        """Start over, as a provider restored from a backup does: the projects stay, the feed is empty."""
        self.epoch = epoch
        self.records, self._times = [], []
        self._snapshots.clear()

    def page(self, cursor: str | None, limit: int, now: float) -> tuple[list[Record], str, bool]:
        """The records after a cursor, the cursor after them, and whether there are more.

        A cursor of another epoch is void: the page tells the new epoch and begins with it. Raises Problem
        `invalid_cursor` or `cursor_expired`.
        """
        start = self._oldest_kept(now)
        if cursor is not None:
            epoch, seq = _decode(cursor)
            if epoch == self.epoch:
                if seq > len(self.records):
                    raise Problem("invalid_cursor", "the cursor is of no page of this feed")
                if seq < start:
                    raise Problem("cursor_expired", "take a snapshot and go on from its resume_cursor")
                start = seq
        end = min(start + limit, len(self.records))
        return self.records[start:end], self.cursor_at(end), end < len(self.records)

    def cursor_at(self, seq: int) -> str:
        return _encode(self.epoch, seq)

    def take_snapshot(self, now: float) -> Snapshot:
        """A new one: every project but those under a tombstone, in the order of their ids."""
        resume = self.cursor_at(len(self.records))
        standing = (record for _, record in sorted(self.latest.items()) if record["op"] != "tombstone")
        snapshot = Snapshot(secrets.token_urlsafe(12), self.epoch, resume, tuple(standing), now)
        self._snapshots[snapshot.id] = snapshot
        while len(self._snapshots) > KEPT_SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return snapshot

    def snapshot(self, snapshot_id: str, now: float) -> Snapshot:
        """One taken earlier. Raises Problem `cursor_expired` for one that is gone."""
        snapshot = self._snapshots.get(snapshot_id)
        if snapshot is None or now > snapshot.at + SNAPSHOT_LIFE_S:
            raise Problem("cursor_expired", "the snapshot is gone, take a new one")
        return snapshot

    def _oldest_kept(self, now: float) -> int:
        """How many records from the start no cursor reaches any more."""
        gone = 0
        while gone < len(self._times) and self._times[gone] < now - CURSOR_LIFE_S:
            gone += 1
        return gone


def snapshot_page(
    snapshot: Snapshot, cursor: str | None, limit: int, *, digests_only: bool
) -> tuple[list[Any], str | None]:
    """A part of a snapshot and the cursor of the next one, None at its end."""
    start = 0
    if cursor is not None:
        of, start = _decode(cursor)
        if of != snapshot.id or start > len(snapshot.records):
            raise Problem("invalid_cursor", "the cursor is of no page of this snapshot")
    end = min(start + limit, len(snapshot.records))
    items: list[Any] = list(snapshot.records[start:end])
    if digests_only:
        items = [{name: record[name] for name in ("project_id", "version", "digest")} for record in items]
    return items, _encode(snapshot.id, end) if end < len(snapshot.records) else None


def new_epoch() -> str:
    return f"e{secrets.token_hex(6)}"


def _encode(of: str, position: int) -> str:
    return base64.urlsafe_b64encode(f"{of}:{position}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, int]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        of, separator, position = text.rpartition(":")
        if not (separator and position.isascii() and position.isdecimal()):
            raise ValueError(text)
        return of, int(position)
    except (ValueError, binascii.Error):
        raise Problem("invalid_cursor", "the cursor was not given out here") from None
