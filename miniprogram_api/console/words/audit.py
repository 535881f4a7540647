"""What each action and object of the audit trail is called. A new action is named here, or a test fails."""

import json
import re
from datetime import datetime
from typing import Any

from miniprogram_api.console.words import ROLE_NAMES, say_instant

ACTIONS = {
    # Members.
    "identity.member_joined": "市民首次登录",
    "identity.session_opened": "市民登录",
    "identity.session_refreshed": "市民登录续期",
    "identity.sessions_ended": "市民退出登录",
    "identity.nickname_changed": "修改昵称",
    "identity.phone_changed": "绑定或更换手机号",
    "identity.phone_removed": "解绑手机号",
    "identity.consent_decided": "同意或撤回同意",
    "identity.member_erased": "注销并清除个人信息",
    "messaging.message_read": "阅读站内消息",
    "messaging.subscription_granted": "授权订阅消息",
    # Staff.
    "identity.staff_created": "新建账号",
    "identity.staff_renamed": "修改姓名",
    "identity.staff_moved": "更换所属机构",
    "identity.staff_disabled": "停用账号",
    "identity.staff_enabled": "恢复账号",
    "identity.staff_invited": "生成邀请或重置链接",
    "identity.invitation_used": "通过链接设置密码",
    "identity.invitation_withdrawn": "作废链接",
    "identity.tasks_handed_over": "移交未办结事项",
    "identity.staff_signed_in": "登录",
    "identity.staff_sessions_ended": "结束登录",
    "identity.staff_locked_out": "登录失败过多被锁定",
    "identity.staff_second_factor_shown": "再次验证身份",
    "identity.staff_password_changed": "更换密码",
    "identity.staff_password_reset": "重置密码",
    "identity.staff_totp_begun": "开始绑定动态验证码",
    "identity.staff_totp_enrolled": "绑定动态验证码",
    "identity.staff_totp_reset": "解除动态验证码",
    "identity.role_granted": "授予角色",
    "identity.role_approved": "批准角色",
    "identity.role_revoked": "收回角色",
    "identity.role_frozen": "冻结角色",
    "identity.role_restored": "恢复角色",
    "identity.organisation_created": "新建机构",
    "identity.organisation_identified": "补充机构代码",
    "identity.gate_device_added": "添加闸机设备",
    "identity.gate_device_revoked": "停用闸机设备",
    "identity.gate_device_frozen": "冻结闸机设备",
    "identity.gate_device_restored": "恢复闸机设备",
    "identity.audit_exported": "导出审计记录",
    "identity.data_request_filed": "登记个人信息请求",
    "identity.data_request_extended": "延长个人信息请求期限",
    "identity.data_request_decided": "办结个人信息请求",
    # Sites.
    "sites.apply_project": "按登记系统更新示范点",
    "sites.end_designation": "终止基地资格",
    "sites.set_overlay": "改变开放状态",
    "sites.edit": "修改示范点资料",
    "sites.add_opening_rule": "新增开放时段",
    "sites.edit_opening_rule": "修改开放时段",
    "sites.retire_opening_rule": "停用开放时段",
    "sites.add_closure": "登记闭馆",
    "sites.explain_closure": "修改闭馆说明",
    "sites.lift_closure": "取消闭馆",
    "sites.add_photo": "上传照片",
    "sites.edit_photo": "修改照片",
    "sites.remove_photo": "删除照片",
    "sites.restore_photo": "恢复照片",
    "sites.add_notice": "发布公告",
    "sites.retire_notice": "撤下公告",
    "sites.restore_notice": "恢复公告",
    "sites.add_technology": "新增技术介绍",
    "sites.edit_technology": "修改技术介绍",
    "sites.remove_technology": "删除技术介绍",
    "sites.restore_technology": "恢复技术介绍",
    "sites.set_indicator": "填报指标",
    "sites.remove_indicator": "删除指标",
    "sites.restore_indicator": "恢复指标",
    "sites.add_local_note": "新增数据备注",
    "sites.retire_local_note": "撤下数据备注",
    "sites.restore_local_note": "恢复数据备注",
    # Visits.
    "visits.book": "预约",
    "visits.reschedule": "改期",
    "visits.cancel": "取消预约",
    "visits.visit_changed": "调整预约",
    "visits.visit_moved_by_site": "示范点改约到其他场次",
    "visits.visit_restored": "恢复已取消的预约",
    "visits.cancel_part": "减少参观人",
    "visits.cancel_by_site": "因闭馆取消预约",
    "visits.move_by_site": "示范点改期",
    "visits.restore": "恢复被示范点取消的预约",
    "visits.change_slots": "批量更改场次",
    "visits.undo_slot_change": "撤销批量更改场次",
    "visits.slot_change_undone": "场次恢复原样",
    "visits.cancel_by_authority": "因退出取消预约",
    "visits.place_hold": "占位",
    "visits.extend_hold": "延长占位",
    "visits.end_hold": "释放占位",
    "visits.admit": "核销入场",
    "visits.admit_walk_in": "现场散客入场",
    "visits.undo_admission": "撤销核销",
    "visits.find_conflict": "发现核销冲突",
    "visits.close_conflict": "处理核销冲突",
    "visits.displace_admission": "核销让位于更早的一次",
    "visits.bookings_exported": "导出预约名单",
    "visits.count_out": "登记离场",
    "visits.mark_no_show": "记为爽约",
    "visits.excuse": "不计爽约",
    "visits.correct_no_show": "更正爽约",
    "visits.add_strike": "记入爽约记录",
    "visits.waive_strike": "免除爽约记录",
    "visits.change_standing": "暂停或恢复预约资格",
    "visits.contact_revealed": "查看完整联系方式",
    "visits.erase_visitor_data": "到期清除参观人信息",
    "visits.generate_slots": "生成场次",
    "visits.slot_added": "加开场次",
    "visits.slot_edited": "修改场次",
    "visits.slot_closed": "关闭场次",
    "visits.slot_reopened": "重开场次",
    "visits.change_policy": "修改预约规则",
    "visits.change_default_policy": "修改全市默认预约规则",
    "visits.feed_opened": "开通日历订阅",
    "visits.feed_closed": "关闭日历订阅",
    # The exchange with the registry.
    "registry.take_over": "接收登记系统变更",
    "registry.take_snapshot": "接收登记系统快照",
    "registry.request_resync": "要求全量同步",
    "registry.lifecycle_jump": "项目状态跳变",
    "registry.bury_record": "记录转入死信",
    "registry.clear_dead_letters": "死信自动消除",
    "registry.replay_dead_letter": "重放死信",
    "registry.ask_discard": "申请丢弃死信",
    "registry.discard_dead_letter": "确认丢弃死信",
    "registry.reconcile": "与登记系统对账",
    "registry.ask_comparison": "要求立即对账",
    "registry.decide_difference": "处理对账差异",
    "registry.acknowledge_report": "登记系统确认对账报告",
    "registry.refresh_dictionary": "更新代码表",
    "registry.let_doorbell_in": "收到变更通知",
    "registry.file_correction": "提交纠错",
    "registry.settle_correction": "纠错有结果",
    "registry.withdrawal_opened": "启动退出处理",
    "registry.withdrawal_cancelled": "退出处理取消预约",
    "registry.withdrawal_completed": "退出处理完成",
    "registry.withdrawal_call_done": "登记已电话告知",
    "registry.reveal_for_call": "查看电话告知名单",
    "registry.objection_file_uploaded": "上传异议图片",
    "registry.objection_filed": "提交公示异议",
    "registry.objection_moved": "异议状态变化",
    "registry.objections_erased": "清除异议个人信息",
    "registry.partner_added": "新增对接方",
    "registry.partner_ended": "停用对接方",
    "registry.partner_key_added": "新增对接方密钥",
    "registry.partner_key_retired": "停用对接方密钥",
    "registry.request_subscription": "申请事件订阅",
    "registry.add_subscription": "新增事件订阅",
    "registry.change_subscription": "修改事件订阅",
    "registry.rotate_subscription_secret": "更换订阅密钥",
    "registry.end_subscription": "结束事件订阅",
    "registry.approve_subscription": "批准接收地址",
    "registry.refuse_subscription": "不批准接收地址",
    "registry.disable_subscription": "停用事件订阅",
    "registry.replay_sending": "重发事件",
    "partner.called": "对接方调用",
    "partner.refused": "对接方调用被拒",
    "engagement.revise_day": "修订每日汇总",
    "feeds.begin_anew": "重建数据流",
    # The product itself.
    "kernel.gazette_year": "录入节假日安排",
    "kernel.setting_changed": "修改运行设置",
    "kernel.setting_withdrawn": "撤回未生效的设置",
    "operations.reconcile": "校正计数",
    "operations.keys_rotated": "轮换密钥",
}

OBJECTS = {
    "staff": "账号",
    "organisation": "机构",
    "gate_device": "闸机设备",
    "member": "市民",
    "data_request": "个人信息请求",
    "audit_export": "审计导出",
    "setting": "运行设置",
    "default_policy": "全市默认预约规则",
    "site": "示范点",
    "slot": "场次",
    "slot_change": "批量更改",
    "booking": "预约",
    "hold": "占位",
    "contact": "联系方式",
    "project": "项目",
    "dead_letter": "死信",
    "registry_report": "对账报告",
    "registry_difference": "对账差异",
    "correction": "纠错",
    "withdrawal": "退出处理",
    "objection": "公示异议",
    "objection_file": "异议图片",
    "partner": "对接方",
    "event_subscription": "事件订阅",
    "sending": "事件投递",
    "doorbell": "变更通知",
    "dictionary": "代码表",
    "engagement_day": "每日汇总",
    "message": "站内消息",
    "feed": "数据流",
    "calendar_year": "节假日安排",
    "retention": "到期清除",
    "key": "密钥",
}

ACTORS = {
    "staff": "工作人员",
    "member": "市民",
    "device": "闸机设备",
    "partner": "对接方",
    "system": "系统",
    "operator": "服务器操作员",
    "registry": "登记系统",
}

# What stands in `before` and `after`; a name that is not here is shown as it is.
FIELDS = {
    "awaiting_approval": "待第二人批准",
    "channel": "途径",
    "credit_code": "信用代码",
    "decision": "决定",
    "demo": "演示账号",
    "due_on": "期限",
    "effective_at": "生效时间",
    "effective_on": "生效日期",
    "expires_at": "有效至",
    "failures": "失败次数",
    "filters": "筛选条件",
    "granted_by": "授予人",
    "kind": "类型",
    "late": "超期",
    "locked_until": "锁定至",
    "name": "名称",
    "numbers": "规则数值",
    "organisation": "机构",
    "outcome": "结果",
    "overlay": "开放状态",
    "project_id": "项目",
    "purpose": "用途",
    "receiver": "接手人",
    "role": "角色",
    "rows": "行数",
    "scope": "范围",
    "session": "登录",
    "sessions": "登录",
    "site": "示范点",
    "state": "状态",
    "until": "至",
    "username": "用户名",
    "value": "数值",
    "version": "版本",
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*[+-]\d\d:\d\d")


def say_field(name: str) -> str:
    """What a field of a change is called."""
    return FIELDS.get(name, name)


def say_value(value: Any) -> str:
    """A value of a change for people: instants in Beijing's time, yes and no, roles by their names."""
    match value:
        case bool():
            return "是" if value else "否"
        case str() if _INSTANT.fullmatch(value):
            return say_instant(datetime.fromisoformat(value))
        case str():
            return ROLE_NAMES.get(value, value)
        case int() | float():
            return str(value)
        case None:
            return "—"
    return json.dumps(value, ensure_ascii=False)


def say_action(action: str) -> str:
    """What an action is called; one that has no name yet, by its own."""
    return ACTIONS.get(action, action)


def say_object(object_type: str) -> str:
    """What a type of object is called."""
    return OBJECTS.get(object_type, object_type)


def say_actor(kind: str) -> str:
    """What a kind of actor is called."""
    return ACTORS.get(kind, kind)
