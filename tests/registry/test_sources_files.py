"""The registry by files: drops in their order, whole or waiting, each record once, and what we write out."""

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import select

from miniprogram_api.kernel.db import reading
from miniprogram_api.registry import sources
from miniprogram_api.registry.jobs_pulling import Pulled, pull
from miniprogram_api.registry.models import DeadLetter, HeldProject
from miniprogram_api.registry.sources import drops, sheets
from miniprogram_api.registry.sources.files import FileSource
from miniprogram_api.registry.sources.port import SourceRefused, SourceUnavailable
from miniprogram_api.sites.models import Site
from tests.conftest import Clock
from tests.factories.registry import change

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def lines(*records: Any) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def sheet(path: Path | io.BytesIO, records: Sequence[dict[str, Any]]) -> None:
    book = Workbook()
    names = list(records[0])
    book.active.append(names)
    for record in records:
        cells = [record[name] for name in names]
        book.active.append(
            [json.dumps(it, ensure_ascii=False) if isinstance(it, dict | list) else it for it in cells]
        )
    book.save(path)


def drop(
    root: Path, sequence: int, *, epoch: str = "e1", wrong: bool = False, **files: tuple[str, bytes]
) -> Path:
    """A drop; files are named by their stem, each with its kind and content (a sheet's is written before)."""
    folder = root / f"{sequence:06}"
    folder.mkdir(exist_ok=True)
    entries = []
    for stem, (kind, content) in files.items():
        path = folder / f"{stem}.{'xlsx' if stem == 'sheet' else 'jsonl'}"
        if content:
            path.write_bytes(content)
        sha256 = "0" * 64 if wrong else hashlib.sha256(path.read_bytes()).hexdigest()
        entries.append({"name": path.name, "sha256": sha256, "format": path.suffix[1:], "kind": kind})
    manifest = {
        "feed_epoch": epoch,
        "sequence": sequence,
        "as_of": "2026-11-23T09:00:00+08:00",
        "files": entries,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def pulled(root: Path) -> Pulled:
    return pull(FileSource(root))


def versions() -> dict[str, int]:
    with reading() as session:
        rows = session.execute(select(HeldProject.project_id, HeldProject.version))
        return {row.project_id: row.version for row in rows}


def test_changes_are_taken_over_once_and_in_the_order_of_the_drops(app: Flask, root: Path) -> None:
    drop(root, 1, changes=("changes", lines(change("P-1", 1), change("P-2", 1))))
    assert pulled(root).outcomes == {"applied": 2}
    drop(root, 3, changes=("changes", lines(change("P-1", 3))))
    assert pulled(root).records == 0
    drop(root, 2, changes=("changes", lines(change("P-1", 2))))
    assert pulled(root).outcomes == {"applied": 2}
    assert pulled(root).records == 0
    assert versions() == {"P-1": 3, "P-2": 1}


def test_the_first_load_begins_with_the_newest_snapshot(app: Flask, root: Path) -> None:
    drop(root, 1, changes=("changes", lines(change("P-1", 1))))
    drop(root, 2, all=("snapshot", lines(change("P-1", 2), change("P-2", 1))))
    drop(root, 3, changes=("changes", lines(change("P-2", 2))))
    done = pulled(root)
    assert (done.error, done.records) == (None, 3)
    assert versions() == {"P-1": 2, "P-2": 2}


def test_long_files_are_read_page_by_page(app: Flask, root: Path) -> None:
    drop(root, 1, all=("snapshot", lines(*(change(f"P-{number:04}") for number in range(700)))))
    drop(root, 2, changes=("changes", lines(*(change(f"P-{number:04}", 2) for number in range(700)))))
    done = pulled(root)
    assert (done.records, done.pages) == (1400, 4)
    assert set(versions().values()) == {2}


def test_a_sheet_says_the_same_as_lines(app: Flask, root: Path) -> None:
    folder = root / "000001"
    folder.mkdir()
    sheet(folder / "sheet.xlsx", [change("P-1"), change("P-2")])
    drop(root, 1, sheet=("changes", b""))
    assert pulled(root).outcomes == {"applied": 2}
    with reading() as session:
        assert session.scalars(select(Site.name).order_by(Site.project_id)).first() == "示范项目 P-1（示例）"


def test_a_wrong_checksum_makes_the_drop_and_all_behind_it_wait(app: Flask, root: Path) -> None:
    drop(root, 1, changes=("changes", lines(change("P-1", 1))))
    drop(root, 2, changes=("changes", lines(change("P-1", 2))), wrong=True)
    drop(root, 3, changes=("changes", lines(change("P-1", 3))))
    assert pulled(root).records == 1
    assert versions() == {"P-1": 1}
    drop(root, 2, changes=("changes", lines(change("P-1", 2))))
    assert pulled(root).records == 2
    assert versions() == {"P-1": 3}


@pytest.mark.parametrize(
    "manifest",
    [
        "{",
        "[]",
        "{}",
        '{"sequence": 1, "files": []}',
        '{"sequence": 1, "feed_epoch": "e1", "files": [{"name": "../../etc/passwd", "kind": "changes"}]}',
        '{"sequence": 1, "feed_epoch": "e1", "files": [{"name": "x.jsonl", "kind": "changes",'
        ' "format": "jsonl", "sha256": ""}]}',
    ],
)
def test_a_manifest_of_no_sense_is_waited_for(app: Flask, root: Path, manifest: str) -> None:
    (root / "000001").mkdir()
    (root / "000001" / "manifest.json").write_text(manifest)
    assert pulled(root).records == 0


def test_a_file_that_was_changed_after_its_check_is_checked_again(app: Flask, root: Path) -> None:
    folder = drop(root, 1, changes=("changes", lines(*(change(f"P-{number}") for number in range(3)))))
    source = FileSource(root)
    assert len(source.list_changes(None, limit=2).items) == 2
    (folder / "changes.jsonl").write_bytes(lines(change("P-1", 9)))
    with pytest.raises(SourceUnavailable):
        source.list_changes("1:2", limit=2)
    assert pulled(root).records == 0


def test_a_file_that_goes_away_while_it_is_read_is_a_registry_that_is_away(app: Flask, root: Path) -> None:
    folder = drop(root, 1, changes=("changes", lines(change("P-1"))))
    (whole,) = drops.list_drops(root)
    records = drops.read_lines(whole, kinds={"changes"})
    (folder / "changes.jsonl").unlink()
    with pytest.raises(SourceUnavailable):
        next(records)


def test_nothing_is_read_from_beyond_the_folder(app: Flask, root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    drop(elsewhere, 1, changes=("changes", lines(change("P-1"))))
    (root / "000001").symlink_to(elsewhere / "000001", target_is_directory=True)
    assert pulled(root).records == 0
    (root / "000001").unlink()
    drop(root, 1, changes=("changes", lines(change("P-1"))))
    (root / "000001" / "changes.jsonl").unlink()
    (root / "000001" / "changes.jsonl").symlink_to(elsewhere / "000001" / "changes.jsonl")
    assert pulled(root).records == 0


def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(app: Flask, root: Path) -> None:
    folder = drop(root, 1, changes=("changes", lines(change("P-1"))))
    (folder / "changes.jsonl").unlink()
    os.mkfifo(folder / "changes.jsonl")
    assert pulled(root).records == 0


def test_a_line_without_end_is_a_dead_letter_of_its_own(app: Flask, root: Path) -> None:
    content = b'{"x": "' + b"y" * 3_000_000 + b'"}\n' + lines(change("P-1"))
    drop(root, 1, changes=("changes", content))
    assert pulled(root).outcomes == {"dead": 1, "applied": 1}


class TestWorkbooks:
    """A file with the right checksum is still a file of somebody else."""

    def put(self, root: Path, write: Any) -> None:
        (root / "000001").mkdir()
        write(root / "000001" / "sheet.xlsx")
        drop(root, 1, sheet=("changes", b""))

    def test_what_is_no_workbook_waits(self, app: Flask, root: Path) -> None:
        self.put(root, lambda path: path.write_bytes(b"PK no zip"))
        assert pulled(root).records == 0

    def test_one_that_unpacks_to_more_than_we_read_waits(
        self, app: Flask, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sheets, "_LARGEST_STRINGS", 1024 * 1024)

        def bomb(path: Path) -> None:
            sheet(path, [change("P-1")])
            with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("xl/sharedStrings2.xml", b" " * 2_000_000)

        self.put(root, bomb)
        assert pulled(root).records == 0
        assert drops.list_drops(root) == []

    def test_one_that_breaks_in_the_midst_stops_the_pull_and_no_more(self, app: Flask, root: Path) -> None:
        def broken(path: Path) -> None:
            with zipfile.ZipFile(path, "w") as archive, zipfile.ZipFile(io.BytesIO(a_workbook())) as good:
                for part in good.infolist():
                    body = good.read(part)
                    half = part.filename.startswith("xl/worksheets/")
                    archive.writestr(part.filename, body[: len(body) // 2] if half else body)

        self.put(root, broken)
        done = pulled(root)
        assert (done.error, done.records) == ("sheet.xlsx is no workbook", 0)

    def test_one_that_says_it_is_as_wide_as_can_be_is_read_as_it_is(self, app: Flask, root: Path) -> None:
        def wide(path: Path) -> None:
            with zipfile.ZipFile(path, "w") as archive, zipfile.ZipFile(io.BytesIO(a_workbook())) as good:
                for part in good.infolist():
                    body = re.sub(rb'ref="A1:[A-Z]+2"', b'ref="A1:XFD1048576"', good.read(part))
                    archive.writestr(part.filename, body)

        self.put(root, wide)
        assert pulled(root).outcomes == {"applied": 1}


def a_workbook() -> bytes:
    """A good one of one record."""
    content = io.BytesIO()
    sheet(content, [change("P-1")])
    return content.getvalue()


def test_lines_of_no_sense_are_dead_letters_and_stop_nothing(app: Flask, root: Path) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    content = lines(change("P-1")) + b"{broken\n" + deep + b"\n\xff\xfe\n" + lines(change("P-2"))
    drop(root, 1, changes=("changes", content))
    done = pulled(root)
    assert (done.outcomes["applied"], done.outcomes["dead"]) == (2, 3)
    with reading() as session:
        assert len(session.scalars(select(DeadLetter)).all()) == 3


def test_an_epoch_that_begins_with_changes_is_not_read_from_an_older_snapshot(app: Flask, root: Path) -> None:
    drop(root, 1, rows=("snapshot", lines(change("P-001", 1))))
    drop(root, 2, epoch="e2", rows=("changes", lines(change("P-001", 2), change("P-002", 1))))
    page = FileSource(root).read_snapshot(snapshot_id=None, cursor=None, digests_only=False)
    assert page.feed_epoch == "e2"


def test_a_new_epoch_starts_from_its_snapshot(app: Flask, root: Path) -> None:
    drop(root, 1, changes=("changes", lines(change("P-1", 1))))
    pulled(root)
    drop(root, 2, epoch="e2", all=("snapshot", lines(change("P-1", 4), change("P-2", 1))))
    drop(root, 3, epoch="e2", changes=("changes", lines(change("P-1", 5))))
    done = pulled(root)
    assert done.error is None
    assert versions() == {"P-1": 5, "P-2": 1}


def test_an_empty_folder_is_a_registry_that_does_not_answer(app: Flask, root: Path) -> None:
    assert pulled(root).error == "no drop yet"


def test_the_date_is_the_drops_own(app: Flask, root: Path, clock: Clock) -> None:
    drop(root, 1, changes=("changes", lines(change("P-1"))))
    page = FileSource(root).list_changes(None, limit=10)
    assert page.as_of.isoformat() == "2026-11-23T09:00:00+08:00"


def test_digests_and_single_projects_are_the_newest_of_all_drops(root: Path) -> None:
    drop(root, 1, all=("snapshot", lines(change("P-1", 1), change("P-2", 1))))
    newer = change("P-1", 2, name="新名（示例）")
    drop(root, 2, changes=("changes", lines(newer, change("P-2", 2, op="tombstone", data=None))))
    source = FileSource(root)
    page = source.read_snapshot(snapshot_id=None, cursor=None, digests_only=True)
    assert page.items == [{"project_id": "P-1", "version": 2, "digest": newer["digest"]}]
    found = source.get_project("P-1")
    assert found is not None
    assert found.record == newer
    again = source.get_project("P-1", etag=found.etag)
    assert again is not None
    assert again.record is None
    gone = source.get_project("P-2")
    assert gone is not None
    assert gone.removed
    assert source.get_project("P-3") is None


def test_dictionaries_come_in_drops_too(root: Path) -> None:
    named = {"name": "types", "dictionary_version": "3", "items": [{"code": "harbour", "name": "港口"}]}
    drop(root, 1, names=("dictionary", lines(named)))
    source = FileSource(root)
    assert [item["code"] for item in source.get_dictionary("types").items] == ["harbour"]
    with pytest.raises(SourceRefused):
        source.get_dictionary("levels")


class TestWritingOut:
    def test_a_correction_is_a_file_with_its_checksum_written_once(self, root: Path) -> None:
        source = FileSource(root)
        filed = source.file_correction({"project_id": "P-1", "field": "name"}, key="k-1")
        source.file_correction({"project_id": "P-1", "field": "other"}, key="k-1")
        body = (root / "out" / "corrections" / "k-1.json").read_bytes()
        assert (filed.id, filed.state) == ("k-1", "received")
        assert json.loads(body) == {"project_id": "P-1", "field": "name", "correction_id": "k-1"}
        told = (root / "out" / "corrections" / "k-1.json.sha256").read_text()
        assert told == f"{hashlib.sha256(body).hexdigest()}  k-1.json\n"

    def test_an_objection_takes_its_pictures_along(self, root: Path) -> None:
        source = FileSource(root)
        source.file_objection(
            {"project_id": "P-1", "title": "异议"}, files=[("a.jpg", "image/jpeg", b"jpeg")], key="o-1"
        )
        told = json.loads((root / "out" / "objections" / "o-1.json").read_bytes())
        assert told["files"] == [
            {"name": "o-1-1", "mime": "image/jpeg", "sha256": hashlib.sha256(b"jpeg").hexdigest()}
        ]
        assert (root / "out" / "objections" / "o-1-1").read_bytes() == b"jpeg"

    def test_what_is_said_to_it_comes_in_a_drop(self, root: Path) -> None:
        source = FileSource(root)
        source.file_correction({"project_id": "P-1"}, key="k-1")
        assert source.get_correction("k-1").state == "received"
        answer = {"kind": "correction", "id": "k-1", "state": "accepted", "answer": "已核实"}
        drop(root, 1, said=("answers", lines(answer)))
        assert (source.get_correction("k-1").state, source.get_correction("k-1").answer) == (
            "accepted",
            "已核实",
        )
        assert source.get_objection("k-1").state == "received"

    def test_a_key_that_is_no_file_name_is_refused(self, root: Path) -> None:
        with pytest.raises(ValueError, match="file name"):
            FileSource(root).file_correction({}, key="../x")

    def test_a_folder_that_takes_nothing_is_a_registry_that_is_away(self, root: Path) -> None:
        (root / "out").write_text("a file where the folder belongs")
        with pytest.raises(SourceUnavailable):
            FileSource(root).file_correction({}, key="k-1")


@pytest.mark.parametrize(
    "settings", [{"registry_transport": "files", "registry_drop_dir": Path("/nonexistent")}], indirect=True
)
def test_the_setting_chooses_the_files(app: Flask) -> None:
    assert isinstance(sources.current(), FileSource)
