"""The events of the contract: each that code can announce has a schema, and AsyncAPI tells of all."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from miniprogram_api import registry
from miniprogram_api.devtools.asyncapi import IN, OUT, asyncapi, contract_schemas, event_schemas
from miniprogram_api.registry.models.announcements import EventType

DOORBELLS = {
    "registry.project.changed",
    "registry.project.withdrawn",
    "registry.dictionary.changed",
    "registry.feed.reset",
}


def _types(direction: str) -> set[str]:
    return {name.rpartition("-")[0] for name in event_schemas(direction)}


@pytest.mark.parametrize("name", sorted(contract_schemas()))
def test_every_schema_is_one_and_says_what_it_is(name: str) -> None:
    schema = contract_schemas()[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]


def test_everything_that_can_be_announced_has_a_schema() -> None:
    assert _types(OUT) == {kind.value for kind in EventType}
    assert _types(IN) == DOORBELLS


def test_what_the_code_announces_is_what_is_said_to_be_emitted() -> None:
    """Found by reading the code: who adds an announcement, or drops one, says so in its schema."""
    package = Path(registry.__file__).parent
    texts = [path.read_text() for folder in ("service", ".") for path in (package / folder).glob("*.py")]
    named = {EventType[name].value for text in texts for name in re.findall(r"EventType\.([A-Z_]+)", text)}
    written = {found for text in texts for found in re.findall(r'type="(engagement\.[a-z.]+)"', text)}
    emitted = {
        name.rpartition("-")[0]
        for name, schema in event_schemas(OUT).items()
        if schema.get("x-emitted") is not False
    }
    assert named | written == emitted


def test_asyncapi_tells_of_every_event_once_and_every_reference_leads_somewhere() -> None:
    document = asyncapi()
    told = {message["name"] for message in document["components"]["messages"].values()}
    assert told == _types(OUT) | _types(IN)
    sent = document["operations"]["announce"]
    assert (sent["action"], len(sent["messages"])) == ("send", len(EventType))
    heard = document["operations"]["hear"]
    assert (heard["action"], len(heard["messages"])) == ("receive", len(DOORBELLS))
    assert document["channels"]["doorbell"]["address"] == "/api/registry/v1/events"
    for reference in _references(document):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in _references(value)]
    return [found for item in node for found in _references(item)] if isinstance(node, list) else []


def test_everything_in_the_contract_is_emitted() -> None:
    messages = asyncapi()["components"]["messages"]
    silent = {message["name"] for message in messages.values() if message.get("x-emitted") is False}
    assert silent == set()
