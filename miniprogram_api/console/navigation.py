"""The desks of the console and their pages. A page shows only to who may open it, and only once it exists."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for

from miniprogram_api.kernel.access import Principal


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation, and the permission that opens it."""

    label: str
    endpoint: str
    permission: str
    icon: str
    within: tuple[str, ...] = ()  # pages that belong to this one, and keep it marked as current

    @property
    def is_current(self) -> bool:
        """Whether the page at hand is this one or belongs to it."""
        at = (request.endpoint or "").removeprefix("console.")
        return at in (self.endpoint, *self.within)


@dataclass(frozen=True, slots=True)
class Desk:
    """Pages that one kind of staff works with."""

    title: str
    entries: tuple[Entry, ...]


_OF_PEOPLE = (
    "show_staff_member",
    "create_staff_member",
    "change_staff_member",
    "disable_staff_member",
    "enable_staff_member",
    "invite_again",
    "withdraw_invitation",
    "reset_second_factor",
    "grant_role",
    "approve_grant",
    "restore_grant",
    "revoke_grant",
)
_OF_ORGANISATIONS = ("create_organisation", "rename_organisation")
_OF_LETTERS = ("show_dead_letter", "replay_dead_letter", "ask_discard", "confirm_discard")
_OF_SUBSCRIPTIONS = (
    "show_subscription",
    "approve_subscription",
    "refuse_subscription",
    "disable_subscription",
)
_OF_PARTNERS = ("show_partner", "create_partner", "end_partner", "add_partner_key", "retire_partner_key")
_OF_ARTICLES = (
    "show_article",
    "list_deleted_articles",
    "delete_article",
    "put_back_article",
    "submit_article",
    "withdraw_submission",
    "keep_word",
    "list_revisions",
    "show_revision",
    "compare_revisions",
    "restore_revision",
    "show_trail",
    "publish_article",
    "unschedule_article",
    "retract_article",
    "change_placing",
    "create_article",
    "edit_article",
    "import_markdown",
    "save_draft",
    "hold_article",
    "release_article",
    "preview_article",
    "send_official_again",
)
_OF_ASSETS = ("list_removed_assets", "add_asset", "show_asset", "crop_asset", "remove_asset", "restore_asset")
_OF_REVIEWS = ("review_article", "undo_decision")
_OF_TOPICS = ("add_topic", "edit_topic", "move_topic", "retire_topic", "restore_topic")
_OF_FEEDBACK = (
    "show_feedback",
    "answer_feedback",
    "correct_feedback_answer",
    "refuse_feedback",
    "close_feedback",
    "release_feedback",
    "reopen_feedback",
    "reveal_feedback_picture",
    "hide_feedback_picture",
)
DESKS = (
    Desk("今日", (Entry("工作台", "start", "staff.self", "house"),)),
    Desk(
        "示范点",
        (
            Entry("示范点", "list_sites", "sites.view", "geo-alt"),
            Entry("统计", "show_figures", "figures.view", "bar-chart"),
        ),
    ),
    Desk(
        "内容",
        (
            Entry("文章", "list_articles", "content.view", "file-earmark-text", _OF_ARTICLES),
            Entry("待审", "list_reviews", "content.review", "check-circle", _OF_REVIEWS),
            Entry("素材库", "list_assets", "content.view", "images", _OF_ASSETS),
            Entry("专题", "list_topics", "content.view", "list", _OF_TOPICS),
            Entry("词表", "list_words", "content.view", "flag", ("add_word", "remove_word")),
            Entry("阅读统计", "show_reading", "content.view", "bar-chart"),
            Entry("市民反馈", "list_feedback", "feedback.view", "chat-left-text", _OF_FEEDBACK),
        ),
    ),
    Desk(
        "登记系统",
        (
            Entry("同步状态", "show_registry", "registry.view", "arrow-repeat"),
            Entry(
                "对账差异",
                "list_reports",
                "registry.view",
                "table",
                ("show_report", "try_comparison", "ask_comparison", "decide_difference"),
            ),
            Entry("未能接收的记录", "list_dead_letters", "registry.view", "inbox", _OF_LETTERS),
            Entry("事件订阅", "list_subscriptions", "registry.view", "broadcast", _OF_SUBSCRIPTIONS),
            Entry("对接方", "list_partners", "partners.view", "diagram-3", _OF_PARTNERS),
            Entry(
                "公示异议",
                "list_objections",
                "objections.view",
                "chat-left-text",
                ("show_objection", "release_objection", "refuse_objection"),
            ),
        ),
    ),
    Desk(
        "管理",
        (
            Entry("人员", "list_staff", "staff.view", "people", _OF_PEOPLE),
            Entry("机构", "list_organisations", "staff.view", "building", _OF_ORGANISATIONS),
            Entry(
                "运行设置",
                "list_settings",
                "settings.view",
                "sliders",
                (
                    "show_setting",
                    "change_setting",
                    "withdraw_change",
                    "change_default_policy",
                    "list_signing_keys",
                ),
            ),
            Entry("同意记录", "list_consents", "consents.view", "check-circle"),
            Entry(
                "个人信息请求",
                "list_requests",
                "requests.view",
                "shield-check",
                ("show_request", "list_erasures", "file_request", "decide_request", "extend_request"),
            ),
            Entry("审计", "list_audit", "audit.view", "journal-text", ("export_audit",)),
        ),
    ),
)

_DAY_PAGES = (
    "show_booking", "reveal_contact", "cancel_booking", "correct_no_show", "waive_strike", "book_for_caller",
    "show_made_booking", "print_day", "export_contacts",
)  # fmt: skip

# Behind the link in the top bar.
ACCOUNT_PAGES = ("show_account", "change_password", "end_session", "end_all_sessions")

# Pages of one site, in the order of a working day.
SITE_TABS = (
    Entry("今日", "show_day", "bookings.view", "calendar3", _DAY_PAGES),
    Entry("核销", "open_gate", "gate.scan", "qr-code-scan"),
    Entry("核销冲突", "list_conflicts", "gate.undo", "exclamation-triangle", ("close_conflict",)),
    Entry(
        "场次",
        "list_slots",
        "slots.view",
        "calendar-week",
        ("change_slots", "show_change", "undo_change", "generate_slots", "add_slot"),
    ),
    Entry("月历", "show_calendar", "slots.view", "calendar-plus"),
    Entry(
        "开放时间",
        "show_opening",
        "sites.view",
        "clock",
        ("add_rule", "edit_rule", "retire_rule", "set_weekly_closing", "add_closure", "lift_closure"),
    ),
    Entry("预约规则", "edit_policy", "policy.manage", "sliders"),
    Entry(
        "资料",
        "show_site",
        "sites.view",
        "info-circle",
        ("edit_site", "move_overlay", "show_withdrawal", "list_calls", "tick_call"),
    ),
    Entry(
        "公告", "list_notices", "sites.view", "megaphone", ("add_notice", "retire_notice", "restore_notice")
    ),
    Entry(
        "照片",
        "list_photos",
        "sites.view",
        "images",
        ("add_photo", "edit_photo", "make_cover", "remove_photo", "restore_photo"),
    ),
    Entry(
        "技术",
        "list_technologies",
        "sites.view",
        "tools",
        ("add_technology", "edit_technology", "remove_technology", "restore_technology"),
    ),
    Entry(
        "指标",
        "list_indicators",
        "sites.view",
        "bar-chart",
        ("set_indicator", "remove_indicator", "restore_indicator"),
    ),
    Entry(
        "纠错",
        "list_corrections",
        "corrections.view",
        "pencil",
        ("file_correction", "add_local_note", "retire_local_note", "restore_local_note"),
    ),
    Entry(
        "闸机", "list_devices", "gate.devices", "display", ("add_device", "revoke_device", "restore_device")
    ),
)


def _exists(entry: Entry) -> bool:
    return f"console.{entry.endpoint}" in current_app.view_functions


def at_account() -> bool:
    """Whether the page at hand is about the caller's own account."""
    return (request.endpoint or "").removeprefix("console.") in ACCOUNT_PAGES


def desks(principal: Principal) -> Iterator[tuple[str, list[tuple[Entry, str]]]]:
    """The desks that the caller has something to do at, each page with its address."""
    for desk in DESKS:
        open_to = [
            (entry, url_for(f"console.{entry.endpoint}"))
            for entry in desk.entries
            if principal.may(entry.permission) and _exists(entry)
        ]
        if open_to:
            yield desk.title, open_to


def site_tabs(principal: Principal, site: Any) -> list[tuple[Entry, str]]:
    """The pages of a site that the caller may open there, each with its address."""
    return [
        (entry, url_for(f"console.{entry.endpoint}", site_id=site.id))
        for entry in SITE_TABS
        if _exists(entry)
        and principal.may_at(entry.permission, site_id=site.id, organisation_id=site.operator_id)
    ]
