"""Run the fake as its own process: `python -m miniprogram_api.devtools.fake_wechat --port 8001`."""

import argparse
import secrets
import signal
import sys
import threading
from dataclasses import replace

from miniprogram_api.devtools.fake_wechat.demo import DEMO_APPID
from miniprogram_api.devtools.fake_wechat.server import FakeWeChat


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; exit 2 for a host that is not loopback."""
    parser = argparse.ArgumentParser(
        prog="fake_wechat", description="A fake of the WeChat server API on loopback."
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=8001, help="port to listen on, 0 for a free one")
    parser.add_argument("--push", default="", help="address to push events to")
    parser.add_argument("--official-push", default="", help="address for what becomes of publications")
    parser.add_argument("--seed", type=int, help="repeat the random values of an earlier run")
    options = parser.parse_args(arguments)
    # A fresh seed by default: an application that kept its data would meet old codes and message ids again.
    seed = secrets.randbits(64) if options.seed is None else options.seed
    try:
        fake = FakeWeChat(host=options.host, port=options.port, seed=seed)
    except ValueError as error:
        parser.error(str(error))
    fake.state.push = replace(fake.state.push, url=options.push)
    fake.state.official_push = replace(fake.state.official_push, url=options.official_push)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with fake:
        sys.stdout.write(
            f"fake WeChat on {fake.base_url} for {DEMO_APPID}; control at {fake.base_url}/_fake\n"
        )
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
