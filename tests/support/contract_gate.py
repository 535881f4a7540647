"""`python -m tests.support.contract_gate`: nothing that was released of the contract is taken away.

The released copies are what partners build on. `--release` adds what is new to them, and refuses a change
that would break somebody: such a change is a new version of the schema, or of the API, beside the old one.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.support.contract_diff import Documents, api_losses, event_losses, schema_losses

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "miniprogram_api/registry/contract"
API = ROOT / "docs/openapi/partner.json"
EVENTS = ROOT / "docs/contract/asyncapi.json"
RELEASED = ROOT / "tests/registry/released"
_SUFFIX = ".schema.json"


def losses(
    *, schemas: Path = SCHEMAS, api: Path = API, events: Path = EVENTS, released: Path = RELEASED
) -> list[str]:
    """A sentence for each thing that the working copy takes away from what was released."""
    old, new = _documents(released), _documents(schemas)
    found = [loss for file in sorted(old.files) for loss in schema_losses(old, new, file)]
    found += api_losses(_read(released / API.name), _read(api))
    return found + event_losses(_read(released / EVENTS.name), _read(events))


def unreleased(*, schemas: Path = SCHEMAS, released: Path = RELEASED) -> list[str]:
    """The schemas of which there is no released copy yet."""
    return sorted(_documents(schemas).files.keys() - _documents(released).files.keys())


def release() -> None:
    """Make the working copy what is compared with from now on."""
    RELEASED.mkdir(exist_ok=True)
    for path in [*SCHEMAS.glob(f"*{_SUFFIX}"), API, EVENTS]:
        (RELEASED / path.name).write_text(path.read_text())


def _documents(folder: Path) -> Documents:
    return Documents({path.name: _read(path) for path in folder.glob(f"*{_SUFFIX}")})


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def main(arguments: list[str]) -> int:
    """Name each loss; 1 when there is one, or a schema that nobody has released."""
    first = "--release" in arguments and not (RELEASED / API.name).exists()
    found = [] if first else losses()
    if "--release" in arguments and not found:
        release()
    missing = unreleased()
    found += [
        f"{name}: not released; run `python -m tests.support.contract_gate --release`" for name in missing
    ]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
