"""One of several processes that sell seats of one SQLite file: read how many are sold, think, sell one.

`ours` is the product's transaction, `driver` what the driver does by itself, `deferred` a plain BEGIN.
Prints how many attempts failed.
"""

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory


def main(path: str, transactions: str, capacity: int, number: str) -> None:
    """Say that we are ready, wait for the word, and sell until all seems sold."""
    sell = _ours if transactions == "ours" else _theirs
    sell(path, transactions, capacity, number)


def _ours(path: str, _transactions: str, capacity: int, number: str) -> None:
    # Only this kind of seller needs them, and they take their time to load.
    from flask import Flask
    from sqlalchemy import text

    from miniprogram_api.kernel.db import atomic, init_db

    with TemporaryDirectory() as instance:
        app = Flask(__name__, instance_path=instance)
        init_db(app, url=f"sqlite:///{Path(path).resolve()}")
        with app.app_context():
            _wait()
            failed, sold = 0, 0
            while sold < capacity:
                try:
                    with atomic() as session:
                        sold = session.scalar(text("SELECT count(*) FROM seats")) or 0
                        time.sleep(0.001)
                        if sold < capacity:
                            session.execute(text("INSERT INTO seats (seller) VALUES (:n)"), {"n": number})
                except Exception:
                    failed += 1
            print(failed, flush=True)


def _theirs(path: str, transactions: str, capacity: int, number: str) -> None:
    isolation = "DEFERRED" if transactions == "driver" else None
    with closing(sqlite3.connect(path, timeout=5, isolation_level=isolation)) as connection:
        _wait()
        failed, sold = 0, 0
        while sold < capacity:
            try:
                if transactions == "deferred":
                    connection.execute("BEGIN")
                (sold,) = connection.execute("SELECT count(*) FROM seats").fetchone()
                time.sleep(0.001)
                if sold < capacity:
                    connection.execute("INSERT INTO seats (seller) VALUES (?)", (number,))
                connection.commit()
            except sqlite3.OperationalError:
                connection.rollback()
                failed += 1
        print(failed, flush=True)


def _wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
