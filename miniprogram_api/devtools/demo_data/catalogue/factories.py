"""The demonstration factories 工厂."""

from miniprogram_api.devtools.demo_data.catalogue import techniques as t
from miniprogram_api.devtools.demo_data.catalogue.card import (
    EVERYBODY,
    LEAD,
    WORKDAYS,
    Shut,
    SiteCard,
    guided,
)
from miniprogram_api.kernel.geo import Crs
from miniprogram_api.sites.models import Level, Lifecycle, ReasonCode, SiteType

_NOTICE = (
    "生产现场参观须全程跟随讲解员，按要求佩戴安全帽，穿平底鞋，不得触碰设备；生产区禁止拍照。"
    "不满 6 周岁的儿童不进入车间，可在展厅参观。"
)
_FACILITIES = ("企业展厅", "参观通道", "访客停车场", "卫生间", "饮水点")
_ACCESSIBILITY = ("参观通道电梯", "无障碍卫生间", "轮椅借用")
_BY_APPOINTMENT = LEAD | {"same_day": False, "party_max": 10, "children_per_adult": 2}

FACTORIES = (
    SiteCard(
        code="CC004",
        title="汽开区新能源整车近零碳示范工厂",
        type=SiteType.FACTORY,
        level=Level.NEAR_ZERO,
        district="x-qikai",
        lng=125.2216,
        lat=43.8312,
        address="长春汽开区东风大街新能源整车工厂参观入口",
        summary="总装线旁的架空参观通道，可以看到电机、电池与车身怎样合装。"
        "工厂用涂装烘干余热采暖，厂房屋面和停车场铺设光伏，其余用电购买绿色电力；展厅里讲解一辆车从材料到回收的碳足迹。",
        transport="乘轨道交通 2 号线或途经东风大街的公交线路到汽开区，换乘接驳公交；自驾停访客停车场。",
        visitor_notice=_NOTICE,
        facilities=(*_FACILITIES, "充电桩"),
        accessibility=_ACCESSIBILITY,
        techniques=(t.WASTE_HEAT, t.ROOF_PV, t.PV_CARPORT, t.GREEN_POWER),
        indicators={"total_emissions": ("64200", "49800", "31600")},
        hours=guided(WORKDAYS, 9.5, 13.5, 15.5, minutes=90, capacity=25),
        policy=_BY_APPOINTMENT,
        pictures=2,
    ),
    SiteCard(
        code="CC014",
        title="北湖零碳综合能源示范工厂",
        type=SiteType.FACTORY,
        level=Level.ZERO_CARBON,
        district="x-beihu",
        lng=125.3941,
        lat=43.9902,
        crs=Crs.GCJ02,
        address="长春新区北湖科技开发区综合能源站",
        summary="为周边厂房集中供电、供热、供冷的能源站：光伏、储能与地源热泵由同一套系统调度，缺口由绿色电力补足。"
        "因涉及能源设施安全，实行全员实名预约。",
        transport="乘轨道交通 8 号线到北湖方向，换乘公交；站区不提供访客停车。",
        visitor_notice=_NOTICE + "每位成人须登记证件，入场时请携带证件原件；随行儿童只登记人数。",
        facilities=_FACILITIES,
        accessibility=_ACCESSIBILITY,
        techniques=(t.FLEXIBLE_DC, t.GROUND_SOURCE, t.STORAGE, t.GREEN_POWER),
        indicators={"total_emissions": ("7800", "3100", "420")},
        hours=guided(WORKDAYS, 10, 14, minutes=60, capacity=15),
        policy=EVERYBODY,
    ),
    SiteCard(
        code="CC013",
        title="九台区绿色建材低碳示范工厂",
        type=SiteType.FACTORY,
        level=Level.LOW_CARBON,
        district="220113",
        lng=125.8284,
        lat=44.1497,
        address="长春市九台区工业集中区绿色建材厂",
        summary="利用粉煤灰等固体废物生产墙板，减少水泥用量；蒸养工序回收余热，窑炉风机全部变频。"
        "参观可以亲手掂一掂不同墙板的重量，比较它们的保温性能。",
        transport="自驾由长春市区前往约 50 分钟；九台区内有公交到达工业集中区。",
        visitor_notice=_NOTICE,
        facilities=_FACILITIES,
        accessibility=("参观通道坡道", "无障碍卫生间"),
        techniques=(t.WASTE_HEAT, t.MOTORS, t.PREFAB),
        indicators={"total_emissions": ("38600", "36900", "34200")},
        hours=guided(frozenset({2, 4}), 9.5, 13.5, minutes=90, capacity=30),
        policy=_BY_APPOINTMENT | {"real_name": "contact"},
        exceptions=(
            Shut(
                in_days=16,
                days=3,
                reason=ReasonCode.MAINTENANCE,
                text="生产线年度检修，暂停参观。",
            ),
        ),
    ),
    SiteCard(
        code="CC019",
        title="德惠市粮食加工低碳示范工厂",
        type=SiteType.FACTORY,
        level=Level.LOW_CARBON,
        district="220183",
        lng=125.7203,
        lat=44.5279,
        address="德惠市经济开发区粮食加工厂",
        summary="玉米烘干改用热泵与生物质联合供热，替代了部分燃煤热风炉；包装车间使用可循环周转箱。"
        "收粮季可以看到烘干塔运行，其他时间参观加工与化验环节。",
        transport="乘火车到德惠站后换乘公交；自驾由长春市区前往约 1 小时 20 分钟。",
        visitor_notice=_NOTICE + "进入加工车间须更换鞋套。",
        facilities=_FACILITIES,
        accessibility=("无障碍卫生间",),
        techniques=(t.HEAT_PUMP_DRYING, t.BIOMASS, t.MOTORS),
        indicators={"total_emissions": ("22700", "21500", "20800")},
        hours=guided(WORKDAYS, 10, 14, minutes=60, capacity=20),
        lifecycle=Lifecycle.RE_REVIEW,
    ),
    SiteCard(
        code="CC025",
        title="绿园区轨道装备近零碳示范工厂",
        type=SiteType.FACTORY,
        level=Level.NEAR_ZERO,
        district="220106",
        lng=125.2298,
        lat=43.9041,
        address="长春市绿园区轨道装备产业园",
        summary="轨道车辆部件工厂：焊接与涂装车间安装热回收，试验台制动能量回馈厂内电网，厂房高窗引入自然光。"
        "讲解重点是“同样的产量，能耗怎样降下来”。",
        transport="乘途经西新镇、绿园区产业园方向的公交线路可达；自驾停访客停车场。",
        visitor_notice=_NOTICE,
        facilities=_FACILITIES,
        accessibility=_ACCESSIBILITY,
        techniques=(t.HEAT_RECOVERY, t.MOTORS, t.LIGHTING, t.ROOF_PV),
        indicators={"total_emissions": ("41300", "33900", "27400")},
        hours=guided(frozenset({3, 5}), 9.5, 14, minutes=90, capacity=25),
        policy=_BY_APPOINTMENT | {"real_name": "contact"},
    ),
)
