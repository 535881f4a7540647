"""The key ring, given by settings or made once in the data folder. Raises ValueError with a sentence."""

import base64
import contextlib
import json
import os
import secrets
import tempfile
from pathlib import Path

_KEY_BYTES = 32


def read_key_ring(app_keys: str, index_key: str, data_dir: Path) -> tuple[list[tuple[str, bytes]], bytes]:
    """The ring of (id, secret), active first, and the index key; of the folder where none is given."""
    if app_keys and index_key:
        return _parse_ring(app_keys), _decode_key("INDEX_KEY", index_key)
    return _keys_in(data_dir)


def _parse_ring(text: str) -> list[tuple[str, bytes]]:
    ring = {}
    for item in text.split(","):
        kid, separator, encoded = item.strip().partition(":")
        if not separator or not kid.isascii() or not kid.isalnum() or kid in ring:
            raise ValueError("APP_KEYS is `id:base64,id:base64`, each id of letters and digits, and once.")
        ring[kid] = _decode_key("APP_KEYS", encoded)
    return list(ring.items())


def _decode_key(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise ValueError(f"{name} holds something that is not base64.") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{name} needs secrets of exactly {_KEY_BYTES} bytes.")
    if len(set(key)) < _KEY_BYTES // 4:
        raise ValueError(f"{name} holds a placeholder; make one with `openssl rand -base64 32`.")
    return key


def _keys_in(data_dir: Path) -> tuple[list[tuple[str, bytes]], bytes]:
    path = data_dir / "keys.json"
    if not path.exists():
        _make_keys(path)
    kept = json.loads(path.read_text())
    return _parse_ring(kept["app_keys"]), _decode_key("INDEX_KEY", kept["index_key"])


def _make_keys(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ring, index = (base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() for _ in range(2))
    # Readable by its owner alone, and on the disk before anything is encrypted with it.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="keys.") as draft:
        json.dump({"app_keys": f"k1:{ring}", "index_key": index}, draft)
        draft.flush()
        os.fsync(draft.fileno())
        # Two processes may start at once: the first link wins, both read the same file.
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, path)
