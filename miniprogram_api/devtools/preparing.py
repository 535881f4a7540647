"""Brings schema, demonstration and the slots of the days ahead up to date, in a process of its own.

`make run` starts it, so that a stop in the middle ends a process and leaves no half-raised exception.
"""

import dataclasses
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

from flask_migrate import upgrade

from config import Settings, load_settings
from miniprogram_api.app import MIGRATIONS
from miniprogram_api.devtools.demo_data import DemoRefused, Loaded, load_demo
from miniprogram_api.devtools.wsgi import create_dev_app
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import db
from miniprogram_api.visits.jobs import make_slots


def prepare(settings: Settings) -> Loaded | None:
    """Complete what is missing; what was added, or None where no demonstration is wanted."""
    app = create_dev_app(replace(settings, background=False))
    with app.app_context():
        upgrade(directory=str(MIGRATIONS))
        loaded = load_demo(settings) if settings.demo_data else None
        if loaded is None or not loaded.sites:
            make_slots()
        while events.drain():
            pass
        db.session.remove()
        db.engine.dispose()
    return loaded


def read_loaded(result: Path) -> Loaded | None:
    """What the process wrote about its work."""
    told = json.loads(result.read_text())
    return Loaded(**told) if told else None


def main() -> None:
    """Prepare and write what was added to the file that the argument names."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    print("正在准备数据 (preparing the data) …", flush=True)
    try:
        loaded = prepare(load_settings())
    except DemoRefused as refusal:
        sys.exit(str(refusal))
    Path(sys.argv[1]).write_text(json.dumps(dataclasses.asdict(loaded) if loaded else None))


if __name__ == "__main__":
    main()
