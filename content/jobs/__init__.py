"""Background work of content, and its part of members' personal data, in modules that register themselves."""

from content.jobs import emptying, official, personal_data, publishing, pushing, reading  # noqa: F401
from content.service import handing_over  # noqa: F401
