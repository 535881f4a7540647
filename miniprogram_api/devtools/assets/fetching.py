"""Packages fetched by `npm pack`, which runs nothing of them, and compared with their pinned hash."""

import hashlib
import subprocess
import tarfile
import tempfile
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from miniprogram_api.devtools.assets.packages import Package


class NotThePackage(Exception):
    """What came under the name and version of a package has another hash."""


@contextmanager
def opened(package: Package) -> Generator[tarfile.TarFile]:
    """The archive of a package. Raises NotThePackage unless it is the pinned one."""
    with tempfile.TemporaryDirectory() as folder:
        archive = fetched(package, Path(folder))
        if integrity_of(archive.read_bytes()) != package.integrity:
            raise NotThePackage(f"{package.name}@{package.version}")
        with tarfile.open(archive) as tar:
            yield tar


def fetched(package: Package, folder: Path) -> Path:
    """Fetch the archive of a package into an empty folder."""
    subprocess.run(
        ["npm", "pack", "--ignore-scripts", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (archive,) = folder.glob("*.tgz")
    return archive


def member(tar: tarfile.TarFile, path: str) -> bytes:
    """A file of an opened package."""
    content = tar.extractfile(f"package/{path}")
    if content is None:
        raise FileNotFoundError(path)
    return content.read()


def integrity_of(archive: bytes) -> str:
    """The hash of an archive in the form in which npm tells it."""
    return f"sha512-{b64encode(hashlib.sha512(archive).digest()).decode()}"
