"""The demonstration scenic areas 景区."""

from miniprogram_api.devtools.demo_data.catalogue import techniques as t
from miniprogram_api.devtools.demo_data.catalogue.card import (
    CONTACT,
    EVERY_DAY,
    NOBODY,
    WEEKEND,
    Hours,
    SiteCard,
)
from miniprogram_api.sites.models import Level, Lifecycle, Overlay, SiteType

_NOTICE = "请走指定步道，不投喂野生动物，垃圾请带到分类投放点。冬季路面有冰雪，请穿防滑鞋。"
_FACILITIES = ("游客中心", "停车场", "充电桩", "卫生间", "饮水点")
_ACCESSIBILITY = ("无障碍步道", "无障碍卫生间", "轮椅借用")
_SUMMER = ((4, 16), (10, 15))
_WINTER = ((10, 16), (4, 15))

SCENIC_AREAS = (
    SiteCard(
        code="CC001",
        title="净月潭近零碳示范景区",
        type=SiteType.SCENIC_AREA,
        level=Level.NEAR_ZERO,
        district="x-jingyue",
        lng=125.4491,
        lat=43.7906,
        address="长春净月高新区净月大街净月潭低碳科普线路入口",
        summary="森林环抱湖水，一条 3 公里的低碳科普线路串起碳汇监测样地、光伏长廊和电动接驳站。"
        "讲解员会带您看一棵樟子松一年长多少、吸收多少二氧化碳，以及这些数字是怎样测出来的。",
        transport="乘轨道交通 3 号线（净月方向）到净月潭附近站点，换乘景区电动接驳车；自驾请停入口停车场。",
        visitor_notice=_NOTICE + "林区全年禁止吸烟和使用明火。",
        facilities=(*_FACILITIES, "电动接驳车", "科普驿站"),
        accessibility=_ACCESSIBILITY,
        techniques=(t.FOREST, t.E_SHUTTLE, t.ROOF_PV, t.CYCLING),
        indicators={
            "emissions_per_visitor": ("1.42", "0.96", "0.61"),
            "total_emissions": ("2130", "1490", "980"),
        },
        hours=(
            Hours(
                weekdays=EVERY_DAY, opens=8, closes=18, slot_minutes=60, capacity=40, wheelchair_capacity=3
            ),
        ),
        notice=("冬季线路提示", "湖面结冰期间环湖步道分段开放，请按现场指示通行，不要上冰。"),
        pictures=2,
    ),
    SiteCard(
        code="CC003",
        title="南湖低碳示范景区",
        type=SiteType.SCENIC_AREA,
        level=Level.LOW_CARBON,
        district="220104",
        lng=125.2998,
        lat=43.8551,
        address="长春市朝阳区工农大路南湖低碳科普驿站",
        summary="市中心的湖畔公园，清早到夜晚都有人散步。低碳科普驿站讲解电动游船、太阳能路灯和湖水自净的秘密，"
        "临近开场也可以预约，不想预约的游客可直接在湖边活动。",
        transport="乘轨道交通 1 号线到工农广场一带，步行或换乘公交；周边停车位紧张，建议公共交通前来。",
        visitor_notice=_NOTICE,
        facilities=("科普驿站", "卫生间", "饮水点", "自行车停放区", "休息座椅"),
        accessibility=_ACCESSIBILITY,
        techniques=(t.E_BOATS, t.LIGHTING, t.RAIN_GARDEN, t.CYCLING),
        indicators={
            "emissions_per_visitor": ("0.38", "0.34", "0.31"),
            "total_emissions": ("1980", "1830", "1720"),
        },
        hours=(Hours(weekdays=EVERY_DAY, opens=6, closes=23, slot_minutes=60, capacity=60),),
        policy=NOBODY | {"notice_minutes": 10, "entry_after_minutes": None},
    ),
    SiteCard(
        code="CC008",
        title="北湖湿地零碳示范景区",
        type=SiteType.SCENIC_AREA,
        level=Level.ZERO_CARBON,
        district="x-beihu",
        lng=125.3803,
        lat=43.9842,
        address="长春新区北湖湿地科普馆",
        summary="城市北部的大片湿地。恢复水系和芦苇以后，候鸟回来了，湿地土壤中的碳也留住了。"
        "科普馆用电由自身光伏和绿色电力供应，夏季可以乘电动游船，冬季观冬候鸟。",
        transport="乘轨道交通 8 号线到北湖方向，步行或换乘公交可达。",
        visitor_notice=_NOTICE + "观鸟请保持安静，不使用无人机。",
        facilities=(*_FACILITIES, "科普馆", "观鸟屋"),
        accessibility=_ACCESSIBILITY,
        techniques=(t.WETLAND, t.E_BOATS, t.ROOF_PV, t.GREEN_POWER),
        indicators={
            "emissions_per_visitor": ("0.52", "0.21", "0.04"),
            "total_emissions": ("610", "260", "55"),
        },
        hours=(
            Hours(weekdays=EVERY_DAY, opens=8.5, closes=17.5, slot_minutes=90, capacity=50, season=_SUMMER),
            Hours(weekdays=EVERY_DAY, opens=9, closes=15, slot_minutes=90, capacity=35, season=_WINTER),
        ),
        closed_weekday=1,
        pictures=2,
    ),
    SiteCard(
        code="CC015",
        title="莲花山冰雪低碳示范景区",
        type=SiteType.SCENIC_AREA,
        level=Level.LOW_CARBON,
        district="x-lianhua",
        lng=125.6138,
        lat=43.8617,
        address="长春莲花山生态旅游度假区冰雪科普营地",
        summary="冬天滑雪、夏天避暑。造雪机按气温湿度自动调节，融雪水沉淀后再用；营地用热泵供暖。"
        "雪季每天接待，其他季节仅周末开放。",
        transport="自驾由长春市区前往约 40 分钟；雪季有旅游专线，班次以当日公告为准。",
        visitor_notice=_NOTICE + "参观路线不含滑雪项目，请勿进入雪道。",
        facilities=(*_FACILITIES, "医务点", "餐厅"),
        accessibility=("无障碍卫生间", "无障碍停车位"),
        techniques=(t.SNOW, t.AIR_SOURCE, t.E_SHUTTLE),
        indicators={
            "emissions_per_visitor": ("6.85", "6.31", "5.90"),
            "total_emissions": ("3760", "3590", "3420"),
        },
        hours=(
            Hours(
                weekdays=EVERY_DAY,
                opens=9,
                closes=16,
                slot_minutes=60,
                capacity=30,
                season=((12, 1), (3, 10)),
                priority=1,
            ),
            Hours(weekdays=WEEKEND, opens=9, closes=17, slot_minutes=120, capacity=40),
        ),
        policy=CONTACT | {"window_days": 14},
    ),
    SiteCard(
        code="CC018",
        title="农安波罗湖低碳示范景区",
        type=SiteType.SCENIC_AREA,
        level=Level.LOW_CARBON,
        district="220122",
        lng=124.7836,
        lat=44.4503,
        address="农安县波罗湖湿地宣教站",
        summary="松嫩平原上的湖泊湿地，候鸟迁徙的停歇地。宣教站讲解湿地与碳的关系，设太阳能监测站。",
        transport="自驾由农安县城前往约 50 分钟。",
        visitor_notice=_NOTICE,
        facilities=("宣教站", "停车场", "卫生间"),
        accessibility=("无障碍卫生间",),
        techniques=(t.WETLAND, t.E_SHUTTLE),
        indicators={
            "emissions_per_visitor": ("0.88", "0.82", "0.77"),
            "total_emissions": ("140", "132", "121"),
        },
        hours=(Hours(weekdays=EVERY_DAY, opens=9, closes=16, slot_minutes=60, capacity=40, season=_SUMMER),),
        overlay=Overlay.SUSPENDED,
        overlay_reason="候鸟保护与栈道维修",
        away=True,
    ),
    SiteCard(
        code="CC016",
        title="双阳鹿乡近零碳示范景区",
        type=SiteType.SCENIC_AREA,
        level=Level.NEAR_ZERO,
        district="220112",
        lng=125.6579,
        lat=43.5231,
        address="长春市双阳区鹿乡生态旅游区",
        summary="以梅花鹿文化和山地森林为特色，观光车全部电动化，餐厨垃圾就地堆肥。",
        transport="自驾由长春市区前往约 1 小时；双阳区内有公交到达。",
        visitor_notice=_NOTICE + "请勿自行投喂梅花鹿。",
        facilities=_FACILITIES,
        accessibility=("无障碍卫生间",),
        techniques=(t.FOREST, t.E_SHUTTLE, t.COMPOST),
        indicators={
            "emissions_per_visitor": ("1.95", "1.71", "1.80"),
            "total_emissions": ("880", "790", "845"),
        },
        hours=(Hours(weekdays=EVERY_DAY, opens=9, closes=16, slot_minutes=60, capacity=40),),
        lifecycle=Lifecycle.RECTIFYING,
        away=True,
    ),
)
