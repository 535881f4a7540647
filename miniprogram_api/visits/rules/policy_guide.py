"""Every number of a booking policy for who sets it: what it is called, how it is written, what it means."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from miniprogram_api.visits.rules.policy import DAY_MINUTES, FIELDS, Bounds, Policy, RealName


class Kind(StrEnum):
    """How a number is written in a form."""

    NUMBER = "number"
    TIME = "time"  # minutes of a day, as HH:MM
    POINTS = "points"  # half points, as 0.5
    FLAG = "flag"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Entry:
    """A number: its name in the policy, its label and unit, and the sentence that says what it does."""

    name: str
    label: str
    unit: str
    says: Callable[[Any], str]
    kind: Kind = Kind.NUMBER
    when_empty: str = ""  # what it means to leave it out, where that may be

    @property
    def bounds(self) -> Bounds | None:
        found: Bounds | None = FIELDS[self.name].metadata.get("bounds")
        return found

    @property
    def optional(self) -> bool:
        return self.bounds is not None and self.bounds.optional

    def explain(self, policy: Policy) -> str:
        """The sentence for a policy's own value."""
        value = getattr(policy, self.name)
        return self.when_empty if value is None else self.says(value)

    def write(self, policy: Policy) -> str:
        """The value in short, as a table shows it."""
        value = getattr(policy, self.name)
        if value is None:
            return "不限"
        match self.kind:
            case Kind.TIME:
                return clock(value)
            case Kind.POINTS:
                return f"{points(value)} {self.unit}"
            case Kind.FLAG:
                return "是" if value else "否"
            case Kind.CHOICE:
                return REAL_NAMES[value]
            case _:
                return f"{value} {self.unit}"


REAL_NAMES = {
    RealName.NONE: "不需要证件",
    RealName.CONTACT: "只登记联系人",
    RealName.LEAD: "登记一名参观人的证件",
    RealName.ALL: "登记每位参观人的证件",
}


def clock(minute: int) -> str:
    """A minute of the day as 18:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def points(half_points: int) -> str:
    """Half points as 0.5, 1, 1.5."""
    return f"{half_points / 2:g}"


def _lasting(minutes: int) -> str:
    if minutes and minutes % DAY_MINUTES == 0:
        return f"{minutes // DAY_MINUTES} 天"
    return f"{minutes // 60} 小时" if minutes and minutes % 60 == 0 else f"{minutes} 分钟"


def _counted(what: str) -> Callable[[int], str]:
    return lambda half: f"{what}计 {points(half)} 次爽约记录。" if half else f"{what}不计爽约记录。"


def _allowed(period: str) -> Callable[[int], str]:
    return lambda most: f"每个账号{period}最多主动取消 {most} 次。"


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "什么时候可以预约",
        (
            Entry(
                "window_days",
                "提前放票天数",
                "天",
                lambda n: f"参观日前第 {n} 天放票。" if n else "参观当天放票。",
            ),
            Entry(
                "release_minute",
                "放票时刻",
                "",
                lambda m: f"放票那天 {clock(m)} 开始可以预约。",
                Kind.TIME,
            ),
            Entry(
                "notice_minutes",
                "开场前停止预约",
                "分钟",
                lambda m: f"场次开始前 {_lasting(m)}停止预约。" if m else "场次开始前都可以预约。",
            ),
            Entry(
                "same_day",
                "参观当天可以预约",
                "",
                lambda yes: "参观当天也可以预约。" if yes else "最晚在参观前一天预约。",
                Kind.FLAG,
            ),
            Entry("hold_minutes", "名额保留", "分钟", lambda m: f"填写信息时名额保留 {m} 分钟。"),
            Entry(
                "hold_extensions",
                "可以延长保留",
                "次",
                lambda n: f"来不及填写时可以延长 {n} 次。" if n else "保留时间不能延长。",
            ),
        ),
    ),
    (
        "一次可以约几个人",
        (
            Entry("party_min", "最少人数", "人", lambda n: f"一次至少预约 {n} 人。"),
            Entry("party_max", "最多人数", "人", lambda n: f"一次最多预约 {n} 人。"),
            Entry("child_age", "儿童年龄界线", "周岁", lambda n: f"未满 {n} 周岁算儿童，须由成人陪同预约。"),
            Entry(
                "children_per_adult",
                "每位成人可带儿童",
                "名",
                lambda n: f"每位成人最多带 {n} 名儿童。",
                when_empty="带儿童的人数不受成人人数限制，儿童可以单独预约。",
            ),
            Entry(
                "children_max",
                "儿童最多人数",
                "名",
                lambda n: f"一次预约里儿童最多 {n} 名。",
                when_empty="儿童人数没有另外的上限。",
            ),
            Entry(
                "visits_limit",
                "参观次数上限",
                "次",
                lambda n: f"在下面的天数里，每人最多参观 {n} 次。",
                when_empty="参观次数没有上限。",
            ),
            Entry("visits_limit_days", "次数按多少天计算", "天", lambda n: f"参观次数按连续 {n} 天计算。"),
        ),
    ),
    (
        "取消和改期",
        (
            Entry(
                "cancel_free_days_before",
                "免费取消截止日",
                "天前",
                lambda n: f"免费取消截止到参观前 {n} 天。" if n else "免费取消截止到参观当天。",
            ),
            Entry(
                "cancel_free_minute",
                "免费取消截止时刻",
                "",
                lambda m: f"截止日 {clock(m)} 以前取消不计入爽约记录。",
                Kind.TIME,
            ),
            Entry(
                "cancel_free_minutes_before",
                "免费取消截止到开场前",
                "分钟",
                lambda m: f"场次开始前 {_lasting(m)}以前取消不计入爽约记录，代替上面的截止日和时刻。",
                when_empty="按上面的截止日和时刻计算。",
            ),
            Entry(
                "cancel_last_minute",
                "最晚取消时刻",
                "",
                lambda m: f"参观当天 {clock(m)} 以后不能再取消。",
                Kind.TIME,
                when_empty="按下面的分钟数计算。",
            ),
            Entry(
                "cancel_last_minutes_before",
                "最晚取消到开场前",
                "分钟",
                lambda m: f"场次开始前 {_lasting(m)}以后不能再取消。" if m else "场次开始以前都可以取消。",
            ),
            Entry("cancels_per_day", "每天取消次数", "次", _allowed("每天"), when_empty="每天不限。"),
            Entry("cancels_per_week", "每周取消次数", "次", _allowed("每周"), when_empty="每周不限。"),
            Entry("cancels_per_month", "每月取消次数", "次", _allowed("每月"), when_empty="每月不限。"),
            Entry("cancels_per_year", "每年取消次数", "次", _allowed("每年"), when_empty="每年不限。"),
            Entry(
                "changes_per_booking",
                "改期次数",
                "次",
                lambda n: f"每个预约最多改期 {n} 次。" if n else "预约不能改期。",
                when_empty="改期次数不限。",
            ),
        ),
    ),
    (
        "爽约记录怎么算",
        (
            Entry("no_show_half_points", "爽约", "次", _counted("预约后未到场即爽约，"), Kind.POINTS),
            Entry(
                "late_cancel_half_points", "逾期取消", "次", _counted("过了免费取消时间再取消"), Kind.POINTS
            ),
            Entry("cancel_half_points", "按时取消", "次", _counted("按时取消"), Kind.POINTS),
            Entry("strike_days", "爽约记录保留天数", "天", lambda n: f"爽约记录 {n} 天后不再计算。"),
            Entry(
                "warn_half_points",
                "提醒线",
                "次",
                lambda half: f"累计 {points(half)} 次爽约记录时提醒本人。",
                Kind.POINTS,
                when_empty="不提醒。",
            ),
            Entry(
                "ban_half_points",
                "暂停预约线",
                "次",
                lambda half: f"累计 {points(half)} 次爽约记录时暂停预约。",
                Kind.POINTS,
                when_empty="不暂停预约。",
            ),
            Entry("ban_days", "暂停天数", "天", lambda n: f"暂停预约 {n} 天，到期自动恢复。"),
        ),
    ),
    (
        "入场和证件",
        (
            Entry(
                "entry_before_minutes",
                "提前入场",
                "分钟",
                lambda m: f"场次开始前 {_lasting(m)}可以入场。" if m else "场次开始时入场。",
            ),
            Entry(
                "entry_after_minutes",
                "迟到入场",
                "分钟",
                lambda m: f"场次开始 {_lasting(m)}以后不再入场。",
                when_empty="到场次结束都可以入场。",
            ),
            Entry(
                "no_show_grace_minutes",
                "爽约认定",
                "分钟",
                lambda m: f"停止入场再过 {_lasting(m)}还没到，记为爽约。",
            ),
            Entry("real_name", "实名要求", "", lambda v: f"预约时{REAL_NAMES[v]}。", Kind.CHOICE),
            Entry("id_retention_days", "证件信息保留", "天", lambda n: f"参观结束 {n} 天后删除证件信息。"),
        ),
    ),
)
ENTRIES = {entry.name: entry for _, entries in GROUPS for entry in entries}
