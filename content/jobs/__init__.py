"""Background work of content: what is due is published, what is over ends, what was deleted goes."""

from content.jobs import emptying, publishing

__all__ = ["emptying", "publishing"]
