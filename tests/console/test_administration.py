"""The desks of administration: who may open what, what is refused and how, and one line for each change."""

import csv
import io
import json
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.console.words import audit as audit_words
from miniprogram_api.identity.models import GateDevice, RoleGrant, StaffAccount
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import roles
from miniprogram_api.kernel import audit
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import SYSTEM, Actor, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import make_staff, open_session, signed_in
from tests.support.audit_actions import recorded_actions
from tests.support.pages import PageClient, carried, text_of, title_of
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("clock")


def _as(app: Flask, role: Role, **place: Any) -> PageClient:
    return PageClient(app, signed_in(role, **place))


def _someone(**values: Any) -> UUID:
    with atomic() as session:
        return make_staff(session, **values).id


def _lines() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(AuditRow)) or 0


# People.


def test_the_list_of_people_takes_as_many_statements_for_one_as_for_twenty(app: Flask) -> None:
    admin = _as(app, Role.ADMIN)
    admin.get("/console/staff")
    with statements() as for_one:
        admin.get("/console/staff")
    with atomic() as session:
        place = make_organisation(session).id
        site = make_site(session).id
        for _ in range(20):
            account = make_staff(session, role=Role.GATE, site_id=site, belongs_to=place)
            roles.grant_role(
                session,
                staff_id=account.id,
                role=Role.GUIDE,
                organisation_id=place,
                actor=SYSTEM,
                now=kernel_clock.now(),
            )
    with statements() as for_twenty:
        admin.get("/console/staff")
    assert len(for_twenty) <= len(for_one) + 2 <= 12


def test_people_are_found_by_name_role_and_state(app: Flask) -> None:
    with atomic() as session:
        make_staff(session, "wang.fang", role=Role.AUDITOR)
        make_staff(session, "li.hua", totp_secret=None)
    admin = _as(app, Role.ADMIN)

    def found(query: str) -> list[str]:
        return [
            name for name in ("wang.fang", "li.hua") if name in text_of(admin.get(f"/console/staff?{query}"))
        ]

    assert found("q=WANG") == ["wang.fang"]
    assert found("role=auditor") == ["wang.fang"]
    assert found("state=invited") == ["li.hua"]
    assert found("q=%25") == []
    assert "没有符合条件的账号" in text_of(admin.get("/console/staff?q=nobody"))


def test_a_role_that_takes_two_waits_for_the_second(app: Flask) -> None:
    giver, second = _as(app, Role.ADMIN), _as(app, Role.ADMIN)
    staff_id = _someone()
    given = giver.post(f"/console/staff/{staff_id}/grants/new", {"role": "dpo", "reach": "city"})
    assert "待第二人批准" in text_of(giver.follow(given))
    with reading() as session:
        grant = session.scalars(select(RoleGrant).where(RoleGrant.staff_id == staff_id)).one()
    approve = f"/console/staff/{staff_id}/grants/{grant.id}/approve"
    assert approve not in giver.get(f"/console/staff/{staff_id}").text
    refused = giver.post(approve)
    assert refused.status_code == 422
    assert "请由另一位管理员批准" in text_of(refused)
    assert approve in second.get(f"/console/staff/{staff_id}").text
    assert "项角色待您批准" in text_of(second.get("/console/"))
    assert "已批准" in text_of(second.follow(second.post(approve)))


def test_a_stale_second_factor_is_asked_for_and_what_was_typed_stays(app: Flask, clock: Clock) -> None:
    admin, staff_id = _as(app, Role.ADMIN), _someone()
    clock.advance(minutes=11)
    answer = admin.post(f"/console/staff/{staff_id}/grants/new", {"role": "auditor", "reach": "city"})
    assert answer.status_code == 403
    assert "再次验证身份" in title_of(answer)
    assert "auditor" in answer.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"role": "", "reach": "city"}, "请选择角色"),
        ({"role": "gate", "reach": "site", "site_id": ""}, "请选择示范点"),
        ({"role": "gate", "reach": "city"}, "该角色不能授予这个范围"),
        ({"role": "gate"}, "请选择范围"),
    ],
)
def test_a_role_without_its_place_is_refused_in_words(app: Flask, fields: dict[str, str], told: str) -> None:
    answer = _as(app, Role.ADMIN).post(f"/console/staff/{_someone()}/grants/new", fields)
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert title_of(answer).startswith("错误：")


def test_disabling_shows_what_is_left_and_moves_it(app: Flask) -> None:
    leaver, receiver = _someone(role=Role.ADMIN), _someone(username="zhang.li", role=Role.ADMIN)
    with atomic() as session:
        newcomer = make_staff(session)
        giver = Actor(kind="staff", id=str(leaver))
        roles.grant_role(session, staff_id=newcomer.id, role=Role.DPO, actor=giver, now=kernel_clock.now())
    admin, address = _as(app, Role.ADMIN), f"/console/staff/{leaver}/disable"
    page = admin.get(address)
    assert "待第二人批准的授权（1 件）" in text_of(page)
    assert "zhang.li" in text_of(page)
    nobody = admin.post(address, {"reason": "调离", "receiver": ""})
    assert nobody.status_code == 422
    assert "请选择由谁接手" in text_of(nobody)
    told = admin.follow(admin.post(address, {"reason": "调离", "receiver": str(receiver)}))
    assert "1 件未办结事项已交给接手人" in text_of(told)
    assert "已停用" in text_of(told)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("change", {"display_name": "李桦", "organisation_id": ""}),
        ("disable", {"reason": "调离"}),
        ("second-factor", {"reason": "手机遗失"}),
        ("invitation", {}),
        ("grants/new", {"role": "auditor", "reach": "city"}),
    ],
)
def test_each_change_to_an_account_leaves_one_line(app: Flask, path: str, fields: dict[str, str]) -> None:
    admin, staff_id = _as(app, Role.ADMIN), _someone()
    before = _lines()
    assert admin.post(f"/console/staff/{staff_id}/{path}", fields).status_code in {200, 303}
    assert _lines() == before + 1


@pytest.mark.parametrize("path", ["", "/change", "/disable", "/grants/new", "/invitation", "/second-factor"])
def test_an_unknown_account_is_the_plain_page(app: Flask, path: str) -> None:
    admin = _as(app, Role.ADMIN)
    for wanted in (str(new_id()), "nonsense"):
        answer = admin.get(f"/console/staff/{wanted}{path}")
        assert answer.status_code == 404
        assert "没有找到" in title_of(answer)
    if path:
        assert admin.post(f"/console/staff/{new_id()}{path}").status_code == 404


def test_an_organisation_is_made_once(app: Flask) -> None:
    admin, fields = _as(app, Role.ADMIN), {"name": "长春市示范小学", "credit_code": ""}
    assert "长春市示范小学" in text_of(admin.follow(admin.post("/console/organisations/new", fields)))
    again = admin.post("/console/organisations/new", fields)
    assert again.status_code == 422
    assert "同名机构已存在" in text_of(again)


# Devices.


def test_a_device_gets_a_token_that_is_shown_once(app: Flask) -> None:
    with atomic() as session:
        site = make_site(session).id
    manager = _as(app, Role.SITE_MANAGER, site_id=site)
    shown = manager.post(f"/console/sites/{site}/devices/new", {"name": "东门平板"})
    token = re.search(r"gd_[A-Za-z0-9_-]{30,}", shown.text)
    assert token
    assert "data:image/png;base64," in shown.text
    listed = manager.get(f"/console/sites/{site}/devices")
    assert "东门平板" in text_of(listed)
    assert token.group(0) not in listed.text
    with reading() as session:
        device = session.scalars(select(GateDevice.id)).one()
    told = manager.follow(manager.post(f"/console/sites/{site}/devices/{device}/revoke"))
    assert "已停用，不能再核销" in text_of(told)


def test_another_sites_devices_look_like_none(app: Flask) -> None:
    with atomic() as session:
        own, other = make_site(session).id, make_site(session).id
    manager = _as(app, Role.SITE_MANAGER, site_id=own)
    for path in (f"/console/sites/{other}/devices", f"/console/sites/{other}/devices/new"):
        assert manager.get(path).status_code == 404
    assert manager.post(f"/console/sites/{other}/devices/new", {"name": "x"}).status_code == 404


# The audit trail.


def test_the_trail_is_filtered_and_names_people_and_actions(app: Flask) -> None:
    auditor = _as(app, Role.AUDITOR)
    with atomic() as session:
        place = make_organisation(session).id
        person = make_staff(session, "wang.fang", belongs_to=place)
        open_session(session, person.id)
    address = f"/console/audit?actor=wang.fang&action=identity.staff_signed_in&organisation={place}"
    found = text_of(auditor.get(address))
    assert "登录" in found
    assert "identity.staff_signed_in" in found
    assert "没有符合条件的记录" in text_of(auditor.get("/console/audit?actor=nobody"))
    assert "没有符合条件的记录" in text_of(auditor.get("/console/audit?since=2027-01-01"))
    assert "没有符合条件的记录" in text_of(auditor.get("/console/audit?until=2026-01-01"))
    assert "没有符合条件的记录" in text_of(auditor.get("/console/audit?since=nonsense"))


def test_the_trail_offers_nothing_that_changes_it(app: Flask) -> None:
    page = _as(app, Role.AUDITOR).get("/console/audit")
    forms = [form for form in re.findall(r"<form[^>]*>", page.text) if 'method="post"' in form]
    assert len(forms) == 1
    assert "/console/sign-out" in forms[0]
    changing = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console/audit") and "POST" in (rule.methods or ())
    ]
    assert changing == ["/console/audit/export"]


def test_the_trail_takes_as_many_statements_for_one_as_for_thirty(app: Flask) -> None:
    auditor = _as(app, Role.AUDITOR)
    auditor.get("/console/audit")
    with statements() as for_few:
        auditor.get("/console/audit")
    with atomic() as session:
        for _ in range(30):
            open_session(session, make_staff(session).id)
    with statements() as for_many:
        auditor.get("/console/audit")
    assert len(for_many) == len(for_few) <= 12


def _record(reason: str) -> None:
    with atomic() as session:
        audit.record(
            session, actor=SYSTEM, action="sites.edit", object_type="site", object_id="S-1", reason=reason
        )


def test_an_export_is_safe_to_open_and_stands_in_the_trail(app: Flask) -> None:
    _record("=1+1")
    auditor = _as(app, Role.AUDITOR)
    fields = {"kind": "csv", "reason": "年度留存"}
    answer = auditor.post("/console/audit/export?action=sites.edit", fields)
    assert answer.mimetype == "text/csv"
    header, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    (row,) = [dict(zip(header, row, strict=True)) for row in rows]
    assert (row["操作"], row["理由"], row["对象编号"]) == ("修改示范点资料", "'=1+1", "S-1")
    with reading() as session:
        line = session.scalars(select(AuditRow).where(AuditRow.action == "identity.audit_exported")).one()
    assert line.after == {"rows": 1, "filters": {"action": "sites.edit"}}
    assert line.reason == "年度留存"


def test_an_export_as_lines_holds_the_chain(app: Flask) -> None:
    _record("查")
    audit.seal_audit()
    fields = {"kind": "jsonl", "reason": "核对"}
    answer = _as(app, Role.AUDITOR).post("/console/audit/export?action=sites.edit", fields)
    (row,) = [json.loads(line) for line in answer.data.decode().splitlines()]
    assert row["sequence"] > 0
    assert len(row["hash"]) == 64


def test_an_export_needs_a_reason_and_its_permission(app: Flask) -> None:
    answer = _as(app, Role.AUDITOR).post("/console/audit/export", {"kind": "csv", "reason": ""})
    assert answer.status_code == 422
    assert "请填写用途" in text_of(answer)
    assert _as(app, Role.ADMIN).get("/console/audit/export").status_code == 403


# Settings.


def test_a_setting_is_changed_from_a_day_on_and_taken_back(app: Flask) -> None:
    admin, address = _as(app, Role.ADMIN), "/console/settings/identity.staff_idle_minutes"
    fields = {"value": "10", "when": "later", "effective_on": "2026-12-01", "reason": "按检查要求"}
    told = admin.follow(admin.post(address, fields))
    assert "从12月1日（周二）00:00起是 10 分钟" in text_of(told)
    assert "待生效" in text_of(told)
    assert "12月1日（周二）起 10 分钟" in text_of(admin.get("/console/settings"))
    withdraw = re.search(r'action="(/console/settings/[^"]+/withdraw)"', told.text)
    assert withdraw
    assert "已撤回" in text_of(admin.follow(admin.post(withdraw.group(1))))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"value": "4", "when": "now", "reason": "试"}, "请填写 5 至 120 之间的整数"),
        ({"value": "x", "when": "now", "reason": "试"}, "有内容需要修改"),
        ({"value": "10", "when": "later", "reason": "试"}, "请选择生效日期"),
        ({"value": "10", "when": "later", "effective_on": "2026-01-01", "reason": "试"}, "不能早于现在"),
        ({"value": "10", "when": "now", "reason": ""}, "请填写修改理由"),
        ({"value": "30", "when": "now", "reason": "试"}, "已是这个数值"),
    ],
)
def test_a_wrong_change_is_refused_in_words(app: Flask, fields: dict[str, str], told: str) -> None:
    answer = _as(app, Role.ADMIN).post("/console/settings/identity.staff_idle_minutes", fields)
    assert answer.status_code == 422
    assert told in text_of(answer)


def test_the_citys_rules_are_shown_before_they_change(app: Flask) -> None:
    admin, address = _as(app, Role.ADMIN), "/console/settings/default-policy"
    page = admin.get(address)
    fields = dict(re.findall(r'<input[^>]*name="([a-z_]+)"[^>]*value="([^"]*)"', page.text))
    fields |= {"party_max": "3", "effective_on": "2026-12-01", "reason": "旺季"}
    fields.pop("csrf_token", None)
    check = admin.post(address, fields)
    assert check.status_code == 200
    assert "确认修改" in text_of(check)
    assert "每次可预约 1 至 3 人" in text_of(check)
    before = _lines()
    again = admin.post(address, carried(check, "fill"))
    assert 'value="旺季"' in again.text
    told = admin.follow(admin.post(address, carried(check, "apply")))
    assert "从12月1日（周二）的场次起改变" in text_of(told)
    assert "第 1 版" in text_of(told)
    assert _lines() == before + 1


def test_who_may_see_settings_may_not_change_them_without_the_permission(app: Flask) -> None:
    for role in (Role.AUDITOR, Role.DPO):
        person = _as(app, role)
        assert person.get("/console/settings").status_code == 403
        assert person.post("/console/settings/identity.staff_idle_minutes").status_code == 403


def test_a_setting_that_there_is_not_is_the_plain_page(app: Flask) -> None:
    assert _as(app, Role.ADMIN).get("/console/settings/kernel.none").status_code == 404


# Data protection.


def test_a_request_is_filed_and_decided_without_anybodys_name(app: Flask) -> None:
    dpo = _as(app, Role.DPO)
    fields = {"kind": "erasure", "channel": "letter", "received_on": "2026-11-20", "file_number": "2026-014"}
    filed = dpo.follow(dpo.post("/console/requests/new", fields))
    assert "登记号 DR-20261120-" in text_of(filed)
    (number,) = set(re.findall(r"DR-20261120-[0-9A-Z]{6}", text_of(filed)))
    assert "查看" in text_of(dpo.get(f"/console/requests?receipt={number.lower()}"))
    address = re.search(r'href="(/console/requests/[0-9a-f-]+)/decide"', filed.text)
    assert address
    before = _lines()
    told = dpo.follow(
        dpo.post(f"{address.group(1)}/decide", {"state": "refused", "outcome": "依法须保存，已书面说明。"})
    )
    assert "不予办理" in text_of(told)
    assert _lines() == before + 1
    again = dpo.post(f"{address.group(1)}/decide", {"state": "done", "outcome": "改"})
    assert again.status_code == 422
    assert "已办结，结果不能再改" in text_of(again)


def test_requests_belong_to_the_officer_alone(app: Flask) -> None:
    for role in (Role.ADMIN, Role.AUDITOR):
        assert _as(app, role).get("/console/requests").status_code == 403
        assert _as(app, role).get("/console/consents").status_code == 403


# Words.


def test_every_action_that_is_recorded_has_a_chinese_name() -> None:
    assert sorted(recorded_actions() - audit_words.ACTIONS.keys()) == []


def test_every_name_is_chinese_and_no_two_actions_share_one() -> None:
    names = list(audit_words.ACTIONS.values())
    assert all(re.search(r"[\u4e00-\u9fff]", name) for name in names)
    assert len(names) == len(set(names))


def test_values_of_a_change_are_said_for_people() -> None:
    said = [
        (True, "是"),
        (None, "—"),
        (3, "3"),
        ("dpo", "个人信息保护负责人"),
        ("公交 10 路", "公交 10 路"),
        ("2026-11-23T02:00:00+00:00", "11月23日（周一）10:00"),
        (["a"], '["a"]'),
    ]
    assert [audit_words.say_value(value) for value, _ in said] == [words for _, words in said]
    assert audit_words.say_field("expires_at") == "有效至"
    assert audit_words.say_field("unheard_of") == "unheard_of"


def test_the_account_pages_name_no_id(app: Flask) -> None:
    """What people read are names; ids stand in the details of the trail only."""
    staff_id = _someone(role=Role.AUDITOR)
    page = text_of(_as(app, Role.ADMIN).get(f"/console/staff/{staff_id}"))
    with reading() as session:
        assert session.get_one(StaffAccount, staff_id).display_name in page
    assert str(staff_id) not in page
