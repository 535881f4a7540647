"""Background work of content, and its part of members' personal data, in modules that register themselves."""

from content.jobs import emptying, personal_data, publishing, reading  # noqa: F401
