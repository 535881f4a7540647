"""The keys that sign tickets and the gates' packages: which is in use, which still count; to read only."""

from werkzeug.wrappers import Response

from miniprogram_api.console.access import signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import page
from miniprogram_api.kernel.db import reading
from miniprogram_api.operations import keys


@console.get("/settings/signing-keys")
@signed_in("settings.view")
def list_signing_keys() -> Response:
    """By their ids, never the secrets; they are changed on the server alone."""
    with reading() as session:
        found = keys.list_signing_keys(session)
    return page("settings/signing_keys.html", keys=found)


guide(
    "signing-keys",
    "签名密钥",
    "入场码和闸机离线数据包由服务器的密钥签名，闸机据此在断网时识别真假。",
    steps=(
        "“正在签名”的密钥签新发的入场码和数据包。",
        "“仍然认可”的旧密钥不再签名，用它签过的票仍能入场。",
        "更换密钥由服务器维护人员按页面上的命令进行，闸机联网后自动取得新公钥。",
    ),
    notes=("页面只显示密钥编号，密钥本身不会显示在任何页面上。",),
)
