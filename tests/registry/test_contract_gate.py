"""The gate of the contract: what was released stays, and what is new gets released."""

import json
import shutil
from pathlib import Path

from tests.support import contract_gate


def test_nothing_that_was_released_is_taken_away() -> None:
    assert contract_gate.losses() == []
    assert contract_gate.unreleased() == []


def test_a_field_taken_out_of_a_schema_is_refused(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(contract_gate.SCHEMAS, schemas)
    path = schemas / "project-1.schema.json"
    schema = json.loads(path.read_text())
    del schema["properties"]["notice"]
    path.write_text(json.dumps(schema))
    (loss, *_) = contract_gate.losses(schemas=schemas)
    assert loss.endswith(".notice: the property is gone")


def test_an_endpoint_taken_from_partners_is_refused(tmp_path: Path) -> None:
    document = json.loads(contract_gate.API.read_text())
    (path, *_) = document["paths"]
    del document["paths"][path]
    (tmp_path / "partner.json").write_text(json.dumps(document))
    assert contract_gate.losses(api=tmp_path / "partner.json") != []


def test_a_schema_that_nobody_released_is_named(tmp_path: Path) -> None:
    shutil.copytree(contract_gate.RELEASED, tmp_path / "released")
    (tmp_path / "released" / "project-1.schema.json").unlink()
    assert contract_gate.unreleased(released=tmp_path / "released") == ["project-1.schema.json"]
