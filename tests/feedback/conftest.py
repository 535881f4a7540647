"""Members who write, and what they write about."""

from uuid import UUID

import pytest
from flask import Flask

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.articles import make_article
from tests.factories.sites import make_site
from tests.support.clients import FakePeople
from tests.support.feedback import Writer


@pytest.fixture
def alice(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Writer:
    return Writer(app, fake_wechat)


@pytest.fixture
def bob(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Writer:
    return Writer(app, fake_wechat, "bob")


@pytest.fixture
def wechat(fake_wechat: FakeWeChat) -> FakePeople:
    return FakePeople(fake_wechat)


@pytest.fixture
def site(app: Flask, clock: Clock) -> UUID:
    with atomic() as session:
        return make_site(session, name="南湖近零碳社区（示例）").id


@pytest.fixture
def article(app: Flask, clock: Clock) -> UUID:
    with atomic() as session:
        return make_article(session, title="长春的冬天，光伏还发电吗").id
