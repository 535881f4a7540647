"""The one-page guides behind the help link: one for each task, in the words of who does it.

A desk adds its own with `guide(...)`; a page names the one that fits it in its block `help_topic`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guide:
    """What a task is for, its steps in order, and what is good to know."""

    title: str
    about: str
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()


_guides: dict[str, Guide] = {}


def guide(topic: str, title: str, about: str, *, steps: tuple[str, ...], notes: tuple[str, ...] = ()) -> None:
    """Add a guide under the name that pages link to."""
    _guides[topic] = Guide(title, about, steps, notes)


def find_guide(topic: str) -> Guide | None:
    """The guide of a topic, if there is one."""
    return _guides.get(topic)


def list_guides() -> list[tuple[str, Guide]]:
    """Every guide with its topic, in the order in which the desks added them."""
    return list(_guides.items())


guide(
    "start",
    "工作台怎么用",
    "工作台列出等您处理的事情和今天各示范点的情况。",
    steps=(
        "先看“等您处理”：数字是件数，点开就是要处理的页面。",
        "再看“今天的示范点”：横条是已预约人数占名额的比例，点示范点名称进入当天的预约。",
        "左侧菜单只列出您有权限的页面；缺少页面请联系系统管理员。",
    ),
    notes=("所有时间都是北京时间。", "同一个操作点两次，效果和点一次相同。"),
)
guide(
    "sign-in",
    "怎样登录",
    "登录需要用户名、密码和手机上的动态验证码。",
    steps=(
        "第一次登录：打开管理员发给您的邀请链接，设置密码并绑定身份验证器。",
        "以后登录：输入用户名和密码，再输入身份验证器上的 6 位数字。",
        "手机不在身边：用绑定时保存的一个恢复码代替 6 位数字，每个只能用一次。",
    ),
    notes=(
        "连续输错 5 次会锁定 15 分钟，页面会写明何时可以再试。",
        "一段时间没有操作会自动退出；公用电脑用完请点“退出”。",
    ),
)
guide(
    "account",
    "管理我的账号",
    "在这里查看登录过的设备，更换密码。",
    steps=(
        "“登录的设备”列出正在使用您账号的所有设备。",
        "看到不认识的设备，点“退出这台设备”，然后更换密码。",
        "更换密码后，其他设备上的登录立即失效。",
    ),
)
