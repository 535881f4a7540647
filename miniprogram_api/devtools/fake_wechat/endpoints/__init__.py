"""The served endpoints: a new one is a function `(state, call) -> Reply` in a module here and one row below.

Handlers run without the lock and take it themselves: a message being delivered must not stop the world.
What is not in the table answers 404 and lands in the list of unexpected calls.
"""

from collections.abc import Callable

from miniprogram_api.devtools.fake_wechat.endpoints.codes import getwxacodeunlimit
from miniprogram_api.devtools.fake_wechat.endpoints.credentials import stable_token, token
from miniprogram_api.devtools.fake_wechat.endpoints.moderation import msg_sec_check
from miniprogram_api.devtools.fake_wechat.endpoints.official import (
    add_material,
    draft_add,
    draft_delete,
    freepublish_get,
    freepublish_submit,
    upload_media,
    uploadimg,
)
from miniprogram_api.devtools.fake_wechat.endpoints.phone import getuserphonenumber
from miniprogram_api.devtools.fake_wechat.endpoints.pictures import media_check_async
from miniprogram_api.devtools.fake_wechat.endpoints.sessions import (
    checksession,
    jscode2session,
    resetusersessionkey,
)
from miniprogram_api.devtools.fake_wechat.endpoints.subscriptions import gettemplate, send
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply

Handler = Callable[[State, Call], Reply]

ENDPOINTS: dict[str, Handler] = {
    "/sns/jscode2session": jscode2session,
    "/cgi-bin/token": token,
    "/cgi-bin/stable_token": stable_token,
    "/wxa/business/getuserphonenumber": getuserphonenumber,
    "/wxa/getwxacodeunlimit": getwxacodeunlimit,
    "/cgi-bin/message/subscribe/send": send,
    "/wxaapi/newtmpl/gettemplate": gettemplate,
    "/wxa/msg_sec_check": msg_sec_check,
    "/wxa/media_check_async": media_check_async,
    "/wxa/checksession": checksession,
    "/wxa/resetusersessionkey": resetusersessionkey,
    "/cgi-bin/media/uploadimg": uploadimg,
    "/cgi-bin/media/upload": upload_media,
    "/cgi-bin/material/add_material": add_material,
    "/cgi-bin/draft/add": draft_add,
    "/cgi-bin/draft/delete": draft_delete,
    "/cgi-bin/freepublish/submit": freepublish_submit,
    "/cgi-bin/freepublish/get": freepublish_get,
}
