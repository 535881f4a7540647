"""How the exchange with the registry stands, for administrators."""

from http import HTTPStatus

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.registry.queries.status import ExchangeStatus, read_status
from miniprogram_api.registry.schemas import status as wire
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import requires

blp = Routes(
    "staff-registry-status",
    __name__,
    url_prefix="/api/staff/v1/registry",
    description="How the exchange stands",
)


@blp.get("/status")
@requires("registry.view")
@blp.response(HTTPStatus.OK, wire.ExchangeStatusView, example=wire.STATUS)
def get_status() -> ExchangeStatus:
    """How old our copy is, where the feed stands, and what waits for somebody."""
    with reading() as session:
        return read_status(session, now=clock.now())
