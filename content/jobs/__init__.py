"""Background work of content, in modules that register themselves."""

from content.jobs import emptying, publishing, pushing  # noqa: F401
