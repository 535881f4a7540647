"""Drops of files on disk: manifests, checksums, JSON Lines and XLSX in, JSON with a checksum out."""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from miniprogram_api.registry.sources import reading
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
# The columns of a sheet; `data` and `changed_fields` hold JSON.
_NUMBERS = ("seq", "version")
_JSON = ("data", "changed_fields", "items")


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    format: str
    kind: str


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


_whole: dict[tuple[str, int, int], Drop] = {}


def list_drops(root: Path) -> list[Drop]:
    """The drops by number, up to the first that is not whole, with an alarm for that one.

    Raises SourceUnavailable where the folder cannot be read.
    """
    try:
        manifests = [root / MANIFEST, *sorted(root.glob(f"*/{MANIFEST}"))]
        found = [path for path in manifests if path.is_file() and path.parent.name != "out"]
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


def read_lines(drop: Drop, *, kinds: Collection[str]) -> Iterator[Any]:
    """The records of a drop's files of some kinds; a line that is none is itself, and a dead letter later."""
    for file in drop.files:
        if file.kind in kinds:
            yield from _lines(file.path) if file.format == "jsonl" else _rows(file.path)


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
    whole = isinstance(sequence, int) and not isinstance(sequence, bool) and sequence > 0
    return sequence if whole else None


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
    state = path.stat()
    known = (str(path), state.st_mtime_ns, state.st_size)
    if known in _whole:
        return _whole[known]
    try:
        drop = _checked(path, _manifest(path) or {}, datetime.fromtimestamp(state.st_mtime, UTC))
    except (SourceUnavailable, OSError) as error:
        log.error("registry_drop_waits", drop=path.parent.name, reason=str(error))  # noqa: TRY400  no crash
        return None
    _whole[known] = drop
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
        file = path.parent / name
        if _sha256(file) != told.get("sha256"):
            raise SourceUnavailable(f"checksum of {name}")
        files.append(_File(file, form, kind))
    as_of = manifest.get("as_of")
    return Drop(
        sequence=manifest["sequence"],
        feed_epoch=reading.text(manifest.get("feed_epoch"), longest=80),
        as_of=written_at if as_of is None else reading.instant(as_of),
        files=tuple(files),
    )


def _sha256(path: Path) -> str:
    if path.is_symlink() or path.stat().st_size > _LARGEST_FILE:
        raise SourceUnavailable(f"size of {path.name}")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield _parsed(line)


def _parsed(line: bytes) -> Any:
    try:
        return reading.parse_json(line)
    except SourceUnavailable:
        return line.decode(errors="replace").strip()


def _rows(path: Path) -> Iterator[Any]:
    """The rows of the first sheet under the names of its first row."""
    # A large library for a format that few installations receive.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise SourceUnavailable(f"{path.name} is no workbook") from None
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        names = [str(cell) if cell is not None else "" for cell in next(rows, ())]
        for row in rows:
            if any(cell is not None for cell in row):
                yield _record(names, row)
    finally:
        book.close()


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
