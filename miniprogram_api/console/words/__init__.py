"""How the console says instants and numbers: always Beijing's time, whatever the browser's clock says."""

from datetime import date, datetime, timedelta

from flask import Flask

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING

_WEEKDAYS = "一二三四五六日"
_UNITS = ((timedelta(days=1), "天"), (timedelta(hours=1), "小时"), (timedelta(minutes=1), "分钟"))
ROLE_NAMES = {
    "site_manager": "示范点管理员",
    "gate": "核销员",
    "guide": "讲解员",
    "editor": "编辑",
    "reviewer": "审稿人",
    "teacher": "教师",
    "community_worker": "社区工作人员",
    "admin": "系统管理员",
    "auditor": "审计员",
    "dpo": "个人信息保护负责人",
}
# The first that fits counts: browsers call themselves by each other's names too.
_SYSTEMS = (
    ("HarmonyOS", "鸿蒙"),
    ("Android", "安卓"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows 电脑"),
    ("Mac OS", "苹果电脑"),
    ("Linux", "Linux 电脑"),
)
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def register_filters(app: Flask) -> None:
    """Give templates the words."""
    app.jinja_env.filters |= {
        "instant": say_instant,
        "day": say_day,
        "span": say_span,
        "ago": say_ago,
        "hours": say_hours,
        "percent": say_percent,
        "last_day": last_day,
        "shifted": lambda day, days: day + timedelta(days=days),
        "device": say_device,
    }
    app.jinja_env.globals["role_name"] = say_role


def say_day(on: date | datetime) -> str:
    """11月28日（周六); with the year where it is not this one."""
    day = on.astimezone(BEIJING).date() if isinstance(on, datetime) else on
    year = "" if day.year == clock.today().year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def say_hours(at: datetime) -> str:
    """09:30"""
    return f"{at.astimezone(BEIJING):%H:%M}"


def say_instant(at: datetime) -> str:
    """11月28日（周六）09:30"""
    return f"{say_day(at)}{say_hours(at)}"


def say_span(begins: datetime, ends: datetime) -> str:
    """11月28日（周六）09:30–11:00"""
    return f"{say_instant(begins)}–{say_hours(ends)}"


def say_ago(at: datetime) -> str:
    """刚刚, 5 分钟前, 还有 2 天; further off than a month the day itself."""
    ahead = at - clock.now()
    distance = abs(ahead)
    if distance < timedelta(minutes=1):
        return "刚刚" if ahead <= timedelta(0) else "马上"
    if distance >= timedelta(days=31):
        return say_day(at)
    amount = next(f"{distance // unit} {name}" for unit, name in _UNITS if distance >= unit)
    return f"还有 {amount}" if ahead > timedelta(0) else f"{amount}前"


def last_day(until: datetime) -> date:
    """The last Beijing day before an exclusive end."""
    return (until - timedelta(seconds=1)).astimezone(BEIJING).date()


def say_role(role: str) -> str:
    """What a role is called; one that this version does not know, by its own name."""
    return ROLE_NAMES.get(role, role)


def say_device(agent: str | None) -> str:
    """What a browser says of itself, in two words."""
    said = agent or ""
    system = next((name for mark, name in _SYSTEMS if mark in said), "未知系统")
    browser = next((name for mark, name in _BROWSERS if mark in said), "其他程序")
    return f"{system} · {browser}"


def say_percent(part: float, whole: float) -> str:
    """38%; a dash where there is nothing to be a part of."""
    return f"{100 * part / whole:.0f}%" if whole else "—"
