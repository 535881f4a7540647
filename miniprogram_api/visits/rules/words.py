"""The words in which staff read a booking's state and how it came about."""

from collections.abc import Mapping

STATUS: Mapping[str, str] = {
    "confirmed": "待入场",
    "partly_admitted": "部分入场",
    "admitted": "已入场",
    "cancelled": "已取消",
    "no_show": "爽约",
}
CHANNEL: Mapping[str, str] = {
    "app": "小程序",
    "phone": "电话",
    "window": "窗口",
    "walk_in": "现场",
}
STRIKE: Mapping[str, str] = {"no_show": "爽约", "late_cancel": "逾期取消或改期"}
ID_TYPE: Mapping[str, str] = {
    "id_card": "居民身份证",
    "hmt_residence_permit": "港澳台居民居住证",
    "hk_macau_permit": "港澳居民来往内地通行证",
    "taiwan_permit": "台湾居民来往大陆通行证",
    "foreign_permanent_residence": "外国人永久居留身份证",
    "passport": "护照",
}
