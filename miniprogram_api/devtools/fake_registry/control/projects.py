"""Control calls that play the registry's clerks: projects, dictionaries."""

from typing import Any

from miniprogram_api.devtools.fake_registry.control.routes import Route
from miniprogram_api.devtools.fake_registry.records import Record
from miniprogram_api.devtools.fake_registry.state import State
from miniprogram_api.devtools.inputs import ControlError, Inputs, invalid


def list_projects(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """Every project with its version, what was last done to it, and its full state."""
    return {"projects": [_shown(state, record) for _, record in sorted(state.feed.latest.items())]}


def get_project(state: State, project_id: str, _: Inputs) -> dict[str, Any]:
    """One project, in the same form."""
    record = state.feed.latest.get(project_id)
    if record is None:
        raise _unknown()
    return _shown(state, record)


def put_project(state: State, project_id: str, inputs: Inputs) -> dict[str, Any]:
    """Merge the given fields (RFC 7396) into the full record and publish it as the next version."""
    record = state.put(project_id, inputs.raw("given"))
    return {"project_id": project_id, "version": record["version"]}


def put_projects(state: State, _: str, inputs: Inputs) -> dict[str, Any]:
    """The same for many at once, {project_id: fields}; the doorbell rings once, for the last."""
    given: dict[str, Any] = inputs.raw("given")
    if not all(isinstance(fields, dict) for fields in given.values()):
        raise invalid("given", "must be an object of project_id to fields")
    last = next(reversed(given), None)
    return {
        "versions": {
            name: state.put(name, fields, ring=name == last)["version"] for name, fields in given.items()
        }
    }


def remove_project(state: State, project_id: str, _: Inputs) -> dict[str, Any]:
    """Publish a tombstone."""
    return _ended(state.remove(project_id))


def recall_project(state: State, project_id: str, _: Inputs) -> dict[str, Any]:
    """Publish the order to stop showing the project."""
    return _ended(state.recall(project_id))


def list_dictionaries(state: State, _: str, _inputs: Inputs) -> dict[str, Any]:
    """The dictionaries as they are served."""
    return {"dictionaries": list(state.dictionaries.values())}


def put_dictionary(state: State, name: str, inputs: Inputs) -> dict[str, Any]:
    """Replace the items of a dictionary: code and name each, valid_from and valid_to as you like."""
    items = inputs.raw("items")
    if name not in state.dictionaries:
        raise ControlError(404, f"known are {', '.join(state.dictionaries)}")
    if not isinstance(items, list) or not all(isinstance(item, dict) and "code" in item for item in items):
        raise invalid("items", "must be a list of objects with code and name")
    whole = [{"name": item["code"], "valid_from": None, "valid_to": None} | item for item in items]
    return state.change_dictionary(name, whole)


def _shown(state: State, record: Record) -> dict[str, Any]:
    shown = {name: record[name] for name in ("project_id", "version", "op", "lifecycle", "digest")}
    return shown | {"data": state.feed.told.get(record["project_id"])}


def _ended(record: Record | None) -> dict[str, Any]:
    if record is None:
        raise _unknown()
    return {"project_id": record["project_id"], "version": record["version"]}


def _unknown() -> ControlError:
    return ControlError(404, "no such project")


ROUTES = (
    Route("GET", "/projects", list_projects),
    Route("PUT", "/projects", put_projects, None),
    Route("GET", "/projects/{id}", get_project),
    Route("PUT", "/projects/{id}", put_project, None),
    Route("PATCH", "/projects/{id}", put_project, None),
    Route("DELETE", "/projects/{id}", remove_project),
    Route("POST", "/projects/{id}/recall", recall_project),
    Route("GET", "/dictionaries", list_dictionaries),
    Route("PUT", "/dictionaries/{name}", put_dictionary, ("items",)),
)
