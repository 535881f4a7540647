from pathlib import Path
import pytest
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from tests.support.content_desk import fill_shelf
from tests.support.desk import OFFICE, PHONE, Desk
OUT = Path("/tmp/desks/shots"); OUT.mkdir(exist_ok=True)

def test_shots(app, desk: Desk, clock):
    with atomic() as session:
        shelf = fill_shelf(session)
    pages = {
        "list": "/console/content/articles", "reviews": "/console/content/reviews",
        "start": "/console/",
        "review": shelf.at("等初审的光伏", "/review"), "review2": shelf.at("等复审的热泵", "/review"),
        "draft": shelf.at("还缺封面"), "returned": shelf.at("被退回的分类"), "live": shelf.at("已发布又在改的光伏"),
        "planned": shelf.at("定时的供暖"), "approved": shelf.at("等发布的电车"),
        "publish": shelf.at("等发布的电车", "/publish"), "placing": shelf.at("已发布的学校", "/placing"),
        "retract": shelf.at("已发布的学校", "/retract"),
        "revisions": shelf.at("已发布又在改的光伏", "/revisions"), "compare": shelf.at("已发布又在改的光伏", "/compare"),
        "trail": shelf.at("等复审的热泵", "/trail"), "topics": "/console/content/topics", "topic": "/console/content/topics/new",
        "words": "/console/content/words", "reading": "/console/content/reading", "bin": "/console/content/articles/bin",
    }
    import os
    only = os.environ.get("ONLY", "").split()
    desk.sign_in_as(shelf.desk.reviewers[1])
    for name, path in pages.items():
        if only and name not in only: continue
        for size in (OFFICE, PHONE):
            desk.resize(size)
            r = desk.page.goto(desk.origin + path)
            if r.status != 200: print(name, r.status)
            desk.keep_picture(OUT / f"{name}-{size[0]}.png")
    desk.sign_in_as(shelf.desk.writer)
    for name in ("draft", "returned", "live", "list", "start"):
        if only and name not in only: continue
        desk.resize(OFFICE)
        desk.page.goto(desk.origin + pages[name])
        desk.keep_picture(OUT / f"{name}-writer.png")
