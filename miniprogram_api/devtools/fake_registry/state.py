"""Everything the fake registry knows, in one object behind one lock, with its own clock."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from miniprogram_api.devtools.fake_registry.credentials import Credentials
from miniprogram_api.devtools.fake_registry.demo import DEMO_INBOX_SECRET, dictionaries
from miniprogram_api.devtools.fake_registry.desk import Desk
from miniprogram_api.devtools.fake_registry.doorbell import Doorbell
from miniprogram_api.devtools.fake_registry.faults import FaultPlan
from miniprogram_api.devtools.fake_registry.feed import Feed, new_epoch
from miniprogram_api.devtools.fake_registry.keeping import Keeping
from miniprogram_api.devtools.fake_registry.records import (
    SCHEMA,
    Data,
    Record,
    changed_fields,
    digest_of,
    next_state,
)

BEIJING = ZoneInfo("Asia/Shanghai")


class State:
    """Hold `lock` while reading or changing anything: it is what makes the order of the feed the order of
    the changes. `pause` must be called without it."""

    def __init__(
        self,
        *,
        file: Path | None = None,
        notify: str | None = None,
        time_source: Callable[[], float] = time.time,
    ) -> None:
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self._time_source = time_source
        self._offset_s = 0.0
        self._keeping = Keeping(file)
        self.faults = FaultPlan()
        self.credentials = Credentials(self.now)
        self.doorbell = Doorbell(notify, self.now, self.faults)
        self._empty()
        self._restore()

    # -- time

    def now(self) -> float:
        """Virtual seconds since the epoch: the time source plus what was advanced."""
        return self._time_source() + self._offset_s

    @property
    def offset_s(self) -> float:
        """How far the virtual clock is ahead."""
        return self._offset_s

    def advance(self, seconds: float) -> None:
        """Move the virtual clock forward."""
        self._offset_s += seconds

    def timestamp(self, *, skew_s: float = 0) -> str:
        """The virtual time as RFC 3339 in Beijing."""
        at = datetime.fromtimestamp(self.now(), BEIJING) + timedelta(seconds=skew_s)
        return at.isoformat(timespec="milliseconds")

    def pause(self, seconds: float) -> None:
        """Let real time pass, cut short when the server stops."""
        self.stopping.wait(seconds)

    # -- projects

    def put(self, project_id: str, given: Mapping[str, Any], *, ring: bool = True) -> Record:
        """Merge a change into a project, which is made if it is new, and publish its next version."""
        with self.lock:
            before = self.feed.told.get(project_id)
            today = datetime.fromtimestamp(self.now(), BEIJING).date()
            data = next_state(before, given, project_id=project_id, today=today, at=self.timestamp())
            return self._publish("upsert", project_id, data, changed_fields(before, data), ring=ring)

    def remove(self, project_id: str) -> Record | None:
        """Publish a tombstone; None for a project that is not known."""
        return self._publish_end("tombstone", project_id)

    def recall(self, project_id: str) -> Record | None:
        """Publish the order to stop showing a project; None for one that is not known."""
        return self._publish_end("recall", project_id)

    def begin_epoch(self) -> str:
        """A new feed epoch: what was in the feed and not read yet is told by snapshots only."""
        with self.lock:
            self.feed.begin_epoch(new_epoch())
            self._keeping.write("epoch", {"epoch": self.feed.epoch})
            self.doorbell.ring("registry.feed.reset", self.feed.epoch, None)
            return self.feed.epoch

    def change_dictionary(self, name: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        """Replace the items of a dictionary under its next version."""
        with self.lock:
            version = int(self.dictionaries[name]["dictionary_version"]) + 1
            changed = {"name": name, "dictionary_version": str(version), "items": items}
            self.dictionaries[name] = changed
            self._keeping.write("dictionary", changed)
            self.doorbell.ring("registry.dictionary.changed", name, version)
            return changed

    def accept_inbox_secret(self, secret: str) -> None:
        """Verify what comes to the inbox with this secret, too."""
        with self.lock:
            self.inbox_secrets.append(secret)
            self._keeping.write("inbox_secret", {"secret": secret})

    def reset(self, *, everything: bool) -> None:
        """No faults, no advanced clock, no tokens, nothing received; with `everything` no projects either.

        What stays keeps its versions, for those who hold them.
        """
        with self.lock:
            self.faults.clear()
            self._offset_s = 0.0
            self.credentials.revoke_all()
            self.doorbell.forget()
            if everything:
                self._keeping.forget()
                self._empty()
                self._keeping.write("epoch", {"epoch": self.feed.epoch})
            else:
                self.desk.forget()
                self._keeping.write("forgotten", {})

    # -- inside

    def _empty(self) -> None:
        self.feed = Feed()
        self.desk = Desk(self._keeping)
        self.dictionaries = dictionaries()
        self.inbox_secrets = [DEMO_INBOX_SECRET]

    def _restore(self) -> None:
        """Bring back what the file holds; a file that is new gets the epoch it begins with."""
        kept = False
        for kind, fact in self._keeping.read():
            kept = True
            match kind:
                case "epoch":
                    self.feed.begin_epoch(fact["epoch"])
                case "change":
                    at = datetime.fromisoformat(fact["occurred_at"]).timestamp()
                    self.feed.append({name: value for name, value in fact.items() if name != "seq"}, at)
                case "dictionary":
                    self.dictionaries[fact["name"]] = fact
                case "inbox_secret":
                    self.inbox_secrets.append(fact["secret"])
                case _:
                    self.desk.restore(kind, fact)
        if not kept:
            self._keeping.write("epoch", {"epoch": self.feed.epoch})

    def _publish_end(self, op: str, project_id: str) -> Record | None:
        with self.lock:
            if project_id not in self.feed.latest:
                return None
            return self._publish(op, project_id, None, [])

    def _publish(
        self, op: str, project_id: str, data: Data | None, changed: list[str], *, ring: bool = True
    ) -> Record:
        """Append the project's next version to the feed and ring the doorbell."""
        last = self.feed.latest.get(project_id)
        lifecycle = data["lifecycle"] if data else (last or {}).get("lifecycle")
        withdrawal = (data or {}).get("withdrawal") or {}
        record = {
            "op": op,
            "project_id": project_id,
            "version": last["version"] + 1 if last else 1,
            "lifecycle": lifecycle,
            "changed_fields": changed,
            "occurred_at": self.timestamp(),
            "reason_code": withdrawal.get("reason_code"),
            "doc_no": withdrawal.get("doc_no"),
            "schema": SCHEMA,
            "digest": digest_of(data),
            "data": data,
        }
        placed = self.feed.append(record, self.now())
        self._keeping.write("change", placed)
        if not ring:
            return placed
        told = "withdrawn" if op != "upsert" or lifecycle == "withdrawn" else "changed"
        self.doorbell.ring(f"registry.project.{told}", project_id, placed["version"])
        return placed
