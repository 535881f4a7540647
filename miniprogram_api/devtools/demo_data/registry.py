"""The fake registry as the demonstration uses it: what it has, what it is told, and our taking over of it."""

import http.client
import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import update

from config import Settings
from miniprogram_api.devtools.demo_data.projects import State
from miniprogram_api.devtools.fake_registry import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    KEPT_IN,
    FakeRegistry,
)
from miniprogram_api.kernel.db import atomic
from miniprogram_api.registry.jobs_pulling import pull
from miniprogram_api.registry.models.feed import Feed
from miniprogram_api.registry.sources import ApiSource

_TIMEOUT_S = 30


class NoDemoRegistry(Exception):
    """Demonstration projects belong into no registry but the demonstration's."""


class PullFailed(Exception):
    """The registry's records could not be taken over; the reason is the message."""


class DemoRegistry:
    """The registry's own clerks, through its control interface, and our side of the exchange."""

    def __init__(self, settings: Settings) -> None:
        self._source = ApiSource(settings.registry)
        address = urlsplit(settings.registry_api_base)
        self._host, self._port = address.hostname or "", address.port

    def states(self) -> dict[str, State]:
        """What the registry last said of each project."""
        return {
            project["project_id"]: project["data"] for project in self._call("GET", "projects")["projects"]
        }

    def publish(self, states: Mapping[str, State]) -> None:
        """Let the registry change or add projects, each with its next version."""
        if states:
            self._call("PUT", "projects", states)

    def pull(self) -> None:
        """Take over what the registry has published. Raises PullFailed."""
        pulled = pull(self._source)
        if pulled.busy:
            # A start that was killed holds the lease; should anybody else live, it is they who give way.
            with atomic() as session:
                session.execute(update(Feed).values(leased_until=None))
            pulled = pull(self._source)
        if pulled.busy or pulled.error:
            raise PullFailed(pulled.error or "busy")

    def move_clock(self, at: datetime) -> None:
        """Let the registry's clock show an instant, from which it runs on."""
        self._call("POST", "clock", {"now": at.isoformat()})

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
            connection.request(method, f"/_fake/{path}", body=content)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise NoDemoRegistry(told)
        return told


@contextmanager
def demo_registry(settings: Settings) -> Generator[DemoRegistry]:
    """The demonstration's registry: the one that runs, or one for the time of the block where none is set.

    Raises NoDemoRegistry where the settings name a real one.
    """
    if settings.registry_transport == "off":
        with FakeRegistry(file=settings.data_dir / KEPT_IN) as fake:
            yield DemoRegistry(
                replace(
                    settings,
                    registry_transport="api",
                    registry_api_base=fake.api_base,
                    registry_client_id=DEMO_CLIENT_ID,
                    registry_client_secret=DEMO_CLIENT_SECRET,
                )
            )
    elif settings.registry_transport == "api" and settings.registry_client_id == DEMO_CLIENT_ID:
        yield DemoRegistry(settings)
    else:
        raise NoDemoRegistry


def move_registry_clock(settings: Settings, at: datetime) -> None:
    """Keep the demonstration's registry at our time, lest it take our signatures for old; not a real one."""
    if settings.registry_transport == "api" and settings.registry_client_id == DEMO_CLIENT_ID:
        with suppress(OSError, http.client.HTTPException):
            DemoRegistry(settings).move_clock(at)
