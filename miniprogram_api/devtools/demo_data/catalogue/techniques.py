"""Low-carbon technologies that the demonstration sites show, each said as plainly as it is true."""

from miniprogram_api.devtools.demo_data.catalogue.card import Technique

ROOF_PV = Technique(
    "屋顶光伏", "在屋顶安装光伏组件，发出的电优先自用，余电按规定上网；冬季及时清雪以保证出力。"
)
PV_CARPORT = Technique("光伏车棚", "停车位上方加装光伏组件，既挡雨雪，也为旁边的充电桩供电。")
STORAGE = Technique(
    "电化学储能", "把午间富余的光伏电和夜间低谷电存起来，在用电高峰时放出，提高光伏自用比例。"
)
FLEXIBLE_DC = Technique(
    "光储直柔", "光伏、储能、直流配电与可调节负荷协同运行，减少交直流转换损失，并响应电网调节。"
)
GREEN_POWER = Technique(
    "绿色电力交易", "通过电力市场购买绿色电力，用电排放凭交易凭证核算，与自发光伏分开统计。"
)
GROUND_SOURCE = Technique(
    "地源热泵", "冬季从地下取热供暖，夏季把室内热量排入地下；严寒地区需逐年核对取热与排热是否平衡。"
)
AIR_SOURCE = Technique(
    "低温空气源热泵", "从室外空气中取热供暖，机组按严寒气候选型，极端低温时由辅助热源补充。"
)
SEWAGE_HEAT = Technique(
    "污水源热泵", "从城市污水中回收低品位热量用于供暖，污水与清水经换热器隔开，互不接触。"
)
WASTE_HEAT = Technique("余热回收", "用换热器收集空压机、烘干线等设备的余热，供生活热水和厂房采暖使用。")
HEAT_RECOVERY = Technique(
    "热回收新风", "排风先经换热器预热新风再排出，换气的同时少损失热量，冬季效果最明显。"
)
ENVELOPE = Technique("高性能外墙保温", "加厚外墙与屋面保温层并处理热桥，从源头减少供暖需求。")
WINDOWS = Technique("三玻保温窗", "三层玻璃、两个密封腔体配合暖边间隔条，减少窗边散热和结露。")
HEAT_BALANCE = Technique(
    "供热平衡调节", "给楼栋和住户加装调节阀与温度采集，消除冷热不均，减少开窗散热造成的浪费。"
)
ENERGY_DATA = Technique(
    "能源管理系统", "分项计量水、电、热，逐时查看用能曲线，及时发现异常；节能量来自据此采取的措施。"
)
LIGHTING = Technique("智能照明", "采用高效 LED 灯具，按自然光和人员活动自动调光。")
MOTORS = Technique("高效电机与变频", "更换高能效等级电机，风机水泵按实际负荷变频运行。")
HEAT_PUMP_DRYING = Technique("热泵烘干", "用热泵提供热风并回收排湿余热，替代部分燃煤热风炉。")
BIOMASS = Technique("生物质供热", "以秸秆压块为燃料为厂区供热，锅炉配套除尘设施，灰渣还田利用。")
PREFAB = Technique("装配式建造", "墙板、楼板在工厂预制后现场拼装，减少现场湿作业、材料损耗和建筑垃圾。")
CHARGING = Technique("充电设施", "设快充与慢充车位，慢充引导在用电低谷时段充电。")
E_SHUTTLE = Technique("电动接驳车", "园内接驳、巡护、清扫车辆使用电动车型，替代燃油车辆。")
E_BOATS = Technique("电动游船", "游船使用动力电池，行驶安静，没有尾气和油污。")
CYCLING = Technique("慢行系统", "步道与骑行道连接公交和轨道站点，设自行车停放区，方便不开车前来。")
FOREST = Technique(
    "森林碳汇监测", "设固定样地定期测量林木生长，按核算方法估算碳吸收量，并公布所用方法和年份。"
)
WETLAND = Technique("湿地保护修复", "恢复水系连通和原生植被，保护湿地土壤中已有的碳，减少因退化造成的排放。")
RAIN_GARDEN = Technique("海绵设施", "雨水花园、透水铺装和蓄水池就地消纳雨水，用于绿化浇灌，节约自来水。")
COMPOST = Technique("厨余就地处理", "厨余垃圾经通风堆肥制成有机肥用于绿化，减少清运和填埋。")
SORTING = Technique("垃圾分类与旧物交换", "四分类投放，可回收物统一回收；旧书旧物定期交换，延长使用时间。")
SNOW = Technique("高效造雪", "根据气温和湿度自动调节造雪量，融雪水回收沉淀后循环使用，节水节电。")
LOGISTICS = Technique("新能源物流", "场内叉车和短途配送车辆使用新能源车型，装卸与充电统一调度。")
