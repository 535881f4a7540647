"""Publishing: now or at an instant, on time, once, and each article for itself."""

from flask import Flask

from content.models import Standing
from miniprogram_api.kernel.db import atomic
from tests.support.publishing import publish_article


def test_what_is_approved_is_shown(app: Flask) -> None:
    with atomic() as session:
        article = publish_article(session)
        assert article.standing is Standing.LIVE
