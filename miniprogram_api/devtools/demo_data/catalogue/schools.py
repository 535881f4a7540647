"""The demonstration schools 学校: open when there are no lessons, or by a guided tour."""

from miniprogram_api.devtools.demo_data.catalogue import techniques as t
from miniprogram_api.devtools.demo_data.catalogue.card import (
    EVERY_DAY,
    LEAD,
    WEEKEND,
    Hours,
    SiteCard,
    Special,
    guided,
)
from miniprogram_api.sites.models import Level, SiteType

_NOTICE = "请从访客门进入并出示预约码；只参观指定区域，不进入教学楼层，不拍摄学生。"
_FACILITIES = ("科普展室", "卫生间", "饮水点")
_ACCESSIBILITY = ("无障碍坡道", "无障碍卫生间")

SCHOOLS = (
    SiteCard(
        code="CC006",
        title="朝阳区低碳示范小学",
        type=SiteType.SCHOOL,
        level=Level.LOW_CARBON,
        district="220104",
        lng=125.2953,
        lat=43.8668,
        address="长春市朝阳区低碳示范小学（访客门在校园东侧）",
        summary="孩子们自己管理的小菜园、雨水桶和旧物交换角。"
        "周三下午和周末由学生讲解员带队，讲一讲教室为什么不再“一边开窗一边供暖”。",
        transport="乘途经工农大路、同志街一带的公交线路可达；校门外不设停车，请乘公共交通前来。",
        visitor_notice=_NOTICE,
        facilities=(*_FACILITIES, "小菜园"),
        accessibility=_ACCESSIBILITY,
        techniques=(t.HEAT_BALANCE, t.RAIN_GARDEN, t.SORTING),
        indicators={"emissions_per_floor_area": ("46.8", "43.1", "39.7")},
        hours=(
            *guided(frozenset({3}), 15.5, minutes=60, capacity=20),
            Hours(weekdays=WEEKEND, opens=9, closes=15, slot_minutes=60, capacity=30, child_capacity=20),
        ),
    ),
    SiteCard(
        code="CC011",
        title="绿园区新能源职业技术近零碳示范学校",
        type=SiteType.SCHOOL,
        level=Level.NEAR_ZERO,
        district="220106",
        lng=125.2569,
        lat=43.8914,
        address="长春市绿园区职业技术学校实训中心",
        summary="实训中心把真正的光伏阵列、热泵机组和充电桩当作教具，学生在这里学安装、检修和能源管理。"
        "公众开放日可以走进实训车间，在老师指导下接一块光伏板。",
        transport="有轨电车 54 路沿线换乘公交可达；自驾停校外公共停车场。",
        visitor_notice=_NOTICE + "动手项目须听从老师安排。",
        facilities=(*_FACILITIES, "实训车间"),
        accessibility=(*_ACCESSIBILITY, "无障碍电梯"),
        techniques=(t.ROOF_PV, t.AIR_SOURCE, t.CHARGING, t.ENERGY_DATA),
        indicators={"emissions_per_floor_area": ("38.2", "27.5", "18.9")},
        hours=guided(frozenset({2, 4, 6}), 10, 14, minutes=90, capacity=24),
    ),
    SiteCard(
        code="CC022",
        title="净月大学城零碳示范校园",
        type=SiteType.SCHOOL,
        level=Level.ZERO_CARBON,
        district="x-jingyue",
        lng=125.4127,
        lat=43.8214,
        address="长春净月高新区大学城低碳校园展示馆",
        summary="宿舍热水用空气源热泵，图书馆用地源热泵，全校用电由屋顶光伏和绿色电力供应。"
        "展示馆公开逐月能耗数据，也公开没有做成的试验：哪些设备不适合长春的冬天。",
        transport="乘轨道交通 3 号线（净月方向）到大学城一带下车，步行可达；校内骑行方便。",
        visitor_notice=_NOTICE + "领队须登记证件。",
        facilities=(*_FACILITIES, "展示馆", "自行车停放区", "餐厅"),
        accessibility=(*_ACCESSIBILITY, "轮椅借用"),
        techniques=(t.ROOF_PV, t.AIR_SOURCE, t.GROUND_SOURCE, t.GREEN_POWER),
        indicators={"emissions_per_floor_area": ("29.4", "12.6", "1.8")},
        hours=(Hours(weekdays=EVERY_DAY, opens=9, closes=17, slot_minutes=120, capacity=40),),
        policy=LEAD,
        pictures=2,
    ),
    SiteCard(
        code="CC020",
        title="榆树市低碳示范学校",
        type=SiteType.SCHOOL,
        level=Level.LOW_CARBON,
        district="220182",
        lng=126.5268,
        lat=44.8371,
        address="榆树市低碳示范学校科普园",
        summary="县城中学的节能改造样本：更换门窗、改造供热管网、教室照明换新，花费不多，效果看得见。仅周末开放。",
        transport="由榆树市客运站换乘市内公交可达。",
        visitor_notice=_NOTICE,
        facilities=_FACILITIES,
        accessibility=_ACCESSIBILITY,
        techniques=(t.WINDOWS, t.HEAT_BALANCE, t.LIGHTING),
        indicators={"emissions_per_floor_area": ("58.9", "54.3", "50.6")},
        hours=(Hours(weekdays=WEEKEND, opens=9, closes=15, slot_minutes=90, capacity=25),),
        exceptions=(
            Special(
                weekday=3,
                opens=14,
                closes=16,
                slot_minutes=60,
                capacity=25,
                text="校园开放日，接待家长和市民。",
            ),
        ),
    ),
)
