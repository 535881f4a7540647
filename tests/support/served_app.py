"""What gunicorn serves in its tests: the product, a route that waits, and a sweep that leaves a mark."""

import os
import threading
from pathlib import Path
from typing import Any

import marshmallow as ma

from config import load_settings
from miniprogram_api.app import create_app
from miniprogram_api.kernel import tasks
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public

_settings = load_settings()
_folder: Path = _settings.data_dir


class EchoBody(ma.Schema):
    text = ma.fields.String(required=True)


@tasks.periodic("test.mark")
def leave_mark() -> None:
    """Show that sweeps run."""
    (_folder / "swept").touch()


def _routes() -> Routes:
    routes = Routes("served", __name__, url_prefix="/_test")

    @routes.get("/pid")
    @public
    def pid() -> dict[str, int]:
        return {"pid": os.getpid()}

    @routes.get("/wait/<int:number>")
    @public
    def wait(number: int) -> dict[str, int]:
        """Say that we are here, and answer when the test lets us."""
        (_folder / f"waiting-{number}").touch()
        pause = threading.Event()
        while not (_folder / "go").exists():
            pause.wait(0.02)
        return {"waited": number}

    @routes.post("/echo")
    @public
    @routes.arguments(EchoBody)
    def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    return routes


app = create_app(_settings)
app.register_blueprint(_routes())
