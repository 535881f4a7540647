"""Which tests run again on PostgreSQL, and in what order they run."""

import pytest

# Fixtures that reach the servers of the second run, and by what parameter some of them do not.
_OF_SERVERS = {"postgres_url", "redis_url", "on_postgres", "bare_engine", "redis_cache", "cache"}
_OF_NO_SERVER = {("bare_engine", "sqlite"), ("cache", "memory")}
_LONG = ("tests/system/", "tests/browser/", "tests/devtools/test_bench.py", "tests/devtools/test_run.py")


def leave_out_same(items: list[pytest.Item]) -> list[pytest.Item]:
    """Take out and return the tests that reach no server: on SQLite they were the same."""
    same = [item for item in items if not _reaches_servers(item)]
    items[:] = [item for item in items if _reaches_servers(item)]
    return same


def _reaches_servers(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    of_servers = _OF_SERVERS & set(getattr(item, "fixturenames", ()))
    return any((name, parameters.get(name)) not in _OF_NO_SERVER for name in of_servers)


def begin_with_long(items: list[pytest.Item], *, workers: int) -> None:
    """Put a share of the long tests before each worker's first short one, so that none ends with them.

    xdist deals the list out in as many equal parts.
    """
    long = [item for item in items if item.nodeid.startswith(_LONG)]
    short = [item for item in items if not item.nodeid.startswith(_LONG)]
    share = -(-len(short) // workers)
    items[:] = [
        item
        for worker in range(workers)
        for item in (*long[worker::workers], *short[worker * share : (worker + 1) * share])
    ]
