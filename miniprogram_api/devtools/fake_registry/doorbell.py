"""The registry's webhook: thin, signed, sent from a thread of its own, tried a few times and then let be."""

import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from miniprogram_api.devtools.fake_registry.demo import DEMO_DOORBELL_SECRET
from miniprogram_api.devtools.fake_registry.faults import DOORBELL, OF_THE_DOORBELL, FaultKind, FaultPlan
from miniprogram_api.devtools.loopback import require_loopback

DELAYS_S = (0.0, 0.3, 1.0, 3.0, 10.0)
TIMEOUT_S = 5
SEQUENCE_DIGITS = 16
KEPT = 1000
_WRONG_SECRET = b"another secret than the agreed one"


@dataclass(eq=False)
class Ring:
    """One ring that waits for its turn or its next attempt."""

    id: str
    body: dict[str, Any]
    skew_s: float
    signed_wrongly: bool
    attempt: int
    due: float


class Doorbell:
    """Rings are queued under the state's lock and sent without it; lost ones are what the pull is for."""

    def __init__(self, url: str | None, now: Callable[[], float], faults: FaultPlan) -> None:
        self.url = url
        self.secret = DEMO_DOORBELL_SECRET
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._now = now
        self._faults = faults
        self._waiting: list[Ring] = []
        self._held_back: Ring | None = None
        self._sequence = 0
        self._change = threading.Condition()
        self._stopped = True
        self._thread: threading.Thread | None = None

    def ring(self, event_type: str, subject: str, version: int | None) -> None:
        """Tell the consumer that there is something to pull; nothing happens without an address."""
        if self.url is None:
            return
        fault = self._faults.take(DOORBELL, OF_THE_DOORBELL)
        kind = fault.kind if fault else None
        if kind is FaultKind.DROP:
            return
        # By the clock, so that it rises over a restart too.
        self._sequence = max(self._sequence + 1, int(self._now() * 1000))
        body = {
            "type": event_type,
            "subject": subject,
            "sequence": str(self._sequence).zfill(SEQUENCE_DIGITS),
        }
        ring = Ring(
            id=f"ring_{self._sequence}",
            body=body if version is None else body | {"version": version},
            skew_s=fault.seconds if fault and kind is FaultKind.CLOCK_SKEW else 0,
            signed_wrongly=kind is FaultKind.BAD_SIGNATURE,
            attempt=0,
            due=time.monotonic(),
        )
        with self._change:
            if kind is FaultKind.REORDER and self._held_back is None:
                self._held_back = ring
                return
            self._waiting.append(ring)
            if kind is FaultKind.DUPLICATE:
                self._waiting.append(ring)
            if self._held_back is not None:
                self._held_back.due = ring.due
                self._waiting.append(self._held_back)
                self._held_back = None
            self._change.notify()

    def forget(self) -> None:
        """Drop what waits and what was sent."""
        with self._change:
            self._waiting.clear()
            self._held_back = None
            self.deliveries.clear()

    def start(self) -> None:
        """Send what waits, in a thread of its own."""
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="fake-registry-doorbell", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; an attempt under way is finished."""
        with self._change:
            self._stopped = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (ring := self._next()) is not None:
            status = self._send(ring)
            self.deliveries.append({"id": ring.id, "attempt": ring.attempt + 1, "status": status} | ring.body)
            if status == http.HTTPStatus.GONE:
                self.url = None
            elif status is None or not http.HTTPStatus.OK <= status < http.HTTPStatus.MULTIPLE_CHOICES:
                self._try_later(ring)

    def _next(self) -> Ring | None:
        """The ring that is due, waited for; None once the work is over."""
        with self._change:
            while not self._stopped:
                now = time.monotonic()
                due = min(self._waiting, key=lambda ring: ring.due, default=None)
                if due is not None and due.due <= now:
                    self._waiting.remove(due)
                    return due
                self._change.wait(None if due is None else due.due - now)
        return None

    def _try_later(self, ring: Ring) -> None:
        attempt = ring.attempt + 1
        if attempt < len(DELAYS_S):
            again = Ring(
                ring.id,
                ring.body,
                ring.skew_s,
                ring.signed_wrongly,
                attempt,
                time.monotonic() + DELAYS_S[attempt],
            )
            with self._change:
                self._waiting.append(again)

    def _send(self, ring: Ring) -> int | None:
        """The status of the consumer's answer, None when there was none."""
        body = json.dumps(ring.body, ensure_ascii=False)
        at = datetime.fromtimestamp(self._now(), UTC) + timedelta(seconds=ring.skew_s)
        secret: str | bytes = _WRONG_SECRET if ring.signed_wrongly else self.secret
        headers = {
            "Content-Type": "application/json",
            "webhook-id": ring.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(ring.id, at, body),
        }
        address = urlsplit(self.url or "")
        connection = http.client.HTTPConnection(
            require_loopback(address.hostname or "", name="consumer's"), address.port, timeout=TIMEOUT_S
        )
        try:
            connection.request("POST", address.path, body=body.encode(), headers=headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
