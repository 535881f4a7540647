"""What goes wrong on the partner API, under the codes that were agreed with the registry.

Problems there keep the one shape of all APIs and add `instance` and `request_id`. A code of ours whose last
part is an agreed code becomes that code with its status; any other is told by its status. Three failures have
no agreed code and keep ours: a body that cannot be read (400), a method that an address does not have (405),
and a fault of our own (500, 507).
"""

from types import MappingProxyType
from typing import Any

PARTNER_API = "/api/registry/v1"

AGREED = MappingProxyType(
    {
        "invalid_cursor": 400,
        "auth_invalid": 401,
        "scope_missing": 403,
        "not_found": 404,
        "idempotency_in_flight": 409,
        "version_conflict": 409,
        "cursor_expired": 410,
        "precondition_failed": 412,
        "payload_too_large": 413,
        "schema_invalid": 422,
        "field_not_owned": 422,
        "precondition_required": 428,
        "rate_limited": 429,
        "upstream_unavailable": 503,
    }
)
_RENAMED = {"request.cursor": "invalid_cursor", "idempotency.in_flight": "idempotency_in_flight"}
_BY_STATUS = {
    401: "auth_invalid",
    403: "scope_missing",
    404: "not_found",
    409: "version_conflict",
    410: "cursor_expired",
    412: "precondition_failed",
    413: "payload_too_large",
    422: "schema_invalid",
    428: "precondition_required",
    429: "rate_limited",
    503: "upstream_unavailable",
}


def is_partners(path: str) -> bool:
    """Whether an address belongs to the partner API."""
    return path == PARTNER_API or path.startswith(f"{PARTNER_API}/")


def agreed(status: int, code: str) -> tuple[int, str]:
    """Status and code as they were agreed, for a failure as we know it."""
    name = _RENAMED.get(code, code.rpartition(".")[2])
    if name in AGREED:
        return AGREED[name], name
    return status, _BY_STATUS.get(status, code)


def additions(path: str, request_id: str) -> dict[str, Any]:
    """What partners find in a problem beside what everybody does."""
    return {"instance": path, "request_id": request_id}
