"""Background work of content, in modules that register themselves."""

from content.jobs import emptying, publishing  # noqa: F401
