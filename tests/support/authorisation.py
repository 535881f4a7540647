"""The world of the authorisation matrix: two sides, people on them, and every request as documented.

A new route is covered by itself when its path parameters have an entry in EXAMPLES and its body an example.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from miniprogram_api.identity.permissions import Reach
from miniprogram_api.identity.service import devices
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.web.limits import init_limits
from tests.factories import members as member_factory
from tests.factories import partners as partner_factory
from tests.factories import sites as site_factory
from tests.factories import staff as staff_factory
from tests.support.callers import Caller, Person, Route, Side
from tests.support.example_objects import EXAMPLES


def _picture() -> dict[str, Any]:
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    png.seek(0)
    return {"file": (png, "a.png")}


def _about_a_site() -> dict[str, Any]:
    with atomic() as session:
        site_id = str(site_factory.make_site(session).id)
    return {"subject": {"type": "site", "id": site_id}, "text": "数据屏离得太远，老人看不清。"}


# Requests whose body OpenAPI cannot give as a JSON example, or that names an object further within.
FORMS: dict[str, Callable[[], dict[str, Any]]] = {
    "POST /api/staff/v1/sites/{site_id}/photos": lambda: {"data": _picture() | {"alt": "入口"}},
    "POST /api/v1/feedback": lambda: {"json": _about_a_site()},
    "POST /api/v1/feedback/pictures": lambda: {"data": _picture()},
    "POST /api/v1/objections/files": lambda: {"data": _picture()},
}


DOCUMENTS = ("app", "staff", "partner", "open")


class World:
    """Two sides, people on them, and the documented requests."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self._documents = [self.client.get(f"/openapi/{name}.json").get_json() for name in DOCUMENTS]
        self.own, self.other = self.make_side(), self.make_side()

    def make_side(self) -> Side:
        """A site that nothing has happened at, and its operator."""
        with atomic() as session:
            operator = site_factory.make_organisation(session)
            site = site_factory.make_site(session, operator_id=operator.id)
            return Side(site.id, operator.id)

    def sign_in(self, caller: Caller, side: Side) -> Person:
        """Somebody new of this kind, whose rights, if they are limited, are at this side."""
        with atomic() as session:
            if caller.kind == "member":
                opened = member_factory.sign_in(session, openid=f"o-{new_id()}")
                return Person(caller, opened.member.id, opened.access_token, side)
            if caller.kind == "device":
                device, token = devices.create_device(
                    session, site_id=side.site_id, name="东门", actor=SYSTEM, now=clock.now()
                )
                return Person(caller, device.id, token, side)
            if caller.kind == "partner":
                known = partner_factory.sign_in(session, scopes=sorted(caller.may))
                return Person(caller, known.id, known.token, side)
            account = staff_factory.make_staff(
                session,
                role=caller.role,
                site_id=side.site_id if caller.reach is Reach.SITE else None,
                organisation_id=side.operator_id if caller.reach is Reach.ORGANISATION else None,
            )
            return Person(caller, account.id, staff_factory.open_session(session, account.id), side)

    def ids_of(self, route: Route, person: Person) -> dict[str, str]:
        """An object of the person's own for each path parameter and for each object that the body names."""
        ids: dict[str, str] = {}
        for name in [*route.parameters, *self.named_in_request(route)]:
            ids[name] = EXAMPLES[name].make(self, person, ids)
        return ids

    def named_in_request(self, route: Route) -> list[str]:
        """Which fields of the example body, or required query parameters, name an object."""
        body = self._example_body(route)
        fields = [*(body if isinstance(body, dict) else ()), *self._query(route)]
        return [name for name in fields if name in EXAMPLES and name not in route.parameters]

    def call(
        self,
        route: Route,
        person: Person | None,
        ids: dict[str, str],
        body: dict[str, Any] | None = None,
    ) -> TestResponse:
        """The documented request about these objects."""
        init_limits(self.app, redis_url="", spare_loopback=True)
        headers = {"Idempotency-Key": str(new_id()), "If-Match": "*"}
        if person is not None:
            headers["Authorization"] = f"Bearer {person.token}"
        query = {name: ids.get(name, value) for name, value in self._query(route).items()}
        answer = self.client.open(
            route.template.format(**ids),
            method=route.method,
            headers=headers,
            query_string=query,
            **self._content(route, ids, body or {}),
        )
        named = self._operation(route).get("responses", {str(answer.status_code): "of no document"})
        assert str(answer.status_code) in named, f"{route}: {answer.status_code} is not in its document"
        return answer

    def _content(self, route: Route, ids: dict[str, str], changes: dict[str, Any]) -> dict[str, Any]:
        if str(route) in FORMS:
            return FORMS[str(route)]()
        example = self._example_body(route)
        if not isinstance(example, dict):
            return {} if example is None else {"json": example}
        return {"json": {name: ids.get(name, value) for name, value in example.items()} | changes}

    def needs_example(self, route: Route) -> bool:
        """Whether the request has a body of which nobody gave an example."""
        has_body = "requestBody" in self._operation(route)
        return has_body and str(route) not in FORMS and self._example_body(route) is None

    def success(self, route: Route) -> int:
        """What the documented request is answered with; of a preview and the thing itself, the thing."""
        return max(int(status) for status in self._operation(route)["responses"] if status.startswith("2"))

    def _example_body(self, route: Route) -> Any:
        content = self._operation(route).get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("example")

    def _query(self, route: Route) -> dict[str, str]:
        parameters = self._operation(route).get("parameters", [])
        return {
            parameter["name"]: parameter.get("example", parameter.get("schema", {}).get("example", ""))
            for parameter in parameters
            if parameter.get("in") == "query" and parameter.get("required")
        }

    def _operation(self, route: Route) -> dict[str, Any]:
        for document in self._documents:
            found = document["paths"].get(route.template, {}).get(route.method.lower())
            if found is not None:
                return dict(found)
        return {}


def foreign_names(world: World, route: Route, caller: Caller) -> Iterator[str]:
    """The parameters of which another side's object must look to the caller like none at all."""
    for name in [*route.parameters, *world.named_in_request(route)]:
        of = EXAMPLES[name].of
        within_another = name in route.parameters[1:]
        limited = "site" in of and caller.is_limited
        personal = "person" in of and (caller.kind == "member" or of == {"person"})
        partners_own = "partner" in of and caller.kind == "partner"
        if within_another or limited or personal or partners_own:
            yield name
