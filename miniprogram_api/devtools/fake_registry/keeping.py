"""The file that carries the registry over a restart: one JSON line per fact, appended and flushed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Fact = dict[str, Any]


class Keeping:
    """Facts in the order in which they became true; without a path they are not kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            _cut_torn_line(path)

    def write(self, kind: str, fact: Fact) -> None:
        """Append one fact: a reader finds the whole line or none of it."""
        if self._path is None:
            return
        line = json.dumps({"kind": kind, "fact": fact}, ensure_ascii=False) + "\n"
        with self._path.open("ab") as file:
            file.write(line.encode())

    def read(self) -> Iterator[tuple[str, Fact]]:
        """Every kept fact, the oldest first."""
        if self._path is None:
            return
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                kept = json.loads(line)
                yield kept["kind"], kept["fact"]

    def forget(self) -> None:
        """Begin with nothing."""
        if self._path is not None:
            self._path.write_bytes(b"")


def _cut_torn_line(path: Path) -> None:
    """Remove the end of a write that a kill interrupted."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
