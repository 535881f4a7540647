"""Golden files of the contract: one example of each record, event and answer, made by the real code.

`agree` compares what was made with the file of that name. A file that is not there is written, and the test
fails: look at it, and commit it.
"""

import copy
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from miniprogram_api.devtools.asyncapi import contract_schemas

FOLDER = Path(__file__).resolve().parents[1] / "registry" / "golden"
_REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in contract_schemas().values()
)


def golden(name: str) -> Any:
    """The example of that name."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def names() -> list[str]:
    """Every example there is."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def faults(schema: str, document: Any) -> list[str]:
    """Where a document breaks a schema of the contract, such as `change-1`."""
    validator = Draft202012Validator(
        contract_schemas()[schema],
        registry=_REGISTRY,
        format_checker=FormatChecker(("date",)),
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def agree(name: str, made: Any, *, by_chance: tuple[str, ...] = ()) -> None:
    """Check that what was made is the example, but for values that differ each time, given by their paths."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        path.write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n")
        raise AssertionError(f"{path.name} was written: look at it, and commit it")
    expected, found = golden(name), copy.deepcopy(made)
    for where in by_chance:
        *way, last = where.split(".")
        ours, theirs = found, expected
        for part in way:
            ours, theirs = ours[_key(part)], theirs[_key(part)]
        assert type(ours[_key(last)]) is type(theirs[_key(last)]), where
        ours[_key(last)] = theirs[_key(last)]
    assert found == expected


def _key(part: str) -> str | int:
    return int(part) if part.isdecimal() else part
