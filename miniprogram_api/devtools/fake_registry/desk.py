"""What reaches the registry: corrections, objections and events, each filed once by its key or id."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from miniprogram_api.devtools.fake_registry.keeping import Keeping
from miniprogram_api.devtools.fake_registry.wire import Part, Problem, encode

CORRECTION_STATES = ("received", "accepted", "rejected", "applied")
OBJECTION_STATES = ("received", "under_review", "accepted", "rejected", "closed")

Paper = dict[str, Any]


class Desk:
    """Papers by id, in the order in which they came; used under the state's lock."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self.corrections: dict[str, Paper] = {}
        self.objections: dict[str, Paper] = {}
        self.events: dict[str, Paper] = {}
        self._keys: dict[str, tuple[str, str]] = {}

    def forget(self) -> None:
        """Nothing was ever received."""
        for papers in (self.corrections, self.objections, self.events, self._keys):
            papers.clear()

    def file_correction(self, body: Mapping[str, Any], *, key: str, at: str) -> Paper:
        """File it, or find the one that this key filed. Raises Problem for a key with another body."""
        return self._file(self.corrections, "correction", dict(body), encode(dict(body)), key=key, at=at)

    def file_objection(self, body: Mapping[str, Any], files: list[Part], *, key: str, at: str) -> Paper:
        """File it with its files, or find the one that this key filed."""
        described = [
            {
                "name": part.name,
                "type": part.type,
                "size": len(part.content),
                "sha256": hashlib.sha256(part.content).hexdigest(),
            }
            for part in files
        ]
        paper = dict(body) | {"files": described}
        return self._file(self.objections, "objection", paper, encode(paper), key=key, at=at)

    def receive(self, webhook_id: str, body: Mapping[str, Any], at: str) -> Paper:
        """Take an event in; one that came before is only counted."""
        event = self.events.get(webhook_id)
        if event is None:
            event = {"webhook_id": webhook_id, "received_at": at} | dict(body) | {"deliveries": 0}
        event["deliveries"] += 1
        self.events[webhook_id] = event
        self._keeping.write("event", event)
        return event

    def decide(self, paper: Paper, state: str, answer: str | None, at: str) -> None:
        """Bring a correction or an objection to a state."""
        paper.update(state=state, answer=answer, decided_at=None if state == "received" else at)
        self._keeping.write("correction" if "correction_id" in paper else "objection", paper)

    def restore(self, kind: str, fact: Paper) -> None:
        """Take over what was kept."""
        match kind:
            case "event":
                self.events[fact["webhook_id"]] = fact
            case "correction":
                self.corrections[fact["correction_id"]] = fact
            case "objection":
                self.objections[fact["objection_id"]] = fact
            case "key":
                self._keys[fact["key"]] = (fact["id"], fact["fingerprint"])
            case "forgotten":
                self.forget()

    def _file(
        self, papers: dict[str, Paper], noun: str, body: Paper, content: bytes, *, key: str, at: str
    ) -> Paper:
        known, fingerprint = f"{noun}:{key}", hashlib.sha256(content).hexdigest()
        if known in self._keys:
            paper_id, first = self._keys[known]
            if first != fingerprint:
                raise Problem("schema_invalid", "the key was used for something else")
            return papers[paper_id]
        paper_id = f"{noun[:3]}_{secrets.token_hex(8)}"
        head = {f"{noun}_id": paper_id, "state": "received", "answer": None, "decided_at": None}
        papers[paper_id] = body | head | {"received_at": at, "idempotency_key": key}
        self._keys[known] = (paper_id, fingerprint)
        self._keeping.write(noun, papers[paper_id])
        self._keeping.write("key", {"key": known, "id": paper_id, "fingerprint": fingerprint})
        return papers[paper_id]
