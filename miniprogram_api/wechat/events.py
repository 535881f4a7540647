"""What WeChat tells us by its push."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class PictureJudged(Event):
    """A picture that was submitted has its verdict: `suggest` is pass, review or risky.

    One that WeChat could not fetch has review, and was not looked at.
    """

    name: ClassVar[str] = "wechat.picture_judged"

    check_id: str
    suggest: str
    labels: list[int]
    was_fetched: bool = True
