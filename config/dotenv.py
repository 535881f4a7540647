"""The one reader of `.env`: what the file says counts for the server, the commands and `make run` alike."""

import os

from dotenv import find_dotenv, load_dotenv


def read_dotenv() -> None:
    """Let the `.env` of the working folder, or of one above it, fill in what the environment does not set.

    Flask's own commands look for the same file; FLASK_SKIP_DOTENV=1 keeps both from it.
    """
    if os.environ.get("FLASK_SKIP_DOTENV", "").lower() in {"", "0", "false", "no"}:
        load_dotenv(find_dotenv(usecwd=True), override=False)
