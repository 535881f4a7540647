"""Run the fake as its own process: `python -m miniprogram_api.devtools.fake_registry --port 8002`."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from miniprogram_api.devtools.fake_registry.server import FakeRegistry


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; exit 2 for a host that is not loopback."""
    parser = argparse.ArgumentParser(
        prog="fake_registry", description="A fake of the core registry on loopback."
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=8002, help="port to listen on, 0 for a free one")
    parser.add_argument("--file", type=Path, help="file that keeps projects and feed over a restart")
    parser.add_argument("--notify", help="address of the consumer's doorbell")
    options = parser.parse_args(arguments)
    try:
        fake = FakeRegistry(host=options.host, port=options.port, file=options.file, notify=options.notify)
    except ValueError as error:
        parser.error(str(error))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with fake:
        sys.stdout.write(f"fake registry on {fake.api_base}; control at {fake.base_url}/_fake\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
