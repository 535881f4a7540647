"""The credentials and dictionaries that are there from the start, so that a demonstration needs no set-up."""

import base64
from typing import Any

# We, at the registry.
DEMO_CLIENT_ID = "miniprogram-demo"
DEMO_CLIENT_SECRET = "demo-registry-secret"
# The registry, at us.
DEMO_PARTNER_ID = "core-registry-demo"
DEMO_PARTNER_SECRET = "demo-partner-secret"
# The registry signs its doorbell with the first, we sign our events to its inbox with the second.
DEMO_DOORBELL_SECRET = "whsec_" + base64.b64encode(b"demo-doorbell-secret-of-32-bytes").decode()
DEMO_INBOX_SECRET = "whsec_" + base64.b64encode(b"demo-inbox-secret-with-32-bytes!").decode()

# Who runs what the control interface adds, so that the demonstration's manager can open it.
DEMO_OPERATOR = "长春市低碳示范基地联合运营中心（示例）"

# Where the folder of data keeps the registry's own file.
KEPT_IN = "fake_registry.jsonl"

SCOPES = ("projects.read", "corrections.write", "events.write")

_NAMES = {
    "types": {
        "park": "园区",
        "factory": "工厂",
        "building": "建筑",
        "school": "学校",
        "community": "社区",
        "scenic_area": "景区",
    },
    "levels": {"low_carbon": "低碳", "near_zero": "近零碳", "zero_carbon": "零碳"},
    # GB/T 2260; the demonstration's development zones have no code there and get a local one.
    "districts": {
        "220102": "南关区",
        "220103": "宽城区",
        "220104": "朝阳区",
        "220105": "二道区",
        "220106": "绿园区",
        "220112": "双阳区",
        "220113": "九台区",
        "220122": "农安县",
        "220182": "榆树市",
        "220183": "德惠市",
        "220184": "公主岭市",
        "x-jingyue": "净月高新区",
        "x-jingkai": "经开区",
        "x-qikai": "汽开区",
        "x-gaoxin": "高新区",
        "x-beihu": "长春新区北湖",
        "x-lianhua": "莲花山度假区",
    },
}


def dictionaries() -> dict[str, dict[str, Any]]:
    """The three dictionaries at their first version."""
    return {
        name: {
            "name": name,
            "dictionary_version": "1",
            "items": [
                {"code": code, "name": text, "valid_from": "2020-01-01", "valid_to": None}
                for code, text in names.items()
            ],
        }
        for name, names in _NAMES.items()
    }
