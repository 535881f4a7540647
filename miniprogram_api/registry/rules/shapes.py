"""The contract's JSON Schemas of what comes in, compiled once. Pure."""

import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


def _compiled(name: str) -> Draft202012Validator:
    text = (files("miniprogram_api.registry") / "contract" / f"{name}.schema.json").read_text("utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


CHANGE = _compiled("change-1")
PROJECT = _compiled("project-1")


def first_fault(validator: Draft202012Validator, value: Any) -> str | None:
    """The path of what breaks the schema and the rule it breaks, without any value; None if nothing does."""
    if validator.is_valid(value):
        return None
    fault = best_match(validator.iter_errors(value))
    if fault is None:
        return None
    path = ".".join(str(part) for part in fault.absolute_path) or "record"
    return f"{path}: {fault.validator}"
