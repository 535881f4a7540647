"""One process of many, run as a script: its threads all need a token at the same moment."""

import json
import sys
import threading

from config.wechat import WeChatSettings
from miniprogram_api.kernel.cache import RedisCache
from miniprogram_api.wechat.gateway import Gateway


def main() -> None:
    """Take orders as JSON on the command line, say `ready`, and start on the next line of input."""
    orders = json.loads(sys.argv[1])
    gateway = Gateway(WeChatSettings(**orders["settings"]), RedisCache(orders["redis_url"]))
    barrier = threading.Barrier(orders["threads"])
    made: list[int] = []

    def work() -> None:
        barrier.wait()
        made.append(len(gateway.mini_program_code("scene", "pages/index/index")))

    threads = [threading.Thread(target=work) for _ in range(orders["threads"])]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gateway.close()
    sys.stdout.write(f"{len(made)}\n")


if __name__ == "__main__":
    main()
