"""Drops of files on disk: manifests, checksums, JSON Lines and XLSX in, JSON with a checksum out."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from miniprogram_api.registry.sources import reading, sheets
from miniprogram_api.registry.sources.port import SourceUnavailable

log = structlog.get_logger(__name__)

MANIFEST = "manifest.json"
_KINDS = ("changes", "snapshot", "dictionary", "answers")
_FORMATS = ("jsonl", "xlsx")
_NAME = re.compile(r"[\w.\-（）]{1,120}")
_KEY = re.compile(r"[\w.\-]{1,80}")
_LARGEST_FILE = 256 * 1024 * 1024
_LARGEST_MANIFEST = 1024 * 1024
_MOST_FILES = 100
_LARGEST_SEQUENCE = 2**53
_LONGEST_LINE = 1024 * 1024
# The columns of a sheet; `data` and `changed_fields` hold JSON.
_NUMBERS = ("seq", "version")
_JSON = ("data", "changed_fields", "items")


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    format: str
    kind: str
    state: tuple[int, int]  # when it was written, and its size, as it was checked

    @property
    def is_as_checked(self) -> bool:
        return _state_of(self.path) == self.state


@dataclass(frozen=True, slots=True)
class Drop:
    """A drop whose every file is there and is what the manifest says."""

    sequence: int
    feed_epoch: str
    as_of: datetime
    files: tuple[_File, ...]

    @property
    def is_snapshot(self) -> bool:
        return any(file.kind == "snapshot" for file in self.files)


# The drops that were found whole, by their manifest, with what that was then.
_whole: dict[Path, tuple[tuple[int, int], Drop]] = {}


def list_drops(root: Path) -> list[Drop]:
    """The drops by number, up to the first that is not whole, with an alarm for that one.

    Raises SourceUnavailable where the folder cannot be read.
    """
    try:
        manifests = [root / MANIFEST, *sorted(root.glob(f"*/{MANIFEST}"))]
        found = [path for path in manifests if _is_of(root, path) and path.parent.name != "out"]
    except OSError:
        raise SourceUnavailable("drop folder unreadable") from None
    numbered: dict[int, Path] = {}
    for path in found:
        sequence = _sequence_of(path)
        if sequence is None or sequence in numbered:
            log.error("registry_drop_refused", drop=path.parent.name, reason="manifest")
            continue
        numbered[sequence] = path
    drops: list[Drop] = []
    for sequence, path in sorted(numbered.items()):
        drop = _read_drop(path)
        if drop is None:
            break  # it and all behind it wait
        if drops and sequence != drops[-1].sequence + 1:
            log.error("registry_drop_missing", after=drops[-1].sequence, next=sequence)
            break
        drops.append(drop)
    return drops


def read_lines(drop: Drop, *, kinds: Collection[str], start: int = 0) -> Iterator[Any]:
    """The records of a drop's files of some kinds, from the one at `start` on.

    A line that is none is itself, and a dead letter later. Raises SourceUnavailable where a file is no
    longer what was checked.
    """
    left = start
    for file in drop.files:
        if file.kind not in kinds:
            continue
        if not file.is_as_checked:
            raise SourceUnavailable(f"{file.path.name} has changed")
        for read in _lines(file.path) if file.format == "jsonl" else _rows(file.path):
            if left > 0:
                left -= 1
                continue
            yield read()


def _is_of(root: Path, manifest: Path) -> bool:
    """Whether it is a file that lies in the folder itself, and is not led to from there."""
    led_elsewhere = manifest.is_symlink() or (manifest.parent != root and manifest.parent.is_symlink())
    return manifest.is_file() and not led_elsewhere


def _state_of(path: Path) -> tuple[int, int] | None:
    """When a file was written and its size; None for what is no file, such as a link or a pipe."""
    try:
        state = path.lstat()
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_size) if stat.S_ISREG(state.st_mode) else None


def write_out(
    root: Path,
    folder: str,
    key: str,
    content: Mapping[str, Any],
    *,
    files: Sequence[tuple[str, str, bytes]] = (),
) -> None:
    """Write a JSON file and its checksum for the registry to fetch; once it is there it stays as it is."""
    if not _KEY.fullmatch(key):
        raise ValueError("a key of other characters is no file name")
    place = root / "out" / folder
    target = place / f"{key}.json"
    attached = []
    try:
        place.mkdir(parents=True, exist_ok=True)
        if target.exists():
            return
        for number, (_, media_type, body) in enumerate(files, start=1):
            name = f"{key}-{number}"
            _write(place / name, body)
            attached.append({"name": name, "mime": media_type, "sha256": hashlib.sha256(body).hexdigest()})
        told = dict(content) | ({"files": attached} if files else {})
        body = json.dumps(told, ensure_ascii=False, indent=2, default=str).encode()
        _write(
            target.with_suffix(".json.sha256"),
            f"{hashlib.sha256(body).hexdigest()}  {target.name}\n".encode(),
        )
        _write(target, body)
    except OSError:
        raise SourceUnavailable("out folder not writable") from None


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all: whoever looks never sees half a file."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sequence_of(path: Path) -> int | None:
    manifest = _manifest(path)
    sequence = None if manifest is None else manifest.get("sequence")
    if not isinstance(sequence, int) or isinstance(sequence, bool):
        return None
    return sequence if 0 < sequence < _LARGEST_SEQUENCE else None


def _manifest(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            return None
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return manifest if isinstance(manifest, dict) else None


def _read_drop(path: Path) -> Drop | None:
    """The drop, its checksums right; None, and an alarm, while they are not."""
    state = _state_of(path)
    known = _whole.get(path)
    if known is not None and known[0] == state and all(file.is_as_checked for file in known[1].files):
        return known[1]
    _whole.pop(path, None)
    try:
        if state is None:
            raise SourceUnavailable("manifest")
        drop = _checked(path, _manifest(path) or {}, datetime.fromtimestamp(state[0] / 1e9, UTC))
    except (SourceUnavailable, OSError) as error:
        log.error("registry_drop_waits", drop=path.parent.name, reason=str(error))  # noqa: TRY400  no crash
        return None
    _whole[path] = state, drop
    return drop


def _checked(path: Path, manifest: Mapping[str, Any], written_at: datetime) -> Drop:
    files = []
    for entry in reading.items(manifest.get("files"), most=_MOST_FILES):
        told = reading.mapping(entry)
        name, kind, form = told.get("name"), told.get("kind"), told.get("format")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name.startswith("."):
            raise SourceUnavailable("name of a file")
        if kind not in _KINDS or form not in _FORMATS:
            raise SourceUnavailable(f"kind or format of {name}")
        files.append(_checked_file(path.parent / name, form, kind, told.get("sha256")))
    as_of = manifest.get("as_of")
    return Drop(
        sequence=manifest["sequence"],
        feed_epoch=reading.text(manifest.get("feed_epoch"), longest=80),
        as_of=written_at if as_of is None else reading.instant(as_of),
        files=tuple(files),
    )


def _checked_file(path: Path, form: str, kind: str, sha256: Any) -> _File:
    state = _state_of(path)
    if state is None or state[1] > _LARGEST_FILE:
        raise SourceUnavailable(f"size of {path.name}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise SourceUnavailable(f"checksum of {path.name}")
    if form == "xlsx":
        sheets.check_workbook(path)
    return _File(path, form, kind, state)


def _lines(path: Path) -> Iterator[Callable[[], Any]]:
    """What reads each line of a file that holds anything; of one without end, its beginning."""
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                rest = line
                while not rest.endswith(b"\n") and (rest := file.readline(_LONGEST_LINE)):
                    pass
                if line.strip():
                    yield partial(_parsed, line)
    except OSError:
        raise SourceUnavailable(f"{path.name} unreadable") from None


def _rows(path: Path) -> Iterator[Callable[[], Any]]:
    """The same for the rows of a workbook's first sheet."""
    for names, row in sheets.read_rows(path):
        yield partial(_record, names, row)


def _parsed(line: bytes) -> Any:
    try:
        return reading.parse_json(line)
    except SourceUnavailable:
        return line.decode(errors="replace").strip()


def _record(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, cell in zip(names, row, strict=False):
        if not name:
            continue
        if name in _JSON and isinstance(cell, str):
            record[name] = _parsed(cell.encode())
        elif name in _NUMBERS and isinstance(cell, float) and cell.is_integer():
            record[name] = int(cell)
        else:
            record[name] = cell.isoformat() if isinstance(cell, datetime) else cell
    return record
