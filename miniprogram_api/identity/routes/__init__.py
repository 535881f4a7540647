"""Identity over HTTP: members in the mini-program's API, staff in theirs."""

from miniprogram_api.identity.routes import members, staff

APP_BLUEPRINTS = members.BLUEPRINTS
STAFF_BLUEPRINTS = staff.BLUEPRINTS
