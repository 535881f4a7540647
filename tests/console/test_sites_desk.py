"""The desk of a site without scripts: what its pages show, refuse, keep and change."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import files
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.models.corrections import Correction
from miniprogram_api.sites.models import Indicator, Notice, OpeningRule, Overlay, Photo, Site
from miniprogram_api.visits.models import PolicyVersion, Slot
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories import sites as factory
from tests.factories.visits import make_policy
from tests.support.pages import PageClient, text_of, title_of
from tests.support.sites_desk import fields_of, manager_of, new_site, new_slot
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("clock")
RULE = {
    "weekdays": ["3", "4", "5"],
    "opens_minute": "09:00",
    "closes_minute": "12:00",
    "slot_minutes": "60",
    "capacity": "20",
}
PROFILE = {"summary": "森林景区", "address": "净月大街 1 号", "booking_mode": "slots"}


@pytest.fixture
def site(app: Flask) -> Site:
    return new_site()


@pytest.fixture
def manager(app: Flask, site: Site) -> PageClient:
    return manager_of(app, site)


def count(model: Any) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def at(site: Site, path: str = "") -> str:
    return f"/console/sites/{site.id}{path}"


# What every page of the desk has in common.

_PAGES = (
    "", "/edit", "/notices", "/notices/new", "/photos", "/technologies", "/technologies/new", "/indicators",
    "/corrections", "/corrections/new", "/corrections/notes/new", "/opening", "/opening/rules/new",
    "/opening/closures/new", "/calendar", "/slots", "/slots/new", "/slots/generate", "/slots/change",
    "/policy", "/withdrawal", "/state/suspended",
)  # fmt: skip


@pytest.mark.parametrize("path", _PAGES)
def test_a_page_of_another_site_is_not_found(site: Site, manager: PageClient, path: str) -> None:
    other = new_site()
    assert manager.get(at(site, path)).status_code == 200
    answer = manager.get(at(other, path))
    assert answer.status_code == 404
    assert "没有找到" in title_of(answer)
    assert other.name not in text_of(answer).replace(site.name, "")


@pytest.mark.parametrize(
    ("role", "first"), [(Role.SITE_MANAGER, "/day"), (Role.GUIDE, "/day"), (Role.EDITOR, "/opening")]
)
def test_the_name_of_the_site_leads_to_its_first_page(app: Flask, site: Site, role: Role, first: str) -> None:
    page = manager_of(app, site, role).get(at(site, "/notices"))
    assert f'<a href="{at(site, first)}">{site.name}</a>' in page.text


@pytest.mark.parametrize("path", [path for path in _PAGES if path.endswith(("/new", "/edit", "/policy"))])
def test_a_guess_is_not_found_whatever_is_sent(site: Site, manager: PageClient, path: str) -> None:
    assert manager.post(at(new_site(), path), {"anything": "x"}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/notices/{id}/retire", "/notices/{id}/restore", "/photos/{id}", "/photos/{id}/cover",
        "/photos/{id}/remove", "/photos/{id}/restore", "/technologies/{id}", "/technologies/{id}/remove",
        "/technologies/{id}/restore", "/indicators/{id}/remove", "/indicators/{id}/restore",
        "/opening/rules/{id}", "/opening/rules/{id}/retire", "/opening/closures/{id}/lift",
        "/corrections/notes/{id}/retire", "/corrections/notes/{id}/restore", "/slots/changes/{id}/undo",
    ],
)  # fmt: skip
def test_a_part_of_another_site_is_not_found(site: Site, manager: PageClient, path: str) -> None:
    with atomic() as session:
        other = factory.make_site(session)
        parts = [
            factory.make_notice(session, other.id),
            factory.make_photo(session, other),
            factory.make_technology(session, other),
            factory.make_indicator(session, other.id),
            factory.make_local_note(session, other.id),
            factory.make_opening_rule(session, other.id),
            factory.make_closure(session, other.id, on=new_day()),
        ]
    for part_id in [part.id for part in parts] + [new_id()]:
        assert manager.post(at(site, path.format(id=part_id))).status_code == 404


def new_day() -> Any:
    from datetime import date

    return date(2026, 12, 1)


@pytest.mark.parametrize(
    ("path", "fill"),
    [
        ("/slots", lambda site, n: [new_slot(site, day=k // 8, hour=k % 8) for k in range(n)]),
        ("/calendar", lambda site, n: [new_slot(site, day=k // 8, hour=k % 8) for k in range(n)]),
        ("/slots/change", lambda site, n: [new_slot(site, day=k // 8, hour=k % 8) for k in range(n)]),
        ("/notices", lambda site, n: _add(factory.make_notice, site, n)),
        ("/technologies", lambda site, n: _add_to(factory.make_technology, site, n)),
        ("/photos", lambda site, n: _add_to(factory.make_photo, site, n)),
        ("/indicators", lambda site, n: _add_years(site, n)),
        ("/opening", lambda site, n: _add(factory.make_opening_rule, site, n)),
        ("/policy", lambda site, n: _add_policies(site, n)),
    ],
)
def test_a_list_takes_as_many_statements_however_long_it_is(app: Flask, path: str, fill: Any) -> None:
    counts = []
    for rows in (3, 60):
        site = new_site()
        fill(site, rows)
        person = manager_of(app, site)
        person.get(at(site, path))
        with statements() as sent:
            assert person.get(at(site, path)).status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 12


def _add(make: Any, site: Site, rows: int) -> None:
    with atomic() as session:
        for _ in range(rows):
            make(session, site.id)


def _add_to(make: Any, site: Site, rows: int) -> None:
    with atomic() as session:
        again = session.get_one(Site, site.id)
        for _ in range(rows):
            make(session, again)


def _add_years(site: Site, rows: int) -> None:
    with atomic() as session:
        for number in range(rows):
            factory.make_indicator(session, site.id, year=2000 + number)


def _add_policies(site: Site, rows: int) -> None:
    with atomic() as session:
        for _ in range(rows):
            make_policy(session, site.id)


def test_the_list_of_sites_takes_as_many_statements_however_long_it_is(app: Flask) -> None:
    counts = []
    for sites in (3, 60):
        with atomic() as session:
            operator = factory.make_organisation(session)
            for number in range(sites):
                factory.make_site(session, operator_id=operator.id, name=f"示范点 {number}")
        person = _of_organisation(app, operator.id)
        person.get("/console/sites")
        with statements() as sent:
            assert person.get("/console/sites").status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 12


def _of_organisation(app: Flask, organisation_id: UUID) -> PageClient:
    from tests.factories.staff import signed_in

    return PageClient(app, signed_in(Role.SITE_MANAGER, organisation_id=organisation_id))


# Profile and opening to the public.


def test_sites_are_found_by_words_and_state(app: Flask, manager: PageClient, site: Site) -> None:
    assert site.name in text_of(manager.get("/console/sites?q=南湖"))
    assert site.name in text_of(manager.get("/console/sites?state=open"))
    assert "没有符合条件" in text_of(manager.get("/console/sites?state=closed"))
    assert "没有符合条件" in text_of(manager.get("/console/sites?q=不存在的地方"))


def test_a_field_of_the_registry_says_where_it_comes_from_and_cannot_be_changed(
    manager: PageClient, site: Site
) -> None:
    page = text_of(manager.get(at(site)))
    assert "来自市级核心登记系统" in page
    assert "最近一次同步：1月1日（周四）" in page
    manager.follow(manager.post(at(site, "/edit"), PROFILE | {"name": "改名", "type": "park"}))
    with reading() as session:
        after = session.get_one(Site, site.id)
    assert (after.name, after.type, after.summary) == (site.name, site.type, "森林景区")


def test_an_edit_that_is_refused_keeps_what_was_typed(manager: PageClient, site: Site) -> None:
    wrong = {"address": "", "work_phone": "不是电话"}
    answer = manager.post(at(site, "/edit"), PROFILE | wrong)
    assert answer.status_code == 422
    assert title_of(answer).startswith("错误：")
    assert 'href="#address"' in answer.text
    assert "森林景区" in answer.text
    assert "请填写单位的办公电话" in text_of(answer)


def test_lists_are_written_one_entry_a_line(manager: PageClient, site: Site) -> None:
    lines = "游客中心\r\n\r\n 充电桩 \n充电桩"
    manager.follow(manager.post(at(site, "/edit"), PROFILE | {"facilities": lines}))
    with reading() as session:
        assert session.get_one(Site, site.id).facilities == ["游客中心", "充电桩"]


def test_a_suspension_says_why_and_the_public_sees_it(
    manager: PageClient, site: Site, client: FlaskClient
) -> None:
    assert manager.post(at(site, "/state/suspended"), {}).status_code == 422
    answer = manager.follow(manager.post(at(site, "/state/suspended"), {"reason": "主展厅改造"}))
    assert "暂停开放" in text_of(answer)
    assert "主展厅改造" in client.get(f"/api/v1/sites/{site.id}").text


def test_only_who_may_publish_opens_a_prepared_site(app: Flask) -> None:
    site = new_site(overlay=Overlay.PENDING_PUBLICATION)
    assert manager_of(app, site).get(at(site, "/state/open")).status_code == 404
    reviewer = manager_of(app, site, Role.REVIEWER)
    assert "发布并开放" in text_of(reviewer.get(at(site)))
    reviewer.follow(reviewer.post(at(site, "/state/open")))
    with reading() as session:
        assert session.get_one(Site, site.id).overlay is Overlay.OPEN


def test_a_step_that_there_is_not_is_not_found(manager: PageClient, site: Site) -> None:
    for step in ("none", "nonsense", "open"):
        assert manager.get(at(site, f"/state/{step}")).status_code == 404


# Notices, photos, technologies, indicators.


def test_a_notice_is_seen_by_the_public_at_once_and_taken_down_and_shown_again(
    manager: PageClient, site: Site, client: FlaskClient
) -> None:
    def public() -> str:
        prepared.forget()  # what was prepared is given away for two seconds more
        return client.get(f"/api/v1/sites/{site.id}").text

    assert "西门施工" not in public()
    answer = manager.post(at(site, "/notices/new"), {"title": "西门施工", "body": "请从东门入园。"})
    assert "马上能看到" in text_of(manager.follow(answer))
    assert "西门施工" in public()
    with reading() as session:
        notice_id = session.scalars(select(Notice.id)).one()
    manager.follow(manager.post(at(site, f"/notices/{notice_id}/retire")))
    assert "西门施工" not in public()
    manager.follow(manager.post(at(site, f"/notices/{notice_id}/restore")))
    assert "西门施工" in public()


# What is deleted lies in the bin for thirty days.

BINS = pytest.mark.parametrize(
    ("make", "page", "parts", "taking", "name"),
    [
        (factory.make_photo, "/photos", "/photos", "remove", "正门"),
        (factory.make_technology, "/technologies", "/technologies", "remove", "光伏长廊"),
        (factory.make_indicator, "/indicators", "/indicators", "remove", "1200 tCO2e"),
        (factory.make_notice, "/notices", "/notices", "retire", "入口调整"),
        (factory.make_local_note, "/corrections", "/corrections/notes", "retire", "以标牌为准"),
    ],
    ids=["photo", "technology", "indicator", "notice", "remark"],
)


def _make(make: Callable[..., Any], site: Site, **values: Any) -> Any:
    takes_site = make in {factory.make_photo, factory.make_technology}
    with atomic() as session:
        return make(session, session.get_one(Site, site.id) if takes_site else site.id, **values)


@BINS
def test_what_is_deleted_leaves_the_public_page_and_is_put_back(
    manager: PageClient,
    site: Site,
    client: FlaskClient,
    make: Callable[..., Any],
    page: str,
    parts: str,
    taking: str,
    name: str,
) -> None:
    def public() -> Any:
        prepared.forget()
        told = client.get(f"/api/v1/sites/{site.id}").get_json()
        return {name: value for name, value in told.items() if name not in {"updated_at", "as_of"}}

    part, whole = _make(make, site), public()
    address = at(site, f"{parts}/{part.id}")
    taken = manager.follow(manager.post(f"{address}/{taking}"))
    told = "已删除" if taking == "remove" else "已撤下"
    assert told in text_of(taken)
    assert "30 天内可以在本页恢复" in text_of(taken)
    assert f'action="{address}/restore"' in taken.text
    assert f'action="{address}/{taking}"' not in taken.text
    assert public() != whole
    assert manager.post(f"{address}/{taking}").status_code == 404
    back = manager.follow(manager.post(f"{address}/restore"))
    assert "已恢复" in text_of(back)
    assert name in text_of(back)
    assert f'action="{address}/{taking}"' in back.text
    assert public() == whole
    assert manager.post(f"{address}/restore").status_code == 303


@BINS
def test_what_lay_in_the_bin_for_thirty_days_is_not_put_back(
    manager: PageClient,
    site: Site,
    clock: Clock,
    make: Callable[..., Any],
    page: str,
    parts: str,
    taking: str,
    name: str,
) -> None:
    part = _make(make, site, retired_at=clock.now - timedelta(days=30))
    lately = _make(make, site, retired_at=clock.now - timedelta(days=29), **_ANOTHER.get(make, {}))
    shown = manager.get(at(site, page)).text
    assert str(part.id) not in shown
    assert str(lately.id) in shown
    assert manager.post(at(site, f"{parts}/{part.id}/restore")).status_code == 404
    elsewhere = at(new_site(), f"{parts}/{lately.id}")
    assert manager.post(f"{elsewhere}/restore").status_code == 404


_ANOTHER: dict[Any, dict[str, Any]] = {factory.make_indicator: {"year": 2024}}


def test_a_value_that_was_deleted_is_stated_again_in_its_place(manager: PageClient, site: Site) -> None:
    stated = {"kind": "total_emissions", "year": "2025", "value": "1200.5", "source": "核算报告"}
    manager.post(at(site, "/indicators"), stated)
    with reading() as session:
        indicator_id = session.scalars(select(Indicator.id)).one()
    manager.follow(manager.post(at(site, f"/indicators/{indicator_id}/remove")))
    page = text_of(manager.follow(manager.post(at(site, "/indicators"), stated | {"value": "900"})))
    assert "900" in page
    assert "1200.5" not in page
    assert "最近删除的数值" not in page
    assert count(Indicator) == 1


def test_a_notice_ends_no_earlier_than_today(manager: PageClient, site: Site) -> None:
    answer = manager.post(at(site, "/notices/new"), {"title": "甲", "body": "乙", "last_on": "2026-11-22"})
    assert answer.status_code == 422
    assert "不能早于今天" in text_of(answer)
    assert count(Notice) == 0


def _picture(kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(content, kind, comment=b"secret place")
    return content.getvalue()


def test_a_photo_is_written_anew_and_shown_with_its_words(manager: PageClient, site: Site) -> None:
    answer = manager.post(
        at(site, "/photos"), {"file": (io.BytesIO(_picture("JPEG")), "a.jpg"), "alt": "湖岸的光伏长廊"}
    )
    assert 'alt="湖岸的光伏长廊"' in manager.follow(answer).text
    with reading() as session:
        photo = session.scalars(select(Photo)).one()
    assert b"secret place" not in files.current().path_of(photo.file_name).read_bytes()
    assert manager.client.get(f"/media/{photo.file_name}").status_code == 200


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"alt": "照片"}, "请选择一张照片"),
        ({"file": (io.BytesIO(b"<svg/>"), "a.png"), "alt": "照片"}, ""),
        ({"file": (io.BytesIO(_picture()), "a.png"), "alt": " "}, "请用一句话说明"),
    ],
)
def test_what_is_no_picture_or_has_no_words_is_refused(
    manager: PageClient, site: Site, sent: dict[str, Any], told: str
) -> None:
    answer = manager.post(at(site, "/photos"), sent)
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert count(Photo) == 0


def test_who_may_only_look_finds_no_button_and_changes_nothing(app: Flask, site: Site) -> None:
    guide = manager_of(app, site, Role.GUIDE)
    for path in ("", "/notices", "/photos", "/technologies", "/indicators", "/opening", "/slots"):
        page = guide.get(at(site, path))
        assert page.status_code == 200
        below = page.text.partition('id="list"')[2].partition("</main>")[0]
        assert "btn-primary" not in below.replace('btn-primary" id="search"', "")
    upload = {"file": (io.BytesIO(_picture()), "a.png"), "alt": "照片"}
    assert guide.post(at(site, "/photos"), upload).status_code in {403, 404}
    assert guide.post(at(site, "/indicators"), {"year": "2025"}).status_code in {403, 404}
    assert count(Photo) == 0


def test_an_indicator_of_a_year_is_stated_and_stated_again(manager: PageClient, site: Site) -> None:
    stated = {"kind": "total_emissions", "year": "2025", "value": "1200.5", "source": "核算报告"}
    assert "1200.5" in text_of(manager.follow(manager.post(at(site, "/indicators"), stated)))
    page = text_of(manager.follow(manager.post(at(site, "/indicators"), stated | {"value": "900"})))
    assert "900" in page
    assert "1200.5" not in page
    assert manager.post(at(site, "/indicators"), stated | {"value": "-1"}).status_code == 422
    assert manager.post(at(site, "/indicators"), stated | {"kind": "magic"}).status_code == 422


def test_a_technology_is_added_changed_and_deleted(manager: PageClient, site: Site) -> None:
    told = {"name": "地源热泵", "description": "冬暖夏凉"}
    page = manager.follow(manager.post(at(site, "/technologies/new"), told))
    technology_id = page.text.partition('id="edit-')[2].partition('"')[0]
    changed = told | {"name": "空气源热泵"}
    page = manager.follow(manager.post(at(site, f"/technologies/{technology_id}"), changed))
    assert "空气源热泵" in text_of(page)
    page = manager.follow(manager.post(at(site, f"/technologies/{technology_id}/remove")))
    assert "还没有填写低碳技术" in text_of(page)


# Corrections.


def test_a_correction_goes_to_the_registry_and_a_remark_to_the_public(
    manager: PageClient, site: Site, client: FlaskClient
) -> None:
    from tests.factories.projects import hold_project

    with atomic() as session:
        hold_project(session, site.project_id, site_id=site.id)
    filed = {"field": "name", "claimed_value": "南湖零碳景区", "evidence_url": "javascript:alert(1)"}
    assert manager.post(at(site, "/corrections/new"), filed).status_code == 422
    page = manager.follow(manager.post(at(site, "/corrections/new"), filed | {"evidence_url": ""}))
    assert "待送达" in text_of(page)
    assert count(Correction) == 1
    again = manager.post(at(site, "/corrections/new"), filed | {"evidence_url": ""})
    assert again.status_code == 422
    assert "南湖零碳景区" in again.text
    manager.follow(manager.post(at(site, "/corrections/notes/new"), {"about": "name", "text": "以标牌为准"}))
    assert "以标牌为准" in client.get(f"/api/v1/sites/{site.id}").text


# Opening hours.


def test_the_preview_of_a_rule_counts_what_is_then_made(manager: PageClient, site: Site) -> None:
    shown = manager.post(at(site, "/opening/rules/new"), RULE)
    assert shown.status_code == 200
    words = text_of(shown)
    assert "周三至周五 09:00—12:00 开放，每场 1 小时，可预约 20 人" in words
    number = int(words.partition("生成 ")[2].partition(" 个场次")[0])
    assert shown.text.count("<li>11月") + shown.text.count("<li>12月") >= number > 0
    assert count(Slot) == count(OpeningRule) == 0
    told = manager.follow(manager.post(at(site, "/opening/rules/new"), fields_of(shown.text, "apply")))
    assert f"生成 {number} 个场次" in text_of(told)
    assert count(Slot) == number
    # The weekly run finds nothing left to make.
    assert "场次已经齐全" in text_of(manager.get(at(site, "/slots/generate")))


def test_the_preview_of_making_slots_lists_what_is_then_made(manager: PageClient, site: Site) -> None:
    _add(factory.make_opening_rule, site, 1)
    shown = manager.get(at(site, "/slots/generate"))
    number = int(text_of(shown).partition("将生成 ")[2].partition(" 个场次")[0])
    listed = shown.text.count('<tr><th scope="row">')
    manager.follow(manager.post(at(site, "/slots/generate"), {"step": "apply"}))
    assert count(Slot) == number == listed


def test_holidays_on_a_closing_day_move_it(manager: PageClient, clock: Clock) -> None:
    # The first of January 2027 is a Friday and a holiday: the closing day moves to the next working day.
    site = new_site(weekly_closing_weekday=5)
    with atomic() as session:
        factory.make_opening_rule(session, site.id)
    from miniprogram_api.visits.queries.month import show_month

    with reading() as session:
        days = {day.on.day: day for day in show_month(session, site.id, year=2027, month=1)}
    assert days[1].is_holiday
    assert days[1].is_open
    assert not days[4].is_open
    assert days[1].day.provisional


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"capacity": ""}, "请填写每场可预约人数"),
        ({"capacity": "0"}, "请填写 1 至 100000 之间的整数"),
        ({"capacity": "二十"}, "请填写整数"),
        ({"weekdays": []}, "请至少选择一天"),
        ({"closes_minute": "08:00"}, ""),
        ({"opens_minute": "25:00"}, "请按 09:30 的格式填写时间"),
        ({"season_from_month": "2", "season_from_day": "30"}, "季节的开始和结束都要选"),
        (
            {
                "season_from_month": "2",
                "season_from_day": "30",
                "season_to_month": "3",
                "season_to_day": "1",
            },
            "没有这一天",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_and_kept(
    manager: PageClient, site: Site, wrong: dict[str, Any], told: str
) -> None:
    for step in ("preview", "apply"):
        answer = manager.post(at(site, "/opening/rules/new"), RULE | wrong | {"step": step})
        assert answer.status_code == 422
        assert told in text_of(answer)
        assert 'value="12:00"' in answer.text or "closes_minute" in wrong
    assert count(OpeningRule) == 0


def test_back_from_the_preview_everything_is_still_there(manager: PageClient, site: Site) -> None:
    shown = manager.post(at(site, "/opening/rules/new"), RULE | {"day_capacity": "55"})
    back = manager.post(at(site, "/opening/rules/new"), {**fields_of(shown.text, "apply"), "step": "fill"})
    assert back.status_code == 200
    assert 'value="55"' in back.text


def test_retiring_a_rule_says_what_follows(manager: PageClient, site: Site) -> None:
    _add(factory.make_opening_rule, site, 1)
    manager.post(at(site, "/slots/generate"), {"step": "apply"})
    with reading() as session:
        rule_id = session.scalars(select(OpeningRule.id)).one()
    assert "没有预约的场次" in text_of(manager.get(at(site, f"/opening/rules/{rule_id}/retire")))
    manager.follow(manager.post(at(site, f"/opening/rules/{rule_id}/retire"), {"step": "apply"}))
    assert count(Slot) == 0


def test_another_weekly_closing_day_is_previewed(manager: PageClient, site: Site) -> None:
    _add(factory.make_opening_rule, site, 1)
    manager.post(at(site, "/slots/generate"), {"step": "apply"})
    before = count(Slot)
    shown = manager.post(at(site, "/opening/weekly"), {"weekday": "1", "step": "preview"})
    assert "每周闭馆日：周一" in text_of(shown)
    assert count(Slot) == before
    manager.follow(manager.post(at(site, "/opening/weekly"), fields_of(shown.text, "apply")))
    assert count(Slot) < before


# The month and the policy.


def test_a_month_shows_each_day_and_why_it_is_closed(manager: PageClient, site: Site) -> None:
    from datetime import date

    with atomic() as session:
        factory.make_opening_rule(session, site.id)
        factory.make_closure(session, site.id, on=date(2026, 11, 26))
        factory.make_special_opening(session, site.id, on=date(2026, 11, 27))
    new_slot(site, booked=0, capacity=20)
    page = manager.get(at(site, "/calendar?month=2026-11"))
    words = text_of(page)
    assert "2026 年 11 月" in title_of(page)
    assert "设备检修" in words
    assert "特别开放" in words
    assert "0 / 20 人" in words
    later = text_of(manager.get(at(site, "/calendar?month=2027-02")))
    assert "国务院还没有公布" in later
    assert "2026 年 11 月" in title_of(manager.get(at(site, "/calendar?month=nonsense")))


def _policy_fields(page: str) -> dict[str, str]:
    import re
    from html import unescape

    found = re.findall(r'<input[^>]*\bname="([^"]+)"[^>]*\bvalue="([^"]*)"', page)
    found += re.findall(r'<input[^>]*\bid="([^"]+)"[^>]*\bname="\1"[^>]*\bvalue="([^"]*)"', page)
    values = {name: unescape(value) for name, value in found if name not in {"csrf_token", "step"}}
    return values | {"real_name": "none"}


def test_each_number_of_the_policy_is_explained_and_a_change_says_from_when(
    manager: PageClient, site: Site, client: FlaskClient
) -> None:
    page = manager.get(at(site, "/policy"))
    assert "一次最多预约 5 人。" in text_of(page)
    values = _policy_fields(page.text)
    shown = manager.post(at(site, "/policy"), values | {"party_max": "8", "effective_on": "2026-12-01"})
    words = text_of(shown)
    assert "一次最多预约 5 人。 一次最多预约 8 人。" in words
    assert "12月1日（周二） 起的场次" in words or "12月1日（周二）起的场次" in words
    assert count(PolicyVersion) == 0
    told = text_of(manager.follow(manager.post(at(site, "/policy"), fields_of(shown.text, "apply"))))
    assert "预约规则已保存" in told
    assert "尚未生效" in told
    assert "8 人" not in str(client.get(f"/api/v1/sites/{site.id}").get_json())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"party_max": ""}, "请填写最多人数"),
        ({"party_max": "0"}, "请填写 1 至 1000 之间的整数"),
        ({"party_min": "9"}, "矛盾"),
        ({"no_show_half_points": "0.3"}, "请填写 0、0.5、1"),
        ({"effective_on": "2026-11-22"}, ""),
    ],
)
def test_a_policy_that_cannot_be_is_refused_and_kept(
    manager: PageClient, site: Site, wrong: dict[str, str], told: str
) -> None:
    values = _policy_fields(manager.get(at(site, "/policy")).text)
    answer = manager.post(at(site, "/policy"), values | {"strike_days": "77"} | wrong)
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert 'value="77"' in answer.text
