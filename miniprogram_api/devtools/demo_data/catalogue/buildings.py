"""The demonstration buildings 建筑."""

from miniprogram_api.devtools.demo_data.catalogue import techniques as t
from miniprogram_api.devtools.demo_data.catalogue.card import (
    CONTACT,
    EVERY_DAY,
    NOBODY,
    WORKDAYS,
    Hours,
    Shut,
    SiteCard,
    museum,
)
from miniprogram_api.kernel.geo import Crs
from miniprogram_api.sites.models import Level, ReasonCode, SiteType

_ACCESSIBILITY = ("无障碍坡道", "无障碍电梯", "无障碍卫生间", "轮椅借用")

BUILDINGS = (
    SiteCard(
        code="CC005",
        title="南部新城近零碳办公建筑",
        type=SiteType.BUILDING,
        level=Level.NEAR_ZERO,
        district="220102",
        lng=125.3301,
        lat=43.8042,
        address="长春市南关区南部新城人民大街低碳大厦",
        summary="严寒地区的近零能耗办公楼：厚保温、三玻窗和热回收新风把供暖需求降下来，剩下的由地源热泵承担。"
        "大堂设有“剥开一面墙”的剖面展品，可以看到保温层、气密层和遮阳怎样配合。",
        transport="乘轨道交通 1 号线到市政府站，步行或换乘公交前往；地下停车场设充电桩。",
        visitor_notice="参观区域为一层大堂、机房展示窗和屋顶花园；工作日请保持安静。",
        facilities=("展厅", "屋顶花园", "地下停车场", "充电桩", "卫生间", "饮水点"),
        accessibility=_ACCESSIBILITY,
        techniques=(t.ENVELOPE, t.WINDOWS, t.HEAT_RECOVERY, t.GROUND_SOURCE),
        indicators={"total_emissions": ("1180", "760", "410")},
        hours=(
            Hours(
                weekdays=EVERY_DAY,
                opens=9,
                closes=17,
                slot_minutes=60,
                capacity=20,
                child_capacity=12,
                wheelchair_capacity=2,
                day_capacity=120,
            ),
        ),
        pictures=2,
    ),
    SiteCard(
        code="CC010",
        title="宽城区零碳文化展馆",
        type=SiteType.BUILDING,
        level=Level.ZERO_CARBON,
        district="220103",
        lng=125.3287,
        lat=43.9215,
        address="长春市宽城区北人民大街零碳文化展馆",
        summary="由旧仓库改建的小型展馆，屋面光伏一年发的电大于展馆自身用电，冬季不足部分由绿色电力补充。"
        "常设展“北方的冬天怎样取暖”，从火炕、锅炉房讲到热泵。周五、周六设夜场。",
        transport="乘轨道交通 1 号线到长春站北站附近，换乘公交或步行；馆前设自行车停放区。",
        visitor_notice="展品多数可以动手，请爱护；馆内请勿使用闪光灯。",
        facilities=("常设展厅", "临展厅", "亲子阅读角", "卫生间", "饮水点", "存包柜"),
        accessibility=(*_ACCESSIBILITY, "盲文导览册"),
        techniques=(t.ROOF_PV, t.AIR_SOURCE, t.LIGHTING, t.GREEN_POWER),
        indicators={"total_emissions": ("310", "120", "18")},
        hours=(
            *museum(30),
            Hours(weekdays=frozenset({5, 6}), opens=18, closes=21, slot_minutes=90, capacity=30),
        ),
        closed_weekday=1,
        policy=CONTACT | {"release_minute": 17 * 60, "children_max": 3},
        notice=("夜场提示", "周五、周六夜场请从北门入馆，末场 20:30 停止入场。"),
    ),
    SiteCard(
        code="CC023",
        title="西部新城低碳枢纽建筑",
        type=SiteType.BUILDING,
        level=Level.LOW_CARBON,
        district="220106",
        lng=125.1989,
        lat=43.8702,
        crs=Crs.GCJ02,
        address="长春市绿园区西部新城综合交通枢纽服务楼",
        summary="人流密集的交通服务楼，重点是供热分区控制、自动门斗挡风和照明改造。"
        "参观路线 45 分钟，看懂一座大空间建筑冬天的热量都从哪里跑掉。",
        transport="乘轨道交通 2 号线到长春西站，按指示步行前往。",
        visitor_notice="枢纽内人流较大，请跟随讲解员，看管好随身物品。",
        facilities=("问询处", "母婴室", "停车场", "充电桩", "卫生间", "饮水点"),
        accessibility=(*_ACCESSIBILITY, "盲道"),
        techniques=(t.HEAT_BALANCE, t.LIGHTING, t.ENERGY_DATA, t.CHARGING),
        indicators={"total_emissions": ("5400", "5050", "4720")},
        hours=(Hours(weekdays=EVERY_DAY, opens=8, closes=20, slot_minutes=60, capacity=30),),
        policy=NOBODY | {"notice_minutes": 30, "visits_limit": None},
    ),
    SiteCard(
        code="CC026",
        title="经开区会展中心低碳示范建筑",
        type=SiteType.BUILDING,
        level=Level.LOW_CARBON,
        district="x-jingkai",
        lng=125.3912,
        lat=43.8449,
        address="长春经开区会展大街低碳展示馆",
        summary="大型展馆怎样只给有人的地方供暖、照明？"
        "这里演示分区空调、自然通风和可重复使用的展台。布展期间临时关闭，请留意公告。",
        transport="乘途经会展大街的公交线路可达；轨道交通 3 号线、4 号线沿线可换乘。",
        visitor_notice="布展撤展期间有车辆进出，请走参观通道。",
        facilities=("展厅", "停车场", "充电桩", "卫生间", "餐饮"),
        accessibility=_ACCESSIBILITY,
        techniques=(t.ENERGY_DATA, t.MOTORS, t.LIGHTING),
        indicators={"total_emissions": ("8900", "8600", "8100")},
        hours=(Hours(weekdays=WORKDAYS, opens=9, closes=16, slot_minutes=60, capacity=40),),
        exceptions=(
            Shut(
                in_days=4,
                days=1,
                reason=ReasonCode.EVENT,
                text="展会布展，下午暂停参观。",
                opens=12,
                closes=16,
            ),
        ),
    ),
)
