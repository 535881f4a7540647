"""The page of figures: sentences, tables that add up, files that say the same, within one's scope."""

import csv
import io
import re
from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import BookingStatus
from tests.conftest import MONDAY, Clock
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import make_booking, make_slot
from tests.support.pages import PageClient, text_of, title_of
from tests.support.statements import statements

PAGE = "/console/figures"
WEEK = {"from": "2026-11-17", "to": "2026-11-23"}
TABLES = ("day", "weekday", "time", "site", "channel")


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        site = make_site(session, name="甲馆")
        for days in range(7):
            slot = make_slot(
                session, site.id, starts_at=beijing_time((MONDAY - timedelta(days=days)).date(), 480)
            )
            make_booking(session, slot, adults=3, status=BookingStatus.ADMITTED, admitted=3)
            make_booking(session, slot, adults=1, status=BookingStatus.NO_SHOW)
            make_booking(session, slot, adults=1, status=BookingStatus.CANCELLED)
        return site


@pytest.fixture
def manager(app: Flask, site: Site) -> PageClient:
    return PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


def rows_of(html: str, table: str) -> list[list[str]]:
    (found,) = re.findall(rf'<table class="table" id="table-{table}">(.*?)</table>', html, re.DOTALL)
    return [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
    ]


def test_the_figures_are_told_in_sentences(manager: PageClient) -> None:
    said = text_of(manager.get(PAGE, query_string=WEEK))
    for part in (
        "这 7 天共有 21 个预约，其中 7 个已取消；未取消的预约合计 28 人。",
        "实际到场 21 人。",
        "约满率 20.0%",
        "应到 28 人，爽约 7 人，爽约率 25.0%",
    ):
        assert part in said


@pytest.mark.parametrize("table", TABLES)
def test_a_table_adds_up_and_its_file_says_the_same(manager: PageClient, table: str) -> None:
    header, *lines, total = rows_of(manager.get(PAGE, query_string=WEEK).text, table)
    for column in range(1, len(header)):
        if not total[column].endswith("%"):
            assert sum(int(line[column]) for line in lines) == int(total[column])
    answer = manager.get(f"{PAGE}/{table}.csv", query_string=WEEK)
    assert answer.data.startswith(b"\xef\xbb\xbf")
    written = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    assert written == [header, *lines, total]


def test_one_site_is_looked_at_alone(app: Flask, site: Site) -> None:
    with atomic() as session:
        make_slot(session, make_site(session, name="乙馆").id, starts_at=MONDAY)
    admin = PageClient(app, signed_in(Role.ADMIN))
    assert {row[0] for row in rows_of(admin.get(PAGE, query_string=WEEK).text, "site")} >= {"甲馆", "乙馆"}
    alone = admin.get(PAGE, query_string=WEEK | {"site": str(site.id)})
    assert "乙馆" not in {row[0] for row in rows_of(alone.text, "site")}


def test_another_sites_figures_are_not_there(manager: PageClient) -> None:
    with atomic() as session:
        other = make_site(session)
    for address in (PAGE, f"{PAGE}/day.csv"):
        assert manager.get(address, query_string={"site": str(other.id)}).status_code == 404
        assert manager.get(address, query_string={"site": "nonsense"}).status_code == 404
    assert manager.get(f"{PAGE}/nothing.csv").status_code == 404


@pytest.mark.parametrize("query", [{"from": "2026-11-24", "to": "2026-11-23"}, {"from": "2024-01-01"}])
def test_a_period_that_cannot_be_is_refused(manager: PageClient, query: dict[str, str]) -> None:
    answer = manager.get(PAGE, query_string=query)
    assert answer.status_code == 422
    assert title_of(answer).startswith("错误：")
    assert text_of(answer).count("统计时段最长 366 天") == 2
    assert '<a href="#from">' in answer.text
    assert 'aria-describedby="from-error"' in answer.text
    assert manager.get(f"{PAGE}/day.csv", query_string=query).status_code == 422


def test_nonsense_in_the_address_is_the_last_month(manager: PageClient) -> None:
    said = text_of(manager.get(PAGE, query_string={"from": "x", "to": "y"}))
    assert "10月25日（周日）至11月23日（周一）" in said


def test_a_time_without_visits_offers_another(manager: PageClient) -> None:
    said = text_of(manager.get(PAGE, query_string={"from": "2025-01-01", "to": "2025-01-02"}))
    assert "这段时间没有可以统计的场次" in said


def test_the_page_takes_few_statements(manager: PageClient) -> None:
    manager.get(PAGE)
    with statements() as sent:
        manager.get(PAGE, query_string={"from": "2026-01-01", "to": "2026-11-23"})
    assert len(sent) <= 12


def test_who_has_no_figures_sees_none(app: Flask, site: Site) -> None:
    gate = PageClient(app, signed_in(Role.GATE, site_id=site.id))
    assert gate.get(PAGE).status_code == 403
    assert gate.get(f"{PAGE}/day.csv").status_code == 403
