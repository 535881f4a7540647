"""What a process does that pulls from the registry and dies at one step of it."""

import os
import signal
from collections.abc import Callable
from typing import Any

from config import Settings
from miniprogram_api.app import create_app
from miniprogram_api.registry import jobs_pulling, sources
from miniprogram_api.registry.service import pulling, taking_over

STEPS: dict[str, tuple[Any, str]] = {
    "claim": (pulling, "claim"),
    "dictionary": (jobs_pulling.codes, "keep_dictionary"),
    "read": (jobs_pulling, "read_record"),
    "lock": (taking_over, "_lock_held"),
    "sites": (taking_over, "apply_projects"),
    "held": (taking_over.codes, "note_unknown"),
    "snapshot": (pulling, "take_snapshot"),
    "changes": (pulling, "take_changes"),
    "position": (pulling, "position_of"),
    "finish": (pulling, "finish"),
}


def _deadly(real: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The function, after whose nth run nothing follows."""
    left = [count]

    def run(*args: Any, **options: Any) -> Any:
        answer = real(*args, **options)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return run


def pull_and_die(settings: Settings, step: str, count: int) -> None:
    """Pull, and be killed after a step was done so many times."""
    place, name = STEPS[step]
    setattr(place, name, _deadly(getattr(place, name), count))
    app = create_app(settings)
    with app.app_context():
        source = sources.current()
        if source is not None:
            jobs_pulling.pull(source)
