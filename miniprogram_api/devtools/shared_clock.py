"""The moved clock of development, for every process of an installation: its shift stands in a file."""

from datetime import timedelta
from pathlib import Path

from miniprogram_api.kernel.clock import Shift

_NAME = "clock-shift"


class SharedShift(Shift):
    """The shift in a file of the data folder; without the file the clock shows real time."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        self._path = data_dir / _NAME
        self._known: tuple[int, int] | None = None

    def read(self) -> timedelta:
        try:
            file = self._path.stat()
        except FileNotFoundError:
            return timedelta(0)
        written = file.st_ino, file.st_mtime_ns
        if written != self._known:
            super().write(timedelta(seconds=float(self._path.read_text())))
            self._known = written
        return super().read()

    def write(self, by: timedelta) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(repr(by.total_seconds()))
        new.replace(self._path)

    def forget(self) -> None:
        """Show real time."""
        self._path.unlink(missing_ok=True)
