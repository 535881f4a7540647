"""The AsyncAPI document of the events exchanged with the registry, written from the contract's schemas."""

import json
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).resolve().parents[1] / "registry" / "contract"
OUT, IN = "engagement.", "registry."
_SUFFIX = ".schema.json"
_ENVELOPE = "event-1"
_NOT_EMITTED = "x-emitted"


def contract_schemas() -> dict[str, dict[str, Any]]:
    """Every schema of the contract by its name and version, such as `project-1`."""
    return {
        path.name.removesuffix(_SUFFIX): json.loads(path.read_text())
        for path in sorted(CONTRACT.glob(f"*{_SUFFIX}"))
    }


def event_schemas(direction: str) -> dict[str, dict[str, Any]]:
    """The schemas of the events that go out, or come in, by their name and version."""
    return {name: schema for name, schema in contract_schemas().items() if name.startswith(direction)}


def asyncapi() -> dict[str, Any]:
    """The whole document, AsyncAPI 3.0."""
    out, incoming = event_schemas(OUT), event_schemas(IN)
    schemas = {_ENVELOPE: contract_schemas()[_ENVELOPE], **out, **incoming}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "长春低碳示范区小程序与核心登记系统的事件",
            "version": "1",
            "description": "Events out are announcements, signed by Standard Webhooks, sent at least once; "
            "events in are doorbells after which the registry is asked. Order is told by `sequence` alone.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "announcements": {
                "address": None,
                "title": "A subscriber's endpoint",
                "description": "The address that a subscription names and an administrator has approved.",
                "messages": _references(out),
            },
            "doorbell": {
                "address": "/api/registry/v1/events",
                "title": "Our doorbell",
                "description": "Answered 202 as soon as the event is stored.",
                "messages": _references(incoming),
            },
        },
        "operations": {
            "announce": _operation("send", "announcements", out),
            "hear": _operation("receive", "doorbell", incoming),
        },
        "components": {
            "messages": {name: _message(name, schema) for name, schema in {**out, **incoming}.items()},
            "schemas": {name: _embedded(schema) for name, schema in schemas.items()},
        },
    }


def _references(names: dict[str, Any]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _operation(action: str, channel: str, names: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }


def _message(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    outgoing = name.startswith(OUT)
    told = schema.get("description", "")
    return {
        "name": name.rpartition("-")[0],
        "title": schema["title"],
        "summary": told,
        "contentType": "application/cloudevents+json" if outgoing else "application/json",
        "headers": {
            "type": "object",
            "properties": {
                "webhook-id": {"type": "string"},
                "webhook-timestamp": {"type": "string"},
                "webhook-signature": {"type": "string"},
            },
            "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
        },
        "payload": {"$ref": f"#/components/schemas/{name}"},
    } | ({_NOT_EMITTED: False} if schema.get(_NOT_EMITTED) is False else {})


def _embedded(node: Any) -> Any:
    """The schema as a part of the document: references to files become references within it."""
    if isinstance(node, list):
        return [_embedded(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _embedded(value) for key, value in node.items() if key not in {"$schema", "$id"}}
    target = kept.get("$ref", "")
    if isinstance(target, str) and target.endswith(_SUFFIX):
        kept["$ref"] = f"#/components/schemas/{target.removesuffix(_SUFFIX)}"
    return kept
