"""The registry by files in a folder: drops with a manifest and checksums, read in the order of their numbers.

A drop is a folder with a `manifest.json`, in the root or one level below it. `docs/registry-files.md` tells
the formats. A drop that is not whole, or a number that is missing, makes everything behind it wait.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from miniprogram_api.registry.sources import reading
from miniprogram_api.registry.sources.drops import Drop, list_drops, read_lines, write_out
from miniprogram_api.registry.sources.port import (
    ChangePage,
    CursorExpired,
    Dictionary,
    Filed,
    SnapshotPage,
    SourceRefused,
    SourceUnavailable,
    Versioned,
)

_PAGE = 500
_START = "0:0"
_LIVING = {"changes", "snapshot"}
_BEHIND_ALL = 10**9


@dataclass(frozen=True, slots=True)
class _Place:
    """A cursor: the drop, and how many of its records have been read."""

    sequence: int
    read: int

    def __str__(self) -> str:
        return f"{self.sequence}:{self.read}"

    @classmethod
    def of(cls, cursor: str) -> "_Place":
        sequence, _, read = cursor.partition(":")
        if not (sequence.isdecimal() and read.isdecimal()):
            raise CursorExpired
        return cls(int(sequence), int(read))


class FileSource:
    """The port over a folder. What we file is written to `out`, what is said to it comes in a drop."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # What was read last, for a comparison that asks for one project after the other.
        self._read: tuple[Sequence[Drop], dict[str, dict[str, Any]]] | None = None

    def list_changes(self, cursor: str | None, *, limit: int) -> ChangePage:
        """See the port; snapshots in the row are full records like any other."""
        place = _Place.of(cursor or _START)
        drops = list_drops(self._root)
        if drops and place.sequence and place.sequence < drops[0].sequence - 1:
            raise CursorExpired  # what lies between is no longer there
        current = next((drop for drop in drops if drop.sequence == place.sequence), None)
        if current is not None:
            page = self._page_of(current, place, limit)
            if page.items or not (following := _after(drops, place.sequence)):
                return page
            return self._page_of(following, _Place(following.sequence, 0), limit)
        following = _after(drops, place.sequence) if place.sequence else next(iter(drops), None)
        if following is None:
            return self._nothing_yet(drops, place)
        return self._page_of(following, _Place(following.sequence, 0), limit)

    def read_snapshot(
        self, *, snapshot_id: str | None, cursor: str | None, digests_only: bool
    ) -> SnapshotPage:
        """See the port. Full, it is the newest snapshot drop; of digests, that with all that came since."""
        drops = list_drops(self._root)
        if digests_only:
            return self._digests(drops)
        whole = [drop for drop in drops if drop.is_snapshot]
        if snapshot_id is not None:
            whole = [drop for drop in whole if str(drop.sequence) == snapshot_id]
            if not whole:
                raise CursorExpired
        else:  # one of an epoch that is over leads to no change any more
            whole = [drop for drop in whole if drop.feed_epoch == drops[-1].feed_epoch]
        if not whole:
            return self._without_snapshot(drops)
        drop = whole[-1]
        place = _Place.of(cursor) if cursor else _Place(drop.sequence, 0)
        items, more = _some_of(drop, place.read, _PAGE)
        return SnapshotPage(
            snapshot_id=str(drop.sequence),
            feed_epoch=drop.feed_epoch,
            resume_cursor=str(_Place(drop.sequence, _BEHIND_ALL)),
            items=items,
            next_cursor=str(_Place(drop.sequence, place.read + _PAGE)) if more else None,
            as_of=drop.as_of,
        )

    def get_project(self, project_id: str, *, etag: str | None = None) -> Versioned | None:
        """See the port: the last record of the project in the drops that are still there."""
        record = self._latest(list_drops(self._root)).get(project_id)
        if record is None:
            return None
        tag = f'"v{record.get("version")}-{record.get("digest")}"'
        removed = record.get("op") == "tombstone"
        return Versioned(tag, None if tag == etag else record, removed)

    def get_dictionary(self, name: str) -> Dictionary:
        """See the port: the newest that came. Raises SourceRefused where none did."""
        for drop in reversed(list_drops(self._root)):
            for line in read_lines(drop, kinds={"dictionary"}):
                if isinstance(line, dict) and line.get("name") == name:
                    return reading.dictionary(name, line)
        raise SourceRefused(404, "not_found")

    def file_correction(self, correction: Mapping[str, Any], *, key: str) -> Filed:
        """See the port: written once, under its key."""
        write_out(self._root, "corrections", key, {**correction, "correction_id": key})
        return Filed(id=key, state="received")

    def get_correction(self, correction_id: str) -> Filed:
        """See the port."""
        return self._answer("correction", correction_id)

    def file_objection(
        self, objection: Mapping[str, Any], *, files: Sequence[tuple[str, str, bytes]], key: str
    ) -> Filed:
        """See the port: written once, its files beside it."""
        write_out(self._root, "objections", key, {**objection, "objection_id": key}, files=files)
        return Filed(id=key, state="received")

    def get_objection(self, objection_id: str) -> Filed:
        """See the port."""
        return self._answer("objection", objection_id)

    def _page_of(self, drop: Drop, place: _Place, limit: int) -> ChangePage:
        items, more = _some_of(drop, place.read, limit)
        return ChangePage(
            feed_epoch=drop.feed_epoch,
            items=items,
            next_cursor=str(_Place(drop.sequence, place.read + len(items))),
            has_more=more or _after(list_drops(self._root), drop.sequence) is not None,
            as_of=drop.as_of,
        )

    def _nothing_yet(self, drops: Sequence[Drop], place: _Place) -> ChangePage:
        if not drops:
            raise SourceUnavailable("no drop yet")
        last = drops[-1]
        return ChangePage(last.feed_epoch, [], str(place), False, last.as_of)

    def _without_snapshot(self, drops: Sequence[Drop]) -> SnapshotPage:
        """Before the first snapshot everything is in the changes, from the first one on."""
        if not drops:
            raise SourceUnavailable("no drop yet")
        newest = drops[-1].feed_epoch
        first = next(drop for drop in drops if drop.feed_epoch == newest)
        return SnapshotPage(
            f"none-{first.sequence}", newest, str(_Place(first.sequence, 0)), [], None, first.as_of
        )

    def _digests(self, drops: Sequence[Drop]) -> SnapshotPage:
        if not drops:
            raise SourceUnavailable("no drop yet")
        held = [
            {name: record.get(name) for name in ("project_id", "version", "digest")}
            for _, record in sorted(self._latest(drops).items())
            if record.get("op") != "tombstone"
        ]
        last = drops[-1]
        place = str(_Place(last.sequence, 0))
        return SnapshotPage(f"digests-{last.sequence}", last.feed_epoch, place, held, None, last.as_of)

    def _latest(self, drops: Sequence[Drop]) -> dict[str, dict[str, Any]]:
        """The record of the highest version of each project, since the newest snapshot."""
        start = max((place for place, drop in enumerate(drops) if drop.is_snapshot), default=0)
        if self._read is None or self._read[0] != drops[start:]:
            self._read = drops[start:], self._newest_of(drops[start:])
        return self._read[1]

    def _newest_of(self, drops: Sequence[Drop]) -> dict[str, dict[str, Any]]:
        latest: dict[str, dict[str, Any]] = {}
        for drop in drops:
            for record in _records(drop):
                if not isinstance(record, dict) or not isinstance(record.get("version"), int):
                    continue
                project_id = str(record.get("project_id"))
                held = latest.get(project_id)
                if held is None or held["version"] <= record["version"]:
                    latest[project_id] = record
        return latest

    def _answer(self, kind: str, filed_id: str) -> Filed:
        for drop in reversed(list_drops(self._root)):
            lines = list(read_lines(drop, kinds={"answers"}))
            for line in reversed(lines):
                if isinstance(line, dict) and (line.get("kind"), line.get("id")) == (kind, filed_id):
                    return reading.filed(line, id_name="id")
        return Filed(id=filed_id, state="received")


def _records(drop: Drop) -> Iterator[Any]:
    return read_lines(drop, kinds=_LIVING)


def _some_of(drop: Drop, start: int, limit: int) -> tuple[list[Any], bool]:
    """So many of its records from a place on, and whether more follow."""
    found = list(islice(read_lines(drop, kinds=_LIVING, start=start), limit + 1))
    return found[:limit], len(found) > limit


def _after(drops: Sequence[Drop], sequence: int) -> Drop | None:
    """The next drop in the row; nothing while its number is missing."""
    return next((drop for drop in drops if drop.sequence == sequence + 1), None)
