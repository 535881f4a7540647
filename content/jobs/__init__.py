"""Background work of content, and its part of members' personal data; each module registers itself."""

from content.jobs import personal_data, reading  # noqa: F401  they register themselves
