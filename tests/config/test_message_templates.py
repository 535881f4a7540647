"""A subscription message is set up by one line, and a wrong line is refused at the start."""

from pathlib import Path

import pytest

from config.settings import Settings, UnsafeSettings, check
from config.wechat import MessageTemplate


def with_line(line: str, folder: Path) -> Settings:
    return Settings(data_dir=folder, wechat_template_visit_cancelled=line)


def test_nothing_set_is_nothing_sent(tmp_path: Path) -> None:
    assert with_line("", tmp_path).message_templates == {}


def test_each_part_has_the_key_that_the_template_gives_it(tmp_path: Path) -> None:
    settings = with_line("tmpl-0123456789 site=thing1 time=time4", tmp_path)
    check(settings)
    keys = {"site": "thing1", "time": "time4"}
    assert settings.message_templates == {"visit_cancelled": MessageTemplate("tmpl-0123456789", keys)}


@pytest.mark.parametrize(
    "line",
    [
        "tmpl-0123456789",
        "tmpl-0123456789 thing1",
        "tmpl-0123456789 who=thing1",
        "tmpl-0123456789 site=THING",
        "short site=thing1",
    ],
)
def test_a_line_that_cannot_work_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(UnsafeSettings, match="WECHAT_TEMPLATE"):
        check(with_line(line, tmp_path))


def test_every_message_has_a_line_of_its_own(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, wechat_template_article_published="tmpl-0123456789 title=thing2")
    check(settings)
    assert settings.message_templates == {
        "article_published": MessageTemplate("tmpl-0123456789", {"title": "thing2"})
    }
