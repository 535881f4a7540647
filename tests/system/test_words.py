"""One Chinese word for one thing, in whatever people read."""

from pathlib import Path

import miniprogram_api

_ROOT = Path(miniprogram_api.__file__).parent
_SHOWN = {".py", ".html", ".js"}
# What is not said, and what is said instead.
_OTHERS = {"违约": "爽约记录", "失约": "爽约记录", "记为未到场": "记为爽约", "未到人数": "爽约人数"}


def test_a_missed_visit_and_its_record_have_one_word_each() -> None:
    found = [
        f"{path.relative_to(_ROOT)}: {other}, say {word}"
        for path in _ROOT.rglob("*")
        if path.suffix in _SHOWN and "vendor" not in path.parts
        for other, word in _OTHERS.items()
        if other in path.read_text(encoding="utf-8")
    ]
    assert found == []
