"""The account, pages, templates and words present after every reset, so that a demo needs no set-up."""

from miniprogram_api.devtools.fake_wechat.records import (
    Account,
    AccountKind,
    Template,
    TemplateField,
    Verdict,
)

DEMO_APPID = "wx0000000000demo01"
DEMO_SECRET = "demo-wechat-secret"
DEMO_PUSH_TOKEN = "demopushtoken"
DEMO_PUSH_AES_KEY = "demoAesKey0123456789demoAesKey0123456789abA"

DEMO_OFFICIAL_APPID = "wx0000000000demo02"
DEMO_OFFICIAL_SECRET = "demo-official-secret"
DEMO_OFFICIAL_PUSH_TOKEN = "demoofficialtoken"
DEMO_OFFICIAL_PUSH_AES_KEY = "demoOfficialKey0123456789demoOfficialKey01A"

BOOKING_CONFIRMED_TEMPLATE = "demo-tmpl-booking-confirmed-0000000000000001"
BOOKING_CANCELLED_TEMPLATE = "demo-tmpl-booking-cancelled-0000000000000002"
VISIT_REMINDER_TEMPLATE = "demo-tmpl-visit-reminder-00000000000000003"
ARTICLE_PUBLISHED_TEMPLATE = "demo-tmpl-article-published-0000000000000004"

# How an installation on this account sets its message about a cancelled visit.
DEMO_VISIT_CANCELLED = f"{BOOKING_CANCELLED_TEMPLATE} site=thing1 time=time4 reason=thing6 status=phrase8"
DEMO_ARTICLE_PUBLISHED = f"{ARTICLE_PUBLISHED_TEMPLATE} title=thing2 topic=thing5 time=time3 hint=thing7"

RELEASED_PAGES = (
    "pages/index/index",
    "pages/site/index",
    "pages/booking/index",
    "pages/bookings/index",
    "pages/ticket/index",
    "pages/article/index",
    "pages/me/index",
)
WORDS = {
    "违规测试词": Verdict("risky", 20006),
    "辱骂测试词": Verdict("risky", 20003),
    "广告测试词": Verdict("risky", 10001),
    "复审测试词": Verdict("review", 21000),
}


def demo_templates() -> dict[str, Template]:
    """The templates about bookings and articles; their keys are deliberately not thing1..n in order."""
    templates = (
        Template(
            BOOKING_CONFIRMED_TEMPLATE,
            "预约成功通知",
            (
                TemplateField("thing2", "预约地点"),
                TemplateField("time5", "预约时间"),
                TemplateField("number3", "预约人数"),
                TemplateField("character_string7", "预约单号"),
                TemplateField("thing9", "温馨提示"),
            ),
        ),
        Template(
            BOOKING_CANCELLED_TEMPLATE,
            "预约取消通知",
            (
                TemplateField("thing1", "预约地点"),
                TemplateField("time4", "预约时间"),
                TemplateField("thing6", "取消原因"),
                TemplateField("phrase8", "预约状态"),
            ),
        ),
        Template(
            VISIT_REMINDER_TEMPLATE,
            "参观提醒",
            (
                TemplateField("thing3", "参观地点"),
                TemplateField("time2", "参观时间"),
                TemplateField("thing5", "集合地点"),
                TemplateField("thing8", "备注"),
            ),
        ),
        Template(
            ARTICLE_PUBLISHED_TEMPLATE,
            "内容更新提醒",
            (
                TemplateField("thing2", "文章标题"),
                TemplateField("thing5", "所属专题"),
                TemplateField("time3", "发布时间"),
                TemplateField("thing7", "温馨提示"),
            ),
        ),
    )
    return {template.id: template for template in templates}


def demo_account() -> Account:
    """A certified mini-program of an organisation, released, not bound to an open account."""
    return Account(
        appid=DEMO_APPID,
        secret=DEMO_SECRET,
        pages={"release": set(RELEASED_PAGES), "trial": set(), "develop": set()},
        templates=demo_templates(),
    )


def demo_official_account() -> Account:
    """A certified official account of the same organisation; its tokens and openids are its own."""
    return Account(appid=DEMO_OFFICIAL_APPID, secret=DEMO_OFFICIAL_SECRET, kind=AccountKind.OA)
