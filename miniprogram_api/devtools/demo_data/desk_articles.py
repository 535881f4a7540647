"""What lies on the desks of editors and reviewers in the demonstration: an article in every state."""

from dataclasses import dataclass
from enum import StrEnum

from content.models import ArticleKind, ContentClass
from miniprogram_api.devtools.demo_data.catalogue import MARK


class Stage(StrEnum):
    """How far somebody has come with it."""

    DRAFT = "draft"
    AT_FIRST = "at_first"
    AT_SECOND = "at_second"
    AT_FINAL = "at_final"
    RETURNED = "returned"
    READY = "ready"  # approved, and neither shown nor planned
    PLANNED = "planned"
    LIVE = "live"
    LIVE_WITH_DRAFT = "live_with_draft"
    RETRACTED = "retracted"


# How many steps have been approved by then; of the others, as many as there are.
APPROVED = {Stage.AT_FIRST: 0, Stage.AT_SECOND: 1, Stage.AT_FINAL: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskArticle:
    """An article of the demonstration; `cover` names the article of the library whose cover it shares."""

    key: str
    stage: Stage
    title: str
    summary: str
    text: str
    kind: ArticleKind = ArticleKind.NEWS
    content_class: ContentClass = ContentClass.NORMAL
    topics: tuple[str, ...] = ("visiting",)
    sites: tuple[str, ...] = ()
    cover: str | None = None
    quiz: bool = False


_EXAMPLE = "\n\n> [!INFO]\n> 这是演示用的文章，文中的示范点和安排都是虚构的。"

# The later ones stand above the others where all were made at one time: what is new comes last.
DESK_ARTICLES = (
    DeskArticle(
        key="lake-walk",
        stage=Stage.LIVE,
        title=f"湖边一日：不开车的玩法{MARK}",
        summary="坐公共交通到景区，步行、电动车和自带水杯，一天怎么安排。",
        sites=("CC001", "CC003"),
        topics=("travel", "visiting"),
        cover="scenic-visitor",
        text="""早些出门，避开高峰，一天刚好。

1. **上午**：坐公共交通到景区附近，步行入园，先走树多的一侧；
2. **中午**：自带饭盒和水杯，垃圾分类带走；
3. **下午**：老人和孩子坐景区的电动车，走得动的继续绕湖；
4. **返程**：天黑得早，留足换乘时间。

冬天请穿防滑的鞋，冰面没有开放的标志就不要上去。"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="factory-questions",
        stage=Stage.LIVE_WITH_DRAFT,
        title=f"参观工厂可以问的十个问题{MARK}",
        summary="从能源、工艺到产品，带着问题去，听得更明白。",
        kind=ArticleKind.KNOWLEDGE,
        sites=("CC004",),
        topics=("visiting", "energy"),
        cover="factory-park",
        text="""参观之前挑三个问题写在纸上，听完自己回答一遍。

- 哪道工序用能最多？
- 余热去了哪里？
- 去年和今年的产量一样吗？
- 哪些设备能调速？
- 员工怎么上下班？
- 包装能不能回收？
- 屋顶发的电够用几成？
- 哪项改造没有成功，为什么？
- 下一步打算做什么？
- 数字是谁核算的？"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="community-winter",
        stage=Stage.PLANNED,
        title=f"社区旧物交换日的准备清单{MARK}",
        summary="地点、时间、分工和一张物品登记表，照着准备就不会乱。",
        sites=("CC007",),
        topics=("together", "living"),
        cover="community-activity",
        text="""交换日办得顺，靠的是前一天的准备。

## 前一天

桌子按类别摆好：图书、玩具、衣物、小家电。小家电请师傅先试一遍，坏的贴上红点。

## 当天

门口登记件数，不登记姓名。换不出去的请主人带回，或者放进回收箱。"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="old-notice",
        stage=Stage.RETRACTED,
        title=f"示范点冬季开放时间一览{MARK}",
        summary="各示范点冬季开放时间汇总。",
        topics=("visiting",),
        cover="news-visit",
        text="冬季白天短，各示范点的开放时间有调整，请以示范点页面为准。" + _EXAMPLE,
    ),
    DeskArticle(
        key="waiting-first",
        stage=Stage.AT_FIRST,
        title=f"公示期间怎样写一条有用的异议{MARK}",
        summary="写清对象、事实和请求三样，再附上照片，核实起来更快。",
        kind=ArticleKind.KNOWLEDGE,
        content_class=ContentClass.SENSITIVE,
        topics=("zones",),
        cover="lifecycle",
        text="""异议写得清楚，核实就快。

1. **对象**：哪个项目，哪一点；
2. **事实**：什么时候、在哪里、看到了什么；
3. **请求**：希望核实什么。

照片请拍到全景和细节各一张，不要拍到无关的人。"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="waiting-second",
        stage=Stage.AT_SECOND,
        title=f"申报低碳社区，居民委员会要准备什么{MARK}",
        summary="先弄清边界和家底，再谈方案；三张表先列起来。",
        kind=ArticleKind.KNOWLEDGE,
        content_class=ContentClass.SENSITIVE,
        topics=("zones", "together"),
        cover="six-types",
        text="""先不要急着写方案，把三张表列出来。

## 建筑表

每栋楼的建成年份、建筑面积、外墙和门窗的情况。

## 能源表

公共部分的用电、用热，至少一整年，写明单位。

## 活动表

已经做过哪些活动，来了多少人。"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="waiting-final",
        stage=Stage.AT_FINAL,
        title=f"读懂验收意见里的三个词{MARK}",
        summary="边界、基准、佐证：验收意见里最常出现的三个词是什么意思。",
        kind=ArticleKind.KNOWLEDGE,
        content_class=ContentClass.SENSITIVE,
        topics=("zones", "counting"),
        cover="read-indicator",
        text="""验收意见不长，三个词最要紧。

- **边界**：算了哪些地方和活动；
- **基准**：和哪一年、哪种情形比；
- **佐证**：表、单据、照片能不能对上。

三样都写明白，结论才站得住。"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="returned",
        stage=Stage.RETURNED,
        title=f"屋顶光伏清雪的安全提示{MARK}",
        summary="谁来清、什么时候清、用什么清，三件事说清楚。",
        kind=ArticleKind.TECHNOLOGY,
        topics=("energy",),
        cover="winter-pv",
        text="""雪停以后，屋顶的板子常被盖住。

清雪应由经过培训的运维人员进行，系好安全带，两人同行。

用热水冲一下最快。

清完检查支架和电缆，再恢复送电。"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="ready",
        stage=Stage.READY,
        title=f"供暖季进出示范点的穿衣提示{MARK}",
        summary="室内外温差大，怎么穿既不冻着也不捂着。",
        topics=("visiting",),
        cover="winter-walk",
        text="""冬天室内外相差三四十度，穿对了才舒服。

- 外面一件挡风的，进门就能脱；
- 里面别太厚，参观时要走楼梯；
- 帽子手套放进口袋，别落在讲解处。"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="school-tour",
        stage=Stage.LIVE,
        title=f"跟着讲解员看一座校园怎样省热{MARK}",
        summary="从锅炉房到教室，四站路看清热从哪里来、在哪里漏、怎样省。",
        sites=("CC006", "CC011"),
        topics=("visiting", "together"),
        cover="near-zero-school",
        text="""一圈走下来大约四十分钟，讲解分四站。

## 第一站：换热站

看两条粗管子，一条送热水，一条回水。请留意两块温度表的差，差得越合适，说明热用得越充分。

## 第二站：教学楼外墙

讲解员会请大家摸一摸保温层的样块，再看窗框的断面。

## 第三站：教室

比一比有人和没人的教室，阀门开的大小不同。

## 第四站：宣传栏

每月的用热量贴在这里，写着年份和单位。"""
        + _EXAMPLE,
    ),
    DeskArticle(
        key="half-written",
        stage=Stage.DRAFT,
        title=f"给乘轮椅参观者的路线{MARK}",
        summary="",
        topics=(),
        text="""提纲：

- 哪些示范点有坡道和无障碍卫生间
- 停车和下车的位置
- 需要提前打电话的地方
- 怎样登陆小程序预约轮椅位""",
    ),
)

# What staff would keep on the lists: the word, what it should be, and why.
WRONG_WORDS = (
    ("登陆", "登录", "进入系统用“登录”"),
    ("帐号", "账号", "规范写法"),
    ("碳积分", "估算减排量", "不作兑换承诺"),
)
SENSITIVE_WORDS = (("全国第一", "没有依据的排名"), ("彻底解决", "绝对化的说法"))

RETURNED_BLOCK = 2
RETURNED_NOTE = "这一段不对：组件受热骤冷会开裂，热水到地面又结冰。请改为软质工具，并写明不得自行上屋顶。"
RETRACT_REASON = "汇总表更新不及时，请以各示范点页面为准。"
EDIT = "\n\n补充一问：冬天最冷的几天，生产和供暖怎样安排？"
